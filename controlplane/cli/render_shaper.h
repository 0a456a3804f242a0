// Rate limits as text for people and JSON for programs. Pure.
#pragma once

#include <string>
#include <vector>

#include "sstpgw/v1/admin.pb.h"

namespace sstpgw::cli {

namespace pb = ::sstpgw::v1;

// "edt/pace", "-/police"; empty without any limit.
[[nodiscard]] std::string LimiterText(const pb::ShaperRecord& shaper);
// "user", "changed, time range 3", "default, 5000/1000 not taken yet"; empty if nobody decided.
[[nodiscard]] std::string RateSourceText(const pb::Session& session);

// Sessions that have a limit, are to have one, or have a limiter at work; in the order given.
// Pairs are down/up.
[[nodiscard]] std::string RenderShaper(const std::vector<pb::Session>& sessions);
[[nodiscard]] std::string RenderShaperJson(const std::vector<pb::Session>& sessions);

using ShaperFailures = google::protobuf::RepeatedPtrField<pb::ChangeShaperResponse::Failure>;

[[nodiscard]] std::string RenderShaperChangeJson(const pb::ChangeShaperResponse& change);

}  // namespace sstpgw::cli
