#include "controlplane/rpc/radius_convert.h"

#include "controlplane/rpc/operator_convert.h"

namespace sstpgw::cp {
namespace {

using radius::DynamicCount;
using radius::ErrorCause;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

radius::ServerView Server() {
  radius::ServerView server;
  server.number = 2;
  server.backup = true;
  server.weight = 5;
  server.authentication = {Ipv4Address(0x0a000001), 1812};
  server.accounting = {*Ipv6Address::Parse("2001:db8::1"), 1813};
  radius::ServiceView& auth = server.services[0];
  auth.state = radius::ServiceState::kActive;
  auth.fail_count = 1;
  auth.in_flight = 2;
  auth.queue_length = 3;
  auth.sockets = 4;
  auth.requests.total = {100, 10, 5};
  auth.requests.lost_5m = 4;
  auth.requests.lost_1m = 3;
  auth.requests.average_5m = std::chrono::milliseconds(2);
  auth.accepts = 6;
  auth.rejects = 7;
  auth.challenges = 8;
  auth.bad[static_cast<std::size_t>(radius::BadReply::kWrongAuthenticator)] = 9;
  auth.last_error = "no way";
  auth.last_round_trip = std::chrono::microseconds(1500);
  auth.smoothed_round_trip = std::chrono::microseconds(1600);
  radius::ServiceView& acct = server.services[1];
  acct.state = radius::ServiceState::kFailed;
  acct.left_alone_for = std::chrono::seconds(30);
  acct.interims.total = {11, 1, 2};
  acct.accounting_responses = 12;
  return server;
}

TEST(RadiusConvert, AServer) {
  const pb::RadiusServer message = ToMessage(Server());
  EXPECT_EQ(message.number(), 2U);
  EXPECT_TRUE(message.backup());
  EXPECT_FALSE(message.disabled());
  EXPECT_EQ(message.weight(), 5U);
  const pb::RadiusService& auth = message.authentication();
  EXPECT_EQ(auth.address(), "10.0.0.1:1812");
  EXPECT_EQ(auth.state(), pb::RADIUS_SERVICE_STATE_ACTIVE);
  EXPECT_EQ(auth.fail_count(), 1U);
  EXPECT_EQ(auth.in_flight(), 2U);
  EXPECT_EQ(auth.queue_length(), 3U);
  EXPECT_EQ(auth.sockets(), 4U);
  EXPECT_EQ(auth.requests().sent(), 100U);
  EXPECT_EQ(auth.requests().retries(), 10U);
  EXPECT_EQ(auth.requests().lost(), 5U);
  EXPECT_EQ(auth.requests().lost_5m(), 4U);
  EXPECT_EQ(auth.requests().lost_1m(), 3U);
  EXPECT_EQ(auth.requests().average_5m_microseconds(), 2000U);
  EXPECT_EQ(auth.accepts(), 6U);
  EXPECT_EQ(auth.rejects(), 7U);
  EXPECT_EQ(auth.challenges(), 8U);
  EXPECT_THAT(auth.bad_replies(), UnorderedElementsAre(Pair("wrong authenticator", 9U)));
  EXPECT_EQ(auth.last_error(), "no way");
  EXPECT_EQ(auth.last_round_trip_microseconds(), 1500U);
  EXPECT_EQ(auth.smoothed_round_trip_microseconds(), 1600U);
  const pb::RadiusService& acct = message.accounting();
  EXPECT_EQ(acct.address(), "[2001:db8::1]:1813");
  EXPECT_EQ(acct.state(), pb::RADIUS_SERVICE_STATE_FAILED);
  EXPECT_EQ(acct.left_alone_seconds(), 30U);
  EXPECT_EQ(acct.interims().sent(), 11U);
  EXPECT_EQ(acct.accounting_responses(), 12U);
  EXPECT_FALSE(acct.has_last_round_trip_microseconds());
}

TEST(RadiusConvert, StatisticsNameTheServers) {
  StatisticsView view;
  EXPECT_EQ(ToMessage(view).radius_servers_size(), 0);
  view.radius_servers.push_back(Server());
  EXPECT_EQ(ToMessage(view).radius_servers(0).number(), 2U);
}

TEST(RadiusConvert, WhatThereIsNotIsAbsent) {
  const pb::GetRadiusResponse message = ToMessage(RadiusView{});
  EXPECT_FALSE(message.enabled());
  EXPECT_FALSE(message.has_accounting());
  EXPECT_FALSE(message.has_dynamic_author());
}

TEST(RadiusConvert, AllOfIt) {
  RadiusView view;
  view.clients.emplace();
  view.clients->servers.push_back(Server());
  view.clients->open_requests = 1;
  view.clients->refused_requests = 2;
  view.clients->stray_datagrams = 3;
  RadiusAccountingView& accounting = view.accounting.emplace();
  accounting.records = 4;
  accounting.octets = 5;
  accounting.in_flight = 6;
  accounting.oldest = std::chrono::seconds(7);
  accounting.stalled = true;
  accounting.path = "/x";
  accounting.counters.started = 8;
  accounting.spool.acknowledged = 9;
  accounting.spool.shed_interims = 10;
  const pb::GetRadiusResponse message = ToMessage(view);
  EXPECT_TRUE(message.enabled());
  EXPECT_EQ(message.servers_size(), 1);
  EXPECT_EQ(message.open_requests(), 1U);
  EXPECT_EQ(message.refused_requests(), 2U);
  EXPECT_EQ(message.stray_datagrams(), 3U);
  EXPECT_EQ(message.accounting().spool_records(), 4U);
  EXPECT_EQ(message.accounting().spool_octets(), 5U);
  EXPECT_EQ(message.accounting().in_flight(), 6U);
  EXPECT_EQ(message.accounting().oldest_seconds(), 7U);
  EXPECT_TRUE(message.accounting().stalled());
  EXPECT_FALSE(message.accounting().near_full());
  EXPECT_EQ(message.accounting().path(), "/x");
  EXPECT_EQ(message.accounting().starts(), 8U);
  EXPECT_EQ(message.accounting().acknowledged(), 9U);
  EXPECT_EQ(message.accounting().shed(), 10U);
}

TEST(RadiusConvert, DynamicAuthorization) {
  RadiusView view;
  RadiusDynamicView& author = view.dynamic_author.emplace();
  author.listening = "*:1700";
  author.in_progress = 2;
  author.unsent = 3;
  author.counters.Add(DynamicCount::kNotSigned);
  author.counters.Add(DynamicCount::kDisconnectRequest);
  author.counters.Add(DynamicCount::kDisconnectNak);
  author.counters.AddNak(ErrorCause::kSessionContextNotFound);
  author.counters.Add(DynamicCount::kSourceNotAllowed);
  author.counters.Add(DynamicCount::kSessionInRequest);
  author.counters.Add(DynamicCount::kSessionInRequest);
  author.counters.Add(DynamicCount::kDuplicateAnswered);
  const pb::RadiusDynamicAuthor message = ToMessage(view).dynamic_author();
  EXPECT_EQ(message.listening(), "*:1700");
  EXPECT_EQ(message.in_progress(), 2U);
  EXPECT_EQ(message.unsent(), 4U);
  EXPECT_EQ(message.disconnect_requests(), 1U);
  EXPECT_EQ(message.disconnect_acks(), 0U);
  EXPECT_EQ(message.disconnect_naks(), 1U);
  ASSERT_EQ(message.naks_size(), 1);
  EXPECT_EQ(message.naks(0).cause(), 503U);
  EXPECT_EQ(message.naks(0).text(), "session context not found");
  EXPECT_EQ(message.naks(0).count(), 1U);
  EXPECT_THAT(message.dropped(),
              UnorderedElementsAre(Pair("source", 1U), Pair("session_in_request", 2U)));
  EXPECT_EQ(message.duplicates_answered(), 1U);
}

// Whatever is dropped is told, and nothing else is called dropped.
TEST(RadiusConvert, EveryReasonToDrop) {
  RadiusView view;
  RadiusDynamicView& author = view.dynamic_author.emplace();
  int dropped = 0;
  for (int i = 0; i < static_cast<int>(DynamicCount::kLast); ++i) {
    const auto count = static_cast<DynamicCount>(i);
    author.counters.Add(count);
    if (std::string(ToString(count)).rfind("dropped_", 0) == 0) ++dropped;
  }
  EXPECT_EQ(ToMessage(view).dynamic_author().dropped_size(), dropped);
}

}  // namespace
}  // namespace sstpgw::cp
