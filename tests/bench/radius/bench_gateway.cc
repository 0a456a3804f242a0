#include "tests/bench/radius/bench_gateway.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "proto/base/ip.h"

namespace sstpgw::bench {
namespace {

constexpr const char* kPassword = "test";
constexpr std::uint32_t kFirstPeer = 0xc6120000;  // 198.18.0.0/15, for benchmarks
constexpr std::uint32_t kPeers = 0x20000;
constexpr std::chrono::seconds kPatience{10};

[[noreturn]] void Die(const std::string& reason) {
  std::fprintf(stderr, "sstp-bench-radius-gateway: %s\n", reason.c_str());
  std::_Exit(1);
}

TimePoint Now() { return std::chrono::steady_clock::now(); }

std::uint64_t UnixMilliseconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

std::string Hex(std::uint64_t value) {
  char text[9];
  std::snprintf(text, sizeof text, "%08x", static_cast<unsigned>(value));
  return text;
}

edge::ControlOptions LinkOptions(const std::string& link, const std::string& boot) {
  edge::ControlOptions options;
  options.gateway_id = "bench";
  options.boot_id = "bench-" + boot;
  options.version = "bench";
  options.addresses = {link};
  return options;
}

}  // namespace

BenchGateway::BenchGateway(Plan plan)
    : plan_(std::move(plan)),
      hash_(cp::NtPasswordHash(kPassword)),
      prefix_(Hex(UnixMilliseconds() & 0xffffffff)) {
  auto client = edge::ControlClient::Create(LinkOptions(plan_.link, prefix_), *this);
  if (!client) Die(client.error().message);
  client_ = std::move(*client);
}

void BenchGateway::Run() {
  client_->Start();
  {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [this] { return attached_ && configured_; })) {
      Die("no settings from " + plan_.link);
    }
    start_ = Now();
  }
  for (std::uint32_t i = 0; i < plan_.concurrency; ++i) Begin();
  std::unique_lock lock(mutex_);
  const auto all_over = [this] { return over_ == begun_ && !MayBegin(Now()); };
  while (!all_over()) {
    const std::uint64_t before = over_;
    if (!changed_.wait_for(lock, 2 * kPatience, [&] { return over_ != before || all_over(); })) {
      Die("no login has ended for 20 s");
    }
  }
  finished_ = plan_.reach != Reach::kStay;
}

bool BenchGateway::MayBegin(TimePoint now) const {
  return plan_.logins ? begun_ < *plan_.logins : now < start_ + plan_.time;
}

void BenchGateway::Begin() {
  AuthorizeQuestion question;
  SessionRecord record;
  {
    const std::lock_guard lock(mutex_);
    const TimePoint now = Now();
    if (!MayBegin(now)) {
      changed_.notify_all();
      return;
    }
    const std::uint64_t number = begun_++;
    record.session = prefix_ + Hex(number);
    record.calling_station =
        Ipv4Address(kFirstPeer + static_cast<std::uint32_t>(number % kPeers)).ToString();
    record.called_station = "192.0.2.1";
    record.peer = record.calling_station + ":1024";
    record.auth_protocol = plan_.pap ? AuthProtocol::kPap : AuthProtocol::kMsChapV2;
    record.mtu = 1452;
    record.started_unix_seconds = std::time(nullptr);
    question.attempt = AttemptId(number + 1);
    question.session = record.session;
    question.calling_station = record.calling_station;
    question.called_station = record.called_station;
    question.peer = record.peer;
    question.mtu = record.mtu;
    question.evidence = EvidenceOf("u" + std::to_string(number), number);
    sessions_.emplace(record.session, Session{record, now});
  }
  client_->Report({SessionEventKind::kStarting, std::move(record), TerminateCause::kNone, ""});
  const edge::AuthorizeTicket ticket{0, question.session, question.attempt};
  client_->Authorize(ticket, std::move(question));
}

AuthEvidence BenchGateway::EvidenceOf(const std::string& user, std::uint64_t number) const {
  if (plan_.pap) return PapEvidence{user, Secret(std::string_view(kPassword))};
  MsChapV2Evidence evidence;
  evidence.user = user;
  evidence.identifier = static_cast<std::uint8_t>(number);
  for (std::size_t i = 0; i < evidence.challenge.size(); ++i) {
    evidence.challenge[i] = static_cast<std::uint8_t>((number >> (8 * (i % 8))) + i);
    evidence.peer_challenge[i] = static_cast<std::uint8_t>(evidence.challenge[i] ^ 0x5a);
  }
  evidence.nt_response =
      cp::MsChapV2NtResponse(evidence.challenge, evidence.peer_challenge, user, hash_);
  return evidence;
}

// ---- What the control plane says
// ----------------------------------------------------------------

void BenchGateway::OnLinkOpened(std::uint64_t link) { client_->SendHello(link, {}, Generation(0)); }

void BenchGateway::OnAttached(const std::string& /*address*/) {
  const std::lock_guard lock(mutex_);
  attached_ = true;
  changed_.notify_all();
}

void BenchGateway::OnLinkLost(const std::string& reason) {
  if (!finished_) Die("control plane lost: " + reason);
}
void BenchGateway::OnUnreachable(const std::string& reason) { Die("not reachable: " + reason); }
void BenchGateway::OnInvalidOrder(const std::string& reason) { Die("invalid order: " + reason); }

