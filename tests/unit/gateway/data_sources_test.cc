#include "gateway/data_sources.h"

#include <gtest/gtest.h>

#include <cstring>

#include "ebpf/packet.h"

namespace sstpgw::gateway {
namespace {

constexpr InterfaceId kPeerId{0, 0, 0, 0, 0, 0, 0, 0x2a};

Ipv4Address V4(const char* text) { return *Ipv4Address::Parse(text); }
Ipv6Prefix Net6(const char* text) { return *Ipv6Prefix::Parse(text); }

fsm::LinkPlan BothPlan() {
  fsm::LinkPlan plan;
  plan.ipv4 = fsm::Ipv4Link{V4("10.0.0.1"), V4("10.0.0.2")};
  plan.ipv6 = fsm::Ipv6Link{{0, 0, 0, 0, 0, 0, 0, 1}, kPeerId, {}};
  return plan;
}
fsm::SourceFilter BothFilter() {
  return {{{V4("10.0.0.2"), 32, {}, 0}, {V4("192.168.7.0"), 24, V4("10.0.0.2"), 5}},
          {Net6("2001:db8:0:1::/64"), Net6("2001:db8:100::/57")}};
}

// As the kernel's program and the data path see it.
struct Verdict {
  bool program;
  bool data_path;
  friend bool operator==(const Verdict&, const Verdict&) = default;
};
constexpr Verdict kAllowed{true, true};
constexpr Verdict kForeign{false, false};

Verdict Judge(const DataSources& sources, const char* text) {
  sg_policy policy{};
  PutSources(sources, policy);
  EXPECT_NE(policy.flags & SG_CHECK_SOURCE, 0U);
  const datapath::SourceCheck check = CheckOf(sources);
  if (const auto v4 = Ipv4Address::Parse(text)) {
    std::uint32_t word = 0;
    std::memcpy(&word, v4->octets().data(), sizeof word);
    return {sg_source4_allowed(&policy, word) != 0, check.AllowsIpv4(v4->octets().data())};
  }
  const auto octets = Ipv6Address::Parse(text)->octets();
  std::uint32_t words[4];
  std::memcpy(words, octets.data(), sizeof words);
  return {sg_source6_allowed(&policy, words) != 0,
          check.AllowsIpv6(octets.data()) || check.IsPeerLinkLocal(octets.data())};
}

TEST(DataSources, ThePeerAndTheNetworksBehindIt) {
  const DataSources sources = SourcesOf(BothPlan(), BothFilter());
  for (const char* address : {"10.0.0.2", "192.168.7.0", "192.168.7.255", "2001:db8:0:1::",
                              "2001:db8:0:1:ffff::1", "2001:db8:100:7f::1", "fe80::2a"}) {
    EXPECT_EQ(Judge(sources, address), kAllowed) << address;
  }
  for (const char* address : {"10.0.0.1", "10.0.0.3", "192.168.8.0", "0.0.0.0", "2001:db8:0:2::1",
                              "2001:db8:100:80::1", "::", "fe80::2b", "fe80:0:0:1::2a"}) {
    EXPECT_EQ(Judge(sources, address), kForeign) << address;
  }
}

TEST(DataSources, OnlyWhatIsNegotiated) {
  fsm::LinkPlan plan = BothPlan();
  plan.ipv6.reset();
  const DataSources only4 = SourcesOf(plan, BothFilter());
  EXPECT_EQ(only4.families, (datapath::Families{.ipv4 = true, .ipv6 = false}));
  EXPECT_EQ(Judge(only4, "10.0.0.2"), kAllowed);
  EXPECT_EQ(Judge(only4, "2001:db8:0:1::"), kForeign);
  EXPECT_EQ(Judge(only4, "fe80::2a"), kForeign);
  plan = BothPlan();
  plan.ipv4.reset();
  const DataSources only6 = SourcesOf(plan, BothFilter());
  EXPECT_EQ(only6.families, (datapath::Families{.ipv4 = false, .ipv6 = true}));
  EXPECT_EQ(Judge(only6, "10.0.0.2"), kForeign);
  EXPECT_EQ(Judge(only6, "2001:db8:0:1::"), kAllowed);
}

TEST(DataSources, AllAddressesAndSingleOnes) {
  const fsm::SourceFilter all{{{{}, 0, {}, 0}}, {{}}};
  EXPECT_EQ(Judge(SourcesOf(BothPlan(), all), "203.0.113.9"), kAllowed);
  EXPECT_EQ(Judge(SourcesOf(BothPlan(), all), "2001:db8:ffff::9"), kAllowed);
  const fsm::SourceFilter one{{}, {Net6("2001:db8::9/128")}};
  EXPECT_EQ(Judge(SourcesOf(BothPlan(), one), "2001:db8::9"), kAllowed);
  EXPECT_EQ(Judge(SourcesOf(BothPlan(), one), "2001:db8::8"), kForeign);
}

// The program has room for so many; the data path checks them all.
TEST(DataSources, MoreThanTheProgramCanHold) {
  fsm::SourceFilter filter;
  for (std::uint32_t i = 0; i < SG_SOURCES; ++i) {
    filter.ipv4.push_back({Ipv4Address(0x0a000002 + i), 32, {}, 0});
  }
  for (std::uint8_t i = 1; i < SG_SOURCES; ++i) {
    std::array<std::uint8_t, 16> octets{0x20, 1, 0xd, 0xb8, i};
    filter.ipv6.push_back({Ipv6Address(octets), 56});
  }
  sg_policy policy{};
  PutSources(SourcesOf(BothPlan(), filter), policy);
  EXPECT_EQ(policy.source4_count, SG_SOURCES);
  EXPECT_EQ(policy.source6_count, SG_SOURCES) << "the link-local address is one";
  EXPECT_EQ(policy.flags, SG_CHECK_SOURCE);
  filter.ipv6.push_back(Net6("2001:db8:ff::/56"));
  policy.flags |= SG_COUNT_PACKET;
  PutSources(SourcesOf(BothPlan(), filter), policy);
  EXPECT_EQ(policy.flags, SG_COUNT_PACKET);
  const datapath::SourceCheck check = CheckOf(SourcesOf(BothPlan(), filter));
  EXPECT_TRUE(check.AllowsIpv6(Ipv6Address::Parse("2001:db8:ff::1")->octets().data()));
  EXPECT_FALSE(check.AllowsIpv6(Ipv6Address::Parse("2001:db8:fe::1")->octets().data()));
}

}  // namespace
}  // namespace sstpgw::gateway
