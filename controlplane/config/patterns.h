// The named forms of text that the schema refers to by FieldRules.pattern.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sstpgw::cp {

struct Pattern {
  std::string_view name;
  std::string_view what;     // for people: "IPv4 address"
  std::string_view example;  // a text that has the form
  // Empty if `text` has the form, otherwise a clause that says what is wrong.
  std::string (*check)(std::string_view text);
};

// nullptr: no such form, which is a mistake in config.proto.
[[nodiscard]] const Pattern* FindPattern(std::string_view name);

[[nodiscard]] std::span<const Pattern> AllPatterns();

// 2 * octets hex digits, ':' allowed between octets; to octets. Empty if it is something else.
[[nodiscard]] std::string HexToOctets(std::string_view text);

}  // namespace sstpgw::cp
