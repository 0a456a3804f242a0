// CHAP with MD5 (RFC 1994 4.1). Pure; used to verify and, by the test client, to answer.
#pragma once

#include <cstdint>

#include "proto/base/types.h"

namespace sstpgw::cp {

// MD5(identifier | password | challenge), 16 octets. Empty, which equals no response, when
// libcrypto refuses MD5 (FIPS mode).
[[nodiscard]] Bytes ChapMd5Response(std::uint8_t identifier, ByteView password, ByteView challenge);

}  // namespace sstpgw::cp
