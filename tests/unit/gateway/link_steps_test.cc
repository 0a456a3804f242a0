#include "gateway/link_steps.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace sstpgw::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr fsm::Ipv4Link kPair{Ipv4Address(0x0a000001), Ipv4Address(0x0a000005)};
constexpr fsm::Ipv4Link kOtherPair{Ipv4Address(0x0a000001), Ipv4Address(0x0a000006)};
constexpr InterfaceId kOurs{0, 0, 0, 0, 0, 0, 0, 1};
constexpr InterfaceId kPeers{0, 0, 0, 0, 0, 0, 0, 2};
constexpr fsm::Ipv4Route kRoute{Ipv4Address(0x0a010000), 16, {}, 0};
constexpr fsm::Ipv4Route kOtherRoute{Ipv4Address(0x0a020000), 16, {}, 7};

fsm::Ipv6LinkAddress Address(const char* text) {
  return {.local = Ipv6Address::Parse(text).value(), .length = 64, .peer = std::nullopt};
}
fsm::Ipv6LinkAddress LinkLocal() { return LinkLocalOf(kOurs); }
fsm::Ipv6Route Delegated() {
  return {.destination = Ipv6Prefix::Parse("2001:db8:5::/56").value(),
          .gateway = LinkLocalOf(kPeers).local};
}

fsm::LinkPlan Ipv4Plan() {
  fsm::LinkPlan plan;
  plan.ipv4 = kPair;
  return plan;
}
fsm::LinkPlan BothPlan() {
  fsm::LinkPlan plan = Ipv4Plan();
  plan.ipv6 = fsm::Ipv6Link{kOurs, kPeers, {Address("2001:db8::1")}};
  return plan;
}
fsm::LinkPlan FullPlan() {
  fsm::LinkPlan plan = BothPlan();
  plan.vrf = "RED";
  plan.routes = {kRoute};
  plan.ipv6_routes = {Delegated()};
  return plan;
}
LinkCondition Up(fsm::LinkPlan plan) { return {true, std::move(plan)}; }

TEST(LinkSteps, LinkLocalIsThePrefixAndTheIdentifier) {
  EXPECT_EQ(LinkLocalOf({0, 10, 0, 11, 0, 12, 0, 13}).local.ToString(), "fe80::a:b:c:d");
  EXPECT_EQ(LinkLocalOf(kOurs).length, 64);
  EXPECT_FALSE(LinkLocalOf(kOurs).peer.has_value());
}

TEST(LinkSteps, Ipv4AloneIsTheAddressAndUp) {
  EXPECT_THAT(StepsBetween({}, Up(Ipv4Plan())), ElementsAre(Give{kPair}, Give{LinkUp{}}));
}

// The VRF before the link is up, routes afterwards: the kernel takes none before.
TEST(LinkSteps, ActivationIsInTheKernelsOrder) {
  EXPECT_THAT(StepsBetween({}, Up(FullPlan())),
              ElementsAre(MoveToVrf{"", "RED"}, Give{kPair}, Give{Ipv6Enabled{}}, Give{LinkUp{}},
                          Give{LinkLocal()}, Give{Address("2001:db8::1")}, Give{kRoute},
                          Give{Delegated()}));
}

TEST(LinkSteps, TheSamePlanIsNoWork) {
  EXPECT_THAT(StepsBetween(Up(FullPlan()), Up(FullPlan())), IsEmpty());
  fsm::LinkPlan renamed = FullPlan();
  renamed.name = "custA";
  EXPECT_THAT(StepsBetween(Up(FullPlan()), Up(renamed)), IsEmpty());
  fsm::LinkPlan other_order = FullPlan();
  other_order.routes = {kOtherRoute, kRoute, kRoute};
  fsm::LinkPlan order = FullPlan();
  order.routes = {kRoute, kOtherRoute};
  EXPECT_THAT(StepsBetween(Up(order), Up(other_order)), IsEmpty());
}

TEST(LinkSteps, Ipv6ThatComesLateLeavesIpv4Alone) {
  EXPECT_THAT(StepsBetween(Up(Ipv4Plan()), Up(BothPlan())),
              ElementsAre(Give{Ipv6Enabled{}}, Give{LinkLocal()}, Give{Address("2001:db8::1")}));
  EXPECT_THAT(StepsBetween(Up(BothPlan()), Up(Ipv4Plan())),
              ElementsAre(TakeAway{Address("2001:db8::1")}, TakeAway{LinkLocal()},
                          TakeAway{Ipv6Enabled{}}));
}

