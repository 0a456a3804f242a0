#include "gateway/edge/control_client.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>

#include "gateway/edge/report_queue.h"
#include "proto/base/text.h"
#include "proto/contract/convert.h"
#include "proto/contract/grpc_status.h"
#include "proto/contract/wipe.h"
#include "sstpgw/v1/session.grpc.pb.h"

namespace sstpgw::edge {
namespace {

namespace pb = ::sstpgw::v1;
using std::chrono::milliseconds;
using Stream = grpc::ClientReaderWriter<pb::FromGateway, pb::ToGateway>;

std::string Describe(const grpc::Status& status) {
  if (status.ok()) return "the control plane ended the connection";
  return std::string(ToString(contract::FromStatus(status).code)) + ": " +
         Escape(status.error_message());
}

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address,
                                           const ControlOptions& options) {
  grpc::ChannelArguments arguments;
  // The control plane may hang without closing anything; logins must not wait for it.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS,
                   static_cast<int>(options.keepalive_interval.count()));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                   static_cast<int>(options.keepalive_timeout.count()));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetMaxReceiveMessageSize(kMaxLinkMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxLinkMessageBytes);
  // Every attempt dials anew: pauses between attempts are this client's business.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

Result<bool> CheckAddress(const std::string& address) {
  if (address.rfind("unix:", 0) == 0 && address.size() > 5) return true;
  return Fail(Error{ErrorCode::kUnsupported,
                    "control plane address '" + Escape(address) +
                        "': only unix:/path is supported yet (TCP needs mutual TLS)"});
}

// One Authorize question on its way.
struct PendingCall {
  AuthorizeTicket ticket;
  grpc::ClientContext context;
  pb::AuthorizeRequest request;
  pb::AuthorizeResponse response;
};

}  // namespace

class ControlClient::Impl {
 public:
  Impl(ControlOptions options, ControlEvents& events)
      : options_(std::move(options)), events_(events) {}

  void Start() {
    thread_ = std::thread([this] { Run(); });
  }
  void SendHello(std::uint64_t link, std::vector<SessionRecord> sessions, Generation applied);
  void Report(SessionReport report);
  void SendCounters(CountersBatch batch);
  void SendAnswer(FromGatewayMessage message);
  void Authorize(AuthorizeTicket ticket, AuthorizeQuestion question);
  [[nodiscard]] bool attached() const {
    const std::lock_guard lock(mutex_);
    return attached_;
  }
  [[nodiscard]] std::uint64_t reports_dropped() const {
    const std::lock_guard lock(mutex_);
    return reports_.dropped();
  }
  void AwaitReports(milliseconds at_most);
  void Shutdown();

 private:
  static constexpr std::size_t kMaxAnswers = 65'536;
  enum class LinkEnd { kNeverConnected, kNeverAttached, kLost, kLostAfterOrders };

  void Run();
  LinkEnd ServeLink(const std::string& address, std::string* reason);
  bool Connect(grpc::Channel& channel);
  void ReadOrders(Stream& stream);
  void RefuseInvalid(const pb::ToGateway& message, const std::string& reason);
  void WriteMessages(Stream& stream, grpc::ClientContext& context, const std::string& address);
  std::optional<FromGatewayMessage> NextMessage(std::unique_lock<std::mutex>& lock);
  void FinishCall(std::uint64_t number, const grpc::Status& status);

  const ControlOptions options_;
  ControlEvents& events_;
  std::thread thread_;

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  bool stopping_ = false;
  std::uint64_t link_ = 0;
  bool link_open_ = false;  // a stream exists and was not told to end
  bool attached_ = false;   // and Hello is out
  bool orders_seen_ = false;
  grpc::ClientContext* context_ = nullptr;
  std::unique_ptr<pb::SessionLink::Stub> stub_;
  std::optional<Hello> hello_;
  std::deque<FromGatewayMessage> answers_;
  ReportQueue reports_;
  std::unordered_map<SessionId, TrafficCounters> counters_;
  std::optional<GatewayStatistics> statistics_;
  std::uint64_t next_call_ = 1;
  std::unordered_map<std::uint64_t, std::unique_ptr<PendingCall>> calls_;
  std::size_t answering_ = 0;  // calls taken out of calls_ whose event is being delivered
};

