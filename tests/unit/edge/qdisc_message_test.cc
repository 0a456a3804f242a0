#include "gateway/edge/qdisc_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "gateway/edge/filter_message.h"

namespace sstpgw::edge {
namespace {

using ::testing::ElementsAreArray;

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the octets below are little-endian");

constexpr InterfaceIndex kIndex{5};
constexpr std::uint8_t kNested = 0x80;
// NLM_F_REQUEST | NLM_F_ACK, and in the second octet:
constexpr std::uint8_t kAsked = 0x05;
constexpr std::uint8_t kReplace = 0x01;
constexpr std::uint8_t kExclusive = 0x02;
constexpr std::uint8_t kCreate = 0x04;

Bytes Concat(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

// nlmsghdr, sequence 3, and tcmsg for interface 5.
Bytes Head(std::uint8_t length, std::uint8_t type, std::uint8_t flags, const Bytes& handle,
           const Bytes& parent, const Bytes& info = {0, 0, 0, 0}) {
  return Concat({{length, 0, 0, 0, type, 0, kAsked, flags, 3, 0, 0, 0, 0, 0, 0, 0},
                 {AF_UNSPEC, 0, 0, 0, 5, 0, 0, 0},
                 handle,
                 parent,
                 info});
}
const Bytes kRoot{0xff, 0xff, 0xff, 0xff};

TEST(QdiscMessage, TokenBucket) {
  TbfQueue queue;
  queue.rate = BitsPerSecond(10'000'000);  // 1,250,000 = 0x1312d0 octets
  queue.burst = 125'000;                   // 0x1e848, 0.1 s: 1,562,500 = 0x17d784 ticks
  queue.limit = 62'500;                    // 0xf424
  queue.mpu = 64;
  const Bytes expected = Concat({
      Head(96, RTM_NEWQDISC, kCreate | kReplace, {0, 0, 2, 0}, kRoot),
      {8, 0, TCA_KIND, 0, 't', 'b', 'f', 0},
      {52, 0, TCA_OPTIONS, kNested},
      {40, 0, TCA_TBF_PARMS, 0},
      // cell_log, link layer, overhead, cell_align, mpu, rate
      {0, TC_LINKLAYER_ETHERNET, 0, 0, 0, 0, 64, 0, 0xd0, 0x12, 0x13, 0},
      Bytes(12),              // no peak rate
      {0x24, 0xf4, 0, 0},     // limit
      {0x84, 0xd7, 0x17, 0},  // buffer
      {0, 0, 0, 0},           // mtu: of the peak rate
      {8, 0, TCA_TBF_BURST, 0, 0x48, 0xe8, 0x01, 0},
  });
  EXPECT_THAT(BuildRootQueue(3, kIndex, queue), ElementsAreArray(expected));
}

TEST(QdiscMessage, RatesAbove32BitsComeInAnAttributeOfTheirOwn) {
  TbfQueue queue;
  queue.rate = BitsPerSecond(100'000'000'000);  // 12.5e9 = 0x2'e90e'dd00 octets
  queue.burst = 1;
  queue.limit = 1;
  const Bytes message = BuildRootQueue(3, kIndex, queue);
  const Bytes rate(message.begin() + 60, message.begin() + 64);
  EXPECT_THAT(rate, ElementsAreArray(Bytes{0xff, 0xff, 0xff, 0xff}));
  const Bytes attribute(message.begin() + 88, message.begin() + 100);
  EXPECT_THAT(attribute, ElementsAreArray(Bytes{12, 0, TCA_TBF_RATE64, 0, 0x00, 0xdd, 0x0e, 0xe9,
                                                0x02, 0, 0, 0}));
  queue.rate = BitsPerSecond(8 * 0xffff'ffffULL);
  EXPECT_EQ(BuildRootQueue(3, kIndex, queue).size(), message.size() - 12);
}

TEST(QdiscMessage, NoRateIsSmallEnoughToBecomeNone) {
  TbfQueue queue;
  queue.rate = BitsPerSecond(1);
  queue.burst = queue.limit = 3000;
  EXPECT_EQ(BuildRootQueue(3, kIndex, queue)[60], 1);
}

TEST(QdiscMessage, HtbRootAndClass) {
  HtbQueue queue;
  queue.rate = BitsPerSecond(10'000'000);
  queue.burst = 125'000;
  queue.cburst = 1534;     // 1,227.2 us: 19,175 = 0x4ae7 ticks
  queue.quantum = 60'000;  // 0xea60
  queue.r2q = 10;
  const Bytes root = Concat({
      Head(72, RTM_NEWQDISC, kCreate | kReplace, {0, 0, 1, 0}, kRoot),
      {8, 0, TCA_KIND, 0, 'h', 't', 'b', 0},
      {28, 0, TCA_OPTIONS, kNested},
      {24, 0, TCA_HTB_INIT, 0},
      {3, 0, 0, 0, 10, 0, 0, 0, 1, 0, 0, 0},  // version, r2q, default class
      Bytes(8),
  });
  EXPECT_THAT(BuildRootQueue(3, kIndex, queue), ElementsAreArray(root));
  const Bytes rate{0, TC_LINKLAYER_ETHERNET, 0, 0, 0, 0, 0, 0, 0xd0, 0x12, 0x13, 0};
  const Bytes expected = Concat({
      Head(96, RTM_NEWTCLASS, kCreate, {1, 0, 1, 0}, kRoot),
      {8, 0, TCA_KIND, 0, 'h', 't', 'b', 0},
      {52, 0, TCA_OPTIONS, kNested},
      {48, 0, TCA_HTB_PARMS, 0},
      rate,
      rate,                   // ceil
      {0x84, 0xd7, 0x17, 0},  // buffer
      {0xe7, 0x4a, 0, 0},     // cbuffer
      {0x60, 0xea, 0, 0},     // quantum
      Bytes(8),               // level, prio
  });
  EXPECT_THAT(BuildHtbClass(3, kIndex, queue), ElementsAreArray(expected));
  queue.rate = BitsPerSecond(40'000'000'000);
  const Bytes fast = BuildHtbClass(3, kIndex, queue);
  ASSERT_EQ(fast.size(), expected.size() + 24);
  EXPECT_EQ(fast[98], TCA_HTB_RATE64);
  EXPECT_EQ(fast[110], TCA_HTB_CEIL64);
}

TEST(QdiscMessage, BurstsThatTakeLongerThanTicksCanTellAreTheLongest) {
  HtbQueue queue;
  queue.rate = BitsPerSecond(8);
  queue.burst = 0xffff'ffff;
  const Bytes message = BuildHtbClass(3, kIndex, queue);
  const Bytes buffer(message.begin() + 76, message.begin() + 80);
  EXPECT_THAT(buffer, ElementsAreArray(Bytes{0xff, 0xff, 0xff, 0xff}));
}

TEST(QdiscMessage, AFifoOfOctetsIsChangedWhereItStandsAndOtherLeavesAreMadeAnew) {
  const Bytes expected = Concat({
      Head(56, RTM_NEWQDISC, kCreate | kReplace, {0, 0, 0, 0}, {1, 0, 1, 0}),
      {10, 0, TCA_KIND, 0, 'b', 'f', 'i', 'f', 'o', 0, 0, 0},
      {8, 0, TCA_OPTIONS, 0, 0x88, 0x13, 0, 0},
  });
  EXPECT_THAT(BuildLeafQueue(3, kIndex, kHtbClass, ByteFifoQueue{5000}),
              ElementsAreArray(expected));
  EXPECT_EQ(BuildLeafQueue(3, kIndex, kHtbClass, FifoQueue{5})[7], kCreate | kReplace | kExclusive);
}

TEST(QdiscMessage, FairQueue) {
  FqQueue queue;
  queue.packets = 1000;
  queue.flow_packets = 100;
  queue.horizon = std::chrono::seconds(2);  // 2,000,000 = 0x1e8480 us
  const Bytes expected = Concat({
      Head(72, RTM_NEWQDISC, kCreate | kReplace, {0, 0, 3, 0}, kRoot),
      {7, 0, TCA_KIND, 0, 'f', 'q', 0, 0},
      {28, 0, TCA_OPTIONS, kNested},
      {8, 0, TCA_FQ_PLIMIT, 0, 0xe8, 3, 0, 0},
      {8, 0, TCA_FQ_FLOW_PLIMIT, 0, 100, 0, 0, 0},
      {8, 0, TCA_FQ_HORIZON, 0, 0x80, 0x84, 0x1e, 0},
  });
  EXPECT_THAT(BuildRootQueue(3, kIndex, queue), ElementsAreArray(expected));
  EXPECT_EQ(BuildRootQueue(3, kIndex, FqQueue{}).size(), expected.size() - 24);
}

TEST(QdiscMessage, RootDelete) {
  EXPECT_THAT(BuildRootDelete(3, kIndex),
              ElementsAreArray(Head(36, RTM_DELQDISC, 0, {0, 0, 0, 0}, kRoot)));
}

// Always new ones (NLM_F_EXCL and no handle): fq_codel takes its number of flows only once.
TEST(QdiscMessage, Leaves) {
  const auto build = [](const LeafQueue& leaf) {
    return BuildLeafQueue(3, kIndex, kHtbClass, leaf);
  };
  const auto head = [](std::uint8_t length) {
    return Head(length, RTM_NEWQDISC, kCreate | kReplace | kExclusive, {0, 0, 0, 0}, {1, 0, 1, 0});
  };
  EXPECT_THAT(build(FifoQueue{100}),
              ElementsAreArray(Concat({head(56),
                                       {10, 0, TCA_KIND, 0, 'p', 'f', 'i', 'f', 'o', 0, 0, 0},
                                       {8, 0, TCA_OPTIONS, 0, 100, 0, 0, 0}})));
  EXPECT_EQ(build(FifoQueue{}).size(), 48U);
  EXPECT_THAT(build(SfqQueue{100, 1500, std::chrono::seconds(10)}),
              ElementsAreArray(Concat({head(68),
                                       {8, 0, TCA_KIND, 0, 's', 'f', 'q', 0},
                                       {24, 0, TCA_OPTIONS, 0},
                                       {0xdc, 5, 0, 0, 10, 0, 0, 0, 100, 0, 0, 0},
                                       Bytes(8)})));
  FqCodelQueue codel;
  codel.packets = 1000;
  codel.flows = 64;
  codel.quantum = 1500;
  codel.target = std::chrono::milliseconds(5);
  codel.interval = std::chrono::milliseconds(100);
  codel.ecn = false;
  const auto kind = Bytes{13, 0, TCA_KIND, 0, 'f', 'q', '_', 'c', 'o', 'd', 'e', 'l', 0, 0, 0, 0};
  EXPECT_THAT(build(codel),
              ElementsAreArray(Concat({head(104),
                                       kind,
                                       {52, 0, TCA_OPTIONS, kNested},
                                       {8, 0, TCA_FQ_CODEL_LIMIT, 0, 0xe8, 3, 0, 0},
                                       {8, 0, TCA_FQ_CODEL_FLOWS, 0, 64, 0, 0, 0},
                                       {8, 0, TCA_FQ_CODEL_QUANTUM, 0, 0xdc, 5, 0, 0},
                                       {8, 0, TCA_FQ_CODEL_TARGET, 0, 0x88, 0x13, 0, 0},
                                       {8, 0, TCA_FQ_CODEL_INTERVAL, 0, 0xa0, 0x86, 1, 0},
                                       {8, 0, TCA_FQ_CODEL_ECN, 0, 0, 0, 0, 0}})));
  EXPECT_EQ(build(FqCodelQueue{}).size(), 64U);
  EXPECT_TRUE(build(std::monostate{}).empty());
}

TEST(QdiscMessage, NamesAreThoseOfTc) {
  EXPECT_STREQ(NameOf(RootQueue()), "default");
  EXPECT_STREQ(NameOf(RootQueue(TbfQueue{})), "tbf");
  EXPECT_STREQ(NameOf(RootQueue(HtbQueue{})), "htb");
  EXPECT_STREQ(NameOf(RootQueue(FqQueue{})), "fq");
  EXPECT_STREQ(NameOf(LeafQueue(SfqQueue{})), "sfq");
}

// ---- Filters

TEST(FilterMessage, ClsactAndItsEnd) {
  const Bytes kind{11, 0, TCA_KIND, 0, 'c', 'l', 's', 'a', 'c', 't', 0, 0};
  const Bytes handle{0, 0, 0xff, 0xff};
  const Bytes parent{0xf1, 0xff, 0xff, 0xff};
  EXPECT_THAT(BuildClsactAdd(3, kIndex),
              ElementsAreArray(
                  Concat({Head(48, RTM_NEWQDISC, kCreate | kExclusive, handle, parent), kind})));
  EXPECT_THAT(BuildClsactDelete(3, kIndex),
              ElementsAreArray(Concat({Head(48, RTM_DELQDISC, 0, handle, parent), kind})));
}

TEST(FilterMessage, ProgramsInDirectActionMode) {
  const Bytes kind{8, 0, TCA_KIND, 0, 'b', 'p', 'f', 0};
  const Bytes info{0, 3, 0xe8, 3};  // any protocol, in the order of the network; priority 1000
  const Bytes expected = Concat({
      Head(84, RTM_NEWTFILTER, kCreate | kExclusive, {1, 0, 0, 0}, {0xf2, 0xff, 0xff, 0xff}, info),
      kind,
      {40, 0, TCA_OPTIONS, kNested},
      {8, 0, TCA_BPF_FD, 0, 77, 0, 0, 0},
      {17, 0, TCA_BPF_NAME, 0, 's', 's', 't', 'p', '-', 'g', 'a', 't', 'e', 'w', 'a', 'y', 0},
      {0, 0, 0},
      {8, 0, TCA_BPF_FLAGS, 0, TCA_BPF_FLAG_ACT_DIRECT, 0, 0, 0},
  });
  EXPECT_THAT(BuildFilterAdd(3, kIndex, FilterPlace::kIngress, 77), ElementsAreArray(expected));
  EXPECT_THAT(
      BuildFilterDelete(3, kIndex, FilterPlace::kEgress),
      ElementsAreArray(Concat(
          {Head(44, RTM_DELTFILTER, 0, {1, 0, 0, 0}, {0xf3, 0xff, 0xff, 0xff}, info), kind})));
}

}  // namespace
}  // namespace sstpgw::edge
