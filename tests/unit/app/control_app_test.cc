// What gateways live through: attach, logins, replacement, reload, restarts of either side.
#include "controlplane/app/control_app.h"

#include <thread>

#include "tests/unit/app/app_bench.h"
#include "tests/unit/app/fake_gateway.h"

namespace sstpgw::cp {
namespace {

std::string FromHex(const std::string& hex) {
  std::string out;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    out += static_cast<char>(std::stoul(hex.substr(i, 2), nullptr, 16));
  }
  return out;
}

constexpr std::uint32_t kFirst = 0x0a000002;  // 10.0.0.2

class ControlAppTest : public AppBench {
 protected:
  FakeGateway Gateway(const std::string& id = "g", const std::string& boot = "boot1") {
    return FakeGateway(link_socket(), id, boot);
  }
  // Attached and known to the control plane.
  void AttachAndWait(FakeGateway& gateway, std::vector<v1::SessionRecord> sessions = {}) {
    gateway.Attach(std::move(sessions));
    gateway.Await(v1::ToGateway::kSettings);
    // Settings are sent before the sessions are taken in; an answer to a report says that both are.
    gateway.ReportAndWait(v1::SESSION_EVENT_KIND_DOWN, FakeGateway::Record("none", "", 0));
  }
};

TEST_F(ControlAppTest, AttachBringsTheSettings) {
  FakeGateway gateway = Gateway();
  gateway.Attach();
  const v1::GatewaySettings settings =
      gateway.Await(v1::ToGateway::kSettings).settings().settings();
  EXPECT_EQ(settings.port(), 443U);
  EXPECT_GE(settings.generation(), 1U);
  EXPECT_NE(settings.tls().certificate_chain_pem(), "");
  EXPECT_NE(settings.tls().private_key_pem(), "");
  EXPECT_EQ(settings.ppp().gateway_address(), 0x0a000001U);
}

TEST_F(ControlAppTest, TheFirstMessageMustBeHello) {
  EXPECT_EQ(Gateway().AttachWrongly().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ControlAppTest, ASecondHelloEndsTheStream) {
  FakeGateway gateway = Gateway();
  AttachAndWait(gateway);
  v1::FromGateway message;
  message.mutable_hello()->set_gateway_id("g");
  message.mutable_hello()->set_boot_id("b");
  gateway.Write(message);
  EXPECT_EQ(gateway.AwaitEnd().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ControlAppTest, AuthorizeNeedsAnAttachedGateway) {
  FakeGateway gateway = Gateway();
  v1::AuthorizeResponse response;
  EXPECT_EQ(gateway.Authorize(gateway.PapQuestion("s1", "test", "test"), &response).error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

TEST_F(ControlAppTest, BrokenQuestionsAreRefused) {
  FakeGateway gateway = Gateway();
  AttachAndWait(gateway);
  v1::AuthorizeRequest question = gateway.Question("s1", "test");  // no evidence
  v1::AuthorizeResponse response;
  EXPECT_EQ(gateway.Authorize(question, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  question.mutable_chap_md5()->set_challenge("short");
  EXPECT_EQ(gateway.Authorize(question, &response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ControlAppTest, PapLogin) {
  FakeGateway gateway = Gateway();
  AttachAndWait(gateway);
  v1::AuthorizeResponse response;
  ASSERT_TRUE(gateway.Authorize(gateway.PapQuestion("s1", "test", "test"), &response).ok());
  ASSERT_TRUE(response.has_accept());
  EXPECT_EQ(response.accept().policy().address(), kFirst);
  EXPECT_EQ(response.accept().policy().gateway_address(), 0x0a000001U);
  ASSERT_EQ(response.accept().policy().dns_size(), 1);
  EXPECT_EQ(response.accept().success_message(), "Authentication succeeded");
  EXPECT_EQ(response.accept().hlak(), std::string(32, '\0'));
}

TEST_F(ControlAppTest, WrongPasswordUnknownAndDisabledUsersGetTheSameAnswer) {
  FakeGateway gateway = Gateway();
  AttachAndWait(gateway);
  v1::AuthorizeResponse wrong;
  v1::AuthorizeResponse unknown;
  v1::AuthorizeResponse disabled;
  ASSERT_TRUE(gateway.Authorize(gateway.PapQuestion("s1", "test", "nope"), &wrong).ok());
  ASSERT_TRUE(gateway.Authorize(gateway.PapQuestion("s2", "nobody", "x"), &unknown).ok());
  ASSERT_TRUE(gateway.Authorize(gateway.PapQuestion("s3", "off", "off"), &disabled).ok());
  ASSERT_TRUE(wrong.has_reject());
  EXPECT_EQ(wrong.reject().mschap_error(), 691U);
  EXPECT_EQ(wrong.SerializeAsString(), unknown.SerializeAsString());
  EXPECT_EQ(wrong.SerializeAsString(), disabled.SerializeAsString());
}

TEST_F(ControlAppTest, ChapMd5Login) {
  FakeGateway gateway = Gateway();
  AttachAndWait(gateway);
  v1::AuthorizeRequest question = gateway.Question("s1", "test");
  question.mutable_chap_md5()->set_identifier(1);
  question.mutable_chap_md5()->set_challenge(FromHex("000102030405060708090a0b0c0d0e0f"));
  question.mutable_chap_md5()->set_response(FromHex("636a39117089481b7b2b6da2b33d9a1a"));
  v1::AuthorizeResponse response;
  ASSERT_TRUE(gateway.Authorize(question, &response).ok());
  EXPECT_TRUE(response.has_accept());
}

TEST_F(ControlAppTest, MsChapV1Login) {
  FakeGateway gateway = Gateway();
  AttachAndWait(gateway);
  v1::AuthorizeRequest question = gateway.Question("s1", "v1");
  v1::MsChapV1Evidence& evidence = *question.mutable_mschap_v1();
  evidence.set_challenge(FromHex("102DB5DF085D3041"));
  evidence.set_lm_response(std::string(24, '\0'));
  evidence.set_nt_response(FromHex("4e9d3c8f9cfd385d5bf4d3246791956ca4c351ab409a3d61"));
  evidence.set_flags(1);
  v1::AuthorizeResponse response;
  ASSERT_TRUE(gateway.Authorize(question, &response).ok());
  EXPECT_TRUE(response.has_accept());
}

TEST_F(ControlAppTest, MsChapV2Login) {
  FakeGateway gateway = Gateway();
  AttachAndWait(gateway);
  v1::AuthorizeRequest question = gateway.Question("s1", "User");
  v1::MsChapV2Evidence& evidence = *question.mutable_mschap_v2();
  evidence.set_challenge(FromHex("5B5D7C7D7B3F2F3E3C2C602132262628"));
  evidence.set_peer_challenge(FromHex("21402324255E262A28295F2B3A337C7E"));
  evidence.set_nt_response(FromHex("82309ecd8d708b5ea08faa3981cd83544233114a3d85d6df"));
  v1::AuthorizeResponse response;
  ASSERT_TRUE(gateway.Authorize(question, &response).ok());
  ASSERT_TRUE(response.has_accept());
  EXPECT_EQ(response.accept().success_message(),
            "S=407A5589115FD0D6209F510FE9C04566932CDA56 M=Authentication succeeded");
}

TEST_F(ControlAppTest, TheSameAttemptIsAnsweredTheSame) {
  FakeGateway gateway = Gateway();
  AttachAndWait(gateway);
  const v1::AuthorizeRequest question = gateway.PapQuestion("s1", "test", "test");
  v1::AuthorizeResponse first;
  v1::AuthorizeResponse second;
  ASSERT_TRUE(gateway.Authorize(question, &first).ok());
  ASSERT_TRUE(gateway.Authorize(question, &second).ok());
  EXPECT_EQ(first.SerializeAsString(), second.SerializeAsString());
}

TEST_F(ControlAppTest, ASecondLoginReplacesTheFirst) {
  FakeGateway gateway = Gateway();
  AttachAndWait(gateway);
  v1::AuthorizeResponse response;
  ASSERT_TRUE(gateway.Authorize(gateway.PapQuestion("s1", "test", "test"), &response).ok());
  const v1::SessionRecord record = FakeGateway::Record("s1", "test", kFirst);
  gateway.ReportAndWait(v1::SESSION_EVENT_KIND_UP, record);
  v1::AuthorizeResponse replaced;
  const v1::AuthorizeRequest question = gateway.PapQuestion("s2", "test", "test");
  std::thread second([&] { EXPECT_TRUE(gateway.Authorize(question, &replaced).ok()); });
  const v1::Disconnect order = gateway.Await(v1::ToGateway::kDisconnect).disconnect();
  EXPECT_EQ(order.session_id(), FakeGateway::Sid("s1"));
  EXPECT_FALSE(order.hard());
  EXPECT_EQ(order.cause(), v1::TERMINATE_CAUSE_NAS_REQUEST);
  gateway.Report(v1::SESSION_EVENT_KIND_DOWN, record);
  second.join();
  EXPECT_TRUE(replaced.has_accept());
}

TEST_F(ControlAppTest, ALoginWhoseGatewayGivesUpLeavesNothing) {
  FakeGateway gateway = Gateway();
  AttachAndWait(gateway, {FakeGateway::Record("s1", "test", kFirst)});
  const auto channel =
      grpc::CreateChannel("unix:" + link_socket(), grpc::InsecureChannelCredentials());
  const auto stub = v1::SessionLink::NewStub(channel);
  grpc::ClientContext context;
  v1::AuthorizeResponse response;
  const v1::AuthorizeRequest question = gateway.PapQuestion("s2", "test", "test");
  std::thread asking([&] {
    EXPECT_EQ(stub->Authorize(&context, question, &response).error_code(),
              grpc::StatusCode::CANCELLED);
  });
  gateway.Await(v1::ToGateway::kDisconnect);  // the login waits
  context.TryCancel();
  asking.join();
  // The cancellation comes on another connection than the report: wait until it is there.
  v1::GetStatisticsResponse statistics;
  do {
    ASSERT_TRUE(Call(&v1::Operator::Stub::GetStatistics, {}, &statistics).ok());
  } while (statistics.counters().at("authorize_waiting") > 0);
  gateway.ReportAndWait(v1::SESSION_EVENT_KIND_DOWN, FakeGateway::Record("s1", "test", kFirst));
  ASSERT_TRUE(Call(&v1::Operator::Stub::GetStatistics, {}, &statistics).ok());
  EXPECT_EQ(statistics.counters().at("authorize_accepted"), 0U);
}

TEST_F(ControlAppTest, ASecondStreamOfOneGatewayEndsTheFirst) {
  FakeGateway first = Gateway();
  AttachAndWait(first, {FakeGateway::Record("s1", "test", kFirst)});
  FakeGateway second = Gateway();
  AttachAndWait(second, {FakeGateway::Record("s1", "test", kFirst)});
  EXPECT_FALSE(first.AwaitEnd().ok());
  EXPECT_EQ(Sessions().size(), 1U);
  EXPECT_TRUE(Sessions()[0].gateway_attached());  // the first one's end is not the second's
  v1::AuthorizeResponse response;
  EXPECT_TRUE(second.Authorize(second.PapQuestion("s2", "User", "clientPass"), &response).ok());
}

TEST_F(ControlAppTest, SessionsOutliveALostStreamAndEndWithANewBoot) {
  {
    FakeGateway gateway = Gateway();
    AttachAndWait(gateway, {FakeGateway::Record("s1", "test", kFirst)});
  }
  FakeGateway other = Gateway("h");
  AttachAndWait(other);
  EXPECT_EQ(Sessions().size(), 1U);
  FakeGateway rebooted = Gateway("g", "boot2");
  AttachAndWait(rebooted);
  EXPECT_TRUE(Sessions().empty());
}

TEST_F(ControlAppTest, TableAndLeasesComeBackAfterARestartOfTheControlPlane) {
  FakeGateway gateway = Gateway();
  AttachAndWait(gateway);
  v1::AuthorizeResponse response;
  ASSERT_TRUE(gateway.Authorize(gateway.PapQuestion("s1", "test", "test"), &response).ok());
  const v1::SessionRecord record =
      FakeGateway::Record("s1", "test", response.accept().policy().address());
  gateway.ReportAndWait(v1::SESSION_EVENT_KIND_UP, record);

  StopControlPlane();
  EXPECT_FALSE(gateway.AwaitEnd().ok());
  StartControlPlane();
  EXPECT_TRUE(Sessions().empty());
  FakeGateway again = Gateway();
  again.Attach({record}, /*applied=*/7);
  // Numbers of another run: the new settings stand above them.
  EXPECT_EQ(again.Await(v1::ToGateway::kSettings).settings().settings().generation(), 8U);
  ASSERT_TRUE(again.Authorize(again.PapQuestion("s2", "User", "clientPass"), &response).ok());
  EXPECT_NE(response.accept().policy().address(), kFirst);
  const auto sessions = Sessions();
  ASSERT_EQ(sessions.size(), 1U);
  EXPECT_EQ(sessions[0].record().user(), "test");
}

TEST_F(ControlAppTest, CountersReachTheTable) {
  FakeGateway gateway = Gateway();
  AttachAndWait(gateway, {FakeGateway::Record("s1", "test", kFirst)});
  v1::FromGateway message;
  v1::CountersBatch::Entry& entry = *message.mutable_counters()->add_entries();
  entry.set_session_id(FakeGateway::Sid("s1"));
  entry.mutable_counters()->set_rx_bytes(4711);
  entry.set_tls_send(v1::TLS_MODE_HARDWARE);
  entry.set_tls_receive(v1::TLS_MODE_SOFTWARE);
  message.mutable_counters()->mutable_statistics()->set_sstp_active(1);
  gateway.Write(message);
  gateway.ReportAndWait(v1::SESSION_EVENT_KIND_DOWN, FakeGateway::Record("none", "", 0));
  const v1::SessionRecord record = Sessions().at(0).record();
  EXPECT_EQ(record.counters().rx_bytes(), 4711U);
  EXPECT_EQ(record.tls_send(), v1::TLS_MODE_HARDWARE);
  EXPECT_EQ(record.tls_receive(), v1::TLS_MODE_SOFTWARE);
  v1::GetStatisticsResponse statistics;
  ASSERT_TRUE(Call(&v1::Operator::Stub::GetStatistics, {}, &statistics).ok());
  EXPECT_EQ(statistics.gateways().sstp_active(), 1U);
  EXPECT_EQ(statistics.sessions_active(), 1U);
}

TEST_F(ControlAppTest, AnExhaustedPoolLetsInWithoutAddress) {
  WriteConfig("", "10.0.0.2");
  v1::ReloadResponse reloaded;
  ASSERT_TRUE(Call(&v1::Operator::Stub::Reload, {}, &reloaded).ok());
  FakeGateway gateway = Gateway();
  AttachAndWait(gateway, {FakeGateway::Record("s1", "test", kFirst)});
  v1::AuthorizeResponse response;
  ASSERT_TRUE(gateway.Authorize(gateway.PapQuestion("s2", "User", "clientPass"), &response).ok());
  ASSERT_TRUE(response.has_accept());
  EXPECT_EQ(response.accept().policy().address(), 0U);
}

}  // namespace
}  // namespace sstpgw::cp
