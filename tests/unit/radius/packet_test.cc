#include "controlplane/radius/packet.h"

#include <algorithm>
#include <iterator>

#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/attribute_values.h"
#include "tests/unit/radius/octets.h"

namespace sstpgw::cp::radius {
namespace {

// Access-Accept of one server: User-Name "bob", Framed-IP-Address 10.0.0.9, one VSA of Microsoft
// with MS-Primary-DNS-Server 9.9.9.9 and MS-MPPE-Encryption-Policy 1.
const char* const kAccept =
    "02 07 0033 000102030405060708090a0b0c0d0e0f"
    "01 05 626f62"            // User-Name
    "08 06 0a000009"          // Framed-IP-Address
    "1a 14 00000137"          // Vendor-Specific, Microsoft, with two inside
    "   1c 06 09090909"       //   MS-Primary-DNS-Server
    "   07 08 000000010000";  //   MS-MPPE-Encryption-Policy with two octets too many

TEST(Packet, GoldenAcceptWithTwoAttributesInOneVsa) {
  const auto packet = Decode(Hex(kAccept));
  ASSERT_TRUE(packet) << packet.error().message;
  EXPECT_EQ(packet->code, Code::kAccessAccept);
  EXPECT_EQ(packet->identifier, 7);
  EXPECT_EQ(ToHex(packet->authenticator), "000102030405060708090a0b0c0d0e0f");
  ASSERT_EQ(packet->attributes.size(), 4U);
  EXPECT_EQ(ReadText(packet->Find(kUserName)->value), "bob");
  EXPECT_EQ(ReadIpv4(packet->Find(kFramedIpAddress)->value)->ToString(), "10.0.0.9");
  EXPECT_EQ(ReadIpv4(packet->Find(kMsPrimaryDnsServer)->value)->ToString(), "9.9.9.9");
  EXPECT_EQ(ToHex(packet->Find(kMsMppeEncryptionPolicy)->value), "000000010000");
  EXPECT_EQ(packet->Find(kClass), nullptr);
}

TEST(Packet, GoldenEncoding) {
  Packet packet;
  packet.code = Code::kAccessRequest;
  packet.identifier = 255;
  packet.authenticator.fill(0xab);
  packet.Add(kUserName, TextValue("test"));
  packet.Add(kMsChapChallenge, Hex("0102030405060708"));
  const auto octets = Encode(packet);
  ASSERT_TRUE(octets);
  EXPECT_EQ(ToHex(*octets),
            "01ff002a"
            "abababababababababababababababab"
            "010674657374"
            "1a10000001370b0a0102030405060708");
}

TEST(Packet, WhatIsEncodedIsDecoded) {
  Packet packet;
  packet.code = Code::kCoaRequest;
  packet.identifier = 1;
  packet.Add(kClass, Hex("00ff"));
  packet.Add(kClass, {});
  packet.Add(kCiscoAvPair, TextValue("ip:addr-pool=x"));
  packet.Add({0, 255}, Bytes(kMaxValueSize, 1));
  packet.Add({429, 0x9001}, Hex("aabb"));  // USR: 4 octets of type, no length
  packet.Add({8164, 0x101}, Hex("cc"));    // Starent: 2 and 2
  const VendorFormats formats{{429, {4, 0, false}}, {8164, {2, 2, false}}};
  const auto octets = Encode(packet, formats);
  ASSERT_TRUE(octets) << octets.error().message;
  const auto again = Decode(*octets, formats);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, packet);
}

TEST(Packet, FramesOfVendors) {
  Packet packet;
  packet.Add({429, 0x9001}, Hex("aabb"));
  packet.Add({8164, 0x101}, Hex("cc"));
  packet.Add({637, 0x101}, Hex("dd"));
  const VendorFormats formats{{429, {4, 0, false}}, {8164, {2, 2, false}}, {637, {2, 1, false}}};
  const auto octets = Encode(packet, formats);
  ASSERT_TRUE(octets);
  EXPECT_EQ(ToHex(ByteView(*octets).subspan(kHeaderSize)),
            "1a0c000001ad00009001aabb"
            "1a0b00001fe401010005cc"
            "1a0a0000027d010104dd");
  // A format may leave one attribute only.
  const auto usr = Decode(PacketWith(2, Hex("1a 0c 000001ad 00009001 aabb")), formats);
  ASSERT_TRUE(usr);
  EXPECT_EQ(usr->attributes.at(0), (Attribute{429, 0x9001, Hex("aabb")}));
}

TEST(Packet, AVsaThatLiesStaysWhole) {
  const char* const kLies[] = {
      "1a 06 00000137",                   // nothing in it
      "1a 03 00",                         // no Vendor-Id
      "1a 02",                            // nothing at all
      "1a 08 00000137 1c 00",             // length 0
      "1a 08 00000137 1c 01",             // length 1
      "1a 09 00000137 1c 04 01",          // longer than what is there
      "1a 0c 00000137 1c 04 0102 1c 05",  // the second one lies
      "1a 0b 00000137 1c 04 0102 1c",     // the second one is cut
      "1a 0a 00000000 01 04 0102",        // vendor 0
  };
  for (const char* lie : kLies) {
    const Bytes attribute = Hex(lie);
    const auto packet = Decode(PacketWith(2, attribute));
    ASSERT_TRUE(packet) << lie;
    ASSERT_EQ(packet->attributes.size(), 1U) << lie;
    EXPECT_EQ(packet->attributes[0],
              (Attribute{0, 26, Bytes(attribute.begin() + 2, attribute.end())}))
        << lie;
    EXPECT_EQ(*Encode(*packet), PacketWith(2, attribute)) << lie;
  }
}

TEST(Packet, AVendorWithMoreThanTypeAndLengthStaysWhole) {
  const Bytes attribute = Hex("1a 0b 000060b5 01 05 80 aabb");
  const VendorFormats formats{{24757, {1, 1, true}}};
  const auto packet = Decode(PacketWith(2, attribute), formats);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->attributes.at(0).key(), kVendorSpecific);
  EXPECT_EQ(*Encode(*packet, formats), PacketWith(2, attribute));
  Packet own;
  own.Add({24757, 1}, Hex("80"));
  EXPECT_FALSE(Encode(own, formats));
}

