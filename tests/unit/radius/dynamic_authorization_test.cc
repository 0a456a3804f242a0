// One case per row of features 6.6.
#include "controlplane/radius/dynamic_authorization.h"

#include "controlplane/radius/md5.h"
#include "tests/unit/radius/dynamic_fixture.h"

namespace sstpgw::cp::radius {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// ---- Done ---------------------------------------------------------------------------------------

TEST_F(DynamicTest, DisconnectIsAcknowledgedWhenItIsDone) {
  const Bytes request = Sign(DisconnectAnn());
  const auto begun = Receive(request);
  ASSERT_THAT(begun, SizeIs(1));
  const auto* order = std::get_if<Dynamic::Disconnect>(&begun[0]);
  ASSERT_NE(order, nullptr);
  EXPECT_EQ(order->session, kAnn);
  EXPECT_EQ(dynamic_.in_progress(), 1U);
  const auto done = dynamic_.Conclude(order->id, {}, now_);
  EXPECT_EQ(AnswerIn(done, request), "ACK");
  EXPECT_EQ(dynamic_.in_progress(), 0U);
  const auto lines = All<Dynamic::WriteLog>(done);
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines[0].level, LogLevel::kInfo);
  EXPECT_EQ(lines[0].text,
            "radius: Disconnect-Request of 192.0.2.5:40000 for User-Name \"ann\": done");
}

TEST_F(DynamicTest, ChangeIsAcknowledgedWhenItIsDone) {
  const Bytes request = Sign(CoaOf({{kFilterId, TextValue("2048/1024")},
                                    {kSessionTimeout, IntegerValue(3600)},
                                    {kClass, TextValue("gold")}}));
  const auto begun = Receive(request);
  ASSERT_THAT(begun, SizeIs(1));
  const auto* order = std::get_if<Dynamic::Change>(&begun[0]);
  ASSERT_NE(order, nullptr);
  EXPECT_EQ(order->session, kAnn);
  EXPECT_THAT(order->change.rate_limits,
              ElementsAre(RawRateLimit{kFilterId, TextValue("2048/1024")}));
  EXPECT_EQ(order->change.session_timeout, std::chrono::hours(1));
  EXPECT_THAT(order->change.classes, ElementsAre(TextValue("gold")));
  EXPECT_EQ(AnswerIn(dynamic_.Conclude(order->id, {}, now_), request), "ACK");
}

TEST_F(DynamicTest, WhatCouldNotBeDoneIsRefusedWithItsCause) {
  const Bytes request = Sign(ChangeAnn());
  const auto order = All<Dynamic::Change>(Receive(request)).at(0);
  const auto actions =
      dynamic_.Conclude(order.id, Refuse(ErrorCause::kInvalidAttributeValue, "no such VRF"), now_);
  EXPECT_EQ(AnswerIn(actions, request), "NAK 407");
  EXPECT_THAT(All<Dynamic::WriteLog>(actions).at(0).text,
              HasSubstr("refused: no such VRF (407 invalid attribute value)"));
}

TEST_F(DynamicTest, AnOutcomeNobodyWaitsForIsOnlyCounted) {
  EXPECT_THAT(dynamic_.Conclude(Dynamic::RequestId(7), {}, now_), IsEmpty());
  EXPECT_EQ(Count(DynamicCount::kLate), 1U);
}

// The octets of request and answers, computed with Python's hashlib and hmac.
TEST_F(DynamicTest, Golden) {
  const Bytes request =
      Hex("28 09 001f 303d747d4696d617a2985cbdfe5113ab"
          "01 05 616e6e  21 06 70726f78");
  ASSERT_EQ(
      ToHex(request),
      ToHex(Sign(DisconnectOf({{kUserName, TextValue("ann")}, {kProxyState, TextValue("prox")}}))));
  const auto order = All<Dynamic::Disconnect>(Receive(request)).at(0);
  const auto done = All<Dynamic::Reply>(dynamic_.Conclude(order.id, {}, now_));
  EXPECT_EQ(ToHex(done.at(0).octets),
            ToHex(Hex("29 09 001a a6ffba0d8efd00648560c3bbace04760 21 06 70726f78")));

  const Bytes signed_request =
      Hex("2b 09 002e 5cb6c8259c78c9c54f617289a11ee69b"
          "50 12 bb8640fef8cc02f5869278e4314f3f7c 01 08 6e6f626f6479");
  ASSERT_EQ(ToHex(signed_request),
            ToHex(Sign(Request(Code::kCoaRequest, {{kUserName, TextValue("nobody")}}),
                       WithMessageAuthenticator::kYes)));
  EXPECT_EQ(ToHex(All<Dynamic::Reply>(Receive(signed_request)).at(0).octets),
            ToHex(Hex("2d 09 002c fc33283036515c6075db2943c04a18c3"
                      "50 12 6cf607ca6e56ac3df00cc83a3cf0c9b4 65 06 000001f7")));
}

