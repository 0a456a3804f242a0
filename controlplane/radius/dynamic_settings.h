// The configuration's `dynamic-author` as settings of DynamicAuthorization. Pure.
#pragma once

#include "controlplane/config/radius_config.h"
#include "controlplane/radius/dynamic_authorization.h"

namespace sstpgw::cp::radius {

// Of a valid configuration with dynamic_author. `judge` reads rate limits; none: any text is taken
// for one. What nobody applies yet and what is traced is for the caller to add.
[[nodiscard]] DynamicAuthorizationSettings DynamicSettingsOf(const RadiusConfig& config,
                                                             RateJudge judge);

}  // namespace sstpgw::cp::radius
