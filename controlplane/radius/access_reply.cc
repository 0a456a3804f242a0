#include "controlplane/radius/access_reply.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "controlplane/auth/ms_chap.h"
#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/attribute_values.h"
#include "proto/base/text.h"

namespace sstpgw::cp::radius {
namespace {

constexpr const char* kSucceeded = "Authentication succeeded";
constexpr std::size_t kHlakSize = 32;
constexpr std::size_t kMsChapKeySize = 16;
constexpr std::size_t kEapHeader = 4;
constexpr std::size_t kMaxMessage = 255;
constexpr std::size_t kAuthenticatorResponse = 42;  // "S=" and 40 hex digits

auto Invalid(std::string what) { return Fail(Error{ErrorCode::kInvalidArgument, std::move(what)}); }

struct MppeKeys {
  Secret send;
  Secret recv;
};

Result<Secret> RevealKey(const Packet& packet, AttributeKey key, const char* name,
                         const SharedWith& shared) {
  const Attribute* attribute = packet.Find(key);
  if (attribute == nullptr) {
    return Invalid("MS-MPPE keys missing in Access-Accept (" + std::string(name) +
                   "), crypto binding will fail");
  }
  auto revealed = RevealSalted(attribute->value, shared);
  if (!revealed) {
    return Invalid(std::string(name) +
                   " in Access-Accept is malformed: " + revealed.error().message);
  }
  return revealed;
}

Result<MppeKeys> RevealKeys(const Packet& packet, const SharedWith& shared) {
  MppeKeys keys;
  SG_ASSIGN_OR_RETURN(keys.recv, RevealKey(packet, kMsMppeRecvKey, "MS-MPPE-Recv-Key", shared));
  SG_ASSIGN_OR_RETURN(keys.send, RevealKey(packet, kMsMppeSendKey, "MS-MPPE-Send-Key", shared));
  return keys;
}

// The first 32 octets of both one behind the other, with zeros behind them.
Secret Hlak(ByteView recv, ByteView send) {
  std::array<std::uint8_t, kHlakSize> octets{};
  const std::size_t from_recv = std::min(recv.size(), kHlakSize);
  const std::size_t from_send = std::min(send.size(), kHlakSize - from_recv);
  std::copy_n(recv.begin(), from_recv, octets.begin());
  std::copy_n(send.begin(), from_send, octets.begin() + static_cast<std::ptrdiff_t>(from_recv));
  Secret hlak{ByteView(octets)};
  SecureWipe(octets);
  return hlak;
}

Result<void> AddMsChapV1Keys(const Packet& packet, const AskedWith& asked, const SharedWith& shared,
                             AccessAccept& accept) {
  const Attribute* attribute = packet.Find(kMsChapMppeKeys);
  if (attribute == nullptr) {
    return Invalid("MS-CHAP-MPPE-Keys missing in Access-Accept, crypto binding will fail");
  }
  SG_ASSIGN_OR_RETURN(const MsChapMppeKeys keys, RevealMsChapMppeKeys(attribute->value, shared));
  NtHash hash_hash{};
  std::copy_n(keys.nt_key.Reveal().begin(), hash_hash.size(), hash_hash.begin());
  MppeKey key = MsChapV1StartKeyOfHashHash(hash_hash, asked.v1_challenge);
  accept.hlak = HlakOfMsChapV1HashHash(hash_hash, asked.v1_challenge);
  accept.mppe_send_key = Secret(ByteView(key));
  accept.mppe_recv_key = Secret(ByteView(key));
  // A server that does not have the LAN Manager hash leaves its place empty.
  const ByteView lm = keys.lm_key.Reveal();
  if (std::any_of(lm.begin(), lm.end(), [](std::uint8_t octet) { return octet != 0; })) {
    accept.lan_manager_key = keys.lm_key.Copy();
  }
  SecureWipe(hash_hash);
  SecureWipe(key);
  return {};
}

bool IsHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
  });
}

