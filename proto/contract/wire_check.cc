#include "proto/contract/wire_check.h"

#include "proto/base/text.h"
#include "proto/contract/convert.h"

namespace sstpgw::contract {
namespace {

// Length of the well-formed UTF-8 sequence at the start of `text` (RFC 3629 4), 0 if there is none.
std::size_t Utf8Length(std::string_view text) {
  const auto octet = [&](std::size_t i) {
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
  };
  const std::uint8_t first = octet(0);
  if (first < 0x80) return 1;
  const std::size_t length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  if (length == 0 || first > 0xf4) return 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xbf;
  if (first == 0xe0) low = 0xa0;
  if (first == 0xed) high = 0x9f;
  if (first == 0xf0) low = 0x90;
  if (first == 0xf4) high = 0x8f;
  if (octet(1) < low || octet(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (octet(i) < 0x80 || octet(i) > 0xbf) return 0;
  }
  return length;
}

// The longest well-formed start of `text` within `limit` octets.
std::size_t WellFormedPrefix(std::string_view text, std::size_t limit) {
  std::size_t used = 0;
  while (used < text.size()) {
    const std::size_t length = Utf8Length(text.substr(used));
    if (length == 0 || used + length > limit) break;
    used += length;
  }
  return used;
}

bool IsIdentifierCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

}  // namespace

std::string FitText(std::string_view text, std::size_t limit) {
  const std::size_t whole = WellFormedPrefix(text, text.size());
  if (whole == text.size()) return std::string(text.substr(0, WellFormedPrefix(text, limit)));
  const std::string escaped = Escape(text);
  return escaped.substr(0, WellFormedPrefix(escaped, limit));
}

Result<bool> CheckLength(std::string_view field, std::size_t length, std::size_t least,
                         std::size_t most) {
  if (length >= least && length <= most) return true;
  const std::string bounds =
      least == most ? std::to_string(most) : std::to_string(least) + ".." + std::to_string(most);
  return Refuse(field, "length " + std::to_string(length) + ", must be " + bounds);
}

std::uint64_t ToNumber(const InterfaceId& id) {
  std::uint64_t number = 0;
  for (const std::uint8_t octet : id) number = number << 8U | octet;
  return number;
}

InterfaceId ToInterfaceId(std::uint64_t number) {
  InterfaceId id;
  for (std::size_t i = 0; i < id.size(); ++i) {
    id[i] = static_cast<std::uint8_t>(number >> (56 - 8 * i));
  }
  return id;
}

Result<bool> CheckRange(std::string_view field, std::uint64_t value, std::uint64_t least,
                        std::uint64_t most) {
  if (value >= least && value <= most) return true;
  return Refuse(field, std::to_string(value) + " is not in " + std::to_string(least) + ".." +
                           std::to_string(most));
}

Result<bool> CheckSessionId(std::string_view field, std::string_view id, bool may_be_empty) {
  if (id.empty() && may_be_empty) return true;
  const bool hex = std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  if (id.size() == 16 && hex) return true;
  return Refuse(field, "must be 16 lower-case hex digits");
}

Result<bool> CheckIdentifier(std::string_view field, std::string_view text) {
  SG_RETURN_IF_ERROR(CheckLength(field, text.size(), 1, kMaxName));
  if (std::all_of(text.begin(), text.end(), IsIdentifierCharacter)) return true;
  return Refuse(field, "only letters, digits, '.', '_' and '-' are allowed");
}

}  // namespace sstpgw::contract
