// What a session moves: octets from the socket, packets to and from the interface.
#include <utility>

#include "gateway/datapath/record_limit.h"
#include "gateway/edge/tcp_path.h"
#include "gateway/subscriber.h"
#include "proto/base/log.h"
#include "proto/base/secret.h"

namespace sstpgw::gateway {
namespace {

// Reads of one readable event, and their octets, before others get their turn.
constexpr int kReadRounds = 4;
constexpr std::size_t kReadPerTurn = 256 * 1024;
// Frames of one interface event before others get their turn; and packets, if each is sent alone.
constexpr std::size_t kFramesPerTurn = 64 * 1024;
constexpr std::size_t kSinglesPerTurn = 64;
// Far longer than an octet of honest records takes on a slow processor.
constexpr std::chrono::nanoseconds kDearOctet{250};
// What a packet that was lost counts for, so that they end a turn as well.
constexpr std::size_t kLostPacket = kFramesPerTurn / kSinglesPerTurn;
// How long a path's delivery rate is taken for granted.
constexpr Duration kPathInterval = std::chrono::milliseconds(50);

}  // namespace

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
    // Not twice in a round, and not before its time: its next turn is waiting already.
    if (!Runs(kReadAgain) && !Runs(kPaceUp)) ReadSocket();
  } else if (events.broken) {
    LoseTransport("connection reset by peer");
  }
  UpdateInterest();
}

void Subscriber::ReadSocket() {
  if (Floods()) {
    LoseTransport(stream_->failure());
    return;
  }
  const auto began = std::chrono::steady_clock::now();
  std::size_t budget = kControlBudget;
  std::size_t octets = left_over_.view().size();
  const std::uint64_t packets_before = uplink_.counters().data_packets();
  bool enough = TakeLeftOver(budget);
  ResumeUp();
  for (int round = 0; !enough && round < kReadRounds; ++round) {
    if (phase_ != Phase::kOpen || transport_lost_) return;
    const std::size_t room = tun_watched_ ? UpRoom() : kRoomBeforeData;
    if (room == 0) return;
    const edge::ReadOutcome outcome = stream_->Read(std::span(shared_.plaintext).first(room));
    const std::span<std::uint8_t> plaintext = std::span(shared_.plaintext).first(outcome.bytes);
    record_yield_.Add(outcome.bytes);
    octets += outcome.bytes;
    if (outcome.bytes > 0) {
      last_receive_ = shared_.loop.Now();
      left_over_.Keep(Consume(plaintext, budget));
      if (!tun_watched_) SecureWipe(plaintext);
    }
    if (phase_ != Phase::kOpen) return;
    const bool many = uplink_.counters().data_packets() - packets_before >= kPacketBudget;
    if (many) read_room_.Shrink();
    // An end that comes with more than this turn can take will be told again.
    if (!left_over_.empty()) break;
    switch (outcome.status) {
      case edge::ReadStatus::kDrained:
        UpDrained();
        return;
      case edge::ReadStatus::kFull:
        break;
      case edge::ReadStatus::kClosed:
        static_cast<void>(stream_->Shutdown());  // the answer (RFC 5246 7.2.1, RFC 8446 6.1)
        LoseTransport("closed by peer");
        return;
      case edge::ReadStatus::kFailed:
        LoseTransport(stream_->failure());
        return;
    }
    const auto took = std::chrono::steady_clock::now() - began;
    const bool dear = took >= kTurnTime && took > octets * kDearOctet;
    if (dear) read_room_.Shrink();
    const bool full = octets >= kReadPerTurn || round + 1 == kReadRounds;
    if (full && !dear && !many) read_room_.Grow();
    enough = full || many || dear || budget == 0 || stream_->pending_bytes() > kMaxPending;
  }
  if (phase_ != Phase::kOpen || transport_lost_) return;
  // There may be more inside, which no event would tell.
  unread_inside_ = true;
  ReadAgain();
}

bool Subscriber::Floods() {
  const TimePoint now = shared_.loop.Now();
  const bool watched = tun_watched_ || stream_->kernel_receives();
  if (!watched || !record_yield_.Due(now)) return false;
  const auto taken = edge::OctetsTaken(shared_.kernel, stream_->fd());
  if (!taken) record_yield_.Skip(now);
  if (!taken || !record_yield_.IsPoor(now, taken->at_least, taken->at_most)) return false;
  stream_->FailAsFlood();
  return true;
}

void Subscriber::HandOverReceiving() {
  if (transport_lost_ || !stream_->kernel_receive_waits()) return;
  const auto outcome = stream_->EnableKernelReceive();
  if (!outcome) return;
  if (!outcome->receive) {
    ++shared_.kernel_receive_fallbacks[static_cast<std::size_t>(outcome->fallback)];
    return;
  }
  ++shared_.kernel_receives;
  tls_modes_asked_ = {};
  if (stream_->edge_triggered()) shared_.loop.SetTrigger(socket_handle_, edge::Trigger::kEdge);
}

// True: that was all that this turn allows for.
bool Subscriber::TakeLeftOver(std::size_t& budget) {
  if (left_over_.empty()) return false;
  const std::size_t before = left_over_.view().size();
  const ByteView rest = Consume(left_over_.view(), budget);
  left_over_.Use(before - rest.size());
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
  if (!unread_inside_ || stream_->pending_bytes() > kMaxPending || Runs(kPaceUp)) return;
  unread_inside_ = false;
  shared_.loop.CancelTimer(timers_[kReadAgain]);
  timers_[kReadAgain] = shared_.loop.StartTimer(Duration{0}, *this, kReadAgain);
}