// MS-CHAP2-Success: identifier(1), then "S=" 40 hex digits, perhaps " M=" and text (RFC
// 2548 2.3.3).
Result<std::string> SuccessMessage(const Packet& packet, const AskedWith& asked) {
  const Attribute* attribute = packet.Find(kMsChap2Success);
  if (attribute == nullptr) return Invalid("MS-CHAP2-Success missing in Access-Accept");
  const ByteView value = attribute->value;
  if (value.size() < 1 + kAuthenticatorResponse) {
    return Invalid("MS-CHAP2-Success of " + std::to_string(value.size()) + " octets");
  }
  if (value[0] != asked.identifier) {
    return Invalid("MS-CHAP2-Success for response " + std::to_string(value[0]) +
                   ", asked was for " + std::to_string(asked.identifier));
  }
  const std::string_view text = ReadText(value.subspan(1));
  const std::string_view proof = text.substr(0, kAuthenticatorResponse);
  if (proof.size() != kAuthenticatorResponse || !proof.starts_with("S=") ||
      !IsHex(proof.substr(2))) {
    return Invalid("MS-CHAP2-Success without S= and 40 hexadecimal digits");
  }
  const std::size_t message = text.find(" M=", kAuthenticatorResponse);
  const bool has_message = message != std::string_view::npos;
  return std::string(proof) +
         " M=" + (has_message ? Escape(text.substr(message + 3)) : std::string(kSucceeded));
}

Result<void> AddMsChapV2(const Packet& packet, const AskedWith& asked, const SharedWith& shared,
                         AccessAccept& accept) {
  SG_ASSIGN_OR_RETURN(accept.success_message, SuccessMessage(packet, asked));
  SG_ASSIGN_OR_RETURN(MppeKeys keys, RevealKeys(packet, shared));
  if (keys.recv.size() != kMsChapKeySize || keys.send.size() != kMsChapKeySize) {
    return Invalid("MS-MPPE keys of " + std::to_string(keys.recv.size()) + " and " +
                   std::to_string(keys.send.size()) +
                   " octets in Access-Accept, MS-CHAPv2 has 16, crypto binding would fail");
  }
  accept.hlak = Hlak(keys.recv.Reveal(), keys.send.Reveal());
  accept.mppe_send_key = std::move(keys.send);
  accept.mppe_recv_key = std::move(keys.recv);
  return {};
}

// Length inside an EAP packet is not looked at: that is between server and client.
Result<Bytes> EapMessage(const Packet& packet) {
  Bytes message = packet.Concatenated(kEapMessage);
  if (!message.empty() && message.size() < kEapHeader) {
    return Invalid("an EAP-Message of " + std::to_string(message.size()) + " octets");
  }
  return message;
}

// MD5-Challenge, One-Time Password, Generic Token Card (RFC 3748 5.4 to 5.6).
bool MakesNoKeys(std::uint8_t eap_type) { return eap_type >= 4 && eap_type <= 6; }

Result<void> AddEap(const Packet& packet, const AskedWith& asked, const SharedWith& shared,
                    AccessAccept& accept) {
  SG_ASSIGN_OR_RETURN(accept.eap_message, EapMessage(packet));
  if (MakesNoKeys(asked.eap_type) && packet.Find(kMsMppeRecvKey) == nullptr &&
      packet.Find(kMsMppeSendKey) == nullptr) {
    accept.hlak = ZeroHlak();
    return {};
  }
  SG_ASSIGN_OR_RETURN(MppeKeys keys, RevealKeys(packet, shared));
  if (keys.recv.empty()) return Invalid("an empty MS-MPPE-Recv-Key in Access-Accept");
  accept.hlak = Hlak(keys.recv.Reveal(), keys.send.Reveal());
  accept.mppe_send_key = std::move(keys.send);
  accept.mppe_recv_key = std::move(keys.recv);
  return {};
}

Result<void> AddProof(const Packet& packet, const AskedWith& asked, const SharedWith& shared,
                      AccessAccept& accept) {
  switch (asked.method) {
    case AuthMethod::kPap:
    case AuthMethod::kChapMd5:
      accept.hlak = ZeroHlak();
      return {};
    case AuthMethod::kMsChapV1:
      return AddMsChapV1Keys(packet, asked, shared, accept);
    case AuthMethod::kMsChapV2:
      return AddMsChapV2(packet, asked, shared, accept);
    case AuthMethod::kEap:
      return AddEap(packet, asked, shared, accept);
  }
  return Invalid("unknown authentication method");
}

// The codes a client has words for (features 3.4.4).
bool IsMsChapError(std::uint32_t code) {
  constexpr std::uint32_t kKnown[] = {646, 647, 648, 649, 691, 709};
  return std::find(std::begin(kKnown), std::end(kKnown), code) != std::end(kKnown);
}

// What of a text fits into a CHAP message beside the rest; not cut inside a character.
std::string Shortened(std::string text) {
  if (text.size() <= kMaxMessage) return text;
  std::size_t end = kMaxMessage;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text;
}

