// From the tree of values to what they mean: rules that involve more than one node (features 11.1),
// notations resolved, files under `ssl` and RADIUS dictionaries read. Reports everything that is
// wrong or odd; the result counts only if the report has no errors.
#pragma once

#include <string>

#include "controlplane/config/control_config.h"
#include "controlplane/config/load.h"
#include "controlplane/config/report.h"
#include "sstpgw/v1/config.pb.h"

namespace sstpgw::cp {

// `config` has its defaults applied.
[[nodiscard]] ControlConfig Interpret(const v1::SstpConfig& config, const std::string& directory,
                                      FileReader& reader, Report& report);

// Local users are asked, as far as one can tell.
[[nodiscard]] bool UsersAreLocal(const v1::SstpConfig& config, const Report& report);

// Its parts; each fills its share of `result`.
void InterpretGateway(const v1::SstpConfig& config, Report& report, ControlConfig& result);
void InterpretTls(const v1::SstpConfig& config, const std::string& directory, FileReader& reader,
                  Report& report, ControlConfig& result);
// How rates are kept and what sessions get; users' own limits are InterpretUsers'.
void InterpretShaper(const v1::SstpConfig& config, Report& report, ControlConfig& result);
void InterpretUsers(const v1::SstpConfig& config, Report& report, ControlConfig& result);
void InterpretRadius(const v1::SstpConfig& config, const std::string& directory, FileReader& reader,
                     Report& report, ControlConfig& result);
// `result` has its IPv6 pools.
void InterpretPools(const v1::SstpConfig& config, Report& report, ControlConfig& result);
// `result` has its gateway settings.
void InterpretIpv6(const v1::SstpConfig& config, Report& report, ControlConfig& result);

}  // namespace sstpgw::cp
