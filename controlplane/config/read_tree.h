// The generic walker: a YAML tree onto the Config message, guided by nothing but the schema. Knows
// no single option. Reports unknown keys, wrong types, values outside their rules, keys written
// twice, what is required and missing, and nodes that are not supported yet.
#pragma once

#include <string>

#include "controlplane/config/load.h"
#include "controlplane/config/report.h"
#include "controlplane/config/yaml_document.h"
#include "sstpgw/v1/config.pb.h"

namespace sstpgw::cp {

// `directory` is what relative paths of secrets' files are relative to; empty: the working
// directory. What was refused is not in the message; defaults are.
[[nodiscard]] v1::Config ReadTree(const YamlNode& root, const std::string& directory,
                                  FileReader& reader, Report& report);

}  // namespace sstpgw::cp
