// The steps carried out: against a kernel that refuses what it is told to, and against the real one
// in a network namespace of the test's own (needs root). VRFs of a real kernel: tests/vm.
#include "gateway/link_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <cstring>
#include <fstream>
#include <map>

#include "gateway/edge/link_address.h"
#include "gateway/edge/netlink_attributes.h"
#include "gateway/edge/sysctl.h"
#include "gateway/edge/tun_device.h"
#include "tests/support/wait_until.h"
#include "tests/unit/edge/fake_kernel.h"
#include "tests/unit/edge/network_namespace.h"
#include "tests/unit/gateway/link_plans.h"

namespace sstpgw::gateway {
namespace {

using edge::LinuxKernel;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr InterfaceIndex kIndex{7};
const std::string kName = "sstp0";

// ---- Requests as words

std::uint32_t Number(ByteView value) {
  std::uint32_t number = 0;
  std::memcpy(&number, value.data(), std::min(value.size(), sizeof(number)));
  return number;
}

std::string LinkWords(ByteView message) {
  ifinfomsg link{};
  std::memcpy(&link, &message[sizeof(nlmsghdr)], sizeof(link));
  if (link.ifi_change != 0) return link.ifi_flags != 0 ? "up" : "down";
  std::string words = "link";
  edge::ForEachAttribute(message.subspan(sizeof(nlmsghdr) + sizeof(link)),
                         [&](std::uint16_t type, ByteView value) {
                           if (type == IFLA_MASTER)
                             words = "master " + std::to_string(Number(value));
                           if (type == IFLA_AF_SPEC) words = "no automatic address";
                         });
  return words;
}

std::string RouteWords(ByteView message) {
  std::string words = message[sizeof(nlmsghdr)] == AF_INET ? "route4" : "route6";
  edge::ForEachAttribute(message.subspan(sizeof(nlmsghdr) + sizeof(rtmsg)),
                         [&](std::uint16_t type, ByteView value) {
                           if (type == RTA_TABLE) words += " in " + std::to_string(Number(value));
                         });
  return words;
}

std::string Words(ByteView message) {
  const std::string family = message[sizeof(nlmsghdr)] == AF_INET ? "4" : "6";
  switch (message[4]) {
    case RTM_NEWLINK:
      return LinkWords(message);
    case RTM_GETLINK:
      return "query";
    case RTM_NEWADDR:
      return "+address" + family;
    case RTM_DELADDR:
      return "-address" + family;
    case RTM_NEWROUTE:
      return "+" + RouteWords(message);
    case RTM_DELROUTE:
      return "-" + RouteWords(message);
    default:
      return "?";
  }
}

// What is told of the VRF `table`, if it is one.
Bytes LinkInfo(const std::string& kind, std::uint8_t table) {
  Bytes info{static_cast<std::uint8_t>(4 + kind.size()), 0, IFLA_INFO_KIND, 0};
  info.insert(info.end(), kind.begin(), kind.end());
  info.resize((info.size() + 3) & ~std::size_t{3});
  info.insert(info.end(), {12, 0, IFLA_INFO_DATA, 0, 8, 0, IFLA_VRF_TABLE, 0, table, 0, 0, 0});
  Bytes attribute{static_cast<std::uint8_t>(4 + info.size()), 0, IFLA_LINKINFO, 0};
  attribute.insert(attribute.end(), info.begin(), info.end());
  return attribute;
}

class FakeLink : public ::testing::Test {
 protected:
  FakeLink() : netlink_(edge::Netlink::Open(kernel_)), link_(kernel_, kIndex, true) {
    kernel_.acknowledges = true;
    kernel_.link_attributes = LinkInfo("vrf", 10);
    kernel_.on_send = [this](ByteView message) {
      const bool refused = !kernel_.refusals.empty() && kernel_.refusals.front() != 0;
      done_.push_back((refused ? "refused: " : "") + Words(message));
    };
    kernel_.on_write = [this](const std::string& path, ByteView value) {
      const std::string folder = "/proc/sys/net/ipv6/conf/sstp0/";
      EXPECT_EQ(path.rfind(folder, 0), 0U) << path;
      done_.push_back(path.substr(folder.size()) + "=" +
                      std::string(1, static_cast<char>(value[0])));
    };
  }
  Result<void> Bring(const fsm::LinkPlan& plan) { return link_.Bring(*netlink_, kName, plan); }
  Result<void> Change(const fsm::LinkPlan& plan) { return link_.Change(*netlink_, kName, plan); }
  std::vector<std::string> Done() { return std::exchange(done_, {}); }
  // The request after so many more is refused.
  void Refuse(std::size_t after, int code) {
    kernel_.refusals.assign(after, 0);
    kernel_.refusals.push_back(code);
  }
  // How often each thing was given more often than taken away, without those of zero.
  static std::map<std::string, int> Balance(const std::vector<std::string>& done) {
    std::map<std::string, int> balance;
    for (const std::string& words : done) {
      if (words == "up") ++balance["up"];
      if (words == "down") --balance["up"];
      if (words == "disable_ipv6=0") ++balance["ipv6"];
      if (words == "disable_ipv6=1") --balance["ipv6"];
      if (words[0] == '+') ++balance[words.substr(1)];
      if (words[0] == '-') --balance[words.substr(1)];
    }
    std::erase_if(balance, [](const auto& entry) { return entry.second == 0; });
    return balance;
  }