TEST(Packet, BadFramesAreRefused) {
  const struct {
    const char* why;
    Bytes datagram;
  } kCases[] = {
      {"empty", {}},
      {"19 octets", Bytes(19, 0)},
      {"Length 19", Hex("02070013 000102030405060708090a0b0c0d0e0f")},
      {"Length beyond the datagram", Hex("02070015 000102030405060708090a0b0c0d0e0f")},
      {"attribute length 0", PacketWith(2, Hex("01 00"))},
      {"attribute length 1", PacketWith(2, Hex("01 01"))},
      {"attribute beyond the packet", PacketWith(2, Hex("01 05 6162"))},
      {"one octet left", PacketWith(2, Hex("01 03 61 01"))},
      {"attribute 0", PacketWith(2, Hex("00 03 61"))},
  };
  for (const auto& bad : kCases) {
    const auto packet = Decode(bad.datagram);
    ASSERT_FALSE(packet) << bad.why;
    EXPECT_EQ(packet.error().code, ErrorCode::kInvalidArgument);
    EXPECT_FALSE(PacketOctets(bad.datagram)) << bad.why;
  }
}

TEST(Packet, EveryTruncationIsRefused) {
  const Bytes whole = Hex(kAccept);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(Decode(ByteView(whole).first(size))) << size;
  }
}

TEST(Packet, AttributeCutByItsPacketIsRefusedAtEveryLength) {
  const Bytes whole = Hex(kAccept);
  const std::size_t ends[] = {20, 25, 31, 51};  // where an attribute ends
  for (std::size_t length = 20; length <= whole.size(); ++length) {
    Bytes cut = whole;
    cut[3] = static_cast<std::uint8_t>(length);
    const bool at_end = std::find(std::begin(ends), std::end(ends), length) != std::end(ends);
    EXPECT_EQ(Decode(cut).has_value(), at_end) << length;
  }
}

TEST(Packet, OctetsBehindLengthArePadding) {
  Bytes padded = Hex(kAccept);
  padded.insert(padded.end(), 300, 0xff);
  EXPECT_EQ(*Decode(padded), *Decode(Hex(kAccept)));
  EXPECT_EQ(PacketOctets(padded)->size(), Hex(kAccept).size());
}

