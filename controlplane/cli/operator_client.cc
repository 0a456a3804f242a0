#include "controlplane/cli/operator_client.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "proto/base/error.h"
#include "proto/contract/grpc_log.h"

namespace sstpgw::cli {
namespace {

namespace pb = ::sstpgw::v1;

constexpr std::chrono::seconds kDeadline{30};

// Why nobody can be reached there: gRPC would say it in a way that helps nobody. Empty: somebody
// listens.
std::string WhyUnreachable(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return "the path is too long";
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return std::strerror(errno);
  const int result = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  const int reason = errno;
  ::close(fd);
  return result == 0 ? std::string() : std::strerror(reason);
}

}  // namespace

CallResult<std::unique_ptr<OperatorClient>> OperatorClient::Connect(
    const std::string& socket_path) {
  const std::string why = WhyUnreachable(socket_path);
  if (!why.empty()) {
    CallError error;
    error.unreachable = true;
    error.message = why;
    return Fail(std::move(error));
  }
  // Its words would stand between our answers.
  contract::TakeGrpcLines([](const char* /*line*/) {});
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  const auto channel = grpc::CreateCustomChannel("unix:" + socket_path,
                                                 grpc::InsecureChannelCredentials(), arguments);
  return std::unique_ptr<OperatorClient>(new OperatorClient(pb::Operator::NewStub(channel)));
}

void OperatorClient::SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
}

CallError OperatorClient::ToError(const grpc::Status& status) {
  CallError error;
  error.message = status.error_message();
  error.unreachable = status.error_code() == grpc::StatusCode::UNAVAILABLE;
  pb::ErrorDetail detail;
  if (detail.ParseFromString(status.error_details())) error.reason = detail.reason();
  return error;
}

CallResult<std::vector<pb::Session>> OperatorClient::ListSessions() {
  grpc::ClientContext context;
  SetDeadline(context);
  const auto reader = stub_->ListSessions(&context, pb::ListSessionsRequest());
  std::vector<pb::Session> sessions;
  pb::ListSessionsResponse batch;
  while (reader->Read(&batch)) {
    for (pb::Session& session : *batch.mutable_sessions()) sessions.push_back(std::move(session));
  }
  const grpc::Status status = reader->Finish();
  if (!status.ok()) return Fail(ToError(status));
  return sessions;
}

CallError OperatorClient::Watch(const std::function<void(const pb::SessionChange&)>& change) {
  grpc::ClientContext context;
  const auto reader = stub_->WatchSessions(&context, pb::WatchSessionsRequest());
  pb::SessionChange message;
  while (reader->Read(&message)) change(message);
  return ToError(reader->Finish());
}

}  // namespace sstpgw::cli
