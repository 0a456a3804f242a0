#include "gateway/edge/control_client.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>

#include "gateway/edge/control_channel.h"
#include "gateway/edge/control_link.h"
#include "gateway/edge/link_outbox.h"
#include "gateway/edge/session_end.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/contract/convert.h"
#include "proto/contract/grpc_log.h"
#include "proto/contract/grpc_status.h"
#include "proto/contract/wipe.h"

namespace sstpgw::edge {
namespace {

namespace pb = ::sstpgw::v1;
using std::chrono::milliseconds;
using Link = ControlLink;

// Reports wait so long for others to go with them: a message costs both ends several changes of
// threads, whatever is in it, and a session has four.
constexpr milliseconds kGather{50};

TimePoint Now() { return std::chrono::steady_clock::now(); }

void LogGrpcLine(const char* line) { Log(LogLevel::kDebug, std::string("grpc: ") + Escape(line)); }

}  // namespace

// Threads: `thread_` dials and serves the queue of the current link; the callers of the public
// methods begin writes and questions. The mutex is not held while gRPC or the events are called.
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
    return outbox_.reports_dropped();
  }
  void AwaitReports(milliseconds at_most);
  void Shutdown();

 private:
  enum class LinkEnd { kNeverConnected, kNeverAttached, kLost, kLostAfterOrders };

  void Run();
  LinkEnd ServeLink(const std::string& address, std::string* reason);
  void Serve(Link& link);
  void OnTag(Link& link, void* tag, bool ok);
  void OnRead(Link& link, bool ok);
  void OnWritten(Link& link, bool ok);
  void CloseLink(Link& link);
  void TakeOrder(pb::ToGateway& message);
  void RefuseInvalid(const pb::ToGateway& message, const std::string& reason);
  void Write();
  std::optional<FromGatewayMessage> NextMessageLocked();
  void FinishCall(PendingCall* finished);

  const ControlOptions options_;
  ControlEvents& events_;
  std::thread thread_;

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable changed_;
  bool stopping_ = false;
  std::uint64_t links_ = 0;
  // Not null: alive as long as something is under way on it (`writing_`, `gathering_`, `calls_`).
  Link* link_ = nullptr;
  bool link_open_ = false;  // a stream exists and was not told to end
  bool attached_ = false;   // and Hello is out
  bool orders_seen_ = false;
  bool writing_ = false;
  bool writing_hello_ = false;
  bool gathering_ = false;  // the alarm is set
  LinkOutbox outbox_;
  std::unordered_map<const PendingCall*, std::unique_ptr<PendingCall>> calls_;
};

// ---- Dialling

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

ControlClient::Impl::LinkEnd ControlClient::Impl::ServeLink(const std::string& address,
                                                            std::string* reason) {
  const std::shared_ptr<grpc::Channel> channel = MakeControlChannel(address, options_);
  const bool connected = Connect(*channel, options_, [this] {
    const std::lock_guard lock(mutex_);
    return stopping_;
  });
  if (!connected) {
    *reason = "no answer at " + Escape(address) + "; is sstp-controlplane running?";
    return LinkEnd::kNeverConnected;
  }
  Link link;
  link.address = address;
  link.stub = pb::SessionLink::NewStub(channel);
  link.stream = link.stub->PrepareAsyncAttach(&link.context, &link.queue);
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return LinkEnd::kNeverConnected;
    link.number = ++links_;
    link_ = &link;
    link_open_ = true;
    orders_seen_ = false;
    writing_ = true;  // until the call has started
    outbox_.Rewind();
  }
  link.stream->StartCall(link.tag(Link::kStarted));
  Serve(link);
  *reason = link.Reason();
  const std::lock_guard lock(mutex_);
  LinkEnd end = LinkEnd::kNeverAttached;
  if (attached_) end = orders_seen_ ? LinkEnd::kLostAfterOrders : LinkEnd::kLost;
  attached_ = false;
  changed_.notify_all();
  return end;
}

