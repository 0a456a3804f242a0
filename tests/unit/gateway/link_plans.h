// Plans of links for tests.
#pragma once

#include <string>

#include "gateway/fsm/link_plan.h"
#include "gateway/link_steps.h"

namespace sstpgw::gateway {

inline fsm::LinkPlan Ipv4Plan(Ipv4Address local, Ipv4Address peer) {
  fsm::LinkPlan plan;
  plan.ipv4 = fsm::Ipv4Link{local, peer};
  return plan;
}

inline fsm::Ipv4Route Ipv4RouteOf(const std::string& destination, std::uint8_t length,
                                  const std::string& gateway = "0.0.0.0",
                                  std::uint32_t metric = 0) {
  return {Ipv4Address::Parse(destination).value(), length, Ipv4Address::Parse(gateway).value(),
          metric};
}

inline fsm::Ipv6Route Ipv6RouteOf(const std::string& destination,
                                  const std::string& gateway = "::", std::uint32_t metric = 0) {
  return {Ipv6Prefix::Parse(destination).value(), Ipv6Address::Parse(gateway).value(), metric};
}

// 10.0.0.1 to 10.0.0.5; fe80::1, 2001:db8::1/64 and the pair 2001:db8:9::1 to ::2.
inline fsm::LinkPlan BothPlan() {
  fsm::LinkPlan plan = Ipv4Plan(Ipv4Address(0x0a000001), Ipv4Address(0x0a000005));
  plan.ipv6 = fsm::Ipv6Link{{0, 0, 0, 0, 0, 0, 0, 1}, {0, 0, 0, 0, 0, 0, 0, 2}, {}};
  plan.ipv6->addresses = {
      {Ipv6Address::Parse("2001:db8::1").value(), 64, std::nullopt},
      {Ipv6Address::Parse("2001:db8:9::1").value(), 128,
       Ipv6Address::Parse("2001:db8:9::2").value()},
  };
  return plan;
}

// With a framed route of each kind and a delegated prefix.
inline fsm::LinkPlan FullPlan() {
  fsm::LinkPlan plan = BothPlan();
  plan.routes = {Ipv4RouteOf("10.1.0.0", 16), Ipv4RouteOf("10.2.0.0", 16, "10.0.0.5", 7)};
  plan.ipv6_routes = {Ipv6RouteOf("2001:db8:5::/56", "fe80::2"),
                      Ipv6RouteOf("2001:db8:6::/48", "::", 9)};
  return plan;
}

}  // namespace sstpgw::gateway