// ---- Row 1: source, framing, code ---------------------------------------------------------------

TEST_F(DynamicTest, OnlySourcesThatAreAllowed) {
  const Bytes request = Sign(DisconnectAnn());
  for (const char* address : {"192.0.2.16", "198.51.100.5", "2001:db8:1::5", "::"}) {
    server_.address = *ParseIpAddress(address);
    EXPECT_TRUE(Dropped(Receive(request), DynamicCount::kSourceNotAllowed)) << address;
  }
  server_.address = *ParseIpAddress("2001:db8::5");
  EXPECT_THAT(All<Dynamic::Disconnect>(Receive(request)), SizeIs(1));
}

TEST_F(DynamicTest, ASocketOfBothFamiliesShowsIpv4PeersAsIpv6) {
  const Bytes request = Sign(DisconnectOf({{kUserName, TextValue("nobody")}}));
  const auto actions = dynamic_.Receive(request, {*ParseIpAddress("::ffff:192.0.2.5"), 40000},
                                        {now_, wall_}, sessions_);
  EXPECT_EQ(AnswerIn(actions, request), "NAK 503");  // to the address without ::ffff:
}

TEST_F(DynamicTest, NobodyIsAllowedByDefault) {
  auto settings = Settings();
  settings.allowed_from.clear();
  Use(std::move(settings));
  EXPECT_TRUE(Dropped(Receive(DisconnectAnn()), DynamicCount::kSourceNotAllowed));
}

TEST_F(DynamicTest, EveryTruncationAndEveryWrongLength) {
  const Bytes request = Sign(DisconnectAnn());
  for (std::size_t size = 0; size < request.size(); ++size) {
    EXPECT_TRUE(Dropped(Receive(ByteView(request).first(size)), DynamicCount::kMalformed)) << size;
  }
  Bytes large(4097);
  large[0] = 40;
  large[2] = 0x10;
  large[3] = 0x01;
  EXPECT_TRUE(Dropped(Receive(large), DynamicCount::kMalformed));
  for (const char* attributes : {"01 00", "01 01", "01 05 61", "01", "00 03 61", "50 02 50 02"}) {
    EXPECT_TRUE(Dropped(Receive(PacketWith(40, Hex(attributes))), DynamicCount::kMalformed))
        << attributes;
  }
}

// Signs octets that no Packet could be made into.
void SignInPlace(Bytes& request) {
  std::fill_n(request.begin() + 4, 16, std::uint8_t{0});
  const auto digest = Md5({request, TextOctets("coasecret")});
  std::copy(digest->begin(), digest->end(), request.begin() + 4);
}

TEST_F(DynamicTest, TooManyAttributes) {
  Bytes attributes;
  for (int i = 0; i < 600; ++i) attributes.insert(attributes.end(), {18, 3, 'x'});
  Bytes request = PacketWith(40, attributes);
  SignInPlace(request);
  EXPECT_TRUE(Dropped(Receive(request), DynamicCount::kMalformed));
}

TEST_F(DynamicTest, OtherCodes) {
  for (unsigned code = 0; code < 256; ++code) {
    if (code == 40 || code == 43) continue;
    const Bytes request = Sign(Request(static_cast<Code>(code), {{kUserName, TextValue("ann")}}));
    EXPECT_TRUE(Dropped(Receive(request), DynamicCount::kWrongCode)) << code;
  }
}

// ---- Row 2: authenticators ----------------------------------------------------------------------

TEST_F(DynamicTest, AnotherSecretIsNotAnswered) {
  const Bytes request = Sign(DisconnectAnn(), WithMessageAuthenticator::kYes, "coasecreT");
  const auto actions = Receive(request);
  EXPECT_TRUE(Dropped(actions, DynamicCount::kWrongAuthenticator));
  EXPECT_THAT(All<Dynamic::WriteLog>(actions).at(0).text, HasSubstr("authenticator is wrong"));
}

