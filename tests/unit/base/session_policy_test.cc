#include "proto/base/session_policy.h"

#include <gtest/gtest.h>

namespace sstpgw {
namespace {

TEST(CarriedPolicy, NamesWhatIsThere) {
  CarriedPolicy carried;
  EXPECT_EQ(NamesOf(carried), "");
  carried.vrf = "red";
  EXPECT_EQ(NamesOf(carried), "VRF");
  carried.interface_name = "ann";
  carried.framed_mtu = 1400;
  carried.routes = {"10.1.0.0/16"};
  carried.ipv6_routes = {"2001:db8::/48"};
  carried.framed_ipv6_prefixes = {Ipv6Prefix{}};
  carried.delegated_ipv6_prefixes = {Ipv6Prefix{}};
  carried.framed_ipv6_addresses = {Ipv6Address()};
  carried.framed_interface_id = InterfaceId{};
  carried.delegated_ipv6_pool = "pool";
  carried.ipv6_dns = {Ipv6Address()};
  carried.mppe_types = 0;
  EXPECT_EQ(NamesOf(carried),
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
  EXPECT_TRUE(differs([](auto& p) { p.carried.vrf = "red"; }));
}

}  // namespace
}  // namespace sstpgw
