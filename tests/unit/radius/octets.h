// Octets in tests: written as hex with any blanks between.
#pragma once

#include <string>
#include <string_view>

#include "proto/base/text.h"
#include "proto/base/types.h"

namespace sstpgw::cp::radius {

inline Bytes Hex(std::string_view text) {
  Bytes out;
  int high = -1;
  for (const char c : text) {
    int digit = 0;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      digit = c - 'a' + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = c - 'A' + 10;
    } else {
      continue;
    }
    if (high < 0) {
      high = digit;
    } else {
      out.push_back(static_cast<std::uint8_t>(high * 16 + digit));
      high = -1;
    }
  }
  return out;
}

inline ByteView TextOctets(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// A packet with code, identifier 7, authenticator 00..0f, the right Length and these attributes.
inline Bytes PacketWith(std::uint8_t code, const Bytes& attributes) {
  Bytes out{code, 7, 0, 0};
  for (std::uint8_t i = 0; i < 16; ++i) out.push_back(i);
  out.insert(out.end(), attributes.begin(), attributes.end());
  out[2] = static_cast<std::uint8_t>(out.size() >> 8);
  out[3] = static_cast<std::uint8_t>(out.size());
  return out;
}

}  // namespace sstpgw::cp::radius
