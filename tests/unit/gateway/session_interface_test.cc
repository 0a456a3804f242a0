#include "gateway/session_interface.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <cstring>

#include "proto/base/log.h"
#include "tests/unit/edge/fake_kernel.h"
#include "tests/unit/edge/network_namespace.h"
#include "tests/unit/gateway/link_plans.h"

namespace sstpgw::gateway {
namespace {

using ::testing::HasSubstr;

// Without a kernel. The calls of Create that fail here: 2 makes the interface, 7 opens
// disable_ipv6.
class FakeInterface : public ::testing::Test {
 protected:
  FakeInterface() : netlink_(edge::Netlink::Open(netlink_kernel_)) {
    netlink_kernel_.acknowledges = true;
  }
  Result<SessionInterface> Create() {
    return SessionInterface::Create(kernel_, *netlink_, names_, {"sstp%d", true});
  }
  edge::FakeKernel kernel_;
  edge::FakeKernel netlink_kernel_;
  InterfaceNames names_;
  Result<edge::Netlink> netlink_;
};

TEST_F(FakeInterface, HasItsFinalNameFromTheBeginningAndAProvisionalOneForPeople) {
  kernel_.interface_name = "sstp0";
  {
    const auto interface = Create();
    ASSERT_TRUE(interface.has_value());
    EXPECT_EQ(interface->name(), "sstp0");
    EXPECT_EQ(interface->provisional_name(), "ppp0");
    EXPECT_EQ(interface->warning(), "");
    EXPECT_EQ(kernel_.opened, "/proc/sys/net/ipv6/conf/sstp0/disable_ipv6");
    EXPECT_EQ(names_.Lowest("sstp%d"), 1U);
  }
  EXPECT_EQ(names_.Lowest("sstp%d"), 0U);
}

TEST_F(FakeInterface, NamesOfSomebodyElseArePassedOverAndLeftAloneForAWhile) {
  kernel_.interface_name.clear();
  kernel_.foreign = {"sstp0", "sstp1"};
  const auto first = Create();
  ASSERT_TRUE(first.has_value()) << first.error().message;
  EXPECT_EQ(first->name(), "sstp2");
  EXPECT_EQ(first->lease().number(), 2U);
  EXPECT_EQ(names_.Lowest("sstp%d"), 3U);
  kernel_.asked_for.clear();
  const auto second = Create();
  ASSERT_TRUE(second.has_value()) << second.error().message;
  EXPECT_THAT(kernel_.asked_for, ::testing::ElementsAre("sstp3"));
}

TEST_F(FakeInterface, TooManyNamesOfSomebodyElseLeaveTheChoiceToTheKernel) {
  kernel_.interface_name = "sstp50";
  for (int i = 0; i < 50; ++i) kernel_.foreign.insert("sstp" + std::to_string(i));
  const auto interface = Create();
  ASSERT_TRUE(interface.has_value()) << interface.error().message;
  EXPECT_THAT(kernel_.asked_for, ::testing::ElementsAre("sstp0", "sstp1", "sstp2", "sstp3", "sstp4",
                                                        "sstp5", "sstp6", "sstp7", "sstp%d"));
  EXPECT_EQ(interface->name(), "sstp50");
  EXPECT_EQ(interface->lease().number(), 50U);
  EXPECT_EQ(names_.Lowest("sstp%d"), 8U);
}

TEST_F(FakeInterface, KeepsItsNameWhereAllBelowAreSomebodyElses) {
  kernel_.interface_name.clear();
  InterfaceNames::Lease zero = names_.Take("sstp%d");
  auto interface = Create();
  ASSERT_TRUE(interface.has_value());
  ASSERT_EQ(interface->name(), "sstp1");
  zero.Release();
  netlink_kernel_.refusals = {EEXIST};
  interface->TakeSessionName(*netlink_, names_, "sstp%d");
  EXPECT_TRUE(netlink_kernel_.refusals.empty()) << "it asked for sstp0";
  EXPECT_EQ(interface->name(), "sstp1");
  EXPECT_EQ(interface->warning(), "");
  const auto calls = netlink_kernel_.calls().size();
  interface->TakeSessionName(*netlink_, names_, "sstp%d");
  EXPECT_EQ(netlink_kernel_.calls().size(), calls) << "and does not again";
}

TEST_F(FakeInterface, ARenamingPassesOverNamesOfSomebodyElse) {
  auto interface = Create();
  ASSERT_TRUE(interface.has_value());
  netlink_kernel_.refusals = {EEXIST, EEXIST};
  interface->TakeSessionName(*netlink_, names_, "vpn%d");
  EXPECT_EQ(interface->name(), "vpn2");
  EXPECT_EQ(interface->lease().number(), 2U);
  EXPECT_EQ(names_.Lowest("vpn%d"), 3U);
  // Refused for another reason: none is tried after the kernel's choice, none is blocked.
  netlink_kernel_.refusals = {EBUSY, EBUSY};
  interface->TakeSessionName(*netlink_, names_, "other%d");
  EXPECT_TRUE(netlink_kernel_.refusals.empty());
  EXPECT_EQ(interface->name(), "vpn2");
  EXPECT_THAT(interface->warning(), HasSubstr("keeps its name vpn2"));
  EXPECT_EQ(names_.Lowest("other%d"), 0U);
  interface->TakeSessionName(*netlink_, names_, "vpn%d");
  EXPECT_EQ(interface->name(), "vpn2") << "0 and 1 are somebody else's";
  EXPECT_EQ(interface->warning(), "") << "its name is one of this template";
}

// It was there when the kernel refused, and is gone when it is looked for.
TEST_F(FakeInterface, ANameThatIsTakenForAMomentLeavesTheChoiceToTheKernel) {
  kernel_.FailCall(2, EBUSY);
  kernel_.interface_name = "sstp4";
  const auto interface = Create();
  ASSERT_TRUE(interface.has_value()) << interface.error().message;
  EXPECT_EQ(interface->name(), "sstp4");
  EXPECT_EQ(interface->provisional_name(), "ppp4");
  EXPECT_EQ(names_.Lowest("sstp%d"), 0U) << "may be free by now";
}

TEST_F(FakeInterface, WithoutAnyNameOfTheTemplateItKeepsAnother) {
  edge::FakeKernel kernel;
  kernel.interface_name = "ppp2";
  InterfaceNames names;
  // Sixteen letters: refused before any call, twice.
  const auto interface =
      SessionInterface::Create(kernel, *netlink_, names, {"sixteen-letters%d", true});
  ASSERT_TRUE(interface.has_value()) << interface.error().message;
  EXPECT_EQ(interface->name(), "ppp2");
  EXPECT_EQ(interface->provisional_name(), "ppp2");
  EXPECT_THAT(interface->warning(), HasSubstr("keeps its name ppp2: interface name "));
}

TEST_F(FakeInterface, WithoutTunTheErrorSaysSo) {
  kernel_.absent = "/dev/net/tun";
  const auto interface = Create();
  ASSERT_FALSE(interface.has_value());
  EXPECT_THAT(interface.error().message, HasSubstr("modprobe tun"));
  EXPECT_EQ(names_.Lowest("sstp%d"), 0U);
}

TEST_F(FakeInterface, OneThatWasUsedAsItShouldRestsForTheNext) {
  auto interface = Create();
  ASSERT_TRUE(interface.has_value());
  EXPECT_TRUE(interface->Rest(kernel_, *netlink_)) << "never activated";
  ASSERT_TRUE(
      interface->Activate(*netlink_, {Ipv4Plan(Ipv4Address(1), Ipv4Address(2)), Mtu(1452)}));
  interface->Shut(*netlink_);
  EXPECT_TRUE(interface->Rest(kernel_, *netlink_));
  kernel_.has_address = true;
  EXPECT_FALSE(interface->Rest(kernel_, *netlink_));
}

Bytes Attribute(std::uint16_t type, const Bytes& value) {
  Bytes octets{static_cast<std::uint8_t>(4 + value.size()), 0, static_cast<std::uint8_t>(type), 0};
  octets.insert(octets.end(), value.begin(), value.end());
  octets.resize((octets.size() + 3) & ~std::size_t{3});
  return octets;
}

TEST_F(FakeInterface, OneThatSomebodyElseHasChangedIsNotUsedAgain) {
  auto interface = Create();
  ASSERT_TRUE(interface.has_value());
  const auto with = [&](std::uint32_t flags, const Bytes& attributes) {
    netlink_kernel_.link_flags = flags;
    netlink_kernel_.link_attributes = attributes;
    return interface->Rest(kernel_, *netlink_);
  };
  EXPECT_TRUE(with(IFF_POINTOPOINT | IFF_MULTICAST | IFF_NOARP,
                   Attribute(IFLA_XDP, Attribute(IFLA_XDP_ATTACHED, {XDP_ATTACHED_NONE}))));
  EXPECT_FALSE(with(IFF_PROMISC, {}));
  EXPECT_FALSE(with(IFF_ALLMULTI, {}));
  EXPECT_FALSE(with(0, Attribute(IFLA_MASTER, {7, 0, 0, 0})));
  EXPECT_FALSE(with(0, Attribute(IFLA_IFALIAS, {'m', 'i', 'n', 'e', 0})));
  EXPECT_FALSE(with(0, Attribute(IFLA_PROP_LIST, Attribute(IFLA_ALT_IFNAME, {'b', 0}))));
  EXPECT_FALSE(with(0, Attribute(IFLA_XDP, Attribute(IFLA_XDP_ATTACHED, {XDP_ATTACHED_SKB}))));
  EXPECT_TRUE(with(0, {}));
}

TEST_F(FakeInterface, OneWithAQdiscOfSomebodyElseIsNotUsedAgain) {
  auto interface = Create();
  ASSERT_TRUE(interface.has_value());
  netlink_kernel_.qdiscs = {{TC_H_ROOT, 0}};
  EXPECT_TRUE(interface->Rest(kernel_, *netlink_)) << "the kernel's default";
  netlink_kernel_.qdiscs = {{TC_H_ROOT, 0x80010000}};
  EXPECT_FALSE(interface->Rest(kernel_, *netlink_));
  netlink_kernel_.qdiscs = {{TC_H_ROOT, 0}, {TC_H_INGRESS, 0xffff0000}};
  EXPECT_FALSE(interface->Rest(kernel_, *netlink_)) << "filters";
  netlink_kernel_.qdiscs.clear();
  // Down, link, root, ingress.
  for (const int none : {ENOENT, EOPNOTSUPP}) {
    netlink_kernel_.refusals = {0, 0, none, none};
    EXPECT_TRUE(interface->Rest(kernel_, *netlink_)) << none;
  }
  for (std::size_t asked = 1; asked < 4; ++asked) {
    netlink_kernel_.refusals.assign(asked, 0);
    netlink_kernel_.refusals.push_back(ENOBUFS);
    EXPECT_FALSE(interface->Rest(kernel_, *netlink_)) << "unknown: " << asked;
    EXPECT_TRUE(netlink_kernel_.refusals.empty());
  }
}

TEST_F(FakeInterface, OneThatCannotBeTakenDownIsNotUsedAgain) {
  auto interface = Create();
  ASSERT_TRUE(interface.has_value());
  netlink_kernel_.refusals = {EPERM};
  EXPECT_FALSE(interface->Rest(kernel_, *netlink_));
}

TEST_F(FakeInterface, OneThatCouldNotBeActivatedAsAWholeIsNotUsedAgain) {
  for (int failing = 0; failing < 3; ++failing) {  // settings, address, up
    auto interface = Create();
    ASSERT_TRUE(interface.has_value());
    netlink_kernel_.refusals.assign(static_cast<std::size_t>(failing), 0);
    netlink_kernel_.refusals.push_back(EPERM);
    EXPECT_FALSE(
        interface->Activate(*netlink_, {Ipv4Plan(Ipv4Address(1), Ipv4Address(2)), Mtu(1452)}));
    interface->Shut(*netlink_);
    EXPECT_FALSE(interface->Rest(kernel_, *netlink_)) << failing;
  }
}

TEST_F(FakeInterface, OneWhoseAddressSomebodyTookAwayIsNotUsedAgain) {
  auto interface = Create();
  ASSERT_TRUE(interface.has_value());
  ASSERT_TRUE(
      interface->Activate(*netlink_, {Ipv4Plan(Ipv4Address(1), Ipv4Address(2)), Mtu(1452)}));
  netlink_kernel_.refusals = {EADDRNOTAVAIL};
  interface->Shut(*netlink_);
  EXPECT_FALSE(interface->Rest(kernel_, *netlink_));
}

TEST_F(FakeInterface, WhereTheAddressCannotBeTakenAwayTheRouteIs) {
  for (const int code : {ENOBUFS, EPERM, EADDRNOTAVAIL, ENODEV, 0}) {
    auto interface = Create();
    ASSERT_TRUE(interface.has_value());
    ASSERT_TRUE(
        interface->Activate(*netlink_, {Ipv4Plan(Ipv4Address(1), Ipv4Address(2)), Mtu(1452)}));
    netlink_kernel_.refusals = {code};
    interface->Shut(*netlink_);
    const bool failed = code == ENOBUFS || code == EPERM;
    const Bytes& last = netlink_kernel_.written;
    ASSERT_EQ(last[4], failed ? RTM_NEWLINK : RTM_DELADDR) << code;
    if (failed) {
      ifinfomsg link{};
      std::memcpy(&link, &last[sizeof(nlmsghdr)], sizeof(link));
      EXPECT_EQ(link.ifi_change, static_cast<unsigned>(IFF_UP));
      EXPECT_EQ(link.ifi_flags, 0U);
    }
    EXPECT_EQ(interface->Rest(kernel_, *netlink_), code == 0) << code;
  }
}

TEST_F(FakeInterface, ADeviceThatDoesNotSayThatItIsEmptyIsNotUsedAgain) {
  auto interface = Create();
  ASSERT_TRUE(interface.has_value());
  kernel_.reads = {Bytes(64, 1), Bytes(20, 2), Fail(edge::Errno(EBADFD))};
  EXPECT_FALSE(interface->Rest(kernel_, *netlink_));
  EXPECT_TRUE(kernel_.reads.empty());
  kernel_.reads = {Bytes(64, 1)};
  EXPECT_FALSE(interface->Empty(kernel_));
  EXPECT_TRUE(interface->Empty(kernel_)) << "EAGAIN";
}

TEST_F(FakeInterface, WhereIpv6CannotBeDisabledThereIsOneWarningAndSessionsGoOn) {
  SetLogLevel(LogLevel::kWarning);
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) {
    edge::FakeKernel kernel;
    kernel.FailCall(7, EROFS);  // opening disable_ipv6
    const auto interface = SessionInterface::Create(kernel, *netlink_, names_, {"sstp%d", true});
    EXPECT_TRUE(interface.has_value());
  }
  const std::string log = ::testing::internal::GetCapturedStderr();
  SetLogLevel(LogLevel::kOff);
  const std::string line = "IPv6 stays enabled on the interfaces of sessions: ";
  const std::size_t first = log.find(line);
  ASSERT_NE(first, std::string::npos) << log;
  EXPECT_NE(log.find("Read-only file system", first), std::string::npos);
  EXPECT_EQ(log.find(line, first + 1), std::string::npos);
}

// ---- Names of users

TEST_F(FakeInterface, IsMadeUnderTheNameThatItsUserIsToHave) {
  kernel_.interface_name.clear();
  const auto interface =
      SessionInterface::Create(kernel_, *netlink_, names_, {"sstp%d", true, {}, "custA"});
  ASSERT_TRUE(interface.has_value()) << interface.error().message;
  EXPECT_EQ(interface->name(), "custA");
  EXPECT_EQ(interface->provisional_name(), "ppp0");
  EXPECT_EQ(interface->warning(), "");
  EXPECT_TRUE(interface->HasOwnName());
  EXPECT_THAT(kernel_.asked_for, ::testing::ElementsAre("custA")) << "no renaming";
  EXPECT_EQ(names_.Lowest("sstp%d"), 0U);
  const auto numbered =
      SessionInterface::Create(kernel_, *netlink_, names_, {"sstp%d", true, {}, "cust%d"});
  ASSERT_TRUE(numbered.has_value());
  EXPECT_EQ(numbered->name(), "cust0");
  EXPECT_FALSE(numbered->HasOwnName());
}

TEST_F(FakeInterface, ANameThatCannotBeHadIsAWarningAndOneOfTheTemplateIsUsed) {
  kernel_.interface_name.clear();
  kernel_.foreign = {"eth0"};
  const auto held =
      SessionInterface::Create(kernel_, *netlink_, names_, {"sstp%d", true, {}, "custA"});
  ASSERT_TRUE(held.has_value());
  const std::pair<const char*, const char*> cases[] = {
      {"custA", "interface name 'custA' is in use"},
      {"eth0", "an interface of this name is in use"},
      {"sixteen-letters0", "'sixteen-letters0' has more than 15 characters"},
      {"all", "'all'"},
      {"a/b\n", "'a/b"},
  };
  for (const auto& [name, words] : cases) {
    const auto interface =
        SessionInterface::Create(kernel_, *netlink_, names_, {"sstp%d", true, {}, name});
    ASSERT_TRUE(interface.has_value()) << name;
    EXPECT_EQ(interface->name(), "sstp0") << name;
    EXPECT_THAT(interface->warning(), HasSubstr("interface keeps its name sstp0: ")) << name;
    EXPECT_THAT(interface->warning(), HasSubstr(words));
    EXPECT_THAT(interface->warning(), ::testing::Not(HasSubstr("\n")));
  }
}

TEST_F(FakeInterface, AKeptOneTakesItsUsersName) {
  kernel_.interface_name.clear();
  auto interface = Create();
  ASSERT_TRUE(interface.has_value());
  interface->TakeSessionName(*netlink_, names_, "sstp%d", "custA");
  EXPECT_EQ(interface->name(), "custA");
  EXPECT_EQ(interface->provisional_name(), "ppp0");
  EXPECT_EQ(names_.Lowest("sstp%d"), 0U) << "free again";
  const auto calls = netlink_kernel_.calls().size();
  EXPECT_EQ(interface->TakeFinalName(*netlink_, names_, "custA").value(), "custA");
  EXPECT_EQ(netlink_kernel_.calls().size(), calls) << "it has it";
  netlink_kernel_.refusals = {EEXIST};
  const auto refused = interface->TakeFinalName(*netlink_, names_, "custB");
  EXPECT_EQ(refused.error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(interface->name(), "custA");
  EXPECT_EQ(names_.Take("custB").number(), 0U) << "not ours";
  EXPECT_EQ(interface->TakeFinalName(*netlink_, names_, "all").error().code,
            ErrorCode::kInvalidArgument);
  netlink_kernel_.refusals = {EEXIST};
  interface->TakeSessionName(*netlink_, names_, "sstp%d", "custB");
  EXPECT_EQ(interface->name(), "sstp0");
  EXPECT_THAT(interface->warning(), HasSubstr("interface keeps its name sstp0: setting name"));
  EXPECT_EQ(names_.Take("custA").number(), 0U) << "given back";
  EXPECT_EQ(interface->TakeFinalName(*netlink_, names_, "cust%d").value(), "cust0");
}

// ---- IPv6 and the MTU

TEST_F(FakeInterface, Ipv6NeedsItsLeastMtu) {
  auto interface = Create();
  ASSERT_TRUE(interface.has_value());
  const auto small = interface->Activate(*netlink_, {BothPlan(), Mtu(1279)});
  ASSERT_FALSE(small.has_value());
  EXPECT_EQ(small.error().message, "IPv6 needs an MTU of 1280, not 1279");
  ASSERT_TRUE(interface->Activate(*netlink_, {BothPlan(), Mtu(1280)}));
  EXPECT_FALSE(interface->SetMtu(*netlink_, Mtu(1279)));
  const fsm::LinkPlan ipv4 = Ipv4Plan(Ipv4Address(0x0a000001), Ipv4Address(0x0a000005));
  ASSERT_TRUE(interface->Change(*netlink_, ipv4));
  EXPECT_TRUE(interface->SetMtu(*netlink_, Mtu(1279)));
  EXPECT_FALSE(interface->Change(*netlink_, BothPlan()));
  // The kernel begins with IPv6 anew.
  kernel_.opened.clear();
  EXPECT_TRUE(interface->SetMtu(*netlink_, Mtu(1400)));
  EXPECT_EQ(kernel_.opened, "/proc/sys/net/ipv6/conf/ppp0/disable_ipv6");
  EXPECT_EQ(kernel_.written, (Bytes{'1', '\n'}));
  EXPECT_TRUE(interface->Change(*netlink_, BothPlan()));
}

TEST_F(FakeInterface, WithoutItsVrfItStaysFitForTheNext) {
  auto interface = Create();
  ASSERT_TRUE(interface.has_value());
  fsm::LinkPlan plan = BothPlan();
  plan.vrf = "BLUE";
  netlink_kernel_.refusals = {0, ENODEV};
  const auto refused = interface->Activate(*netlink_, {plan, Mtu(1452)});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message, "VRF 'BLUE' does not exist");
  interface->Shut(*netlink_);
  EXPECT_TRUE(interface->Rest(kernel_, *netlink_));
  EXPECT_FALSE(interface->Change(*netlink_, plan)) << "not in use";
}

// Against the real kernel, in a network namespace of its own.
void ChangeMtuInUse() {
  auto netlink = edge::Netlink::Open(edge::LinuxKernel());
  ASSERT_TRUE(netlink.has_value()) << netlink.error().message;
  InterfaceNames names;
  auto interface = SessionInterface::Create(edge::LinuxKernel(), *netlink, names, {"sstp%d", true});
  ASSERT_TRUE(interface.has_value()) << interface.error().message;
  const auto made = netlink->Query(interface->device().index());
  ASSERT_TRUE(made.has_value()) << made.error().message;
  EXPECT_EQ(made->name, "sstp0");
  EXPECT_EQ(made->group, kSessionGroup.value()) << "a successor finds it from now on";
  EXPECT_FALSE(made->up);
  const auto activated = interface->Activate(
      *netlink, {Ipv4Plan(Ipv4Address(0x0a000001), Ipv4Address(0x0a000005)), Mtu(1452)});
  ASSERT_TRUE(activated.has_value()) << activated.error().message;
  const auto set = interface->SetMtu(*netlink, Mtu(1300));
  ASSERT_TRUE(set.has_value()) << set.error().message;
  const auto facts = netlink->Query(interface->device().index());
  ASSERT_TRUE(facts.has_value()) << facts.error().message;
  EXPECT_EQ(facts->mtu, 1300U);
  EXPECT_TRUE(facts->up);
}

TEST(SessionInterface, MtuCanBeChangedInUse) {
  if (!edge::InNewNetworkNamespace(ChangeMtuInUse)) GTEST_SKIP() << "needs root (CAP_SYS_ADMIN)";
}

}  // namespace
}  // namespace sstpgw::gateway
