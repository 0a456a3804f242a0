// Rate limits through the whole control plane: configuration, logins, operators, gateways.
#include <atomic>
#include <thread>

#include "tests/unit/app/app_bench.h"
#include "tests/unit/app/fake_gateway.h"

namespace sstpgw::cp {
namespace {

using ::testing::HasSubstr;
using Stub = v1::Operator::Stub;

class RatesTest : public AppBench {
 protected:
  void SetUp() override {
    AppBench::SetUp();
    gateway_ = std::make_unique<FakeGateway>(link_socket(), "g", "boot1");
  }
  void TearDown() override {
    gateway_.reset();
    AppBench::TearDown();
  }
  void Attach(const v1::SessionRecord& record) {
    gateway_->Attach({record});
    gateway_->ApplySettings();
  }
  static v1::SessionRecord Limited(std::uint64_t down, std::uint64_t up,
                                   std::uint64_t generation = 1) {
    v1::SessionRecord record = FakeGateway::Record("s1", "test", 0x0a000002);
    record.mutable_policy()->set_generation(generation);
    if (down + up > 0) {
      v1::RateLimit& limit = *record.mutable_policy()->mutable_rate_limit();
      limit.mutable_down()->set_rate_bits_per_second(down);
      limit.mutable_up()->set_rate_bits_per_second(up);
    }
    return record;
  }
  static v1::ChangeShaperRequest Change(const std::string& rate) {
    v1::ChangeShaperRequest request;
    request.set_interface_name("sstp0");
    request.set_rate(rate);
    return request;
  }
  void Count(std::uint64_t passed_octets) {
    v1::FromGateway message;
    v1::CountersBatch::Entry& entry = *message.mutable_counters()->add_entries();
    entry.set_session_id(FakeGateway::Sid("s1"));
    entry.set_tls_send(v1::TLS_MODE_USER);
    entry.set_tls_receive(v1::TLS_MODE_USER);
    entry.mutable_shaper()->set_down_limiter(v1::DOWN_LIMITER_EDT);
    entry.mutable_shaper()->set_up_limiter(v1::UP_LIMITER_AUTO);
    entry.mutable_shaper()->mutable_down()->set_passed_octets(passed_octets);
    entry.mutable_shaper()->mutable_down()->set_dropped_packets(3);
    gateway_->Write(message);
    gateway_->ReportAndWait(v1::SESSION_EVENT_KIND_DOWN, FakeGateway::Record("none", "", 0));
  }

  std::unique_ptr<FakeGateway> gateway_;
};

TEST_F(RatesTest, ALoginGetsTheLimitOfItsUserOrTheDefault) {
  StopControlPlane();
  WriteConfig("  shaper: { rate-limit: 9M/1M, down-limiter: htb }\n", "10.0.0.2-10.0.0.100",
              "fast: { password: fast, rate-limit: { download: 50000, upload: 40000 } }");
  StartControlPlane();
  gateway_->Attach();
  EXPECT_EQ(gateway_->ApplySettings().shaper().down_limiter(), v1::DOWN_LIMITER_HTB);
  v1::AuthorizeResponse response;
  ASSERT_TRUE(gateway_->Authorize(gateway_->PapQuestion("s1", "fast", "fast"), &response).ok());
  const v1::RateLimit fast = response.accept().policy().rate_limit();
  EXPECT_EQ(fast.down().rate_bits_per_second(), 50'000'000U);
  EXPECT_EQ(fast.up().rate_bits_per_second(), 40'000'000U);
  ASSERT_TRUE(gateway_->Authorize(gateway_->PapQuestion("s2", "test", "test"), &response).ok());
  EXPECT_EQ(response.accept().policy().rate_limit().down().rate_bits_per_second(), 9'000'000U);
}

TEST_F(RatesTest, AChangeIsAnsweredWhenTheGatewayHasAppliedIt) {
  Attach(Limited(0, 0));
  v1::ChangeShaperResponse response;
  grpc::Status status;
  std::atomic<bool> answered = false;
  std::thread asker([&] {
    status = Call(&Stub::ChangeShaper, Change("10M/2M"), &response);
    answered = true;
  });
  const v1::SetPolicy order = gateway_->Await(v1::ToGateway::kPolicy).policy();
  EXPECT_FALSE(answered);
  EXPECT_EQ(order.session_id(), FakeGateway::Sid("s1"));
  EXPECT_EQ(order.policy().generation(), 2U);
  EXPECT_EQ(order.policy().address(), 0x0a000002U);
  EXPECT_EQ(order.policy().rate_limit().up().rate_bits_per_second(), 2'000'000U);
  v1::FromGateway applied;
  applied.mutable_applied()->set_generation(2);
  applied.mutable_applied()->set_session_id(order.session_id());
  gateway_->Write(applied);
  asker.join();
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.changed(), 1U);
  const auto sessions = Sessions();
  ASSERT_EQ(sessions.size(), 1U);
  EXPECT_EQ(sessions[0].rate_limit(), "10000/2000");
  EXPECT_EQ(sessions[0].rate_source(), v1::RATE_SOURCE_CHANGED);
  EXPECT_FALSE(sessions[0].has_wanted_rate_limit());
}

TEST_F(RatesTest, ARefusalReachesTheAsker) {
  Attach(Limited(0, 0));
  v1::ChangeShaperResponse response;
  grpc::Status status;
  std::thread asker([&] { status = Call(&Stub::ChangeShaper, Change("10M/2M"), &response); });
  gateway_->RefusePolicy("sch_fq is missing");
  asker.join();
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.changed(), 0U);
  EXPECT_EQ(response.refused_count(), 1U);
  ASSERT_EQ(response.refused_size(), 1);
  EXPECT_EQ(response.refused(0).interface_name(), "sstp0");
  EXPECT_EQ(response.refused(0).gateway_id(), "g");
  EXPECT_EQ(response.refused(0).reason(), "sch_fq is missing");
  EXPECT_EQ(Sessions().at(0).rate_limit(), "");
}

