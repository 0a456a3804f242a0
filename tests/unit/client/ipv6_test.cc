// IPv6 packets and Router Advertisements as the client reads and makes them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/ipv6_wire.h"
#include "tests/client/router_discovery.h"
#include "tests/client/wire.h"

namespace sstpgw::client {
namespace {

using testing::ElementsAre;

Ipv6Address At(const char* text) { return Ipv6Address::Parse(text).value(); }

// fe80::1 to ff02::1: lifetime 1800, M and O, MTU 1400, prefix 2001:db8:1::/64 (L, A), RDNSS
// 2001:db8::53, DNSSL example.com. The sum was computed by hand (RFC 4443 2.3).
Bytes Advertisement(const Bytes& options) {
  Ipv6Packet ip;
  ip.source = At("fe80::1");
  ip.destination = AllNodes();
  ip.hop_limit = 255;
  return MakeIcmp6(ip, 134, Concat({FromHex("40 c0 0708 00000000 00000000"), options}));
}
const Bytes kOptions = FromHex(
    "0501 0000 00000578"
    "0304 40c0 00278d00 00093a80 00000000 20010db8000100000000000000000000"
    "1903 0000 00000258 20010db8000000000000000000000053"
    "1f03 0000 00000258 076578616d706c6503636f6d00000000"
    "2601 0000 00000000");

TEST(ClientIpv6, SolicitationOctetByOctet) {
  // Sum: pseudo header fe80::2, ff02::2, length 8, next header 58; type 133.
  EXPECT_EQ(MakeRouterSolicitation(At("fe80::2")),
            FromHex("60000000 0008 3a ff fe800000000000000000000000000002"
                    "ff020000000000000000000000000002 8500 7d35 00000000"));
}

TEST(ClientIpv6, ChecksumsAndPorts) {
  Ipv6Packet ip;
  ip.source = At("fe80::2");
  ip.destination = At("fe80::1");
  const Bytes packet = MakeUdp6(ip, 546, 547, ToBytes("hello"));
  auto parsed = ParseIpv6(packet);
  ASSERT_TRUE(parsed);
  ASSERT_TRUE(ParseUdp6(*parsed));
  EXPECT_EQ(ParseUdp6(*parsed)->destination_port, 547);
  EXPECT_EQ(ParseUdp6(*parsed)->payload, ToBytes("hello"));
  parsed->payload[8] ^= 1;
  EXPECT_FALSE(ParseUdp6(*parsed));
  for (std::size_t size = 0; size < packet.size(); ++size) {
    EXPECT_FALSE(ParseIpv6(ByteView(packet).first(size))) << size;
  }
}

TEST(ClientIpv6, AnswersEchoesToItself) {
  Ipv6Packet ip;
  ip.source = At("fe80::1");
  ip.destination = At("fe80::2");
  const Bytes request = MakeEchoRequest6(ip, 7, 9, ToBytes("x"));
  const auto reply = EchoReply6(request, At("fe80::2"));
  ASSERT_TRUE(reply);
  const auto parsed = ParseIpv6(*reply);
  EXPECT_EQ(parsed->destination, At("fe80::1"));
  EXPECT_TRUE(TransportSumIsRight(*parsed));
  EXPECT_EQ(parsed->payload[0], 129);
  EXPECT_EQ(Get16(parsed->payload, 6), 9);
  EXPECT_FALSE(EchoReply6(request, At("fe80::3")));
  EXPECT_FALSE(EchoReply6(*reply, At("fe80::1")));
}

TEST(ClientIpv6, AddressesOfALink) {
  EXPECT_EQ(LinkLocal({0, 0, 0, 0, 0, 0, 0, 2}), At("fe80::2"));
  EXPECT_EQ(Join(At("2001:db8:1::"), {1, 2, 3, 4, 5, 6, 7, 8}), At("2001:db8:1:0:102:304:506:708"));
  EXPECT_TRUE(IsLinkLocal(At("febf::1")));
  EXPECT_FALSE(IsLinkLocal(At("fec0::1")));
}

TEST(RouterDiscovery, ReadsAWholeAdvertisement) {
  const auto ra = ParseRouterAdvertisement(*ParseIpv6(Advertisement(kOptions)));
  ASSERT_TRUE(ra);
  EXPECT_TRUE(ra->managed && ra->other_config);
  EXPECT_EQ(ra->mtu, 1400u);
  EXPECT_THAT(ra->search, ElementsAre("example.com"));
  EXPECT_EQ(ToString(*ra),
            "from fe80::1 lifetime 1800 hop-limit 64 reachable 0 retrans 0 flags MO mtu 1400 "
            "prefix 2001:db8:1::/64 flags LA valid 2592000 preferred 604800 "
            "dns 2001:db8::53 lifetime 600 search example.com lifetime 600 option 38");
}

TEST(RouterDiscovery, RefusesWhatAHostMust) {
  const Ipv6Packet good = *ParseIpv6(Advertisement(kOptions));
  ASSERT_TRUE(ParseRouterAdvertisement(good));
  Ipv6Packet bad = good;
  bad.hop_limit = 254;
  EXPECT_FALSE(ParseRouterAdvertisement(bad));
  bad = good;
  bad.payload[7] ^= 1;
  EXPECT_FALSE(ParseRouterAdvertisement(bad)) << "checksum";
  bad = good;
  bad.source = At("2001:db8::1");
  Put16(bad.payload, 2, TransportSum(bad, 2));
  EXPECT_FALSE(ParseRouterAdvertisement(bad)) << "source";
  for (const char* options : {"0500 0000 00000578",  // length 0
                              "0502 0000 00000578",  // past the end
                              "0304 81c0 00000001 00000001 00000000 "
                              "20010db8000100000000000000000000",  // length 129
                              "0304 40c0 00000001 00000002 00000000 "
                              "20010db8000100000000000000000000",  // preferred above valid
                              "1902 0000 00000258 0000000000000000",
                              "1f02 0000 00000258 0765786172706c65"}) {  // a name without end
    EXPECT_FALSE(ParseRouterAdvertisement(*ParseIpv6(Advertisement(FromHex(options))))) << options;
  }
}

}  // namespace
}  // namespace sstpgw::client
