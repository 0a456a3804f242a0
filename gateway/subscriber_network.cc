// What the session's brain decides about the network layers, on the data path: sources, packets of
// our own, MPPE.
#include <utility>

#include "gateway/data_sources.h"
#include "gateway/subscriber.h"
#include "proto/base/log.h"

namespace sstpgw::gateway {
namespace {

// Decrypted packets that are collected before they go to the interface: a super-packet of the
// largest size, and it still fits into a processor's nearer caches.
constexpr std::size_t kDecryptedRoom = 64 * 1024;

Result<crypto::MppeMode> ModeOf(const fsm::StartMppe& action) {
  switch (action.key_bits) {
    case 40:
      return crypto::MppeMode{crypto::MppeStrength::k40Bit, action.stateless};
    case 56:
      return crypto::MppeMode{crypto::MppeStrength::k56Bit, action.stateless};
    case 128:
      return crypto::MppeMode{crypto::MppeStrength::k128Bit, action.stateless};
    default:
      return Fail(Error{ErrorCode::kInvalidArgument, "no such key length"});
  }
}

}  // namespace

bool Subscriber::OnIpv6Control(ByteView packet) {
  Deliver(fsm::Ipv6ControlReceived{packet});
  return phase_ == Phase::kOpen;
}

bool Subscriber::OnMppeOutOfStep() {
  Deliver(fsm::MppeOutOfStep{});
  return phase_ == Phase::kOpen;
}

// ---- Sources
// -----------------------------------------------------------------------------------

void Subscriber::OpenData(const DataSources& sources) {
  uplink_.OpenData(CheckOf(sources));
  downlink_.OpenData(sources.families);
}

// Once the link has changed. The kernel's program checks sources as well, where there is one.
void Subscriber::ChangeSources(DataSources sources) {
  uplink_.SetSources(CheckOf(sources));
  downlink_.SetFamilies(sources.families);
  if (!link_ || link_->sources == sources) return;
  const DataSources former = std::exchange(link_->sources, std::move(sources));
  if (!shaper_) return;
  const auto limited = LimitTo(shaper_->limit(), *link_);
  if (limited) return;
  Log(LogLevel::kError, log_prefix_ + "shaper: " + limited.error().message);
  link_->sources = former;  // the next change tries again
}

// ---- Packets of our own
// ------------------------------------------------------------------------

void Subscriber::DoSendIpv6Packet(const fsm::SendIpv6Packet& action) {
  if (transport_lost_) return;
  shared_.frames.Clear();  // nothing is in it between callbacks
  if (downlink_.AppendOwn(shared_.frames, action.packet) && !WriteFrames()) FailWrite();
}

// ---- MPPE
// --------------------------------------------------------------------------------------

void Subscriber::DoStartMppe(const fsm::StartMppe& action) {
  const auto started = StartMppe(action);
  if (started) return;
  // Nothing may leave in the clear that the peer takes to be encrypted.
  uplink_.ShutData();
  downlink_.ShutData();
  follow_ups_.push_back(fsm::TerminateRequested{Termination::kSoft, TerminateCause::kNasError,
                                                "mppe: " + started.error().message});
}

Result<void> Subscriber::StartMppe(const fsm::StartMppe& action) {
  if (shared_.rc4 == nullptr) {
    return Fail(Error{ErrorCode::kUnsupported, "this system's OpenSSL has no RC4"});
  }
  SG_ASSIGN_OR_RETURN(const crypto::MppeMode mode, ModeOf(action));
  SG_ASSIGN_OR_RETURN(auto sender,
                      crypto::MppeSender::Create(*shared_.rc4, mode, action.send_key.Reveal()));
  SG_ASSIGN_OR_RETURN(
      auto receiver, crypto::MppeReceiver::Create(*shared_.rc4, mode, action.receive_key.Reveal()));
  if (shared_.decrypted.empty()) shared_.decrypted.resize(kDecryptedRoom);
  mppe_ = std::make_unique<Mppe>(std::move(sender), std::move(receiver));
  downlink_.SetSealer(&mppe_->sealer);
  uplink_.SetOpener(&mppe_->opener, shared_.decrypted);
  return {};
}

void Subscriber::DoStopMppe() {
  downlink_.SetSealer(nullptr);
  uplink_.SetOpener(nullptr);
  mppe_.reset();
}

void Subscriber::DoFlushMppe() {
  if (mppe_) mppe_->sealer.Flush();
}

}  // namespace sstpgw::gateway
