// The folder and the files of the store: made with narrow permissions, or put aside. Any thread.
#pragma once

#include <cstdint>
#include <string>

#include "proto/base/result.h"

namespace sstpgw::cp::store {

// Makes the folder (and those above it) and an empty file in it if they are not there; takes away
// what others may do with a file that is. kInvalidArgument: something else than a file is there.
[[nodiscard]] Result<void> PrepareStoreFile(const std::string& directory, const std::string& path);

// Whether there is anything of that name, also a link that leads nowhere.
[[nodiscard]] bool IsThere(const std::string& path);

// Renames the file and its write-ahead log; returns the new path.
[[nodiscard]] Result<std::string> SetStoreAside(const std::string& directory,
                                                const std::string& path, std::int64_t unix_seconds);

}  // namespace sstpgw::cp::store
