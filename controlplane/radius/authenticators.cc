#include "controlplane/radius/authenticators.h"

#include <algorithm>
#include <optional>

#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/md5.h"
#include "proto/base/secret.h"

namespace sstpgw::cp::radius {
namespace {

constexpr std::size_t kAuthenticatorAt = 4;
// Ours is the first attribute: type, length, value.
constexpr std::size_t kOwnMessageAuthenticatorAt = kHeaderSize + 2;

void SetAuthenticator(Bytes& octets, const Authenticator& authenticator) {
  std::copy(authenticator.begin(), authenticator.end(), octets.begin() + kAuthenticatorAt);
}

// `packet` with `authenticator` in its header and, if wanted, 16 zeros as first attribute.
Result<Bytes> EncodeUnsigned(const Packet& packet, const Authenticator& authenticator,
                             WithMessageAuthenticator with, const VendorFormats& formats) {
  Packet copy;
  copy.code = packet.code;
  copy.identifier = packet.identifier;
  copy.authenticator = authenticator;
  copy.attributes.reserve(packet.attributes.size() + 1);
  if (with == WithMessageAuthenticator::kYes) copy.Add(kMessageAuthenticator, Bytes(16));
  for (const Attribute& attribute : packet.attributes) {
    if (attribute.key() != kMessageAuthenticator) copy.attributes.push_back(attribute);
  }
  return Encode(copy, formats);
}

Result<void> FillMessageAuthenticator(Bytes& octets, ByteView secret) {
  SG_ASSIGN_OR_RETURN(const Md5Digest digest, HmacMd5(secret, octets));
  std::copy(digest.begin(), digest.end(), octets.begin() + kOwnMessageAuthenticatorAt);
  return {};
}

// Signs with `authenticator` in the place of the one that MD5 will give.
Result<Bytes> SignBy(const Packet& packet, const Authenticator& authenticator, ByteView secret,
                     WithMessageAuthenticator with, const VendorFormats& formats) {
  SG_ASSIGN_OR_RETURN(Bytes octets, EncodeUnsigned(packet, authenticator, with, formats));
  if (with == WithMessageAuthenticator::kYes) {
    SG_RETURN_IF_ERROR(FillMessageAuthenticator(octets, secret));
  }
  SG_ASSIGN_OR_RETURN(const Md5Digest digest, Md5({octets, secret}));
  SetAuthenticator(octets, digest);
  return octets;
}

struct MessageAuthenticatorPlace {
  std::size_t count = 0;
  std::size_t value_at = 0;  // of the last one
  std::size_t value_size = 0;
};

// `octets` come from PacketOctets.
MessageAuthenticatorPlace FindMessageAuthenticator(ByteView octets) {
  MessageAuthenticatorPlace place;
  for (std::size_t at = kHeaderSize; at < octets.size(); at += octets[at + 1]) {
    if (octets[at] != kMessageAuthenticator.type) continue;
    ++place.count;
    place.value_at = at + 2;
    place.value_size = octets[at + 1] - 2U;
  }
  return place;
}

// Checks a packet whose authenticator is MD5 over itself with `authenticator` in its place.
Verdict VerifyBy(ByteView datagram, const Authenticator& authenticator, ByteView secret,
                 MessageAuthenticatorRule rule) {
  const auto octets = PacketOctets(datagram);
  if (!octets) return Verdict::kMalformed;
  const MessageAuthenticatorPlace place = FindMessageAuthenticator(*octets);
  if (place.count > 1) return Verdict::kMalformed;

  Bytes copy(octets->begin(), octets->end());
  SetAuthenticator(copy, authenticator);
  const auto digest = Md5({copy, secret});
  if (!digest || !ConstantTimeEqual(*digest, octets->subspan(kAuthenticatorAt, 16))) {
    return Verdict::kWrongAuthenticator;
  }
  if (place.count == 0) {
    return rule == MessageAuthenticatorRule::kRequired ? Verdict::kMissingMessageAuthenticator
                                                       : Verdict::kGenuine;
  }
  if (place.value_size != 16) return Verdict::kWrongMessageAuthenticator;
  std::fill_n(copy.begin() + static_cast<std::ptrdiff_t>(place.value_at), 16, std::uint8_t{0});
  const ByteView claimed = octets->subspan(place.value_at, 16);
  auto hmac = HmacMd5(secret, copy);
  bool right = hmac && ConstantTimeEqual(*hmac, claimed);
  if (!right && copy[0] == static_cast<std::uint8_t>(Code::kAccountingResponse)) {
    // No RFC says how it is made in this one, and FreeRADIUS 3 takes zeros for the authenticator.
    // The MD5 above, over the request's, has tied the packet to the request already.
    SetAuthenticator(copy, Authenticator{});
    hmac = HmacMd5(secret, copy);
    right = hmac && ConstantTimeEqual(*hmac, claimed);
  }
  return right ? Verdict::kGenuine : Verdict::kWrongMessageAuthenticator;
}

}  // namespace

Result<Bytes> SignRequest(const Packet& request, ByteView secret, WithMessageAuthenticator with,
                          const VendorFormats& formats) {
  if (request.code != Code::kAccessRequest && request.code != Code::kStatusServer) {
    return SignBy(request, Authenticator{}, secret, with, formats);
  }
  SG_ASSIGN_OR_RETURN(Bytes octets, EncodeUnsigned(request, request.authenticator,
                                                   WithMessageAuthenticator::kYes, formats));
  SG_RETURN_IF_ERROR(FillMessageAuthenticator(octets, secret));
  return octets;
}

Result<Bytes> SignReply(const Packet& reply, const Authenticator& request, ByteView secret,
                        WithMessageAuthenticator with, const VendorFormats& formats) {
  return SignBy(reply, request, secret, with, formats);
}

Authenticator AuthenticatorOf(ByteView datagram) {
  Authenticator authenticator{};
  std::copy_n(datagram.begin() + kAuthenticatorAt, authenticator.size(), authenticator.begin());
  return authenticator;
}

const char* ToString(Verdict verdict) {
  switch (verdict) {
    case Verdict::kGenuine:
      return "genuine";
    case Verdict::kMalformed:
      return "malformed";
    case Verdict::kWrongAuthenticator:
      return "wrong authenticator";
    case Verdict::kWrongMessageAuthenticator:
      return "wrong Message-Authenticator";
    case Verdict::kMissingMessageAuthenticator:
      return "Message-Authenticator missing";
  }
  return "unknown";
}

Verdict VerifyReply(ByteView datagram, const Authenticator& request, ByteView secret,
                    MessageAuthenticatorRule rule) {
  return VerifyBy(datagram, request, secret, rule);
}

Verdict VerifyRequest(ByteView datagram, ByteView secret, MessageAuthenticatorRule rule) {
  return VerifyBy(datagram, Authenticator{}, secret, rule);
}

bool HasMessageAuthenticator(ByteView datagram) {
  const auto octets = PacketOctets(datagram);
  return octets && FindMessageAuthenticator(*octets).count > 0;
}

}  // namespace sstpgw::cp::radius
