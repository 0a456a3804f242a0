// SessionLink as gRPC serves it to gateways: converts, asks the app, converts back.
#pragma once

#include <grpcpp/grpcpp.h>

#include "controlplane/rpc/backend.h"
#include "sstpgw/v1/session.grpc.pb.h"

namespace sstpgw::cp {

class SessionService final : public ::sstpgw::v1::SessionLink::CallbackService {
 public:
  // Must outlive the server.
  explicit SessionService(LinkBackend& backend) : backend_(backend) {}

  grpc::ServerUnaryReactor* Authorize(grpc::CallbackServerContext* context,
                                      const ::sstpgw::v1::AuthorizeRequest* request,
                                      ::sstpgw::v1::AuthorizeResponse* response) override;
  grpc::ServerBidiReactor<::sstpgw::v1::FromGateway, ::sstpgw::v1::ToGateway>* Attach(
      grpc::CallbackServerContext* context) override;

 private:
  LinkBackend& backend_;
};

}  // namespace sstpgw::cp
