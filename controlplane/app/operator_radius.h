// What operators see of RADIUS, gathered from those who keep it. In the app's thread.
#pragma once

#include "controlplane/app/radius_services.h"
#include "controlplane/config/control_config.h"
#include "controlplane/rpc/radius_view.h"

namespace sstpgw::cp {

// `config` is the running one. Accounting records and requests of servers are told of as long as
// there are any, also when mode local has been chosen meanwhile.
[[nodiscard]] RadiusView RadiusViewOf(const RadiusServices& services, const ControlConfig& config);

}  // namespace sstpgw::cp
