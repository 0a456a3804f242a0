// Who is this, and may they in: the question every backend (local users, RADIUS) answers. Nothing
// here knows pools, sessions or limits; the authorizer adds those.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "proto/base/ip.h"
#include "proto/base/messages.h"
#include "proto/base/secret.h"

namespace sstpgw::cp {

// What a backend says of a user it lets in.
struct AuthGranted {
  std::optional<Ipv4Address> static_ip;  // instead of one from the pool
  Secret hlak;                           // 32 octets (features 1.6.2)
  std::string success_message;           // as in AuthorizeAccept
};
using AuthOutcome = std::variant<AuthGranted, AuthorizeReject>;

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // Calls `done` exactly once, before it returns or later, always in the caller's thread.
  // `question` is valid until this returns.
  virtual void Authenticate(const AuthorizeQuestion& question,
                            std::function<void(AuthOutcome)> done) = 0;
};

}  // namespace sstpgw::cp
