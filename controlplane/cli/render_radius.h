// RADIUS as text for people and JSON for programs. Pure.
#pragma once

#include <string>

#include "controlplane/cli/json.h"
#include "sstpgw/v1/admin.pb.h"

namespace sstpgw::cli {

namespace pb = ::sstpgw::v1;

// A table of servers, one row for each service of each; what was wrong with their replies;
// accounting; dynamic authorization.
[[nodiscard]] std::string RenderRadius(const pb::GetRadiusResponse& radius);
// The same and more; figures have the names of metrics (controlplane/radius/metric_names.h).
[[nodiscard]] std::string RenderRadiusJson(const pb::GetRadiusResponse& radius);

using RadiusServers = google::protobuf::RepeatedPtrField<pb::RadiusServer>;

// The page's part of the statistics, for each server (features 10.3).
[[nodiscard]] std::string RenderRadiusStatistics(const RadiusServers& servers);
// As a member "radius" of the object that `json` is in.
void WriteRadiusStatistics(JsonWriter& json, const RadiusServers& servers);

}  // namespace sstpgw::cli
