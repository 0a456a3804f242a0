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

// kInvalidArgument: no selector or no order, or a rate that is none.
struct BadRateOrder {
  Error error;
  pb::Reason reason;
};
[[nodiscard]] Result<RateOrder, BadRateOrder> ToRateOrder(const pb::ChangeShaperRequest& message);
[[nodiscard]] pb::ChangeShaperResponse ToMessage(const PolicyOutcome& outcome);
[[nodiscard]] pb::Session ToMessage(const SessionView& view);
[[nodiscard]] pb::SessionChange ToMessage(const SessionUpdate& update, const SessionView& view);
[[nodiscard]] pb::GetStatisticsResponse ToMessage(const StatisticsView& view);
[[nodiscard]] pb::Pool ToMessage(const PoolUsage& pool, bool is_default);
[[nodiscard]] pb::Pool ToMessage(const PrefixUsage& pool, bool is_default);
[[nodiscard]] pb::Gateway ToMessage(const GatewayView& view);
[[nodiscard]] pb::ConfigProblem ToMessage(const Issue& issue, bool warning);

// Problems that a response lists; more are only counted, so that it stays far below the 4 MiB that
// gRPC takes without being asked to.
inline constexpr std::size_t kMaxListedProblems = 1000;

// The problems of a configuration, errors first, and how many there are.
template <class Response>
void AddProblems(const std::vector<Issue>& errors, const std::vector<Issue>& warnings,
                 Response& response) {
  response.set_error_count(static_cast<std::uint32_t>(errors.size()));
  response.set_warning_count(static_cast<std::uint32_t>(warnings.size()));
  for (const bool warning : {false, true}) {
    for (const Issue& issue : warning ? warnings : errors) {
      if (static_cast<std::size_t>(response.problems_size()) == kMaxListedProblems) return;
      *response.add_problems() = ToMessage(issue, warning);
    }
  }
}

// A status with its ErrorDetail.
[[nodiscard]] grpc::Status Failure(const Error& error, pb::Reason reason);
[[nodiscard]] grpc::Status AnswerDiff(const Result<OperatorBackend::Comparison>& result,
                                      pb::DiffConfigResponse& response);
// Puts what became of a reload into `response`. A file that could not be read or that gateways
// refuse is a failure, one that is not valid an answer.
[[nodiscard]] grpc::Status AnswerReload(const OperatorApi::ReloadResult& result,
                                        pb::ReloadResponse& response);

}  // namespace sstpgw::cp
