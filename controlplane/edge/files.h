// What the control plane reads from its host: whole files and environment variables. Any thread.
#pragma once

#include <cstddef>
#include <string>

#include "proto/base/result.h"

namespace sstpgw::cp {

// Files of a configuration are small; anything bigger is a mistake.
inline constexpr std::size_t kMaxFileOctets = std::size_t{4} << 20;

// kNotFound, kPermissionDenied, kResourceExhausted (longer than `limit`), kInvalidArgument (not a
// regular file or pipe), kSystem; the message names the path.
[[nodiscard]] Result<std::string> ReadWholeFile(const std::string& path,
                                                std::size_t limit = kMaxFileOctets);
// kNotFound if it is not set.
[[nodiscard]] Result<std::string> ReadEnvironmentVariable(const std::string& name);

}  // namespace sstpgw::cp
