#include "tests/client/eap_peer.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sstpgw::client {
namespace {

constexpr std::uint8_t kRequest = 1;
constexpr std::uint8_t kResponse = 2;
constexpr std::uint8_t kSuccess = 3;
constexpr std::uint8_t kFailure = 4;

constexpr std::uint8_t kIdentity = 1;
constexpr std::uint8_t kNotification = 2;
constexpr std::uint8_t kNak = 3;
constexpr std::uint8_t kMd5 = 4;
constexpr std::uint8_t kTls = 13;
constexpr std::uint8_t kPeap = 25;
constexpr std::uint8_t kMsChapV2 = 26;
constexpr std::uint8_t kExtensions = 33;  // PEAP's result (MS-PEAP 2.2.8)

// MSCHAPv2's packets: type, operation, identifier, length (2), then what the operation wants. The
// length is that of all but the type.
constexpr std::uint8_t kChallengeOperation = 1;
constexpr std::uint8_t kResponseOperation = 2;
constexpr std::uint8_t kSuccessOperation = 3;
constexpr std::uint8_t kFailureOperation = 4;
constexpr std::size_t kMsChapHeader = 5;

Bytes AsBytes(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

std::uint8_t TypeOf(EapMethod method) {
  switch (method) {
    case EapMethod::kMd5:
      return kMd5;
    case EapMethod::kMsChapV2:
      return kMsChapV2;
    case EapMethod::kTls:
      return kTls;
    case EapMethod::kPeap:
      return kPeap;
  }
  return 0;
}

}  // namespace

std::optional<PppControl> EapPeer::Receive(const PppControl& packet) {
  gave_proof_ = false;
  if (outcome_ != AuthOutcome::kPending) return std::nullopt;
  if (packet.code == kSuccess || packet.code == kFailure) {
    Conclude(packet.code == kSuccess);
    return std::nullopt;
  }
  if (packet.code != kRequest || packet.data.empty()) return std::nullopt;
  if (last_answer_ && last_answer_->id == packet.id) return last_answer_;
  auto data = Answer(packet.id, packet.data);
  if (!data) return std::nullopt;
  last_answer_ = PppControl{kResponse, packet.id, std::move(*data)};
  return last_answer_;
}

std::optional<Bytes> EapPeer::Answer(std::uint8_t id, const Bytes& data) {
  const std::uint8_t type = TypeOf(method_);
  if (data[0] == kIdentity) return Concat({Bytes{kIdentity}, ToBytes(options_.user)});
  if (data[0] == kNotification) return Bytes{kNotification};
  if (data[0] != type) return Bytes{kNak, type};
  if (type == kTls || type == kPeap) return AnswerTls(id, data);
  return type == kMd5 ? AnswerMd5(id, data) : AnswerMsChapV2(data);
}

std::optional<Bytes> EapPeer::AnswerTls(std::uint8_t id, const Bytes& data) {
  outer_id_ = id;
  const std::uint8_t type = TypeOf(method_);
  if (!tls_) {
    EapTls::Inner inner;
    if (type == kPeap) inner = [this](ByteView packet) { return AnswerInner(packet); };
    tls_ = std::make_unique<EapTls>(type, options_.eap_tls, std::move(inner));
  }
  const std::optional<Bytes> answer = tls_->Answer(ByteView(data).subspan(1));
  if (!tls_->fault().empty()) message_ = "TLS: " + tls_->fault();
  if (tls_->established() && mppe_keys_.send.empty()) {
    const Bytes& msk = tls_->msk();
    std::copy_n(msk.begin(), hlak_.size(), hlak_.begin());
    mppe_keys_ = {{msk.begin(), msk.begin() + 32}, {msk.begin() + 32, msk.end()}, {}};
    // Whoever was to be verified has been, or TLS would not be up.
    if (type == kTls) gave_proof_ = server_genuine_ = true;
  }
  if (!answer) return std::nullopt;
  return Concat({Bytes{type}, *answer});
}

// In PEAPv0 packets go without code, identifier and length, all but the result; servers may send
// the first ones with them.
std::optional<Bytes> EapPeer::AnswerInner(ByteView packet) {
  const auto whole = ParsePppControl(packet);
  const bool with_header =
      whole && whole->code == kRequest && whole->data.size() + 4 == packet.size();
  if (with_header && !whole->data.empty() && whole->data[0] == kExtensions) {
    return AnswerResult(*whole);
  }
  const Bytes data = with_header ? whole->data : AsBytes(packet);
  if (data.empty()) return std::nullopt;
  if (!inner_) inner_.reset(new EapPeer(options_, entropy_, EapMethod::kMsChapV2));
  auto answer = inner_->Answer(outer_id_, data);
  if (!inner_->message_.empty()) message_ = inner_->message_;
  return answer;
}

// TLV: mandatory bit and type 3 (2) | length 2 (2) | status (2), 1 is success. The answer says the
// same, or failure where the server has not proved that it knows the password.
std::optional<Bytes> EapPeer::AnswerResult(const PppControl& packet) {
  constexpr std::size_t kStatus = 6;
  if (packet.data.size() < kStatus + 1) return std::nullopt;
  const bool genuine = inner_ && inner_->server_genuine_;
  const bool success = packet.data[kStatus] == 1 && genuine;
  server_genuine_ = genuine;
  gave_proof_ = true;
  const Bytes tlv{0x80, 3, 0, 2, 0, static_cast<std::uint8_t>(success ? 1 : 2)};
  return Concat({Bytes{kResponse, packet.id}, Be16(11), Bytes{kExtensions}, tlv});
}

std::optional<Bytes> EapPeer::AnswerMd5(std::uint8_t id, const Bytes& data) {
  if (data.size() < 2 || data[1] == 0 || data.size() < std::size_t{2} + data[1]) {
    return std::nullopt;
  }
  const Bytes challenge(data.begin() + 2, data.begin() + 2 + data[1]);
  gave_proof_ = true;
  server_genuine_ = true;  // it has no way to prove it
  return Concat(
      {Bytes{kMd5, 16}, ChapMd5Response(id, options_.password, challenge), ToBytes(options_.user)});
}

std::optional<Bytes> EapPeer::AnswerMsChapV2(const Bytes& data) {
  if (data.size() < kMsChapHeader) return std::nullopt;
  if (data[1] == kChallengeOperation) return ProveMsChapV2(data);
  message_.assign(data.begin() + kMsChapHeader, data.end());
  if (data[1] == kSuccessOperation) {
    server_genuine_ =
        !expected_authenticator_.empty() && message_.rfind(expected_authenticator_, 0) == 0;
    return Bytes{kMsChapV2, kSuccessOperation};
  }
  if (data[1] == kFailureOperation) return Bytes{kMsChapV2, kFailureOperation};
  return std::nullopt;
}

std::optional<Bytes> EapPeer::ProveMsChapV2(const Bytes& data) {
  constexpr std::size_t kChallengeSize = 16;
  constexpr std::size_t kValue = kMsChapHeader + 1;
  if (data.size() < kValue + kChallengeSize || data[kMsChapHeader] != kChallengeSize) {
    return std::nullopt;
  }
  const Bytes challenge(data.begin() + kValue, data.begin() + kValue + kChallengeSize);
  std::array<std::uint8_t, kChallengeSize> peer_challenge{};
  entropy_.Fill(peer_challenge);
  const NtResponse response =
      MsChapV2Response(options_.user, options_.password, challenge, peer_challenge);
  hlak_ = HlakMsChapV2(options_.password, response);
  mppe_keys_ = {{hlak_.begin(), hlak_.begin() + 16}, {hlak_.begin() + 16, hlak_.end()}, {}};
  expected_authenticator_ =
      MsChapV2Authenticator(options_.user, options_.password, response, challenge, peer_challenge);
  gave_proof_ = true;
  const Bytes value = Concat({AsBytes(peer_challenge), Bytes(8, 0), AsBytes(response), Bytes{0}});
  const auto length =
      static_cast<std::uint16_t>(kMsChapHeader + value.size() + options_.user.size());
  return Concat({Bytes{kMsChapV2, kResponseOperation, data[2]}, Be16(length),
                 Bytes{static_cast<std::uint8_t>(value.size())}, value, ToBytes(options_.user)});
}

void EapPeer::Conclude(bool success) {
  if (!success && tls_ && tls_->refused()) {
    outcome_ = AuthOutcome::kServerNotGenuine;
  } else if (!success) {
    outcome_ = AuthOutcome::kFailed;
    if (message_.empty()) message_ = "EAP Failure";
  } else {
    outcome_ = server_genuine_ ? AuthOutcome::kSucceeded : AuthOutcome::kServerNotGenuine;
  }
}

}  // namespace sstpgw::client
