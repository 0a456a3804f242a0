// The configuration's radius node as settings of the parts that speak RADIUS. Each of a valid
// configuration. Pure; any thread.
#pragma once

#include "controlplane/config/radius_config.h"
#include "controlplane/radius/access_request.h"
#include "controlplane/radius/client_settings.h"
#include "controlplane/radius/nas_identity.h"
#include "controlplane/radius/session_attributes.h"

namespace sstpgw::cp::radius {

// Secrets are copied. A server's require-message-authenticator: false is
// MessageAuthenticatorPolicy::kNo, since some servers put one into a part of their replies only;
// for others there is `auto`.
[[nodiscard]] ClientSettings ClientSettingsOf(const RadiusConfig& config);

// Without addresses and name if none is configured; see NasIdentity for who adds one then.
[[nodiscard]] NasIdentity NasIdentityOf(const RadiusConfig& config);

[[nodiscard]] SessionAttributeSettings SessionAttributeSettingsOf(const RadiusConfig& config);

[[nodiscard]] UserNameRules UserNameRulesOf(const RadiusConfig& config);

}  // namespace sstpgw::cp::radius
