// The command line and bootstrap file of sstp-gateway: name, control plane, threads. All else is
// pushed by the control plane.
#pragma once

#include <optional>
#include <string>

#include "gateway/gateway_app.h"

namespace sstpgw::gateway {

struct CommandLine {
  GatewayOptions options;
  // Set: print `text` and exit with this code (help, version, mistakes).
  std::optional<int> exit_code;
  std::string text;
};

// `arguments` without the program's name. `host_name` is the default for --name.
[[nodiscard]] CommandLine ParseCommandLine(const std::vector<std::string>& arguments,
                                           const std::string& host_name,
                                           const std::string& version);

}  // namespace sstpgw::gateway
