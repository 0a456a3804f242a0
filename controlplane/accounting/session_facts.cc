// What accounting takes from a gateway's record of a session.
#include <algorithm>

#include "controlplane/accounting/session_accounting.h"

namespace sstpgw::cp::accounting {

Addresses AddressesOf(const SessionRecord& record) {
  const NetworkRecord& network = record.network;
  const NetworkPolicy& policy = record.policy.network;
  const auto first = [](const std::vector<Ipv6Prefix>& all) {
    const auto count = static_cast<std::ptrdiff_t>(std::min(all.size(), kMaxPrefixes));
    return std::vector<Ipv6Prefix>(all.begin(), all.begin() + count);
  };
  Addresses addresses;
  if (network.ipv4 || !network.ipv6) addresses.ipv4 = record.policy.address;
  if (network.ipv6) {
    if (network.peer_interface_id != InterfaceId{}) {
      addresses.interface_id = network.peer_interface_id;
    }
    if (!policy.framed_ipv6_addresses.empty()) {
      addresses.ipv6 = policy.framed_ipv6_addresses.front();
    }
    addresses.prefixes = first(policy.framed_ipv6_prefixes);
  }
  if (network.delegated) addresses.delegated = first(policy.delegated_ipv6_prefixes);
  return addresses;
}

SessionFacts FactsOf(const SessionRecord& record) {
  SessionFacts facts;
  facts.state = record.state;
  facts.port_id = record.interface_name;
  facts.addresses = AddressesOf(record);
  facts.ipv6_only = record.network.ipv6 && !record.network.ipv4;
  facts.session_seconds =
      static_cast<std::uint64_t>(std::max<std::int64_t>(record.uptime_seconds, 0));
  facts.counters = record.counters;
  return facts;
}

}  // namespace sstpgw::cp::accounting
