// How one configuration differs from another, as flat "path: value" lines.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/config/control_config.h"

namespace sstpgw::cp {

struct ConfigDifference {
  std::string path;                   // "sstp.client-ip-pool.SSTP-POOL.range[0]"
  std::optional<std::string> before;  // escaped; absent: not written
  std::optional<std::string> after;
  friend bool operator==(const ConfigDifference&, const ConfigDifference&) = default;
};

// A configuration that was loaded: the text it came from, with its secrets masked, and its meaning.
struct ConfigSide {
  std::string_view masked_yaml;
  const ControlConfig& config;
};

// What is written differently, ordered by path. A password or key that changed, here or in the file
// it comes from, is "***" on both sides.
[[nodiscard]] std::vector<ConfigDifference> DiffConfigs(const ConfigSide& before,
                                                        const ConfigSide& after);

}  // namespace sstpgw::cp
