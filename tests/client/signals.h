// SIGTERM and SIGINT as a descriptor, so that an event loop can end in order. SIGPIPE is ignored.
#pragma once

namespace sstpgw::client {

// Blocks both signals for the process and returns a non-blocking signalfd. Call once, before
// anything else.
int StopSignals();

}  // namespace sstpgw::client
