// Dynamic authorization under repetition and in quantity: duplicates, replays, floods, answers that
// do not come (features 6.6, Annex E).
#include <set>

#include "tests/unit/radius/dynamic_fixture.h"

namespace sstpgw::cp::radius {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using std::chrono::seconds;

Packet WithTime(Packet packet, std::int64_t unix_seconds) {
  packet.Add(kEventTimestamp, IntegerValue(static_cast<std::uint32_t>(unix_seconds)));
  return packet;
}

// ---- The same datagram again --------------------------------------------------------------------

TEST_F(DynamicTest, ADuplicateGetsTheSameAnswer) {
  const Bytes request = Sign(DisconnectAnn());
  const auto order = All<Dynamic::Disconnect>(Receive(request)).at(0);
  const auto answer = All<Dynamic::Reply>(dynamic_.Conclude(order.id, {}, now_)).at(0);
  sessions_.Remove(kAnn);
  now_ += seconds(29);
  const auto again = Receive(request);
  ASSERT_THAT(again, SizeIs(1));  // neither a second order nor NAK 503
  EXPECT_EQ(All<Dynamic::Reply>(again).at(0).octets, answer.octets);
  EXPECT_EQ(Count(DynamicCount::kDuplicateAnswered), 1U);
  EXPECT_EQ(Count(DynamicCount::kDisconnectRequest), 1U);
  now_ += seconds(1);
  EXPECT_EQ(AnswerIn(Receive(request), request), "NAK 503");
}

TEST_F(DynamicTest, ADuplicateOfARefusedOneGetsTheSameAnswer) {
  const Bytes request = Sign(DisconnectOf({{kUserName, TextValue("carl")}}));
  const auto answer = All<Dynamic::Reply>(Receive(request)).at(0);
  SessionIdentity carl = Bob();
  carl.name.session = "00000000000000c0";
  carl.user = "carl";
  sessions_.Put(carl);
  EXPECT_EQ(All<Dynamic::Reply>(Receive(request)).at(0).octets, answer.octets);
  EXPECT_EQ(dynamic_.in_progress(), 0U);
}

TEST_F(DynamicTest, ADuplicateOfOneInProgressIsDropped) {
  const Bytes request = Sign(ChangeAnn());
  const auto order = All<Dynamic::Change>(Receive(request)).at(0);
  EXPECT_TRUE(Dropped(Receive(request), DynamicCount::kDuplicateInProgress));
  EXPECT_TRUE(Dropped(Receive(request), DynamicCount::kDuplicateInProgress));
  EXPECT_EQ(AnswerIn(dynamic_.Conclude(order.id, {}, now_), request), "ACK");
}

TEST_F(DynamicTest, OnlyTheVerySameDatagramIsADuplicate) {
  const Bytes request = Sign(DisconnectOf({{kUserName, TextValue("nobody")}}));
  EXPECT_EQ(AnswerIn(Receive(request), request), "NAK 503");
  server_.port = 40001;
  EXPECT_EQ(AnswerIn(Receive(request), request), "NAK 503");
  server_.address = Ipv4Address(0xc0000206);
  EXPECT_EQ(AnswerIn(Receive(request), request), "NAK 503");
  Packet other = DisconnectOf({{kUserName, TextValue("nobody")}});
  other.identifier = 10;
  EXPECT_EQ(Refused(other), "NAK 503");
  EXPECT_EQ(Count(DynamicCount::kDuplicateAnswered), 0U);
  EXPECT_EQ(Count(DynamicCount::kDisconnectRequest), 4U);
}

// ---- A recorded datagram ------------------------------------------------------------------------

TEST_F(DynamicTest, WhatTookEffectIsNotTakenASecondTime) {
  const Bytes request = Sign(WithTime(DisconnectAnn(), wall_ + 100));
  const auto order = All<Dynamic::Disconnect>(Receive(request)).at(0);
  EXPECT_THAT(dynamic_.Conclude(order.id, {}, now_), SizeIs(2));
  const auto later = [&](int by) {
    now_ += seconds(by);
    wall_ += by;
  };
  // Ann has dialled in again; whoever recorded the datagram sends it from somewhere else, or later.
  server_.port = 50000;
  EXPECT_TRUE(Dropped(Receive(request), DynamicCount::kReplayed));
  server_.port = 40000;
  later(31);
  EXPECT_TRUE(Dropped(Receive(request), DynamicCount::kReplayed));
  later(369);  // the last second in which the time stamp is good
  EXPECT_TRUE(Dropped(Receive(request), DynamicCount::kReplayed));
  later(1);
  EXPECT_TRUE(Dropped(Receive(request), DynamicCount::kOutsideWindow));
  EXPECT_EQ(dynamic_.in_progress(), 0U);
}

TEST_F(DynamicTest, WhatWasDroppedForAnotherRequestMayComeAgain) {
  const auto order = All<Dynamic::Change>(Receive(ChangeAnn())).at(0);
  const Bytes request = Sign(WithTime(DisconnectAnn(), wall_));
  EXPECT_TRUE(Dropped(Receive(request), DynamicCount::kSessionInRequest));
  EXPECT_THAT(dynamic_.Conclude(order.id, {}, now_), SizeIs(2));
  EXPECT_THAT(All<Dynamic::Disconnect>(Receive(request)), SizeIs(1));
}

// ---- Nobody answers -----------------------------------------------------------------------------

TEST_F(DynamicTest, AChangeThatNobodyConcludesIsRefusedAndWithdrawn) {
  const Bytes request = Sign(ChangeAnn());
  const auto order = All<Dynamic::Change>(Receive(request)).at(0);
  EXPECT_EQ(dynamic_.NextDeadline(), now_ + seconds(5));
  EXPECT_THAT(dynamic_.Tick(now_ + seconds(5) - std::chrono::nanoseconds(1)), IsEmpty());
  now_ += seconds(5);
  const auto actions = dynamic_.Tick(now_);
  const auto withdrawn = All<Dynamic::Withdraw>(actions);
  ASSERT_THAT(withdrawn, SizeIs(1));
  EXPECT_EQ(withdrawn[0].id, order.id);
  EXPECT_EQ(withdrawn[0].session, kAnn);
  EXPECT_EQ(AnswerIn(actions, request), "NAK 506");
  EXPECT_EQ(dynamic_.NextDeadline(), std::nullopt);
  EXPECT_EQ(Count(DynamicCount::kTimeout), 1U);
  // Too late: the server knows that nothing was done.
  EXPECT_THAT(dynamic_.Conclude(order.id, {}, now_), IsEmpty());
  EXPECT_EQ(Count(DynamicCount::kLate), 1U);
  EXPECT_EQ(AnswerIn(Receive(request), request), "NAK 506");
}

TEST_F(DynamicTest, ADisconnectThatNobodyConcludesIsRefused) {
  const Bytes request = Sign(DisconnectAnn());
  EXPECT_THAT(Receive(request), SizeIs(1));
  const auto actions = dynamic_.Tick(now_ + seconds(5));
  EXPECT_THAT(All<Dynamic::Withdraw>(actions), IsEmpty());
  EXPECT_EQ(AnswerIn(actions, request), "NAK 504");
}

// ---- In quantity --------------------------------------------------------------------------------

TEST_F(DynamicTest, BeyondTheMostInProgressRequestsAreRefused) {
  DynamicAuthorizationLimits limits;
  limits.in_progress = 100;
  Use(Settings(), limits);
  std::set<std::string> answers;
  for (unsigned i = 0; i < 150; ++i) {
    SessionIdentity session = Bob();
    session.name.session = "s" + std::to_string(i);
    sessions_.Put(session);
    const Bytes request = Sign(DisconnectOf({{kAcctSessionId, TextValue(session.name.session)}}));
    const auto actions = Receive(request);
    EXPECT_EQ(AnswerIn(actions, request), i < 100 ? "" : "NAK 506");
    EXPECT_EQ(All<Dynamic::Disconnect>(actions).size(), i < 100 ? 1U : 0U);
  }
  EXPECT_EQ(dynamic_.in_progress(), 100U);
  EXPECT_EQ(Count(DynamicCount::kOverflow), 50U);
  EXPECT_EQ(dynamic_.counters().GetNak(ErrorCause::kResourcesUnavailable), 50U);
  // All of them time out at once, and the next one is taken.
  EXPECT_THAT(All<Dynamic::Reply>(dynamic_.Tick(now_ + seconds(5))), SizeIs(100));
  EXPECT_THAT(All<Dynamic::Disconnect>(Receive(DisconnectAnn())), SizeIs(1));
}

TEST_F(DynamicTest, AFloodFillsNeitherLogNorMemory) {
  DynamicAuthorizationLimits limits;
  limits.answers.entries = 50;
  limits.answers.octets = 100'000;
  Use(Settings(), limits);
  std::size_t lines = 0;
  for (unsigned i = 0; i < 20'000; ++i) {
    Packet packet = DisconnectOf({{kUserName, TextValue("x" + std::to_string(i))}});
    const bool genuine = i % 2 == 0;
    const Bytes request = Sign(packet, WithMessageAuthenticator::kNo, genuine ? "coasecret" : "x");
    lines += All<Dynamic::WriteLog>(Receive(request)).size();
  }
  EXPECT_EQ(lines, 10U);  // five of each kind
  EXPECT_EQ(Count(DynamicCount::kDisconnectNak), 10'000U);
  EXPECT_EQ(Count(DynamicCount::kWrongAuthenticator), 10'000U);
  now_ += seconds(10);
  const auto later = All<Dynamic::WriteLog>(Receive(DisconnectOf({{kUserName, TextValue("y")}})));
  ASSERT_THAT(later, SizeIs(1));
  EXPECT_THAT(later[0].text, HasSubstr("(9995 more such lines left out)"));
}

// The largest request that can be acknowledged: there is room for every answer to it.
TEST_F(DynamicTest, ProxyStatesMustLeaveRoomForTheAnswer) {
  const auto with_states = [](std::size_t last) {
    Packet packet = DisconnectOf({{kUserName, TextValue("q")}});
    for (int i = 0; i < 15; ++i) packet.Add(kProxyState, Bytes(253, 1));
    packet.Add(kProxyState, Bytes(last, 1));
    return packet;
  };
  // 20 + 15 * 255 + 2 + n + 18 + 6 = 4096
  const Bytes largest = Sign(with_states(225));
  EXPECT_EQ(AnswerIn(Receive(largest), largest), "NAK 503");
  EXPECT_TRUE(Dropped(Receive(with_states(226)), DynamicCount::kTooLarge));

  Packet many = DisconnectOf({{kUserName, TextValue("q")}});
  for (int i = 0; i < 510; ++i) many.Add(kProxyState, {});
  const Bytes most = Sign(many);
  EXPECT_EQ(AnswerIn(Receive(most), most), "NAK 503");
  many.Add(kProxyState, {});
  EXPECT_TRUE(Dropped(Receive(many), DynamicCount::kTooLarge));
}

TEST_F(DynamicTest, ALineOfTheLogHasAnEnd) {
  Packet packet = DisconnectOf({{kUserName, Bytes(253, 0x01)}});
  for (int i = 0; i < 200; ++i) packet.Add(kFramedIpv6Prefix, Hex("00 40 20010db800000003"));
  const auto lines = All<Dynamic::WriteLog>(Receive(packet));
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_LT(lines[0].text.size(), 2000U);
  EXPECT_THAT(lines[0].text, HasSubstr(", ... refused"));
}

// ---- While it runs ------------------------------------------------------------------------------

TEST_F(DynamicTest, NewSettingsHoldAtOnceAndLoseNothing) {
  const Bytes request = Sign(ChangeAnn());
  const auto order = All<Dynamic::Change>(Receive(request)).at(0);
  auto settings = Settings();
  settings.allowed_from = {*IpPrefix::Parse("192.0.2.6/32")};
  dynamic_.Configure(std::move(settings));
  EXPECT_EQ(Count(DynamicCount::kSourceNotAllowed), 0U);
  EXPECT_THAT(All<Dynamic::Reply>(Receive(request)), IsEmpty());
  EXPECT_EQ(Count(DynamicCount::kSourceNotAllowed), 1U);
  EXPECT_EQ(AnswerIn(dynamic_.Conclude(order.id, {}, now_), request), "ACK");
}

TEST_F(DynamicTest, CountersHaveNames) {
  EXPECT_EQ(Refused(DisconnectOf({})), "NAK 402");
  std::map<std::string, std::uint64_t> named;
  for (const NamedCounter& counter : dynamic_.counters().Named()) {
    EXPECT_TRUE(named.emplace(counter.name, counter.value).second) << counter.name;
    EXPECT_GT(counter.name.size(), std::string("dynamic_author_").size());
  }
  EXPECT_THAT(named, SizeIs(static_cast<std::size_t>(DynamicCount::kLast) + 1));
  EXPECT_EQ(named["dynamic_author_disconnect_naks"], 1U);
  EXPECT_EQ(named["dynamic_author_nak_402"], 1U);
  EXPECT_EQ(named["dynamic_author_coa_acks"], 0U);
}

TEST(ErrorCause, EveryOneHasWords) {
  std::set<std::string> words;
  for (const unsigned cause : {201, 401, 402, 403, 404, 405, 407, 501, 503, 504, 506, 508}) {
    words.insert(ToString(static_cast<ErrorCause>(cause)));
  }
  EXPECT_THAT(words, SizeIs(12));
  EXPECT_STREQ(ToString(static_cast<ErrorCause>(999)), "unknown cause");
}

}  // namespace
}  // namespace sstpgw::cp::radius
