// The operator API as sstpctl calls it: one connection over a Unix socket, every call with a
// deadline (watching excepted). One thread.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proto/base/result.h"
#include "sstpgw/v1/admin.grpc.pb.h"

namespace sstpgw::cli {

struct CallError {
  bool unreachable = false;  // nobody answered at the socket
  ::sstpgw::v1::Reason reason = ::sstpgw::v1::REASON_UNSPECIFIED;
  std::string message;
};

template <class T>
using CallResult = Result<T, CallError>;

class OperatorClient {
 public:
  // Nothing is sent yet. `unreachable` says in words why nobody can be there.
  [[nodiscard]] static CallResult<std::unique_ptr<OperatorClient>> Connect(
      const std::string& socket_path);

  using Stub = ::sstpgw::v1::Operator::Stub;
  // One unary call: Call(request, &Stub::GetStatistics, response).
  template <class Request, class Response>
  [[nodiscard]] CallResult<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                                       const Request&, Response*),
                                          const Request& request) {
    grpc::ClientContext context;
    SetDeadline(context);
    Response response;
    const grpc::Status status = (stub_.get()->*method)(&context, request, &response);
    if (!status.ok()) return Fail(ToError(status));
    return response;
  }

  [[nodiscard]] CallResult<std::vector<::sstpgw::v1::Session>> ListSessions();
  // Calls `change` for every message until the stream ends, which it does only by an error.
  [[nodiscard]] CallError Watch(
      const std::function<void(const ::sstpgw::v1::SessionChange&)>& change);

 private:
  explicit OperatorClient(std::unique_ptr<Stub> stub) : stub_(std::move(stub)) {}
  static void SetDeadline(grpc::ClientContext& context);
  static CallError ToError(const grpc::Status& status);

  std::unique_ptr<Stub> stub_;
};

}  // namespace sstpgw::cli