TEST(LinkSteps, RoutesComeAndGoByThemselves) {
  fsm::LinkPlan delegated = BothPlan();
  delegated.ipv6_routes = {Delegated()};
  EXPECT_THAT(StepsBetween(Up(BothPlan()), Up(delegated)), ElementsAre(Give{Delegated()}));
  EXPECT_THAT(StepsBetween(Up(delegated), Up(BothPlan())), ElementsAre(TakeAway{Delegated()}));
  fsm::LinkPlan one = BothPlan();
  one.routes = {kRoute};
  fsm::LinkPlan other = BothPlan();
  other.routes = {kOtherRoute, kOtherRoute};
  EXPECT_THAT(StepsBetween(Up(one), Up(other)), ElementsAre(TakeAway{kRoute}, Give{kOtherRoute}));
}

// With its last address the link loses all routes.
TEST(LinkSteps, AnotherIpv4AddressTakesTheRoutesWithIt) {
  fsm::LinkPlan before = BothPlan();
  before.routes = {kRoute};
  fsm::LinkPlan after = before;
  after.ipv4 = kOtherPair;
  EXPECT_THAT(StepsBetween(Up(before), Up(after)),
              ElementsAre(TakeAway{kRoute}, TakeAway{kPair}, Give{kOtherPair}, Give{kRoute}));
}

TEST(LinkSteps, AnotherVrfTakesEverythingAwayFirstAndGivesItAgain) {
  fsm::LinkPlan blue = FullPlan();
  blue.vrf = "BLUE";
  blue.routes = {kOtherRoute};
  EXPECT_THAT(StepsBetween(Up(FullPlan()), Up(blue)),
              ElementsAre(TakeAway{Delegated()}, TakeAway{kRoute}, TakeAway{Address("2001:db8::1")},
                          TakeAway{LinkLocal()}, TakeAway{kPair}, MoveToVrf{"RED", "BLUE"},
                          Give{kPair}, Give{LinkLocal()}, Give{Address("2001:db8::1")},
                          Give{kOtherRoute}, Give{Delegated()}));
  fsm::LinkPlan none = Ipv4Plan();
  fsm::LinkPlan red = none;
  red.vrf = "RED";
  EXPECT_THAT(StepsBetween(Up(red), Up(none)),
              ElementsAre(TakeAway{kPair}, MoveToVrf{"RED", ""}, Give{kPair}));
}

TEST(LinkSteps, TheEndIsShortWhereTheKernelClearsUp) {
  EXPECT_THAT(StepsToShut({}, true), IsEmpty());
  EXPECT_THAT(StepsToShut(Up(Ipv4Plan()), true), ElementsAre(TakeAway{kPair}));
  EXPECT_THAT(StepsToShut(Up(FullPlan()), true),
              ElementsAre(TakeAway{Delegated()}, TakeAway{Ipv6Enabled{}}, TakeAway{kPair}));
  EXPECT_THAT(StepsToShut(Up(FullPlan()), false),
              ElementsAre(TakeAway{Delegated()}, TakeAway{Address("2001:db8::1")},
                          TakeAway{LinkLocal()}, TakeAway{kPair}));
  fsm::LinkPlan routes_only;
  routes_only.routes = {kRoute};
  EXPECT_THAT(StepsToShut(Up(routes_only), true), ElementsAre(TakeAway{kRoute}));
  fsm::LinkPlan stray = Ipv4Plan();  // the kernel may have IPv6 on by itself
  stray.ipv6_routes = {Delegated()};
  EXPECT_THAT(StepsToShut(Up(stray), true), ElementsAre(TakeAway{Delegated()}, TakeAway{kPair}));
}

TEST(LinkSteps, EachStepHasAnOpposite) {
  EXPECT_EQ(Opposite(Give{kPair}), LinkStep(TakeAway{kPair}));
  EXPECT_EQ(Opposite(TakeAway{kRoute}), LinkStep(Give{kRoute}));
  EXPECT_EQ(Opposite(MoveToVrf{"RED", ""}), (LinkStep(MoveToVrf{"", "RED"})));
  EXPECT_TRUE(GivesRoute(Give{kRoute}));
  EXPECT_TRUE(GivesRoute(Give{Delegated()}));
  EXPECT_FALSE(GivesRoute(TakeAway{kRoute}));
  EXPECT_FALSE(GivesRoute(Give{kPair}));
}

TEST(LinkSteps, RoutesThatWereRefusedAreLeftOut) {
  fsm::LinkPlan plan = FullPlan();
  plan.routes = {kRoute, kOtherRoute};
  const fsm::LinkPlan rest = WithoutRoutes(plan, {kRoute, Delegated()});
  EXPECT_THAT(rest.routes, ElementsAre(kOtherRoute));
  EXPECT_THAT(rest.ipv6_routes, IsEmpty());
  EXPECT_EQ(rest.ipv4, plan.ipv4);
}

// ---- Any two plans, against a kernel in a few lines