// ---- Dialling
// ----------------------------------------------------------------------------------

void ControlClient::Impl::Run() {
  milliseconds pause = options_.least_pause;
  std::size_t next = 0;
  bool complained = false;
  while (true) {
    const std::string& address = options_.addresses[next];
    std::string reason;
    const LinkEnd end = ServeLink(address, &reason);
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    if (end == LinkEnd::kLost || end == LinkEnd::kLostAfterOrders) {
      complained = false;
      events_.OnLinkLost(reason);
    } else if (!complained) {
      complained = true;
      events_.OnUnreachable(reason);
    }
    if (end == LinkEnd::kLostAfterOrders) pause = options_.least_pause;
    next = (next + 1) % options_.addresses.size();
    if (next != 0) continue;  // pause only after all addresses were tried
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, pause, [this] { return stopping_; });
    if (stopping_) return;
    pause = std::min(pause * 2, options_.longest_pause);
  }
}

bool ControlClient::Impl::Connect(grpc::Channel& channel) {
  const auto deadline = std::chrono::system_clock::now() + options_.connect_timeout;
  while (true) {
    const grpc_connectivity_state state = channel.GetState(true);
    if (state == GRPC_CHANNEL_READY) return true;
    const auto now = std::chrono::system_clock::now();
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE || now >= deadline) return false;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return false;
    }
    channel.WaitForStateChange(state, std::min(deadline, now + milliseconds(100)));
  }
}

ControlClient::Impl::LinkEnd ControlClient::Impl::ServeLink(const std::string& address,
                                                            std::string* reason) {
  const std::shared_ptr<grpc::Channel> channel = MakeChannel(address, options_);
  if (!Connect(*channel)) {
    *reason = "no answer at " + Escape(address) + "; is sstp-controlplane running?";
    return LinkEnd::kNeverConnected;
  }
  grpc::ClientContext context;
  std::uint64_t link = 0;
  std::unique_ptr<Stream> stream;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return LinkEnd::kNeverConnected;
    stub_ = pb::SessionLink::NewStub(channel);
    stream = stub_->Attach(&context);
    context_ = &context;
    link_open_ = true;
    orders_seen_ = false;
    link = ++link_;
    hello_.reset();
    answers_.clear();
    counters_.clear();
    statistics_.reset();
    reports_.Rewind();
  }
  events_.OnLinkOpened(link);
  std::thread writer([&] { WriteMessages(*stream, context, address); });
  ReadOrders(*stream);
  LinkEnd end = LinkEnd::kNeverAttached;
  {
    const std::lock_guard lock(mutex_);
    link_open_ = false;
    if (attached_) end = orders_seen_ ? LinkEnd::kLostAfterOrders : LinkEnd::kLost;
    changed_.notify_all();
  }
  context.TryCancel();
  writer.join();
  *reason = Describe(stream->Finish());
  std::unique_lock lock(mutex_);
  if (attached_ && end == LinkEnd::kNeverAttached) end = LinkEnd::kLost;
  attached_ = false;
  context_ = nullptr;
  // A question holds the channel, and gRPC's own threads, which finish questions, must not be the
  // ones to destroy it: they would wait for themselves.
  for (auto& entry : calls_) entry.second->context.TryCancel();
  changed_.wait(lock, [this] { return calls_.empty() && answering_ == 0; });
  stub_.reset();
  changed_.notify_all();
  return end;
}

// ---- Reading
// -----------------------------------------------------------------------------------

