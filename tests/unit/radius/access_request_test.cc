#include "controlplane/radius/access_request.h"

#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/packet_text.h"
#include "tests/unit/radius/octets.h"

namespace sstpgw::cp::radius {
namespace {

using ::testing::HasSubstr;

NasIdentity Nas() {
  NasIdentity nas;
  nas.identifier = "gw1";
  nas.ipv4_address = Ipv4Address(0x0afffff1);
  return nas;
}

EapEvidence Eap(std::string user, const Bytes& message) {
  return {std::move(user), Secret(ByteView(message)), {}};
}

AccessRequest Asking(AuthEvidence credentials) {
  AccessRequest request;
  request.credentials = std::move(credentials);
  request.session = "0123456789abcdef";
  request.port.calling_station = "192.0.2.1";
  request.port.called_station = "198.51.100.2";
  return request;
}

std::string HexOf(const AccessRequest& request, const NasIdentity& nas = Nas()) {
  const auto body = AccessRequestBody(request, nas);
  if (!body) return "error: " + body.error().message;
  Packet packet;
  packet.attributes = body->attributes;
  return ToHex(ByteView(*Encode(packet)).subspan(kHeaderSize));
}

// What every request has, in this order.
const std::string kPlace =
    "0106"
    "75736572"  // User-Name "user"
    "2005"
    "677731"  // NAS-Identifier "gw1"
    "0406"
    "0afffff1"  // NAS-IP-Address
    "3d06"
    "00000005"  // NAS-Port-Type Virtual
    "0606"
    "00000002"  // Service-Type Framed
    "0706"
    "00000001"  // Framed-Protocol PPP
    "1f0b"
    "3139322e302e322e31"  // Calling-Station-Id
    "1e0e"
    "3139382e35312e3130302e32"  // Called-Station-Id
    "2c12"
    "30313233343536373839616263646566";  // Acct-Session-Id

TEST(AccessRequestBody, PapGolden) {
  AccessRequest request = Asking(PapEvidence{"user", Secret("test")});
  EXPECT_EQ(HexOf(request), kPlace);
  const auto body = AccessRequestBody(request, Nas());
  ASSERT_TRUE(body->password);
  EXPECT_EQ(body->password->RevealText(), "test");
}

TEST(AccessRequestBody, ChapGolden) {
  ChapMd5Evidence chap{"user", 9, {}, {}};
  chap.challenge.fill(0xcc);
  chap.response.fill(0xdd);
  EXPECT_EQ(HexOf(Asking(chap)), kPlace +
                                     "0313"
                                     "09"
                                     "dddddddddddddddddddddddddddddddd"
                                     "3c12"
                                     "cccccccccccccccccccccccccccccccc");
}

TEST(AccessRequestBody, MsChapV1Golden) {
  MsChapV1Evidence chap;
  chap.user = "user";
  chap.identifier = 9;
  chap.flags = 1;
  chap.challenge.fill(0xcc);
  chap.lm_response.fill(0x11);
  chap.nt_response.fill(0x22);
  EXPECT_EQ(HexOf(Asking(chap)), kPlace +
                                     "1a10"
                                     "00000137"
                                     "0b0a"
                                     "cccccccccccccccc"
                                     "1a3a"
                                     "00000137"
                                     "0134"
                                     "0901"
                                     "111111111111111111111111111111111111111111111111"
                                     "222222222222222222222222222222222222222222222222");
}

// The exchange of features 3.4.5.
TEST(AccessRequestBody, MsChapV2Golden) {
  MsChapV2Evidence chap;
  chap.user = "user";
  chap.identifier = 9;
  const Bytes challenge = Hex("5B5D7C7D7B3F2F3E3C2C602132262628");
  const Bytes peer = Hex("21402324255E262A28295F2B3A337C7E");
  const Bytes response = Hex("82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df");
  std::copy(challenge.begin(), challenge.end(), chap.challenge.begin());
  std::copy(peer.begin(), peer.end(), chap.peer_challenge.begin());
  std::copy(response.begin(), response.end(), chap.nt_response.begin());
  EXPECT_EQ(HexOf(Asking(chap)), kPlace +
                                     "1a18"
                                     "00000137"
                                     "0b12"
                                     "5b5d7c7d7b3f2f3e3c2c602132262628"
                                     "1a3a"
                                     "00000137"
                                     "1934"
                                     "0900"
                                     "21402324255e262a28295f2b3a337c7e"
                                     "0000000000000000"
                                     "82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df");
}

TEST(AccessRequestBody, EapGolden) {
  AccessRequest request = Asking(Eap("user", Hex("02 01 0009 01 75736572")));
  request.state = Hex("aabb");
  request.framed_mtu = 1400;
  request.classes = {Hex("01"), Hex("02")};
  EXPECT_EQ(HexOf(request), kPlace +
                                "0c06"
                                "00000578"
                                "1903"
                                "01"
                                "1903"
                                "02"
                                "1804"
                                "aabb"
                                "4f0b"
                                "020100090175736572");
}

TEST(AccessRequestBody, PortsAddressesAndTheKindOfTunnel) {
  AccessRequest request = Asking(PapEvidence{"user", Secret("test")});
  request.session.clear();
  request.port = {"", "", 7, "sstp7"};
  NasIdentity nas;
  nas.ipv6_address = Ipv6Address::Parse("2001:db8::1");
  nas.tunnel_type = AttributeKey{55999, 9};
  EXPECT_EQ(HexOf(request, nas),
            "0106"
            "75736572"
            "5f12"
            "20010db8000000000000000000000001"
            "0506"
            "00000007"
            "5707"
            "7373747037"
            "3d06"
            "00000005"
            "0606"
            "00000002"
            "0706"
            "00000001"
            "1a0c"
            "0000dabf"
            "0906"
            "73737470");
}

TEST(AccessRequestBody, LongEapPacketsAreCut) {
  AccessRequest request = Asking(Eap("user", Bytes(1300, 0x41)));
  const auto body = AccessRequestBody(request, Nas());
  ASSERT_TRUE(body);
  const Bytes octets = *Seal(*body, {1, {}, TextOctets("s")});
  const auto packet = Decode(octets);
  EXPECT_EQ(packet->FindAll(kEapMessage).size(), 6U);
  EXPECT_EQ(packet->Concatenated(kEapMessage), Bytes(1300, 0x41));
  // The largest one still leaves room for everything else.
  AccessRequest largest = Asking(Eap(std::string(253, 'u'), Bytes(kMaxEapSize)));
  largest.state = Bytes(253);
  largest.session = std::string(253, 's');
  EXPECT_TRUE(Seal(*AccessRequestBody(largest, Nas()), {1, {}, TextOctets("s")}));
}

TEST(AccessRequestBody, WhatRadiusCannotCarry) {
  const struct {
    AuthEvidence credentials;
    const char* says;
  } kCases[] = {
      {PapEvidence{"", Secret("x")}, "an empty user name"},
      {PapEvidence{std::string(254, 'u'), Secret("x")}, "a user name of 254 octets"},
      {PapEvidence{"u", Secret(std::string(129, 'x'))}, "a password of 129 octets"},
      {Eap("u", Hex("020100")), "an EAP packet of 3 octets"},
      {Eap("u", Bytes(kMaxEapSize + 1)), "an EAP packet of 3073 octets"},
  };
  for (const auto& bad : kCases) {
    AccessRequest request = Asking(std::visit(
        [](const auto& e) -> AuthEvidence {
          if constexpr (std::is_same_v<std::decay_t<decltype(e)>, PapEvidence>) {
            return PapEvidence{e.user, e.password.Copy()};
          } else if constexpr (std::is_same_v<std::decay_t<decltype(e)>, EapEvidence>) {
            return EapEvidence{e.user, e.message.Copy(), e.state};
          } else {
            return e;
          }
        },
        bad.credentials));
    EXPECT_THAT(HexOf(request), HasSubstr(bad.says));
  }
  EXPECT_TRUE(AccessRequestBody(Asking(PapEvidence{std::string(253, 'u'), Secret()}), Nas()));
}

TEST(AccessRequestBody, Realms) {
  const auto user = [](AuthEvidence credentials, const UserNameRules& rules) {
    const auto body = AccessRequestBody(Asking(std::move(credentials)), Nas(), rules);
    const Bytes& value = body->attributes.at(0).value;
    return std::string(value.begin(), value.end());
  };
  const UserNameRules strip{true, ""};
  const UserNameRules add{false, "isp"};
  const auto pap = [](const char* name) { return PapEvidence{name, Secret("x")}; };
  EXPECT_EQ(user(pap("bob@home@isp"), strip), "bob@home");
  EXPECT_EQ(user(pap("bob"), strip), "bob");
  EXPECT_EQ(user(pap("bob"), add), "bob@isp");
  EXPECT_EQ(user(pap("bob@other"), add), "bob@other");
  EXPECT_EQ(user(pap("DOM\\bob"), {}), "DOM\\bob");
  MsChapV2Evidence chap;
  chap.user = "bob@isp";
  EXPECT_EQ(user(chap, strip), "bob@isp");
  EXPECT_EQ(user(Eap("bob", Bytes(4)), add), "bob");
}

TEST(RequestOf, TakesWhatTheGatewayAsked) {
  AuthorizeQuestion question;
  question.session = "0123456789abcdef";
  question.calling_station = "192.0.2.1";
  question.called_station = "198.51.100.2";
  question.peer = "192.0.2.1:4444";
  question.evidence = PapEvidence{"user", Secret("test")};
  EXPECT_EQ(HexOf(RequestOf(question)), kPlace);
  MsChapV2Evidence chap;
  chap.user = "user";
  chap.identifier = 77;
  question.evidence = chap;
  EXPECT_EQ(std::get<MsChapV2Evidence>(RequestOf(question).credentials).identifier, 77);
  question.mtu = 1400;
  EXPECT_EQ(RequestOf(question).framed_mtu, std::nullopt) << "it bounds fragments of EAP only";
}

TEST(RequestOf, EapSaysHowLongAFragmentMayBe) {
  AuthorizeQuestion question;
  question.mtu = 1400;
  question.evidence = EapEvidence{"user", Secret(ByteView(Hex("02 01 0009 01 75736572"))), {9}};
  const AccessRequest request = RequestOf(question);
  EXPECT_EQ(request.framed_mtu, 1400U);
  EXPECT_EQ(request.state, std::nullopt);
  const auto& eap = std::get<EapEvidence>(request.credentials);
  EXPECT_EQ(ToHex(eap.message.Reveal()), "020100090175736572");
  EXPECT_EQ(eap.user, "user");
  question.mtu = 0;
  EXPECT_EQ(RequestOf(question).framed_mtu, std::nullopt);
}

// ---- Sealing

TEST(Seal, EveryServerGetsItsOwnPassword) {
  const auto body = AccessRequestBody(Asking(PapEvidence{"user", Secret("test")}), Nas());
  Envelope envelope{7, {}, TextOctets("testing123")};
  for (std::size_t i = 0; i < 16; ++i) envelope.authenticator[i] = static_cast<std::uint8_t>(i);
  const auto first = Seal(*body, envelope);
  ASSERT_TRUE(first);
  const auto packet = Decode(*first);
  EXPECT_EQ(packet->attributes.at(0).key(), kMessageAuthenticator);
  EXPECT_EQ(ToHex(packet->Find(kUserPassword)->value), "e28b7abe74fd7a1a104607240014828b");
  EXPECT_EQ(packet->authenticator, envelope.authenticator);
  EXPECT_EQ(AuthenticatorOf(*first), envelope.authenticator);

  envelope.secret = TextOctets("another");
  const auto second = Decode(*Seal(body->Copy(), envelope));
  EXPECT_NE(second->Find(kUserPassword)->value, packet->Find(kUserPassword)->value);
  EXPECT_NE(second->Find(kMessageAuthenticator)->value, packet->Find(kMessageAuthenticator)->value);
}

TEST(Seal, AnEmptyPasswordIsOneBlock) {
  const auto body = AccessRequestBody(Asking(PapEvidence{"user", Secret()}), Nas());
  const auto packet = Decode(*Seal(*body, {7, {}, TextOctets("s")}));
  ASSERT_NE(packet->Find(kUserPassword), nullptr);
  EXPECT_EQ(packet->Find(kUserPassword)->value.size(), 16U);
}

TEST(Seal, TheLogShowsNoPassword) {
  const auto body = AccessRequestBody(Asking(PapEvidence{"user", Secret("test")}), Nas());
  const auto packet = Fill(*body, {7, {}, TextOctets("s")});
  EXPECT_EQ(LogLine(Direction::kSend, "RADIUS(1)", *packet, Dictionary::BuiltIn()),
            "send [RADIUS(1) Access-Request id=7 <User-Name \"user\"> <NAS-Identifier \"gw1\"> "
            "<NAS-IP-Address 10.255.255.241> <NAS-Port-Type Virtual> <Service-Type Framed-User> "
            "<Framed-Protocol PPP> <Calling-Station-Id \"192.0.2.1\"> "
            "<Called-Station-Id \"198.51.100.2\"> <Acct-Session-Id \"0123456789abcdef\"> "
            "<User-Password ***>]");
}

}  // namespace
}  // namespace sstpgw::cp::radius