  edge::FakeKernel kernel_;
  std::vector<std::string> done_;
  Result<edge::Netlink> netlink_;
  LinkState link_;
};

TEST_F(FakeLink, Ipv4AloneIsTwoRequests) {
  ASSERT_TRUE(Bring(Ipv4Plan(Ipv4Address(1), Ipv4Address(2))));
  EXPECT_THAT(Done(), ElementsAre("+address4", "up"));
  EXPECT_TRUE(link_.up());
  link_.Shut(*netlink_, kName);
  EXPECT_THAT(Done(), ElementsAre("-address4"));
  EXPECT_FALSE(link_.up());
  EXPECT_TRUE(link_.known());
}

TEST_F(FakeLink, EverythingInItsOrderAndInTheVrfsTable) {
  fsm::LinkPlan plan = FullPlan();
  plan.vrf = "RED";
  ASSERT_TRUE(Bring(plan));
  EXPECT_THAT(Done(), ElementsAre("query", "master 9", "+address4", "no automatic address",
                                  "accept_ra=0", "autoconf=0", "forwarding=1", "disable_ipv6=0",
                                  "up", "+address6", "+address6", "+address6", "+route4 in 10",
                                  "+route4 in 10", "+route6 in 10", "+route6 in 10"));
  link_.Shut(*netlink_, kName);
  EXPECT_THAT(Done(), ElementsAre("-route6 in 10", "-route6 in 10", "disable_ipv6=1", "-address4"))
      << "the rest goes with these";
  EXPECT_TRUE(link_.LeaveVrf(*netlink_));
  EXPECT_THAT(Done(), ElementsAre("master 0"));
  // The next session: what was set stays.
  ASSERT_TRUE(Bring(BothPlan()));
  EXPECT_THAT(Done(), ElementsAre("+address4", "disable_ipv6=0", "up", "+address6", "+address6",
                                  "+address6"));
  EXPECT_TRUE(link_.known());
}

TEST_F(FakeLink, AnInterfaceOutsideAnyVrfIsLeftThere) {
  ASSERT_TRUE(Bring(BothPlan()));
  link_.Shut(*netlink_, kName);
  Done();
  EXPECT_TRUE(link_.LeaveVrf(*netlink_));
  EXPECT_THAT(Done(), IsEmpty());
}

TEST_F(FakeLink, WhereverAnActivationFailsNothingOfItStays) {
  fsm::LinkPlan plan = FullPlan();
  plan.vrf = "RED";
  // Query, master, IPv4, no automatic address, up, three addresses; then routes, which may fail.
  for (std::size_t failing = 0; failing < 8; ++failing) {
    Refuse(failing, EPERM);
    LinkState link(kernel_, kIndex, true);
    const auto brought = link.Bring(*netlink_, kName, plan);
    ASSERT_FALSE(brought.has_value()) << failing;
    EXPECT_THAT(brought.error().message, HasSubstr("Operation not permitted")) << failing;
    const auto done = Done();
    EXPECT_THAT(Balance(done), IsEmpty()) << failing;
    if (failing >= 2) {
      EXPECT_EQ(done.back(), "master 0") << failing;
    }
    EXPECT_FALSE(link.up());
    EXPECT_EQ(link.plan(), fsm::LinkPlan()) << failing;
    EXPECT_TRUE(link.known()) << failing;
    EXPECT_THAT(link.refused(), IsEmpty());
  }
  for (const char* setting : {"accept_ra", "autoconf", "forwarding", "disable_ipv6"}) {
    Done();
    kernel_.absent = std::string("/proc/sys/net/ipv6/conf/sstp0/") + setting;
    LinkState link(kernel_, kIndex, true);
    const auto brought = link.Bring(*netlink_, kName, plan);
    ASSERT_FALSE(brought.has_value()) << setting;
    EXPECT_THAT(brought.error().message, HasSubstr(setting));
    EXPECT_THAT(Balance(Done()), IsEmpty()) << setting;
    EXPECT_TRUE(link.known());
  }
}

TEST_F(FakeLink, WhereverAChangeFailsTheFormerPlanIsInForce) {
  fsm::LinkPlan before = FullPlan();
  before.vrf = "RED";
  fsm::LinkPlan after = FullPlan();
  after.vrf = "BLUE";
  after.ipv4->peer = Ipv4Address(0x0a000009);
  after.routes[0].metric = 3;
  after.ipv6_routes.clear();
  ASSERT_TRUE(Bring(before));
  Done();
  ASSERT_TRUE(Change(after));
  const std::size_t requests = Done().size();
  ASSERT_TRUE(Change(before));
  Done();
  for (std::size_t failing = 0; failing < requests; ++failing) {
    Refuse(failing, ENOBUFS);
    const auto changed = Change(after);
    ASSERT_FALSE(changed.has_value()) << failing;
    EXPECT_TRUE(kernel_.refusals.empty());
    EXPECT_THAT(Balance(Done()), IsEmpty()) << failing;
    EXPECT_EQ(link_.plan(), before);
    EXPECT_TRUE(link_.up());
    EXPECT_TRUE(link_.known()) << failing;
  }
  EXPECT_TRUE(Change(after));
  EXPECT_EQ(link_.plan(), after);
}

TEST_F(FakeLink, AVrfThatIsNotThereIsNamed) {
  Refuse(0, ENODEV);
  fsm::LinkPlan plan = BothPlan();
  plan.vrf = "BLUE";
  const auto brought = Bring(plan);
  ASSERT_FALSE(brought.has_value());
  EXPECT_EQ(brought.error().message, "VRF 'BLUE' does not exist");
  EXPECT_THAT(Done(), ElementsAre("refused: query"));
  kernel_.link_attributes = LinkInfo("bridge", 10);
  EXPECT_EQ(Bring(plan).error().message, "interface 'BLUE' is no VRF");
  kernel_.link_attributes = LinkInfo("vrf", 0);
  EXPECT_EQ(Bring(plan).error().message, "interface 'BLUE' is no VRF");
  plan.vrf = "sixteen-letters0";
  EXPECT_EQ(Bring(plan).error().message, "VRF 'sixteen-letters0' does not exist");
  EXPECT_TRUE(link_.known());
}

// The kernel may have taken it out of the one VRF when it refuses the other.
TEST_F(FakeLink, AVrfThatRefusesTheInterfacePutsItBack) {
  fsm::LinkPlan red;
  red.vrf = "RED";
  fsm::LinkPlan blue;
  blue.vrf = "BLUE";
  ASSERT_TRUE(Bring(red));
  Done();
  Refuse(1, EBUSY);
  const auto changed = Change(blue);
  ASSERT_FALSE(changed.has_value());
  EXPECT_THAT(changed.error().message, HasSubstr("VRF 'BLUE': setting master #9"));
  EXPECT_THAT(Done(), ElementsAre("query", "refused: master 9", "master 9"));
  EXPECT_EQ(link_.plan(), red);
  EXPECT_TRUE(link_.known());
  kernel_.refusals = {0, EBUSY, EBUSY};
  EXPECT_FALSE(Change(blue));
  EXPECT_FALSE(link_.known()) << "it is in none, perhaps";
}

TEST_F(FakeLink, WhatCannotBeUndoneIsTold) {
  kernel_.refusals = {0, EPERM, EBUSY};
  const auto brought = Bring(Ipv4Plan(Ipv4Address(1), Ipv4Address(2)));
  ASSERT_FALSE(brought.has_value());
  EXPECT_THAT(brought.error().message, HasSubstr("setting up of interface #7: Operation not"));
  EXPECT_THAT(brought.error().message, HasSubstr("; and then removing address 0.0.0.1"));
  EXPECT_FALSE(link_.known());
}

TEST_F(FakeLink, RoutesThatTheKernelRefusesAreNoReasonToGoWithoutTheSession) {
  fsm::LinkPlan plan = Ipv4Plan(Ipv4Address(1), Ipv4Address(2));
  plan.routes = {Ipv4RouteOf("10.1.0.0", 16, "10.9.9.9"), Ipv4RouteOf("10.2.0.0", 16)};
  Refuse(2, ENETUNREACH);
  ASSERT_TRUE(Bring(plan));
  EXPECT_THAT(link_.refused(),
              ElementsAre(HasSubstr("left out: adding route 10.1.0.0/16 via 10.9.9.9")));
  EXPECT_THAT(link_.plan().routes, ElementsAre(plan.routes[1]));
  Done();
  // Neither tried again nor taken away.
  plan.ipv6 = BothPlan().ipv6;
  ASSERT_TRUE(Change(plan));
  EXPECT_THAT(Balance(Done()),
              ElementsAre(::testing::Pair("address6", 3), ::testing::Pair("ipv6", 1)));
  // A new one has to work.
  plan.routes.push_back(Ipv4RouteOf("10.3.0.0", 16, "10.9.9.9"));
  Refuse(0, ENETUNREACH);
  EXPECT_FALSE(Change(plan));
  // Unless nobody waits for the answer: then it is left out as well.
  Done();
  Refuse(0, ENETUNREACH);
  ASSERT_TRUE(
      link_.Change(*netlink_, kName, plan, LinkState::OnRefusedRoute::kLeaveOut).has_value());
  EXPECT_EQ(link_.refused().size(), 2U);
  EXPECT_THAT(link_.plan().routes, ElementsAre(plan.routes[1]));
  // In another VRF all of them are tried again.
  plan.vrf = "RED";
  ASSERT_TRUE(Change(plan));
  EXPECT_THAT(link_.refused(), IsEmpty());
  EXPECT_EQ(link_.plan().routes, plan.routes);
}

TEST_F(FakeLink, WhatSomebodyElseHasTakenAwayIsGoneAndNoted) {
  ASSERT_TRUE(Bring(FullPlan()));
  for (const int code : {ESRCH, EADDRNOTAVAIL}) {
    fsm::LinkPlan less = link_.plan();
    if (code == ESRCH) less.ipv6_routes.pop_back();
    if (code == EADDRNOTAVAIL) less.ipv6->addresses.pop_back();
    Refuse(0, code);
    EXPECT_TRUE(Change(less)) << code;
    EXPECT_FALSE(link_.known());
  }
}

TEST_F(FakeLink, WhatCannotBeTakenAwayGoesWithTheLink) {
  ASSERT_TRUE(Bring(BothPlan()));
  Done();
  kernel_.absent = "/proc/sys/net/ipv6/conf/sstp0/disable_ipv6";  // somebody has renamed it
  link_.Shut(*netlink_, kName);
  EXPECT_THAT(Done(), ElementsAre("-address4", "down"));
  EXPECT_FALSE(link_.known());
}

// /proc/sys of a container: what is set for all will do, if it is right.
TEST_F(FakeLink, WhereSettingsMayNotBeWrittenTheyAreLookedAt) {
  const auto bring = [&](std::deque<edge::KernelResult<Bytes>> settings) {
    edge::FakeKernel kernel;
    kernel.read_only = true;
    kernel.reads = std::move(settings);
    LinkState link(kernel, kIndex, false);
    auto brought = link.Bring(*netlink_, kName, BothPlan());
    if (brought) {
      Done();
      link.Shut(*netlink_, kName);
    }
    return brought;
  };
  const Bytes zero{'0', '\n'};
  const Bytes one{'1', '\n'};
  ASSERT_TRUE(bring({zero, zero, one, zero}));
  EXPECT_THAT(Done(), ElementsAre("-address6", "-address6", "-address6", "-address4"));
  EXPECT_THAT(bring({one, zero, one, zero}).error().message, HasSubstr("accept_ra"));
  EXPECT_THAT(bring({zero, one, one, zero}).error().message, HasSubstr("autoconf"));
  EXPECT_THAT(bring({zero, zero, zero, zero}).error().message, HasSubstr("forwarding"));
  EXPECT_THAT(bring({zero, zero, one, one}).error().message, HasSubstr("disable_ipv6"));
}

// ---- The real kernel

std::string Lines(const char* path, const std::string& interface) {
  std::ifstream file(path);
  std::string all;
  for (std::string line; std::getline(file, line);) {
    if (line.find(interface) != std::string::npos) all += line + "\n";
  }
  return all;
}
std::string Ipv6Addresses() { return Lines("/proc/thread-self/net/if_inet6", kName); }
std::string Ipv6Routes() { return Lines("/proc/thread-self/net/ipv6_route", kName); }
std::string Ipv4Routes() { return Lines("/proc/thread-self/net/route", kName); }
std::string Setting(const std::string& name) {
  return edge::ReadSysctl(LinuxKernel(), "net/ipv6/conf/sstp0/" + name).value_or("?");
}
std::ptrdiff_t Count(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

struct RealLink {
  RealLink()
      : tun(edge::TunDevice::Create(LinuxKernel(), kName, edge::kAllTunOffloads)),
        netlink(edge::Netlink::Open(LinuxKernel())),
        link(LinuxKernel(), tun.value().index(), tun->ipv6_left_on().empty()) {}
  void Expect(const Result<void>& result) {
    EXPECT_TRUE(result.has_value()) << result.error().message;
  }
  Result<edge::TunDevice> tun;
  Result<edge::Netlink> netlink;
  LinkState link;
};

#define IN_NAMESPACE(...)                          \
  if (!edge::InNewNetworkNamespace(__VA_ARGS__)) { \
    GTEST_SKIP() << "needs root (CAP_SYS_ADMIN)";  \
  }

constexpr char kDelegated[] = "20010db8000500000000000000000000 38";
constexpr char kPairsRoute[] = "20010db8000900000000000000000002 80";
constexpr char kPeerLinkLocal[] = "fe800000000000000000000000000002";

void ExpectFull() {
  const std::string addresses = Ipv6Addresses();
  EXPECT_EQ(Count(addresses), 3) << addresses << "none of the kernel's own choice";
  EXPECT_THAT(addresses, HasSubstr("fe800000000000000000000000000001 "));
  EXPECT_THAT(addresses, HasSubstr("20010db8000000000000000000000001 "));
  EXPECT_THAT(addresses, HasSubstr("20010db8000900000000000000000001 "));
  // The kernel gives the pair's route when it gets to it.
  EXPECT_TRUE(test::WaitUntil([] { return Ipv6Routes().find(kPairsRoute) != std::string::npos; },
                              test::kPatience));
  const std::string routes = Ipv6Routes();
  EXPECT_THAT(routes, HasSubstr(kDelegated));
  EXPECT_THAT(routes, HasSubstr(kPeerLinkLocal));
  EXPECT_THAT(routes, HasSubstr("20010db8000600000000000000000000 30"));
  EXPECT_THAT(routes, HasSubstr("20010db8000000000000000000000000 40")) << "the prefix's";
  EXPECT_THAT(Ipv4Routes(), HasSubstr("0000010A\t00000000"));
  EXPECT_THAT(Ipv4Routes(), HasSubstr("0000020A\t0500000A"));
  EXPECT_TRUE(edge::HasIpv4Address(LinuxKernel(), kName).value());
}

void ExpectBare() {
  EXPECT_EQ(Ipv6Addresses(), "");
  EXPECT_EQ(Ipv6Routes(), "");
  EXPECT_EQ(Ipv4Routes(), "");
  EXPECT_FALSE(edge::HasIpv4Address(LinuxKernel(), kName).value());
  EXPECT_EQ(Setting("disable_ipv6"), "1");
}

TEST(LinkState, WhatThePlanSaysIsInTheKernelAndNothingAtTheEnd) {
  IN_NAMESPACE([] {
    RealLink real;
    for (int session = 0; session < 2; ++session) {
      real.Expect(real.link.Bring(*real.netlink, kName, FullPlan()));
      EXPECT_THAT(real.link.refused(), IsEmpty());
      ExpectFull();
      EXPECT_EQ(Setting("accept_ra") + Setting("autoconf") + Setting("forwarding"), "001");
      EXPECT_EQ(Setting("disable_ipv6"), "0");
      real.link.Shut(*real.netlink, kName);
      ExpectBare();
      real.Expect(real.netlink->SetState(real.tun->index(), edge::LinkState::kDown));
      EXPECT_TRUE(real.link.LeaveVrf(*real.netlink));
      EXPECT_TRUE(real.link.known());
      // One without IPv6 in between.
      real.Expect(real.link.Bring(*real.netlink, kName,
                                  Ipv4Plan(Ipv4Address(0x0a000001), Ipv4Address(0x0a000005))));
      EXPECT_EQ(Ipv6Addresses(), "");
      real.link.Shut(*real.netlink, kName);
      ExpectBare();
      real.Expect(real.netlink->SetState(real.tun->index(), edge::LinkState::kDown));
    }
  });
}

TEST(LinkState, WithoutTheRightToSwitchIpv6OffItsAddressesGoOneByOne) {
  IN_NAMESPACE([] {
    RealLink real;
    LinkState link(LinuxKernel(), real.tun->index(), false);
    real.Expect(link.Bring(*real.netlink, kName, FullPlan()));
    ExpectFull();
    link.Shut(*real.netlink, kName);
    EXPECT_EQ(Ipv6Addresses(), "");
    EXPECT_THAT(Ipv6Routes(), Not(HasSubstr("20010db8")));
    EXPECT_TRUE(link.known());
  });
}

TEST(LinkState, ChangesOfAllKindsInUse) {
  IN_NAMESPACE([] {
    RealLink real;
    const auto change = [&](const fsm::LinkPlan& plan) {
      real.Expect(real.link.Change(*real.netlink, kName, plan));
    };
    fsm::LinkPlan plan = Ipv4Plan(Ipv4Address(0x0a000001), Ipv4Address(0x0a000005));
    real.Expect(real.link.Bring(*real.netlink, kName, plan));
    change(BothPlan());  // late
    EXPECT_EQ(Count(Ipv6Addresses()), 3) << Ipv6Addresses();
    change(FullPlan());
    ExpectFull();
    plan = FullPlan();
    plan.ipv4->peer = Ipv4Address(0x0a000005);
    plan.ipv4->local = Ipv4Address(0x0a000002);
    change(plan);
    ExpectFull();
    plan = FullPlan();
    plan.ipv6_routes.erase(plan.ipv6_routes.begin());
    change(plan);
    EXPECT_THAT(Ipv6Routes(), Not(HasSubstr(kDelegated)));
    plan.ipv6.reset();
    plan.ipv6_routes.clear();
    change(plan);
    EXPECT_EQ(Ipv6Addresses(), "");
    EXPECT_EQ(Setting("disable_ipv6"), "1");
    EXPECT_THAT(Ipv4Routes(), HasSubstr("0000010A\t00000000"));
    EXPECT_TRUE(real.link.known());
  });
}

TEST(LinkState, AChangeThatTheKernelRefusesLeavesItAsItWas) {
  IN_NAMESPACE([] {
    RealLink real;
    real.Expect(real.link.Bring(*real.netlink, kName, FullPlan()));
    fsm::LinkPlan bad = FullPlan();
    bad.ipv6->addresses.pop_back();
    bad.ipv4->peer = Ipv4Address(0x0a000007);
    bad.routes = {Ipv4RouteOf("10.7.0.0", 16, "192.0.2.1")};  // not on this link
    bad.ipv6_routes.clear();
    const auto refused = real.link.Change(*real.netlink, kName, bad);
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message,
                HasSubstr("adding route 10.7.0.0/16 via 192.0.2.1 of interface #"));
    EXPECT_THAT(refused.error().message, Not(HasSubstr("and then")));
    ExpectFull();
    EXPECT_EQ(real.link.plan(), FullPlan());
    EXPECT_TRUE(real.link.known());
    bad = FullPlan();
    bad.vrf = "BLUE";
    EXPECT_EQ(real.link.Change(*real.netlink, kName, bad).error().message,
              "VRF 'BLUE' does not exist");
    ExpectFull();
    bad.vrf = "lo";
    EXPECT_EQ(real.link.Change(*real.netlink, kName, bad).error().message,
              "interface 'lo' is no VRF");
    ExpectFull();
  });
}

// A client comes again before its old session is known to be dead.
TEST(LinkState, TheNewestOfTwoSessionsHasTheNetwork) {
  IN_NAMESPACE([] {
    RealLink old;
    old.Expect(old.link.Bring(*old.netlink, kName, FullPlan()));
    auto tun = edge::TunDevice::Create(LinuxKernel(), "sstp1", edge::kAllTunOffloads);
    LinkState link(LinuxKernel(), tun.value().index(), true);
    old.Expect(link.Bring(*old.netlink, "sstp1", FullPlan()));
    EXPECT_THAT(link.refused(), IsEmpty());
    old.link.Shut(*old.netlink, kName);
    ExpectBare();
    EXPECT_THAT(Lines("/proc/thread-self/net/route", "sstp1"), HasSubstr("0000010A"));
    EXPECT_THAT(Lines("/proc/thread-self/net/ipv6_route", "sstp1"), HasSubstr(kDelegated));
    EXPECT_TRUE(link.known());
  });
}

}  // namespace
}  // namespace sstpgw::gateway
