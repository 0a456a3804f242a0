// DHCPv6 messages (RFC 8415 8, 21). The packets were put together and summed by other means.
#include "gateway/codec/dhcpv6.h"

#include <gtest/gtest.h>

#include "gateway/codec/byte_writer.h"
#include "gateway/codec/ipv6_packet.h"
#include "tests/support/hex.h"

namespace sstpgw::codec {
namespace {

using test::FromHex;

Ipv6Address Address(const char* text) { return Ipv6Address::Parse(text).value(); }
Ipv6Prefix Prefix(const char* text) { return Ipv6Prefix::Parse(text).value(); }
Bytes Copy(ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); }

const Bytes kClientId = FromHex("0001 0001 2a2b 2c2d 0016 3e11 2233");
const Bytes kServerId = FromHex("0003 001b 0000 0000 0000 0001");

const Bytes kSolicit = FromHex(
    "6000 0000 0069 1140 fe80 0000 0000 0000 0000 0000 0000 0002"  // fe80::2
    "ff02 0000 0000 0000 0000 0000 0001 0002"                      // to ff02::1:2
    "0222 0223 0069 501a"                                          // 546 to 547
    "01 aabbcc"                                                    // Solicit
    "0001 000e 0001 0001 2a2b 2c2d 0016 3e11 2233"                 // Client-ID
    "0006 0004 0017 0018"                                          // ORO: DNS, domains
    "0008 0002 0000"                                               // elapsed time
    "0003 000c 0000 0011 0000 0000 0000 0000"                      // IA_NA 0x11
    "0019 0029 0000 0022 0000 0000 0000 0000"                      // IA_PD 0x22
    "001a 0019 0000 0000 0000 0000 38 0000 0000 0000 0000 0000 0000 0000 0000");  // ::/56

Bytes PayloadOf(const Bytes& packet) {
  return Copy(ParseUdp(ParseIpv6Packet(packet).value()).value().payload);
}

// A message of this type with these options.
Bytes Message(std::uint8_t type, const Bytes& options) {
  Bytes out{type, 1, 2, 3};
  out.insert(out.end(), options.begin(), options.end());
  return out;
}

ParseErrc Refusal(const Bytes& payload) {
  const auto parsed = ParseDhcpv6(payload);
  EXPECT_FALSE(parsed.has_value());
  return parsed ? ParseErrc::kTrailing : parsed.error().code;
}

TEST(Dhcpv6, GoldenSolicit) {
  const Bytes payload = PayloadOf(kSolicit);
  const auto message = ParseDhcpv6(payload);
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->type, Dhcpv6Type::kSolicit);
  EXPECT_EQ(message->transaction, (Dhcpv6Transaction{0xaa, 0xbb, 0xcc}));
  EXPECT_EQ(Copy(message->client_id), kClientId);
  EXPECT_TRUE(message->server_id.empty());
  EXPECT_FALSE(message->rapid_commit);
  EXPECT_TRUE(message->Requests(Dhcpv6Option::kDnsServers));
  EXPECT_TRUE(message->Requests(Dhcpv6Option::kDomainList));
  EXPECT_FALSE(message->Requests(Dhcpv6Option::kAftrName));
  ASSERT_EQ(message->ias.size(), 2U);
  EXPECT_EQ(message->ias[0], (Dhcpv6Ia{.kind = Dhcpv6Option::kIaNa, .iaid = 0x11}));
  EXPECT_EQ(message->ias[1], (Dhcpv6Ia{.kind = Dhcpv6Option::kIaPd,
                                       .iaid = 0x22,
                                       .leases = {{.prefix = Prefix("::/56")}}}));
}

