#include "gateway/datapath/downlink.h"

#include "tests/support/hex.h"
#include "tests/unit/datapath/packets.h"

namespace sstpgw::datapath {
namespace {

Bytes Ip(std::size_t size, std::uint8_t fill) {
  Bytes packet(size, fill);
  packet[0] = 0x45;
  return packet;
}

// A finished packet as it comes out of the TUN. `packet` must outlive the result.
Segmenter Finished(const Bytes& packet) { return *Segmenter::Parse(VnetHeader{}, packet); }

bool AppendPacket(Downlink& downlink, FrameBatch& batch, const Bytes& packet) {
  Segmenter segmenter = Finished(packet);
  return downlink.Append(batch, segmenter);
}

TEST(Downlink, FramesPacketsBackToBack) {
  FrameBatch batch(16384);
  Downlink downlink;
  downlink.OpenData();
  const Bytes first = Ip(20, 0xaa);
  const Bytes second = Ip(21, 0xbb);
  ASSERT_TRUE(AppendPacket(downlink, batch, first));
  ASSERT_TRUE(AppendPacket(downlink, batch, second));
  Bytes expected = test::FromHex("1000001c ff030021");
  expected.insert(expected.end(), first.begin(), first.end());
  const Bytes header = test::FromHex("1000001d ff030021");
  expected.insert(expected.end(), header.begin(), header.end());
  expected.insert(expected.end(), second.begin(), second.end());
  EXPECT_EQ(Bytes(batch.frames().begin(), batch.frames().end()), expected);
  EXPECT_EQ(batch.packets(), 2U);
  EXPECT_EQ(downlink.counters().packets, 2U);
  EXPECT_EQ(downlink.counters().bytes, 41U);
}

TEST(Downlink, ASuperPacketGoesOnInTheNextBatch) {
  test::PacketPlan plan;
  plan.payload = test::Noise(60000, 5);
  const Bytes read = test::SuperPacket(plan, 1360);
  auto packet = Segmenter::Parse(read);
  ASSERT_TRUE(packet);
  FrameBatch batch(16384);
  Downlink downlink;
  downlink.OpenData();
  std::vector<Bytes> framed;
  for (bool all = false; !all;) {
    all = downlink.Append(batch, *packet);
    ByteView frames = batch.frames();
    while (!frames.empty()) {
      const std::size_t length = (frames[2] & 0x0fU) * 256 + frames[3];
      framed.emplace_back(frames.begin() + 8, frames.begin() + static_cast<std::ptrdiff_t>(length));
      frames = frames.subspan(length);
    }
    batch.Clear();
  }
  EXPECT_EQ(framed, test::SlowCut(read));
  EXPECT_EQ(downlink.counters().packets, 45U);
  EXPECT_EQ(downlink.counters().bytes, 60000U + 45 * 40);
}

TEST(Downlink, LargestPacket) {
  FrameBatch batch(0);  // takes one largest packet all the same
  Downlink downlink;
  downlink.OpenData();
  EXPECT_TRUE(AppendPacket(downlink, batch, Ip(FrameBatch::kMaxPacket + 1, 1)));
  EXPECT_EQ(downlink.counters().dropped_malformed, 1U);
  EXPECT_TRUE(batch.empty());
  ASSERT_TRUE(AppendPacket(downlink, batch, Ip(FrameBatch::kMaxPacket, 1)));
  EXPECT_EQ(batch.frames().size(), 4095U);
  EXPECT_EQ(batch.frames()[2], 0x0f);
  EXPECT_EQ(batch.frames()[3], 0xff);
}

TEST(Downlink, FullBatchTakesNothingUntilCleared) {
  FrameBatch batch(2 * 4095);
  Downlink downlink;
  downlink.OpenData();
  ASSERT_TRUE(AppendPacket(downlink, batch, Ip(4087, 1)));
  ASSERT_TRUE(AppendPacket(downlink, batch, Ip(4067, 2)));
  EXPECT_FALSE(AppendPacket(downlink, batch, Ip(20, 3))) << "20 octets are left, 28 needed";
  EXPECT_EQ(downlink.counters().packets, 2U);
  EXPECT_EQ(downlink.counters().dropped_malformed, 0U);
  batch.Clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.packets(), 0U);
  EXPECT_TRUE(AppendPacket(downlink, batch, Ip(20, 3)));
  EXPECT_EQ(batch.frames().size(), 28U);
}

TEST(Downlink, NothingPassesWhileShut) {
  FrameBatch batch(8192);
  Downlink downlink;
  const Bytes packet = Ip(60, 1);
  EXPECT_TRUE(AppendPacket(downlink, batch, packet));
  downlink.OpenData();
  EXPECT_TRUE(AppendPacket(downlink, batch, packet));
  downlink.ShutData();
  EXPECT_TRUE(AppendPacket(downlink, batch, packet));
  EXPECT_EQ(batch.packets(), 1U);
  EXPECT_EQ(downlink.counters().dropped_closed, 2U);
}

TEST(Downlink, OnlyIpv4Passes) {
  FrameBatch batch(8192);
  Downlink downlink;
  downlink.OpenData();
  test::PacketPlan plan{.ipv6 = true};
  plan.payload = test::Noise(1000, 1);
  const Bytes read = test::SuperPacket(plan, 100);
  auto packet = Segmenter::Parse(read);
  ASSERT_TRUE(packet);
  EXPECT_TRUE(downlink.Append(batch, *packet));
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(downlink.counters().dropped_malformed, 10U);
  downlink.NoteMalformed();
  EXPECT_EQ(downlink.counters().dropped_malformed, 11U);
}

TEST(DownlinkCounters, AddUp) {
  Downlink downlink;
  downlink.NoteLost();
  downlink.NoteMalformed();
  DownlinkCounters sum{1, 20, 3, 4, 5};
  sum += downlink.counters();
  sum += DownlinkCounters{10, 200, 30, 40, 50};
  EXPECT_EQ(sum.packets, 11U);
  EXPECT_EQ(sum.bytes, 220U);
  EXPECT_EQ(sum.dropped_closed, 33U);
  EXPECT_EQ(sum.dropped_malformed, 45U);
  EXPECT_EQ(sum.dropped_interface, 56U);
}

}  // namespace
}  // namespace sstpgw::datapath
