#include "gateway/datapath/frame_batch.h"

#include <algorithm>
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

// False: there is no room.
bool Add(FrameBatch& batch, const Bytes& packet,
         codec::PppProtocol protocol = codec::PppProtocol::kIpv4) {
  const std::span<std::uint8_t> space = batch.Space(packet.size());
  if (space.size() != packet.size()) return false;
  std::copy(packet.begin(), packet.end(), space.begin());
  batch.Commit(protocol, packet.size());
  return true;
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

TEST(FrameBatch, ThereIsRoomForWhatFitsWholeOnly) {
  FrameBatch batch(2 * 4095);
  EXPECT_TRUE(batch.Space(FrameBatch::kMaxPacket + 1).empty());
  ASSERT_TRUE(Add(batch, Ip(FrameBatch::kMaxPacket, 1)));
  ASSERT_TRUE(Add(batch, Ip(4067, 2)));
  EXPECT_TRUE(batch.Space(20).empty()) << "20 octets are left, 28 needed";
  EXPECT_EQ(batch.packets(), 2U);
  batch.Clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_TRUE(batch.frames().empty());
  EXPECT_EQ(batch.Space(FrameBatch::kMaxPacket).size(), FrameBatch::kMaxPacket);
}

// The batch knows both versions; what a session may have is the gate's business.
TEST(FrameBatch, FramesIpv6AsSuch) {
  FrameBatch batch(8192);
  const Bytes packet = test::Build({.ipv6 = true, .payload = test::Noise(20, 1)});
  ASSERT_TRUE(Add(batch, packet, codec::PppProtocol::kIpv6));
  Bytes expected = test::FromHex("10000058 ff030057");
  expected.insert(expected.end(), packet.begin(), packet.end());
  EXPECT_EQ(Bytes(batch.frames().begin(), batch.frames().end()), expected);
}

TEST(FrameBatchRecords, AsManyWholePacketsAsFitTheLastAlone) {
  FrameBatch batch(65536);
  EXPECT_THAT(Records(batch, 16384), IsEmpty());
  const std::vector<std::size_t> sizes{100, 200, 300, 400, 500};
  std::vector<Bytes> packets;
  for (const std::size_t size : sizes) packets.push_back(Ip(size, 1));
  ASSERT_TRUE(Add(batch, packets[0]));
  EXPECT_THAT(Records(batch, 16384), ElementsAre(ElementsAre(100)));
  ASSERT_TRUE(Add(batch, packets[1]));
  EXPECT_THAT(Records(batch, 16384), ElementsAre(ElementsAre(100), ElementsAre(200)));
  for (std::size_t i = 2; i < 5; ++i) ASSERT_TRUE(Add(batch, packets[i]));
  EXPECT_THAT(Records(batch, 16384),
              ElementsAre(ElementsAre(100, 200, 300, 400), ElementsAre(500)));
  EXPECT_THAT(Records(batch, 316), ElementsAre(ElementsAre(100, 200), ElementsAre(300),
                                               ElementsAre(400), ElementsAre(500)));
  EXPECT_THAT(Records(batch, 315), ElementsAre(ElementsAre(100), ElementsAre(200), ElementsAre(300),
                                               ElementsAre(400), ElementsAre(500)));
  EXPECT_EQ(Records(batch, 0).size(), 5U) << "never less than a packet";
}

// Whatever the sizes and the bound are: whole packets, as many as fit, the last one alone.
TEST(FrameBatchRecords, TheRulesHoldForRandomSizesAndBounds) {
  std::minstd_rand random(1);
  for (int round = 0; round < 300; ++round) {
    FrameBatch batch(96 * 1024);
    const std::size_t range = round % 3 == 0 ? 60 : round % 3 == 1 ? 1500 : FrameBatch::kMaxPacket;
    std::vector<std::size_t> sizes;
    for (std::size_t count = random() % 400; sizes.size() < count;) {
      const std::size_t size = 20 + random() % (range - 20);
      const std::size_t before = batch.packets();
      const Bytes packet = Ip(size, 1);
      if (!Add(batch, packet)) break;
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
