// The two streaming calls of the operator API. Both objects belong to gRPC until it is done with
// them.
#pragma once

#include <grpcpp/grpcpp.h>

#include "controlplane/rpc/backend.h"
#include "sstpgw/v1/admin.grpc.pb.h"

namespace sstpgw::cp {

// Changes that may wait for a watcher that does not read; one more ends its call.
inline constexpr std::size_t kMaxWaitingChanges = 10'000;

[[nodiscard]] grpc::ServerWriteReactor<::sstpgw::v1::ListSessionsResponse>* StartListSessions(
    OperatorBackend& backend, const ::sstpgw::v1::ListSessionsRequest& request);

[[nodiscard]] grpc::ServerWriteReactor<::sstpgw::v1::SessionChange>* StartWatchSessions(
    OperatorBackend& backend, grpc::CallbackServerContext* context,
    const ::sstpgw::v1::WatchSessionsRequest& request);

}  // namespace sstpgw::cp
