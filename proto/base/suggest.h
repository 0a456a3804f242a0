// What an operator probably meant by a word that is not known.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sstpgw {

// The candidate nearest to `word` (few letters wrong, left out, added or swapped; '_' for '-',
// capitals for small letters),
// empty if none is near.
[[nodiscard]] std::string Nearest(std::string_view word,
                                  const std::vector<std::string>& candidates);

}  // namespace sstpgw
