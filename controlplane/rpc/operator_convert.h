// The operator API's messages from and to the app's values.
#pragma once

#include <grpcpp/support/status.h>

#include "controlplane/rpc/backend.h"
#include "sstpgw/v1/admin.pb.h"

namespace sstpgw::cp {

namespace pb = ::sstpgw::v1;

// kInvalidArgument: an address that is none.
[[nodiscard]] Result<SessionFilter> ToFilter(const pb::SessionFilter& message);
// kInvalidArgument: no selector, an empty one, or an address that is none.
[[nodiscard]] Result<SessionFilter> ToFilter(const pb::TerminateRequest& message);

[[nodiscard]] pb::Session ToMessage(const SessionView& view);
[[nodiscard]] pb::SessionChange ToMessage(const SessionUpdate& update, const SessionView& view);
[[nodiscard]] pb::GetStatisticsResponse ToMessage(const StatisticsView& view);
[[nodiscard]] pb::Pool ToMessage(const PoolUsage& pool, bool is_default);
[[nodiscard]] pb::Gateway ToMessage(const GatewayView& view);
[[nodiscard]] pb::ConfigProblem ToMessage(const Issue& issue, bool warning);

// A status with its ErrorDetail.
[[nodiscard]] grpc::Status Failure(const Error& error, pb::Reason reason);
[[nodiscard]] grpc::Status ConfigFailure(const ReloadError& error);

}  // namespace sstpgw::cp