TEST_F(DynamicTest, EveryFlippedBitIsFound) {
  const Bytes request = Sign(DisconnectAnn());
  for (std::size_t bit = 0; bit < request.size() * 8; ++bit) {
    Bytes flipped = request;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1U << (bit % 8)));
    const auto actions = Receive(flipped);
    EXPECT_EQ(All<Dynamic::WriteLog>(actions).size(), actions.size()) << bit;
  }
  EXPECT_EQ(dynamic_.in_progress(), 0U);
}

// A right MD5 around a wrong HMAC.
TEST_F(DynamicTest, AMessageAuthenticatorThatIsThereMustBeRight) {
  Bytes request = Sign(DisconnectAnn(), WithMessageAuthenticator::kYes);
  request[22] ^= 1;
  SignInPlace(request);
  EXPECT_TRUE(Dropped(Receive(request), DynamicCount::kWrongMessageAuthenticator));
}

TEST_F(DynamicTest, AMessageAuthenticatorMayBeRequired) {
  auto settings = Settings();
  settings.require_message_authenticator = true;
  Use(std::move(settings));
  EXPECT_TRUE(Dropped(Receive(DisconnectAnn()), DynamicCount::kMissingMessageAuthenticator));
  const auto actions = Receive(Sign(DisconnectAnn(), WithMessageAuthenticator::kYes));
  EXPECT_THAT(All<Dynamic::Disconnect>(actions), SizeIs(1));
}

// ---- Row 4: Event-Timestamp (row 3, duplicates: dynamic_limits_test.cc)
// --------------------------

TEST_F(DynamicTest, EventTimestampsNearOurClock) {
  const auto at = [](std::int64_t seconds) {
    return DisconnectOf(
        {{kUserName, TextValue("nobody")},
         {kEventTimestamp, IntegerValue(static_cast<std::uint32_t>(kWallClock + seconds))}});
  };
  EXPECT_EQ(Refused(at(0)), "NAK 503");
  EXPECT_EQ(Refused(at(300)), "NAK 503");
  EXPECT_EQ(Refused(at(-300)), "NAK 503");
  EXPECT_TRUE(Dropped(Receive(at(301)), DynamicCount::kOutsideWindow));
  EXPECT_TRUE(Dropped(Receive(at(-301)), DynamicCount::kOutsideWindow));
  EXPECT_TRUE(Dropped(
      Receive(DisconnectOf({{kUserName, TextValue("nobody")}, {kEventTimestamp, Hex("0000")}})),
      DynamicCount::kOutsideWindow));
  wall_ = 0;
  EXPECT_TRUE(Dropped(Receive(DisconnectOf({{kUserName, TextValue("nobody")},
                                            {kEventTimestamp, IntegerValue(0xffffffff)}})),
                      DynamicCount::kOutsideWindow));
}

TEST_F(DynamicTest, OneEventTimestampThatIsRightDoesNotHideAnother) {
  EXPECT_TRUE(Dropped(Receive(DisconnectOf({{kUserName, TextValue("ann")},
                                            {kEventTimestamp, IntegerValue(kWallClock)},
                                            {kEventTimestamp, IntegerValue(1)}})),
                      DynamicCount::kOutsideWindow));
}

TEST_F(DynamicTest, TheWindowIsConfigurable) {
  auto settings = Settings();
  settings.event_window = std::chrono::seconds(10);
  settings.require_event_timestamp = true;
  Use(std::move(settings));
  const auto at = [](std::int64_t seconds) {
    return DisconnectOf(
        {{kUserName, TextValue("nobody")},
         {kEventTimestamp, IntegerValue(static_cast<std::uint32_t>(kWallClock + seconds))}});
  };
  EXPECT_EQ(Refused(at(-10)), "NAK 503");
  EXPECT_TRUE(Dropped(Receive(at(-11)), DynamicCount::kOutsideWindow));
  EXPECT_TRUE(Dropped(Receive(DisconnectAnn()), DynamicCount::kOutsideWindow));
  settings = Settings();
  settings.event_window = std::chrono::seconds(0);
  Use(std::move(settings));
  EXPECT_EQ(Refused(at(-1'000'000)), "NAK 503");
}

// ---- Row 5: which NAS ---------------------------------------------------------------------------

