// Domain names as DNS writes them (RFC 1035 3.1), without compression: for DNSSL (RFC 8106 5.2) and
// DHCPv6 (RFC 8415 10).
//
//   03 'v' 'p' 'n' | 07 'e' 'x' 'a' 'm' 'p' 'l' 'e' | 00
#pragma once

#include <string_view>

#include "proto/base/types.h"

namespace sstpgw::codec {

// "vpn.example", with or without a dot at the end. False, and nothing is appended: it is empty, a
// label is empty or longer than 63 octets, or the whole is longer than 255 octets.
[[nodiscard]] bool AppendDomainName(Bytes& out, std::string_view name);

}  // namespace sstpgw::codec
