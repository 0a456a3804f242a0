// Numbers as operators write them: decimal digits, no sign, no leading zero.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sstpgw::cp {

// nullopt: something else, or more than 64 bits.
[[nodiscard]] inline std::optional<std::uint64_t> ParseDecimal(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace sstpgw::cp
