// Packets as the verbose log shows them (features 6.5):
//
//   send [RADIUS(1) Access-Request id=1 <User-Name "test"> <NAS-Port-Type Virtual> ...]
//   recv [RADIUS(1) Access-Accept id=1 <Framed-IP-Address 10.0.0.9> <MS-MPPE-Recv-Key ***>]
//
// Passwords, keys, CHAP and EAP answers are left out ("***"), whatever a dictionary file says of
// them. What no dictionary knows is shown as number and hex. Text of the other side is escaped.
// A line has at most kMaxLogLine characters and ends with how many attributes are not in it. Works
// on any packet. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "controlplane/radius/dictionary.h"
#include "controlplane/radius/packet.h"

namespace sstpgw::cp::radius {

inline constexpr std::size_t kMaxLogLine = 4096;

enum class Direction : std::uint8_t { kSend, kReceive };

// `other_side`: "RADIUS(1)", the server's number.
[[nodiscard]] std::string LogLine(Direction direction, std::string_view other_side,
                                  const Packet& packet, const Dictionary& dictionary);

// `User-Name "test"`.
[[nodiscard]] std::string AttributeText(const Attribute& attribute, const Dictionary& dictionary);

}  // namespace sstpgw::cp::radius
