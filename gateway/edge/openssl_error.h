// OpenSSL's per-thread error queue as one text.
#pragma once

#include <string>

namespace sstpgw::edge {

// The reasons queued on this thread, oldest first, joined by ", " ("unsupported protocol"); empties
// the queue. Empty if there is none. Only OpenSSL's own constant texts: safe to print.
std::string TakeOpenSslError();

}  // namespace sstpgw::edge
