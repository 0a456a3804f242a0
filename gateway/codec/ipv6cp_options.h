// IPv6CP's configuration options (RFC 5072 4): the only one that we speak is the
// Interface-Identifier,
//
//   01 | 0a | identifier (8)
//
// IPv6-Compression-Protocol and all others are refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/codec/ppp_control.h"
#include "proto/base/ip.h"

namespace sstpgw::codec {

enum class Ipv6cpOption : std::uint8_t { kInterfaceId = 1, kCompression = 2 };

// nullopt: another option, or not 10 octets long. Zero is a value like others here.
[[nodiscard]] std::optional<InterfaceId> InterfaceIdOf(const ConfigOption& option);
void AppendInterfaceId(Bytes& out, const InterfaceId& id);
// "211:0:ff:fe01": four groups of hex without leading zeros, as the configuration has it.
[[nodiscard]] std::string InterfaceIdText(const InterfaceId& id);

}  // namespace sstpgw::codec
