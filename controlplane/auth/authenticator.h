// Who is this, and may they in: the question every backend (local users, RADIUS) answers. Nothing
// here knows pools, sessions or limits; the authorizer adds those.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "controlplane/shaper/rate_table.h"
#include "proto/base/ip.h"
#include "proto/base/messages.h"
#include "proto/base/secret.h"
#include "proto/base/session_policy.h"
#include "proto/base/types.h"

namespace sstpgw::cp {

// What accounting records say of a session, beside what its gateway tells.
struct AccountingFacts {
  std::string user_name;       // User-Name of the Access-Accept; empty: the client's
  std::vector<Bytes> classes;  // Class of the Access-Accept, all in their order
  std::optional<std::uint32_t> nas_port;
  std::optional<std::chrono::seconds> interim_interval;  // 0: none; absent: the configuration's
};

// What a backend says of a user it lets in. What is empty or absent is left to the configuration.
struct AuthGranted {
  std::optional<Ipv4Address> static_ip;  // instead of one from a pool
  std::string pool;                      // instead of the default pool; may be one that is unknown
  Secret hlak;                           // 32 octets (features 1.6.2)
  MppeKeys mppe;                         // as in AuthorizeAccept
  std::string success_message;           // as in AuthorizeAccept
  Bytes eap_message;                     // likewise
  std::vector<Ipv4Address> dns;          // 0..2
  std::vector<Ipv4Address> wins;         // 0..2
  std::chrono::seconds session_timeout{0};  // 0: none
  std::chrono::seconds idle_timeout{0};     // 0: none
  bool reauthenticate = false;              // as in SessionPolicy
  NetworkPolicy network;
  RateTable rates;
  AccountingFacts accounting;
};
// With a challenge the conversation goes on: the client's answer is another question.
using AuthOutcome = std::variant<AuthGranted, AuthorizeReject, AuthorizeChallenge>;

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // Calls `done` exactly once, before it returns or later, always in the caller's thread.
  // `question` is valid until this returns.
  virtual void Authenticate(const AuthorizeQuestion& question,
                            std::function<void(AuthOutcome)> done) = 0;
};

}  // namespace sstpgw::cp
