// Logins judged by RADIUS servers: asks them over RadiusLink, and writes the log lines of it.
//
// State and Class of a session that will have to log in again (Termination-Action RADIUS-Request)
// are remembered and sent with that login. After a restart of this process they are not. They are
// forgotten with the session, also when it is over before its server has answered, and after
// kUnreported when no gateway has said that the session was let in.
//
// Threads: everything in the app's thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

#include "controlplane/app/radius_link.h"
#include "controlplane/auth/authenticator.h"
#include "controlplane/config/radius_config.h"
#include "proto/base/types.h"

namespace sstpgw::cp {

class RadiusAuthenticator final : public Authenticator {
 public:
  // Longer than a login lasts, and than most losses of a gateway's stream.
  static constexpr std::chrono::minutes kUnreported{10};

  // `link` must outlive this. What has been asked goes on when this is destroyed before.
  explicit RadiusAuthenticator(RadiusLink& link);
  ~RadiusAuthenticator() override;

  // Of a valid configuration, copied. Also while requests are on their way: their replies are read
  // by the rules that hold when they come. The link is configured by its owner.
  void Configure(const RadiusConfig& config);
  // Before the first Configure everybody is refused.
  void Authenticate(const AuthorizeQuestion& question,
                    std::function<void(AuthOutcome)> done) override;
  // Its gateway says that the session has been let in.
  void LetIn(const SessionId& session);
  // The session is over. Ignored if nothing is remembered of it nor asked for it.
  void Forget(const SessionId& session);
  void Tick(TimePoint now);
  // Sessions of which anything is remembered.
  [[nodiscard]] std::size_t remembered() const;

 private:
  struct Rules;
  RadiusLink& link_;
  std::shared_ptr<Rules> rules_;  // shared with requests on their way
};

}  // namespace sstpgw::cp
