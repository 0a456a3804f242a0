// Single DES encryption of one block (FIPS 46-3) with the 7-octet keys of MS-CHAP (RFC 2433 A.5,
// "DesEncrypt"). Broken as a cipher; here because MS-CHAP responses are made with it. Own code, so
// that OpenSSL's legacy provider is not needed. Pure; table look-ups depend on the key.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace sstpgw::cp {

using DesBlock = std::array<std::uint8_t, 8>;

// 8-octet key as DES defines it; the parity bits (lowest of each octet) are ignored.
[[nodiscard]] DesBlock DesEncrypt(const DesBlock& key, const DesBlock& clear);

// 7 octets spread over 8, 7 bits each, upper bits first; parity bits zero.
[[nodiscard]] DesBlock DesKeyFrom7Octets(std::span<const std::uint8_t, 7> octets);

}  // namespace sstpgw::cp
