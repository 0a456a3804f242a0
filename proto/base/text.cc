#include "proto/base/text.h"

#include <cstdint>

namespace sstpgw {
namespace {

constexpr char kDigits[] = "0123456789abcdef";

void AppendEscaped(std::string& out, std::uint8_t octet) {
  out += "\\x";
  out += kDigits[octet >> 4];
  out += kDigits[octet & 15];
}

// Characters that are not seen but change how others are (direction marks, separators, zero width):
// a line of a log must look like what it says.
bool IsInvisible(std::uint32_t code) {
  return (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2060 && code <= 0x206f) || code == 0xfeff || code == 0x00ad || code == 0x061c ||
         (code >= 0xfff9 && code <= 0xfffb) || (code >= 0xe0000 && code <= 0xe007f);
}

// Octets in the UTF-8 sequence that starts at `text[at]`, 0 when it is none, overlong, a surrogate,
// beyond U+10FFFF, or a character that controls or is not seen.
std::size_t Utf8Length(std::string_view text, std::size_t at) {
  const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(text[at + i]); };
  const std::uint8_t lead = octet(0);
  std::size_t length = 0;
  std::uint32_t code = 0;
  if (lead >= 0xc2 && lead <= 0xdf) {
    length = 2;
    code = lead & 0x1fU;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    length = 3;
    code = lead & 0x0fU;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    length = 4;
    code = lead & 0x07U;
  } else {
    return 0;
  }
  if (text.size() - at < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((octet(i) & 0xc0) != 0x80) return 0;
    code = (code << 6) | (octet(i) & 0x3fU);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (overlong || surrogate || code > 0x10ffff || code < 0xa0 || IsInvisible(code)) return 0;
  return length;
}

}  // namespace

std::string Escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto octet = static_cast<std::uint8_t>(text[at]);
    if (octet == '\\') {
      out += "\\\\";
      ++at;
    } else if (octet >= 0x20 && octet < 0x7f) {
      out += text[at++];
    } else if (const std::size_t length = octet < 0x80 ? 0 : Utf8Length(text, at); length > 0) {
      out += text.substr(at, length);
      at += length;
    } else {
      AppendEscaped(out, octet);
      ++at;
    }
  }
  return out;
}

std::string ToHex(ByteView bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::uint8_t octet : bytes) {
    out += kDigits[octet >> 4];
    out += kDigits[octet & 15];
  }
  return out;
}

}  // namespace sstpgw
