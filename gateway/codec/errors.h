// Why octets from the network are not what they should be: a small code and where. Fits a register,
// never allocates. Every parser of this layer returns it through Parsed<T>.
#pragma once

#include <cstddef>
#include <cstdint>

#include "proto/base/result.h"

namespace sstpgw::codec {

enum class ParseErrc : std::uint8_t {
  kTruncated,     // ends before its fixed part or a length inside it says
  kBadVersion,    // SSTP version octet or HTTP version
  kBadLength,     // a length field below its minimum or beyond what holds it
  kTrailing,      // octets left over after the last element
  kBadValue,      // a field holds something its format forbids
  kBadCharacter,  // control character in text that must not have one
  kWrongType,     // a well-formed message, but not the one that was asked for
};

[[nodiscard]] const char* ToString(ParseErrc code);  // "truncated"

struct ParseError {
  ParseErrc code{};
  std::uint16_t offset = 0;  // octets into what was parsed, where the defect was seen
  friend bool operator==(const ParseError&, const ParseError&) = default;
};

template <class T>
using Parsed = Result<T, ParseError>;

// An error at `offset` (saturates at 65535).
[[nodiscard]] inline auto FailAt(ParseErrc code, std::size_t offset) {
  return Fail(ParseError{code, static_cast<std::uint16_t>(offset < 0xffff ? offset : 0xffff)});
}

}  // namespace sstpgw::codec
