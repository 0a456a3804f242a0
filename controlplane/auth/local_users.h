// The users of the configuration (features 3.4.6): PAP, CHAP-MD5, MS-CHAP v1 and v2.
//
// A wrong password, a name that does not exist and a disabled account give the same answer after
// the same work: for a name without account the same arithmetic is done with a stand-in. Names are
// octets and are compared as they are, domain included; only MS-CHAPv2's arithmetic drops the
// domain (3.4.4). Pure; const methods may be called from several threads.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "controlplane/auth/authenticator.h"
#include "controlplane/config/control_config.h"
#include "proto/base/messages.h"

namespace sstpgw::cp {

class LocalUsers final : public Authenticator {
 public:
  using UserMap = std::map<std::string, LocalUser, std::less<>>;
  // Takes copies of what it needs.
  explicit LocalUsers(const UserMap& users);

  [[nodiscard]] AuthOutcome Verify(const AuthEvidence& evidence) const;
  // Answers at once.
  void Authenticate(const AuthorizeQuestion& question,
                    std::function<void(AuthOutcome)> done) override;

 private:
  struct Account {
    Secret password;
    Secret password_digest;  // SHA-256, so that comparing takes the same time for every length
    Secret nt_hash;          // 16 octets
    std::optional<Ipv4Address> static_ip;
  };
  [[nodiscard]] static Account MakeAccount(std::string_view password);

  std::unordered_map<std::string, Account> accounts_;  // without the disabled ones
  Account stand_in_;
};

}  // namespace sstpgw::cp
