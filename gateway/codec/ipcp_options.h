// IPCP's configuration options (RFC 1332 3.3, RFC 1877; features 3.6): all ours are 6 octets, an
// IPv4 address behind the option header.
#pragma once

#include <cstdint>
#include <optional>

#include "gateway/codec/ppp_control.h"
#include "proto/base/ip.h"

namespace sstpgw::codec {

enum class IpcpOption : std::uint8_t {
  kIpAddresses = 1,
  kIpCompression = 2,
  kIpAddress = 3,
  kPrimaryDns = 129,
  kPrimaryWins = 130,
  kSecondaryDns = 131,
  kSecondaryWins = 132,
};

// nullopt: not one of 3, 129..132, or not 6 octets long.
[[nodiscard]] std::optional<Ipv4Address> AddressOf(const ConfigOption& option);
void AppendAddress(Bytes& out, IpcpOption type, Ipv4Address address);

}  // namespace sstpgw::codec
