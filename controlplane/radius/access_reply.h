// What a server answered to an Access-Request, as values (features 1.6.2, 3.4, 6.3 "Replies", 6.5).
// The packet must have been found genuine before (authenticators.h).
//
// Whoever may come in has keys that SSTP's crypto binding needs (HLAK, 32 octets):
//   PAP, CHAP-MD5  zeros
//   MS-CHAPv1      the start key (RFC 3079 2.4) twice, made from MS-CHAP-MPPE-Keys
//   MS-CHAPv2      MS-MPPE-Recv-Key(16) MS-MPPE-Send-Key(16)
//   EAP            the first 32 octets of the MSK, MS-MPPE-Recv-Key before MS-MPPE-Send-Key: the
//                  whole Recv-Key where it has 32, both where a method makes 16 each
//                  (EAP-MSCHAPv2); padded with zeros at the end. Methods that make none (MD5, OTP,
//                  GTC): zeros
// Without them the client's Compound MAC could not match; then the reply is an error, with words
// for the log, and the client is refused. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/radius/access_request.h"
#include "controlplane/radius/packet.h"
#include "controlplane/radius/secret_values.h"
#include "controlplane/radius/session_attributes.h"
#include "proto/base/result.h"
#include "proto/base/secret.h"

namespace sstpgw::cp::radius {

enum class AuthMethod : std::uint8_t { kPap, kChapMd5, kMsChapV1, kMsChapV2, kEap };

// What the reply is an answer to.
struct AskedWith {
  AuthMethod method = AuthMethod::kPap;
  std::uint8_t identifier = 0;                 // of the client's response; MS-CHAPv2
  std::array<std::uint8_t, 8> v1_challenge{};  // MS-CHAPv1
  std::uint8_t eap_type = 0;                   // of the client's response (RFC 3748 5); EAP
};
[[nodiscard]] AskedWith AskedBy(const AuthEvidence& evidence);

struct AccessAccept {
  SessionAttributes session;
  Secret hlak;                  // 32 octets
  std::string success_message;  // as in AuthorizeAccept
  Bytes eap_message;            // for the client; empty: none (or not EAP)
  // Start keys for MPPE as they came, of whatever length; empty: none. MS-CHAPv1 has one for both
  // directions.
  Secret mppe_send_key;
  Secret mppe_recv_key;
  Secret lan_manager_key;  // 8 octets, MS-CHAPv1; empty: the server knows none
};

struct AccessReject {
  std::uint32_t mschap_error = 691;  // E= for the client
  std::string message;  // M= for the client; one line, at most 255 octets, may be empty
  Bytes eap_message;    // for the client; empty: none (or not EAP)
  std::vector<AttributeWarning> warnings;
};

struct AccessChallenge {
  Bytes eap_message;                                    // never empty
  std::optional<Bytes> state;                           // for the next Access-Request
  std::optional<std::chrono::seconds> session_timeout;  // how long the client may take (RFC 3579)
  std::string message;
};

// `shared`: the secret of the server that answered, the authenticator of what it was asked with.
// kInvalidArgument, with words for the log: no MS-CHAP2-Success for MS-CHAPv2 or one that is none;
// keys missing or malformed.
[[nodiscard]] Result<AccessAccept> ReadAccessAccept(const Packet& packet, const AskedWith& asked,
                                                    const SharedWith& shared,
                                                    const SessionAttributeSettings& settings);

// Always gives a reject, whatever is in it.
[[nodiscard]] AccessReject ReadAccessReject(const Packet& packet);

// kInvalidArgument: no EAP-Message (not asked with EAP: nobody here can answer a challenge), or one
// that is no EAP packet.
[[nodiscard]] Result<AccessChallenge> ReadAccessChallenge(const Packet& packet);

}  // namespace sstpgw::cp::radius
