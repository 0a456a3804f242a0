#include "gateway/fsm/ccp.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "gateway/codec/ccp_options.h"

namespace sstpgw::fsm {
namespace {

using codec::PppCode;
using codec::PppProtocol;

constexpr std::uint32_t kMaxRequests = 3;  // features 3.1: fewer than other layers have
// Each starts the encryption anew; an honest peer makes none.
constexpr std::uint32_t kMaxRenegotiations = 16;
constexpr std::size_t kLongKey = 16;
constexpr std::size_t kShortKey = 8;

ControlProtocolSettings SettingsOf(const PppSettings& settings) {
  return {.protocol = PppProtocol::kCcp,
          .restart_timer = TimerId::kCcpRestart,
          .restart_timeout = settings.restart_timeout,
          .max_configure = std::min(settings.max_configure, kMaxRequests),
          .max_terminate = settings.max_terminate,
          .max_failure = settings.max_failure};
}

// The strongest of the lengths in `bits`; 0: there is none.
std::uint32_t StrongestOf(std::uint32_t bits) {
  for (const std::uint32_t one : {codec::kMppe128Bit, codec::kMppe56Bit, codec::kMppe40Bit}) {
    if ((bits & one) != 0) return one;
  }
  return 0;
}

// MS-MPPE-Encryption-Types (RFC 2548 2.4.5; 8 is what Microsoft's server has added to it).
std::uint32_t StrengthsOf(std::optional<std::uint32_t> types) {
  if (!types) return codec::kMppe128Bit;
  std::uint32_t strengths = 0;
  if ((*types & 2) != 0) strengths |= codec::kMppe40Bit;
  if ((*types & 4) != 0) strengths |= codec::kMppe128Bit;
  if ((*types & 8) != 0) strengths |= codec::kMppe56Bit;
  return strengths;
}

// MS-MPPE-Encryption-Policy (RFC 2548 2.4.4); values that it does not know say nothing.
MppePreference Decide(MppePreference local, std::optional<std::uint32_t> policy) {
  if (policy == 2U) return MppePreference::kRequire;
  if (policy != 1U) return local;
  if (local == MppePreference::kDeny) return MppePreference::kAllow;
  return local == MppePreference::kRequire ? MppePreference::kPrefer : local;
}

Ending RequiredBut(const std::string& why, Counter counter) {
  return {.cause = TerminateCause::kUserError,
          .reason = "MPPE is required, but " + why,
          .counter = counter};
}

Ending NegotiatesWithoutEnd() {
  return {.cause = TerminateCause::kUserError,
          .reason = "ccp: peer negotiates again and again",
          .counter = Counter::kPppNoAgreement};
}

Secret FirstOf(const Secret& key, std::size_t size) { return Secret(key.Reveal().first(size)); }

}  // namespace

// ---- Options

void CcpPolicy::Configure(std::uint32_t strengths, bool required) {
  strengths_ = strengths;
  required_ = required;
  ours_ = codec::kMppeStateless | StrongestOf(strengths);
}

void CcpPolicy::Restart() {
  requested_ = granted_ = judged_ = theirs_ = 0;
  refused_ = false;
}

Bytes CcpPolicy::BuildRequest() {
  requested_ = ours_;
  Bytes options;
  codec::AppendMppe(options, ours_);
  return options;
}

bool CcpPolicy::IsRunnable(std::uint32_t bits) const {
  const std::uint32_t strength = bits & ~codec::kMppeStateless;
  return strength != 0 && StrongestOf(strengths_ & strength) == strength;
}

Judgement CcpPolicy::Judge(const OptionList& options) {
  Judgement judgement;
  judged_ = 0;
  bool asked = false;
  for (const codec::ConfigOption& option : options) {
    const auto bits = codec::MppeBitsOf(option);
    if (!bits || asked) {
      judgement.reject.insert(judgement.reject.end(), option.raw.begin(), option.raw.end());
      continue;
    }
    asked = true;
    judged_ = *bits;
    if (naked_ && !required_ && (judged_ & strengths_) == 0) {  // only something else after all
      judgement.reject.insert(judgement.reject.end(), option.raw.begin(), option.raw.end());
    }
  }
  // Who knows our wish and wants something else has it, or goes without, as far as is permitted.
  const bool insists = naked_ && (asked ? IsRunnable(judged_) : !required_);
  if ((!asked || judged_ != ours_) && !insists) {
    codec::AppendMppe(judgement.nak, ours_);
    if (judgement.reject.empty()) naked_ = true;
  }
  judgement.insist = required_ && !judgement.nak.empty();
  return judgement;
}

void CcpPolicy::PeerRequestAcknowledged() {
  theirs_ = judged_;
  if (theirs_ != 0) ours_ = theirs_;
}

ReplyEffect CcpPolicy::OnNak(const OptionList& options) {
  for (const codec::ConfigOption& option : options) {
    const auto bits = codec::MppeBitsOf(option);
    if (!bits) continue;
    const std::uint32_t strength = StrongestOf(*bits & strengths_);
    refused_ = strength == 0;
    if (!refused_) ours_ = strength | (*bits & codec::kMppeStateless);
    return {.usable = !refused_, .ending = std::nullopt};
  }
  return {.usable = false, .ending = std::nullopt};
}

ReplyEffect CcpPolicy::OnReject(const OptionList& options) {
  refused_ = refused_ || std::any_of(options.begin(), options.end(), [](const auto& option) {
               return option.type == static_cast<std::uint8_t>(codec::CcpOption::kMppe);
             });
  return {.usable = false, .ending = std::nullopt};
}

// ---- The layer

Ccp::Ccp(const PppSettings& settings, bool rc4, std::uint8_t identifier)
    : settings_(settings), rc4_(rc4), protocol_(SettingsOf(settings), policy_, identifier) {}

std::uint32_t Ccp::StrengthsOfKeys() const {
  const std::size_t size = std::min(keys_.send.size(), keys_.receive.size());
  std::uint32_t strengths = 0;
  if (size >= kLongKey) strengths |= codec::kMppe128Bit;
  if (size >= kShortKey || keys_.lan_manager.size() >= kShortKey) {
    strengths |= codec::kMppe40Bit | codec::kMppe56Bit;
  }
  return strengths;
}

LayerSignals Ccp::Start(const NetworkPolicy& network, MppeKeys keys, std::uint16_t peer_mru,
                        Outbox& out) {
  started_ = true;
  keys_ = std::move(keys);
  protocol_.set_peer_mru(peer_mru);
  const MppePreference preference = Decide(settings_.mppe, network.mppe_policy);
  if (settings_.disable_ccp) {
    if (network.mppe_policy == 2U) {
      out.Log(LogLevel::kWarning, "mppe: required by RADIUS, but CCP is disabled");
    }
    keys_ = {};
    return {};
  }
  required_ = preference == MppePreference::kRequire;
  if (preference == MppePreference::kDeny) {
    keys_ = {};
    protocol_.OpenPassively();
    return {};
  }
  const std::uint32_t permitted = StrengthsOf(network.mppe_types);
  if (permitted == 0) {
    out.Log(LogLevel::kWarning, "mppe: MS-MPPE-Encryption-Types permits no key length");
    return StartWithout(Counter::kMppeRefused, "RADIUS permits no key length", out);
  }
  if (!rc4_) return StartWithout(Counter::kMppeNoProvider, "this system has no RC4", out);
  const std::uint32_t strengths = permitted & StrengthsOfKeys();
  if (strengths == 0) {
    return StartWithout(Counter::kMppeNoKeys, "the login has given no keys for it", out);
  }
  policy_.Configure(strengths, required_);
  willing_ = true;
  if (preference == MppePreference::kAllow) {
    protocol_.OpenPassively();
    return {};
  }
  return Judge(protocol_.OpenActively(out), out);
}

LayerSignals Ccp::StartWithout(Counter counter, const char* why, Outbox& out) {
  LayerSignals signals;
  keys_ = {};
  protocol_.OpenPassively();
  if (required_) {
    signals.ending = RequiredBut(why, counter);
  } else if (counter != Counter::kMppeNoKeys) {  // PAP and CHAP never give any
    out.Log(LogLevel::kDebug, std::string("mppe: not possible, ") + why);
  }
  return signals;
}

bool Ccp::Speaks(const codec::ControlPacket& packet) const {
  if (!started_ || settings_.disable_ccp) return false;
  if (willing_ || packet.ppp_code() != PppCode::kConfigureRequest) return true;
  // Who still asks, or asks for nothing, wants to hear that there is no CCP.
  return !packet.data.empty() && rejections_ < settings_.max_failure;
}

LayerSignals Ccp::Receive(const codec::ControlPacket& packet, Outbox& out) {
  out.LogReceived(PppProtocol::kCcp, packet.packet);
  switch (packet.ppp_code()) {
    case PppCode::kResetRequest:
      // The flushed packet is the answer, Reset-Ack is not used (RFC 3078 8.2).
      if (mppe_ && !stateless_) out.Add(FlushMppe{});
      return {};
    case PppCode::kResetAck:
      return {};
    case PppCode::kTerminateRequest:
      return ReceiveTerminateRequest(packet, out);
    default:
      break;
  }
  const bool request = packet.ppp_code() == PppCode::kConfigureRequest;
  if (request && !willing_) {
    RejectOptions(packet, out);
    return {};
  }
  LayerSignals signals;
  if (request && BeginsAnew(packet)) {
    signals = Renegotiate(out);
    if (signals.ending) return Judge(std::move(signals), out);
  }
  signals.Merge(protocol_.Receive(packet, out));
  if (request && state() >= PppState::kAckSent) their_identifier_ = packet.identifier;
  if (policy_.refused() && willing_) GiveUp("the peer refuses it", signals, out);
  return Judge(std::move(signals), out);
}

LayerSignals Ccp::ReceiveTerminateRequest(const codec::ControlPacket& packet, Outbox& out) {
  const bool asking = negotiating();
  const bool was_opened = opened();
  LayerSignals signals = protocol_.Receive(packet, out);
  if (required_ && (asking || was_opened)) {
    GiveUp("the peer closes CCP", signals, out);
  } else if (asking) {
    // Asking on would only hold up the session; it may still come to ask for it.
    signals.Merge(protocol_.RejectedByPeer(out));
  }
  return Judge(std::move(signals), out);
}

void Ccp::RejectOptions(const codec::ControlPacket& packet, Outbox& out) {
  if (packet.packet.size() > codec::kMaxPppPayload || !codec::ParseOptions(packet.data)) {
    out.Count(Counter::kPppMalformed);
    return;
  }
  ++rejections_;
  out.SendPpp(PppProtocol::kCcp, codec::EncodeControlPacket(PppCode::kConfigureReject,
                                                            packet.identifier, packet.data));
}

bool Ccp::BeginsAnew(const codec::ControlPacket& packet) const {
  // With the identifier of the one before, it is that one once more.
  return opened() && packet.identifier != their_identifier_ &&
         packet.packet.size() <= codec::kMaxPppPayload && codec::ParseOptions(packet.data);
}

LayerSignals Ccp::Renegotiate(Outbox& out) {
  if (++renegotiations_ > kMaxRenegotiations) {
    LayerSignals signals;
    signals.ending = NegotiatesWithoutEnd();
    return signals;
  }
  policy_.Restart();
  LayerSignals signals = protocol_.LowerLayerDown(out);
  signals.Merge(protocol_.OpenActively(out));
  return signals;
}

LayerSignals Ccp::RestartTimerExpired(Outbox& out) {
  return Judge(protocol_.RestartTimerExpired(out), out);
}

LayerSignals Ccp::RejectedByPeer(Outbox& out) {
  LayerSignals signals;
  if (willing_) GiveUp("the peer does not speak CCP", signals, out);
  return Judge(std::move(signals), out);
}

LayerSignals Ccp::LowerLayerDown(Outbox& out) {
  LayerSignals signals = protocol_.LowerLayerDown(out);
  keys_ = {};
  if (signals.down) StopEncryption(out);
  return signals;
}

void Ccp::OutOfStep(Outbox& out) {
  if (!opened() || !mppe_ || stateless_) return;
  out.SendPpp(PppProtocol::kCcp,
              codec::EncodeControlPacket(PppCode::kResetRequest, protocol_.NextIdentifier(), {}));
}

LayerSignals Ccp::Judge(LayerSignals signals, Outbox& out) {
  if (signals.up) Opened(signals, out);
  if (signals.down && !required_) StopEncryption(out);
  if (!required_) {
    // Whatever went wrong, the session goes on without.
    if (signals.ending) {
      const std::string why = std::exchange(signals.ending, std::nullopt)->reason;
      GiveUp(why.c_str(), signals, out);
    }
    return signals;
  }
  if (signals.ending) {
    Ending& ending = *signals.ending;
    if (ending.counter != Counter::kMppeRefused) {
      ending = RequiredBut(ending.reason, Counter::kMppeRefused);
    }
  } else if (signals.finished) {
    signals.ending = RequiredBut("CCP has come to no end", Counter::kMppeRefused);
  }
  return signals;
}

void Ccp::Opened(LayerSignals& signals, Outbox& out) {
  if (const auto bits = policy_.agreed()) {
    // Each begins with the same keys.
    if (++openings_ > kMaxRenegotiations + 1) {
      signals.up = false;
      signals.ending = NegotiatesWithoutEnd();
      return;
    }
    StartEncryption(*bits, out);
    return;
  }
  // A peer that takes different modes for the two directions: once more, with what it asked for.
  signals.up = false;
  if (policy_.peer_wants_none() || std::exchange(settled_again_, true)) {
    GiveUp("the peer does not want it both ways", signals, out);
    return;
  }
  signals.Merge(Renegotiate(out));
  signals.down = false;
}

void Ccp::GiveUp(const char* why, LayerSignals& signals, Outbox& out) {
  if (required_) {
    if (!signals.ending) signals.ending = RequiredBut(why, Counter::kMppeRefused);
    return;
  }
  willing_ = false;
  keys_ = {};
  out.Log(LogLevel::kDebug, std::string("mppe: given up, ") + why);
  LayerSignals end = protocol_.RejectedByPeer(out);
  if (end.down) StopEncryption(out);
  signals.Merge(std::move(end));
  signals.up = false;
}

void Ccp::StartEncryption(std::uint32_t bits, Outbox& out) {
  stateless_ = (bits & codec::kMppeStateless) != 0;
  StartMppe start;
  start.stateless = stateless_;
  if ((bits & codec::kMppe128Bit) != 0) {
    start.key_bits = 128;
    start.send_key = FirstOf(keys_.send, kLongKey);
    start.receive_key = FirstOf(keys_.receive, kLongKey);
  } else {
    const bool lan_manager = keys_.lan_manager.size() >= kShortKey;
    start.key_bits = (bits & codec::kMppe56Bit) != 0 ? 56 : 40;
    start.send_key = FirstOf(lan_manager ? keys_.lan_manager : keys_.send, kShortKey);
    start.receive_key = FirstOf(lan_manager ? keys_.lan_manager : keys_.receive, kShortKey);
  }
  mppe_ = true;
  out.Log(LogLevel::kDebug, "mppe: " + std::to_string(start.key_bits) + " bits, " +
                                (stateless_ ? "stateless" : "stateful"));
  out.Add(std::move(start));
}

void Ccp::StopEncryption(Outbox& out) {
  if (std::exchange(mppe_, false)) out.Add(StopMppe{});
}

}  // namespace sstpgw::fsm
