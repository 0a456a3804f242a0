// MD5 and HMAC-MD5 (RFC 1321, RFC 2104) as RADIUS uses them, by libcrypto. Broken as a hash; what
// RADIUS is made of. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>

#include "proto/base/result.h"
#include "proto/base/types.h"

namespace sstpgw::cp::radius {

using Md5Digest = std::array<std::uint8_t, 16>;

// Over the parts one behind the other. kUnsupported when libcrypto refuses MD5 (FIPS mode).
[[nodiscard]] Result<Md5Digest> Md5(std::initializer_list<ByteView> parts);
[[nodiscard]] Result<Md5Digest> HmacMd5(ByteView key, ByteView message);

}  // namespace sstpgw::cp::radius
