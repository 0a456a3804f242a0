// Sessions' interfaces in VRFs of a real kernel, which the host may lack: for the guest (label vm).
// Each case in a network namespace of its own, with what `ip` tells of it.
//
//   RED, table 10   BLUE, table 2000   main
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/interface_cache.h"
#include "gateway/session_interface.h"
#include "tests/support/wait_until.h"
#include "tests/unit/edge/network_namespace.h"
#include "tests/unit/gateway/link_plans.h"

namespace sstpgw::gateway {
namespace {

using edge::LinuxKernel;
using test::kPatience;
using test::WaitUntil;
using ::testing::HasSubstr;
using ::testing::Not;

// What `ip ARGUMENTS` says in this thread's namespace; nothing if it fails.
std::optional<std::string> Ip(const std::string& arguments) {
  const std::string command = "ip " + arguments + " 2>&1";
  FILE* const pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  std::string all;
  std::array<char, 4096> part{};
  while (std::fgets(part.data(), part.size(), pipe) != nullptr) all += part.data();
  if (::pclose(pipe) != 0) return std::nullopt;
  return all;
}
std::string Told(const std::string& arguments) { return Ip(arguments).value_or("(ip failed)"); }

bool MakeVrfs() {
  if (!Ip("link add RED type vrf table 10") || !Ip("link add BLUE type vrf table 2000")) {
    return false;
  }
  return Ip("link set RED up") && Ip("link set BLUE up") && Ip("link set lo up");
}

fsm::LinkPlan PlanIn(const std::string& vrf) {
  fsm::LinkPlan plan = FullPlan();
  plan.vrf = vrf;
  return plan;
}

#define REQUIRE_OK(expression)                                         \
  do {                                                                 \
    const auto& require_ok = (expression);                             \
    ASSERT_TRUE(require_ok.has_value()) << require_ok.error().message; \
  } while (false)

// The main table shows what is local in a table of its own.
std::string RoutesOf(const std::string& family, const std::string& table) {
  return Told(family + " route show table " + table) +
         (table == "main" ? Told(family + " route show table local") : "");
}

// Everything of FullPlan in this table, and in none of the others.
void ExpectIn(const std::string& table, const std::string& name = "sstp0") {
  const auto settled = [&] {
    const std::string routes = RoutesOf("-6", table);
    return routes.find("2001:db8:9::2") != std::string::npos &&
           routes.find("local fe80::1") != std::string::npos;
  };
  EXPECT_TRUE(WaitUntil(settled, kPatience)) << RoutesOf("-6", table);
  for (const std::string& other : std::vector<std::string>{"10", "2000", "main"}) {
    const std::string ipv4 = Ip("route show table " + other).value_or("");
    const std::string ipv6 = Ip("-6 route show table " + other).value_or("");
    if (other != table) {
      EXPECT_THAT(ipv4, Not(HasSubstr(name))) << other;
      EXPECT_THAT(ipv6, Not(HasSubstr(name))) << other;
      continue;
    }
    EXPECT_THAT(ipv4, HasSubstr("10.0.0.5 dev " + name));
    EXPECT_THAT(ipv4, HasSubstr("10.1.0.0/16 dev " + name + " proto 83"));
    EXPECT_THAT(ipv4, HasSubstr("10.2.0.0/16 via 10.0.0.5 dev " + name + " proto 83 metric 7"));
    EXPECT_THAT(ipv6, HasSubstr("2001:db8::/64 dev " + name));
    EXPECT_THAT(ipv6, HasSubstr("2001:db8:5::/56 via fe80::2 dev " + name + " proto 83"));
    EXPECT_THAT(ipv6, HasSubstr("2001:db8:6::/48 dev " + name + " proto 83 metric 9"));
  }
  const std::string addresses = Told("-6 -o address show dev " + name);
  EXPECT_EQ(std::count(addresses.begin(), addresses.end(), '\n'), 3) << addresses;
  EXPECT_THAT(Told("-o link show dev " + name), HasSubstr(",UP"));
}

// A datagram to a peer of FullPlan; `vrf` empty: from outside any.
void Send(int family, const std::string& vrf) {
  const edge::UniqueFd socket(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!vrf.empty()) {
    ASSERT_EQ(::setsockopt(socket.get(), SOL_SOCKET, SO_BINDTODEVICE, vrf.c_str(),
                           static_cast<socklen_t>(vrf.size())),
              0);
  }
  const char octet = 'x';
  sockaddr_in ipv4{};
  ipv4.sin_family = AF_INET;
  ipv4.sin_port = htons(9);
  ipv4.sin_addr.s_addr = htonl(0x0a000005);
  sockaddr_in6 ipv6{};
  ipv6.sin6_family = AF_INET6;
  ipv6.sin6_port = htons(9);
  ::inet_pton(AF_INET6, "2001:db8:9::2", &ipv6.sin6_addr);
  const bool four = family == AF_INET;
  const void* there = four ? static_cast<const void*>(&ipv4) : &ipv6;
  static_cast<void>(::sendto(socket.get(), &octet, 1, MSG_DONTWAIT,
                             static_cast<const sockaddr*>(there),
                             four ? sizeof(ipv4) : sizeof(ipv6)));
}

// Whether one comes out of the interface, and nothing does before.
bool Reaches(SessionInterface& interface, int family, const std::string& vrf) {
  std::array<std::uint8_t, 2048> packet{};
  const auto read = [&]() -> bool {
    const auto length = LinuxKernel().Read(interface.device().fd(), packet);
    // vnet header, IP version; UDP (17), not what the kernel says by itself.
    if (!length || *length < edge::TunDevice::kVnetHeader + 20) return false;
    const std::uint8_t* const ip = &packet[edge::TunDevice::kVnetHeader];
    return (ip[0] >> 4 == 4 && ip[9] == IPPROTO_UDP) || (ip[0] >> 4 == 6 && ip[6] == IPPROTO_UDP);
  };
  EXPECT_FALSE(read());
  Send(family, vrf);
  for (int i = 0; i < 16; ++i) {
    if (read()) return true;
  }
  return false;
}

class Vrf : public ::testing::Test {
 protected:
  // `body` gets a cache and what a worker has.
  template <class Body>
  static void InNamespace(Body body) {
    bool has_vrfs = false;
    const bool ran = edge::InNewNetworkNamespace([&] {
      has_vrfs = MakeVrfs();
      if (!has_vrfs) return;
      auto netlink = edge::Netlink::Open(LinuxKernel());
      REQUIRE_OK(netlink);
      auto cache = InterfaceCache::Create(LinuxKernel());
      REQUIRE_OK(cache);
      (*cache)->Configure(1, true);
      body(**cache, *netlink);
    });
    if (!ran) GTEST_SKIP() << "needs root (CAP_SYS_ADMIN)";
    if (!has_vrfs) GTEST_SKIP() << "this kernel has no VRF";
  }
};

TEST_F(Vrf, ASessionIsInItsVrfFromTheBeginning) {
  InNamespace([](InterfaceCache& cache, edge::Netlink& netlink) {
    auto taken = cache.Take(netlink, "sstp%d", true);
    REQUIRE_OK(taken);
    REQUIRE_OK(taken->Activate(netlink, {PlanIn("RED"), Mtu(1452)}));
    EXPECT_EQ(taken->refused_routes().size(), 0U);
    EXPECT_THAT(Told("link show vrf RED"), HasSubstr("sstp0"));
    ExpectIn("10");
    for (const int family : {AF_INET, AF_INET6}) {
      EXPECT_TRUE(Reaches(*taken, family, "RED")) << family;
      EXPECT_FALSE(Reaches(*taken, family, "BLUE")) << family;
      EXPECT_FALSE(Reaches(*taken, family, "")) << family;
    }
    cache.Give(netlink, std::move(*taken));
  });
}

TEST_F(Vrf, ASessionMovesFromOneToAnotherAndOut) {
  InNamespace([](InterfaceCache& cache, edge::Netlink& netlink) {
    auto taken = cache.Take(netlink, "sstp%d", true);
    REQUIRE_OK(taken);
    REQUIRE_OK(taken->Activate(netlink, {PlanIn("RED"), Mtu(1452)}));
    const std::pair<const char*, const char*> moves[] = {
        {"BLUE", "2000"}, {"", "main"}, {"RED", "10"}, {"BLUE", "2000"}};
    for (const auto& [vrf, table] : moves) {
      REQUIRE_OK(taken->Change(netlink, PlanIn(vrf)));
      ExpectIn(table);
      EXPECT_TRUE(Reaches(*taken, AF_INET, vrf)) << vrf;
      EXPECT_TRUE(Reaches(*taken, AF_INET6, vrf)) << vrf;
    }
    EXPECT_EQ(Told("link show vrf RED"), "");
    cache.Give(netlink, std::move(*taken));
  });
}

TEST_F(Vrf, AnUnknownOneChangesNothing) {
  InNamespace([](InterfaceCache& cache, edge::Netlink& netlink) {
    auto taken = cache.Take(netlink, "sstp%d", true);
    REQUIRE_OK(taken);
    REQUIRE_OK(taken->Activate(netlink, {PlanIn("RED"), Mtu(1452)}));
    const auto unknown = taken->Change(netlink, PlanIn("GREEN"));
    ASSERT_FALSE(unknown.has_value());
    EXPECT_EQ(unknown.error().message, "VRF 'GREEN' does not exist");
    ExpectIn("10");
    EXPECT_EQ(taken->Change(netlink, PlanIn("lo")).error().message, "interface 'lo' is no VRF");
    ExpectIn("10");
    // The move succeeds, what comes after it does not.
    fsm::LinkPlan bad = PlanIn("BLUE");
    bad.routes.push_back(Ipv4RouteOf("10.7.0.0", 16, "192.0.2.1"));
    const auto refused = taken->Change(netlink, bad);
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message, HasSubstr("10.7.0.0/16 via 192.0.2.1 table 2000"));
    ExpectIn("10");
    cache.Give(netlink, std::move(*taken));
    EXPECT_TRUE(WaitUntil([&] { return cache.figures().kept == 1; }, kPatience));
  });
}

TEST_F(Vrf, ANewSessionWithAnUnknownOneIsRefusedAndTheInterfaceIsFitForTheNext) {
  InNamespace([](InterfaceCache& cache, edge::Netlink& netlink) {
    auto taken = cache.Take(netlink, "sstp%d", true);
    REQUIRE_OK(taken);
    const InterfaceIndex index = taken->index();
    const auto refused = taken->Activate(netlink, {PlanIn("GREEN"), Mtu(1452)});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().message, "VRF 'GREEN' does not exist");
    cache.Give(netlink, std::move(*taken));
    ASSERT_TRUE(WaitUntil([&] { return cache.figures().kept == 1; }, kPatience));
    EXPECT_EQ(cache.Take(netlink, "sstp%d", true).value().index(), index);
  });
}

