// What an operator probably meant by a key that does not exist.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sstpgw::cp {

// The candidate nearest to `word` (few letters wrong, left out, added or swapped; '_' for '-'),
// empty if none is near.
[[nodiscard]] std::string Nearest(std::string_view word,
                                  const std::vector<std::string>& candidates);

}  // namespace sstpgw::cp
