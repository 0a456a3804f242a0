// The question "may this user in" as an Access-Request (features 6.3).
//
//   PAP         User-Password (made by Seal, for each server)
//   CHAP-MD5    CHAP-Password: identifier(1) response(16); CHAP-Challenge
//   MS-CHAPv1   MS-CHAP-Challenge(8); MS-CHAP-Response: identifier(1) flags(1) LM(24) NT(24)
//   MS-CHAPv2   MS-CHAP-Challenge(16); MS-CHAP2-Response: identifier(1) flags(1) peer challenge(16)
//               reserved(8) NT response(24)      (RFC 2548 2.1, 2.3)
//   EAP         EAP-Message, in pieces of 253 octets
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/radius/nas_identity.h"
#include "controlplane/radius/request_body.h"
#include "proto/base/messages.h"
#include "proto/base/result.h"

namespace sstpgw::cp::radius {

// Octets of one EAP packet that are carried; the rest of 4096 is for the other attributes.
inline constexpr std::size_t kMaxEapSize = 3072;

struct AccessRequest {
  AuthEvidence credentials;
  SessionId session;  // Acct-Session-Id; empty: not sent
  AccessPort port;
  std::optional<std::uint16_t> framed_mtu;  // for EAP: how long a fragment may be
  std::vector<Bytes> classes;               // Class and State as received before: for another round
  std::optional<Bytes> state;  // of EAP, and for re-authentication; not what the evidence has
};

// What of the gateway's question belongs in the request; secrets are copied. The state of EAP
// evidence stays there: it is login.h's.
[[nodiscard]] AccessRequest RequestOf(const AuthorizeQuestion& question);

// Options of the operator's (features 6.3, User-Name). MS-CHAPv2 and EAP keep the name as it came:
// it is part of what the client computed.
struct UserNameRules {
  bool strip_realm = false;   // "user@realm" becomes "user"
  std::string default_realm;  // "user" becomes "user@default"
};

// What stands in User-Name.
[[nodiscard]] std::string SentUserName(const AuthEvidence& credentials, const UserNameRules& rules);

// kInvalidArgument, with words for the log: an empty user name, one of more than 253 octets, a
// password of more than 128, an EAP packet of less than 4 octets or more than kMaxEapSize.
[[nodiscard]] Result<RequestBody> AccessRequestBody(const AccessRequest& request,
                                                    const NasIdentity& nas,
                                                    const UserNameRules& rules = {});

}  // namespace sstpgw::cp::radius
