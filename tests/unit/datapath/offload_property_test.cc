// Merging and cutting are each other's opposite: on random traffic of several flows, on hostile
// traffic, and on traffic captured between two Linux hosts.
#include <fstream>
#include <iterator>
#include <map>

#include "gateway/datapath/coalescer.h"
#include "gateway/datapath/segmenter.h"
#include "tests/unit/datapath/packets.h"
#include "tests/unit/datapath/traffic.h"

namespace sstpgw::datapath {
namespace {

using test::Dice;
using test::PacketPlan;
using test::RandomTraffic;

TEST(OffloadProperty, RandomTrafficComesBackBitForBit) {
  std::size_t packets_in = 0;
  std::size_t writes_out = 0;
  for (std::uint32_t seed = 0; seed < 60; ++seed) {
    Dice dice(seed);
    const std::vector<Bytes> packets = RandomTraffic(dice, 200);
    for (const Coalescer::Options options : {Coalescer::Options{true, true}, {true, false}}) {
      const test::Writes writes = test::Merge(packets, options);
      EXPECT_TRUE(test::IsFaithful(packets, writes));
      packets_in += packets.size();
      writes_out += writes.writes.size();
      if (HasFailure()) FAIL() << "seed " << seed;
    }
  }
  EXPECT_LT(writes_out * 3, packets_in * 2) << "little is merged: the test shows nothing";
}

// Octets changed anywhere, with checksums right again or not; cut off; made longer; twice.
TEST(OffloadProperty, HostileTrafficComesBackBitForBit) {
  for (std::uint32_t seed = 1000; seed < 1080; ++seed) {
    Dice dice(seed);
    std::vector<Bytes> packets = RandomTraffic(dice, 150);
    for (Bytes& packet : packets) {
      if (!dice.OneIn(4)) continue;
      const std::size_t headers = std::min<std::size_t>(packet.size(), 80);
      for (std::size_t i = dice.Below(3); i < 3; ++i) {
        packet[dice.Below(dice.OneIn(4) ? packet.size() : headers)] =
            static_cast<std::uint8_t>(dice.Below(256));
      }
      const bool same_shape = packet[0] == 0x45 || packet[0] >> 4 == 6;
      if (same_shape && packet.size() > 60 && dice.OneIn(2)) test::Finish(packet);
      if (dice.OneIn(6)) packet.resize(dice.Below(packet.size()));
      if (dice.OneIn(12)) packet.resize(packet.size() + dice.Below(50));
      if (dice.OneIn(12)) packet = test::Noise(dice.Below(100), seed);
    }
    EXPECT_TRUE(test::IsFaithful(packets, test::Merge(packets)));
    if (HasFailure()) FAIL() << "seed " << seed;
  }
}

// Super packets as a kernel makes them, out of any header and size.
TEST(OffloadProperty, WhatIsCutIsMergedAgain) {
  for (std::uint32_t seed = 2000; seed < 2150; ++seed) {
    Dice dice(seed);
    const std::size_t segment = 1 + dice.Below(1400);
    PacketPlan plan{.ipv6 = dice.OneIn(2),
                    .protocol = dice.OneIn(2) ? kProtocolTcp : kProtocolUdp,
                    .tos = static_cast<std::uint8_t>(dice.Below(256)),
                    .ttl = static_cast<std::uint8_t>(dice.Below(256)),
                    .id = static_cast<std::uint16_t>(dice.Below(65536)),
                    .sequence = static_cast<std::uint32_t>(dice.Below(0xffffffff)),
                    .window = static_cast<std::uint16_t>(dice.Below(65536)),
                    .urgent = static_cast<std::uint16_t>(dice.Below(3)),
                    .options = test::Noise(4 * dice.Below(11), seed)};
    if (dice.OneIn(2)) plan.flags |= kTcpPush;
    const std::size_t most = plan.protocol == kProtocolTcp ? 128 : 64;
    const std::size_t payload = segment + 1 + dice.Below(segment * (most - 1));
    plan.payload = test::Noise(std::min<std::size_t>(payload, 65535 - 100), seed);
    const Bytes super = test::SuperPacket(plan, static_cast<std::uint16_t>(segment));
    const std::vector<Bytes> segments = test::Cut(super);
    ASSERT_TRUE(segments == test::SlowCut(super)) << "seed " << seed;
    const test::Writes writes = test::Merge(segments);
    ASSERT_EQ(writes.writes.size(), 1U) << "seed " << seed;
    ASSERT_TRUE(writes.writes[0] == super) << "seed " << seed;
  }
}

// Packets of an Ethernet capture file (libpcap's classic format, this machine's byte order).
std::vector<Bytes> ReadCapture(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const Bytes bytes(text.begin(), text.end());
  std::vector<Bytes> packets;
  std::size_t at = 24;
  while (at + 16 + 14 <= bytes.size()) {
    const std::size_t size = bytes[at + 8] + bytes[at + 9] * std::size_t{256};
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(at + 16);
    packets.emplace_back(begin + 14, begin + static_cast<std::ptrdiff_t>(size));
    at += 16 + size;
  }
  return packets;
}

// iperf3 over TCP and UDP, curl, and ping with fragments, IPv4 and IPv6, between two namespaces
// whose interfaces (MTU 1400) had all offloads turned off.
TEST(OffloadProperty, CapturedTrafficComesBackBitForBit) {
  const std::vector<Bytes> packets =
      ReadCapture(SG_SOURCE_DIR "/tests/unit/datapath/testdata/traffic.pcap");
  ASSERT_GT(packets.size(), 300U);
  EXPECT_TRUE(test::IsFaithful(packets, test::Merge(packets)));
  // What one side sent is what a client's read contains.
  std::map<Bytes, std::vector<Bytes>> by_source;
  for (const Bytes& packet : packets) {
    const auto source = packet.begin() + (packet[0] >> 4 == 6 ? 8 : 12);
    by_source[Bytes(source, source + 4)].push_back(packet);
  }
  std::size_t largest = 0;
  for (const auto& [source, sent] : by_source) {
    const test::Writes writes = test::Merge(sent);
    EXPECT_TRUE(test::IsFaithful(sent, writes));
    for (const std::size_t count : writes.packet_counts) largest = std::max(largest, count);
    // All of it comes back from the other direction, too.
    for (const Bytes& write : writes.writes) {
      const std::vector<Bytes> segments = test::CutAll({write});
      const test::Writes again = test::Merge(segments);
      ASSERT_EQ(again.writes.size(), 1U);
      EXPECT_TRUE(again.writes[0] == write);
    }
  }
  EXPECT_GE(largest, 5U) << "nothing is merged: the test shows nothing";
}

}  // namespace
}  // namespace sstpgw::datapath
