#include "controlplane/app/radius_identity.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "controlplane/edge/radius_sockets.h"
#include "controlplane/radius/settings_of.h"

namespace sstpgw::cp {

RadiusIdentity::RadiusIdentity(const RadiusConfig& config)
    : RadiusIdentity(config, SourceTowards) {}

RadiusIdentity::RadiusIdentity(const RadiusConfig& config, Routes routes)
    : identity_(radius::NasIdentityOf(config)), routes_(std::move(routes)) {
  if (!identity_.identifier.empty() || identity_.ipv4_address) return;
  const auto server = std::find_if(config.servers.begin(), config.servers.end(),
                                   [](const RadiusServerConfig& one) { return !one.disabled; });
  if (server == config.servers.end()) return;
  if (IsIpv4(server->address)) {
    identity_.ipv4_address = config.source_address;
    if (identity_.ipv4_address) return;
  } else {
    identity_.ipv6_address = config.source_ipv6_address;
    if (identity_.ipv6_address) return;
  }
  towards_ = IpEndpoint{server->address, server->port};
}

const radius::NasIdentity& RadiusIdentity::Get() {
  if (!towards_) return identity_;
  const auto source = routes_(*towards_);
  if (!source) return identity_;
  towards_.reset();
  if (const auto* v4 = std::get_if<Ipv4Address>(&*source)) {
    identity_.ipv4_address = *v4;
  } else {
    identity_.ipv6_address = std::get<Ipv6Address>(*source);
  }
  return identity_;
}

std::vector<std::string> ForeignSources(const RadiusConfig& config) {
  std::vector<std::string> warnings;
  const auto check = [&](const IpAddress& address, const std::string& key,
                         const std::string& servers) {
    if (CheckLocalAddress(address)) return;
    warnings.push_back("radius " + key + " " + ToString(address) +
                       " is not an address of this host: " + servers +
                       " cannot be asked. Give this host the address (ip address shows those it "
                       "has), or remove " +
                       key + ".");
  };
  if (config.source_address) check(*config.source_address, "source-address", "IPv4 servers");
  if (config.source_ipv6_address) {
    check(*config.source_ipv6_address, "source-ipv6-address", "IPv6 servers");
  }
  return warnings;
}

}  // namespace sstpgw::cp
