#include "gateway/datapath/coalescer.h"

#include <unordered_map>

#include "gateway/datapath/packet_fields.h"
#include "tests/support/hex.h"
#include "tests/unit/datapath/packets.h"

namespace sstpgw::datapath {
namespace {

using test::PacketPlan;
using test::Train;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

const Bytes kTimestamps = test::FromHex("0101080a0000000100000002");

std::vector<std::size_t> Counts(const std::vector<Bytes>& packets) {
  const test::Writes writes = test::Merge(packets);
  EXPECT_THAT(test::CutAll(writes.writes), ElementsAreArray(packets));
  return writes.packet_counts;
}

// All four kinds of trains.
std::vector<PacketPlan> AllKinds() {
  std::vector<PacketPlan> plans;
  for (const bool ipv6 : {false, true}) {
    for (const std::uint8_t protocol : {kProtocolTcp, kProtocolUdp}) {
      plans.push_back({.ipv6 = ipv6, .protocol = protocol});
      if (protocol == kProtocolTcp) {
        plans.push_back(plans.back());
        plans.back().options = kTimestamps;
      }
    }
  }
  return plans;
}

TEST(Coalescer, ATrainBecomesOneSuperPacketAndBack) {
  for (PacketPlan plan : AllKinds()) {
    const std::vector<Bytes> packets = Train(plan, 10, 1000);
    const test::Writes writes = test::Merge(packets);
    EXPECT_THAT(writes.packet_counts, ElementsAre(10U));
    EXPECT_EQ(writes.bytes, 10 * packets[0].size());
    EXPECT_THAT(test::CutAll(writes.writes), ElementsAreArray(packets));
    for (std::uint32_t i = 0; i < 10; ++i) {
      const Bytes piece = test::Noise(1000, i);
      plan.payload.insert(plan.payload.end(), piece.begin(), piece.end());
    }
    EXPECT_THAT(writes.writes, ElementsAre(test::SuperPacket(plan, 1000)));
  }
}

TEST(Coalescer, APacketAloneHasTheZeroHeader) {
  const std::vector<Bytes> packets = Train({}, 1, 1000);
  const test::Writes writes = test::Merge(packets);
  ASSERT_EQ(writes.writes.size(), 1U);
  EXPECT_EQ(writes.bytes, packets[0].size());
  EXPECT_EQ(ByteView(writes.writes[0]).size(), kVnetHeaderSize + packets[0].size());
  EXPECT_THAT(std::vector<int>(writes.writes[0].begin(), writes.writes[0].begin() + 10), Each(0));
}

TEST(Coalescer, NothingIsMergedThatTheInterfaceDoesNotTake) {
  const std::vector<Bytes> tcp = Train({}, 4, 500);
  const std::vector<Bytes> udp = Train({.protocol = kProtocolUdp}, 4, 500);
  EXPECT_EQ(test::Merge(tcp, {false, true}).writes.size(), 4U);
  EXPECT_EQ(test::Merge(udp, {true, false}).writes.size(), 4U);
  EXPECT_EQ(test::Merge(tcp, {true, false}).writes.size(), 1U);
  EXPECT_EQ(test::Merge(udp, {false, true}).writes.size(), 1U);
  EXPECT_THAT(test::CutAll(test::Merge(tcp, {false, false}).writes), ElementsAreArray(tcp));
}

TEST(Coalescer, TheLastMayBeShorterAndCloses) {
  for (const PacketPlan& plan : AllKinds()) {
    std::vector<Bytes> packets = Train(plan, {100, 100, 60, 60, 60, 100});
    // The 100 behind the 60s is too long for them.
    EXPECT_THAT(Counts(packets), ElementsAre(3U, 2U, 1U));
  }
}

TEST(Coalescer, PushCloses) {
  std::vector<PacketPlan> plans = test::TrainPlans({}, 6, 100);
  plans[2].flags |= kTcpPush;
  plans[3].flags |= kTcpPush;
  std::vector<Bytes> packets;
  for (const PacketPlan& plan : plans) packets.push_back(test::Build(plan));
  EXPECT_THAT(Counts(packets), ElementsAre(3U, 1U, 2U));
}

// A super packet is written when it closes, not only with the flush.
TEST(Coalescer, WhatIsClosedIsWrittenAtOnce) {
  std::vector<Bytes> packets = Train({}, {100, 100, 50});
  test::Writes writes;
  const auto coalescer = std::make_unique<Coalescer>();
  coalescer->Begin({true, true}, writes);
  for (const Bytes& packet : packets) coalescer->Add(packet);
  EXPECT_THAT(writes.packet_counts, ElementsAre(3U));
  coalescer->Flush();
  EXPECT_EQ(writes.writes.size(), 1U);
}

TEST(Coalescer, NoMoreSegmentsThanTheKernelTakes) {
  EXPECT_THAT(Counts(Train({.protocol = kProtocolUdp}, 130, 10)), ElementsAre(64U, 64U, 2U));
  EXPECT_THAT(Counts(Train({}, 300, 10)), ElementsAre(128U, 128U, 44U));
}

TEST(Coalescer, NoMoreOctetsThanAnIpPacketHolds) {
  for (const PacketPlan& plan : AllKinds()) {
    const std::size_t headers = test::Build(plan).size();
    const std::size_t most = 65535 - headers;
    // Exactly the most, by a short last one; one octet more; the short one would fit, the long not.
    EXPECT_THAT(Counts(Train(plan, {32000, 32000, most - 64000})), ElementsAre(3U));
    EXPECT_THAT(Counts(Train(plan, {32000, 32000, most - 64000 + 1})), ElementsAre(2U, 1U));
    EXPECT_THAT(Counts(Train(plan, {32000, 32000, 32000})), ElementsAre(2U, 1U));
  }
}

// One bit of any header field of the second packet is different, with checksums that are right
// again: both pass alone, whatever the field is. The same with checksums that are then wrong.
TEST(Coalescer, OneBitDifferentIsNotMerged) {
  for (const PacketPlan& plan : AllKinds()) {
    const std::vector<Bytes> packets = Train(plan, 2, 200);
    ASSERT_THAT(Counts(packets), ElementsAre(2U));
    const std::size_t headers = packets[0].size() - 200;
    const std::size_t transport = plan.ipv6 ? 40 : 20;
    std::size_t merged = 0;
    for (std::size_t bit = 0; bit < headers * 8; ++bit) {
      Bytes changed = packets[1];
      changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
      EXPECT_EQ(Counts({packets[0], changed}).size(), 2U) << bit / 8 << " " << bit % 8;
      Bytes first = packets[0];
      first[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
      EXPECT_EQ(Counts({first, packets[1]}).size(), 2U) << bit / 8 << " " << bit % 8;
      if (bit / 8 == 0) continue;  // no IP of that version, or another header length
      test::Finish(changed);
      test::Finish(first);
      if (changed == packets[1]) continue;  // a length or a checksum
      EXPECT_EQ(Counts({first, packets[1]}).size(), 2U) << bit / 8 << " " << bit % 8;
      const std::size_t writes = Counts({packets[0], changed}).size();
      const bool push = plan.protocol == kProtocolTcp && bit == (transport + kTcpFlags) * 8 + 3;
      EXPECT_EQ(writes, push ? 1U : 2U) << bit / 8 << " " << bit % 8;
      merged += writes == 1 ? 1 : 0;
    }
    EXPECT_EQ(merged, plan.protocol == kProtocolTcp ? 1U : 0U);
  }
}

TEST(Coalescer, OneWrongBitOfPayloadIsNotMerged) {
  for (const PacketPlan& plan : AllKinds()) {
    const std::vector<Bytes> packets = Train(plan, 3, 77);
    for (std::size_t bit = 0; bit < 77 * 8; bit += 5) {
      for (std::size_t which = 0; which < 3; ++which) {
        std::vector<Bytes> changed = packets;
        changed[which][packets[0].size() - 77 + bit / 8] ^=
            static_cast<std::uint8_t>(1U << (bit % 8));
        // The two others are merged if they are neighbours.
        EXPECT_EQ(Counts(changed).size(), which == 1 ? 3U : 2U);
      }
    }
  }
}

// TCP flags beyond ACK and PSH, all combinations, in the first, a middle and the last packet.
TEST(Coalescer, OnlyAckAndPushAreMerged) {
  for (unsigned flags = 0; flags < 256; ++flags) {
    if ((flags & ~unsigned{kTcpPush}) == kTcpAckFlag) continue;
    for (std::size_t which = 0; which < 3; ++which) {
      std::vector<PacketPlan> plans = test::TrainPlans({}, 3, 100);
      plans[which].flags = static_cast<std::uint8_t>(flags);
      std::vector<Bytes> packets;
      for (const PacketPlan& plan : plans) packets.push_back(test::Build(plan));
      EXPECT_EQ(Counts(packets).size(), which == 1 ? 3U : 2U) << flags;
      for (PacketPlan& plan : plans) plan.flags = static_cast<std::uint8_t>(flags);
      packets.clear();
      for (const PacketPlan& plan : plans) packets.push_back(test::Build(plan));
      EXPECT_EQ(Counts(packets).size(), 3U) << flags;
    }
  }
}

TEST(Coalescer, AcknowledgementsWithoutDataPassAloneAndInOrder) {
  std::vector<PacketPlan> plans = test::TrainPlans({}, 4, 100);
  PacketPlan ack = plans[2];
  ack.payload.clear();
  std::vector<Bytes> packets;
  for (const PacketPlan& plan : plans) packets.push_back(test::Build(plan));
  packets.insert(packets.begin() + 2, test::Build(ack));
  EXPECT_THAT(Counts(packets), ElementsAre(2U, 1U, 2U));
}

TEST(Coalescer, ReorderedAndRepeatedSegmentsKeepTheirOrder) {
  const std::vector<Bytes> packets = Train({}, 4, 100);
  EXPECT_THAT(Counts({packets[0], packets[2], packets[1], packets[3]}),
              ElementsAre(1U, 1U, 1U, 1U));
  EXPECT_THAT(Counts({packets[0], packets[1], packets[1], packets[2]}), ElementsAre(2U, 2U));
}

// ---- The two ways to write a checksum of zero

// Octets 2 to 3 of the payload chosen so that the checksum comes out as zero.
PacketPlan WithZeroChecksum(PacketPlan plan) {
  const Bytes packet = test::Build(plan);
  const std::size_t headers = packet.size() - plan.payload.size();
  const std::size_t field = headers - (plan.protocol == kProtocolTcp ? 4 : 2);
  const std::uint32_t checksum = Load16(&packet[field]);
  const std::uint32_t word = Load16(&plan.payload[2]) + checksum;
  Store16(&plan.payload[2], static_cast<std::uint16_t>((word >> 16) + word));
  return plan;
}

TEST(Coalescer, TcpWritesZeroAsZero) {
  for (const bool ipv6 : {false, true}) {
    std::vector<PacketPlan> plans = test::TrainPlans({.ipv6 = ipv6}, 3, 100);
    plans[1] = WithZeroChecksum(plans[1]);
    std::vector<Bytes> packets;
    for (const PacketPlan& plan : plans) packets.push_back(test::Build(plan));
    std::uint8_t* const field = &packets[1][(ipv6 ? 40 : 20) + kTcpChecksum];
    ASSERT_EQ(Load16(field), 0);
    EXPECT_THAT(Counts(packets), ElementsAre(3U));
    Store16(field, 0xffff);  // as right, but cutting would write zero
    EXPECT_THAT(Counts(packets), ElementsAre(1U, 1U, 1U));
  }
}

TEST(Coalescer, UdpWritesZeroAsOnes) {
  for (const bool ipv6 : {false, true}) {
    std::vector<PacketPlan> plans =
        test::TrainPlans({.ipv6 = ipv6, .protocol = kProtocolUdp}, 3, 100);
    plans[1] = WithZeroChecksum(plans[1]);
    std::vector<Bytes> packets;
    for (const PacketPlan& plan : plans) packets.push_back(test::Build(plan));
    std::uint8_t* const field = &packets[1][(ipv6 ? 40 : 20) + kUdpChecksum];
    ASSERT_EQ(Load16(field), 0xffff);
    EXPECT_THAT(Counts(packets), ElementsAre(3U));
    Store16(field, 0);  // no checksum at all
    EXPECT_THAT(Counts(packets), ElementsAre(1U, 1U, 1U));
    for (Bytes& packet : packets) Store16(&packet[(ipv6 ? 40 : 20) + kUdpChecksum], 0);
    EXPECT_THAT(Counts(packets), ElementsAre(1U, 1U, 1U));
  }
}

TEST(Coalescer, Ipv4HeadersWriteZeroAsZero) {
  // The id is chosen so that the second packet's header checksum comes out as zero.
  PacketPlan plan{.id = 0};
  plan.payload = test::Noise(100, 0);
  const Bytes probe = test::Build(plan);
  plan.id = static_cast<std::uint16_t>(Load16(&probe[kIpv4Checksum]) - 1);
  std::vector<Bytes> packets = Train(plan, 3, 100);
  ASSERT_EQ(Load16(&packets[1][kIpv4Checksum]), 0);
  EXPECT_THAT(Counts(packets), ElementsAre(3U));
  Store16(&packets[1][kIpv4Checksum], 0xffff);
  EXPECT_THAT(Counts(packets), ElementsAre(1U, 1U, 1U));
}

// ---- Several flows

TEST(Coalescer, FlowsThatTakeTurnsAreEachMerged) {
  for (const std::size_t flows : {2U, 5U, 16U}) {
    std::vector<Bytes> packets;
    std::vector<std::vector<Bytes>> trains;
    for (std::size_t flow = 0; flow < flows; ++flow) {
      PacketPlan plan = AllKinds()[flow % 6];
      plan.source_port = static_cast<std::uint16_t>(1000 + flow);
      trains.push_back(Train(plan, 8, 300));
    }
    for (std::size_t i = 0; i < 8; ++i) {
      for (const std::vector<Bytes>& train : trains) packets.push_back(train[i]);
    }
    const test::Writes writes = test::Merge(packets);
    EXPECT_THAT(writes.packet_counts, Each(8U)) << flows;
    EXPECT_EQ(writes.writes.size(), flows);
    EXPECT_TRUE(test::IsFaithful(packets, writes));
  }
}

// Two flows that only a look at the ports themselves can tell apart.
TEST(Coalescer, FlowsOfTheSameHashAreNotMixed) {
  for (const bool ipv6 : {false, true}) {
    const std::vector<Bytes> train = Train({.ipv6 = ipv6}, 2, 100);
    Bytes other = train[1];
    std::uint8_t* const ports = &other[ipv6 ? 40 : 20];
    std::unordered_map<std::uint32_t, std::uint32_t> seen;
    for (std::uint32_t number = 0; number < 2'000'000; ++number) {
      Store32(ports, number * 40'503);
      const auto [known, is_new] = seen.emplace(ParseFlowPacket(other).hash, number * 40'503);
      if (is_new) continue;
      std::vector<Bytes> packets{train[0], other};
      Store32(&packets[0][ipv6 ? 40 : 20], known->second);
      for (Bytes& packet : packets) test::Finish(packet);
      EXPECT_EQ(ParseFlowPacket(packets[0]).hash, ParseFlowPacket(packets[1]).hash);
      EXPECT_THAT(Counts(packets), ElementsAre(1U, 1U));
      seen.clear();
      break;
    }
    EXPECT_TRUE(seen.empty()) << "no two flows of the same hash found";
  }
}

TEST(Coalescer, MoreFlowsThanPlacesPassWithoutMerging) {
  std::vector<Bytes> packets;
  for (int round = 0; round < 3; ++round) {
    for (std::uint16_t flow = 0; flow < 40; ++flow) {
      PacketPlan plan = test::TrainPlans({}, 3, 100)[static_cast<std::size_t>(round)];
      plan.source_port = flow;
      packets.push_back(test::Build(plan));
    }
  }
  const test::Writes writes = test::Merge(packets);
  EXPECT_EQ(writes.packets, packets.size());
  EXPECT_TRUE(test::IsFaithful(packets, writes));
}

// What has no ports is not overtaken and overtakes nothing.
TEST(Coalescer, PacketsOfNoFlowKeepTheirPlace) {
  std::vector<Bytes> barriers;
  barriers.push_back(test::Build({.protocol = 1, .payload = test::Noise(64, 1)}));
  barriers.push_back(test::Build({.ipv6 = true, .protocol = 58, .payload = test::Noise(64, 1)}));
  barriers.push_back(test::Build({.fragment = 0x2000, .payload = test::Noise(64, 1)}));
  barriers.push_back(test::Build({.fragment = 0x0001, .payload = test::Noise(64, 1)}));
  barriers.push_back(test::Build({.ipv6 = true, .protocol = 0, .payload = test::Noise(64, 1)}));
  barriers.push_back(test::Build({.ipv6 = true, .protocol = 44, .payload = test::Noise(64, 1)}));
  barriers.push_back({});
  barriers.push_back({0x45});
  barriers.push_back(Bytes(27, 0x45));
  Bytes with_options = Train({}, 1, 64)[0];
  with_options.insert(with_options.begin() + 20, 4, 1);
  with_options[0] = 0x46;
  test::Finish(with_options);
  barriers.push_back(with_options);
  for (const Bytes& barrier : barriers) {
    std::vector<Bytes> packets = Train({}, 4, 100);
    packets.insert(packets.begin() + 2, barrier);
    const test::Writes writes = test::Merge(packets);
    EXPECT_THAT(writes.packet_counts, ElementsAre(2U, 1U, 2U));
    ASSERT_EQ(writes.writes.size(), 3U);
    EXPECT_EQ(Bytes(writes.writes[1].begin() + kVnetHeaderSize, writes.writes[1].end()), barrier);
  }
}

// A batch knows nothing of the one before.
TEST(Coalescer, FlushForgets) {
  const std::vector<Bytes> packets = Train({}, 4, 100);
  const auto coalescer = std::make_unique<Coalescer>();
  test::Writes first;
  test::Writes second;
  coalescer->Begin({true, true}, first);
  coalescer->Flush();
  EXPECT_TRUE(first.writes.empty());
  coalescer->Add(packets[0]);
  coalescer->Add(packets[1]);
  coalescer->Flush();
  coalescer->Begin({true, true}, second);
  coalescer->Add(packets[2]);
  coalescer->Add(packets[3]);
  coalescer->Flush();
  coalescer->Flush();
  EXPECT_THAT(first.packet_counts, ElementsAre(2U));
  EXPECT_THAT(second.packet_counts, ElementsAre(2U));
}

}  // namespace
}  // namespace sstpgw::datapath
