#include "gateway/datapath/downlink.h"

#include <random>

#include "tests/support/hex.h"
#include "tests/unit/datapath/packets.h"

namespace sstpgw::datapath {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

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

// The packets in each record: their sizes without SSTP and PPP header.
std::vector<std::vector<std::size_t>> Records(const FrameBatch& batch, std::size_t max_record) {
  std::vector<std::vector<std::size_t>> records;
  std::size_t first = 0;
  Bytes all;
  for (;;) {
    ByteView record = batch.NextRecord(first, max_record);
    if (record.empty()) break;
    all.insert(all.end(), record.begin(), record.end());
    records.emplace_back();
    while (!record.empty()) {
      const std::size_t length = (record[2] & 0x0fU) * 256 + record[3];
      records.back().push_back(length - 8);
      if (length > record.size()) return {};  // a packet that is cut
      record = record.subspan(length);
    }
  }
  EXPECT_EQ(all, Bytes(batch.frames().begin(), batch.frames().end()));
  return records;
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

// The batch knows both versions; what a session may have is the gate's business.
TEST(FrameBatch, FramesIpv6AsSuch) {
  FrameBatch batch(8192);
  const Bytes packet = test::Build({.ipv6 = true, .payload = test::Noise(20, 1)});
  const std::span<std::uint8_t> space = batch.Space(packet.size());
  ASSERT_EQ(space.size(), packet.size());
  std::copy(packet.begin(), packet.end(), space.begin());
  batch.Commit(codec::PppProtocol::kIpv6, packet.size());
  Bytes expected = test::FromHex("10000058 ff030057");
  expected.insert(expected.end(), packet.begin(), packet.end());
  EXPECT_EQ(Bytes(batch.frames().begin(), batch.frames().end()), expected);
}

TEST(Records, AsManyWholePacketsAsFitTheLastAlone) {
  FrameBatch batch(65536);
  Downlink downlink;
  downlink.OpenData();
  EXPECT_THAT(Records(batch, 16384), IsEmpty());
  const std::vector<std::size_t> sizes{100, 200, 300, 400, 500};
  std::vector<Bytes> packets;
  for (const std::size_t size : sizes) packets.push_back(Ip(size, 1));
  ASSERT_TRUE(AppendPacket(downlink, batch, packets[0]));
  EXPECT_THAT(Records(batch, 16384), ElementsAre(ElementsAre(100)));
  ASSERT_TRUE(AppendPacket(downlink, batch, packets[1]));
  EXPECT_THAT(Records(batch, 16384), ElementsAre(ElementsAre(100), ElementsAre(200)));
  for (std::size_t i = 2; i < 5; ++i) ASSERT_TRUE(AppendPacket(downlink, batch, packets[i]));
  EXPECT_THAT(Records(batch, 16384),
              ElementsAre(ElementsAre(100, 200, 300, 400), ElementsAre(500)));
  EXPECT_THAT(Records(batch, 316), ElementsAre(ElementsAre(100, 200), ElementsAre(300),
                                               ElementsAre(400), ElementsAre(500)));
  EXPECT_THAT(Records(batch, 315), ElementsAre(ElementsAre(100), ElementsAre(200), ElementsAre(300),
                                               ElementsAre(400), ElementsAre(500)));
  EXPECT_EQ(Records(batch, 0).size(), 5U) << "never less than a packet";
}

// Whatever the sizes and the bound are: whole packets, as many as fit, the last one alone.
TEST(Records, TheRulesHoldForRandomSizesAndBounds) {
  std::minstd_rand random(1);
  for (int round = 0; round < 300; ++round) {
    FrameBatch batch(96 * 1024);
    Downlink downlink;
    downlink.OpenData();
    const std::size_t range = round % 3 == 0 ? 60 : round % 3 == 1 ? 1500 : FrameBatch::kMaxPacket;
    std::vector<std::size_t> sizes;
    for (std::size_t count = random() % 400; sizes.size() < count;) {
      const std::size_t size = 20 + random() % (range - 20);
      const std::size_t before = batch.packets();
      const Bytes packet = Ip(size, 1);
      if (!AppendPacket(downlink, batch, packet)) break;
      ASSERT_EQ(batch.packets(), before + 1);
      sizes.push_back(size);
    }
    const std::size_t bound = random() % 20000;
    const std::size_t limit = std::min(bound, kMaxRecord);
    const auto records = Records(batch, bound);
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < records.size(); ++i) {
      ASSERT_FALSE(records[i].empty());
      std::size_t octets = 0;
      for (const std::size_t size : records[i]) octets += size + 8;
      if (records[i].size() > 1) {
        EXPECT_LE(octets, limit);
      }
      const bool last = i + 1 == records.size();
      if (last) {
        EXPECT_EQ(records[i].size(), 1U);
      } else if (i + 2 < records.size()) {
        EXPECT_GT(octets + records[i + 1][0] + 8, limit) << "there was room for one more";
      }
      all.insert(all.end(), records[i].begin(), records[i].end());
    }
    ASSERT_EQ(all, sizes);
  }
}

}  // namespace
}  // namespace sstpgw::datapath
