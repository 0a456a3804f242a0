#include "tests/client/authenticator.h"

#include <array>

namespace sstpgw::client {
namespace {

constexpr std::uint8_t kChallenge = 1;
constexpr std::uint8_t kResponse = 2;
constexpr std::uint8_t kChapSuccess = 3;
constexpr std::uint8_t kChapFailure = 4;
constexpr std::uint8_t kPapAck = 2;
constexpr std::uint8_t kPapNak = 3;

Bytes AsBytes(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

Bytes AuthOptionValue(AuthProtocol protocol) {
  switch (protocol) {
    case AuthProtocol::kPap:
      return {0xc0, 0x23};
    case AuthProtocol::kChapMd5:
      return {0xc2, 0x23, 0x05};
    case AuthProtocol::kMsChapV1:
      return {0xc2, 0x23, 0x80};
    case AuthProtocol::kMsChapV2:
      return {0xc2, 0x23, 0x81};
    case AuthProtocol::kEap:
      return {0xc2, 0x27};
  }
  return {};
}

std::optional<AuthProtocol> AuthFromOption(const Bytes& value) {
  for (const AuthProtocol protocol :
       {AuthProtocol::kPap, AuthProtocol::kChapMd5, AuthProtocol::kMsChapV1,
        AuthProtocol::kMsChapV2, AuthProtocol::kEap}) {
    if (value == AuthOptionValue(protocol)) return protocol;
  }
  return std::nullopt;
}

std::optional<PppControl> Authenticator::Begin() {
  if (protocol_ != AuthProtocol::kPap) return std::nullopt;
  const auto user_length = static_cast<std::uint8_t>(options_.user.size());
  const auto password_length = static_cast<std::uint8_t>(options_.password.size());
  return PppControl{1, 3,
                    Concat({Bytes{user_length}, ToBytes(options_.user), Bytes{password_length},
                            ToBytes(options_.password)})};
}

std::optional<PppControl> Authenticator::Receive(std::uint16_t ppp_protocol,
                                                 const PppControl& packet) {
  if (ppp_protocol != this->ppp_protocol() || outcome_ != AuthOutcome::kPending) {
    return std::nullopt;
  }
  if (IsEap()) return eap_.Receive(packet);
  if (protocol_ == AuthProtocol::kPap) {
    if (packet.code != kPapAck && packet.code != kPapNak) return std::nullopt;
    const bool has_text = !packet.data.empty();
    Conclude(packet.code == kPapAck,
             has_text ? Bytes(packet.data.begin() + 1, packet.data.end()) : Bytes{});
    return std::nullopt;
  }
  if (packet.code == kChallenge) return Respond(packet);
  if (packet.code == kChapSuccess || packet.code == kChapFailure) {
    Conclude(packet.code == kChapSuccess, packet.data);
  }
  return std::nullopt;
}

std::optional<PppControl> Authenticator::Respond(const PppControl& challenge) {
  if (challenge.data.empty() || challenge.data[0] + std::size_t{1} > challenge.data.size()) {
    return std::nullopt;
  }
  const auto begin = challenge.data.begin() + 1;
  const Bytes value(begin, begin + challenge.data[0]);
  const std::size_t wanted = protocol_ == AuthProtocol::kMsChapV1   ? 8
                             : protocol_ == AuthProtocol::kMsChapV2 ? 16
                                                                    : value.size();
  if (value.size() != wanted || value.empty()) return std::nullopt;
  const Bytes response = ResponseValue(challenge.id, value);
  return PppControl{kResponse, challenge.id,
                    Concat({Bytes{static_cast<std::uint8_t>(response.size())}, response,
                            ToBytes(options_.user)})};
}

Bytes Authenticator::ResponseValue(std::uint8_t id, const Bytes& challenge) {
  if (protocol_ == AuthProtocol::kChapMd5) {
    return ChapMd5Response(id, options_.password, challenge);
  }
  if (protocol_ == AuthProtocol::kMsChapV1) {
    hlak_ = HlakMsChapV1(options_.password, challenge);
    const Bytes key(hlak_.begin(), hlak_.begin() + 16);
    mppe_keys_ = {key, key, LmStartKey(options_.password)};
    const NtResponse response = MsChapV1Response(options_.password, challenge);
    return Concat({Bytes(24, 0), AsBytes(response), Bytes{1}});  // flags 1: use the NT response
  }
  std::array<std::uint8_t, 16> peer_challenge{};
  entropy_.Fill(peer_challenge);
  const NtResponse response =
      MsChapV2Response(options_.user, options_.password, challenge, peer_challenge);
  hlak_ = HlakMsChapV2(options_.password, response);
  mppe_keys_ = {{hlak_.begin(), hlak_.begin() + 16}, {hlak_.begin() + 16, hlak_.end()}, {}};
  expected_authenticator_ =
      MsChapV2Authenticator(options_.user, options_.password, response, challenge, peer_challenge);
  return Concat({AsBytes(peer_challenge), Bytes(8, 0), AsBytes(response), Bytes{0}});
}

void Authenticator::Conclude(bool success, const Bytes& text) {
  message_.assign(text.begin(), text.end());
  if (!success) {
    outcome_ = AuthOutcome::kFailed;
  } else if (protocol_ == AuthProtocol::kMsChapV2 &&
             (expected_authenticator_.empty() || message_.rfind(expected_authenticator_, 0) != 0)) {
    outcome_ = AuthOutcome::kServerNotGenuine;
  } else {
    outcome_ = AuthOutcome::kSucceeded;
  }
}

}  // namespace sstpgw::client
