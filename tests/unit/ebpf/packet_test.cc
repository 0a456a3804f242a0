#include "ebpf/packet.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <tuple>

namespace sstpgw {
namespace {

TEST(EbpfPacket, HeadersThatEveryPacketGets) {
  EXPECT_EQ(sg_ip_version(0x45), 4U);
  EXPECT_EQ(sg_ip_version(0x60), 6U);
  EXPECT_EQ(sg_ip_header_octets(0x45), 20U);
  EXPECT_EQ(sg_ip_header_octets(0x4f), 60U);
  EXPECT_EQ(sg_ip_header_octets(0x6f), 40U);
  EXPECT_EQ(sg_ip_header_octets(0x5f), 0U);
  EXPECT_EQ(sg_ip_header_octets(0x00), 0U);
  EXPECT_EQ(sg_transport_header_octets(SG_PROTOCOL_TCP, 0x50), 20U);
  EXPECT_EQ(sg_transport_header_octets(SG_PROTOCOL_TCP, 0x8f), 32U);
  EXPECT_EQ(sg_transport_header_octets(SG_PROTOCOL_UDP, 0xff), 8U);
  EXPECT_EQ(sg_transport_header_octets(44, 0xff), 0U);
}

// A packet's first octets.
struct Head {
  explicit Head(std::uint8_t first, std::uint8_t protocol, std::uint8_t traffic_class = 0) {
    octets[0] = first;
    if (first >> 4 == 6) {
      octets[0] = static_cast<std::uint8_t>(first | traffic_class >> 4);
      octets[1] = static_cast<std::uint8_t>(traffic_class << 4);
      octets[SG_IPV6_NEXT_AT] = protocol;
    } else {
      octets[1] = traffic_class;
      octets[SG_IPV4_PROTOCOL_AT] = protocol;
    }
  }
  [[nodiscard]] sg_cost Cost(std::uint32_t length, std::uint32_t gso_size, std::uint32_t flags,
                             std::uint32_t mpu = 0, std::uint8_t tcp_offset = 0x80) const {
    return sg_cost_of(octets, length, tcp_offset, gso_size, flags, mpu);
  }
  std::uint8_t octets[SG_HEAD] = {};
};

TEST(EbpfPacket, EveryValueOfEcnIsFoundWhateverTheClass) {
  for (std::uint32_t value = 0; value < 256; ++value) {
    const auto octet = static_cast<std::uint8_t>(value);
    EXPECT_EQ(sg_ecn(Head(0x45, 6, octet).octets), value & 3);
    EXPECT_EQ(sg_ecn(Head(0x60, 6, octet).octets), value & 3);
    EXPECT_EQ(sg_ecn(Head(0x00, 6, octet).octets), 0U);
  }
}

TEST(EbpfPacket, WhereTheTcpHeadersLengthIs) {
  EXPECT_EQ(sg_tcp_offset_at(Head(0x45, 6).octets), 32U);
  EXPECT_EQ(sg_tcp_offset_at(Head(0x4f, 6).octets), 72U);
  EXPECT_EQ(sg_tcp_offset_at(Head(0x60, 6).octets), 52U);
  EXPECT_EQ(sg_tcp_offset_at(Head(0x45, 17).octets), 0U);
  EXPECT_EQ(sg_tcp_offset_at(Head(0x60, 44).octets), 0U);
}

TEST(EbpfPacket, SinglePacketCostsWhatIsBehindTheIpHeader) {
  EXPECT_EQ(Head(0x45, 6).Cost(1400, 0, 0).octets, 1380U);
  EXPECT_EQ(Head(0x46, 6).Cost(1400, 0, 0).octets, 1376U);
  EXPECT_EQ(Head(0x60, 17).Cost(1400, 0, 0).octets, 1360U);
  EXPECT_EQ(Head(0x45, 1).Cost(1400, 0, 0).octets, 1380U);
  EXPECT_EQ(Head(0x00, 0).Cost(1400, 0, 0).octets, 1400U);  // no IP packet
  EXPECT_EQ(Head(0x45, 6).Cost(1400, 0, 0).packets, 1U);
}

TEST(EbpfPacket, SmallPacketsCostTheLeast) {
  EXPECT_EQ(Head(0x45, 17).Cost(28, 0, 0).octets, 20U);
  EXPECT_EQ(Head(0x45, 17).Cost(41, 0, 0).octets, 21U);
  EXPECT_EQ(Head(0x4f, 17).Cost(28, 0, 0).octets, 20U);  // a header longer than the packet
  EXPECT_EQ(Head(0x45, 17).Cost(28, 0, SG_COUNT_PACKET).octets, 28U);
  EXPECT_EQ(Head(0x45, 17).Cost(28, 0, 0, 64).octets, 64U);
  EXPECT_EQ(Head(0x45, 17).Cost(84, 0, 0, 64).octets, 64U);
  EXPECT_EQ(Head(0x45, 17).Cost(85, 0, 0, 64).octets, 65U);
  EXPECT_EQ(Head(0x45, 17).Cost(28, 0, SG_COUNT_PACKET, 64).octets, 64U);
  EXPECT_EQ(Head(0x45, 17).Cost(65, 0, SG_COUNT_PACKET, 64).octets, 65U);
}

TEST(EbpfPacket, SuperPacketCostsWhatItBecomes) {
  // Headers 52, 1348 of payload in each of 1400.
  const Head head(0x45, 6);
  for (std::uint32_t packets = 1; packets <= 48; ++packets) {
    const std::uint32_t full = 52 + 1348 * packets;
    EXPECT_EQ(head.Cost(full, 1348, SG_COUNT_PACKET).packets, packets);
    EXPECT_EQ(head.Cost(full, 1348, SG_COUNT_PACKET).octets, 1400U * packets);
    EXPECT_EQ(head.Cost(full, 1348, 0).octets, 1380U * packets);
    // One octet more is a packet more, with its headers.
    EXPECT_EQ(head.Cost(full + 1, 1348, SG_COUNT_PACKET).packets, packets + 1);
    EXPECT_EQ(head.Cost(full + 1, 1348, SG_COUNT_PACKET).octets, 1400U * packets + 53);
    EXPECT_EQ(head.Cost(full + 1, 1348, 0).octets, 1380U * packets + 33);
    EXPECT_EQ(head.Cost(full + 1, 1348, 0, 100).octets, 1380U * packets + 100);
  }
}

// Each of the packets that the kernel makes is counted like one that came alone.
TEST(EbpfPacket, SuperPacketCostsAsMuchAsItsPackets) {
  for (const auto& [head, ip, transport] : {std::tuple{Head(0x45, 6), 20U, 32U},
                                            {Head(0x47, 6), 28U, 32U},
                                            {Head(0x60, 6), 40U, 32U},
                                            {Head(0x45, 17), 20U, 8U},
                                            {Head(0x60, 17), 40U, 8U}}) {
    for (const std::uint32_t flags : {0U, static_cast<unsigned>(SG_COUNT_PACKET)}) {
      for (const std::uint32_t mpu : {0U, 64U, 600U}) {
        for (const std::uint32_t gso : {1U, 8U, 536U, 1348U}) {
          for (const std::uint32_t payload : {1U, 8U, 9U, 1348U, 1349U, 5000U}) {
            std::uint64_t octets = 0;
            std::uint32_t packets = 0;
            for (std::uint32_t left = payload; left > 0; ++packets) {
              const std::uint32_t part = std::min(left, gso);
              octets += head.Cost(ip + transport + part, 0, flags, mpu).octets;
              left -= part;
            }
            const sg_cost cost = head.Cost(ip + transport + payload, gso, flags, mpu);
            EXPECT_EQ(cost.octets, octets) << gso << " " << payload << " " << flags << " " << mpu;
            EXPECT_EQ(cost.packets, packets);
          }
        }
      }
    }
  }
}

TEST(EbpfPacket, OddSuperPacketsAreOnePacketOrMany) {
  EXPECT_EQ(sg_wire_packets(1400, 52, 0), 1U);
  EXPECT_EQ(sg_wire_packets(40, 52, 10), 1U);
  EXPECT_EQ(sg_wire_packets(65'535, 60, 1), 65'475U);
  EXPECT_EQ(sg_wire_packets(0xffffffffU, 0, 1), 0xffffffffU);
  EXPECT_EQ(Head(0x45, 6).Cost(40, 10, SG_COUNT_PACKET).octets, 40U);
  EXPECT_EQ(Head(0x00, 0).Cost(0, 1, 0).octets, 20U);
  EXPECT_EQ(Head(0x00, 0).Cost(0, 1, SG_COUNT_PACKET).octets, 0U);
  const sg_cost most = Head(0x4f, 6).Cost(65'535, 1, SG_COUNT_PACKET, 0, 0xf0);
  EXPECT_EQ(most.octets, 65'415ULL * 121);
  EXPECT_LE(most.octets, SG_MAX_CHARGE);
  EXPECT_EQ(Head(0x45, 17).Cost(65'535, 1, 0, ~0U).octets, 65'507ULL * ~0U);
}

__be32 V4(const char* text) {
  in_addr address{};
  EXPECT_EQ(inet_pton(AF_INET, text, &address), 1) << text;
  return address.s_addr;
}

void SetV6(__be32 (&to)[4], const char* text) {
  EXPECT_EQ(inet_pton(AF_INET6, text, to), 1) << text;
}

TEST(EbpfPacket, SourcesOfIpv4) {
  sg_policy policy{};
  EXPECT_FALSE(sg_source4_allowed(&policy, V4("0.0.0.0")));  // an empty entry allows nothing
  policy.source4[0] = {V4("10.0.0.2"), V4("255.255.255.255")};
  policy.source4[1] = {V4("192.0.2.0"), V4("255.255.255.0")};
  policy.source4[7] = {V4("0.0.0.0"), V4("0.0.0.0")};
  policy.source4_count = 2;
  EXPECT_TRUE(sg_source4_allowed(&policy, V4("10.0.0.2")));
  EXPECT_FALSE(sg_source4_allowed(&policy, V4("10.0.0.3")));
  EXPECT_TRUE(sg_source4_allowed(&policy, V4("192.0.2.255")));
  EXPECT_FALSE(sg_source4_allowed(&policy, V4("192.0.3.0")));
  policy.source4_count = 8;
  EXPECT_TRUE(sg_source4_allowed(&policy, V4("192.0.3.0")));
}

TEST(EbpfPacket, SourcesOfIpv6) {
  sg_policy policy{};
  __be32 address[4] = {0, 0, 0, 0};
  EXPECT_FALSE(sg_source6_allowed(&policy, address));
  SetV6(policy.source6[0].address, "2001:db8:1:2::");
  SetV6(policy.source6[0].mask, "ffff:ffff:ffff:ffff::");
  SetV6(policy.source6[1].address, "fe80::1:2:3:4");
  SetV6(policy.source6[1].mask, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  policy.source6_count = 2;
  const auto allowed = [&](const char* text) {
    SetV6(address, text);
    return sg_source6_allowed(&policy, address) != 0;
  };
  EXPECT_TRUE(allowed("2001:db8:1:2:ffff::1"));
  EXPECT_FALSE(allowed("2001:db8:1:3::1"));
  EXPECT_FALSE(allowed("3001:db8:1:2::1"));
  EXPECT_TRUE(allowed("fe80::1:2:3:4"));
  EXPECT_FALSE(allowed("fe80::1:2:3:5"));
  policy.source6_count = 1;
  EXPECT_FALSE(allowed("fe80::1:2:3:4"));
}

}  // namespace
}  // namespace sstpgw