TEST_F(DynamicTest, ForeignNasIdentifierOrAddress) {
  const auto with = [](AttributeKey key, Bytes value) {
    return DisconnectOf({{kUserName, TextValue("ann")}, {key, std::move(value)}});
  };
  EXPECT_EQ(Refused(with(kNasIdentifier, TextValue("other"))), "NAK 403");
  EXPECT_EQ(Refused(with(kNasIdentifier, TextValue("g"))), "NAK 403");
  EXPECT_EQ(Refused(with(kNasIdentifier, {})), "NAK 403");
  EXPECT_EQ(Refused(with(kNasIpAddress, Ipv4Value(Ipv4Address(0xc0000202)))), "NAK 403");
  EXPECT_EQ(Refused(with(kNasIpAddress, Hex("c00002"))), "NAK 404");
  // One that is ours does not make up for one that is not.
  EXPECT_EQ(Refused(DisconnectOf({{kUserName, TextValue("ann")},
                                  {kNasIdentifier, TextValue("gw")},
                                  {kNasIpAddress, Ipv4Value(Ipv4Address(1))}})),
            "NAK 403");
  EXPECT_THAT(All<Dynamic::Disconnect>(
                  Receive(DisconnectOf({{kUserName, TextValue("ann")},
                                        {kNasIdentifier, TextValue("gw")},
                                        {kNasIpAddress, Ipv4Value(Ipv4Address(0xc0000201))}}))),
              SizeIs(1));
}

TEST_F(DynamicTest, ARefusalSaysWhoWasMeantAndWhy) {
  const auto lines = All<Dynamic::WriteLog>(
      Receive(DisconnectOf({{kUserName, TextValue("ann")}, {kNasIdentifier, TextValue("x")}})));
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_EQ(lines[0].level, LogLevel::kWarning);
  EXPECT_EQ(lines[0].text,
            "radius: Disconnect-Request of 192.0.2.5:40000 for User-Name \"ann\" refused: "
            "NAS-Identifier is not ours (403 NAS identification mismatch)");
}

TEST_F(DynamicTest, WhatIsNotConfiguredIsNotCompared) {
  auto settings = Settings();
  settings.nas_identifier.clear();
  settings.nas_ip_address.reset();
  Use(std::move(settings));
  EXPECT_THAT(
      All<Dynamic::Disconnect>(Receive(DisconnectOf({{kUserName, TextValue("ann")},
                                                     {kNasIdentifier, TextValue("other")},
                                                     {kNasIpv6Address, Bytes(16, 1)},
                                                     {kNasIpAddress, Ipv4Value(Ipv4Address(1))}}))),
      SizeIs(1));
}

TEST_F(DynamicTest, NasIpv6Address) {
  auto settings = Settings();
  settings.nas_ipv6_address = *Ipv6Address::Parse("2001:db8::1");
  Use(std::move(settings));
  EXPECT_EQ(Refused(DisconnectOf({{kUserName, TextValue("ann")}, {kNasIpv6Address, Bytes(16, 1)}})),
            "NAK 403");
}

TEST_F(DynamicTest, NasIdentificationMayBeRequired) {
  auto settings = Settings();
  settings.require_nas_identification = true;
  Use(std::move(settings));
  EXPECT_EQ(Refused(DisconnectAnn()), "NAK 402");
  EXPECT_EQ(
      Refused(DisconnectOf({{kUserName, TextValue("nobody")}, {kNasIdentifier, TextValue("gw")}})),
      "NAK 503");
}

TEST_F(DynamicTest, AuthorizeOnlyIsNotOffered) {
  EXPECT_EQ(Refused(CoaOf({{kServiceType, IntegerValue(17)}, {kState, Hex("01")}})), "NAK 405");
  EXPECT_THAT(All<Dynamic::Change>(Receive(
                  CoaOf({{kServiceType, IntegerValue(2)}, {kSessionTimeout, IntegerValue(9)}}))),
              SizeIs(1));
}

// ---- Rows 6 to 8: which session -----------------------------------------------------------------

TEST_F(DynamicTest, NoKey) {
  EXPECT_EQ(Refused(DisconnectOf({})), "NAK 402");
  EXPECT_EQ(Refused(DisconnectOf({{kNasIdentifier, TextValue("gw")}})), "NAK 402");
  EXPECT_EQ(Refused(DisconnectOf({{kFramedIpAddress, Ipv4Value(Ipv4Address(0xfffffffe))}})),
            "NAK 402");
  EXPECT_EQ(Refused(DisconnectOf({{kCalledStationId, TextValue("203.0.113.1")}})), "NAK 402");
}