TEST(Packet, LengthUpTo4096) {
  Bytes attributes;
  while (attributes.size() + 255 <= kMaxPacketSize - kHeaderSize) {
    attributes.push_back(25);
    attributes.push_back(255);
    attributes.resize(attributes.size() + 253);
  }
  const std::size_t rest = kMaxPacketSize - kHeaderSize - attributes.size();
  attributes.push_back(25);
  attributes.push_back(static_cast<std::uint8_t>(rest));
  attributes.resize(attributes.size() + rest - 2);
  const Bytes largest = PacketWith(2, attributes);
  ASSERT_EQ(largest.size(), 4096U);
  const auto packet = Decode(largest);
  ASSERT_TRUE(packet);
  EXPECT_EQ(*Encode(*packet), largest);

  Bytes larger = largest;
  larger.insert(larger.end(), {25, 2});
  larger[2] = static_cast<std::uint8_t>(larger.size() >> 8);
  larger[3] = static_cast<std::uint8_t>(larger.size());
  EXPECT_FALSE(Decode(larger));
  Packet too_large = *packet;
  too_large.Add(kClass, {});
  const auto refused = Encode(too_large);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
}

TEST(Packet, NumberOfAttributesIsBounded) {
  Bytes attributes;
  for (std::size_t i = 0; i < kMaxAttributes; ++i) attributes.insert(attributes.end(), {25, 2});
  const auto most = Decode(PacketWith(2, attributes));
  ASSERT_TRUE(most);
  EXPECT_EQ(most->attributes.size(), kMaxAttributes);
  attributes.insert(attributes.end(), {25, 2});
  EXPECT_FALSE(Decode(PacketWith(2, attributes)));

  // Also when they hide in vendors' attributes.
  attributes.clear();
  for (int vsa = 0; vsa < 6; ++vsa) {
    attributes.insert(attributes.end(), {26, 6 + 2 * 120, 0, 0, 1, 0x37});
    for (int i = 0; i < 120; ++i) attributes.insert(attributes.end(), {28, 2});
  }
  EXPECT_FALSE(Decode(PacketWith(2, attributes)));

  Packet own;
  for (std::size_t i = 0; i <= kMaxAttributes; ++i) own.Add(kClass, {});
  EXPECT_FALSE(Encode(own));
}

TEST(Packet, ALongEapMessageIsCutAndPutTogether) {
  for (const std::size_t size : {0U, 1U, 253U, 254U, 506U, 507U, 1500U}) {
    Bytes message(size);
    for (std::size_t i = 0; i < size; ++i) message[i] = static_cast<std::uint8_t>(i * 7);
    Packet packet;
    packet.Add(kEapMessage, message);
    packet.Add(kState, Hex("01"));
    const auto octets = Encode(packet);
    ASSERT_TRUE(octets);
    const auto again = Decode(*octets);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->Concatenated(kEapMessage), message) << size;
    EXPECT_EQ(again->FindAll(kEapMessage).size(), std::max<std::size_t>(1, (size + 252) / 253));
  }
}

TEST(Packet, WhatDoesNotFitIsRefused) {
  const Attribute kCases[] = {
      {0, 1, Bytes(254)}, {0, 256, {}}, {0, 0, {}},
      {9, 1, Bytes(248)}, {9, 256, {}}, {9, 1U << 31, {}},
  };
  for (const Attribute& bad : kCases) {
    Packet packet;
    packet.attributes.push_back(bad);
    EXPECT_FALSE(Encode(packet)) << bad.vendor << " " << bad.type;
  }
  Packet longest;
  longest.Add(kCiscoAvPair, Bytes(247));
  EXPECT_EQ(Encode(longest)->size(), 20U + 255U);
}

TEST(Packet, NamesOfCodes) {
  EXPECT_EQ(ToString(Code::kAccessChallenge), "Access-Challenge");
  EXPECT_EQ(ToString(Code::kCoaNak), "CoA-NAK");
  EXPECT_EQ(ToString(static_cast<Code>(99)), "code 99");
}

}  // namespace
}  // namespace sstpgw::cp::radius
