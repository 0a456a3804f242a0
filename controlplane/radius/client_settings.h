// What the operator says of RADIUS servers and of asking them (features 6.1, 6.2), as plain values.
// Move-only, because it holds secrets. Whoever makes one has checked the ranges.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "controlplane/radius/dictionary.h"
#include "controlplane/radius/packet.h"
#include "proto/base/ip_endpoint.h"
#include "proto/base/secret.h"
#include "proto/base/types.h"

namespace sstpgw::cp::radius {

// Whether Access-Accept, -Reject and -Challenge must carry a Message-Authenticator; one that is
// there is checked in any case. Accounting-Responses need none: nothing can be forged into them
// that their own authenticator would not show.
enum class MessageAuthenticatorPolicy : std::uint8_t {
  kYes,   // always
  kAuto,  // from the first genuine reply on that has one; until then as kNo
  kNo     // open to forgery by who sees the requests (CVE-2024-3596): for old servers
};

struct ServerSettings {
  IpAddress address;
  std::uint16_t auth_port = 1812;
  std::uint16_t acct_port = 1813;
  Secret secret;           // 1..128 octets
  bool disabled = false;   // not used for anything
  bool accounting = true;  // false: disable-accounting, or acct-port 0
  // How long a server is left alone that did not answer; 0: never, it is asked every time.
  std::chrono::seconds fail_time{0};
  // So many transmissions in a row without an answer to any are "did not answer". 0: max_try and
  // request_limit together.
  std::uint32_t max_fail = 0;
  // 1..255. Given for any server: load is spread by these, 1 for who has none. Given for none:
  // servers are used in their order.
  std::optional<std::uint8_t> priority;
  bool backup = false;              // only when no other server is usable
  std::uint32_t request_limit = 0;  // requests in flight per service; 0: as many as identifiers
  MessageAuthenticatorPolicy message_authenticator = MessageAuthenticatorPolicy::kYes;
  // It knows Status-Server (RFC 5997): when its fail_time is over it is asked that, and users are
  // sent to it again once it has answered. Otherwise a user's request finds out; see client.h.
  bool status_server = false;
};

struct ClientSettings {
  std::vector<ServerSettings> servers;  // in the operator's order
  Duration timeout = std::chrono::seconds(3);
  std::uint32_t max_try = 3;  // transmissions per request and server; at least 1
  // Where packets come from; absent: as the routes say.
  std::optional<Ipv4Address> source_v4;
  std::optional<Ipv6Address> source_v6;
  std::vector<Attribute> identity;  // who asks, in Status-Server: NAS-Identifier or NAS-IP-Address
  // Vendors' frames, and names for packets in the log; null: RFC 2865's frame and no such lines.
  std::shared_ptr<const Dictionary> dictionary;
  std::size_t max_requests = 32768;  // at one time; more are refused
  std::size_t max_queue = 8192;      // waiting for room, per server and service
};

}  // namespace sstpgw::cp::radius
