// The gateway's bootstrap file: options of the command line, one `key = value` per line; several
// values as `key = [a, b]`, without the brackets, or by naming the key again; values may be quoted.
// What follows '#' outside quotes and lines that begin with ';' are comments.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proto/base/result.h"

namespace sstpgw::gateway {

struct BootstrapEntry {
  std::string key;
  std::vector<std::string> values;  // at least one
};

// One entry per key, in the order of the file. The error, kInvalidArgument, says
// "FILE:LINE: reason" for every wrong line; an unknown key's one names the key nearest to it.
[[nodiscard]] Result<std::vector<BootstrapEntry>> ParseBootstrap(
    std::string_view text, const std::string& file, const std::vector<std::string>& known_keys);

}  // namespace sstpgw::gateway
