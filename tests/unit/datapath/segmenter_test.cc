#include "gateway/datapath/segmenter.h"

#include "gateway/datapath/packet_fields.h"
#include "tests/support/hex.h"
#include "tests/unit/datapath/packets.h"

namespace sstpgw::datapath {
namespace {

using test::PacketPlan;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

// `read` with another vnet header.
Bytes WithHeader(const Bytes& read, const VnetHeader& header) {
  Bytes changed = read;
  SerializeVnetHeader(header, std::span(changed).first<kVnetHeaderSize>());
  return changed;
}
VnetHeader HeaderOf(const Bytes& read) {
  return ParseVnetHeader(std::span(read).first<kVnetHeaderSize>());
}
Bytes Read(const VnetHeader& header, const Bytes& packet) {
  Bytes read(kVnetHeaderSize);
  read.insert(read.end(), packet.begin(), packet.end());
  return WithHeader(read, header);
}

Bytes Super(bool ipv6, std::uint8_t protocol, std::size_t payload, std::uint16_t segment) {
  PacketPlan plan{.ipv6 = ipv6, .protocol = protocol, .id = 0xfffe, .sequence = 0xffffff80};
  plan.payload = test::Noise(payload, 7);
  plan.flags = 0x99;  // CWR, ACK, PSH, FIN
  plan.options = test::FromHex("0101080a0000000100000002");
  return test::SuperPacket(plan, segment);
}

TEST(Segmenter, AFinishedPacketPassesUnchanged) {
  for (const bool ipv6 : {false, true}) {
    for (const std::uint8_t protocol : {kProtocolTcp, kProtocolUdp, std::uint8_t{1}}) {
      Bytes packet =
          test::Build({.ipv6 = ipv6, .protocol = protocol, .payload = test::Noise(100, 1)});
      packet.back() ^= 1;  // a wrong checksum is none of our business
      const Bytes read = Read({.flags = 2}, packet);
      const auto segmenter = Segmenter::Parse(read);
      ASSERT_TRUE(segmenter);
      EXPECT_EQ(segmenter->ipv6(), ipv6);
      EXPECT_EQ(segmenter->segments_left(), 1U);
      EXPECT_EQ(segmenter->next_size(), packet.size());
      EXPECT_THAT(test::Cut(read), ElementsAreArray({packet}));
    }
  }
}

TEST(Segmenter, CutsLikeTheSlowOne) {
  for (const bool ipv6 : {false, true}) {
    for (const std::uint8_t protocol : {kProtocolTcp, kProtocolUdp}) {
      for (const std::size_t payload : {1, 2, 99, 100, 101, 200, 250, 999}) {
        for (const std::uint16_t segment : std::vector<std::uint16_t>{1, 3, 100, 1000}) {
          const Bytes read = Super(ipv6, protocol, payload, segment);
          const std::vector<Bytes> segments = test::Cut(read);
          EXPECT_EQ(segments.size(), (payload + segment - 1) / segment);
          EXPECT_THAT(segments, ElementsAreArray(test::SlowCut(read)));
        }
      }
    }
  }
}

TEST(Segmenter, TheLargestPacket) {
  for (const bool ipv6 : {false, true}) {
    for (const std::uint8_t protocol : {kProtocolTcp, kProtocolUdp}) {
      const std::size_t headers = Super(ipv6, protocol, 1, 1).size() - kVnetHeaderSize - 1;
      // An IPv6 header does not count to the 65535 octets that its length field can tell.
      const std::size_t most = 65535 - headers + (ipv6 ? 40 : 0);
      const Bytes read = Super(ipv6, protocol, most, 1360);
      EXPECT_TRUE(test::Cut(read) == test::SlowCut(read));
    }
  }
}

// FIN and PSH only on the last segment, CWR only on the first; all others on all of them.
TEST(Segmenter, FlagsOfTcp) {
  for (unsigned flags = 0; flags < 256; ++flags) {
    PacketPlan plan;
    plan.payload = test::Noise(300, 7);
    plan.flags = static_cast<std::uint8_t>(flags);
    const std::vector<Bytes> segments = test::Cut(test::SuperPacket(plan, 100));
    ASSERT_EQ(segments.size(), 3U);
    EXPECT_EQ(segments[0][20 + kTcpFlags], flags & 0xf6U);
    EXPECT_EQ(segments[1][20 + kTcpFlags], flags & 0x76U);
    EXPECT_EQ(segments[2][20 + kTcpFlags], flags & 0x7fU);
  }
}

TEST(Segmenter, WithoutPartialChecksumTheFieldIsNotLookedAt) {
  for (const bool ipv6 : {false, true}) {
    for (const std::uint8_t protocol : {kProtocolTcp, kProtocolUdp}) {
      const Bytes partial = Super(ipv6, protocol, 999, 100);
      VnetHeader header = HeaderOf(partial);
      Bytes read = partial;
      const std::size_t field = kVnetHeaderSize + header.checksum_start + header.checksum_offset;
      Store16(&read[field], 0x1234);
      header.flags = 0;
      header.checksum_start = 7;
      header.checksum_offset = 9;
      read = WithHeader(read, header);
      EXPECT_THAT(test::Cut(read), ElementsAreArray(test::SlowCut(partial)));
    }
  }
}

TEST(Segmenter, TheHeaderLengthIsOnlyAHintAndEcnOnlyABit) {
  const Bytes read = Super(false, kProtocolTcp, 999, 100);
  for (const std::uint16_t hint : std::vector<std::uint16_t>{0, 1, 40, 65535}) {
    VnetHeader header = HeaderOf(read);
    header.header_length = hint;
    header.gso_type |= kVnetGsoEcn;
    EXPECT_THAT(test::Cut(WithHeader(read, header)), ElementsAreArray(test::SlowCut(read)));
  }
}

// A routing or fragment header in front: the kernel tells where TCP begins, and the field has the
// pseudo header's sum.
TEST(Segmenter, ExtensionHeadersOfIpv6) {
  PacketPlan plan{.ipv6 = true};
  plan.payload = test::Noise(500, 7);
  const Bytes plain = test::SuperPacket(plan, 100);
  Bytes read = plain;
  read.insert(read.begin() + kVnetHeaderSize + 40, 8, std::uint8_t{0});
  read[kVnetHeaderSize + 40] = kProtocolTcp;
  read[kVnetHeaderSize + kIpv6NextHeader] = 60;  // destination options
  Store16(&read[kVnetHeaderSize + kIpv6PayloadLength],
          static_cast<std::uint16_t>(read.size() - kVnetHeaderSize - 40));
  VnetHeader header = HeaderOf(plain);
  header.checksum_start = 48;
  read = WithHeader(read, header);
  const std::vector<Bytes> expected = test::SlowCut(plain);
  const std::vector<Bytes> segments = test::Cut(read);
  ASSERT_EQ(segments.size(), expected.size());
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const ByteView tcp = ByteView(segments[i]).subspan(48);
    const ByteView same = ByteView(expected[i]).subspan(40);
    EXPECT_TRUE(std::equal(tcp.begin(), tcp.end(), same.begin(), same.end())) << i;
    EXPECT_EQ(Load16(&segments[i][kIpv6PayloadLength]), segments[i].size() - 40);
  }
  header.flags = 0;
  EXPECT_THAT(test::Cut(WithHeader(read, header)), IsEmpty()) << "nobody tells where TCP begins";
}

TEST(Segmenter, OptionsOfIpv4) {
  PacketPlan plan;
  plan.payload = test::Noise(500, 7);
  Bytes read = test::SuperPacket(plan, 100);
  read.insert(read.begin() + kVnetHeaderSize + 20, {1, 1, 1, 0});
  read[kVnetHeaderSize] = 0x46;
  Store16(&read[kVnetHeaderSize + kIpv4TotalLength],
          static_cast<std::uint16_t>(read.size() - kVnetHeaderSize));
  VnetHeader header = HeaderOf(read);
  header.checksum_start = 24;
  read = WithHeader(read, header);
  EXPECT_THAT(test::Cut(read), ElementsAreArray(test::SlowCut(read)));
  EXPECT_EQ(test::Cut(read).size(), 5U);
}

// The kernel leaves checksums of ordinary packets to the device, too.
TEST(Segmenter, ChecksumsOfOrdinaryPackets) {
  for (const bool ipv6 : {false, true}) {
    for (const std::uint8_t protocol : {kProtocolTcp, kProtocolUdp}) {
      for (std::size_t payload = 0; payload < 70; ++payload) {
        PacketPlan plan{.ipv6 = ipv6, .protocol = protocol};
        plan.payload = test::Noise(payload, 9);
        Bytes read = test::SuperPacket(plan, 100);
        VnetHeader header = HeaderOf(read);
        header.gso_type = kVnetGsoNone;
        header.gso_size = 0;
        read = WithHeader(read, header);
        EXPECT_THAT(test::Cut(read), ElementsAreArray({test::Build(plan)}));
      }
    }
  }
}

TEST(Segmenter, AChecksumOfZeroIsWrittenAsOnesForUdpOnly) {
  for (const std::uint8_t protocol : {kProtocolTcp, kProtocolUdp}) {
    for (const bool super : {false, true}) {
      PacketPlan plan{.protocol = protocol};
      plan.payload = test::Noise(20, 9);
      Bytes read = test::SuperPacket(plan, 20);
      const std::size_t field = HeaderOf(read).checksum_start + HeaderOf(read).checksum_offset;
      const std::uint32_t word =
          Load16(&plan.payload[0]) + std::uint32_t{Load16(&test::Cut(read)[0][field])};
      Store16(&plan.payload[0], static_cast<std::uint16_t>(word + (word >> 16)));
      read = test::SuperPacket(plan, 20);
      if (!super) {
        VnetHeader header = HeaderOf(read);
        header.gso_type = kVnetGsoNone;
        read = WithHeader(read, header);
      }
      const std::vector<Bytes> segments = test::Cut(read);
      ASSERT_EQ(segments.size(), 1U);
      EXPECT_EQ(Load16(&segments[0][field]), protocol == kProtocolUdp ? 0xffff : 0);
    }
  }
}

// ---- What no kernel means

TEST(Segmenter, EveryTruncationIsRefusedOrCutLikeTheSlowOne) {
  for (const bool ipv6 : {false, true}) {
    for (const std::uint8_t protocol : {kProtocolTcp, kProtocolUdp}) {
      const Bytes read = Super(ipv6, protocol, 500, 100);
      VnetHeader single = HeaderOf(read);
      single.gso_type = kVnetGsoNone;
      for (std::size_t size = 0; size < read.size(); ++size) {
        // A copy of its own, so that reading beyond it is seen.
        const Bytes cut(read.begin(), read.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_THAT(test::Cut(cut), IsEmpty()) << "the length in the IP header is another";
        if (size < kVnetHeaderSize) continue;
        const Bytes ordinary = WithHeader(cut, single);
        const std::size_t field =
            kVnetHeaderSize + std::size_t{single.checksum_start} + single.checksum_offset;
        if (size >= field + 2) {
          EXPECT_THAT(test::Cut(ordinary), ElementsAreArray(test::SlowCut(ordinary))) << size;
        } else {
          EXPECT_THAT(test::Cut(ordinary), IsEmpty()) << size;
        }
        // With lengths that agree again.
        const std::size_t headers = HeaderOf(read).header_length;
        if (size <= kVnetHeaderSize + headers) continue;
        Bytes shorter = cut;
        std::uint8_t* const ip = &shorter[kVnetHeaderSize];
        const std::size_t length = size - kVnetHeaderSize - (ipv6 ? 40 : 0);
        Store16(ip + (ipv6 ? kIpv6PayloadLength : kIpv4TotalLength),
                static_cast<std::uint16_t>(length));
        // The sum of the pseudo header is for another length now, and cutting relies on it.
        std::uint8_t* const sum = &shorter[field];
        Store16(sum, static_cast<std::uint16_t>(Load16(sum) - (read.size() - size)));
        EXPECT_THAT(test::Cut(shorter), ElementsAreArray(test::SlowCut(shorter))) << size;
      }
    }
  }
}

TEST(Segmenter, RefusesHeadersThatMakeNoSense) {
  for (const bool ipv6 : {false, true}) {
    for (const std::uint8_t protocol : {kProtocolTcp, kProtocolUdp}) {
      const Bytes read = Super(ipv6, protocol, 500, 100);
      const VnetHeader good = HeaderOf(read);
      ASSERT_FALSE(test::Cut(read).empty());
      std::vector<VnetHeader> bad(10, good);
      bad[0].gso_size = 0;
      bad[1].gso_type = 3;     // fragments of UDP
      bad[2].gso_type = 2;     // nothing
      bad[3].gso_type = 0x7f;  // nothing
      bad[4].gso_type = protocol == kProtocolTcp ? (ipv6 ? kVnetGsoTcpv4 : kVnetGsoTcpv6)
                                                 : (ipv6 ? kVnetGsoTcpv6 : kVnetGsoTcpv4);
      bad[5].checksum_offset = good.checksum_offset + 2;
      bad[6].checksum_start = 65535;
      bad[7].checksum_start = 0;
      bad[8].checksum_start = static_cast<std::uint16_t>(read.size() - kVnetHeaderSize - 7);
      bad[9].gso_type = protocol == kProtocolTcp ? kVnetGsoUdpL4 : kVnetGsoNone;
      bad[9].checksum_offset = protocol == kProtocolTcp ? kTcpChecksum : 65535;
      for (std::size_t i = 0; i < bad.size(); ++i) {
        EXPECT_THAT(test::Cut(WithHeader(read, bad[i])), IsEmpty()) << i;
      }
    }
  }
}

TEST(Segmenter, RefusesPacketsThatMakeNoSense) {
  const auto refused = [](bool ipv6, std::uint8_t protocol, std::size_t at, std::uint8_t value) {
    Bytes read = Super(ipv6, protocol, 500, 100);
    read[kVnetHeaderSize + at] = value;
    return test::Cut(read).empty();
  };
  EXPECT_TRUE(refused(false, kProtocolTcp, 0, 0x44)) << "an IPv4 header of 16 octets";
  EXPECT_TRUE(refused(false, kProtocolTcp, 0, 0x46)) << "options where TCP begins";
  EXPECT_TRUE(refused(false, kProtocolTcp, 0, 0x55)) << "IP version 5";
  EXPECT_TRUE(refused(true, kProtocolTcp, 0, 0x40)) << "IPv4 of the size of IPv6";
  EXPECT_TRUE(refused(false, kProtocolTcp, kIpv4Protocol, kProtocolUdp));
  EXPECT_TRUE(refused(false, kProtocolTcp, kIpv4Fragment, 0x20)) << "more fragments";
  EXPECT_TRUE(refused(false, kProtocolUdp, kIpv4Fragment + 1, 1)) << "a later fragment";
  EXPECT_TRUE(refused(false, kProtocolTcp, kIpv4TotalLength + 1, 0)) << "another length";
  EXPECT_TRUE(refused(true, kProtocolTcp, kIpv6PayloadLength + 1, 0)) << "another length";
  EXPECT_TRUE(refused(false, kProtocolTcp, 20 + kTcpDataOffset, 0x40)) << "a header of 16 octets";
  // 60 octets of header are there, and 560 octets of packet.
  EXPECT_FALSE(refused(false, kProtocolTcp, 20 + kTcpDataOffset, 0xf0));
  // The same if the kernel does not tell where TCP or UDP begins.
  const auto refused_finished = [](std::uint8_t protocol, std::size_t at, std::uint8_t value) {
    Bytes read = Super(false, protocol, 500, 100);
    VnetHeader header = HeaderOf(read);
    header.flags = 0;
    read = WithHeader(read, header);
    read[kVnetHeaderSize + at] = value;
    return test::Cut(read).empty();
  };
  EXPECT_FALSE(refused_finished(kProtocolUdp, 0, 0x45));
  EXPECT_TRUE(refused_finished(kProtocolUdp, 0, 0x44)) << "an IPv4 header of 16 octets";
  EXPECT_TRUE(refused_finished(kProtocolUdp, kIpv4Protocol, kProtocolTcp));
  EXPECT_TRUE(refused_finished(kProtocolTcp, kIpv4Protocol, kProtocolUdp));
  Bytes beyond = Super(false, kProtocolTcp, 1, 1);
  beyond[kVnetHeaderSize + 20 + kTcpDataOffset] = 0xf0;
  EXPECT_THAT(test::Cut(beyond), IsEmpty()) << "60 octets of header, of which 33 are there";
  EXPECT_THAT(test::Cut(Read({}, {})), IsEmpty());
  EXPECT_THAT(test::Cut(Read({}, Bytes(19, 0x45))), IsEmpty());
  EXPECT_THAT(test::Cut(Read({}, Bytes(39, 0x60))), IsEmpty());
}

TEST(Segmenter, RefusesChecksumsOutsideOfOrdinaryPackets) {
  const Bytes packet = test::Build({.payload = test::Noise(60, 1)});
  const auto cut = [&packet](std::size_t start, std::size_t offset) {
    return test::Cut(Read({.flags = kVnetNeedsChecksum,
                           .checksum_start = static_cast<std::uint16_t>(start),
                           .checksum_offset = static_cast<std::uint16_t>(offset)},
                          packet))
        .size();
  };
  const std::size_t size = packet.size();
  EXPECT_EQ(cut(20, 16), 1U);
  EXPECT_EQ(cut(20, size - 22), 1U);
  EXPECT_EQ(cut(size - 2, 0), 1U);
  EXPECT_EQ(cut(20, size - 20), 0U);
  EXPECT_EQ(cut(size - 1, 0), 0U);
  EXPECT_EQ(cut(size, 0), 0U);
  EXPECT_EQ(cut(65535, 65534), 0U);
  EXPECT_EQ(cut(19, 16), 0U) << "inside the IP header";
  EXPECT_EQ(cut(20, 15), 0U) << "not a word of the sum";
}

}  // namespace
}  // namespace sstpgw::datapath
