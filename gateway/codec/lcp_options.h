// LCP's configuration options as values (RFC 1661 6; features 3.2.1, 3.3).
//
//   MRU               01 04 | 16 bit
//   Authentication    03 04 | C023 (PAP)     03 05 | C223 | 05 CHAP-MD5, 80 MS-CHAPv1, 81 MS-CHAPv2
//                     03 04 | C227 (EAP)
//   Magic-Number      05 06 | 32 bit
//   PFC, ACFC         07 02, 08 02
#pragma once

#include <cstdint>
#include <optional>

#include "gateway/codec/ppp_control.h"
#include "proto/base/messages.h"

namespace sstpgw::codec {

enum class LcpOption : std::uint8_t {
  kMru = 1,
  kAuthentication = 3,
  kQuality = 4,
  kMagicNumber = 5,
  kProtocolFieldCompression = 7,
  kAddressControlCompression = 8,
  kCallback = 13,
};

// nullopt: another type, or a length that is not this option's.
[[nodiscard]] std::optional<std::uint16_t> MruOf(const ConfigOption& option);
[[nodiscard]] std::optional<std::uint32_t> MagicOf(const ConfigOption& option);
// nullopt also for protocols that we do not speak.
[[nodiscard]] std::optional<AuthProtocol> AuthOf(const ConfigOption& option);

void AppendMru(Bytes& out, std::uint16_t mru);
void AppendMagic(Bytes& out, std::uint32_t magic);
void AppendAuth(Bytes& out, AuthProtocol protocol);

// "PAP", "CHAP", "MSCHAP-v1", "MSCHAP-v2", "EAP".
[[nodiscard]] const char* LogName(AuthProtocol protocol);

}  // namespace sstpgw::codec
