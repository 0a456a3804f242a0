// Operator as gRPC serves it to sstpctl and other programs: converts, asks the app, converts back.
#pragma once

#include <grpcpp/grpcpp.h>

#include "controlplane/rpc/backend.h"
#include "sstpgw/v1/admin.grpc.pb.h"

namespace sstpgw::cp {

class OperatorService final : public ::sstpgw::v1::Operator::CallbackService {
 public:
  // Must outlive the server.
  explicit OperatorService(OperatorBackend& backend) : backend_(backend) {}

  grpc::ServerWriteReactor<::sstpgw::v1::ListSessionsResponse>* ListSessions(
      grpc::CallbackServerContext* context,
      const ::sstpgw::v1::ListSessionsRequest* request) override;
  grpc::ServerWriteReactor<::sstpgw::v1::SessionChange>* WatchSessions(
      grpc::CallbackServerContext* context,
      const ::sstpgw::v1::WatchSessionsRequest* request) override;
  grpc::ServerUnaryReactor* GetStatistics(grpc::CallbackServerContext* context,
                                          const ::sstpgw::v1::GetStatisticsRequest* request,
                                          ::sstpgw::v1::GetStatisticsResponse* response) override;
  grpc::ServerUnaryReactor* GetRadius(grpc::CallbackServerContext* context,
                                      const ::sstpgw::v1::GetRadiusRequest* request,
                                      ::sstpgw::v1::GetRadiusResponse* response) override;
  grpc::ServerUnaryReactor* Terminate(grpc::CallbackServerContext* context,
                                      const ::sstpgw::v1::TerminateRequest* request,
                                      ::sstpgw::v1::TerminateResponse* response) override;
  grpc::ServerUnaryReactor* ChangeShaper(grpc::CallbackServerContext* context,
                                         const ::sstpgw::v1::ChangeShaperRequest* request,
                                         ::sstpgw::v1::ChangeShaperResponse* response) override;
  grpc::ServerUnaryReactor* ListPools(grpc::CallbackServerContext* context,
                                      const ::sstpgw::v1::ListPoolsRequest* request,
                                      ::sstpgw::v1::ListPoolsResponse* response) override;
  grpc::ServerUnaryReactor* GetConfig(grpc::CallbackServerContext* context,
                                      const ::sstpgw::v1::GetConfigRequest* request,
                                      ::sstpgw::v1::GetConfigResponse* response) override;
  grpc::ServerUnaryReactor* ValidateConfig(grpc::CallbackServerContext* context,
                                           const ::sstpgw::v1::ValidateConfigRequest* request,
                                           ::sstpgw::v1::ValidateConfigResponse* response) override;
  grpc::ServerUnaryReactor* DiffConfig(grpc::CallbackServerContext* context,
                                       const ::sstpgw::v1::DiffConfigRequest* request,
                                       ::sstpgw::v1::DiffConfigResponse* response) override;
  grpc::ServerUnaryReactor* Reload(grpc::CallbackServerContext* context,
                                   const ::sstpgw::v1::ReloadRequest* request,
                                   ::sstpgw::v1::ReloadResponse* response) override;
  grpc::ServerUnaryReactor* ListGateways(grpc::CallbackServerContext* context,
                                         const ::sstpgw::v1::ListGatewaysRequest* request,
                                         ::sstpgw::v1::ListGatewaysResponse* response) override;
  grpc::ServerUnaryReactor* Drain(grpc::CallbackServerContext* context,
                                  const ::sstpgw::v1::DrainRequest* request,
                                  ::sstpgw::v1::DrainResponse* response) override;
  grpc::ServerUnaryReactor* SetLogLevel(grpc::CallbackServerContext* context,
                                        const ::sstpgw::v1::SetLogLevelRequest* request,
                                        ::sstpgw::v1::SetLogLevelResponse* response) override;
  grpc::ServerUnaryReactor* GetVersion(grpc::CallbackServerContext* context,
                                       const ::sstpgw::v1::GetVersionRequest* request,
                                       ::sstpgw::v1::GetVersionResponse* response) override;

 private:
  // A unary call whose answer `what` makes in the app's thread.
  grpc::ServerUnaryReactor* InApp(grpc::CallbackServerContext* context,
                                  std::function<grpc::Status(OperatorApi&)> what);

  OperatorBackend& backend_;
};

}  // namespace sstpgw::cp
