// A configuration text that may be shown: every secret of the schema is replaced by "***".
#pragma once

#include <string>
#include <string_view>

namespace sstpgw::cp {

// `yaml` has been loaded without errors. Where a secret is ({file: path}, {env: NAME}) stays
// visible. Comments and layout are not kept. Never throws; empty if the text cannot be read.
[[nodiscard]] std::string MaskSecrets(std::string_view yaml);

}  // namespace sstpgw::cp
