#include "gateway/datapath/coalescer.h"

#include "tests/support/hex.h"
#include "tests/unit/datapath/packets.h"

namespace sstpgw::datapath {
namespace {

using test::PacketPlan;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

// `count` packets, each the successor of the one before.
std::vector<Bytes> Train(PacketPlan plan, std::size_t count, std::size_t payload) {
  std::vector<Bytes> packets;
  for (std::size_t i = 0; i < count; ++i) {
    plan.payload = test::Noise(payload, static_cast<std::uint32_t>(i));
    packets.push_back(test::Build(plan));
    plan.sequence += static_cast<std::uint32_t>(payload);
    ++plan.id;
  }
  return packets;
}

TEST(Coalescer, ATrainBecomesOneSuperPacketAndBack) {
  for (const bool ipv6 : {false, true}) {
    for (const std::uint8_t protocol : {kProtocolTcp, kProtocolUdp}) {
      PacketPlan plan{.ipv6 = ipv6, .protocol = protocol};
      const std::vector<Bytes> packets = Train(plan, 10, 1000);
      const test::Writes writes = test::Merge(packets);
      EXPECT_THAT(writes.packet_counts, ElementsAre(10U));
      EXPECT_EQ(writes.bytes, 10 * packets[0].size());
      EXPECT_THAT(test::CutAll(writes.writes), ElementsAreArray(packets));
      plan.payload.clear();
      for (std::uint32_t i = 0; i < 10; ++i) {
        const Bytes piece = test::Noise(1000, i);
        plan.payload.insert(plan.payload.end(), piece.begin(), piece.end());
      }
      EXPECT_THAT(writes.writes, ElementsAre(test::SuperPacket(plan, 1000)));
    }
  }
}

TEST(Coalescer, NothingIsMergedThatTheInterfaceDoesNotTake) {
  const std::vector<Bytes> tcp = Train({}, 4, 500);
  const std::vector<Bytes> udp = Train({.protocol = 17}, 4, 500);
  EXPECT_EQ(test::Merge(tcp, {false, true}).writes.size(), 4U);
  EXPECT_EQ(test::Merge(udp, {true, false}).writes.size(), 4U);
  EXPECT_EQ(test::Merge(tcp, {true, false}).writes.size(), 1U);
  EXPECT_EQ(test::Merge(udp, {false, true}).writes.size(), 1U);
  EXPECT_THAT(test::CutAll(test::Merge(tcp, {false, false}).writes), ElementsAreArray(tcp));
}

}  // namespace
}  // namespace sstpgw::datapath
