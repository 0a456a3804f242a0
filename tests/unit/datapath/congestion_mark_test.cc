#include "gateway/datapath/congestion_mark.h"

#include "gateway/datapath/flow_packet.h"
#include "tests/unit/datapath/packets.h"
#include "tests/unit/datapath/traffic.h"

namespace sstpgw::datapath {
namespace {

using test::PacketPlan;

// Everything but the mark is as it was, and the checksums are those of a packet made so.
TEST(CongestionMark, EveryTrafficClassOfBothFamilies) {
  for (const bool ipv6 : {false, true}) {
    for (std::uint32_t tos = 0; tos < 256; ++tos) {
      PacketPlan plan{.ipv6 = ipv6, .tos = static_cast<std::uint8_t>(tos)};
      plan.id = static_cast<std::uint16_t>(tos * 257);
      plan.payload = test::Noise(100, tos);
      Bytes packet = test::Build(plan);
      EXPECT_EQ(EcnOf(packet), tos & 3);
      const bool capable = (tos & 3) != kNotEct;
      if (capable) plan.tos |= kCongestionExperienced;
      EXPECT_EQ(MarkCongestion(packet), capable) << tos;
      EXPECT_EQ(packet, test::Build(plan)) << tos;
    }
  }
}

TEST(CongestionMark, ChecksumIsTheOneThatASumOverTheHeaderGives) {
  test::Dice dice(5);
  for (int i = 0; i < 20'000; ++i) {
    PacketPlan plan{.protocol = 17, .tos = static_cast<std::uint8_t>(dice.Below(256) | 1)};
    plan.id = static_cast<std::uint16_t>(dice.Below(65536));
    plan.ttl = static_cast<std::uint8_t>(dice.Below(256));
    plan.fragment = static_cast<std::uint16_t>(dice.Below(65536));
    Bytes packet = test::Build(plan);
    ASSERT_TRUE(MarkCongestion(packet));
    plan.tos |= kCongestionExperienced;
    ASSERT_EQ(packet, test::Build(plan));
  }
}

TEST(CongestionMark, WrongChecksumStaysWrong) {
  Bytes packet = test::Build({.tos = 2});
  packet[10] ^= 0x40;
  ASSERT_TRUE(MarkCongestion(packet));
  EXPECT_NE(test::SlowSum(ByteView(packet).first(20)), 0xffff);
}

TEST(CongestionMark, HeaderThatIsNotWholeIsLeftAlone) {
  for (const bool ipv6 : {false, true}) {
    const Bytes whole = test::Build({.ipv6 = ipv6, .tos = 3, .payload = Bytes(30)});
    for (std::size_t size = 0; size < (ipv6 ? 40U : 20U); ++size) {
      Bytes packet(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      const Bytes before = packet;
      EXPECT_EQ(EcnOf(packet), kNotEct);
      EXPECT_FALSE(MarkCongestion(packet));
      EXPECT_EQ(packet, before);
    }
  }
  Bytes neither(60, 0x33);
  EXPECT_FALSE(MarkCongestion(neither));
  EXPECT_EQ(neither, Bytes(60, 0x33));
}

}  // namespace
}  // namespace sstpgw::datapath