void BenchGateway::OnOrder(ToGatewayMessage order) {
  if (const auto* settings = std::get_if<GatewaySettings>(&order)) {
    client_->SendApplied({settings->generation, ""});
    const std::lock_guard lock(mutex_);
    configured_ = true;
    changed_.notify_all();
  } else if (const auto* policy = std::get_if<PolicyOrder>(&order)) {
    Obey(*policy);
  } else if (const auto* disconnect = std::get_if<DisconnectOrder>(&order)) {
    Obey(*disconnect);
  }
}

void BenchGateway::OnAuthorized(edge::AuthorizeTicket ticket, Result<AuthorizeVerdict> answer) {
  std::vector<SessionReport> reports;
  bool over = true;
  const TimePoint now = Now();
  {
    const std::lock_guard lock(mutex_);
    const auto session = sessions_.find(ticket.session);
    if (session == sessions_.end()) return;
    SessionRecord& record = session->second.record;
    auto* const accept = answer ? std::get_if<AuthorizeAccept>(&*answer) : nullptr;
    if (accept == nullptr) {
      ++tally_.refused;
      const auto* const reject = answer ? std::get_if<AuthorizeReject>(&*answer) : nullptr;
      ++tally_.failures[!answer             ? answer.error().message
                        : reject != nullptr ? reject->log_reason
                                            : "challenge"];
      Leave(session, TerminateCause::kUserError, reports);
    } else {
      ++tally_.accepted;
      tally_.answered.push_back(now - session->second.asked);
      record.user = "u" + std::to_string(ticket.attempt.value() - 1);
      record.policy = std::move(accept->policy);
      record.interface_name = "sstp" + std::to_string(ticket.attempt.value() - 1);
      reports.push_back({SessionEventKind::kAuthorized, record, TerminateCause::kNone, ""});
      over = plan_.reach == Reach::kAnswer || !record.policy.hold;
      if (plan_.reach == Reach::kAnswer) {
        Leave(session, TerminateCause::kUserRequest, reports);
      } else if (record.policy.hold) {
        record.held = true;
        reports.push_back({SessionEventKind::kHeld, record, TerminateCause::kNone, ""});
      } else {
        Up(session, now, reports);
      }
    }
  }
  Tell(std::move(reports));
  if (over) Over(now);
}

void BenchGateway::Obey(const PolicyOrder& order) {
  std::vector<SessionReport> reports;
  bool known = false;
  bool over = false;
  const TimePoint now = Now();
  {
    const std::lock_guard lock(mutex_);
    const auto session = sessions_.find(order.session);
    known = session != sessions_.end();
    if (known) {
      SessionRecord& record = session->second.record;
      record.policy = order.policy;
      if (record.held && !order.policy.hold) {
        over = true;
        Up(session, now, reports);
      } else {
        ++tally_.policies;
      }
    }
  }
  if (known) {
    client_->SendApplied({order.policy.generation, order.session});
  } else {
    client_->SendRefused({order.policy.generation, order.session, "no such session"});
  }
  Tell(std::move(reports));
  if (over) Over(now);
}

void BenchGateway::Obey(const DisconnectOrder& order) {
  std::vector<SessionReport> reports;
  bool over = false;
  {
    const std::lock_guard lock(mutex_);
    const auto session = sessions_.find(order.session);
    if (session == sessions_.end()) return;
    ++tally_.ended;
    ++tally_.failures["ended by order: " + order.reason];
    over = session->second.record.held;
    Leave(session, order.cause, reports);
  }
  Tell(std::move(reports));
  if (over) Over(Now());
}

// ---- Sessions
// ----------------------------------------------------------------

void BenchGateway::Up(Sessions::iterator session, TimePoint now,
                      std::vector<SessionReport>& reports) {
  SessionRecord& record = session->second.record;
  record.held = false;
  record.state = SessionState::kActive;
  record.uptime_seconds = std::time(nullptr) - record.started_unix_seconds;
  tally_.up.push_back(now - session->second.asked);
  reports.push_back({SessionEventKind::kUp, record, TerminateCause::kNone, ""});
  if (plan_.reach == Reach::kStay) {
    order_.push_back(record.session);
  } else {
    Leave(session, TerminateCause::kUserRequest, reports);
  }
}

void BenchGateway::Leave(Sessions::iterator session, TerminateCause cause,
                         std::vector<SessionReport>& reports) {
  SessionRecord record = std::move(session->second.record);
  sessions_.erase(session);
  record.state = SessionState::kFinishing;
  record.held = false;
  reports.push_back({SessionEventKind::kDown, std::move(record), cause, "bench"});
}

void BenchGateway::Over(TimePoint when) {
  {
    const std::lock_guard lock(mutex_);
    ++over_;
    tally_.elapsed = std::max<Duration>(tally_.elapsed, when - start_);
    changed_.notify_all();
  }
  Begin();
}

void BenchGateway::Tell(std::vector<SessionReport> reports) {
  for (SessionReport& report : reports) client_->Report(std::move(report));
}

void BenchGateway::Traffic(std::size_t sessions) {
  CountersBatch batch;
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < std::min(sessions, order_.size()); ++i) {
      const auto session = sessions_.find(order_[next_traffic_++ % order_.size()]);
      if (session == sessions_.end()) continue;
      TrafficCounters& counters = session->second.record.counters;
      counters.rx_bytes += 15'000;
      counters.tx_bytes += 150'000;
      counters.rx_packets += 60;
      counters.tx_packets += 120;
      batch.entries.push_back({session->first, counters});
    }
  }
  client_->SendCounters(std::move(batch));
}

Tally BenchGateway::tally() const {
  const std::lock_guard lock(mutex_);
  return tally_;
}

}  // namespace sstpgw::bench