// Until the stream is over and nothing is under way any more.
void ControlClient::Impl::Serve(Link& link) {
  void* tag = nullptr;
  bool ok = false;
  bool finished = false;
  while (NextGrpcResult(link.queue, &tag, &ok)) {
    OnTag(link, tag, ok);
    finished = finished || tag == link.tag(Link::kFinished);
    const std::lock_guard lock(mutex_);
    if (!finished || writing_ || gathering_ || !calls_.empty() || link_ == nullptr) continue;
    link_ = nullptr;
    link.queue.Shutdown();
  }
}

void ControlClient::Impl::OnTag(Link& link, void* tag, bool ok) {
  if (tag == link.tag(Link::kStarted)) {
    OnWritten(link, ok);
    if (ok) events_.OnLinkOpened(link.number);
    OnRead(link, ok);
  } else if (tag == link.tag(Link::kRead)) {
    if (ok) TakeOrder(link.incoming);
    OnRead(link, ok);
  } else if (tag == link.tag(Link::kWritten)) {
    OnWritten(link, ok);
  } else if (tag == link.tag(Link::kGathered)) {
    {
      const std::lock_guard lock(mutex_);
      gathering_ = false;
      outbox_.EndGathering();
    }
    Write();
  } else if (tag != link.tag(Link::kFinished)) {
    FinishCall(static_cast<PendingCall*>(tag));
  }
}

void ControlClient::Impl::OnRead(Link& link, bool ok) {
  if (ok) {
    link.stream->Read(&link.incoming, link.tag(Link::kRead));
    return;
  }
  CloseLink(link);
  link.stream->Finish(&link.status, link.tag(Link::kFinished));
}

void ControlClient::Impl::CloseLink(Link& link) {
  const std::lock_guard lock(mutex_);
  link_open_ = false;
  link.context.TryCancel();
  link.alarm.Cancel();
  for (auto& entry : calls_) entry.second->context.TryCancel();
  changed_.notify_all();
}

// ---- Orders

