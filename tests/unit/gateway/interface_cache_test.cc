// The cache against the real kernel, in a network namespace of the test's own. Needs root.
#include "gateway/interface_cache.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>

#include "gateway/edge/link_address.h"
#include "gateway/edge/sysctl.h"
#include "proto/base/log.h"
#include "tests/support/wait_until.h"
#include "tests/unit/edge/fake_kernel.h"
#include "tests/unit/edge/network_namespace.h"
#include "tests/unit/gateway/link_plans.h"

namespace sstpgw::gateway {
namespace {

using edge::LinuxKernel;
using test::kPatience;
using test::WaitUntil;
using ::testing::HasSubstr;

constexpr char kNeedsRoot[] = "needs root (CAP_SYS_ADMIN) to make a network namespace";
constexpr Ipv4Address kLocal(0x0a000001);  // 10.0.0.1
constexpr Ipv4Address kPeer(0x0a000005);   // 10.0.0.5
constexpr Ipv4Address kOther(0x0a000006);  // 10.0.0.6
constexpr std::uint16_t kPort = 9;
constexpr InterfaceCache::Options kKeepNames{.idle_before_neutral = std::chrono::hours(1)};
constexpr InterfaceCache::Options kNeutralAtOnce{.idle_before_neutral = Duration(0)};

bool Exists(const std::string& interface) {
  return edge::ReadSysctl(LinuxKernel(), "net/ipv4/conf/" + interface + "/forwarding").has_value();
}

// A cache and what a worker has.
class Bench {
 public:
  Bench(std::uint32_t capacity, const InterfaceCache::Options& options) {
    auto netlink = edge::Netlink::Open(LinuxKernel());
    auto cache = InterfaceCache::Create(LinuxKernel(), options);
    if (!netlink || !cache) throw std::runtime_error("no netlink");
    netlink_.emplace(std::move(*netlink));
    cache_ = std::move(*cache);
    cache_->Configure(capacity, true);
  }
  InterfaceCache& cache() { return *cache_; }
  edge::Netlink& netlink() { return *netlink_; }

  SessionInterface Take(const std::string& name_template = "sstp%d", const std::string& name = {}) {
    auto taken = cache_->Take(*netlink_, name_template, true, name);
    if (!taken) throw std::runtime_error(taken.error().message);
    return std::move(*taken);
  }
  SessionInterface Up(Ipv4Address peer = kPeer) {
    SessionInterface interface = Take();
    const auto activated = interface.Activate(*netlink_, {Ipv4Plan(kLocal, peer), Mtu(1452)});
    EXPECT_TRUE(activated.has_value()) << activated.error().message;
    return interface;
  }
  void Give(SessionInterface interface) { cache_->Give(*netlink_, std::move(interface)); }
  bool WaitKept(std::uint64_t count) {
    return WaitUntil([&] { return cache_->figures().kept == count; }, kPatience);
  }
  bool WaitDestroyed(std::uint64_t count) {
    return WaitUntil([&] { return cache_->figures().destroyed == count; }, kPatience);
  }
  edge::LinkFacts Facts(InterfaceIndex index) {
    auto facts = netlink_->Query(index);
    return facts ? *facts : edge::LinkFacts{};
  }

 private:
  std::optional<edge::Netlink> netlink_;
  std::unique_ptr<InterfaceCache> cache_;
};

// Sends datagrams of one octet to a session's peer.
class Sender {
 public:
  void Send(Ipv4Address peer, std::uint8_t octet) {
    sockaddr_in there{};
    there.sin_family = AF_INET;
    there.sin_port = htons(kPort);
    there.sin_addr.s_addr = htonl(peer.value());
    static_cast<void>(::sendto(socket_.get(), &octet, 1, MSG_DONTWAIT,
                               reinterpret_cast<sockaddr*>(&there), sizeof(there)));
  }

