#include "gateway/edge/rtnetlink_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <cstring>

namespace sstpgw::edge {
namespace {

using ::testing::ElementsAreArray;

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the octets below are little-endian");

Bytes Concat(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

TEST(RtnetlinkMessage, LinkChangeWithEverything) {
  LinkChange change;
  change.index = InterfaceIndex(5);
  change.name = "sstp%d";
  change.mtu = Mtu(1452);
  change.state = LinkState::kUp;
  change.group = LinkGroup(77);
  change.tx_queue_length = TxQueueLength(32);
  const Bytes expected = Concat({
      {0x44, 0, 0, 0, RTM_NEWLINK, 0, NLM_F_REQUEST | NLM_F_ACK, 0, 9, 0, 0, 0, 0, 0, 0, 0},
      // family, pad, type, index, flags IFF_UP, change mask IFF_UP
      {AF_UNSPEC, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0},
      {11, 0, IFLA_IFNAME, 0, 's', 's', 't', 'p', '%', 'd', 0, 0},
      {8, 0, IFLA_MTU, 0, 0xac, 0x05, 0, 0},
      {8, 0, IFLA_GROUP, 0, 77, 0, 0, 0},
      {8, 0, IFLA_TXQLEN, 0, 32, 0, 0, 0},
  });
  EXPECT_THAT(BuildLinkChange(9, change), ElementsAreArray(expected));
}

TEST(RtnetlinkMessage, LinkDownClearsTheFlagAndTouchesNothingElse) {
  LinkChange change;
  change.index = InterfaceIndex(5);
  change.state = LinkState::kDown;
  const Bytes message = BuildLinkChange(1, change);
  ASSERT_EQ(message.size(), 32U);
  EXPECT_EQ(message[24], 0);  // flags
  EXPECT_EQ(message[28], 1);  // change mask
}

TEST(RtnetlinkMessage, IntoAVrfAndOutOfIt) {
  LinkChange change;
  change.index = InterfaceIndex(5);
  change.master = InterfaceIndex(9);
  const Bytes expected = Concat({
      {40, 0, 0, 0, RTM_NEWLINK, 0, 0x05, 0, 1, 0, 0, 0, 0, 0, 0, 0},
      {AF_UNSPEC, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
      {8, 0, IFLA_MASTER, 0, 9, 0, 0, 0},
  });
  EXPECT_THAT(BuildLinkChange(1, change), ElementsAreArray(expected));
  change.master = InterfaceIndex(0);
  EXPECT_EQ(BuildLinkChange(1, change)[36], 0);
}

TEST(RtnetlinkMessage, NoIpv6AddressOfTheKernelsChoice) {
  LinkChange change;
  change.index = InterfaceIndex(5);
  change.no_automatic_address = true;
  const Bytes expected = Concat({
      {48, 0, 0, 0, RTM_NEWLINK, 0, 0x05, 0, 1, 0, 0, 0, 0, 0, 0, 0},
      {AF_UNSPEC, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
      {16, 0, IFLA_AF_SPEC, 0x80},
      {12, 0, AF_INET6, 0x80},
      {5, 0, IFLA_INET6_ADDR_GEN_MODE, 0, IN6_ADDR_GEN_MODE_NONE, 0, 0, 0},
  });
  EXPECT_THAT(BuildLinkChange(1, change), ElementsAreArray(expected));
}

TEST(RtnetlinkMessage, LinkQueryByName) {
  const Bytes expected = Concat({
      {40, 0, 0, 0, RTM_GETLINK, 0, 0x05, 0, 1, 0, 0, 0, 0, 0, 0, 0},
      Bytes(16),
      {8, 0, IFLA_IFNAME, 0, 'R', 'E', 'D', 0},
  });
  EXPECT_THAT(BuildLinkQuery(1, std::string("RED")), ElementsAreArray(expected));
}

TEST(RtnetlinkMessage, AddressPair) {
  const Bytes expected = Concat({
      {0x28, 0, 0, 0, RTM_NEWADDR, 0, 0x05, 0x06, 3, 0, 0, 0, 0, 0, 0, 0},
      {AF_INET, 32, 0, RT_SCOPE_UNIVERSE, 5, 0, 0, 0},
      {8, 0, IFA_LOCAL, 0, 10, 0, 0, 1},
      {8, 0, IFA_ADDRESS, 0, 10, 0, 0, 5},
  });
  const Ipv4Address local(0x0a000001);
  const Ipv4Address peer(0x0a000005);
  EXPECT_THAT(BuildAddressAdd(3, InterfaceIndex(5), local, peer), ElementsAreArray(expected));
  const Bytes removal = BuildAddressRemove(3, InterfaceIndex(5), local, peer);
  EXPECT_EQ(removal[4], RTM_DELADDR);
  EXPECT_EQ(removal.size(), expected.size());
}

TEST(RtnetlinkMessage, GroupDeleteNamesNoInterface) {
  const Bytes expected = Concat({
      {0x28, 0, 0, 0, RTM_DELLINK, 0, 0x05, 0, 3, 0, 0, 0, 0, 0, 0, 0},
      Bytes(16),
      {8, 0, IFLA_GROUP, 0, 78, 0, 0, 0},
  });
  EXPECT_THAT(BuildGroupDelete(3, LinkGroup(78)), ElementsAreArray(expected));
  EXPECT_EQ(BuildLinkDelete(3, InterfaceIndex(6))[20], 6);
}

TEST(RtnetlinkMessage, QdiscQueryNamesThePlaceAndAsksToBeAnswered) {
  const Bytes expected = Concat({
      {0x24, 0, 0, 0, RTM_GETQDISC, 0, 0x0d, 0, 3, 0, 0, 0, 0, 0, 0, 0},
      {AF_UNSPEC, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0},
  });
  EXPECT_THAT(BuildQdiscQuery(3, InterfaceIndex(6), QdiscPlace::kRoot), ElementsAreArray(expected));
  EXPECT_EQ(BuildQdiscQuery(3, InterfaceIndex(6), QdiscPlace::kIngress)[28], 0xf1);
}

// ---- Answers

Bytes AckWithText(std::int32_t error, const std::string& text) {
  Bytes attribute{0, 0, NLMSGERR_ATTR_MSG, 0};
  attribute.insert(attribute.end(), text.begin(), text.end());
  attribute.push_back(0);
  attribute[0] = static_cast<std::uint8_t>(attribute.size());
  while (attribute.size() % 4 != 0) attribute.push_back(0);
  Bytes code(4);
  const std::int32_t negative = -error;
  std::memcpy(code.data(), &negative, 4);
  // The request's header as copied back, capped.
  const Bytes request{32, 0, 0, 0, RTM_NEWLINK, 0, 5, 0, 9, 0, 0, 0, 0, 0, 0, 0};
  const auto length = static_cast<std::uint8_t>(16 + 20 + attribute.size());
  return Concat({{length, 0, 0, 0, NLMSG_ERROR, 0, 0, 0x03, 9, 0, 0, 0, 0, 0, 0, 0},
                 code,
                 request,
                 attribute});
}

TEST(RtnetlinkMessage, RefusalCarriesTheKernelsWords) {
  const auto answer = ParseAnswer(AckWithText(EBUSY, "device is up"), 9);
  ASSERT_TRUE(answer.has_value() && answer->acknowledgement.has_value());
  EXPECT_EQ(answer->acknowledgement->error, EBUSY);
  EXPECT_EQ(answer->acknowledgement->description, "device is up");
}

TEST(RtnetlinkMessage, AnswersToOtherRequestsAreSkipped) {
  const auto answer = ParseAnswer(AckWithText(EBUSY, "x"), 10);
  ASSERT_TRUE(answer.has_value());
  EXPECT_FALSE(answer->acknowledgement.has_value());
}

TEST(RtnetlinkMessage, LinkFactsAreRead) {
  const Bytes message = Concat({
      {60, 0, 0, 0, RTM_NEWLINK, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0},
      {AF_UNSPEC, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0},
      {10, 0, IFLA_IFNAME, 0, 's', 's', 't', 'p', '0', 0, 0, 0},
      {8, 0, IFLA_MTU, 0, 0xac, 0x05, 0, 0},
      {8, 0, IFLA_GROUP, 0, 77, 0, 0, 0},
  });
  const auto answer = ParseAnswer(message, 9);
  ASSERT_TRUE(answer.has_value() && answer->link.has_value());
  EXPECT_EQ(answer->link->index, InterfaceIndex(5));
  EXPECT_EQ(answer->link->name, "sstp0");
  EXPECT_EQ(answer->link->mtu, 1452U);
  EXPECT_EQ(answer->link->group, 77U);
  EXPECT_TRUE(answer->link->up);
}

TEST(RtnetlinkMessage, WhatAnOperatorSetsIsRead) {
  const auto facts = [](std::uint8_t flags, const Bytes& attribute) {
    const auto length = static_cast<std::uint8_t>(32 + attribute.size());
    const auto answer =
        ParseAnswer(Concat({{length, 0, 0, 0, RTM_NEWLINK, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0},
                            {AF_UNSPEC, 0, 0, 0, 5, 0, 0, 0, 0, flags, 0, 0, 0, 0, 0, 0},
                            attribute}),
                    9);
    return answer && answer->link ? *answer->link : LinkFacts{};
  };
  const Bytes vrf{28,
                  0,
                  IFLA_LINKINFO,
                  0,
                  8,
                  0,
                  IFLA_INFO_KIND,
                  0,
                  'v',
                  'r',
                  'f',
                  0,
                  12,
                  0,
                  IFLA_INFO_DATA,
                  0,
                  8,
                  0,
                  IFLA_VRF_TABLE,
                  0,
                  0xe8,
                  3,
                  0,
                  0,
                  0,
                  0,
                  0,
                  0};
  EXPECT_EQ(facts(0, vrf).kind, "vrf");
  EXPECT_EQ(facts(0, vrf).vrf_table, 1000U);
  Bytes other = vrf;
  other[8] = 'x';
  EXPECT_EQ(facts(0, other).kind, "xrf");
  EXPECT_EQ(facts(0, other).vrf_table, 0U) << "another kind's number 1";
  EXPECT_EQ(facts(0, {8, 0, IFLA_MASTER, 0, 6, 0, 0, 0}).master, 6);
  EXPECT_EQ(facts(0, {8, 0, IFLA_IFALIAS, 0, 'x', 'y', 'z', 0}).alias, "xyz");
  EXPECT_TRUE(facts(IFF_PROMISC >> 8, {}).promiscuous);
  EXPECT_TRUE(facts(IFF_ALLMULTI >> 8, {}).promiscuous);
  const std::uint8_t nested = NLA_F_NESTED >> 8;
  const auto xdp = [&](std::uint8_t attached) {
    return facts(0, {12, 0, IFLA_XDP, nested, 5, 0, IFLA_XDP_ATTACHED, 0, attached, 0, 0, 0});
  };
  EXPECT_TRUE(xdp(XDP_ATTACHED_SKB).has_xdp);
  EXPECT_FALSE(xdp(XDP_ATTACHED_NONE).has_xdp);
  EXPECT_TRUE(facts(0, {12, 0, IFLA_PROP_LIST, nested, 6, 0, IFLA_ALT_IFNAME, 0, 'a', 0, 0, 0})
                  .has_other_names);
  const LinkFacts bare = facts(0x10, {});
  EXPECT_EQ(bare.index, InterfaceIndex(5));
  EXPECT_FALSE(bare.master != 0 || bare.promiscuous || bare.has_xdp || bare.has_other_names);
  EXPECT_EQ(bare.alias, "");
}

TEST(RtnetlinkMessage, AQdiscsHandleIsRead) {
  const Bytes message = Concat({
      {36, 0, 0, 0, RTM_NEWQDISC, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0},
      {AF_UNSPEC, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0x01, 0x80, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0},
  });
  const auto answer = ParseAnswer(message, 9);
  ASSERT_TRUE(answer.has_value() && answer->qdisc_handle.has_value());
  EXPECT_EQ(*answer->qdisc_handle, 0x80010000U);
  Bytes cut = message;
  cut.resize(32);
  cut[0] = 32;
  EXPECT_FALSE(ParseAnswer(cut, 9).has_value());
}

TEST(RtnetlinkMessage, EveryTruncationIsRefused) {
  const Bytes whole = AckWithText(EBUSY, "device is up");
  for (std::size_t length = 1; length < whole.size(); ++length) {
    EXPECT_FALSE(ParseAnswer(ByteView(whole).first(length), 9).has_value()) << length;
  }
}

TEST(RtnetlinkMessage, LyingLengthsInsideDoNotLeadOutside) {
  const Bytes whole = AckWithText(EBUSY, "device is up");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const std::uint8_t value : Bytes{0x00, 0x01, 0x03, 0x7f, 0xff}) {
      Bytes changed = whole;
      changed[at] = value;
      (void)ParseAnswer(changed, 9);  // the sanitizers judge
    }
  }
}

}  // namespace
}  // namespace sstpgw::edge