// MS-CHAP-Error: identifier(1), then "E=691 R=1 C=.. V=3 M=..." (RFC 2548 2.1.5). R and C are not
// taken over: there is no second try, and the challenge in it is not ours.
void ReadMsChapError(const Attribute& attribute, AccessReject& reject) {
  const auto warn = [&](std::string what) {
    reject.warnings.push_back({attribute.key(), "MS-CHAP-Error " + std::move(what)});
  };
  std::string_view text = ReadText(attribute.value);
  // Some servers leave the identifier out.
  if (!text.empty() && !text.starts_with("E=")) text.remove_prefix(1);
  if (!text.starts_with("E=")) return warn("without E=");
  std::uint32_t code = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + 2, end, code);
  if (error != std::errc() || (stop != end && *stop != ' ')) return warn("without number");
  if (IsMsChapError(code)) {
    reject.mschap_error = code;
  } else {
    warn("with the unknown code " + std::to_string(code) + ", the client is told 691");
  }
  const std::size_t message = text.find(" M=");
  if (message != std::string_view::npos)
    reject.message = Shortened(Escape(text.substr(message + 3)));
}

std::string ReplyMessage(const Packet& packet) {
  std::string all;
  for (const Attribute* attribute : packet.FindAll(kReplyMessage)) {
    const std::string_view text = ReadText(attribute->value);
    if (!all.empty() && !text.empty()) all += ' ';
    all += Escape(text);
  }
  return Shortened(std::move(all));
}

}  // namespace

AskedWith AskedBy(const AuthEvidence& evidence) {
  AskedWith asked;
  if (const auto* v1 = std::get_if<MsChapV1Evidence>(&evidence)) {
    asked = {AuthMethod::kMsChapV1, v1->identifier, v1->challenge, 0};
  } else if (const auto* v2 = std::get_if<MsChapV2Evidence>(&evidence)) {
    asked = {AuthMethod::kMsChapV2, v2->identifier, {}, 0};
  } else if (const auto* chap = std::get_if<ChapMd5Evidence>(&evidence)) {
    asked = {AuthMethod::kChapMd5, chap->identifier, {}, 0};
  } else if (const auto* eap = std::get_if<EapEvidence>(&evidence)) {
    asked.method = AuthMethod::kEap;
    const ByteView message = eap->message.Reveal();
    if (message.size() > kEapHeader) asked.eap_type = message[kEapHeader];
  }
  return asked;
}

Result<AccessAccept> ReadAccessAccept(const Packet& packet, const AskedWith& asked,
                                      const SharedWith& shared,
                                      const SessionAttributeSettings& settings) {
  AccessAccept accept;
  accept.success_message = kSucceeded;
  SG_RETURN_IF_ERROR(AddProof(packet, asked, shared, accept));
  // What was read above, or belongs to the transport, is not "not used".
  std::vector<Attribute> rest;
  constexpr AttributeKey kDone[] = {
      kMessageAuthenticator, kEapMessage,     kMsMppeSendKey, kMsMppeRecvKey,
      kMsChapMppeKeys,       kMsChap2Success, kProxyState};
  for (const Attribute& attribute : packet.attributes) {
    if (std::find(std::begin(kDone), std::end(kDone), attribute.key()) == std::end(kDone)) {
      rest.push_back(attribute);
    }
  }
  accept.session = ReadSessionAttributes(rest, settings);
  return accept;
}

AccessReject ReadAccessReject(const Packet& packet) {
  AccessReject reject;
  if (const Attribute* error = packet.Find(kMsChapError)) ReadMsChapError(*error, reject);
  std::string message = ReplyMessage(packet);
  if (!message.empty()) reject.message = std::move(message);
  auto eap = EapMessage(packet);
  if (eap) {
    reject.eap_message = *std::move(eap);
  } else {
    reject.warnings.push_back({kEapMessage, eap.error().message});
  }
  return reject;
}

Result<AccessChallenge> ReadAccessChallenge(const Packet& packet) {
  AccessChallenge challenge;
  SG_ASSIGN_OR_RETURN(challenge.eap_message, EapMessage(packet));
  if (challenge.eap_message.empty()) {
    return Invalid("an Access-Challenge without EAP-Message, nobody can answer it");
  }
  if (const Attribute* state = packet.Find(kState)) challenge.state = state->value;
  if (const Attribute* timeout = packet.Find(kSessionTimeout)) {
    if (const auto seconds = ReadInteger(timeout->value)) {
      challenge.session_timeout = std::chrono::seconds(*seconds);
    }
  }
  challenge.message = ReplyMessage(packet);
  return challenge;
}

}  // namespace sstpgw::cp::radius
