#include "gateway/fsm/eap_relay.h"

namespace sstpgw::fsm {

using codec::EapCode;
using codec::EapType;

EapRelay::EapRelay(std::uint8_t identifier)
    : request_(codec::EncodeEap(EapCode::kRequest, identifier, EapType::kIdentity, {})),
      identifier_(identifier) {}

bool EapRelay::IsResponse(const codec::ControlPacket& packet) const {
  if (packet.code != static_cast<std::uint8_t>(EapCode::kResponse)) return false;
  if (packet.identifier != identifier_) return false;
  const auto body = codec::ParseEapBody(packet.data);
  // RFC 3748 5.1: nothing but an identity answers the question for it, not even a Nak.
  return body && (identified_ || body->type == EapType::kIdentity);
}

std::optional<EapEvidence> EapRelay::Receive(const codec::ControlPacket& packet) {
  if (!identified_) {
    const ByteView identity = packet.data.subspan(1);
    if (identity.empty()) return std::nullopt;
    identity_.assign(identity.begin(), identity.end());
    identified_ = true;
  }
  return EapEvidence{identity_, Secret(packet.packet), state_};
}

std::optional<std::string> EapRelay::Challenge(const AuthorizeChallenge& challenge,
                                               std::uint16_t mtu) {
  ++rounds_;
  const auto packet = codec::ParseControlPacket(challenge.eap_message);
  if (!packet || packet->code != static_cast<std::uint8_t>(EapCode::kRequest) ||
      packet->data.empty()) {
    return "the challenge holds no EAP request";
  }
  if (packet->packet.size() > mtu) {
    return "an EAP request of " + std::to_string(packet->packet.size()) +
           " octets, the client receives " + std::to_string(mtu);
  }
  request_.assign(packet->packet.begin(), packet->packet.end());
  identifier_ = packet->identifier;
  state_ = challenge.state;
  return std::nullopt;
}

Bytes EapRelay::Result(EapCode code, const Bytes& theirs) const {
  const auto packet = codec::ParseControlPacket(theirs);
  if (packet && packet->code == static_cast<std::uint8_t>(code) && packet->data.empty()) {
    return {packet->packet.begin(), packet->packet.end()};
  }
  return codec::EncodeEapResult(code, identifier_);
}

}  // namespace sstpgw::fsm