TEST_F(RatesTest, SilenceIsAnAnswerAfterAWhile) {
  Attach(Limited(0, 0));
  v1::ChangeShaperResponse response;
  ASSERT_TRUE(Call(&Stub::ChangeShaper, Change("10M/2M"), &response).ok());
  ASSERT_EQ(response.unanswered_size(), 1);
  EXPECT_EQ(response.unanswered(0).reason(), "gateway 'g' has not answered within 5 s");
  EXPECT_EQ(Sessions().at(0).wanted_rate_limit(), "10000/2000");
}

TEST_F(RatesTest, OrdersThatCannotBe) {
  Attach(Limited(0, 0));
  v1::ChangeShaperResponse response;
  const auto fails = [&](const v1::ChangeShaperRequest& request, grpc::StatusCode code,
                         v1::Reason reason, const std::string& text) {
    const grpc::Status status = Call(&Stub::ChangeShaper, request, &response);
    EXPECT_EQ(status.error_code(), code);
    EXPECT_EQ(ReasonOf(status), reason);
    EXPECT_THAT(status.error_message(), HasSubstr(text));
  };
  const auto invalid = grpc::StatusCode::INVALID_ARGUMENT;
  fails(Change("ten/two"), invalid, v1::REASON_BAD_RATE,
        "'ten/two' is no DOWN/UP: no number at position 1");
  v1::ChangeShaperRequest request = Change("1/1");
  request.set_interface_name("sstp9");
  fails(request, grpc::StatusCode::NOT_FOUND, v1::REASON_NO_SUCH_SESSION, "no such session");
  request.set_interface_name("");
  fails(request, invalid, v1::REASON_BAD_SELECTOR, "an interface, or all");
  request.set_all(false);
  fails(request, invalid, v1::REASON_BAD_SELECTOR, "an interface, or all");
  request.set_all(true);
  request.set_restore(false);
  fails(request, invalid, v1::REASON_BAD_SELECTOR, "to restore");
  request.clear_order();
  fails(request, invalid, v1::REASON_BAD_SELECTOR, "to restore");
  request.set_temporary_rate("3,1/1");
  fails(request, invalid, v1::REASON_BAD_RATE, "time range");
}

TEST_F(RatesTest, AGatewayThatReturnsIsToldWhatItMissed) {
  Attach(Limited(0, 0));
  StopControlPlane();
  WriteConfig("  shaper: { rate-limit: 9M/1M }\n");
  StartControlPlane();
  gateway_->Attach({Limited(0, 0)});
  const v1::SetPolicy order = gateway_->ApplyPolicy();
  EXPECT_EQ(order.policy().generation(), 2U);
  EXPECT_EQ(order.policy().rate_limit().down().rate_bits_per_second(), 9'000'000U);
}

TEST_F(RatesTest, AReloadIsForRunningSessions) {
  Attach(Limited(0, 0));
  WriteConfig("  shaper: { rate-limit: 9M/1M }\n");
  v1::ReloadResponse response;
  grpc::Status status;
  std::thread asker([&] { status = Call(&Stub::Reload, v1::ReloadRequest(), &response); });
  EXPECT_EQ(gateway_->ApplyPolicy().policy().rate_limit().up().rate_bits_per_second(), 1'000'000U);
  asker.join();
  EXPECT_TRUE(status.ok());
  EXPECT_FALSE(response.settings_changed());
}

TEST_F(RatesTest, WhatTheLimiterDidIsShown) {
  Attach(Limited(9'000'000, 0));
  gateway_->ApplyPolicy();  // nobody gave it a limit
  Count(1000);
  v1::Session session = Sessions().at(0);
  EXPECT_FALSE(session.has_achieved());
  EXPECT_EQ(session.record().shaper().down_limiter(), v1::DOWN_LIMITER_EDT);
  EXPECT_EQ(session.record().shaper().down().dropped_packets(), 3U);
  Count(1'001'000);
  session = Sessions().at(0);
  ASSERT_TRUE(session.has_achieved());
  // A million octets in whatever time it took.
  EXPECT_GT(session.achieved().down_bits_per_second(), 0U);
  EXPECT_EQ(session.achieved().up_bits_per_second(), 0U);
}

}  // namespace
}  // namespace sstpgw::cp
