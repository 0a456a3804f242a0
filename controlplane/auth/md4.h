// MD4 (RFC 1320). Broken as a hash; here because NT password hashes are made with it. Own code, so
// that OpenSSL's legacy provider is not needed. Pure.
#pragma once

#include <array>
#include <cstdint>

#include "proto/base/types.h"

namespace sstpgw::cp {

using Md4Digest = std::array<std::uint8_t, 16>;

[[nodiscard]] Md4Digest Md4(ByteView message);

}  // namespace sstpgw::cp