TEST(Dhcpv6, GoldenAdvertise) {
  const Dhcpv6Reply reply{.type = Dhcpv6Type::kAdvertise,
                          .transaction = {0xaa, 0xbb, 0xcc},
                          .client_id = kClientId,
                          .server_id = kServerId,
                          .preference = 255,
                          .ias = {{.kind = Dhcpv6Option::kIaNa,
                                   .iaid = 0x11,
                                   .t1 = 302'400,
                                   .t2 = 483'840,
                                   .leases = {{.prefix = Prefix("2001:db8:1:2::2/128"),
                                               .preferred_lifetime = 604'800,
                                               .valid_lifetime = 2'592'000}}},
                                  {.kind = Dhcpv6Option::kIaPd,
                                   .iaid = 0x22,
                                   .t1 = 302'400,
                                   .t2 = 483'840,
                                   .leases = {{.prefix = Prefix("2001:db8:ff00::/56"),
                                               .preferred_lifetime = 604'800,
                                               .valid_lifetime = 2'592'000}}}},
                          .dns = {Address("2001:db8::53")},
                          .domains = {"vpn.example"}};
  const auto payload = EncodeDhcpv6(reply);
  ASSERT_TRUE(payload.has_value());
  EXPECT_EQ(EncodeUdpPacket({Address("fe80::1"), Address("fe80::2")},
                            {.source = 547, .destination = 546}, *payload),
            FromHex("6000 0000 00b1 1140 fe80 0000 0000 0000 0000 0000 0000 0001"
                    "fe80 0000 0000 0000 0000 0000 0000 0002 0223 0222 00b1 b84a"
                    "02 aabbcc"                                          // Advertise
                    "0001 000e 0001 0001 2a2b 2c2d 0016 3e11 2233"       // Client-ID
                    "0002 000c 0003 001b 0000 0000 0000 0001"            // Server-ID
                    "0007 0001 ff"                                       // preference
                    "0003 0028 0000 0011 0004 9d40 0007 6200"            // IA_NA, T1, T2
                    "0005 0018 2001 0db8 0001 0002 0000 0000 0000 0002"  // address
                    "0009 3a80 0027 8d00"                                // its lifetimes
                    "0019 0029 0000 0022 0004 9d40 0007 6200"            // IA_PD, T1, T2
                    "001a 0019 0009 3a80 0027 8d00 38"                   // /56
                    "2001 0db8 ff00 0000 0000 0000 0000 0000"            //
                    "0017 0010 2001 0db8 0000 0000 0000 0000 0000 0053"  // DNS
                    "0018 000d 03 76706e 07 6578616d706c65 00"));
}

TEST(Dhcpv6, EveryTruncationIsRefusedOrEndsBetweenOptions) {
  const Bytes payload = PayloadOf(kSolicit);
  int between = 0;
  for (std::size_t size = 0; size < payload.size(); ++size) {
    const Bytes cut(payload.begin(), payload.begin() + static_cast<std::ptrdiff_t>(size));
    if (ParseDhcpv6(cut)) ++between;
  }
  // Behind the header, Client-ID, ORO, elapsed time and IA_NA.
  EXPECT_EQ(between, 5);
}

TEST(Dhcpv6, LengthsInsideMustFitWhatHoldsThem) {
  const Bytes na = FromHex(
      "0003 002c 0000 0011 0000 0000 0000 0000"
      "0005 001c 2001 0db8 0000 0000 0000 0000 0000 0002"
      "0000 0001 0000 0002 000d 0000");
  ASSERT_TRUE(ParseDhcpv6(Message(3, na)).has_value());
  for (const std::size_t at : {2U, 3U, 18U, 19U, 46U, 47U}) {
    for (const int delta : {1, 2, 100, 255}) {
      Bytes bad = na;
      bad[at] = static_cast<std::uint8_t>(bad[at] + delta);
      EXPECT_FALSE(ParseDhcpv6(Message(3, bad)).has_value()) << at << " " << delta;
    }
  }
  // Shorter than their fixed parts.
  EXPECT_EQ(Refusal(Message(3, FromHex("0003 000b 0000 0011 0000 0000 0000 00"))),
            ParseErrc::kTruncated);
  EXPECT_EQ(Refusal(Message(3, FromHex("0004 0003 0000 00"))), ParseErrc::kTruncated);
  EXPECT_EQ(Refusal(Message(3, FromHex("0019 0010 0000 0011 0000 0000 0000 0000 001a 0000"))),
            ParseErrc::kTruncated);
  EXPECT_EQ(Refusal(Message(3, FromHex("0003 0010 0000 0011 0000 0000 0000 0000 0005 0000"))),
            ParseErrc::kTruncated);
}