void ControlClient::Impl::ReadOrders(Stream& stream) {
  pb::ToGateway message;
  while (stream.Read(&message)) {
    auto order = contract::FromProto(message);
    contract::WipeSecrets(&message);
    if (!order) {
      events_.OnInvalidOrder(order.error().message);
      RefuseInvalid(message, order.error().message);
      continue;
    }
    {
      const std::lock_guard lock(mutex_);
      orders_seen_ = true;
      if (const auto* ack = std::get_if<ReportAck>(&*order)) {
        reports_.Acknowledge(ack->sequence);
        changed_.notify_all();
        continue;
      }
    }
    events_.OnOrder(std::move(*order));
  }
}

// Whoever wants something of us learns that it will not be.
void ControlClient::Impl::RefuseInvalid(const pb::ToGateway& message, const std::string& reason) {
  if (message.has_settings()) {
    SendAnswer(Refused{Generation(message.settings().settings().generation()), "", reason});
  } else if (message.has_policy()) {
    SendAnswer(Refused{Generation(message.policy().policy().generation()),
                       message.policy().session_id(), reason});
  }
}

// ---- Writing
// -----------------------------------------------------------------------------------

std::optional<FromGatewayMessage> ControlClient::Impl::NextMessage(
    std::unique_lock<std::mutex>& lock) {
  changed_.wait(lock, [this] {
    return !link_open_ || hello_ ||
           (attached_ && (!answers_.empty() || reports_.has_unsent() || statistics_));
  });
  if (!link_open_) return std::nullopt;
  if (hello_) {
    FromGatewayMessage message = std::move(*hello_);
    hello_.reset();
    return message;
  }
  if (!answers_.empty()) {
    FromGatewayMessage message = std::move(answers_.front());
    answers_.pop_front();
    return message;
  }
  if (reports_.has_unsent()) return *reports_.TakeNext();
  CountersBatch batch;
  for (const auto& entry : counters_) batch.entries.push_back({entry.first, entry.second});
  batch.statistics = std::move(*statistics_);
  counters_.clear();
  statistics_.reset();
  return batch;
}

void ControlClient::Impl::WriteMessages(Stream& stream, grpc::ClientContext& context,
                                        const std::string& address) {
  while (true) {
    std::optional<FromGatewayMessage> message;
    {
      std::unique_lock lock(mutex_);
      message = NextMessage(lock);
    }
    if (!message) return;
    if (!stream.Write(contract::ToProto(*message))) {
      context.TryCancel();  // wakes the reader
      return;
    }
    if (!std::holds_alternative<Hello>(*message)) continue;
    {
      const std::lock_guard lock(mutex_);
      attached_ = link_open_;
    }
    events_.OnAttached(address);
  }
}

void ControlClient::Impl::SendHello(std::uint64_t link, std::vector<SessionRecord> sessions,
                                    Generation applied) {
  const std::lock_guard lock(mutex_);
  if (!link_open_ || link != link_ || attached_) return;
  hello_ = Hello{.gateway_id = options_.gateway_id,
                 .boot_id = options_.boot_id,
                 .version = options_.version,
                 .capabilities = options_.capabilities,
                 .sessions = std::move(sessions),
                 .applied_generation = applied,
                 .reports_to = reports_.newest()};
  changed_.notify_all();
}

void ControlClient::Impl::Report(SessionReport report) {
  const std::lock_guard lock(mutex_);
  reports_.Add(std::move(report));
  changed_.notify_all();
}

void ControlClient::Impl::SendCounters(CountersBatch batch) {
  const std::lock_guard lock(mutex_);
  if (!attached_) return;
  for (CountersReport& entry : batch.entries) {
    counters_[std::move(entry.session)] = entry.counters;
  }
  statistics_ = std::move(batch.statistics);
  changed_.notify_all();
}

void ControlClient::Impl::SendAnswer(FromGatewayMessage message) {
  const std::lock_guard lock(mutex_);
  // An order of this link may be answered before the writer said that Hello is out.
  if (!link_open_ || answers_.size() >= kMaxAnswers) return;
  answers_.push_back(std::move(message));
  changed_.notify_all();
}

// ---- Authorize
// ---------------------------------------------------------------------------------

