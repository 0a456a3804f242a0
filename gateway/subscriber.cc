#include "gateway/subscriber.h"

#include <algorithm>
#include <ctime>
#include <utility>
#include <variant>

#include "proto/base/log.h"
#include "proto/base/secret.h"

namespace sstpgw::gateway {
namespace {

// What of the log is written now. Anything below trace is rare enough to be put into words and
// thrown away.
LogLevel WantedLevel() {
  if (LogEnabled(LogLevel::kDebug)) return LogLevel::kDebug;
  return LogEnabled(LogLevel::kTrace) ? LogLevel::kTrace : LogLevel::kInfo;
}

}  // namespace

Subscriber::Subscriber(WorkerShared& shared, const WorkerSettings& settings,
                       NewConnection connection, SessionId id)
    : shared_(shared),
      settings_(settings),
      id_(std::move(id)),
      accepted_at_(connection.accepted_at),
      stream_(std::move(connection.stream)),
      session_(settings.session, std::move(connection.info), id_, shared.entropy,
               static_cast<std::int64_t>(std::time(nullptr)), shared.loop.Now()),
      tun_side_(*this),
      up_side_(*this),
      last_receive_(shared.loop.Now()) {}

Subscriber::~Subscriber() {
  DoReleaseInterface();
  shared_.loop.Remove(socket_handle_);
  for (const edge::TimerHandle timer : timers_) shared_.loop.CancelTimer(timer);
}

void Subscriber::Start() {
  starting_ = true;
  session_.set_log_level(WantedLevel());
  Perform(session_.Start());
  starting_ = false;
  auto handle =
      shared_.loop.Add(stream_->fd(), edge::Interest::kRead, *this,
                       stream_->edge_triggered() ? edge::Trigger::kEdge : edge::Trigger::kLevel);
  if (!handle) {
    LoseTransport(handle.error().message);
    return;
  }
  socket_handle_ = *handle;
  // What came along with the client's Finished is already inside the stream.
  ReadSocket();
  UpdateInterest();
}

void Subscriber::Deliver(const fsm::Event& event) {
  if (phase_ != Phase::kOpen) return;
  session_.set_log_level(WantedLevel());
  Perform(session_.Step(shared_.loop.Now(), event));
  while (!follow_ups_.empty() && phase_ == Phase::kOpen) {
    const fsm::Event next = std::move(follow_ups_.front());
    follow_ups_.pop_front();
    Perform(session_.Step(shared_.loop.Now(), next));
  }
  if (session_.bound()) uplink_.NoteBinding();
  UpdateInterest();
}

// ---- Timers
// ------------------------------------------------------------------------------------

void Subscriber::OnTimer(std::uint64_t cookie) {
  timers_[cookie] = {};
  if (cookie == kLingerOver) {
    Finish();
  } else if (cookie == kPaceDown) {
    if (phase_ == Phase::kOpen) OnTun({.readable = true});
  } else if (cookie == kReadAgain || cookie == kPaceUp) {
    if (phase_ == Phase::kLingering) Linger();
    if (phase_ != Phase::kOpen) return;
    if (stream_->pending_bytes() <= kMaxPending) {
      ReadSocket();
    } else {
      unread_inside_ = true;
    }
    UpdateInterest();
  } else {
    Deliver(fsm::TimerExpired{static_cast<fsm::TimerId>(cookie), last_receive_,
                              uplink_.counters().data_packets()});
  }
}

void Subscriber::DoStartTimer(const fsm::StartTimer& action) {
  Duration after = action.after;
  if (starting_ && action.timer == fsm::TimerId::kNegotiation) {
    // The first negotiation timer began with the TCP connection.
    after = std::max(Duration{0}, after - (shared_.loop.Now() - accepted_at_));
  }
  const auto cookie = static_cast<std::uint64_t>(action.timer);
  shared_.loop.CancelTimer(timers_[cookie]);
  timers_[cookie] = shared_.loop.StartTimer(after, *this, cookie);
}

// ---- The end
// -----------------------------------------------------------------------------------

void Subscriber::DoClose() {
  if (phase_ != Phase::kOpen) return;
  phase_ = Phase::kLingering;
  for (edge::TimerHandle& timer : timers_) {
    shared_.loop.CancelTimer(timer);
    timer = {};
  }
  if (transport_lost_ || !stream_->Shutdown()) {
    Finish();
    return;
  }
  timers_[kLingerOver] = shared_.loop.StartTimer(kLinger, *this, kLingerOver);
  // Closing with unread input would make the kernel reset the connection and the client lose our
  // last packet: read on until the client closes, too. It may have done so in what was read
  // already, and no event would tell.
  shared_.loop.Modify(socket_handle_,
                      stream_->wants_write() ? edge::Interest::kReadWrite : edge::Interest::kRead);
  timers_[kReadAgain] = shared_.loop.StartTimer(Duration{0}, *this, kReadAgain);
}

void Subscriber::Linger() {
  if (Floods()) {
    Finish();
    return;
  }
  const edge::ReadOutcome outcome =
      stream_->Read(std::span(shared_.plaintext).first(kRoomBeforeData));
  record_yield_.Add(outcome.bytes);
  SecureWipe(std::span(shared_.plaintext).first(outcome.bytes));
  if (outcome.status == edge::ReadStatus::kFull) {
    shared_.loop.CancelTimer(timers_[kReadAgain]);
    timers_[kReadAgain] = shared_.loop.StartTimer(Duration{0}, *this, kReadAgain);
  }
  if (outcome.status == edge::ReadStatus::kClosed || outcome.status == edge::ReadStatus::kFailed) {
    Finish();
    return;
  }
  shared_.loop.Modify(socket_handle_,
                      stream_->wants_write() ? edge::Interest::kReadWrite : edge::Interest::kRead);
}

void Subscriber::Finish() {
  if (phase_ == Phase::kGone) return;
  phase_ = Phase::kGone;
  DoReleaseInterface();
  shared_.loop.Remove(socket_handle_);
  for (edge::TimerHandle& timer : timers_) {
    shared_.loop.CancelTimer(timer);
    timer = {};
  }
  ++shared_.tls_failures[static_cast<std::size_t>(stream_->failure_kind())];
  stream_.reset();
  shared_.gone.push_back(id_);
}

}  // namespace sstpgw::gateway