 private:
  edge::UniqueFd socket_{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

// The last octet of every packet that waits in the interface: what a session would be sent.
std::vector<std::uint8_t> Waiting(SessionInterface& interface) {
  std::vector<std::uint8_t> octets;
  std::array<std::uint8_t, 2048> packet{};
  while (true) {
    const auto length = LinuxKernel().Read(interface.device().fd(), packet);
    if (!length) return octets;
    octets.push_back(packet[*length - 1]);
  }
}

// Sends to kPeer without a pause as long as it exists.
class Fire {
 public:
  Fire() : thread_([this] { Run(); }) {}
  ~Fire() {
    stop_ = true;
    thread_.join();
  }
  Fire(const Fire&) = delete;
  Fire& operator=(const Fire&) = delete;

  // From when it returns on only this octet is sent. False: the other thread does not get there.
  [[nodiscard]] bool Switch(std::uint8_t octet) {
    wanted_ = octet;
    return WaitUntil([&] { return sent_ == octet; }, kPatience);
  }

 private:
  void Run() {
    Sender sender;
    while (!stop_) {
      const std::uint8_t octet = wanted_;
      sender.Send(kPeer, octet);
      sent_ = octet;
    }
  }

  std::atomic<bool> stop_{false};
  std::atomic<std::uint8_t> wanted_{0};
  std::atomic<std::uint8_t> sent_{0};  // in the newest datagram
  std::thread thread_;
};

#define IN_NAMESPACE(...) \
  if (!edge::InNewNetworkNamespace(__VA_ARGS__)) GTEST_SKIP() << kNeedsRoot

TEST(InterfaceCache, AKeptInterfaceIsDownAndBareAndTheNextSessionHasIt) {
  IN_NAMESPACE([] {
    Bench bench(2, kKeepNames);
    SessionInterface first = bench.Up();
    const InterfaceIndex index = first.index();
    EXPECT_EQ(first.name(), "sstp0");
    bench.Give(std::move(first));
    ASSERT_TRUE(bench.WaitKept(1));
    const edge::LinkFacts kept = bench.Facts(index);
    EXPECT_FALSE(kept.up);
    EXPECT_EQ(kept.group, kCachedGroup.value());
    EXPECT_FALSE(edge::HasIpv4Address(LinuxKernel(), kept.name).value());

    SessionInterface second = bench.Up(kOther);
    EXPECT_EQ(second.index(), index);
    EXPECT_EQ(second.name(), "sstp0");
    EXPECT_EQ(second.provisional_name(), "ppp0");
    const edge::LinkFacts facts = bench.Facts(index);
    EXPECT_TRUE(facts.up);
    EXPECT_EQ(facts.group, kSessionGroup.value());
    Sender().Send(kOther, 7);
    EXPECT_THAT(Waiting(second), ::testing::ElementsAre(7));
    const InterfaceFigures figures = bench.cache().figures();
    EXPECT_EQ(figures.created, 1U);
    EXPECT_EQ(figures.reused, 1U);
    bench.Give(std::move(second));
  });
}

TEST(InterfaceCache, AnIdleOneHasANeutralNameAndGetsTheSessionsBack) {
  IN_NAMESPACE([] {
    Bench bench(2, kNeutralAtOnce);
    SessionInterface zero = bench.Up();
    SessionInterface one = bench.Up(kOther);
    const InterfaceIndex index = one.index();
    EXPECT_EQ(one.name(), "sstp1");
    bench.Give(std::move(one));
    ASSERT_TRUE(WaitUntil([&] { return bench.Facts(index).name == "ppp1"; }, kPatience));
    ASSERT_TRUE(bench.WaitKept(1));
    EXPECT_FALSE(bench.Facts(index).up);
    EXPECT_EQ(bench.Facts(index).group, kCachedGroup.value());
    bench.Give(std::move(zero));
    ASSERT_TRUE(WaitUntil([] { return Exists("ppp0"); }, kPatience));
    ASSERT_TRUE(bench.WaitKept(2));
    EXPECT_FALSE(Exists("sstp0"));
    EXPECT_FALSE(Exists("sstp1"));

    std::vector<SessionInterface> again;
    again.push_back(bench.Take());
    again.push_back(bench.Take());
    EXPECT_EQ(again[0].name(), "sstp0");
    EXPECT_EQ(again[0].provisional_name(), "ppp0") << "its name until now";
    EXPECT_EQ(again[1].name(), "sstp1");
    EXPECT_EQ(again[1].index(), index);
    EXPECT_EQ(bench.cache().figures().created, 2U);
  });
}

TEST(InterfaceCache, ANeutralNameThatSomebodyHasIsReplacedByAnother) {
  IN_NAMESPACE([] {
    const auto somebody = edge::TunDevice::Create(LinuxKernel(), "ppp0", edge::kAllTunOffloads);
    ASSERT_TRUE(somebody.has_value());
    Bench bench(1, kNeutralAtOnce);
    bench.Give(bench.Up());
    EXPECT_TRUE(WaitUntil([] { return Exists("ppp1"); }, kPatience));
    ASSERT_TRUE(bench.WaitKept(1));
    const SessionInterface next = bench.Take();
    EXPECT_EQ(next.name(), "sstp0");
    EXPECT_EQ(next.provisional_name(), "ppp1");
  });
}

// While the other one is in use again and again; what is remembered of that is cleared up now and
// then, but not it.
TEST(InterfaceCache, TheOneThatStaysIdleGetsItsNeutralName) {
  IN_NAMESPACE([] {
    constexpr InterfaceCache::Options kSoon{.idle_before_neutral = std::chrono::seconds(1)};
    Bench bench(2, kSoon);
    SessionInterface zero = bench.Take();
    bench.Give(bench.Take());
    ASSERT_TRUE(bench.WaitKept(1));
    bench.Give(std::move(zero));
    ASSERT_TRUE(bench.WaitKept(2));
    int rounds = 0;
    ASSERT_TRUE(WaitUntil(
        [&] {
          for (int i = 0; i < 20; ++i, ++rounds) {
            bench.Give(bench.Take());
            EXPECT_TRUE(bench.WaitKept(2));
          }
          return Exists("ppp1");
        },
        kPatience));
    EXPECT_EQ(bench.cache().figures().created, 2U);
    EXPECT_GT(rounds, 0);
  });
}

// As before Linux 6.9: the first three show it.
TEST(InterfaceCache, WhereRenamingIsSlowNamesAreKept) {
  IN_NAMESPACE([] {
    constexpr InterfaceCache::Options kAllAreSlow{
        .idle_before_neutral = Duration(0), .slow_renaming = Duration(0), .measured_renamings = 3};
    Bench bench(5, kAllAreSlow);
    std::vector<SessionInterface> all;
    for (int i = 0; i < 5; ++i) all.push_back(bench.Take());
    for (std::size_t i = 0; i < 3; ++i) {
      const std::string neutral = all[i].provisional_name();
      bench.Give(std::move(all[i]));
      ASSERT_TRUE(WaitUntil([&] { return Exists(neutral); }, kPatience)) << neutral;
    }
    bench.Give(std::move(all[3]));
    bench.Give(std::move(all[4]));
    ASSERT_TRUE(bench.WaitKept(5));
    // Gathering what is to be destroyed takes longer than a renaming.
    bench.cache().Configure(4, true);
    ASSERT_TRUE(bench.WaitDestroyed(1));
    EXPECT_TRUE(Exists("sstp3"));
    EXPECT_TRUE(Exists("sstp4"));
    EXPECT_EQ(bench.cache().figures().kept, 4U);
  });
}

TEST(InterfaceCache, WithoutRoomItDisappears) {
  IN_NAMESPACE([] {
    Bench bench(0, kKeepNames);
    bench.Give(bench.Up());
    EXPECT_TRUE(WaitUntil([] { return !Exists("sstp0"); }, kPatience));
    EXPECT_TRUE(bench.WaitDestroyed(1));
    const SessionInterface next = bench.Take();
    EXPECT_EQ(next.name(), "sstp0") << "the lowest number is free again";
    EXPECT_EQ(bench.cache().figures().reused, 0U);
  });
}

TEST(InterfaceCache, WhatWaitedForOneSessionNeverReachesTheNext) {
  IN_NAMESPACE([] {
    Bench bench(1, kKeepNames);
    Sender sender;
    std::size_t waited = 0;
    for (std::uint8_t round = 1; round < 60; ++round) {
      // The same address again: the worst case.
      SessionInterface interface = bench.Up();
      EXPECT_THAT(Waiting(interface), ::testing::IsEmpty()) << int{round};
      for (int i = 0; i < 20; ++i) sender.Send(kPeer, round);
      std::array<std::uint8_t, 2048> packet{};
      if (LinuxKernel().Read(interface.device().fd(), packet)) ++waited;
      bench.Give(std::move(interface));
      ASSERT_TRUE(bench.WaitKept(1));
    }
    EXPECT_EQ(waited, 59U) << "there must be something that could leak";
    EXPECT_EQ(bench.cache().figures().created, 1U);
  });
}

// Packets are on their way into the interface all the time while sessions end and begin, also on
// its own address.
TEST(InterfaceCache, NothingLeaksUnderFire) {
  IN_NAMESPACE([] {
    Bench bench(1, kKeepNames);
    Fire fire;
    for (std::uint8_t round = 1; round <= 100; ++round) {
      SessionInterface interface = bench.Take();
      ASSERT_TRUE(fire.Switch(round));
      // From here on there is only this round's octet; another one was put in under an earlier
      // session.
      const auto activated =
          interface.Activate(bench.netlink(), {Ipv4Plan(kLocal, kPeer), Mtu(1452)});
      ASSERT_TRUE(activated.has_value()) << activated.error().message;
      std::vector<std::uint8_t> seen;
      ASSERT_TRUE(WaitUntil(
          [&] {
            const auto more = Waiting(interface);
            seen.insert(seen.end(), more.begin(), more.end());
            return !seen.empty();
          },
          kPatience));
      for (const std::uint8_t octet : seen) EXPECT_EQ(int{octet}, int{round});
      bench.Give(std::move(interface));
      ASSERT_TRUE(bench.WaitKept(1));
    }
    EXPECT_EQ(bench.cache().figures().created, 1U);
  });
}

// An operator sets a kept interface up and routes to it.
TEST(InterfaceCache, WhatSomebodyPutIntoAKeptOneIsNotForASession) {
  IN_NAMESPACE([] {
    Bench bench(1, kKeepNames);
    SessionInterface interface = bench.Up();
    const InterfaceIndex index = interface.index();
    bench.Give(std::move(interface));
    ASSERT_TRUE(bench.WaitKept(1));
    ASSERT_TRUE(bench.netlink().AddAddress(index, kLocal, kPeer).has_value());
    ASSERT_TRUE(bench.netlink().SetState(index, edge::LinkState::kUp).has_value());
    Sender().Send(kPeer, 66);
    SessionInterface next = bench.Up(kOther);
    EXPECT_NE(next.index(), index);
    EXPECT_THAT(Waiting(next), ::testing::IsEmpty());
    // It has an address that nobody here gave it.
    EXPECT_TRUE(bench.WaitDestroyed(1));
    EXPECT_EQ(bench.cache().figures().kept, 0U);
  });
}

TEST(InterfaceCache, OneWithForeignAddressesOrNamesIsNotKept) {
  IN_NAMESPACE([] {
    Bench bench(2, kKeepNames);
    SessionInterface addressed = bench.Up();
    ASSERT_TRUE(bench.netlink().AddAddress(addressed.index(), kLocal, kOther).has_value());
    bench.Give(std::move(addressed));
    EXPECT_TRUE(bench.WaitDestroyed(1));
    SessionInterface renamed = bench.Take();
    ASSERT_TRUE(bench.netlink().Rename(renamed.index(), "mine").has_value());
    bench.Give(std::move(renamed));
    EXPECT_TRUE(bench.WaitDestroyed(2));
    EXPECT_FALSE(Exists("mine"));
    EXPECT_EQ(bench.cache().figures().kept, 0U);
  });
}

TEST(InterfaceCache, DeletedFromOutsideItIsReplaced) {
  IN_NAMESPACE([] {
    Bench bench(2, kKeepNames);
    SessionInterface in_use = bench.Up();
    ASSERT_TRUE(bench.netlink().Delete(in_use.index()).has_value());
    bench.Give(std::move(in_use));
    EXPECT_TRUE(bench.WaitDestroyed(1));

    SessionInterface kept = bench.Up();
    const InterfaceIndex index = kept.index();
    bench.Give(std::move(kept));
    ASSERT_TRUE(bench.WaitKept(1));
    ASSERT_TRUE(bench.netlink().Delete(index).has_value());
    SessionInterface next = bench.Up();
    EXPECT_NE(next.index(), index);
    EXPECT_TRUE(bench.WaitDestroyed(2));
  });
}

TEST(InterfaceCache, TheLowestNumbersAreKept) {
  IN_NAMESPACE([] {
    Bench bench(1, kKeepNames);
    std::vector<SessionInterface> all;
    for (int i = 0; i < 3; ++i) all.push_back(bench.Take());
    const InterfaceIndex lowest = all[0].index();
    bench.Give(std::move(all[1]));
    ASSERT_TRUE(bench.WaitKept(1));
    bench.Give(std::move(all[2]));
    EXPECT_TRUE(bench.WaitDestroyed(1));
    EXPECT_TRUE(Exists("sstp1"));
    bench.Give(std::move(all[0]));
    EXPECT_TRUE(bench.WaitDestroyed(2));
    EXPECT_FALSE(Exists("sstp1"));
    ASSERT_TRUE(bench.WaitKept(1));
    SessionInterface next = bench.Take();
    EXPECT_EQ(next.index(), lowest);
    EXPECT_EQ(next.name(), "sstp0");
  });
}

TEST(InterfaceCache, AFreeNumberBelowIsTakenAllTheSame) {
  IN_NAMESPACE([] {
    Bench bench(1, kKeepNames);
    SessionInterface zero = bench.Take();
    SessionInterface one = bench.Take();
    const InterfaceIndex index = one.index();
    bench.Give(std::move(one));
    ASSERT_TRUE(bench.WaitKept(1));
    ASSERT_TRUE(bench.netlink().Delete(zero.index()).has_value());
    bench.Give(std::move(zero));  // not fit to be kept
    ASSERT_TRUE(bench.WaitDestroyed(1));
    const SessionInterface next = bench.Take();
    EXPECT_EQ(next.index(), index);
    EXPECT_EQ(next.name(), "sstp0");
    EXPECT_FALSE(Exists("sstp1"));
  });
}

TEST(InterfaceCache, AnotherTemplateRenamesWhatIsKept) {
  IN_NAMESPACE([] {
    Bench bench(1, kKeepNames);
    SessionInterface first = bench.Take();
    const InterfaceIndex index = first.index();
    bench.Give(std::move(first));
    ASSERT_TRUE(bench.WaitKept(1));
    const SessionInterface next = bench.Take("vpn%d");
    EXPECT_EQ(next.index(), index);
    EXPECT_EQ(next.name(), "vpn0");
    EXPECT_EQ(bench.Take().name(), "sstp0");
  });
}

TEST(InterfaceCache, AUsersNameComesAndGoesWithHisSessions) {
  IN_NAMESPACE([] {
    Bench bench(2, kKeepNames);
    SessionInterface plain = bench.Take();
    SessionInterface own = bench.Take("sstp%d", "custA");
    const InterfaceIndex index = own.index();
    EXPECT_EQ(own.name(), "custA");
    EXPECT_EQ(bench.Facts(index).name, "custA");
    const SessionInterface second = bench.Take("sstp%d", "custA");
    EXPECT_EQ(second.name(), "sstp1");
    EXPECT_THAT(second.warning(), HasSubstr("interface name 'custA' is in use"));
    bench.Give(std::move(plain));
    ASSERT_TRUE(bench.WaitKept(1));
    bench.Give(std::move(own));
    ASSERT_TRUE(bench.WaitKept(2));
    // His own again, though one of the template would be there.
    own = bench.Take("sstp%d", "custA");
    EXPECT_EQ(own.index(), index);
    EXPECT_EQ(own.name() + own.warning(), "custA");
    bench.Give(std::move(own));
    ASSERT_TRUE(bench.WaitKept(2));
    // Another user, who has none: the one that needs no renaming. The next one renames his.
    const SessionInterface other = bench.Take();
    EXPECT_EQ(other.name(), "sstp0");
    EXPECT_NE(other.index(), index);
    const SessionInterface next = bench.Take("sstp%d", "custB");
    EXPECT_EQ(next.index(), index);
    EXPECT_EQ(bench.Facts(index).name, "custB");
    EXPECT_FALSE(Exists("custA"));
  });
}

TEST(InterfaceCache, AnIdleOneGivesItsUsersNameBack) {
  IN_NAMESPACE([] {
    Bench bench(1, kNeutralAtOnce);
    SessionInterface own = bench.Take("sstp%d", "custA");
    const InterfaceIndex index = own.index();
    bench.Give(std::move(own));
    ASSERT_TRUE(WaitUntil([&] { return bench.Facts(index).name == "ppp0"; }, kPatience));
    ASSERT_TRUE(bench.WaitKept(1));
    SessionInterface again = bench.Take("sstp%d", "custA");
    EXPECT_EQ(again.index(), index);
    EXPECT_EQ(again.name() + again.warning(), "custA");
    EXPECT_EQ(again.provisional_name(), "ppp0");
  });
}

TEST(InterfaceCache, WithoutRoomAUsersNameIsFreeSoon) {
  IN_NAMESPACE([] {
    Bench bench(0, kKeepNames);
    bench.Give(bench.Take("sstp%d", "custA"));
    ASSERT_TRUE(bench.WaitDestroyed(1));
    const SessionInterface again = bench.Take("sstp%d", "custA");
    EXPECT_EQ(again.name() + again.warning(), "custA");
  });
}

// From a session with everything to one with IPv4 alone and back.
TEST(InterfaceCache, OneThatHadIpv6AndRoutesIsBareForTheNext) {
  IN_NAMESPACE([] {
    Bench bench(1, kKeepNames);
    std::optional<InterfaceIndex> index;
    for (int round = 0; round < 3; ++round) {
      SessionInterface full = bench.Take();
      index = index.value_or(full.index());
      EXPECT_EQ(full.index(), *index);
      const auto up = full.Activate(bench.netlink(), {FullPlan(), Mtu(1452)});
      ASSERT_TRUE(up.has_value()) << up.error().message;
      EXPECT_THAT(full.refused_routes(), ::testing::IsEmpty());
      EXPECT_EQ(edge::ReadSysctl(LinuxKernel(), "net/ipv6/conf/sstp0/disable_ipv6").value(), "0");
      bench.Give(std::move(full));
      ASSERT_TRUE(bench.WaitKept(1));
      EXPECT_EQ(edge::ReadSysctl(LinuxKernel(), "net/ipv6/conf/sstp0/disable_ipv6").value(), "1");
      SessionInterface plain = bench.Up();
      EXPECT_EQ(plain.index(), *index);
      EXPECT_EQ(edge::ReadSysctl(LinuxKernel(), "net/ipv6/conf/sstp0/disable_ipv6").value(), "1");
      bench.Give(std::move(plain));
      ASSERT_TRUE(bench.WaitKept(1));
    }
    EXPECT_EQ(bench.cache().figures().created, 1U);
  });
}

// Below IPv6's least MTU the kernel forgets what was set.
TEST(InterfaceCache, ASmallMtuInBetweenDoesNotBringIpv6Back) {
  IN_NAMESPACE([] {
    Bench bench(1, kKeepNames);
    SessionInterface small = bench.Take();
    ASSERT_TRUE(small.Activate(bench.netlink(), {Ipv4Plan(kLocal, kPeer), Mtu(1000)}));
    EXPECT_TRUE(small.SetMtu(bench.netlink(), Mtu(1400)));
    EXPECT_EQ(edge::ReadSysctl(LinuxKernel(), "net/ipv6/conf/sstp0/disable_ipv6").value(), "1");
    EXPECT_TRUE(small.SetMtu(bench.netlink(), Mtu(1000)));
    bench.Give(std::move(small));
    ASSERT_TRUE(bench.WaitKept(1));
    SessionInterface next = bench.Up();
    EXPECT_EQ(edge::ReadSysctl(LinuxKernel(), "net/ipv6/conf/sstp0/disable_ipv6").value(), "1");
    const auto late = next.Change(bench.netlink(), FullPlan());
    ASSERT_TRUE(late.has_value()) << late.error().message;
    EXPECT_EQ(edge::ReadSysctl(LinuxKernel(), "net/ipv6/conf/sstp0/accept_ra").value(), "0");
  });
}

TEST(InterfaceCache, ShrinkingFreesTheSurplus) {
  IN_NAMESPACE([] {
    for (const InterfaceCache::Options& options : {kKeepNames, kNeutralAtOnce}) {
      Bench bench(3, options);
      std::vector<SessionInterface> all;
      for (int i = 0; i < 3; ++i) all.push_back(bench.Take());
      for (SessionInterface& interface : all) bench.Give(std::move(interface));
      all.clear();
      ASSERT_TRUE(bench.WaitKept(3));
      bench.cache().Configure(1, true);
      EXPECT_TRUE(bench.WaitDestroyed(2));
      EXPECT_TRUE(bench.WaitKept(1));
      bench.cache().Configure(0, true);
      EXPECT_TRUE(bench.WaitDestroyed(3));
      for (const char* name : {"sstp0", "sstp1", "sstp2", "ppp0", "ppp1", "ppp2"}) {
        EXPECT_FALSE(Exists(name)) << name;
      }
    }
  });
}

TEST(InterfaceCache, OnlyThoseOfTheSameUseAreKeptAndTaken) {
  IN_NAMESPACE([] {
    Bench bench(2, kKeepNames);
    SessionInterface old = bench.Take();
    bench.Give(bench.Take());
    ASSERT_TRUE(bench.WaitKept(1));
    bench.cache().Configure(2, false);
    EXPECT_TRUE(bench.WaitDestroyed(1));
    bench.Give(std::move(old));
    EXPECT_TRUE(bench.WaitDestroyed(2));
    auto plain = bench.cache().Take(bench.netlink(), "sstp%d", false);
    ASSERT_TRUE(plain.has_value());
    EXPECT_FALSE(plain->super_packets());
    bench.Give(std::move(*plain));
    ASSERT_TRUE(bench.WaitKept(1));
    const SessionInterface before_the_reload = bench.Take();
    EXPECT_TRUE(before_the_reload.super_packets());
    EXPECT_EQ(bench.cache().figures().reused, 0U);
  });
}

TEST(InterfaceCache, SomebodyElsesNameIsLeftToHim) {
  IN_NAMESPACE([] {
    constexpr InterfaceCache::Options kNotForLong{.foreign_name_blocked = Duration(0)};
    for (const InterfaceCache::Options& options : {kKeepNames, kNotForLong}) {
      Bench bench(0, options);
      auto somebody = edge::TunDevice::Create(LinuxKernel(), "sstp0", edge::kAllTunOffloads);
      ASSERT_TRUE(somebody.has_value());
      SessionInterface first = bench.Take();
      SessionInterface second = bench.Take();
      EXPECT_EQ(first.name(), "sstp1");
      EXPECT_EQ(second.name(), "sstp2");
      ASSERT_TRUE(bench.netlink().Delete(somebody->index()).has_value());
      const SessionInterface third = bench.Take();
      const bool for_long = options.foreign_name_blocked > Duration(0);
      EXPECT_EQ(third.name(), for_long ? "sstp3" : "sstp0");
    }
  });
}

// What is kept stays what the next session needs, with somebody else's name below it.
TEST(InterfaceCache, SomebodyElsesNameBelowRenamesNothing) {
  IN_NAMESPACE([] {
    constexpr InterfaceCache::Options kAskEachTime{.idle_before_neutral = std::chrono::hours(1),
                                                   .foreign_name_blocked = Duration(0)};
    for (const InterfaceCache::Options& options : {kKeepNames, kAskEachTime}) {
      const auto somebody = edge::TunDevice::Create(LinuxKernel(), "sstp0", edge::kAllTunOffloads);
      ASSERT_TRUE(somebody.has_value());
      Bench bench(2, options);
      for (int round = 0; round < 3; ++round) {
        SessionInterface one = bench.Up();
        SessionInterface two = bench.Up(kOther);
        EXPECT_EQ(one.name(), "sstp1") << round;
        EXPECT_EQ(two.name(), "sstp2") << round;
        EXPECT_EQ(one.warning() + two.warning(), "");
        bench.Give(std::move(two));
        bench.Give(std::move(one));
        ASSERT_TRUE(bench.WaitKept(2));
      }
      EXPECT_EQ(bench.cache().figures().created, 2U);
    }
  });
}

TEST(InterfaceCache, ANeutralOnePassesOverSomebodyElsesName) {
  IN_NAMESPACE([] {
    const auto somebody = edge::TunDevice::Create(LinuxKernel(), "sstp0", edge::kAllTunOffloads);
    ASSERT_TRUE(somebody.has_value());
    Bench bench(1, kNeutralAtOnce);
    bench.Give(bench.Up());
    ASSERT_TRUE(WaitUntil([] { return Exists("ppp1"); }, kPatience));
    ASSERT_TRUE(bench.WaitKept(1));
    const SessionInterface next = bench.Take();
    EXPECT_EQ(next.name(), "sstp1");
    EXPECT_EQ(next.warning(), "");
    EXPECT_EQ(bench.cache().figures().created, 1U);
  });
}

TEST(InterfaceCache, WhatAPredecessorLeftIsRemovedAtTheStart) {
  IN_NAMESPACE([] {
    auto netlink = edge::Netlink::Open(LinuxKernel());
    ASSERT_TRUE(netlink.has_value());
    std::vector<edge::TunDevice> left;
    for (const auto group : {kSessionGroup, kFinishedGroup, kCachedGroup, edge::LinkGroup(77)}) {
      auto tun = edge::TunDevice::Create(LinuxKernel(), "left%d", edge::kAllTunOffloads);
      ASSERT_TRUE(tun.has_value());
      ASSERT_TRUE(netlink->SetGroup(tun->index(), group).has_value());
      left.push_back(std::move(*tun));
    }
    const Bench bench(1, kKeepNames);
    for (const char* name : {"left0", "left1", "left2"}) EXPECT_FALSE(Exists(name)) << name;
    EXPECT_TRUE(Exists("left3")) << "not ours";
  });
}

TEST(InterfaceCache, WhatIsLeftGoesWithTheCache) {
  IN_NAMESPACE([] {
    {
      Bench bench(2, kKeepNames);
      std::vector<SessionInterface> all;
      for (int i = 0; i < 100; ++i) all.push_back(bench.Up(Ipv4Address(0x0a000100 + i)));
      for (SessionInterface& interface : all) bench.Give(std::move(interface));
    }
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(Exists("sstp" + std::to_string(i))) << i;
  });
}

// Workers take and give while the thread settles, renames and destroys: for the thread sanitizer.
TEST(InterfaceCache, ManyThreadsTakeAndGive) {
  IN_NAMESPACE([] {
    Bench bench(5, kNeutralAtOnce);
    std::vector<std::thread> workers;
    for (std::uint32_t worker = 0; worker < 4; ++worker) {
      workers.emplace_back([&bench, worker] {
        auto netlink = edge::Netlink::Open(LinuxKernel());
        ASSERT_TRUE(netlink.has_value());
        for (std::uint32_t i = 0; i < 25; ++i) {
          auto taken = bench.cache().Take(*netlink, "sstp%d", true);
          ASSERT_TRUE(taken.has_value()) << taken.error().message;
          const Ipv4Address peer(0x0a000100 + 100 * worker + i);
          const auto up = taken->Activate(*netlink, {Ipv4Plan(kLocal, peer), Mtu(1452)});
          EXPECT_TRUE(up.has_value()) << up.error().message;
          EXPECT_THAT(taken->name(), HasSubstr("sstp"));
          if (i == 10) bench.cache().Configure(worker, true);
          bench.cache().Give(*netlink, std::move(*taken));
        }
      });
    }
    for (std::thread& worker : workers) worker.join();
    EXPECT_TRUE(WaitUntil(
        [&] {
          const InterfaceFigures figures = bench.cache().figures();
          return figures.kept <= 5 && figures.created == figures.kept + figures.destroyed;
        },
        kPatience));
    EXPECT_EQ(bench.cache().figures().created + bench.cache().figures().reused, 100U);
  });
}

// Told once, when the cache is made.
TEST(InterfaceCache, TheLogTellsWhichSuperPacketsThereAre) {
  constexpr unsigned kTcp = 0x01 | 0x02 | 0x04 | 0x08;  // TUNSETOFFLOAD
  const auto log_of = [](unsigned known, const std::string& absent) {
    edge::FakeKernel kernel;
    kernel.acknowledges = true;
    kernel.offloads_known = known;
    kernel.absent = absent;
    SetLogLevel(LogLevel::kInfo);
    ::testing::internal::CaptureStderr();
    EXPECT_TRUE(InterfaceCache::Create(kernel).has_value());
    const std::string log = ::testing::internal::GetCapturedStderr();
    SetLogLevel(LogLevel::kOff);
    return log;
  };
  EXPECT_THAT(log_of(~0U, ""), HasSubstr("super-packets: TCP and UDP"));
  EXPECT_THAT(log_of(kTcp, ""), HasSubstr("super-packets: TCP only; UDP needs Linux 6.2"));
  EXPECT_THAT(log_of(0, ""), HasSubstr("super-packets: none"));
  EXPECT_THAT(log_of(~0U, "/dev/net/tun"), HasSubstr("modprobe tun"));
}

// What the kernel was found not to have is not tried again with every interface.
TEST(InterfaceCache, OffloadsAreTriedOnce) {
  edge::FakeKernel kernel;
  kernel.acknowledges = true;
  kernel.offloads_known = 0x01 | 0x02 | 0x04 | 0x08;
  auto netlink = edge::Netlink::Open(kernel);
  ASSERT_TRUE(netlink.has_value());
  const auto cache = InterfaceCache::Create(kernel);
  ASSERT_TRUE(cache.has_value());
  const int refused = kernel.offloads_refused;
  EXPECT_EQ(refused, 1);
  const auto interface = (*cache)->Take(*netlink, "sstp%d", true);
  ASSERT_TRUE(interface.has_value());
  EXPECT_EQ(kernel.offloads_refused, refused);
}

TEST(InterfaceCache, WithoutTheRightToDeleteThereIsAWarningAndNoMore) {
  edge::FakeKernel kernel;
  kernel.acknowledges = true;
  kernel.refusals = {EPERM, 0, EPERM};
  SetLogLevel(LogLevel::kWarning);
  ::testing::internal::CaptureStderr();
  EXPECT_TRUE(InterfaceCache::Create(kernel).has_value());
  const std::string log = ::testing::internal::GetCapturedStderr();
  SetLogLevel(LogLevel::kOff);
  EXPECT_THAT(log, HasSubstr("interfaces of a former run stay: "));
  edge::FakeKernel none;
  none.FailCall(1, EMFILE);
  EXPECT_FALSE(InterfaceCache::Create(none).has_value());
}

}  // namespace
}  // namespace sstpgw::gateway
