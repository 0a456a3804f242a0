// YAML text in, ControlConfig or the complete list of what is wrong with it out. Pure: files and
// environment come through FileReader. Bounded whatever the text is: size, depth, number of nodes;
// anchors and aliases are refused. Never throws. Thread-safe (no shared state).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/config/control_config.h"
#include "controlplane/config/issue.h"
#include "proto/base/result.h"

namespace sstpgw::cp {

// What a configuration may refer to. The implementation bounds what it reads (1 MiB is plenty) and
// says why it could not; it does not follow the configuration's idea of anything else.
class FileReader {
 public:
  virtual ~FileReader() = default;
  // The whole file. `path` is absolute, or relative to the working directory if file_name was.
  [[nodiscard]] virtual Result<std::string> ReadFile(const std::string& path) = 0;
  // The variable's value; kNotFound when it is not set.
  [[nodiscard]] virtual Result<std::string> ReadEnvironment(const std::string& name) = 0;
};

struct LoadResult {
  std::optional<ControlConfig> config;  // present exactly when errors is empty
  std::vector<Issue> errors;            // every one, ordered by line
  std::vector<Issue> warnings;
};

// `file_name` names the text in messages, and its directory is what relative paths inside the text
// are relative to.
[[nodiscard]] LoadResult LoadConfig(std::string_view yaml_text, std::string_view file_name,
                                    FileReader& reader);

// YAML texts longer than this are refused.
inline constexpr std::size_t kMaxConfigOctets = std::size_t{4} << 20;

}  // namespace sstpgw::cp