void Subscriber::LoseTransport(std::string reason) {
  if (transport_lost_ || phase_ == Phase::kGone) return;
  transport_lost_ = true;
  TellTlsFailure();
  shared_.loop.Remove(socket_handle_);
  if (phase_ == Phase::kLingering) {
    Finish();
    return;
  }
  Deliver(fsm::TransportClosed{std::move(reason), stream_->flooded()});
}

// What is more than a connection that is gone. Who has no call yet may be anybody and comes all
// day.
void Subscriber::TellTlsFailure() {
  switch (stream_->failure_kind()) {
    case edge::TlsFailure::kNone:
    case edge::TlsFailure::kGone:
    case edge::TlsFailure::kFlood:  // told by the session
      return;
    default:
      break;
  }
  const LogLevel level = session_.call_established() ? LogLevel::kWarning : LogLevel::kTrace;
  if (LogEnabled(level)) Log(level, log_prefix_ + "sstp: " + stream_->failure());
}

void Subscriber::UpdateInterest() {
  if (phase_ != Phase::kOpen || transport_lost_ || consuming_) return;
  if (tun_watched_) HandOverReceiving();
  ReadAgain();
  const bool write = stream_->wants_write();
  const bool read = stream_->pending_bytes() <= kMaxPending && !Runs(kPaceUp);
  shared_.loop.Modify(socket_handle_,
                      read ? (write ? edge::Interest::kReadWrite : edge::Interest::kRead)
                           : (write ? edge::Interest::kWrite : edge::Interest::kNone));
  if (tun_watched_) {
    if (write) HoldDown();
    const bool wait = write || Runs(kPaceDown);
    shared_.loop.Modify(tun_handle_, wait ? edge::Interest::kNone : edge::Interest::kRead);
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

// ---- To the interface
// --------------------------------------------------------------------------

void Subscriber::OnIpPacket(ByteView packet) {
  if (!collecting_) {
    const edge::TunOffloads offloads =
        interface_ ? interface_->device().offloads() : edge::TunOffloads{};
    shared_.coalescer.Begin({offloads.tcp, offloads.udp}, up_side_);
    collecting_ = true;
  }
  shared_.coalescer.Add(packet);
}

void Subscriber::OnIpPacketsEnd() {
  shared_.coalescer.Flush();
  collecting_ = false;
}

void Subscriber::ToTun(std::span<const ByteView> parts, std::size_t packets, std::size_t bytes) {
  if (!interface_ || !interface_->device().Write(parts)) uplink_.NoteRefused(packets, bytes);
}

// ---- From the interface
// ------------------------------------------------------------------------

// Never waits for more: what is there leaves now, and a burst's last packet in a record of its own.
void Subscriber::OnTun(edge::IoEvents events) {
  if (!interface_ || !tun_watched_) return;
  if (stream_->wants_write() && !events.broken) return;
  std::uint64_t allowance = DownAllowance();
  if (allowance == 0 && !events.broken) {
    UpdateInterest();
    return;
  }
  const bool fill = settings_.data_path.fill_records;
  edge::TunReadStatus status = edge::TunReadStatus::kPacket;
  shared_.frames.Clear();
  for (std::size_t packets = 0, octets = 0;
       octets < kFramesPerTurn && (allowance > 0 || events.broken) &&
       (fill || packets < kSinglesPerTurn);
       ++packets) {
    const edge::TunReadOutcome read = interface_->device().Read(shared_.tun_buffer);
    status = read.status;
    if (status == edge::TunReadStatus::kLost) {
      downlink_.NoteLost();
      octets += kLostPacket;
      continue;
    }
    if (status != edge::TunReadStatus::kPacket) break;
    octets += read.packet.size();
    allowance = ChargeDown(read.packet, allowance);
    FromTun(read.packet);
    if (!fill) SendFrames();
    if (phase_ != Phase::kOpen || transport_lost_ || !interface_) return;
    if (!fill && stream_->wants_write()) break;
  }
  SendFrames();
  if (status == edge::TunReadStatus::kDrained) DownDrained();
  if (status == edge::TunReadStatus::kGone && tun_watched_) {
    shared_.loop.Remove(tun_handle_);
    tun_watched_ = false;
    Deliver(fsm::TerminateRequested{Termination::kSoft, TerminateCause::kNasError,
                                    "interface was removed from outside"});
    return;
  }
  UpdateInterest();
}

void Subscriber::FromTun(ByteView octets) {
  auto packet = datapath::Segmenter::Parse(octets);
  if (!packet) {
    downlink_.NoteMalformed();
    return;
  }
  while (!downlink_.Append(shared_.frames, *packet)) SendFrames();
}

void Subscriber::SendFrames() {
  if (phase_ != Phase::kOpen || transport_lost_ || shared_.frames.empty()) {
    shared_.frames.Clear();
    return;
  }
  if (!WriteFrames()) LoseTransport(stream_->failure());
}

bool Subscriber::WriteFrames() {
  const std::size_t limit = RecordLimit();
  shared_.record_sizes.clear();
  for (std::size_t first = 0;;) {
    const ByteView record = shared_.frames.NextRecord(first, limit);
    if (record.empty()) break;
    shared_.record_sizes.push_back(record.size());
  }
  const bool sent = stream_->WriteRecords(shared_.frames.frames(), shared_.record_sizes);
  shared_.frames.Clear();
  return sent;
}

std::size_t Subscriber::RecordLimit() {
  if (!settings_.data_path.fill_records) return 0;
  if (shared_.frames.packets() == 1) return datapath::kMaxRecord;
  const TimePoint now = shared_.loop.Now();
  if (now >= path_checked_ + kPathInterval) {
    path_checked_ = now;
    record_limit_ = datapath::RecordLimit(edge::DeliveryRate(shared_.kernel, stream_->fd()));
  }
  return record_limit_;
}

}  // namespace sstpgw::gateway
