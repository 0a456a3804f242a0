#include "ebpf/packet.h"

#include <arpa/inet.h>

#include <cstdint>
#include <cstring>

namespace sstpgw {
namespace {

TEST(EbpfPacket, HeadersThatEveryPacketGets) {
  EXPECT_EQ(sg_ip_version(0x45), 4U);
  EXPECT_EQ(sg_ip_version(0x60), 6U);
  EXPECT_EQ(sg_ip_header_octets(0x45), 20U);
  EXPECT_EQ(sg_ip_header_octets(0x4f), 60U);
  EXPECT_EQ(sg_ip_header_octets(0x6f), 40U);
  EXPECT_EQ(sg_transport_header_octets(SG_PROTOCOL_TCP, 0x50), 20U);
  EXPECT_EQ(sg_transport_header_octets(SG_PROTOCOL_TCP, 0x8f), 32U);
  EXPECT_EQ(sg_transport_header_octets(SG_PROTOCOL_UDP, 0xff), 8U);
  EXPECT_EQ(sg_transport_header_octets(44, 0xff), 0U);
}

TEST(EbpfPacket, SuperPacketCountsAsWhatItBecomes) {
  // Headers 52, 1348 of payload in each of 1400.
  for (std::uint32_t packets = 1; packets <= 48; ++packets) {
    const std::uint32_t full = 52 + 1348 * packets;
    EXPECT_EQ(sg_wire_packets(full, 52, 1348), packets);
    EXPECT_EQ(sg_wire_octets(full, 52, 1348), 1400U * packets);
    // One octet more is a packet more, with its headers.
    EXPECT_EQ(sg_wire_packets(full + 1, 52, 1348), packets + 1);
    EXPECT_EQ(sg_wire_octets(full + 1, 52, 1348), 1400U * packets + 53);
  }
}

TEST(EbpfPacket, OddSuperPacketsAreOnePacketOrMany) {
  EXPECT_EQ(sg_wire_packets(1400, 52, 0), 1U);
  EXPECT_EQ(sg_wire_octets(1400, 52, 0), 1400U);
  EXPECT_EQ(sg_wire_packets(40, 52, 10), 1U);
  EXPECT_EQ(sg_wire_octets(40, 52, 10), 40U);
  EXPECT_EQ(sg_wire_octets(0, 0, 1), 0U);
  EXPECT_EQ(sg_wire_packets(65'535, 60, 1), 65'475U);
  EXPECT_EQ(sg_wire_octets(65'535, 60, 1), 65'475ULL * 61);
  EXPECT_LE(sg_wire_octets(65'535, 120, 1), SG_MAX_CHARGE);
  EXPECT_EQ(sg_wire_packets(0xffffffffU, 0, 1), 0xffffffffU);
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
