#include "gateway/datapath/downlink.h"

#include "tests/support/hex.h"

namespace sstpgw::datapath {
namespace {

Bytes Ip(std::size_t size, std::uint8_t fill) {
  Bytes packet(size, fill);
  packet[0] = 0x45;
  return packet;
}

TEST(Downlink, FramesPacketsBackToBack) {
  FrameBatch batch(16384);
  Downlink downlink;
  downlink.OpenData();
  ASSERT_TRUE(downlink.Append(batch, Ip(20, 0xaa)));
  ASSERT_TRUE(downlink.Append(batch, Ip(21, 0xbb)));
  Bytes expected = test::FromHex("1000001c ff030021");
  const Bytes first = Ip(20, 0xaa);
  expected.insert(expected.end(), first.begin(), first.end());
  const Bytes header = test::FromHex("1000001d ff030021");
  expected.insert(expected.end(), header.begin(), header.end());
  const Bytes second = Ip(21, 0xbb);
  expected.insert(expected.end(), second.begin(), second.end());
  EXPECT_EQ(Bytes(batch.frames().begin(), batch.frames().end()), expected);
  EXPECT_EQ(batch.packets(), 2U);
  EXPECT_EQ(batch.last_frame_offset(), 28U);
  EXPECT_EQ(downlink.counters().packets, 2U);
  EXPECT_EQ(downlink.counters().bytes, 41U);
}

TEST(Downlink, CommitFramesWhatWasWrittenInPlace) {
  FrameBatch batch(8192);
  Downlink downlink;
  downlink.OpenData();
  const Bytes packet = Ip(100, 0x11);
  const auto space = batch.Space();
  ASSERT_EQ(space.size(), FrameBatch::kMaxPacket);
  std::copy(packet.begin(), packet.end(), space.begin());
  ASSERT_TRUE(downlink.Commit(batch, packet.size()));
  EXPECT_EQ(Bytes(batch.frames().begin() + 8, batch.frames().end()), packet);
}

TEST(Downlink, LargestPacket) {
  FrameBatch batch(0);  // takes one largest packet all the same
  Downlink downlink;
  downlink.OpenData();
  EXPECT_FALSE(downlink.Append(batch, Ip(FrameBatch::kMaxPacket + 1, 1)));
  EXPECT_EQ(downlink.counters().dropped_malformed, 1U);
  ASSERT_TRUE(downlink.Append(batch, Ip(FrameBatch::kMaxPacket, 1)));
  EXPECT_EQ(batch.frames().size(), 4095U);
  EXPECT_EQ(batch.frames()[2], 0x0f);
  EXPECT_EQ(batch.frames()[3], 0xff);
}

TEST(Downlink, FullBatchTakesNothingUntilCleared) {
  FrameBatch batch(2 * 4095);
  Downlink downlink;
  downlink.OpenData();
  ASSERT_TRUE(downlink.Append(batch, Ip(4000, 1)));
  ASSERT_TRUE(downlink.Append(batch, Ip(4000, 2)));
  EXPECT_TRUE(batch.Space().empty());
  EXPECT_FALSE(downlink.Append(batch, Ip(20, 3)));
  EXPECT_EQ(downlink.counters().packets, 2U);
  EXPECT_EQ(downlink.counters().dropped_malformed, 0U);
  batch.Clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.packets(), 0U);
  EXPECT_TRUE(downlink.Append(batch, Ip(20, 3)));
  EXPECT_EQ(batch.last_frame_offset(), 0U);
}

TEST(Downlink, NothingPassesWhileShut) {
  FrameBatch batch(8192);
  Downlink downlink;
  EXPECT_FALSE(downlink.Append(batch, Ip(60, 1)));
  downlink.OpenData();
  EXPECT_TRUE(downlink.Append(batch, Ip(60, 1)));
  downlink.ShutData();
  EXPECT_FALSE(downlink.Append(batch, Ip(60, 1)));
  EXPECT_EQ(batch.packets(), 1U);
  EXPECT_EQ(downlink.counters().dropped_closed, 2U);
}

TEST(Downlink, OnlyIpv4Passes) {
  FrameBatch batch(8192);
  Downlink downlink;
  downlink.OpenData();
  Bytes ipv6(60);
  ipv6[0] = 0x60;
  EXPECT_FALSE(downlink.Append(batch, ipv6));
  EXPECT_FALSE(downlink.Append(batch, Ip(19, 1)));
  EXPECT_FALSE(downlink.Append(batch, {}));
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(downlink.counters().dropped_malformed, 3U);
}

}  // namespace
}  // namespace sstpgw::datapath
