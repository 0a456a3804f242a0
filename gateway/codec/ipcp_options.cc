#include "gateway/codec/ipcp_options.h"

#include "gateway/codec/byte_reader.h"

namespace sstpgw::codec {

std::optional<Ipv4Address> AddressOf(const ConfigOption& option) {
  switch (static_cast<IpcpOption>(option.type)) {
    case IpcpOption::kIpAddress:
    case IpcpOption::kPrimaryDns:
    case IpcpOption::kPrimaryWins:
    case IpcpOption::kSecondaryDns:
    case IpcpOption::kSecondaryWins:
      if (option.value.size() != 4) return std::nullopt;
      return Ipv4Address::FromOctets(ByteReader(option.value).Array<4>());
    case IpcpOption::kIpAddresses:
    case IpcpOption::kIpCompression:
      break;
  }
  return std::nullopt;
}

void AppendAddress(Bytes& out, IpcpOption type, Ipv4Address address) {
  AppendOption(out, static_cast<std::uint8_t>(type), address.octets());
}

}  // namespace sstpgw::codec
