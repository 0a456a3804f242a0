#include "gateway/datapath/checksum.h"

#include "tests/support/hex.h"
#include "tests/unit/datapath/packets.h"

namespace sstpgw::datapath {
namespace {

// RFC 1071 section 3.
TEST(Checksum, TheExampleOfTheRfc) {
  const Bytes bytes = test::FromHex("0001 f203 f4f5 f6f7");
  EXPECT_EQ(SumOf(bytes).Fold(), 0xddf2);
  EXPECT_EQ(SumOf(bytes).Checksum(), 0x220d);
}

TEST(Checksum, EqualsTheSlowOneForAllLengthsAndPlaces) {
  const Bytes noise = test::Noise(1700, 1);
  Bytes copy(1700);
  for (std::size_t size = 0; size < 1600; ++size) {
    for (const std::size_t at : {0, 1, 2, 3, 7, 13}) {
      const ByteView bytes = ByteView(noise).subspan(at, size);
      const std::uint16_t expected = test::SlowSum(bytes);
      ASSERT_EQ(SumOf(bytes).Fold(), expected) << size << " at " << at;
      std::fill(copy.begin(), copy.end(), std::uint8_t{0});
      ASSERT_EQ(CopyAndSum(bytes, copy.data() + 5).Fold(), expected) << size << " at " << at;
      ASSERT_TRUE(std::equal(bytes.begin(), bytes.end(), copy.begin() + 5)) << size << " at " << at;
      ASSERT_EQ(copy[4] + copy[5 + size], 0) << "nothing is written outside";
    }
  }
}

TEST(Checksum, CarriesAreNotLost) {
  for (std::size_t size = 0; size < 300; ++size) {
    const Bytes ones(size, 0xff);
    EXPECT_EQ(SumOf(ones).Fold(), test::SlowSum(ones)) << size;
  }
  const Bytes large(65535, 0xff);
  EXPECT_EQ(SumOf(large).Fold(), test::SlowSum(large));
  EXPECT_EQ(SumOf(Bytes(100)).Fold(), 0) << "nothing but zeros is zero";
}

TEST(Checksum, PartsAddUp) {
  const Bytes noise = test::Noise(301, 2);
  for (std::size_t cut = 0; cut <= noise.size(); cut += 2) {
    InternetSum sum = SumOf(ByteView(noise).subspan(cut));
    sum.Add(SumOf(ByteView(noise).first(cut)));
    ASSERT_EQ(sum.Fold(), test::SlowSum(noise)) << cut;
  }
}

TEST(Checksum, WordsAreAddedAndTakenOut) {
  InternetSum sum;
  sum.AddWord(0x1234);
  EXPECT_EQ(sum.Fold(), 0x1234);
  sum.AddWord(0xf000);
  EXPECT_EQ(sum.Fold(), 0x0235);
  sum.SubtractWord(0xf000);
  EXPECT_EQ(sum.Fold(), 0x1234);
  sum.AddLong(0x0001'1000);
  EXPECT_EQ(sum.Fold(), 0x2235);
  sum.AddLong(0xffff'ffff);
  EXPECT_EQ(sum.Fold(), 0x2235);
  sum.SubtractWord(0x2235);
  EXPECT_EQ(sum.Fold(), 0xffff) << "zero, written as the other zero";
}

TEST(Checksum, PseudoHeaderOfBothVersions) {
  for (const bool ipv6 : {false, true}) {
    const Bytes packet = test::Build({.ipv6 = ipv6, .protocol = 17, .payload = test::Noise(33, 3)});
    const std::size_t transport = ipv6 ? 40 : 20;
    InternetSum sum = PseudoSum(packet, 17);
    sum.AddWord(static_cast<std::uint16_t>(packet.size() - transport));
    sum.Add(SumOf(ByteView(packet).subspan(transport)));
    EXPECT_EQ(sum.Fold(), 0xffff) << ipv6;
  }
}

}  // namespace
}  // namespace sstpgw::datapath
