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

// Makes settings that gateways would refuse an error, whatever the schema said of them: a
// configuration that is taken over and then rules nowhere would be worse than none.
void CheckForGateways(LoadResult& result);

// A configuration text that stands (or might stand) in the file `path`. Any thread.
[[nodiscard]] LoadedFile LoadConfigText(const std::string& text, const std::string& path);

// An error only if the file itself cannot be read. Any thread.
[[nodiscard]] Result<LoadedFile> LoadConfigFile(const std::string& path);

}  // namespace sstpgw::cp
