#include "controlplane/rpc/operator_convert.h"

namespace sstpgw::cp {
namespace {

TEST(ToFilter, TakesEveryPart) {
  pb::SessionFilter message;
  message.set_interface_name("sstp0");
  message.set_user("a\xff");
  message.set_address("10.0.0.2");
  message.set_session_id("id");
  message.set_calling_station("192.0.2.1");
  message.set_gateway_id("g");
  message.set_state(pb::SESSION_STATE_ACTIVE);
  const auto filter = ToFilter(message);
  ASSERT_TRUE(filter);
  EXPECT_EQ(filter->interface_name, "sstp0");
  EXPECT_EQ(filter->user, "a\xff");
  EXPECT_EQ(filter->address, Ipv4Address::Parse("10.0.0.2"));
  EXPECT_EQ(filter->session, "id");
  EXPECT_EQ(filter->calling_station, "192.0.2.1");
  EXPECT_EQ(filter->gateway, "g");
  EXPECT_EQ(filter->state, SessionState::kActive);
}

TEST(ToFilter, RefusesWhatIsNoAddress) {
  pb::SessionFilter message;
  for (const char* text : {"10.0.0", "0.0.0.0", "x"}) {
    message.set_address(text);
    EXPECT_FALSE(ToFilter(message)) << text;
  }
}

TEST(ToFilter, TerminateNeedsExactlyOneSelectorThatSaysSomething) {
  pb::TerminateRequest request;
  EXPECT_FALSE(ToFilter(request));
  request.set_user("");
  EXPECT_FALSE(ToFilter(request));
  request.set_all(false);
  EXPECT_FALSE(ToFilter(request));
  request.set_all(true);
  EXPECT_TRUE(ToFilter(request));
  request.set_user("ann");
  EXPECT_EQ(ToFilter(request)->user, "ann");
  request.set_interface_name("sstp1");
  EXPECT_EQ(ToFilter(request)->interface_name, "sstp1");
  EXPECT_EQ(ToFilter(request)->user, "");
  request.set_session_id("s");
  EXPECT_EQ(ToFilter(request)->session, "s");
  request.set_calling_station("c");
  EXPECT_EQ(ToFilter(request)->calling_station, "c");
  request.set_address("10.0.0.9");
  EXPECT_EQ(ToFilter(request)->address, Ipv4Address::Parse("10.0.0.9"));
  request.set_address("ten");
  EXPECT_FALSE(ToFilter(request));
}

TEST(Failure, CarriesItsReason) {
  const grpc::Status status =
      Failure(Error{ErrorCode::kNotFound, "no such session"}, pb::REASON_NO_SUCH_SESSION);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  pb::ErrorDetail detail;
  ASSERT_TRUE(detail.ParseFromString(status.error_details()));
  EXPECT_EQ(detail.reason(), pb::REASON_NO_SUCH_SESSION);
}

std::vector<Issue> Issues(std::size_t count) {
  std::vector<Issue> issues(count);
  for (std::size_t i = 0; i < count; ++i) issues[i].line = static_cast<std::uint32_t>(i + 1);
  return issues;
}

TEST(AnswerReload, AFileThatCannotBeReadIsAFailure) {
  pb::ReloadResponse response;
  const grpc::Status status =
      AnswerReload(Fail(ReloadError{Error{ErrorCode::kNotFound, "f: gone"}, {}}), response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(status.error_message(), "f: gone");
  pb::ErrorDetail detail;
  ASSERT_TRUE(detail.ParseFromString(status.error_details()));
  EXPECT_EQ(detail.reason(), pb::REASON_CONFIG_UNREADABLE);
}

TEST(AnswerReload, WhatGatewaysRefuseIsAFailure) {
  pb::ReloadResponse response;
  const grpc::Status status =
      AnswerReload(Fail(ReloadError{Error{ErrorCode::kUnavailable, "gw1 refuses"}, {}}), response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  pb::ErrorDetail detail;
  ASSERT_TRUE(detail.ParseFromString(status.error_details()));
  EXPECT_EQ(detail.reason(), pb::REASON_SETTINGS_NOT_TAKEN);
}

TEST(AnswerReload, WhatIsNotValidIsAnAnswerHoweverLong) {
  ReloadError error{Error{ErrorCode::kInvalidArgument, "not valid"}, Issues(5000)};
  pb::ReloadResponse response;
  ASSERT_TRUE(AnswerReload(Fail(std::move(error)), response).ok());
  EXPECT_EQ(response.error_count(), 5000U);
  EXPECT_EQ(response.warning_count(), 0U);
  ASSERT_EQ(response.problems_size(), 1000);
  EXPECT_EQ(response.problems(999).line(), 1000U);
  EXPECT_FALSE(response.problems(0).warning());
}

TEST(AnswerReload, ASuccessCarriesItsWarnings) {
  ReloadDone done{Generation(7), true, Issues(2)};
  pb::ReloadResponse response;
  ASSERT_TRUE(AnswerReload(std::move(done), response).ok());
  EXPECT_EQ(response.generation(), 7U);
  EXPECT_TRUE(response.settings_changed());
  EXPECT_EQ(response.error_count(), 0U);
  EXPECT_EQ(response.warning_count(), 2U);
  EXPECT_TRUE(response.problems(1).warning());
}

TEST(AddProblems, ErrorsComeFirst) {
  pb::ValidateConfigResponse response;
  AddProblems(Issues(999), Issues(3), response);
  ASSERT_EQ(response.problems_size(), 1000);
  EXPECT_FALSE(response.problems(998).warning());
  EXPECT_TRUE(response.problems(999).warning());
  EXPECT_EQ(response.error_count(), 999U);
  EXPECT_EQ(response.warning_count(), 3U);
}

TEST(ToMessage, PoolCountsWhatIsLeft) {
  PoolUsage usage{"P", 10, 4, "Q", {{Ipv4Address(0x0a000001), Ipv4Address(0x0a00000a)}}};
  const pb::Pool pool = ToMessage(usage, true);
  EXPECT_EQ(pool.available(), 6U);
  EXPECT_EQ(pool.ranges(0), "10.0.0.1-10.0.0.10");
  EXPECT_TRUE(pool.is_default());
}

TEST(ToMessage, PoolsOfPrefixesTellHowTheyAreCut) {
  const PrefixUsage usage{
      "V6", PrefixKind::kDelegated, 256, 3, {{*Ipv6Prefix::Parse("2001:db8::/48"), 56}}};
  const pb::Pool pool = ToMessage(usage, true);
  EXPECT_EQ(pool.available(), 253U);
  EXPECT_EQ(pool.ranges(0), "2001:db8::/48 in /56");
  EXPECT_EQ(pool.kind(), pb::POOL_KIND_IPV6_DELEGATED);
  EXPECT_TRUE(pool.is_default());
}

// ---- Rate limits

TEST(ToRateOrder, EachKindOfOrder) {
  pb::ChangeShaperRequest request;
  request.set_interface_name("sstp0");
  request.set_rate("3,10M/2M");
  auto order = ToRateOrder(request);
  ASSERT_TRUE(order);
  EXPECT_EQ(order->kind, RateOrder::Kind::kChange);
  EXPECT_FALSE(order->all);
  EXPECT_EQ(order->which.interface_name, "sstp0");
  EXPECT_EQ(order->rate.time_range, 3U);
  EXPECT_EQ(order->rate.up->rate, BitsPerSecond{2'000'000});
  EXPECT_EQ(order->who, "operator");
  request.set_all(true);
  request.set_temporary_rate("1/1");
  order = ToRateOrder(request);
  ASSERT_TRUE(order);
  EXPECT_EQ(order->kind, RateOrder::Kind::kTemporary);
  EXPECT_TRUE(order->all);
  EXPECT_EQ(order->which.interface_name, "");
  request.set_restore(true);
  order = ToRateOrder(request);
  ASSERT_TRUE(order);
  EXPECT_EQ(order->kind, RateOrder::Kind::kRestore);
}

TEST(ToMessage, OfManyFailuresTheFirstThousandAreListed) {
  PolicyOutcome outcome;
  outcome.changed = 5;
  outcome.refused.assign(1001, {{"g", "s"}, "sstp0", "no"});
  outcome.unanswered.assign(2, {{"h", "t"}, "sstp1", "silent"});
  const pb::ChangeShaperResponse message = ToMessage(outcome);
  EXPECT_EQ(message.changed(), 5U);
  EXPECT_EQ(message.refused_size(), 1000);
  EXPECT_EQ(message.refused_count(), 1001U);
  EXPECT_EQ(message.unanswered_count(), 2U);
  EXPECT_EQ(message.unanswered(1).gateway_id(), "h");
  EXPECT_EQ(message.unanswered(1).interface_name(), "sstp1");
  EXPECT_EQ(message.unanswered(1).reason(), "silent");
}

TEST(ToMessage, ASessionTellsWhatIsKeptAndWhatIsWanted) {
  const RateLimit limit{{BitsPerSecond{10'000'000}, {}}, {BitsPerSecond{500}, {}}};
  SessionView view;
  view.entry.record.policy.rate_limit = limit;
  view.wanted_rate = {limit, RateSource::kChanged, 3};
  pb::Session message = ToMessage(view);
  EXPECT_EQ(message.rate_limit(), "10000/0.5");
  EXPECT_EQ(message.rate_source(), pb::RATE_SOURCE_CHANGED);
  EXPECT_EQ(message.rate_time_range(), 3U);
  EXPECT_FALSE(message.has_wanted_rate_limit());
  EXPECT_FALSE(message.has_achieved());
  view.wanted_rate = {RateLimit{}, RateSource::kNone, 0};
  view.achieved = AchievedRates{BitsPerSecond{7}, BitsPerSecond{8}, std::chrono::milliseconds(9)};
  message = ToMessage(view);
  EXPECT_EQ(message.wanted_rate_limit(), "0/0");
  EXPECT_EQ(message.rate_source(), pb::RATE_SOURCE_NONE);
  EXPECT_EQ(message.achieved().down_bits_per_second(), 7U);
  EXPECT_EQ(message.achieved().up_bits_per_second(), 8U);
  EXPECT_EQ(message.achieved().over_milliseconds(), 9U);
}

SessionView Ipv6View(const char* prefix, InterfaceId id) {
  SessionView view;
  SessionRecord& record = view.entry.record;
  record.network.ipv6 = true;
  record.network.peer_interface_id = id;
  record.policy.network.framed_ipv6_prefixes = {*Ipv6Prefix::Parse(prefix)};
  record.policy.network.delegated_ipv6_prefixes = {*Ipv6Prefix::Parse("2001:db8:8000::/56"),
                                                   *Ipv6Prefix::Parse("2001:db8:9000::/56")};
  return view;
}

// features 4.1.
TEST(ToMessage, TheClientsIpv6AddressIsPrefixAndIdentifier) {
  const InterfaceId id{0xff, 0xff, 0, 0, 0, 0, 0x12, 0xff};
  const auto ip6 = [&](const char* prefix) { return ToMessage(Ipv6View(prefix, id)).inner_ip6(); };
  EXPECT_EQ(ip6("2001:db8::/64"), "2001:db8::ffff:0:0:12ff/64");
  EXPECT_EQ(ip6("2001:db8::/56"), "2001:db8::ffff:0:0:12ff/56");
  EXPECT_EQ(ip6("2001:db8::/112"), "2001:db8::12ff/112");
  EXPECT_EQ(ip6("2001:db8::/121"), "2001:db8::7f/121");
  EXPECT_EQ(ip6("2001:db8::5/128"), "2001:db8::5/128");
}

TEST(ToMessage, OfIpv6OnlyWhatIsInUseIsTold) {
  SessionView view = Ipv6View("2001:db8::/64", {0, 0, 0, 0, 0, 0, 0, 2});
  EXPECT_EQ(ToMessage(view).delegated_prefix(), "") << "the client has not taken it";
  view.entry.record.network.delegated = true;
  EXPECT_EQ(ToMessage(view).delegated_prefix(), "2001:db8:8000::/56");
  view.entry.record.policy.network.framed_ipv6_prefixes.clear();
  EXPECT_EQ(ToMessage(view).inner_ip6(), "");
  view.entry.record.policy.network.framed_ipv6_addresses = {*Ipv6Address::Parse("2001:db8::9")};
  EXPECT_EQ(ToMessage(view).inner_ip6(), "2001:db8::9/128");
  view.entry.record.network.ipv6 = false;
  EXPECT_EQ(ToMessage(view).inner_ip6(), "");
}

TEST(ToMessage, EverySourceHasItsNumber) {
  SessionView view;
  for (const auto& [source, number] :
       {std::pair{RateSource::kNone, pb::RATE_SOURCE_NONE},
        std::pair{RateSource::kDefault, pb::RATE_SOURCE_DEFAULT},
        std::pair{RateSource::kUser, pb::RATE_SOURCE_USER},
        std::pair{RateSource::kChanged, pb::RATE_SOURCE_CHANGED},
        std::pair{RateSource::kTemporary, pb::RATE_SOURCE_TEMPORARY}}) {
    view.wanted_rate.source = source;
    EXPECT_EQ(ToMessage(view).rate_source(), number);
  }
}

}  // namespace
}  // namespace sstpgw::cp
