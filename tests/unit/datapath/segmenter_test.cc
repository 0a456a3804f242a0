#include "gateway/datapath/segmenter.h"

#include "tests/support/hex.h"
#include "tests/unit/datapath/packets.h"

namespace sstpgw::datapath {
namespace {

using test::PacketPlan;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

TEST(VnetHeader, RoundTripOfEveryField) {
  VnetHeader header{1, 5, 0x0203, 0x0405, 0x0607, 0x0809};
  std::array<std::uint8_t, kVnetHeaderSize> bytes{};
  SerializeVnetHeader(header, bytes);
  EXPECT_EQ(ParseVnetHeader(bytes), header);
  const Bytes zero(kVnetHeaderSize);
  EXPECT_EQ(ParseVnetHeader(std::span(zero).first<kVnetHeaderSize>()), VnetHeader{});
}

TEST(Segmenter, AFinishedPacketPassesUnchanged) {
  for (const bool ipv6 : {false, true}) {
    const Bytes packet = test::Build({.ipv6 = ipv6, .payload = test::Noise(100, 1)});
    Bytes read(kVnetHeaderSize);
    read.insert(read.end(), packet.begin(), packet.end());
    auto segmenter = Segmenter::Parse(read);
    ASSERT_TRUE(segmenter);
    EXPECT_EQ(segmenter->ipv6(), ipv6);
    EXPECT_EQ(segmenter->segments_left(), 1U);
    EXPECT_EQ(segmenter->next_size(), packet.size());
    EXPECT_THAT(test::Cut(read), ElementsAreArray({packet}));
  }
}

TEST(Segmenter, CutsLikeTheSlowOne) {
  for (const bool ipv6 : {false, true}) {
    for (const std::uint8_t protocol : {kProtocolTcp, kProtocolUdp}) {
      for (const std::size_t payload : {1, 99, 100, 101, 200, 250, 999}) {
        PacketPlan plan{.ipv6 = ipv6, .protocol = protocol, .id = 0xfffe, .sequence = 0xffffff80};
        plan.payload = test::Noise(payload, 7);
        plan.flags = 0x99;  // CWR, ACK, PSH, FIN
        plan.options = test::FromHex("0101080a0000000100000002");
        const Bytes read = test::SuperPacket(plan, 100);
        const std::vector<Bytes> segments = test::Cut(read);
        EXPECT_EQ(segments.size(), (payload + 99) / 100);
        EXPECT_THAT(segments, ElementsAreArray(test::SlowCut(read)));
      }
    }
  }
}

}  // namespace
}  // namespace sstpgw::datapath