// What a kernel does to what it has, see the top of link_steps.h.
class ModelKernel {
 public:
  void Do(const LinkStep& step) {
    if (const auto* give = std::get_if<Give>(&step)) return Add(give->thing);
    if (const auto* take = std::get_if<TakeAway>(&step)) return Remove(take->thing);
    const auto& move = std::get<MoveToVrf>(step);
    EXPECT_EQ(vrf, move.from);
    vrf = move.to;
    if (!Has(LinkUp{})) return;
    std::erase_if(things, [](const LinkThing& thing) {
      return !std::holds_alternative<fsm::Ipv4Link>(thing) &&
             !std::holds_alternative<Ipv6Enabled>(thing) && !std::holds_alternative<LinkUp>(thing);
    });
  }
  [[nodiscard]] bool Has(const LinkThing& thing) const {
    return std::find(things.begin(), things.end(), thing) != things.end();
  }
  std::string vrf;
  std::vector<LinkThing> things;

 private:
  template <class T>
  static bool Is(const LinkThing& thing) {
    return std::holds_alternative<T>(thing);
  }
  void Add(const LinkThing& thing) {
    EXPECT_FALSE(Has(thing)) << "twice";
    if (Is<fsm::Ipv6LinkAddress>(thing)) {
      EXPECT_TRUE(Has(Ipv6Enabled{}));
    }
    if (Is<fsm::Ipv4Route>(thing) || Is<fsm::Ipv6Route>(thing)) {
      EXPECT_TRUE(Has(LinkUp{}));
    }
    things.push_back(thing);
  }
  void Remove(const LinkThing& thing) {
    EXPECT_TRUE(Has(thing)) << "it is not there";
    std::erase(things, thing);
    const bool has_ipv4 = std::any_of(things.begin(), things.end(), Is<fsm::Ipv4Link>);
    std::erase_if(things, [&](const LinkThing& left) {
      return (Is<fsm::Ipv4Link>(thing) && !has_ipv4 && Is<fsm::Ipv4Route>(left)) ||
             (Is<Ipv6Enabled>(thing) &&
              (Is<fsm::Ipv6LinkAddress>(left) || Is<fsm::Ipv6Route>(left)));
    });
  }
};

class AnyPlan {
 public:
  LinkCondition Next() {
    if (Chance(8)) return {};
    fsm::LinkPlan plan;
    plan.vrf = std::vector<std::string>{"", "RED", "BLUE"}[Pick(3)];
    if (!Chance(4)) plan.ipv4 = Chance(2) ? kPair : kOtherPair;
    if (plan.ipv4 && Chance(2)) plan.routes.push_back(kRoute);
    if (plan.ipv4 && Chance(2)) plan.routes.push_back(kOtherRoute);
    if (Chance(2)) {
      plan.ipv6 = fsm::Ipv6Link{Chance(2) ? kOurs : InterfaceId{9}, kPeers, {}};
      if (Chance(2)) plan.ipv6->addresses.push_back(Address("2001:db8::1"));
      if (Chance(2)) plan.ipv6->addresses.push_back(Address("2001:db8:0:1::1"));
      if (Chance(2)) plan.ipv6_routes.push_back(Delegated());
    }
    return Up(plan);
  }

 private:
  std::size_t Pick(std::size_t below) { return generator_() % below; }
  bool Chance(std::size_t of) { return Pick(of) == 0; }
  std::minstd_rand generator_{7};
};

void ExpectSame(const ModelKernel& kernel, const ModelKernel& fresh, int round) {
  EXPECT_EQ(kernel.vrf, fresh.vrf) << round;
  EXPECT_THAT(kernel.things, ::testing::UnorderedElementsAreArray(fresh.things)) << round;
}

// However a plan was come to, the kernel has the same as if it had been the first one; and each way
// leads back.
TEST(LinkSteps, EveryPlanIsReachedFromEveryOther) {
  AnyPlan plans;
  ModelKernel kernel;
  LinkCondition now;
  for (int round = 0; round < 3000; ++round) {
    const LinkCondition next = plans.Next();
    const ModelKernel before = kernel;
    const std::vector<LinkStep> steps = StepsBetween(now, next);
    for (const LinkStep& step : steps) kernel.Do(step);
    ModelKernel back = kernel;
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) back.Do(Opposite(*step));
    ExpectSame(back, before, round);
    ModelKernel fresh;
    for (const LinkStep& step : StepsBetween({}, next)) fresh.Do(step);
    ExpectSame(kernel, fresh, round);
    ModelKernel shut = kernel;
    for (const LinkStep& step : StepsToShut(next, true)) shut.Do(step);
    if (next.up) {
      EXPECT_THAT(shut.things, ElementsAre(LinkThing(LinkUp{}))) << round;
    }
    if (::testing::Test::HasFailure()) return;
    now = next;
  }
}

}  // namespace
}  // namespace sstpgw::gateway