TEST(Dhcpv6, ATemporaryAssociationHasNoTimes) {
  const Bytes payload = Message(3, FromHex("0004 0004 0000 0007"));
  const auto message = ParseDhcpv6(payload);
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->ias.at(0), (Dhcpv6Ia{.kind = Dhcpv6Option::kIaTa, .iaid = 7}));
}

TEST(Dhcpv6, PrefixesLongerThan128AreRefusedBitsBehindTheLengthAreCleared) {
  const auto with_length = [](const char* length) {
    return Message(3, FromHex(std::string("0019 0029 0000 0022 0000 0000 0000 0000"
                                          "001a 0019 0000 0000 0000 0000 ") +
                              length + "2001 0db8 ffff ffff ffff ffff ffff ffff"));
  };
  EXPECT_EQ(Refusal(with_length("81")), ParseErrc::kBadValue);
  const Bytes payload = with_length("28");
  EXPECT_EQ(ParseDhcpv6(payload)->ias.at(0).leases.at(0).prefix, Prefix("2001:db8:ff00::/40"));
}

TEST(Dhcpv6, WhatMayBeThereOnceIsRefusedTwice) {
  for (const char* option : {"0001 0003 000101", "0002 0003 000101", "0006 0002 0017"}) {
    const Bytes once = FromHex(option);
    Bytes twice = once;
    twice.insert(twice.end(), once.begin(), once.end());
    EXPECT_TRUE(ParseDhcpv6(Message(1, once)).has_value()) << option;
    EXPECT_EQ(Refusal(Message(1, twice)), ParseErrc::kBadValue) << option;
  }
}

TEST(Dhcpv6, IdentifiersHaveALimitedLength) {
  const auto with_size = [](std::size_t size) {
    Bytes option{0, 1, 0, static_cast<std::uint8_t>(size)};
    option.resize(4 + size, 0x11);
    return Message(1, option);
  };
  EXPECT_EQ(Refusal(with_size(0)), ParseErrc::kBadValue);
  EXPECT_EQ(Refusal(with_size(2)), ParseErrc::kBadValue);
  EXPECT_TRUE(ParseDhcpv6(with_size(3)).has_value());
  EXPECT_TRUE(ParseDhcpv6(with_size(130)).has_value());
  EXPECT_EQ(Refusal(with_size(131)), ParseErrc::kBadValue);
}

TEST(Dhcpv6, OddOptionRequestAndRapidCommitWithContentAreRefused) {
  EXPECT_EQ(Refusal(Message(1, FromHex("0006 0003 0017 00"))), ParseErrc::kBadLength);
  EXPECT_EQ(Refusal(Message(1, FromHex("000e 0001 00"))), ParseErrc::kBadLength);
  EXPECT_TRUE(ParseDhcpv6(Message(1, FromHex("000e 0000")))->rapid_commit);
}

