// Text that comes from outside, made safe for logs and tables; and small text tools shared by both
// daemons.
#pragma once

#include <string>
#include <string_view>

#include "proto/base/types.h"

namespace sstpgw {

// Control characters, DEL, backslash and everything that is not valid UTF-8 become \xNN (backslash:
// \\); the rest stays. So a peer can neither break a line nor colour a terminal.
[[nodiscard]] std::string Escape(std::string_view text);

// Lower-case hex without separators.
[[nodiscard]] std::string ToHex(ByteView bytes);

}  // namespace sstpgw
