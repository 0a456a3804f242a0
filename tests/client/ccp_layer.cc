#include "tests/client/ccp_layer.h"

#include <algorithm>
#include <utility>

namespace sstpgw::client {
namespace {

constexpr std::uint8_t kMppe = 18;
constexpr std::uint8_t kResetRequest = 14;  // RFC 1962 3

// The mode in a list of options; `bits` 0: none that can be.
MppeMode ModeIn(const std::vector<PppOption>& options) {
  for (const PppOption& option : options) {
    if (option.type == kMppe) return MppeFromOption(option.value);
  }
  return {0, true};
}

}  // namespace

CcpLayer::CcpLayer(const ClientOptions& options, Events events)
    : options_(options),
      events_(std::move(events)),
      negotiator_(kCcp, options.max_transmissions,
                  {[this](const PppOption& option) { return Judge(option); },
                   [this](const PppOption& option) { return Adopt(option); },
                   [this](std::uint16_t protocol, const PppControl& packet) {
                     events_.send(protocol, packet);
                   }}) {}

OptionJudgement CcpLayer::Judge(const PppOption& option) {
  if (option.type != kMppe || options_.mppe == MppeWish::kDeny || !keys_) return RejectOption{};
  const MppeMode theirs = MppeFromOption(option.value);
  // Both directions alike.
  const MppeMode ours = negotiator_.asking() ? ModeIn(negotiator_.wanted()) : Wish();
  const bool any = options_.mppe == MppeWish::kAllow && !negotiator_.asking();
  if (any ? theirs.bits != 0 : theirs == ours) return AcceptOption{};
  return NakOption{MppeOptionValue(ours)};
}

std::optional<Bytes> CcpLayer::Adopt(const PppOption& option) const {
  if (option.type != kMppe || options_.mppe == MppeWish::kRequire) return std::nullopt;
  return MppeFromOption(option.value).bits != 0 ? std::optional<Bytes>(option.value) : std::nullopt;
}

void CcpLayer::Start(TimePoint now, bool keys) {
  keys_ = keys;
  if (!Wanted()) return;
  negotiator_.Listen();
  const bool asks = options_.mppe == MppeWish::kPrefer || options_.mppe == MppeWish::kRequire;
  if (!asks) return;
  if (!keys) {
    GiveUp("MPPE: this authentication makes no keys");
    return;
  }
  negotiator_.Start({{kMppe, MppeOptionValue(Wish())}}, now, options_.retransmit);
}

bool CcpLayer::Receive(const PppControl& packet, TimePoint now) {
  if (!Wanted()) return false;
  if (options_.deviations.silent_ccp) return true;
  negotiator_.Receive(packet, now);
  const bool asked = packet.code == kConfReq && ModeIn(negotiator_.requested()).bits != 0;
  if (options_.mppe == MppeWish::kAllow && keys_ && asked && !negotiator_.asking()) {
    negotiator_.Start(negotiator_.requested(), now, options_.retransmit);
  }
  if (packet.code == kTermReq) {
    events_.send(kCcp, {kTermAck, packet.id, {}});
    negotiator_.Stop();
    GiveUp("MPPE: the server ended CCP");
  }
  if (packet.code == kResetRequest && open_) events_.reset_requested();
  Evaluate();
  return true;
}

void CcpLayer::Evaluate() {
  if (given_up_ || open_) return;
  if (negotiator_.asking() && ModeIn(negotiator_.wanted()).bits == 0) {
    GiveUp("MPPE: the server refused it");
    return;
  }
  if (!negotiator_.opened()) return;
  const MppeMode sending = ModeIn(negotiator_.requested());
  const MppeMode receiving = ModeIn(negotiator_.wanted());
  if (sending.bits == 0) {
    GiveUp("MPPE: the server does not ask for it");
    return;
  }
  open_ = true;
  events_.opened(sending, receiving);
}

void CcpLayer::GiveUp(const std::string& why) {
  if (given_up_) return;
  given_up_ = true;
  if (std::exchange(open_, false)) events_.closed();
  if (options_.mppe == MppeWish::kRequire) events_.failed(why);
}

void CcpLayer::ProtocolRejected() {
  if (!Wanted()) return;
  negotiator_.Stop();
  GiveUp("MPPE: the server refused CCP");
}

void CcpLayer::Terminate() {
  if (!negotiator_.running()) return;
  negotiator_.Stop();
  events_.send(kCcp, {kTermReq, next_id_++, {}});
  given_up_ = true;
  if (std::exchange(open_, false)) events_.closed();
}

void CcpLayer::SendResetRequest() {
  if (open_) events_.send(kCcp, {kResetRequest, next_id_++, {}});
}

void CcpLayer::Tick(TimePoint now) {
  negotiator_.Tick(now);
  if (negotiator_.exhausted() && !open_) GiveUp("MPPE: CCP came to no agreement");
}

bool CcpLayer::undecided() const {
  return !given_up_ && !open_ && negotiator_.asking() && !negotiator_.exhausted();
}

}  // namespace sstpgw::client
