// A whole control plane in this process, with its configuration and sockets in a folder of its own.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "controlplane/app/config_source.h"
#include "controlplane/app/control_app.h"
#include "controlplane/app/servers.h"
#include "sstpgw/v1/admin.grpc.pb.h"
#include "tests/support/pki.h"
#include "tests/support/temp_dir.h"

namespace sstpgw::cp {

class AppBench : public ::testing::Test {
 protected:
  void SetUp() override {
    const sstpgw::testing::CertificateAuthority authority;
    const auto identity = authority.Issue({});
    folder_.Write("ca.pem", authority.certificate_pem());
    folder_.Write("server.pem", identity.certificate_pem);
    folder_.Write("server.key", identity.key_pem);
    WriteConfig();
    StartControlPlane();
  }
  void TearDown() override { StopControlPlane(); }

  // The page's example, with more users; `more` is appended to the tree.
  void WriteConfig(const std::string& more = "", const std::string& range = "10.0.0.2-10.0.0.100",
                   const std::string& user = "") {
    folder_.Write("sstp.yaml", R"(sstp:
  authentication:
    mode: local
    local-users:
      test: { password: test }
      User: { password: clientPass }
      v1: { password: MyPw }
      fixed: { password: fixed, static-ip: 10.0.0.77 }
      off: { password: off, disable: true }
      )" + user + R"(
  client-ip-pool:
    SSTP-POOL: { range: [)" + range +
                                   R"(] }
  default-pool: SSTP-POOL
  gateway-address: 10.0.0.1
  name-server: [ 10.0.0.53 ]
  ssl:
    ca-certificate: ca.pem
    certificate: server.pem
    key: server.key
)" + more);
  }

  void StartControlPlane() {
    auto file = LoadConfigFile(config_path());
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_TRUE(file->result.config) << Render("sstp.yaml", file->result.errors);
    AppOptions options;
    options.version = "0.0.2";
    options.config_file = config_path();
    options.log_level = LogLevel::kOff;
    options.state_directory = state_directory();
    app_ = std::make_unique<ControlApp>(std::move(options), std::move(*file));
    const auto started = app_->Start();
    ASSERT_TRUE(started) << started.error().message;
    auto servers = Servers::Start({"unix:" + link_socket(), operator_socket()}, *app_);
    ASSERT_TRUE(servers) << servers.error().message;
    servers_ = std::move(*servers);
    operators_ = v1::Operator::NewStub(
        grpc::CreateChannel("unix:" + operator_socket(), grpc::InsecureChannelCredentials()));
  }
  void StopControlPlane() {
    operators_.reset();
    servers_.reset();
    app_.reset();
  }

  // One unary operator call; its response, or a failed test.
  template <class Request, class Response>
  grpc::Status Call(grpc::Status (v1::Operator::Stub::*method)(grpc::ClientContext*, const Request&,
                                                               Response*),
                    const Request& request, Response* response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    return (operators_.get()->*method)(&context, request, response);
  }
  std::vector<v1::Session> Sessions(const v1::ListSessionsRequest& request = {}) {
    grpc::ClientContext context;
    const auto reader = operators_->ListSessions(&context, request);
    std::vector<v1::Session> sessions;
    v1::ListSessionsResponse batch;
    while (reader->Read(&batch)) {
      sessions.insert(sessions.end(), batch.sessions().begin(), batch.sessions().end());
    }
    EXPECT_TRUE(reader->Finish().ok());
    return sessions;
  }

  [[nodiscard]] std::string config_path() const { return folder_.File("sstp.yaml"); }
  [[nodiscard]] std::string state_directory() const { return folder_.File("state"); }
  [[nodiscard]] std::string link_socket() const { return folder_.File("run/link.sock"); }
  [[nodiscard]] std::string operator_socket() const { return folder_.File("run/operator.sock"); }

  sstpgw::test::TempDir folder_;
  std::unique_ptr<ControlApp> app_;
  std::unique_ptr<Servers> servers_;
  std::unique_ptr<v1::Operator::Stub> operators_;
};

inline v1::Reason ReasonOf(const grpc::Status& status) {
  v1::ErrorDetail detail;
  return detail.ParseFromString(status.error_details()) ? detail.reason() : v1::REASON_UNSPECIFIED;
}

}  // namespace sstpgw::cp
