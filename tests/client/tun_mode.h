// TUN mode: one session with an interface of its own that carries real traffic. Prints facts, one
// per line ("interface: sstpc0", "address: 10.0.0.2", ..., "up"), and at the end "closed: <why>".
// With IPv6: "link-local: fe80::2", "peer-link-local: fe80::1", and the lines of ipv6_host.h; when
// IPv6CP opens or ends after "up": "ipv6: up" (behind the two) and "ipv6: down". With MPPE:
// "mppe: 128 stateless" (what we send; then " receiving 40 stateful" if that differs), "mppe: off".
//
// Commands on standard input, a line each: those of Ipv6Host, and "ask-ipv6", "end-ipv4",
// "end-ipv6", "end-ccp" (Terminate-Request of the layer), "reset-request" (CCP's), "mppe-facts"
// (prints counters), "disconnect". Whatever else: "no such command: ...".
#pragma once

#include <string>
#include <vector>

#include "proto/base/result.h"
#include "tests/client/ipv6_host.h"
#include "tests/client/target.h"

namespace sstpgw::client {

struct TunOptions {
  std::string interface_name = "sstpc%d";
  std::vector<std::string> routes;  // "10.1.0.0/24", "2001:db8::/32" through the tunnel
  Ipv6HostOptions ipv6;
  bool default_route6 = true;  // where a Router Advertisement offers it
  bool commands = false;       // read standard input
  bool no_interface = false;   // negotiate only; no TUN device, no privilege needed
  // As ordinary clients do: one packet per read, write and TLS record; otherwise super-packets and
  // full records, see data_path.h.
  bool packet_at_a_time = false;
  bool trace = false;  // packets of the negotiation on standard error
};

// Returns the process's exit code: 0 after a clean end (signal, or closed as asked), 1 otherwise.
int RunTunMode(const Target& target, const TunOptions& options);

}  // namespace sstpgw::client
