// Who asks, in every RADIUS request: what the configuration says, or, where it says neither
// nas-identifier nor nas-ip-address, the address that packets to the servers come from (features
// 6.3).
//
// Threads: the app's thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/config/radius_config.h"
#include "controlplane/radius/nas_identity.h"
#include "proto/base/ip_endpoint.h"
#include "proto/base/result.h"

namespace sstpgw::cp {

class RadiusIdentity {
 public:
  // The source that the routes give packets to there; an error: there is no route.
  using Routes = std::function<Result<IpAddress>(const IpEndpoint&)>;

  RadiusIdentity() = default;
  // Of a valid configuration. Takes copies of what it needs. The routes are the kernel's.
  explicit RadiusIdentity(const RadiusConfig& config);
  RadiusIdentity(const RadiusConfig& config, Routes routes);

  // Asks the routes if need be, every time until they have an answer, and keeps it from then on:
  // servers know us by it. With neither name nor address while there is no route.
  [[nodiscard]] const radius::NasIdentity& Get();

 private:
  radius::NasIdentity identity_;
  Routes routes_;
  std::optional<IpEndpoint> towards_;  // the first server in use, while the routes are to be asked
};

// Warnings of source addresses that this host does not have: with what cannot be done and what can
// be done about it. Empty: all is well.
[[nodiscard]] std::vector<std::string> ForeignSources(const RadiusConfig& config);

}  // namespace sstpgw::cp
