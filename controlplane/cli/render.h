// The control plane's other answers as text for people and JSON for programs. Pure.
#pragma once

#include <string>
#include <vector>

#include "sstpgw/v1/admin.pb.h"

namespace sstpgw::cli {

namespace pb = ::sstpgw::v1;

// The page's labels (features 10.3). Figures of the attached gateways and of the control plane are
// summed; uptime is the longest of them.
[[nodiscard]] std::string RenderStatistics(const pb::GetStatisticsResponse& statistics);
[[nodiscard]] std::string RenderStatisticsJson(const pb::GetStatisticsResponse& statistics);

[[nodiscard]] std::string RenderPools(const pb::ListPoolsResponse& pools);
[[nodiscard]] std::string RenderPoolsJson(const pb::ListPoolsResponse& pools);

[[nodiscard]] std::string RenderGateways(const pb::ListGatewaysResponse& gateways);
[[nodiscard]] std::string RenderGatewaysJson(const pb::ListGatewaysResponse& gateways);

[[nodiscard]] std::string RenderVersion(const std::string& own,
                                        const pb::GetVersionResponse& version);
[[nodiscard]] std::string RenderVersionJson(const std::string& own,
                                            const pb::GetVersionResponse& version);

using Problems = google::protobuf::RepeatedPtrField<pb::ConfigProblem>;

// "error: file:12:5: path: value: reason. Remedy", one per line. Value and path have been escaped
// by the control plane.
[[nodiscard]] std::string RenderProblem(const std::string& file, const pb::ConfigProblem& problem);
[[nodiscard]] std::string RenderProblemsJson(const Problems& problems);
[[nodiscard]] std::string RenderReloadJson(const pb::ReloadResponse& reload);

// "- path: value" is what the running configuration has, "+ path: value" what it would have.
[[nodiscard]] std::string RenderDiff(const pb::DiffConfigResponse& diff);
[[nodiscard]] std::string RenderDiffJson(const pb::DiffConfigResponse& diff);

// One line per change.
[[nodiscard]] std::string RenderChange(const pb::SessionChange& change);
[[nodiscard]] std::string RenderChangeJson(const pb::SessionChange& change);

}  // namespace sstpgw::cli
