// What operators ask, over the socket.
#include <sys/stat.h>

#include "controlplane/rpc/protobuf_log.h"
#include "tests/unit/app/app_bench.h"
#include "tests/unit/app/fake_gateway.h"

namespace sstpgw::cp {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Stub = v1::Operator::Stub;

class OperatorApiTest : public AppBench {
 protected:
  void SetUp() override {
    AppBench::SetUp();
    gateway_ = std::make_unique<FakeGateway>(link_socket(), "g", "boot1");
    gateway_->Attach({Record("s1", "test", "sstp0", 0x0a000002),
                      Record("s2", "ann\xff", "sstp1", 0x0a000003),
                      Record("s3", "ann\xff", "sstp10", 0x0a000004)});
    gateway_->Await(v1::ToGateway::kSettings);
    gateway_->ReportAndWait(v1::SESSION_EVENT_KIND_DOWN, FakeGateway::Record("none", "", 0));
  }
  void TearDown() override {
    gateway_.reset();
    AppBench::TearDown();
  }

  static v1::SessionRecord Record(const std::string& session, const std::string& user,
                                  const std::string& interface_name, std::uint32_t address) {
    v1::SessionRecord record = FakeGateway::Record(session, user, address);
    record.set_interface_name(interface_name);
    return record;
  }
  std::size_t Terminated(const v1::TerminateRequest& request) {
    v1::TerminateResponse response;
    const grpc::Status status = Call(&Stub::Terminate, request, &response);
    if (!status.ok()) {
      EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
      EXPECT_EQ(ReasonOf(status), v1::REASON_NO_SUCH_SESSION);
      return 0;
    }
    return response.sessions();
  }

  std::unique_ptr<FakeGateway> gateway_;
};

TEST_F(OperatorApiTest, SocketsAreForOwnerAndGroup) {
  for (const std::string& path : {link_socket(), operator_socket()}) {
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0660U);
  }
}

TEST_F(OperatorApiTest, ListsInOrderInBatchesAndByFilter) {
  v1::ListSessionsRequest request;
  request.set_batch_size(1);
  const auto all = Sessions(request);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[2].record().interface_name(), "sstp10");
  request.mutable_filter()->set_user("ann\xff");
  EXPECT_EQ(Sessions(request).size(), 2U);
  request.mutable_filter()->set_address("10.0.0.4");
  EXPECT_EQ(Sessions(request).size(), 1U);
  request.mutable_filter()->set_state(v1::SESSION_STATE_STARTING);
  EXPECT_TRUE(Sessions(request).empty());
}

TEST_F(OperatorApiTest, TerminateBySelector) {
  v1::TerminateRequest request;
  request.set_user("ann\xff");
  request.set_hard(true);
  EXPECT_EQ(Terminated(request), 2U);
  EXPECT_TRUE(gateway_->Await(v1::ToGateway::kDisconnect).disconnect().hard());
  gateway_->Await(v1::ToGateway::kDisconnect);
  request.set_hard(false);
  request.set_interface_name("sstp1");
  EXPECT_EQ(Terminated(request), 1U);
  EXPECT_FALSE(gateway_->Await(v1::ToGateway::kDisconnect).disconnect().hard());
  request.set_address("10.0.0.2");
  EXPECT_EQ(Terminated(request), 1U);
  request.set_session_id(FakeGateway::Sid("s3"));
  EXPECT_EQ(Terminated(request), 1U);
  request.set_calling_station("192.0.2.1");
  EXPECT_EQ(Terminated(request), 3U);
  request.set_all(true);
  EXPECT_EQ(Terminated(request), 3U);
  request.set_user("nobody");
  EXPECT_EQ(Terminated(request), 0U);
  request.clear_selector();
  v1::TerminateResponse response;
  EXPECT_EQ(ReasonOf(Call(&Stub::Terminate, request, &response)), v1::REASON_BAD_SELECTOR);
}

