// CCP's one configuration option that we speak (RFC 1962 4, RFC 3078 2; features 3.5): MPPE and
// MPPC, a mask of four octets behind the option header.
//
//   0x01000000 H  stateless: a new key for every packet
//   0x00000080 M  56-bit keys          0x00000010 D  obsolete
//   0x00000040 S  128-bit keys         0x00000001 C  compression (MPPC)
//   0x00000020 L  40-bit keys
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/codec/ppp_control.h"

namespace sstpgw::codec {

enum class CcpOption : std::uint8_t { kMppe = 18 };

inline constexpr std::uint32_t kMppeStateless = 0x01000000;
inline constexpr std::uint32_t kMppe56Bit = 0x80;
inline constexpr std::uint32_t kMppe128Bit = 0x40;
inline constexpr std::uint32_t kMppe40Bit = 0x20;
inline constexpr std::uint32_t kMppeObsolete = 0x10;
inline constexpr std::uint32_t kMppeCompression = 0x01;
inline constexpr std::uint32_t kMppeStrengths = kMppe40Bit | kMppe56Bit | kMppe128Bit;

// nullopt: not option 18, or not 6 octets long. Bits without a name are kept.
[[nodiscard]] std::optional<std::uint32_t> MppeBitsOf(const ConfigOption& option);
void AppendMppe(Bytes& out, std::uint32_t bits);
// "<mppe +H -M +S -L -D -C>", as in the protocol trace.
[[nodiscard]] std::string MppeText(std::uint32_t bits);

}  // namespace sstpgw::codec
