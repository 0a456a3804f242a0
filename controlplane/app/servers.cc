#include "controlplane/app/servers.h"

#include <chrono>

#include "controlplane/edge/unix_socket.h"
#include "proto/base/link.h"

namespace sstpgw::cp {
namespace {

constexpr int kKeepaliveMs = 10'000;
constexpr int kKeepaliveTimeoutMs = 5'000;
// A YAML text is the biggest thing an operator sends.
constexpr int kMaxOperatorMessageBytes = 8 * 1024 * 1024;

Result<std::unique_ptr<grpc::Server>> Listen(const std::string& path, grpc::Service& service,
                                             int max_message_bytes) {
  SG_RETURN_IF_ERROR(PrepareUnixSocket(path));
  grpc::ServerBuilder builder;
  // A peer that died without a word is noticed, and one that asks often is not taken for an enemy.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(max_message_bytes);
  int port = 0;
  builder.AddListeningPort("unix:" + path, grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    return Fail(Error{ErrorCode::kSystem, "cannot listen on socket " + path});
  }
  SG_RETURN_IF_ERROR(RestrictUnixSocket(path));
  return server;
}

void ShutDown(std::unique_ptr<grpc::Server>& server) {
  if (server == nullptr) return;
  server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  server->Wait();
  server.reset();
}

}  // namespace

Result<std::unique_ptr<Servers>> Servers::Start(const ServerAddresses& addresses, ControlApp& app) {
  const std::string link_path = UnixSocketPath(addresses.link);
  if (link_path.empty()) {
    return Fail(Error{ErrorCode::kUnsupported,
                      "link address '" + addresses.link +
                          "' is not supported yet; use unix:/path (gateways on this host)"});
  }
  std::unique_ptr<Servers> servers(new Servers(app));
  SG_ASSIGN_OR_RETURN(
      servers->operators_,
      Listen(addresses.operator_path, servers->operator_service_, kMaxOperatorMessageBytes));
  SG_ASSIGN_OR_RETURN(servers->link_,
                      Listen(link_path, servers->session_service_, kMaxLinkMessageBytes));
  return servers;
}

void Servers::Stop() {
  ShutDown(link_);
  ShutDown(operators_);
}

}  // namespace sstpgw::cp