TEST(Dhcpv6, AssociationsAndLeasesAreBounded) {
  Bytes options;
  for (std::size_t i = 0; i < kMaxDhcpv6Ias; ++i) {
    const Bytes ia = FromHex("0003 000c 0000 0011 0000 0000 0000 0000");
    options.insert(options.end(), ia.begin(), ia.end());
  }
  EXPECT_TRUE(ParseDhcpv6(Message(1, options)).has_value());
  const Bytes one_more = FromHex("0004 0004 0000 0001");
  options.insert(options.end(), one_more.begin(), one_more.end());
  EXPECT_EQ(Refusal(Message(1, options)), ParseErrc::kBadValue);

  const auto with_leases = [](std::size_t count) {
    Bytes ia;
    ByteWriter writer(ia);
    writer.U16(3);
    writer.U16(static_cast<std::uint16_t>(12 + count * 28));
    writer.Zeros(12);
    for (std::size_t i = 0; i < count; ++i) {
      writer.U16(5);
      writer.U16(24);
      writer.Zeros(24);
    }
    return Message(1, ia);
  };
  EXPECT_TRUE(ParseDhcpv6(with_leases(kMaxDhcpv6Leases)).has_value());
  EXPECT_EQ(Refusal(with_leases(kMaxDhcpv6Leases + 1)), ParseErrc::kBadValue);
}

TEST(Dhcpv6, OtherTypesAreNoMessagesOfClients) {
  for (const int type : {0, 12, 13, 14, 255}) {
    EXPECT_EQ(Refusal(Message(static_cast<std::uint8_t>(type), {})), ParseErrc::kWrongType);
  }
  EXPECT_EQ(Refusal(Bytes{1, 2, 3}), ParseErrc::kTruncated);
}

TEST(Dhcpv6, StatusOfLeaseAssociationAndMessage) {
  const auto payload = EncodeDhcpv6({.transaction = {1, 2, 3},
                                     .server_id = kServerId,
                                     .ias = {{.kind = Dhcpv6Option::kIaNa,
                                              .iaid = 1,
                                              .leases = {{.prefix = Prefix("2001:db8::2/128"),
                                                          .status = Dhcpv6Status::kNotOnLink}},
                                              .status = Dhcpv6Status::kNoBinding}},
                                     .status = Dhcpv6Status::kSuccess});
  EXPECT_EQ(payload, FromHex("07 010203 0002 000c 0003 001b 0000 0000 0000 0001"
                             "0003 0049 0000 0001 0000 0000 0000 0000"
                             "0005 0029 2001 0db8 0000 0000 0000 0000 0000 0002 0000 0000 0000 0000"
                             "000d 000d 0004 6e6f74206f6e206c696e6b"
                             "000d 000c 0003 6e6f2062696e64696e67"
                             "000d 0009 0000 73756363657373"));
}

TEST(Dhcpv6, RapidCommitAndAftrName) {
  const auto payload = EncodeDhcpv6({.transaction = {1, 2, 3},
                                     .server_id = kServerId,
                                     .rapid_commit = true,
                                     .aftr_name = "aftr.example"});
  EXPECT_EQ(payload, FromHex("07 010203 0002 000c 0003 001b 0000 0000 0000 0001 000e 0000"
                             "0040 000e 04 61667472 07 6578616d706c65 00"));
}

TEST(Dhcpv6, NeverLongerThanTheSmallestMtu) {
  Dhcpv6Reply reply{.server_id = kServerId,
                    .dns = std::vector<Ipv6Address>(9, Address("2001:db8::53")),
                    .domains = std::vector<std::string>(50, std::string(60, 'd') + ".example")};
  auto payload = EncodeDhcpv6(reply);
  ASSERT_TRUE(payload.has_value());
  EXPECT_LE(payload->size(), 1232U);
  EXPECT_GT(payload->size(), 1100U);
  EXPECT_TRUE(ParseDhcpv6(*payload).has_value());
  // Three servers and no more.
  EXPECT_EQ((*payload)[20], 0);
  EXPECT_EQ((*payload)[21], 23);
  EXPECT_EQ((*payload)[23], 48);
  // What must be there has no room: nothing is sent.
  reply.ias.resize(1);
  reply.ias[0].leases.resize(45);
  EXPECT_FALSE(EncodeDhcpv6(reply).has_value());
}

}  // namespace
}  // namespace sstpgw::codec
