// TUN mode: one session with an interface of its own that carries real traffic. Prints facts, one
// per line ("interface: sstpc0", "address: 10.0.0.2", ..., "up"), and at the end "closed: <why>".
#pragma once

#include <string>
#include <vector>

#include "proto/base/result.h"
#include "tests/client/target.h"

namespace sstpgw::client {

struct TunOptions {
  std::string interface_name = "sstpc%d";
  std::vector<std::string> routes;  // "10.1.0.0/24" through the tunnel
  bool no_interface = false;        // negotiate only; no TUN device, no privilege needed
  // As ordinary clients do: one packet per read, write and TLS record; otherwise super-packets and
  // full records, see data_path.h.
  bool packet_at_a_time = false;
  bool trace = false;  // packets of the negotiation on standard error
};

// Returns the process's exit code: 0 after a clean end (signal, or closed as asked), 1 otherwise.
int RunTunMode(const Target& target, const TunOptions& options);

}  // namespace sstpgw::client
