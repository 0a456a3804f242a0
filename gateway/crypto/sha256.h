// SHA-256 (FIPS 180-4) in one call. Pure: libcrypto for arithmetic only.
#pragma once

#include <array>
#include <cstdint>

#include "proto/base/types.h"

namespace sstpgw::crypto {

// Zeros, if libcrypto cannot.
[[nodiscard]] std::array<std::uint8_t, 32> Sha256(ByteView bytes);

}  // namespace sstpgw::crypto