void ControlClient::Impl::TakeOrder(pb::ToGateway& message) {
  auto order = contract::FromProto(message);
  contract::WipeSecrets(&message);
  if (!order) {
    events_.OnInvalidOrder(order.error().message);
    RefuseInvalid(message, order.error().message);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    orders_seen_ = true;
    if (const auto* ack = std::get_if<ReportAck>(&*order)) {
      outbox_.Acknowledge(ack->sequence);
      if (outbox_.all_acknowledged()) changed_.notify_all();
      return;
    }
  }
  events_.OnOrder(std::move(*order));
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

std::optional<FromGatewayMessage> ControlClient::Impl::NextMessageLocked() {
  if (!link_open_ || writing_) return std::nullopt;
  if (attached_ && outbox_.wants_gathering() && !gathering_) {
    gathering_ = true;
    link_->alarm.Set(&link_->queue, std::chrono::system_clock::now() + kGather,
                     link_->tag(Link::kGathered));
  }
  return outbox_.Next(attached_, Now());
}

// Whatever is next, if nothing is being written. Ends as kWritten.
void ControlClient::Impl::Write() {
  std::optional<FromGatewayMessage> message;
  Link::Stream* stream = nullptr;
  void* tag = nullptr;
  {
    const std::lock_guard lock(mutex_);
    message = NextMessageLocked();
    if (!message) return;
    writing_ = true;
    writing_hello_ = std::holds_alternative<Hello>(*message);
    stream = link_->stream.get();
    tag = link_->tag(Link::kWritten);
  }
  stream->Write(contract::ToProto(*message), tag);
}

void ControlClient::Impl::OnWritten(Link& link, bool ok) {
  bool said_hello = false;
  {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    said_hello = std::exchange(writing_hello_, false) && ok && link_open_;
    if (said_hello) attached_ = true;
  }
  if (said_hello) events_.OnAttached(link.address);
  if (ok) {
    Write();
  } else {
    CloseLink(link);  // and the read under way fails
  }
}

void ControlClient::Impl::SendHello(std::uint64_t link, std::vector<SessionRecord> sessions,
                                    Generation applied) {
  {
    const std::lock_guard lock(mutex_);
    if (!link_open_ || link != links_ || attached_ || writing_hello_) return;
    outbox_.SetHello({.gateway_id = options_.gateway_id,
                      .boot_id = options_.boot_id,
                      .version = options_.version,
                      .capabilities = options_.capabilities,
                      .sessions = std::move(sessions),
                      .applied_generation = applied,
                      .reports_to = 0});
  }
  Write();
}

void ControlClient::Impl::Report(SessionReport report) {
  {
    const std::lock_guard lock(mutex_);
    outbox_.AddReport(std::move(report), Now());
    if (gathering_ && outbox_.wants_gathering()) return;
  }
  Write();
}

void ControlClient::Impl::SendCounters(CountersBatch batch) {
  {
    const std::lock_guard lock(mutex_);
    if (!attached_) return;
    outbox_.AddCounters(std::move(batch));
  }
  Write();
}

void ControlClient::Impl::SendAnswer(FromGatewayMessage message) {
  {
    const std::lock_guard lock(mutex_);
    // An order of this link may be answered before Hello is out.
    if (!link_open_ || !outbox_.AddAnswer(std::move(message))) return;
  }
  Write();
}

// ---- Authorize

void ControlClient::Impl::Authorize(AuthorizeTicket ticket, AuthorizeQuestion question) {
  auto call = std::make_unique<PendingCall>();
  call->ticket = std::move(ticket);
  call->request = contract::ToProto({options_.gateway_id, options_.boot_id, std::move(question)});
  call->context.set_deadline(std::chrono::system_clock::now() + options_.authorize_deadline);
  PendingCall& begun = *call;
  {
    const std::lock_guard lock(mutex_);
    if (attached_ && link_open_ && !stopping_) {
      begun.reader =
          link_->stub->PrepareAsyncAuthorize(&begun.context, begun.request, &link_->queue);
      calls_.emplace(&begun, std::move(call));
    }
  }
  if (begun.reader) {
    begun.reader->StartCall();
    begun.reader->Finish(&begun.response, &begun.status, &begun);
    return;
  }
  contract::WipeSecrets(&call->request);
  events_.OnAuthorized(std::move(call->ticket),
                       Fail(Error{ErrorCode::kUnavailable, "control plane not reachable"}));
}

void ControlClient::Impl::FinishCall(PendingCall* finished) {
  std::unique_ptr<PendingCall> call;
  {
    const std::lock_guard lock(mutex_);
    const auto entry = calls_.find(finished);
    call = std::move(entry->second);
    calls_.erase(entry);
  }
  contract::WipeSecrets(&call->request);
  if (!call->status.ok()) {
    Error error = contract::FromStatus(call->status);
    error.message = "control plane: " + Escape(error.message);
    events_.OnAuthorized(std::move(call->ticket), Fail(std::move(error)));
    return;
  }
  auto verdict = contract::FromProto(call->response);
  contract::WipeSecrets(&call->response);
  events_.OnAuthorized(std::move(call->ticket), std::move(verdict));
}

// ---- End

void ControlClient::Impl::AwaitReports(milliseconds at_most) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, at_most, [this] { return !attached_ || outbox_.all_acknowledged(); });
}

void ControlClient::Impl::Shutdown() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    link_open_ = false;
    if (link_ != nullptr) link_->context.TryCancel();
    for (auto& entry : calls_) entry.second->context.TryCancel();
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

// ---- The outside

Result<std::unique_ptr<ControlClient>> ControlClient::Create(ControlOptions options,
                                                             ControlEvents& events) {
  if (options.addresses.empty()) {
    return Fail(Error{ErrorCode::kInvalidArgument, "no control plane address is given"});
  }
  for (const std::string& address : options.addresses)
    SG_RETURN_IF_ERROR(CheckControlAddress(address));
  contract::TakeGrpcLines(LogGrpcLine);
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
void ControlClient::Report(SessionReport report) {
  if (const auto line = EndLine(report)) Log(LogLevel::kInfo, *line);
  impl_->Report(std::move(report));
}
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
