// Logins judged by RADIUS servers: asks them over RadiusLink, and writes the log lines of it.
//
// State and Class of a session that will have to log in again (Termination-Action RADIUS-Request)
// are remembered and sent with that login. After a restart of this process they are not.
//
// Threads: everything in the app's thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "controlplane/app/radius_link.h"
#include "controlplane/auth/authenticator.h"
#include "controlplane/config/radius_config.h"

namespace sstpgw::cp {

class RadiusAuthenticator final : public Authenticator {
 public:
  // `link` must outlive this. What has been asked goes on when this is destroyed before.
  explicit RadiusAuthenticator(RadiusLink& link);
  ~RadiusAuthenticator() override;

  // Of a valid configuration, copied. Also while requests are on their way: their replies are read
  // by the rules that hold when they come. The link is configured by its owner.
  void Configure(const RadiusConfig& config);
  // Before the first Configure everybody is refused.
  void Authenticate(const AuthorizeQuestion& question,
                    std::function<void(AuthOutcome)> done) override;
  // The session is over. Ignored if nothing is remembered of it.
  void Forget(const SessionId& session);
  // Sessions of which anything is remembered.
  [[nodiscard]] std::size_t remembered() const;

 private:
  struct Rules;
  RadiusLink& link_;
  std::shared_ptr<Rules> rules_;  // shared with requests on their way
};

}  // namespace sstpgw::cp
