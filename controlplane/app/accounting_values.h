// Accounting's values in the words of its neighbours: of a configuration, of a login, of a
// gateway's record, for a RADIUS packet. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "controlplane/accounting/accounting.h"
#include "controlplane/accounting/settings.h"
#include "controlplane/config/control_config.h"
#include "controlplane/radius/accounting_request.h"
#include "controlplane/session/actions.h"
#include "proto/base/ip_endpoint.h"

namespace sstpgw::cp {

// What is not said in a configuration stays at its default. Null or kLocal: not enabled.
[[nodiscard]] accounting::AccountingSettings AccountingSettingsOf(const RadiusConfig* config,
                                                                  AuthMode mode);
// Servers that take accounting, in their order, as records for one server name them.
[[nodiscard]] std::vector<std::string> AccountingServersOf(const RadiusConfig& config);
[[nodiscard]] std::string AccountingServerName(const IpEndpoint& accounting);

[[nodiscard]] accounting::AccountedLogin LoginOf(const OpenAccounting& open);

// No more are to come: what it was given of IPv6, if anything, is in use.
[[nodiscard]] bool HasAllAddresses(const SessionRecord& record);

// `unix_seconds`: now, for Acct-Delay-Time. A clock that went back gives no delay.
[[nodiscard]] radius::AccountingRecord RadiusRecordOf(const accounting::AccountingRecord& record,
                                                      std::int64_t unix_seconds);

}  // namespace sstpgw::cp