void ControlClient::Impl::Authorize(AuthorizeTicket ticket, AuthorizeQuestion question) {
  {
    const std::lock_guard lock(mutex_);
    if (attached_ && !stopping_) {
      const std::uint64_t number = next_call_++;
      auto& call = calls_[number];
      call = std::make_unique<PendingCall>();
      call->ticket = std::move(ticket);
      call->request =
          contract::ToProto({options_.gateway_id, options_.boot_id, std::move(question)});
      call->context.set_deadline(std::chrono::system_clock::now() + options_.authorize_deadline);
      stub_->async()->Authorize(
          &call->context, &call->request, &call->response,
          [this, number](const grpc::Status& status) { FinishCall(number, status); });
      return;
    }
  }
  events_.OnAuthorized(std::move(ticket),
                       Fail(Error{ErrorCode::kUnavailable, "control plane not reachable"}));
}

void ControlClient::Impl::FinishCall(std::uint64_t number, const grpc::Status& status) {
  std::unique_ptr<PendingCall> call;
  {
    const std::lock_guard lock(mutex_);
    const auto entry = calls_.find(number);
    if (entry == calls_.end()) return;
    call = std::move(entry->second);
    calls_.erase(entry);
    ++answering_;
  }
  contract::WipeSecrets(&call->request);
  if (!status.ok()) {
    Error error = contract::FromStatus(status);
    error.message = "control plane: " + Escape(error.message);
    events_.OnAuthorized(std::move(call->ticket), Fail(std::move(error)));
  } else {
    auto verdict = contract::FromProto(call->response);
    contract::WipeSecrets(&call->response);
    events_.OnAuthorized(std::move(call->ticket), std::move(verdict));
  }
  call.reset();
  const std::lock_guard lock(mutex_);
  --answering_;
  changed_.notify_all();
}

// ---- End
// ---------------------------------------------------------------------------------------

void ControlClient::Impl::AwaitReports(milliseconds at_most) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, at_most, [this] { return !attached_ || reports_.size() == 0; });
}

void ControlClient::Impl::Shutdown() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    link_open_ = false;
    if (context_ != nullptr) context_->TryCancel();
    for (auto& entry : calls_) entry.second->context.TryCancel();
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return calls_.empty() && answering_ == 0; });
}

// ---- The outside
// -------------------------------------------------------------------------------

Result<std::unique_ptr<ControlClient>> ControlClient::Create(ControlOptions options,
                                                             ControlEvents& events) {
  if (options.addresses.empty()) {
    return Fail(Error{ErrorCode::kInvalidArgument, "no control plane address is given"});
  }
  for (const std::string& address : options.addresses) SG_RETURN_IF_ERROR(CheckAddress(address));
  auto impl = std::make_unique<Impl>(std::move(options), events);
  return std::unique_ptr<ControlClient>(new ControlClient(std::move(impl)));
}

ControlClient::ControlClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ControlClient::~ControlClient() { impl_->Shutdown(); }
void ControlClient::Start() { impl_->Start(); }
void ControlClient::SendHello(std::uint64_t link, std::vector<SessionRecord> sessions,
                              Generation applied) {
  impl_->SendHello(link, std::move(sessions), applied);
}
void ControlClient::Report(SessionReport report) { impl_->Report(std::move(report)); }
void ControlClient::SendCounters(CountersBatch batch) { impl_->SendCounters(std::move(batch)); }
void ControlClient::SendApplied(Applied applied) { impl_->SendAnswer(std::move(applied)); }
void ControlClient::SendRefused(Refused refused) { impl_->SendAnswer(std::move(refused)); }
void ControlClient::Authorize(AuthorizeTicket ticket, AuthorizeQuestion question) {
  impl_->Authorize(std::move(ticket), std::move(question));
}
bool ControlClient::attached() const { return impl_->attached(); }
std::uint64_t ControlClient::reports_dropped() const { return impl_->reports_dropped(); }
void ControlClient::AwaitReports(std::chrono::milliseconds at_most) {
  impl_->AwaitReports(at_most);
}
void ControlClient::Shutdown() { impl_->Shutdown(); }

}  // namespace sstpgw::edge
