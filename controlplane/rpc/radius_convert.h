// RADIUS as operators see it, as the operator API's messages.
#pragma once

#include <vector>

#include "controlplane/rpc/radius_view.h"
#include "sstpgw/v1/admin.pb.h"

namespace sstpgw::cp {

[[nodiscard]] ::sstpgw::v1::RadiusServer ToMessage(const radius::ServerView& view);
[[nodiscard]] ::sstpgw::v1::GetRadiusResponse ToMessage(const RadiusView& view);

}  // namespace sstpgw::cp
