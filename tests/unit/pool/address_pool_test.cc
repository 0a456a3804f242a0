#include "controlplane/pool/address_pool.h"

#include <random>
#include <set>

namespace sstpgw::cp {
namespace {

Ipv4Address Ip(const char* text) { return Ipv4Address::Parse(text).value(); }

PoolConfig MakePool(const std::string& name,
                    std::vector<std::pair<const char*, const char*>> ranges,
                    const std::string& next = "") {
  PoolConfig pool{name, {}, next};
  for (const auto& [first, last] : ranges) pool.ranges.push_back({Ip(first), Ip(last)});
  return pool;
}

PoolMap Map(std::vector<PoolConfig> pools) {
  PoolMap map;
  for (PoolConfig& pool : pools) map.emplace(pool.name, pool);
  return map;
}

std::string Next(AddressPools& pools, const char* pool, const std::string& owner,
                 const std::string& user = "", Ipv4Address not_this = {}) {
  const auto address = pools.Allocate({pool, owner, user, not_this});
  return address ? address->ToString() : address.error().message;
}

TEST(AddressPools, GivesInOrderAndGoesOnAfterTheLastGivenBeforeItWraps) {
  AddressPools pools;
  pools.Configure(Map({MakePool("P", {{"10.0.0.2", "10.0.0.4"}})}), Ip("10.0.0.1"));
  EXPECT_EQ(Next(pools, "P", "a"), "10.0.0.2");
  EXPECT_EQ(Next(pools, "P", "b"), "10.0.0.3");
  pools.Release(Ip("10.0.0.2"), "a");
  EXPECT_EQ(Next(pools, "P", "c"), "10.0.0.4");
  EXPECT_EQ(Next(pools, "P", "d"), "10.0.0.2");
  EXPECT_EQ(Next(pools, "P", "e"), "no free IPv4 address in pool 'P'");
  pools.Release(Ip("10.0.0.3"), "b");
  EXPECT_EQ(Next(pools, "P", "e"), "10.0.0.3");
}

TEST(AddressPools, ErrorsAreToldApart) {
  AddressPools pools;
  pools.Configure(Map({MakePool("P", {{"10.0.0.2", "10.0.0.2"}})}), {});
  EXPECT_EQ(pools.Allocate({"Q", "a", "", {}}).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(pools.Allocate({"P", "a", "", {}}));
  EXPECT_EQ(pools.Allocate({"P", "b", "", {}}).error().code, ErrorCode::kResourceExhausted);
}

TEST(AddressPools, NeverGivesTheGatewaysAddress) {
  AddressPools pools;
  pools.Configure(Map({MakePool("P", {{"10.0.0.1", "10.0.0.3"}})}), Ip("10.0.0.2"));
  EXPECT_EQ(Next(pools, "P", "a"), "10.0.0.1");
  EXPECT_EQ(Next(pools, "P", "b"), "10.0.0.3");
  EXPECT_EQ(Next(pools, "P", "c"), "no free IPv4 address in pool 'P'");
  EXPECT_FALSE(pools.Reserve(Ip("10.0.0.2"), "c"));
  EXPECT_EQ(pools.Usage().at(0).total, 2U);
}

TEST(AddressPools, FixedAddressesAreForThoseWhoReserveThem) {
  AddressPools pools;
  pools.Configure(Map({MakePool("P", {{"10.0.0.2", "10.0.0.5"}})}), Ip("10.0.0.1"));
  pools.SetFixed({Ip("10.0.0.3"), Ip("10.0.0.4")});
  EXPECT_EQ(pools.Usage().at(0).total, 2U);
  EXPECT_EQ(Next(pools, "P", "a"), "10.0.0.2");
  EXPECT_EQ(Next(pools, "P", "b"), "10.0.0.5");
  EXPECT_EQ(pools.Usage().at(0).used, 2U);
  EXPECT_EQ(Next(pools, "P", "c"), "no free IPv4 address in pool 'P'");
  EXPECT_TRUE(pools.Reserve(Ip("10.0.0.3"), "c"));
  EXPECT_EQ(pools.Usage().at(0).used, 2U) << "what the pool cannot give is not counted";
  pools.SetFixed({});
  EXPECT_EQ(pools.Usage().at(0).total, 4U);
  EXPECT_EQ(pools.Usage().at(0).used, 3U);
  EXPECT_EQ(Next(pools, "P", "d"), "10.0.0.4");
}

TEST(AddressPools, NeverGivesTheClientsOuterAddress) {
  AddressPools pools;
  pools.Configure(Map({MakePool("P", {{"10.0.0.2", "10.0.0.3"}})}), {});
  EXPECT_EQ(Next(pools, "P", "a", "", Ip("10.0.0.2")), "10.0.0.3");
  EXPECT_EQ(Next(pools, "P", "b", "", Ip("10.0.0.2")), "no free IPv4 address in pool 'P'");
  EXPECT_EQ(Next(pools, "P", "b"), "10.0.0.2");
}

TEST(AddressPools, ChainGoesOnInTheNextPoolWhateverTheOrderOfNames) {
  AddressPools pools;
  pools.Configure(Map({MakePool("C", {{"10.0.1.1", "10.0.1.1"}}, "A"),
                       MakePool("A", {{"10.0.2.1", "10.0.2.1"}}, "B"),
                       MakePool("B", {{"10.0.3.1", "10.0.3.1"}, {"10.0.3.5", "10.0.3.5"}})}),
                  {});
  EXPECT_EQ(Next(pools, "C", "1"), "10.0.1.1");
  EXPECT_EQ(Next(pools, "C", "2"), "10.0.2.1");
  EXPECT_EQ(Next(pools, "C", "3"), "10.0.3.1");
  EXPECT_EQ(Next(pools, "C", "4"), "10.0.3.5");
  EXPECT_EQ(Next(pools, "C", "5"), "no free IPv4 address in pool 'C'");
  pools.Release(Ip("10.0.1.1"), "1");
  EXPECT_EQ(Next(pools, "C", "5"), "10.0.1.1");
}

TEST(AddressPools, OverlappingPoolsAndReservedAddressesAreGivenOnce) {
  AddressPools pools;
  pools.Configure(
      Map({MakePool("P", {{"10.0.0.2", "10.0.0.4"}}), MakePool("Q", {{"10.0.0.2", "10.0.0.5"}})}),
      {});
  EXPECT_TRUE(pools.Reserve(Ip("10.0.0.3"), "static"));
  EXPECT_FALSE(pools.Reserve(Ip("10.0.0.3"), "other"));
  EXPECT_TRUE(pools.Reserve(Ip("10.0.0.3"), "static"));
  EXPECT_EQ(Next(pools, "P", "a"), "10.0.0.2");
  EXPECT_EQ(Next(pools, "Q", "b"), "10.0.0.4");
  EXPECT_EQ(Next(pools, "P", "c"), "no free IPv4 address in pool 'P'");
  EXPECT_EQ(Next(pools, "Q", "c"), "10.0.0.5");
}

TEST(AddressPools, OnlyTheOwnerGivesBack) {
  AddressPools pools;
  pools.Configure(Map({MakePool("P", {{"10.0.0.2", "10.0.0.2"}})}), {});
  EXPECT_EQ(Next(pools, "P", "a"), "10.0.0.2");
  pools.Release(Ip("10.0.0.2"), "b");
  EXPECT_EQ(pools.OwnerOf(Ip("10.0.0.2")), "a");
  pools.Release(Ip("10.0.0.2"), "a");
  EXPECT_EQ(pools.OwnerOf(Ip("10.0.0.2")), "");
  EXPECT_EQ(pools.lease_count(), 0U);
}

TEST(AddressPools, AClaimedAddressPassesOnAndIsNeverFreeMeanwhile) {
  AddressPools pools;
  pools.Configure(Map({MakePool("P", {{"10.0.0.2", "10.0.0.2"}})}), {});
  EXPECT_TRUE(pools.Claim(Ip("10.0.0.2"), "a"));
  EXPECT_FALSE(pools.Claim(Ip("10.0.0.2"), "b"));
  EXPECT_FALSE(pools.Claim(Ip("10.0.0.2"), "c"));
  pools.Release(Ip("10.0.0.2"), "b");
  pools.Release(Ip("10.0.0.2"), "a");
  EXPECT_EQ(pools.OwnerOf(Ip("10.0.0.2")), "c");
  EXPECT_EQ(Next(pools, "P", "d"), "no free IPv4 address in pool 'P'");
  EXPECT_FALSE(pools.HandOver(Ip("10.0.0.2"), "x", "d"));
  EXPECT_TRUE(pools.HandOver(Ip("10.0.0.2"), "c", "d"));
  pools.Release(Ip("10.0.0.2"), "d");
  EXPECT_EQ(pools.OwnerOf(Ip("10.0.0.2")), "c");
  pools.Release(Ip("10.0.0.2"), "c");
  EXPECT_EQ(pools.lease_count(), 0U);
  EXPECT_EQ(Next(pools, "P", "d"), "10.0.0.2");
}

TEST(AddressPools, AUserGetsTheLastAddressAgainIfItIsFree) {
  AddressPools pools;
  pools.Configure(Map({MakePool("P", {{"10.0.0.2", "10.0.0.9"}})}), {});
  EXPECT_EQ(Next(pools, "P", "a", "ann"), "10.0.0.2");
  EXPECT_EQ(Next(pools, "P", "b", "bob"), "10.0.0.3");
  pools.Release(Ip("10.0.0.2"), "a");
  EXPECT_EQ(Next(pools, "P", "c", "ann"), "10.0.0.2");
  EXPECT_EQ(Next(pools, "P", "d", "ann"), "10.0.0.4");
}

TEST(AddressPools, ReconfigurationKeepsLeasesAlsoOutsideEveryPool) {
  AddressPools pools;
  pools.Configure(Map({MakePool("P", {{"10.0.0.2", "10.0.0.4"}})}), {});
  EXPECT_EQ(Next(pools, "P", "a"), "10.0.0.2");
  EXPECT_EQ(Next(pools, "P", "b"), "10.0.0.3");
  pools.Configure(Map({MakePool("P", {{"10.0.0.3", "10.0.0.5"}})}), {});
  EXPECT_EQ(pools.OwnerOf(Ip("10.0.0.2")), "a");
  EXPECT_EQ(pools.Usage().at(0).used, 1U);
  EXPECT_EQ(pools.Usage().at(0).total, 3U);
  EXPECT_EQ(Next(pools, "P", "c"), "10.0.0.4");
  pools.Configure(Map({MakePool("P", {{"10.0.0.3", "10.0.0.5"}})}), {});
  EXPECT_EQ(Next(pools, "P", "d"), "10.0.0.5");  // goes on, does not start again
}

// Random logins and leaves in overlapping, chained pools against a plain table.
TEST(AddressPools, NeverHoldsOneAddressForTwo) {
  std::mt19937 random(42);
  AddressPools pools;
  const PoolMap one =
      Map({MakePool("A", {{"10.0.0.1", "10.0.0.40"}}, "B"),
           MakePool("B", {{"10.0.0.20", "10.0.0.60"}, {"10.0.0.55", "10.0.0.70"}})});
  const PoolMap two = Map({MakePool("A", {{"10.0.0.30", "10.0.0.35"}}, "B"),
                           MakePool("B", {{"10.0.0.1", "10.0.0.50"}})});
  pools.Configure(one, Ip("10.0.0.25"));
  std::map<std::string, Ipv4Address> held;
  std::set<Ipv4Address> taken;
  for (int i = 0; i < 50000; ++i) {
    const std::string owner = "s" + std::to_string(random() % 90);
    const auto mine = held.find(owner);
    if (mine != held.end()) {
      pools.Release(mine->second, owner);
      taken.erase(mine->second);
      held.erase(mine);
      continue;
    }
    Ipv4Address address;
    if (random() % 8 == 0) {
      address = Ipv4Address(Ip("10.0.0.0").value() + static_cast<std::uint32_t>(random() % 80));
      const bool free = taken.count(address) == 0 && address != Ip("10.0.0.25");
      ASSERT_EQ(pools.Reserve(address, owner), free);
      if (!free) continue;
    } else {
      const auto result = pools.Allocate({random() % 2 == 0 ? "A" : "B", owner, owner, {}});
      if (!result) continue;
      address = *result;
    }
    ASSERT_NE(address, Ip("10.0.0.25"));
    ASSERT_TRUE(taken.insert(address).second) << address.ToString();
    held[owner] = address;
    ASSERT_EQ(pools.lease_count(), held.size());
    if (random() % 500 == 0) pools.Configure(random() % 2 == 0 ? one : two, Ip("10.0.0.25"));
  }
}

TEST(AddressPools, MemoryFollowsUseNotSize) {
  AddressPools pools;
  pools.Configure(Map({MakePool("P", {{"10.0.0.0", "10.255.255.255"}})}), {});
  for (int i = 0; i < 20000; ++i) {
    ASSERT_TRUE(pools.Allocate({"P", std::to_string(i), "", {}}));
  }
  EXPECT_EQ(pools.lease_count(), 20000U);
  EXPECT_EQ(pools.Usage().at(0).used, 20000U);
  EXPECT_EQ(pools.Usage().at(0).total, std::uint64_t{1} << 24);
}

}  // namespace
}  // namespace sstpgw::cp
