#include "gateway/subscriber.h"

#include <algorithm>
#include <ctime>
#include <utility>
#include <variant>

#include "proto/base/log.h"
#include "proto/base/secret.h"

namespace sstpgw::gateway {
namespace {

// Reads of one readable event before others get their turn.
constexpr int kReadRounds = 4;

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
      last_receive_(shared.loop.Now()) {}

Subscriber::~Subscriber() {
  SecureWipe(left_over_);
  DoReleaseInterface();
  shared_.loop.Remove(socket_handle_);
  for (const edge::TimerHandle timer : timers_) shared_.loop.CancelTimer(timer);
}

void Subscriber::Start() {
  starting_ = true;
  session_.set_log_level(WantedLevel());
  Perform(session_.Start());
  starting_ = false;
  auto handle = shared_.loop.Add(stream_->fd(), edge::Interest::kRead, *this);
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

// ---- The socket
// --------------------------------------------------------------------------------

void Subscriber::OnIo(edge::IoEvents events) {
  if (phase_ == Phase::kGone) return;
  if (events.writable && !stream_->Flush()) {
    LoseTransport(stream_->failure());
    return;
  }
  if (phase_ == Phase::kLingering) {
    Linger();
    return;
  }
  if (events.readable) {
    // Not twice in a round: its next turn is waiting already.
    if (timers_[kReadAgain] == edge::TimerHandle{}) ReadSocket();
  } else if (events.broken) {
    LoseTransport("connection reset by peer");
  }
  UpdateInterest();
}

void Subscriber::ReadSocket() {
  std::size_t budget = kControlBudget;
  bool more = TakeLeftOver(budget);
  for (int round = 0; !more && round < kReadRounds; ++round) {
    if (phase_ != Phase::kOpen || transport_lost_) return;
    const edge::ReadOutcome outcome = stream_->Read(shared_.plaintext);
    const std::span<std::uint8_t> plaintext = std::span(shared_.plaintext).first(outcome.bytes);
    if (outcome.bytes > 0) {
      last_receive_ = shared_.loop.Now();
      const ByteView rest = Consume(plaintext, budget);
      left_over_.assign(rest.begin(), rest.end());
      if (!tun_watched_) SecureWipe(plaintext);
    }
    if (phase_ != Phase::kOpen) return;
    // An end that comes with more than this turn can take will be told again.
    if (!left_over_.empty()) break;
    switch (outcome.status) {
      case edge::ReadStatus::kDrained:
        return;
      case edge::ReadStatus::kFull:
        break;
      case edge::ReadStatus::kClosed:
        LoseTransport("closed by peer");
        return;
      case edge::ReadStatus::kFailed:
        LoseTransport(stream_->failure());
        return;
    }
    more = budget == 0 || stream_->pending_bytes() > kMaxPending;
  }
  if (phase_ != Phase::kOpen || transport_lost_) return;
  // There may be more inside, which no event would tell.
  unread_inside_ = true;
  ReadAgain();
}

// True: that was all that this turn allows for.
bool Subscriber::TakeLeftOver(std::size_t& budget) {
  if (left_over_.empty()) return false;
  Bytes input = std::move(left_over_);
  const ByteView rest = Consume(input, budget);
  left_over_.assign(rest.begin(), rest.end());
  SecureWipe(input);
  return budget == 0;
}

// Answers of one call leave together.
ByteView Subscriber::Consume(ByteView plaintext, std::size_t& budget) {
  consuming_ = true;
  stream_->Cork();
  const ByteView rest = uplink_.Consume(plaintext, *this, budget);
  consuming_ = false;
  // The session may have ended, and the stream with it.
  if (stream_ && !stream_->Uncork() && !transport_lost_) LoseTransport(stream_->failure());
  return rest;
}

// As soon as the client takes our answers, and after others had their turn.
void Subscriber::ReadAgain() {
  if (!unread_inside_ || stream_->pending_bytes() > kMaxPending) return;
  unread_inside_ = false;
  shared_.loop.CancelTimer(timers_[kReadAgain]);
  timers_[kReadAgain] = shared_.loop.StartTimer(Duration{0}, *this, kReadAgain);
}

void Subscriber::LoseTransport(std::string reason) {
  if (transport_lost_ || phase_ == Phase::kGone) return;
  transport_lost_ = true;
  shared_.loop.Remove(socket_handle_);
  if (phase_ == Phase::kLingering) {
    Finish();
    return;
  }
  Deliver(fsm::TransportClosed{std::move(reason), stream_->flooded()});
}

void Subscriber::UpdateInterest() {
  if (phase_ != Phase::kOpen || transport_lost_ || consuming_) return;
  ReadAgain();
  const bool write = stream_->wants_write();
  const bool read = stream_->pending_bytes() <= kMaxPending;
  shared_.loop.Modify(
      socket_handle_,
      read ? (write ? edge::Interest::kReadWrite : edge::Interest::kRead) : edge::Interest::kWrite);
  if (tun_watched_) {
    shared_.loop.Modify(tun_handle_, write ? edge::Interest::kNone : edge::Interest::kRead);
  }
}

bool Subscriber::OnHttpHead(ByteView head) {
  Deliver(fsm::HttpHeadReceived{head});
  return phase_ == Phase::kOpen;
}
bool Subscriber::OnHttpHeadTooLong() {
  Deliver(fsm::HttpHeadTooLong{});
  return phase_ == Phase::kOpen;
}
bool Subscriber::OnSstpPacket(ByteView packet) {
  Deliver(fsm::SstpPacketReceived{packet});
  return phase_ == Phase::kOpen;
}
bool Subscriber::OnUndelineated() {
  Deliver(fsm::StreamUndelineated{});
  return phase_ == Phase::kOpen;
}
void Subscriber::OnIpPacket(ByteView packet) {
  if (!interface_ || interface_->device().WriteBatch({&packet, 1}).written != 1) {
    uplink_.NoteRefused(1, packet.size());
  }
}

// ---- The interface
// -----------------------------------------------------------------------------

void Subscriber::OnTun(edge::IoEvents events) {
  if (!interface_ || !tun_watched_) return;
  if (stream_->wants_write() && !events.broken) return;
  const edge::TunReadOutcome outcome =
      interface_->device().ReadBatch(shared_.tun_buffer, shared_.tun_packets);
  shared_.frames.Clear();
  for (std::size_t i = 0; i < outcome.packets; ++i) {
    auto packet = datapath::Segmenter::Parse(datapath::VnetHeader{}, shared_.tun_packets[i]);
    if (!packet) {
      downlink_.NoteMalformed();
      continue;
    }
    while (!downlink_.Append(shared_.frames, *packet)) SendFrames();
  }
  SendFrames();
  if (outcome.status == edge::TunReadStatus::kGone && tun_watched_) {
    shared_.loop.Remove(tun_handle_);
    tun_watched_ = false;
    Deliver(fsm::TerminateRequested{Termination::kSoft, TerminateCause::kNasError,
                                    "interface was removed from outside"});
    return;
  }
  UpdateInterest();
}

void Subscriber::SendFrames() {
  if (phase_ != Phase::kOpen || transport_lost_) {
    shared_.frames.Clear();
    return;
  }
  bool sent = true;
  std::size_t first = 0;
  while (sent) {
    const ByteView record = shared_.frames.NextRecord(first, datapath::kMaxRecord);
    if (record.empty()) break;
    sent = stream_->Write(record);
  }
  shared_.frames.Clear();
  if (!sent) LoseTransport(stream_->failure());
}

// ---- Timers
// ------------------------------------------------------------------------------------

void Subscriber::OnTimer(std::uint64_t cookie) {
  timers_[cookie] = {};
  if (cookie == kLingerOver) {
    Finish();
  } else if (cookie == kReadAgain) {
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
  // last packet: read on until the client closes, too.
  shared_.loop.Modify(socket_handle_,
                      stream_->wants_write() ? edge::Interest::kReadWrite : edge::Interest::kRead);
}

void Subscriber::Linger() {
  const edge::ReadOutcome outcome = stream_->Read(shared_.plaintext);
  SecureWipe(std::span(shared_.plaintext).first(outcome.bytes));
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
  stream_.reset();
  shared_.gone.push_back(id_);
}

}  // namespace sstpgw::gateway
