#include "controlplane/session/prefix_leases.h"

#include <algorithm>
#include <iterator>

namespace sstpgw::cp {

std::vector<Ipv6Prefix> LeasesOf(const NetworkPolicy& network) {
  std::vector<Ipv6Prefix> leases = network.framed_ipv6_prefixes;
  leases.insert(leases.end(), network.delegated_ipv6_prefixes.begin(),
                network.delegated_ipv6_prefixes.end());
  for (const Ipv6Address& address : network.framed_ipv6_addresses) {
    leases.push_back(MakeIpv6Prefix(address, 128));
  }
  std::sort(leases.begin(), leases.end());
  leases.erase(std::unique(leases.begin(), leases.end()), leases.end());
  return leases;
}

std::vector<Ipv6Prefix> Without(const std::vector<Ipv6Prefix>& before,
                                const std::vector<Ipv6Prefix>& after) {
  std::vector<Ipv6Prefix> gone;
  std::set_difference(before.begin(), before.end(), after.begin(), after.end(),
                      std::back_inserter(gone));
  return gone;
}

}  // namespace sstpgw::cp
