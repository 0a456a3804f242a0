// The words of a dictionary's line (dictionary.h): what is a number, a type, a format. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/radius/dictionary.h"

namespace sstpgw::cp::radius {

inline constexpr std::array<std::string_view, 8> kDictionaryKeywords = {
    "ATTRIBUTE",  "VALUE",     "VENDOR",  "BEGIN-VENDOR",
    "END-VENDOR", "BEGIN-TLV", "END-TLV", "$INCLUDE"};

// ASCII only.
[[nodiscard]] std::string LowerCase(std::string_view text);
[[nodiscard]] inline bool SameWord(std::string_view a, std::string_view b) {
  return LowerCase(a) == LowerCase(b);
}

// Separated by blanks; what is behind '#' does not count. Views of `line`.
[[nodiscard]] std::vector<std::string_view> WordsOf(std::string_view line);
// Decimal, or hexadecimal behind 0x.
[[nodiscard]] std::optional<std::uint64_t> NumberOf(std::string_view word);
// Digits with dots between: the number of an attribute inside others.
[[nodiscard]] bool IsNestedNumber(std::string_view word);
// "octets[16]" is octets.
[[nodiscard]] std::optional<ValueType> TypeOf(std::string_view word);
[[nodiscard]] std::vector<std::string> TypeNames();
// "1,1" or "1,1,c".
[[nodiscard]] std::optional<VendorFormat> FormatOf(std::string_view word);
// What "name" in an $INCLUDE of "dir/file" means: "dir/name".
[[nodiscard]] std::string PathBeside(const std::string& file, std::string_view name);

}  // namespace sstpgw::cp::radius
