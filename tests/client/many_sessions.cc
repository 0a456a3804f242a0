#include "tests/client/many_sessions.h"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <queue>
#include <utility>

#include "proto/base/text.h"
#include "tests/client/connection.h"
#include "tests/client/icmp_echo.h"
#include "tests/client/metrics.h"
#include "tests/client/router_discovery.h"
#include "tests/client/signals.h"

namespace sstpgw::client {
namespace {

constexpr std::uint64_t kStopToken = ~std::uint64_t{0};
constexpr std::chrono::seconds kPingPatience{5};

struct Slot {
  ClientOptions options;
  std::unique_ptr<Connection> connection;
  TimePoint started;
  TimePoint pinged{};  // when an echo request left whose reply is missing
  bool up = false;
  bool ipv6_up = false;
  bool advertised = false;  // a Router Advertisement came
  std::uint32_t epoll_events = 0;
  TimePoint armed = TimePoint::max();  // the earliest entry of the deadline queue for this slot
};

std::string Reason(const Failure& failure) {
  return std::string(ToString(failure.kind)) +
         (failure.detail.empty() ? "" : ": " + Escape(failure.detail));
}

class ManySessions {
 public:
  ManySessions(const Target& target, const ManyOptions& options, const TlsClientContext& context)
      : target_(target),
        many_(options),
        context_(context),
        epoll_(epoll_create1(EPOLL_CLOEXEC)),
        stop_fd_(StopSignals()),
        slots_(options.sessions) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kStopToken;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, stop_fd_, &event);
    report_.wanted = options.sessions;
    report_.concurrency = options.concurrency;
    report_.ipv6 = target.options.ipv6;
  }
  ~ManySessions() {
    slots_.clear();
    close(stop_fd_);
    close(epoll_);
  }
  ManySessions(const ManySessions&) = delete;
  ManySessions& operator=(const ManySessions&) = delete;

  RunReport Run() {
    const TimePoint begin = Now();
    const bool hold = many_.purpose == ManyPurpose::kHold;
    const std::uint32_t& busy = hold ? in_setup_ : open_;
    while (!stopped_ && (next_ < slots_.size() || busy > 0)) {
      while (busy < many_.concurrency && next_ < slots_.size()) Open(next_++);
      Turn(TimePoint::max());
    }
    report_.setup_elapsed = Now() - begin;
    if (hold) Hold();
    CloseAll();
    return report_;
  }

 private:
  void Hold() {
    Ping();
    std::printf("holding: %u up, %zu failed, set up at %.1f /s\n", report_.up(),
                next_ - in_setup_ - report_.up(), report_.rate_per_second());
    std::fflush(stdout);
    const TimePoint hold_end = many_.hold_until_signal ? TimePoint::max() : Now() + many_.hold;
    while (!stopped_ && Now() < hold_end && open_ > 0) Turn(hold_end);
  }

  // One echo request through each of `pings` sessions, evenly chosen, and waits for the replies.
  void Ping() {
    std::vector<std::size_t> up;
    for (std::size_t index = 0; index < slots_.size(); ++index) {
      if (slots_[index].up && slots_[index].connection) up.push_back(index);
    }
    const std::size_t wanted = std::min<std::size_t>(many_.pings, up.size());
    const TimePoint end = Now() + kPingPatience;
    for (std::size_t i = 0; i < wanted && !stopped_; ++i) {
      const std::size_t index = up[i * up.size() / wanted];
      Slot& slot = slots_[index];
      ClientSession& session = *slot.connection->session();
      slot.pinged = Now();
      session.SendIpPacket(EchoRequest({session.facts().address, session.facts().gateway,
                                        static_cast<std::uint16_t>(index >> 16),
                                        static_cast<std::uint16_t>(index)}));
      ++report_.pings_sent;
      Serve(index);
      // Few at one time, so that they measure the path and not a queue of our own.
      const std::size_t answered = report_.ping_times.size();
      if (report_.pings_sent - answered < many_.concurrency) continue;
      while (!stopped_ && report_.ping_times.size() == answered && Now() < end) Turn(end);
    }
    while (!stopped_ && report_.ping_times.size() < report_.pings_sent && Now() < end) Turn(end);
  }

  void TakePacket(std::size_t index, ByteView packet) {
    Slot& slot = slots_[index];
    ClientSession& session = *slot.connection->session();
    if (ProtocolOfIp(packet) == kIpv6) {
      TakeIpv6(slot, session, packet);
      return;
    }
    if (const auto reply = EchoReply(packet, session.facts().address)) {
      session.SendIpPacket(*reply);
      return;
    }
    const auto echo = ParseEchoReply(packet);
    if (!echo || echo->from != session.facts().address || slot.pinged == TimePoint{}) return;
    report_.ping_times.push_back(Now() - slot.pinged);
    slot.pinged = {};
  }

  void TakeIpv6(Slot& slot, ClientSession& session, ByteView packet) {
    const Ipv6Address self = LinkLocal(session.facts().interface_id);
    if (const auto reply = EchoReply6(packet, self)) session.SendIpPacket(*reply);
    const auto ip = ParseIpv6(packet);
    if (!ip || !ParseRouterAdvertisement(*ip)) return;
    ++report_.router_advertisements;
    if (!std::exchange(slot.advertised, true)) ++report_.with_advertisement;
  }