TEST_F(Vrf, AKeptInterfaceHasLeftItsVrfAndServesAnother) {
  InNamespace([](InterfaceCache& cache, edge::Netlink& netlink) {
    std::optional<InterfaceIndex> index;
    const std::pair<const char*, const char*> sessions[] = {
        {"RED", "10"}, {"", "main"}, {"BLUE", "2000"}, {"RED", "10"}};
    for (const auto& [vrf, table] : sessions) {
      const std::string name = std::string("user-") + table;
      auto taken = cache.Take(netlink, "sstp%d", true, name);
      REQUIRE_OK(taken);
      index = index.value_or(taken->index());
      EXPECT_EQ(taken->index(), *index);
      REQUIRE_OK(taken->Activate(netlink, {PlanIn(vrf), Mtu(1452)}));
      ExpectIn(table, name);
      cache.Give(netlink, std::move(*taken));
      ASSERT_TRUE(WaitUntil([&] { return cache.figures().kept == 1; }, kPatience));
      EXPECT_EQ(netlink.Query(*index).value().master, 0);
      EXPECT_EQ(Told("-6 route show table " + std::string(table)).find(name), std::string::npos);
    }
    EXPECT_EQ(cache.figures().created, 1U);
  });
}

TEST_F(Vrf, OneThatAnOperatorDeletesIsNoObstacleToTheEnd) {
  InNamespace([](InterfaceCache& cache, edge::Netlink& netlink) {
    auto taken = cache.Take(netlink, "sstp%d", true);
    REQUIRE_OK(taken);
    REQUIRE_OK(taken->Activate(netlink, {PlanIn("RED"), Mtu(1452)}));
    ASSERT_TRUE(Ip("link delete RED").has_value());
    const auto moved = taken->Change(netlink, PlanIn("BLUE"));
    EXPECT_TRUE(moved.has_value()) << moved.error().message;
    if (moved) ExpectIn("2000");
    cache.Give(netlink, std::move(*taken));
    EXPECT_TRUE(WaitUntil([&] { return !Ip("link show sstp0").has_value(); }, kPatience))
        << "somebody else's doing: not kept";
  });
}

}  // namespace
}  // namespace sstpgw::gateway
