#include "proto/base/session_policy.h"

#include <gtest/gtest.h>

namespace sstpgw {
namespace {

TEST(NetworkPolicy, NamesWhatIsThere) {
  NetworkPolicy network;
  EXPECT_EQ(NamesOf(network), "");
  network.vrf = "red";
  EXPECT_EQ(NamesOf(network), "VRF");
  network.interface_name = "ann";
  network.framed_mtu = 1400;
  network.routes = {"10.1.0.0/16"};
  network.ipv6_routes = {"2001:db8::/48"};
  network.framed_ipv6_prefixes = {Ipv6Prefix{}};
  network.delegated_ipv6_prefixes = {Ipv6Prefix{}};
  network.framed_ipv6_addresses = {Ipv6Address()};
  network.framed_interface_id = InterfaceId{};
  network.delegated_ipv6_pool = "pool";
  network.ipv6_dns = {Ipv6Address()};
  network.mppe_types = 0;
  EXPECT_EQ(NamesOf(network),
            "interface name, VRF, MTU, route, IPv6 route, IPv6 prefix, delegated IPv6 prefix, "
            "IPv6 address, interface identifier, IPv6 pool, IPv6 DNS server, MPPE");
}

TEST(SessionPolicy, DiffersByEveryField) {
  const auto differs = [](auto change) {
    SessionPolicy policy;
    change(policy);
    return policy != SessionPolicy{};
  };
  EXPECT_TRUE(differs([](auto& p) { p.idle_timeout = std::chrono::seconds(1); }));
  EXPECT_TRUE(differs([](auto& p) { p.hold = true; }));
  EXPECT_TRUE(differs([](auto& p) { p.reauthenticate = true; }));
  EXPECT_TRUE(differs([](auto& p) { p.network.vrf = "red"; }));
}

}  // namespace
}  // namespace sstpgw