TEST_F(DynamicTest, AKeyThatIsNone) {
  EXPECT_EQ(Refused(DisconnectOf({{kNasPort, Hex("00")}})), "NAK 404");
  EXPECT_EQ(Refused(DisconnectOf({{kUserName, TextValue("ann")}, {kUserName, TextValue("bob")}})),
            "NAK 404");
}

TEST_F(DynamicTest, EveryKeyFindsItsSession) {
  const std::vector<std::pair<AttributeKey, Bytes>> keys = {
      {kAcctSessionId, TextValue("00000000000000a1")},
      {kUserName, TextValue("ann")},
      {kUserName, TextValue("ann@isp")},
      {kNasPort, IntegerValue(0)},
      {kNasPortId, TextValue("sstp0")},
      {kFramedIpAddress, Ipv4Value(Ipv4Address(0x0a000002))},
      {kFramedIpv6Prefix, Hex("00 40 20010db800000002")},
      {kFramedInterfaceId, Hex("0000000000000002")}};
  for (const auto& key : keys) {
    const auto actions =
        Receive(DisconnectOf({key, {kCallingStationId, TextValue("198.51.100.1")}}));
    ASSERT_THAT(All<Dynamic::Disconnect>(actions), SizeIs(1)) << key.first.type;
    const auto order = All<Dynamic::Disconnect>(actions)[0];
    EXPECT_EQ(order.session, kAnn) << key.first.type;
    EXPECT_THAT(dynamic_.Conclude(order.id, {}, now_), SizeIs(2));
  }
}

TEST_F(DynamicTest, AllKeysMustFitOneSession) {
  EXPECT_EQ(Refused(DisconnectOf({{kUserName, TextValue("carl")}})), "NAK 503");
  // Two keys of different sessions.
  EXPECT_EQ(Refused(DisconnectOf({{kUserName, TextValue("ann")}, {kNasPort, IntegerValue(1)}})),
            "NAK 503");
  // Bob has no address, no prefix and no identifier, which does not mean that every one is his.
  for (const auto& key : std::vector<std::pair<AttributeKey, Bytes>>{
           {kFramedIpAddress, Ipv4Value(Ipv4Address(0x0a000002))},
           {kFramedIpAddress, Ipv4Value(Ipv4Address(0))},
           {kFramedIpv6Prefix, Hex("00 40 20010db800000001")},
           {kFramedInterfaceId, Hex("0000000000000002")},
           {kCallingStationId, TextValue("198.51.100.2")},
           {kCalledStationId, TextValue("203.0.113.2")}}) {
    EXPECT_EQ(Refused(DisconnectOf({{kUserName, TextValue("bob")}, key})), "NAK 503")
        << key.first.type;
  }
}

TEST_F(DynamicTest, SeveralSessionsFit) {
  EXPECT_EQ(Refused(DisconnectOf({{kCallingStationId, TextValue("198.51.100.1")}})), "NAK 508");
  EXPECT_EQ(Refused(Request(Code::kCoaRequest, {{kCallingStationId, TextValue("198.51.100.1")},
                                                {kFilterId, TextValue("1/1")}})),
            "NAK 508");
}

TEST_F(DynamicTest, ASessionIsInOneRequestAtATime) {
  const auto order = All<Dynamic::Change>(Receive(ChangeAnn())).at(0);
  EXPECT_TRUE(Dropped(Receive(DisconnectAnn()), DynamicCount::kSessionInRequest));
  EXPECT_TRUE(
      Dropped(Receive(CoaOf({{kIdleTimeout, IntegerValue(1)}})), DynamicCount::kSessionInRequest));
  EXPECT_THAT(All<Dynamic::Disconnect>(Receive(DisconnectOf({{kUserName, TextValue("bob")}}))),
              SizeIs(1));
  EXPECT_THAT(dynamic_.Conclude(order.id, {}, now_), SizeIs(2));
  // The server sends it again.
  EXPECT_THAT(All<Dynamic::Disconnect>(Receive(DisconnectAnn())), SizeIs(1));
}

