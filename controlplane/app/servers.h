// The two gRPC servers of the control plane: one for gateways, one for operators, each on its own
// Unix socket (mode 0660).
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "controlplane/app/control_app.h"
#include "controlplane/rpc/operator_service.h"
#include "controlplane/rpc/session_service.h"
#include "proto/base/result.h"

namespace sstpgw::cp {

struct ServerAddresses {
  std::string link;           // "unix:/run/sstpgw/link.sock" or a path
  std::string operator_path;  // a path
};

class Servers {
 public:
  // Listens on both, or on none: the error names the address and the reason. `app` must outlive
  // the result.
  [[nodiscard]] static Result<std::unique_ptr<Servers>> Start(const ServerAddresses& addresses,
                                                              ControlApp& app);
  ~Servers() { Stop(); }
  Servers(const Servers&) = delete;
  Servers& operator=(const Servers&) = delete;

  // Refuses new calls, ends the ones under way within a second, removes the sockets.
  void Stop();

 private:
  explicit Servers(ControlApp& app) : session_service_(app), operator_service_(app) {}

  SessionService session_service_;
  OperatorService operator_service_;
  std::unique_ptr<grpc::Server> link_;
  std::unique_ptr<grpc::Server> operators_;
};

}  // namespace sstpgw::cp
