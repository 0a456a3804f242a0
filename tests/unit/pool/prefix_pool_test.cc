// IPv6 pools (features 4.1, 4.2; checklist C29, C30, D5..D7).
#include "controlplane/pool/prefix_pool.h"

#include <map>
#include <random>

namespace sstpgw::cp {
namespace {

using ::testing::ElementsAre;

constexpr InterfaceId kGateway{0, 0, 0, 0, 0, 0, 0, 1};

Ipv6Prefix Net(const char* text) { return Ipv6Prefix::Parse(text).value(); }

struct Written {
  const char* network;
  std::uint8_t length;
};

Ipv6PoolConfig MakePool(const std::string& name, const std::vector<Written>& prefixes,
                        const std::vector<Written>& delegates = {}) {
  Ipv6PoolConfig pool;
  pool.name = name;
  for (const Written& one : prefixes) pool.prefixes.push_back({Net(one.network), one.length});
  for (const Written& one : delegates) pool.delegates.push_back({Net(one.network), one.length});
  return pool;
}

PrefixPoolMap Map(const std::vector<Ipv6PoolConfig>& pools) {
  PrefixPoolMap map;
  for (const Ipv6PoolConfig& pool : pools) map.emplace(pool.name, pool);
  return map;
}

std::string Next(PrefixPools& pools, const char* pool, const std::string& owner,
                 PrefixKind kind = PrefixKind::kLink, const std::string& user = "") {
  const auto prefix = pools.Allocate({pool, kind, owner, user});
  return prefix ? prefix->ToString() : prefix.error().message;
}

TEST(PrefixPools, GivesInOrderAndGoesOnAfterTheLastGivenBeforeItWraps) {
  PrefixPools pools;
  pools.Configure(Map({MakePool("P", {{"2001:db8::/62", 64}})}), kGateway);
  EXPECT_EQ(Next(pools, "P", "a"), "2001:db8::/64");
  EXPECT_EQ(Next(pools, "P", "b"), "2001:db8:0:1::/64");
  pools.Release(Net("2001:db8::/64"), "a");
  EXPECT_EQ(Next(pools, "P", "c"), "2001:db8:0:2::/64");
  EXPECT_EQ(Next(pools, "P", "d"), "2001:db8:0:3::/64");
  EXPECT_EQ(Next(pools, "P", "e"), "2001:db8::/64");
  EXPECT_EQ(Next(pools, "P", "f"), "no free IPv6 prefix in pool 'P'");
  pools.Release(Net("2001:db8:0:2::/64"), "c");
  EXPECT_EQ(Next(pools, "P", "f"), "2001:db8:0:2::/64");
}

TEST(PrefixPools, SeveralNetworksOfOneKind) {
  PrefixPools pools;
  pools.Configure(Map({MakePool("P", {{"2001:db8:1::/63", 64}, {"2001:db8:2::/64", 64}})}), {});
  EXPECT_EQ(Next(pools, "P", "a"), "2001:db8:1::/64");
  EXPECT_EQ(Next(pools, "P", "b"), "2001:db8:1:1::/64");
  EXPECT_EQ(Next(pools, "P", "c"), "2001:db8:2::/64");
  pools.Release(Net("2001:db8:1:1::/64"), "b");
  EXPECT_EQ(Next(pools, "P", "d"), "2001:db8:1:1::/64");
  EXPECT_EQ(Next(pools, "P", "e"), "no free IPv6 prefix in pool 'P'");
}

TEST(PrefixPools, LinksAndDelegationHaveTheirOwnNetworks) {
  PrefixPools pools;
  pools.Configure(Map({MakePool("P", {{"2001:db8::/48", 64}}, {{"2001:db8:100::/40", 56}}),
                       MakePool("Q", {}, {{"2001:db8:200::/40", 48}})}),
                  {});
  EXPECT_EQ(Next(pools, "P", "a"), "2001:db8::/64");
  EXPECT_EQ(Next(pools, "P", "a", PrefixKind::kDelegated), "2001:db8:100::/56");
  EXPECT_EQ(Next(pools, "P", "b", PrefixKind::kDelegated), "2001:db8:100:100::/56");
  EXPECT_EQ(Next(pools, "Q", "c", PrefixKind::kDelegated), "2001:db8:200::/48");
  EXPECT_TRUE(pools.Has("Q", PrefixKind::kDelegated));
  EXPECT_FALSE(pools.Has("Q", PrefixKind::kLink));
  EXPECT_FALSE(pools.Has("q", PrefixKind::kDelegated));
  EXPECT_EQ(Next(pools, "Q", "c"), "IPv6 pool 'Q' has no prefixes for links");
  EXPECT_EQ(Next(pools, "q", "c"), "no IPv6 pool 'q'");
}

TEST(PrefixPools, ErrorsAreToldApart) {
  PrefixPools pools;
  pools.Configure(Map({MakePool("P", {{"2001:db8::/64", 64}})}), {});
  EXPECT_EQ(pools.Allocate({"Q", PrefixKind::kLink, "a", ""}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(pools.Allocate({"P", PrefixKind::kDelegated, "a", ""}).error().code,
            ErrorCode::kNotFound);
  EXPECT_TRUE(pools.Allocate({"P", PrefixKind::kLink, "a", ""}));
  EXPECT_EQ(pools.Allocate({"P", PrefixKind::kLink, "b", ""}).error().code,
            ErrorCode::kResourceExhausted);
}

TEST(PrefixPools, D6SingleAddressesAreNeitherTheRoutersNorTheGateways) {
  PrefixPools pools;
  pools.Configure(Map({MakePool("P", {{"2001:db8::/126", 128}})}), kGateway);
  EXPECT_EQ(Next(pools, "P", "a"), "2001:db8::2/128");
  EXPECT_EQ(Next(pools, "P", "b"), "2001:db8::3/128");
  EXPECT_EQ(Next(pools, "P", "c"), "no free IPv6 prefix in pool 'P'");
  EXPECT_EQ(pools.Usage().at(0).total, 2U);
  EXPECT_EQ(pools.Usage().at(0).used, 2U);
  pools.Configure(Map({MakePool("P", {{"2001:db8::/126", 128}})}), std::nullopt);
  EXPECT_EQ(Next(pools, "P", "c"), "2001:db8::1/128") << "the gateway has another one each time";
}

TEST(PrefixPools, SingleAddressesOfManyLinksSkipThoseOfEach) {
  PrefixPools pools;
  pools.Configure(
      Map({MakePool("P", {{"2001:db8::/63", 128}}), MakePool("Q", {{"fd00::9/128", 128}})}),
      kGateway);
  ASSERT_TRUE(pools.Reserve(Net("2001:db8::/64"), "somebody"));
  EXPECT_EQ(Next(pools, "P", "a"), "2001:db8:0:1::2/128");
  EXPECT_EQ(Next(pools, "Q", "a"), "fd00::9/128") << "no host bits, so nothing to skip";
}

TEST(PrefixPools, NetworksOf2To32AndMoreAreLazy) {
  PrefixPools pools;
  pools.Configure(Map({MakePool("P", {{"2001:db8::/32", 64}}, {{"fc00::/7", 64}}),
                       MakePool("Q", {{"2001:db9::/48", 128}})}),
                  kGateway);
  for (int i = 0; i < 20000; ++i) {
    ASSERT_TRUE(pools.Allocate({"P", PrefixKind::kLink, std::to_string(i), ""}));
  }
  EXPECT_EQ(pools.lease_count(), 20000U);
  EXPECT_EQ(Next(pools, "P", "last"), "2001:db8:0:4e20::/64");
  const auto usage = pools.Usage();
  ASSERT_EQ(usage.size(), 3U);
  EXPECT_EQ(usage[0].total, std::uint64_t{1} << 32);
  EXPECT_EQ(usage[0].used, 20001U);
  EXPECT_EQ(usage[1].total, std::uint64_t{1} << 57);
  EXPECT_EQ(usage[1].kind, PrefixKind::kDelegated);
  EXPECT_EQ(usage[2].total, ~std::uint64_t{0}) << "2^80 are told as the most that can be told";
}

TEST(PrefixPools, TheLastPrefixOfAllIsGivenOnce) {
  PrefixPools pools;
  pools.Configure(Map({MakePool("P", {{"ffff:ffff:ffff:fffe::/63", 64}})}), {});
  EXPECT_EQ(Next(pools, "P", "a"), "ffff:ffff:ffff:fffe::/64");
  EXPECT_EQ(Next(pools, "P", "b"), "ffff:ffff:ffff:ffff::/64");
  EXPECT_EQ(Next(pools, "P", "c"), "no free IPv6 prefix in pool 'P'");
}

TEST(PrefixPools, WhatIsFixedIsNeverGivenWhateverItsLength) {
  PrefixPools pools;
  pools.Configure(Map({MakePool("P", {{"2001:db8::/61", 64}})}), {});
  EXPECT_TRUE(pools.Reserve(Net("2001:db8::/63"), "wide"));        // two of the pool's
  EXPECT_TRUE(pools.Reserve(Net("2001:db8:0:3::7/128"), "thin"));  // a part of one
  EXPECT_TRUE(pools.Reserve(Net("2001:db8:0:5::/64"), "same"));
  EXPECT_EQ(pools.Usage().at(0).used, 4U);
  EXPECT_EQ(Next(pools, "P", "a"), "2001:db8:0:2::/64");
  EXPECT_EQ(Next(pools, "P", "b"), "2001:db8:0:4::/64");
  EXPECT_EQ(Next(pools, "P", "c"), "2001:db8:0:6::/64");
  EXPECT_EQ(Next(pools, "P", "d"), "2001:db8:0:7::/64");
  EXPECT_EQ(Next(pools, "P", "e"), "no free IPv6 prefix in pool 'P'");
  EXPECT_FALSE(pools.Reserve(Net("2001:db8:0:1::/64"), "x")) << "a part of what wide has";
  EXPECT_FALSE(pools.Reserve(Net("2001:db8::/48"), "x")) << "it has parts of everybody";
  EXPECT_TRUE(pools.Reserve(Net("2001:db8:0:1::/64"), "wide")) << "one may have both";
  EXPECT_THAT(pools.OthersOn(Net("2001:db8:0:2::/63"), "a"), ElementsAre("thin"));
  pools.Release(Net("2001:db8::/63"), "wide");
  EXPECT_EQ(Next(pools, "P", "e"), "2001:db8::/64");
  EXPECT_EQ(Next(pools, "P", "f"), "no free IPv6 prefix in pool 'P'") << "wide has one still";
}

TEST(PrefixPools, WhatTwoUseIsFreeWhenBothHaveLeft) {
  PrefixPools pools;
  pools.Configure(Map({MakePool("P", {{"2001:db8::/64", 64}})}), {});
  EXPECT_TRUE(pools.Claim(Net("2001:db8::/64"), "a"));
  EXPECT_FALSE(pools.Claim(Net("2001:db8::/64"), "b"));
  EXPECT_FALSE(pools.Claim(Net("2001:db8::/64"), "b")) << "twice changes nothing";
  EXPECT_EQ(pools.lease_count(), 2U);
  pools.Release(Net("2001:db8::/64"), "a");
  EXPECT_FALSE(pools.Holds(Net("2001:db8::/64"), "a"));
  EXPECT_TRUE(pools.Holds(Net("2001:db8::/64"), "b"));
  EXPECT_EQ(Next(pools, "P", "c"), "no free IPv6 prefix in pool 'P'");
  pools.Release(Net("2001:db8::/64"), "b");
  pools.Release(Net("2001:db8::/64"), "b");
  pools.Release(Net("2001:db8::/48"), "b");
  EXPECT_EQ(pools.lease_count(), 0U);
  EXPECT_EQ(Next(pools, "P", "c"), "2001:db8::/64");
}

TEST(PrefixPools, AUserGetsTheSameAgainIfItIsFree) {
  PrefixPools pools;
  pools.Configure(Map({MakePool("P", {{"2001:db8::/48", 64}}, {{"2001:db8:1::/48", 64}})}), {});
  EXPECT_EQ(Next(pools, "P", "1", PrefixKind::kLink, "ann"), "2001:db8::/64");
  EXPECT_EQ(Next(pools, "P", "1", PrefixKind::kDelegated, "ann"), "2001:db8:1::/64");
  EXPECT_EQ(Next(pools, "P", "2", PrefixKind::kLink, "bob"), "2001:db8:0:1::/64");
  EXPECT_EQ(Next(pools, "P", "3", PrefixKind::kLink, "ann"), "2001:db8:0:2::/64");
  pools.Release(Net("2001:db8:0:2::/64"), "3");
  pools.Release(Net("2001:db8:1::/64"), "1");
  EXPECT_EQ(Next(pools, "P", "4", PrefixKind::kLink, "ann"), "2001:db8:0:2::/64");
  EXPECT_EQ(Next(pools, "P", "4", PrefixKind::kDelegated, "ann"), "2001:db8:1::/64");
  pools.Release(Net("2001:db8:0:2::/64"), "4");
  pools.Configure(Map({MakePool("P", {{"2001:db8::/48", 60}})}), {});
  EXPECT_EQ(Next(pools, "P", "5", PrefixKind::kLink, "ann"), "2001:db8:0:10::/60")
      << "of another length now, and the first has one that is in use";
}

TEST(PrefixPools, ReloadKeepsLeasesAndThePlaceWhereItWas) {
  PrefixPools pools;
  const PrefixPoolMap map = Map({MakePool("P", {{"2001:db8::/48", 64}})});
  pools.Configure(map, {});
  EXPECT_EQ(Next(pools, "P", "a"), "2001:db8::/64");
  pools.Configure(map, {});
  EXPECT_EQ(Next(pools, "P", "b"), "2001:db8:0:1::/64");
  pools.Release(Net("2001:db8::/64"), "a");
  pools.Configure(Map({MakePool("Q", {{"2001:db8::/62", 64}})}), {});
  EXPECT_EQ(Next(pools, "P", "c"), "no IPv6 pool 'P'");
  EXPECT_EQ(Next(pools, "Q", "c"), "2001:db8::/64");
  EXPECT_EQ(Next(pools, "Q", "d"), "2001:db8:0:2::/64") << "b has the one before";
  EXPECT_TRUE(pools.Holds(Net("2001:db8:0:1::/64"), "b"));
}

// Whatever comes in whatever order: no address is with two owners who did not insist.
TEST(PrefixPools, NothingIsEverGivenTwice) {
  std::mt19937 random(11);  // NOLINT(cert-msc51-cpp,cert-msc32-c)
  const PrefixPoolMap one =
      Map({MakePool("A", {{"2001:db8::/58", 64}}, {{"2001:db8::/56", 62}}),
           MakePool("B", {{"2001:db8:0:20::/60", 64}, {"2001:db8:0:40::/62", 65}})});
  const PrefixPoolMap two =
      Map({MakePool("A", {{"2001:db8:0:8::/61", 63}}), MakePool("B", {}, {{"2001:db8::/57", 64}})});
  PrefixPools pools;
  pools.Configure(one, kGateway);
  std::map<std::string, Ipv6Prefix> held;
  const auto overlaps = [](const Ipv6Prefix& a, const Ipv6Prefix& b) {
    const std::uint8_t length = std::min(a.length, b.length);
    return MakeIpv6Prefix(a.address, length) == MakeIpv6Prefix(b.address, length);
  };
  const auto is_free = [&](const Ipv6Prefix& prefix) {
    return std::none_of(held.begin(), held.end(),
                        [&](const auto& other) { return overlaps(prefix, other.second); });
  };
  int given = 0;
  int exhausted = 0;
  for (int i = 0; i < 30000; ++i) {
    const std::string owner = "s" + std::to_string(random() % 80);
    const auto mine = held.find(owner);
    if (mine != held.end()) {
      pools.Release(mine->second, owner);
      held.erase(mine);
      continue;
    }
    Ipv6Prefix prefix;
    if (random() % 6 == 0) {
      const Ipv6Number number = NumberOf(Net("2001:db8::/56").address) +
                                (Ipv6Number{random() % 256} << 64) + random() % 4;
      prefix = MakeIpv6Prefix(Ipv6AddressOf(number), static_cast<std::uint8_t>(58 + random() % 71));
      const bool free = is_free(prefix);
      ASSERT_EQ(pools.Reserve(prefix, owner), free) << prefix.ToString();
      if (!free) continue;
    } else {
      const PrefixKind kind = random() % 2 == 0 ? PrefixKind::kLink : PrefixKind::kDelegated;
      const auto result = pools.Allocate(
          {random() % 2 == 0 ? "A" : "B", kind, owner, random() % 2 == 0 ? owner : std::string()});
      if (!result) {
        exhausted += result.error().code == ErrorCode::kResourceExhausted ? 1 : 0;
        continue;
      }
      prefix = *result;
      ASSERT_TRUE(is_free(prefix)) << prefix.ToString();
      ++given;
    }
    held[owner] = prefix;
    ASSERT_EQ(pools.lease_count(), held.size());
    if (random() % 500 == 0) pools.Configure(random() % 2 == 0 ? one : two, kGateway);
  }
  EXPECT_GT(given, 5000);
  EXPECT_GT(exhausted, 100);
  for (const auto& [owner, prefix] : held) pools.Release(prefix, owner);
  EXPECT_EQ(pools.lease_count(), 0U);
  for (const PrefixUsage& usage : pools.Usage()) EXPECT_EQ(usage.used, 0U) << usage.name;
}

// A pool that is full says so at once, and gives back what is returned wherever it is.
TEST(PrefixPools, AFullPoolOf65536) {
  PrefixPools pools;
  pools.Configure(Map({MakePool("P", {{"2001:db8::/48", 64}})}), {});
  for (int i = 0; i < 65536; ++i) {
    ASSERT_TRUE(pools.Allocate({"P", PrefixKind::kLink, std::to_string(i), ""}));
  }
  for (int i = 0; i < 1000; ++i) {
    ASSERT_FALSE(pools.Allocate({"P", PrefixKind::kLink, "late", ""}));
  }
  pools.Release(Net("2001:db8:0:1234::/64"), std::to_string(0x1234));
  EXPECT_EQ(Next(pools, "P", "late"), "2001:db8:0:1234::/64");
}

}  // namespace
}  // namespace sstpgw::cp
