// A request before it is known which server gets it: what is the same for all, and the password
// that is hidden anew for each (features 6.1, "re-encryption"). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "controlplane/radius/authenticators.h"
#include "controlplane/radius/packet.h"
#include "proto/base/result.h"
#include "proto/base/secret.h"

namespace sstpgw::cp::radius {

struct RequestBody {
  Code code = Code::kAccessRequest;
  std::vector<Attribute> attributes;  // neither User-Password nor Message-Authenticator
  std::optional<Secret> password;     // becomes User-Password

  [[nodiscard]] RequestBody Copy() const;
};

// What is of one server and one transmission. `secret` must live for the call.
struct Envelope {
  std::uint8_t identifier = 0;
  // 16 unpredictable octets of the caller's; used for Access-Request only, others compute theirs.
  Authenticator authenticator{};
  ByteView secret;
  // Access-Requests have a Message-Authenticator in any case.
  WithMessageAuthenticator message_authenticator = WithMessageAuthenticator::kNo;
};

// The packet as it would be logged: complete but for Message-Authenticator and, where it is
// computed, the authenticator. kInvalidArgument: password of more than 128 octets.
[[nodiscard]] Result<Packet> Fill(const RequestBody& body, const Envelope& envelope);

// The datagram to send; AuthenticatorOf() of it is what the reply is verified with. Errors of Fill,
// Encode and SignRequest.
[[nodiscard]] Result<Bytes> Seal(const RequestBody& body, const Envelope& envelope,
                                 const VendorFormats& formats = {});

}  // namespace sstpgw::cp::radius
