// Where the text of a secret comes from: the file itself, another file, or the environment.
#pragma once

#include <optional>
#include <string>

#include "controlplane/config/load.h"
#include "controlplane/config/report.h"
#include "controlplane/config/yaml_document.h"

namespace sstpgw::cp {

// `path` as the FileReader gets it. `directory` is what relative paths are relative to; empty: the
// working directory.
[[nodiscard]] std::string ResolvePath(const std::string& directory, const std::string& path);

// The secret's text, which the caller wipes, or nothing after reporting why there is none at
// `path`, the place in the configuration.
[[nodiscard]] std::optional<std::string> FetchSecret(const YamlNode& node, const std::string& path,
                                                     const std::string& directory,
                                                     FileReader& reader, Report& report);

}  // namespace sstpgw::cp
