// Who sent it and is it whole: Request and Response Authenticator (RFC 2865 3, RFC 2866 3, RFC 5176
// 3) and Message-Authenticator (80, RFC 3579 3.2), made and checked (features 6.2).
//
//   Access-Request       authenticator random; Message-Authenticator = HMAC over the packet
//   Accounting-, Disconnect-, CoA-Request
//                        authenticator = MD5(packet with 16 zeros there | secret);
//                        Message-Authenticator = HMAC over the packet with 16 zeros there
//   every reply          authenticator = MD5(packet with the request's there | secret);
//                        Message-Authenticator = HMAC over the packet with the request's there
//
// In an Accounting-Response a Message-Authenticator over zeros, as FreeRADIUS 3 makes it, is
// accepted as well. The Message-Authenticator counts as 16 zeros in its own HMAC and is made before
// an MD5. Ours is always the first attribute, so that nobody can put something before it
// (BlastRADIUS, CVE-2024-3596). Everything is compared in constant time. Pure; any thread.
#pragma once

#include <cstdint>

#include "controlplane/radius/packet.h"
#include "proto/base/result.h"
#include "proto/base/types.h"

namespace sstpgw::cp::radius {

enum class WithMessageAuthenticator : bool { kNo = false, kYes = true };

// The datagram to send: `request.authenticator` is used as it is for Access-Request and
// Status-Server (16 unpredictable octets, made by the caller), which always get a
// Message-Authenticator; it is computed for all other codes. A Message-Authenticator among the
// attributes is left out in favour of our own. Errors: those of Encode and Md5.
[[nodiscard]] Result<Bytes> SignRequest(const Packet& request, ByteView secret,
                                        WithMessageAuthenticator with,
                                        const VendorFormats& formats = {});

// The answer to a request with this authenticator; `reply.authenticator` is not looked at.
[[nodiscard]] Result<Bytes> SignReply(const Packet& reply, const Authenticator& request,
                                      ByteView secret, WithMessageAuthenticator with,
                                      const VendorFormats& formats = {});

// Octets 4..19 of a datagram: what a signed request was sent with, for VerifyReply. `datagram` has
// at least 20 octets.
[[nodiscard]] Authenticator AuthenticatorOf(ByteView datagram);

enum class Verdict : std::uint8_t {
  kGenuine,
  kMalformed,                   // not a packet, or more than one Message-Authenticator
  kWrongAuthenticator,          // other secret, forged, or the answer to something else
  kWrongMessageAuthenticator,   // there, but not ours; also with another length than 16
  kMissingMessageAuthenticator  // required and not there
};
[[nodiscard]] const char* ToString(Verdict verdict);  // "wrong authenticator"

enum class MessageAuthenticatorRule : bool { kIfPresent = false, kRequired = true };

// Is it an answer of somebody who knows the secret to the request with this authenticator? Whoever
// calls it has compared source address, identifier and code.
[[nodiscard]] Verdict VerifyReply(ByteView datagram, const Authenticator& request, ByteView secret,
                                  MessageAuthenticatorRule rule);

// Is it an Accounting-, Disconnect- or CoA-Request of somebody who knows the secret?
[[nodiscard]] Verdict VerifyRequest(ByteView datagram, ByteView secret,
                                    MessageAuthenticatorRule rule);

// Whether there is one at all, right or wrong. False for what is not a packet.
[[nodiscard]] bool HasMessageAuthenticator(ByteView datagram);

}  // namespace sstpgw::cp::radius