TEST_F(OperatorApiTest, WatchTellsWhatIsAndWhatChanges) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  v1::WatchSessionsRequest request;
  request.mutable_filter()->set_user("test");
  const auto reader = operators_->WatchSessions(&context, request);
  v1::SessionChange change;
  ASSERT_TRUE(reader->Read(&change));
  EXPECT_EQ(change.kind(), v1::SESSION_CHANGE_KIND_PRESENT);
  ASSERT_TRUE(reader->Read(&change));
  EXPECT_EQ(change.kind(), v1::SESSION_CHANGE_KIND_SYNCED);
  gateway_->Report(v1::SESSION_EVENT_KIND_DOWN, Record("s2", "ann\xff", "sstp1", 0x0a000003));
  gateway_->Report(v1::SESSION_EVENT_KIND_CHANGE, Record("s1", "test", "sstp7", 0x0a000002));
  ASSERT_TRUE(reader->Read(&change));
  EXPECT_EQ(change.kind(), v1::SESSION_CHANGE_KIND_CHANGED);
  EXPECT_EQ(change.session().record().interface_name(), "sstp7");
  gateway_->Report(v1::SESSION_EVENT_KIND_DOWN, Record("s1", "test", "sstp7", 0x0a000002));
  ASSERT_TRUE(reader->Read(&change));
  EXPECT_EQ(change.kind(), v1::SESSION_CHANGE_KIND_REMOVED);
  EXPECT_EQ(change.reason(), "bye");
  EXPECT_EQ(change.cause(), v1::TERMINATE_CAUSE_USER_REQUEST);
}

TEST_F(OperatorApiTest, PoolsCountLeases) {
  v1::ListPoolsResponse pools;
  ASSERT_TRUE(Call(&Stub::ListPools, {}, &pools).ok());
  ASSERT_EQ(pools.pools_size(), 1);
  EXPECT_EQ(pools.pools(0).name(), "SSTP-POOL");
  // 10.0.0.2 to .100 without the static-ip of user "fixed".
  EXPECT_EQ(pools.pools(0).total(), 98U);
  EXPECT_EQ(pools.pools(0).used(), 3U);
  EXPECT_EQ(pools.pools(0).available(), 95U);
  EXPECT_TRUE(pools.pools(0).is_default());
}

TEST_F(OperatorApiTest, StatisticsHaveEveryFigure) {
  v1::GetStatisticsResponse statistics;
  ASSERT_TRUE(Call(&Stub::GetStatistics, {}, &statistics).ok());
  EXPECT_EQ(statistics.sessions_active(), 3U);
  EXPECT_EQ(statistics.gateways_attached(), 1U);
  EXPECT_GT(statistics.control_plane().rss_kib(), 0U);
  EXPECT_GT(statistics.control_plane().threads(), 1U);
  EXPECT_GT(statistics.control_plane().descriptors(), 3U);
  EXPECT_EQ(statistics.counters().at("leases"), 3U);
}

TEST_F(OperatorApiTest, GatewaysAndDrain) {
  v1::FromGateway applied;
  applied.mutable_applied()->set_generation(1);
  gateway_->Write(applied);
  v1::DrainRequest request;
  request.set_enabled(true);
  v1::DrainResponse response;
  ASSERT_TRUE(Call(&Stub::Drain, request, &response).ok());
  EXPECT_EQ(response.gateways(), 1U);
  EXPECT_TRUE(gateway_->Await(v1::ToGateway::kDrain).drain().enabled());
  gateway_->ReportAndWait(v1::SESSION_EVENT_KIND_DOWN, FakeGateway::Record("none", "", 0));
  v1::ListGatewaysResponse gateways;
  ASSERT_TRUE(Call(&Stub::ListGateways, {}, &gateways).ok());
  ASSERT_EQ(gateways.gateways_size(), 1);
  EXPECT_TRUE(gateways.gateways(0).attached());
  EXPECT_TRUE(gateways.gateways(0).draining());
  EXPECT_EQ(gateways.gateways(0).sessions(), 3U);
  EXPECT_EQ(gateways.gateways(0).applied_generation(), 1U);
  request.set_gateway_id("never-seen");
  EXPECT_EQ(ReasonOf(Call(&Stub::Drain, request, &response)), v1::REASON_NO_SUCH_GATEWAY);
}

TEST_F(OperatorApiTest, LogLevelReachesTheGateways) {
  v1::SetLogLevelRequest request;
  request.set_level(5);
  v1::SetLogLevelResponse response;
  ASSERT_TRUE(Call(&Stub::SetLogLevel, request, &response).ok());
  EXPECT_EQ(gateway_->Await(v1::ToGateway::kSettings).settings().settings().log_level(), 5U);
  request.set_level(6);
  EXPECT_EQ(ReasonOf(Call(&Stub::SetLogLevel, request, &response)), v1::REASON_BAD_LOG_LEVEL);
}