TEST_F(DynamicTest, TheEndOfOneRequestFreesItsOwnSessionOnly) {
  const auto ann = All<Dynamic::Disconnect>(Receive(DisconnectAnn())).at(0);
  const Bytes bobs = Sign(DisconnectOf({{kUserName, TextValue("bob")}}));
  const auto bob = All<Dynamic::Disconnect>(Receive(bobs)).at(0);
  EXPECT_THAT(dynamic_.Conclude(ann.id, {}, now_), SizeIs(2));
  EXPECT_TRUE(Dropped(Receive(DisconnectOf({{kNasPortId, TextValue("sstp1")}})),
                      DynamicCount::kSessionInRequest));
  EXPECT_TRUE(Dropped(Receive(bobs), DynamicCount::kDuplicateInProgress));
  EXPECT_EQ(AnswerIn(dynamic_.Conclude(bob.id, {}, now_), bobs), "ACK");
  EXPECT_THAT(dynamic_.Conclude(bob.id, {}, now_), IsEmpty());
}

// ---- CoA: all or nothing ------------------------------------------------------------------------

TEST_F(DynamicTest, NothingIsAppliedIfAnythingCannotBe) {
  const std::pair<AttributeKey, Bytes> good{kFilterId, TextValue("1/1")};
  EXPECT_EQ(Refused(CoaOf({good, {kFramedPool, TextValue("P")}})), "NAK 401");
  EXPECT_EQ(Refused(CoaOf({good, {kMikrotikRateLimit, TextValue("1M")}})), "NAK 401");
  EXPECT_EQ(Refused(CoaOf({good, {kIdleTimeout, Hex("00")}})), "NAK 404");
  EXPECT_EQ(Refused(CoaOf({good, {kAccelVrfName, TextValue("a/b")}})), "NAK 407");
  EXPECT_EQ(Refused(CoaOf({})), "NAK 402");
}

TEST_F(DynamicTest, WhatElseStandsInADisconnectRequestIsNotLookedAt) {
  const auto actions = Receive(DisconnectOf({{kUserName, TextValue("ann")},
                                             {kFramedPool, TextValue("P")},
                                             {kAcctInputOctets, IntegerValue(5)},
                                             {kAccelVrfName, TextValue("RED")}}));
  EXPECT_THAT(All<Dynamic::Disconnect>(actions), SizeIs(1));
}

// ---- What answers carry -------------------------------------------------------------------------

TEST_F(DynamicTest, ProxyStatesAreEchoedInTheirOrder) {
  const Bytes request = Sign(DisconnectOf({{kProxyState, TextValue("one")},
                                           {kUserName, TextValue("nobody")},
                                           {kProxyState, {}},
                                           {kProxyState, Bytes(253, 7)}}));
  const Packet answer = Decode(All<Dynamic::Reply>(Receive(request)).at(0).octets).value();
  const auto states = answer.FindAll(kProxyState);
  ASSERT_THAT(states, SizeIs(3));
  EXPECT_EQ(states[0]->value, TextValue("one"));
  EXPECT_EQ(states[1]->value, Bytes());
  EXPECT_EQ(states[2]->value, Bytes(253, 7));
}

TEST_F(DynamicTest, AnswersHaveAMessageAuthenticatorIfTheRequestDid) {
  const Packet packet = DisconnectOf({{kUserName, TextValue("nobody")}});
  const Bytes plain = Sign(packet);
  EXPECT_FALSE(HasMessageAuthenticator(All<Dynamic::Reply>(Receive(plain)).at(0).octets));
  const Bytes with = Sign(packet, WithMessageAuthenticator::kYes);
  const auto actions = Receive(with);
  EXPECT_EQ(AnswerIn(actions, with), "NAK 503");
  EXPECT_TRUE(HasMessageAuthenticator(All<Dynamic::Reply>(actions).at(0).octets));
}

TEST_F(DynamicTest, EveryPacketIsALineOfTheTrace) {
  auto settings = Settings();
  settings.trace = true;
  Use(std::move(settings));
  const auto lines =
      All<Dynamic::WriteLog>(Receive(DisconnectOf({{kUserName, TextValue("nobody")}})));
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_EQ(lines[0].text,
            "recv [RADIUS(192.0.2.5:40000) Disconnect-Request id=9 <User-Name \"nobody\">]");
  EXPECT_EQ(lines[1].level, LogLevel::kWarning);
  EXPECT_EQ(lines[2].text,
            "send [RADIUS(192.0.2.5:40000) Disconnect-NAK id=9 <Error-Cause "
            "Session-Context-Not-Found>]");
  EXPECT_EQ(lines[2].level, LogLevel::kTrace);
}

}  // namespace
}  // namespace sstpgw::cp::radius
