// Octets of a test written the way a specification prints them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "proto/base/types.h"

namespace sstpgw::test {

// Hex digits in pairs; blanks and line ends between octets are skipped. Throws on anything else.
inline Bytes FromHex(std::string_view text) {
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    throw std::invalid_argument(std::string("not a hex digit: ") + c);
  };
  Bytes out;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == ' ' || text[i] == '\n') {
      ++i;
      continue;
    }
    if (i + 1 == text.size()) throw std::invalid_argument("odd number of hex digits");
    out.push_back(static_cast<std::uint8_t>(digit(text[i]) * 16 + digit(text[i + 1])));
    i += 2;
  }
  return out;
}

template <std::size_t N>
std::array<std::uint8_t, N> ArrayFromHex(std::string_view text) {
  const Bytes bytes = FromHex(text);
  if (bytes.size() != N) throw std::invalid_argument("wrong number of octets");
  std::array<std::uint8_t, N> out{};
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

inline Bytes FromText(std::string_view text) { return Bytes(text.begin(), text.end()); }

inline std::string AsText(ByteView bytes) { return std::string(bytes.begin(), bytes.end()); }

}  // namespace sstpgw::test