TEST_F(OperatorApiTest, ConfigIsShownWithoutSecrets) {
  v1::GetConfigResponse config;
  ASSERT_TRUE(Call(&Stub::GetConfig, {}, &config).ok());
  EXPECT_THAT(config.yaml(), HasSubstr("SSTP-POOL"));
  EXPECT_THAT(config.yaml(), HasSubstr("***"));
  EXPECT_THAT(config.yaml(), Not(HasSubstr("clientPass")));
  EXPECT_EQ(config.file_name(), config_path());
}

TEST_F(OperatorApiTest, ValidateListsEverythingAndChangesNothing) {
  v1::ValidateConfigRequest request;
  request.set_yaml("sstp:\n  port: 99999\n  mtu: 1\n  bogus: 1\n");
  request.set_file_name(config_path());
  v1::ValidateConfigResponse response;
  ASSERT_TRUE(Call(&Stub::ValidateConfig, request, &response).ok());
  EXPECT_GE(response.problems_size(), 3);
  EXPECT_EQ(Sessions().size(), 3U);
}

TEST_F(OperatorApiTest, AFailedReloadLeavesTheRunningConfiguration) {
  WriteConfig("  port: 99999\n");
  v1::ReloadResponse response;
  ASSERT_TRUE(Call(&Stub::Reload, {}, &response).ok());
  EXPECT_EQ(response.error_count(), 1U);
  ASSERT_EQ(response.problems_size(), 1);
  EXPECT_EQ(response.problems(0).path(), "sstp.port");
  EXPECT_EQ(response.file_name(), config_path());
  v1::AuthorizeResponse verdict;
  ASSERT_TRUE(
      gateway_->Authorize(gateway_->PapQuestion("s9", "User", "clientPass"), &verdict).ok());
  EXPECT_TRUE(verdict.has_accept());
  ASSERT_EQ(::remove(config_path().c_str()), 0);
  EXPECT_EQ(ReasonOf(Call(&Stub::Reload, {}, &response)), v1::REASON_CONFIG_UNREADABLE);
}

// A status carries 8 KiB at most.
TEST_F(OperatorApiTest, AReloadListsEveryErrorHoweverMany) {
  std::string many;
  for (int i = 0; i < 1200; ++i) many += "  bogus" + std::to_string(i) + ": 1\n";
  WriteConfig(many);
  v1::ReloadResponse response;
  const grpc::Status status = Call(&Stub::Reload, {}, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.error_count(), 1200U);
  EXPECT_EQ(response.problems_size(), 1000);
}

TEST_F(OperatorApiTest, ValidateTakesAnyOctets) {
  v1::ValidateConfigRequest request;
  request.set_yaml("sstp:\n  description: x\xff\n");
  request.set_file_name("/nowhere/\xff.yaml");
  v1::ValidateConfigResponse response;
  const grpc::Status status = Call(&Stub::ValidateConfig, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.error_count(), 1U);
  ASSERT_EQ(response.problems_size(), 1);
  EXPECT_EQ(response.problems(0).reason(), "the text is not UTF-8");
  EXPECT_EQ(response.problems(0).line(), 2U);
  EXPECT_EQ(response.problems(0).column(), 17U);
}

// Other programs than sstpctl may send them.
TEST_F(OperatorApiTest, NamesThatAreNotUtf8AreRefusedQuietly) {
  LogLibraryMessages();
  ::testing::internal::CaptureStderr();
  v1::TerminateRequest request;
  request.set_interface_name("\xff");
  v1::TerminateResponse response;
  EXPECT_FALSE(Call(&Stub::Terminate, request, &response).ok());
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), Not(HasSubstr("libprotobuf")));
}

TEST_F(OperatorApiTest, VersionSaysWhatRuns) {
  v1::GetVersionResponse version;
  ASSERT_TRUE(Call(&Stub::GetVersion, {}, &version).ok());
  EXPECT_EQ(version.version(), "0.0.2");
  EXPECT_EQ(version.config_file(), config_path());
}

}  // namespace
}  // namespace sstpgw::cp