  void Open(std::size_t index) {
    Slot& slot = slots_[index];
    slot.started = Now();
    slot.options = target_.options;
    slot.options.keep_trace = false;
    slot.options.user = ExpandUser(target_.options.user, static_cast<std::uint32_t>(index));
    const Result<int> fd = StartConnect(target_.address, target_.port);
    if (!fd) {
      ++report_.failures[fd.error().message];
      return;
    }
    slot.connection = std::make_unique<Connection>(context_, *fd, slot.options, entropy_);
    slot.connection->handshake_only = many_.purpose == ManyPurpose::kTlsOnly;
    slot.connection->on_ip_packet = [this, index](ByteView packet) { TakePacket(index, packet); };
    epoll_event event{};
    event.data.u64 = index;
    event.events = slot.epoll_events = EPOLLIN | EPOLLOUT;
    epoll_ctl(epoll_, EPOLL_CTL_ADD, *fd, &event);
    ++in_setup_;
    ++open_;
    Arm(index);
  }

  // Waits for something to do, at most until `end`, and does it.
  void Turn(TimePoint end) {
    if (!deadlines_.empty()) end = std::min(end, deadlines_.top().first);
    int timeout = -1;
    if (end != TimePoint::max()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Now()).count();
      timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, 60000));
    }
    std::array<epoll_event, 256> events;  // NOLINT(cppcoreguidelines-pro-type-member-init)
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout);
    for (int i = 0; i < count; ++i) {
      const std::uint64_t token = events[static_cast<std::size_t>(i)].data.u64;
      if (token == kStopToken) {
        stopped_ = true;
        epoll_ctl(epoll_, EPOLL_CTL_DEL, stop_fd_, nullptr);
      } else {
        Serve(static_cast<std::size_t>(token));
      }
    }
    while (!deadlines_.empty() && deadlines_.top().first <= Now()) {
      const std::size_t index = deadlines_.top().second;
      deadlines_.pop();
      slots_[index].armed = TimePoint::max();
      Serve(index);
    }
  }

  void Serve(std::size_t index) {
    Slot& slot = slots_[index];
    if (!slot.connection) return;
    slot.connection->Run();
    ClientSession* session = slot.connection->session();
    const bool tls_only = many_.purpose == ManyPurpose::kTlsOnly;
    const bool up =
        tls_only ? slot.connection->tls_up() : session != nullptr && session->phase() == Phase::kUp;
    if (!slot.up && up) {
      slot.up = true;
      --in_setup_;
      report_.setup_times.push_back(Now() - slot.started);
      if (many_.purpose == ManyPurpose::kChurn) {
        session->Disconnect(Now());
        slot.connection->Run();
      }
    }
    if (session != nullptr && session->facts().ipv6_up && !std::exchange(slot.ipv6_up, true)) {
      ++report_.ipv6_up;
      // As hosts do; the answer comes to this session alone.
      session->SendIpPacket(MakeRouterSolicitation(LinkLocal(session->facts().interface_id)));
      slot.connection->Run();
    }
    if (slot.connection->finished()) {
      Finish(slot);
      return;
    }
    Arm(index);
  }

  void Finish(Slot& slot) {
    const Failure failure = slot.connection->failure();
    if (!slot.up) {
      --in_setup_;
      ++report_
            .failures[failure.kind == FailureKind::kNone ? "stopped by signal" : Reason(failure)];
    } else if (failure.kind != FailureKind::kNone) {
      ++report_.lost[Reason(failure)];
    } else {
      ++report_.closed_cleanly;
    }
    slot.connection.reset();
    --open_;
  }

  void Arm(std::size_t index) {
    Slot& slot = slots_[index];
    const auto wanted = static_cast<std::uint32_t>(slot.connection->wanted_events());
    if (wanted != slot.epoll_events) {
      epoll_event event{};
      event.data.u64 = index;
      event.events = slot.epoll_events = wanted;  // POLLIN and POLLOUT have epoll's values
      epoll_ctl(epoll_, EPOLL_CTL_MOD, slot.connection->fd(), &event);
    }
    const auto due = slot.connection->Deadline();
    if (due && *due < slot.armed) {
      slot.armed = *due;
      deadlines_.emplace(*due, index);
    }
  }

  void CloseAll() {
    for (std::size_t index = 0; index < slots_.size(); ++index) {
      Slot& slot = slots_[index];
      if (!slot.connection) continue;
      if (ClientSession* session = slot.connection->session()) {
        session->Disconnect(Now());
        Serve(index);
      } else {
        slot.connection.reset();
        --open_;
      }
    }
    while (open_ > 0) Turn(TimePoint::max());
  }

  const Target& target_;
  const ManyOptions& many_;
  const TlsClientContext& context_;
  SystemEntropy entropy_;
  int epoll_;
  int stop_fd_;
  std::vector<Slot> slots_;
  using Due = std::pair<TimePoint, std::size_t>;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> deadlines_;
  std::size_t next_ = 0;
  std::uint32_t in_setup_ = 0;
  std::uint32_t open_ = 0;
  bool stopped_ = false;
  RunReport report_;
};

void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

std::string ExpandUser(const std::string& user_template, std::uint32_t number) {
  const std::size_t at = user_template.find("%d");
  if (at == std::string::npos) return user_template;
  std::string user = user_template;
  return user.replace(at, 2, std::to_string(number));
}

int RunManySessions(const Target& target, const ManyOptions& options) {
  RaiseDescriptorLimit();
  const Result<TlsClientContext> context = TlsClientContext::Make(target.tls);
  if (!context) {
    std::fprintf(stderr, "%s\n", context.error().message.c_str());
    return 1;
  }
  ManySessions sessions(target, options, *context);
  const RunReport report = sessions.Run();
  const std::string text = options.json ? ToJson(report) + "\n" : ToTable(report);
  std::fputs(text.c_str(), stdout);
  return report.up() == report.wanted && report.lost.empty() ? 0 : 1;
}

}  // namespace sstpgw::client
