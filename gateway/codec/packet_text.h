// Packets as the log shows them (features 3.1 "Log format of packets"), without the brackets:
//
//   LCP ConfReq id=56 <auth PAP> <mru 1452> <magic 1cd9ad05>
//   LCP ConfRej id=0 <pcomp> <accomp> < d 3 6 >          unknown options: all octets in hex
//   LCP ProtoRej id=88 <8057>                            id is decimal here, hex elsewhere
//   PAP AuthAck id=3 "Authentication succeeded"
//   MSCHAP-v2 Success id=1 "S=.. M=Authentication succeeded"
//   EAP Response id=7 <Identity "test">                  of other types the name only
//
// Text of the peer is escaped. Passwords, responses and everything else that is made from a
// password are left out, also the digits behind "S=". A sent Configure-Ack shows no options. Works
// on any octets.
#pragma once

#include <optional>
#include <string>

#include "gateway/codec/ppp_frame.h"
#include "proto/base/messages.h"
#include "proto/base/types.h"

namespace sstpgw::codec {

enum class Direction : std::uint8_t { kSend, kReceive };

// `payload`: PppFrame::payload. `chap`: which CHAP was agreed on, only for protocol CHAP.
[[nodiscard]] std::string DescribePacket(Direction direction, PppProtocol protocol,
                                         ByteView payload,
                                         std::optional<AuthProtocol> chap = std::nullopt);

// "send [<what>]" or "recv [<what>]".
[[nodiscard]] std::string LogLine(Direction direction, const std::string& what);

}  // namespace sstpgw::codec
