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

TEST(ConfigFailure, ListsTheProblems) {
  ReloadError error{Error{ErrorCode::kInvalidArgument, "not valid"}, {}};
  EXPECT_EQ(ConfigFailure(error).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  Issue issue;
  issue.path = "sstp.mtu";
  issue.line = 3;
  error.issues = {issue, issue};
  const grpc::Status status = ConfigFailure(error);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  pb::ErrorDetail detail;
  ASSERT_TRUE(detail.ParseFromString(status.error_details()));
  EXPECT_EQ(detail.reason(), pb::REASON_CONFIG_INVALID);
  EXPECT_EQ(detail.problems_size(), 2);
}

TEST(ToMessage, PoolCountsWhatIsLeft) {
  PoolUsage usage{"P", 10, 4, "Q", {{Ipv4Address(0x0a000001), Ipv4Address(0x0a00000a)}}};
  const pb::Pool pool = ToMessage(usage, true);
  EXPECT_EQ(pool.available(), 6U);
  EXPECT_EQ(pool.ranges(0), "10.0.0.1-10.0.0.10");
  EXPECT_TRUE(pool.is_default());
}

}  // namespace
}  // namespace sstpgw::cp
