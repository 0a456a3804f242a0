// The configuration file on disk as a checked configuration.
#pragma once

#include <string>

#include "controlplane/config/load.h"
#include "proto/base/result.h"

namespace sstpgw::cp {

// Files and environment of this host.
class HostFileReader final : public FileReader {
 public:
  Result<std::string> ReadFile(const std::string& path) override;
  Result<std::string> ReadEnvironment(const std::string& name) override;
};

struct LoadedFile {
  LoadResult result;
  std::string masked_yaml;  // the text with every secret replaced by "***"; empty if not valid
};

// An error only if the file itself cannot be read. Any thread.
[[nodiscard]] Result<LoadedFile> LoadConfigFile(const std::string& path);

}  // namespace sstpgw::cp
