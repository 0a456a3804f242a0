// What a valid configuration says of RADIUS (features 6): servers, what they are told, what is
// taken from them, and who may send Disconnect- and CoA-Requests. Plain values; move-only, because
// they hold secrets.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/base/ip_prefix.h"
#include "proto/base/secret.h"

namespace sstpgw::cp {

namespace radius {
class Dictionary;
}

// Whether a server's replies without Message-Authenticator are ignored (features 6.2).
enum class MessageAuthenticatorDemand : std::uint8_t {
  kAlways,
  kOnceSeen,  // from the first reply on that has one
  kNever,
};

struct RadiusServerConfig {
  IpAddress address;
  Secret key;  // never empty
  std::uint16_t port = 1812;
  std::uint16_t acct_port = 1813;  // 0: no accounting
  bool disabled = false;
  std::chrono::seconds fail_time{0};     // 0: never left alone
  std::optional<std::uint8_t> priority;  // weight among the servers; absent: not written
  bool backup = false;
  MessageAuthenticatorDemand require_message_authenticator = MessageAuthenticatorDemand::kAlways;
  std::uint32_t req_limit = 0;  // in progress; 0: no limit
  std::uint32_t max_fail = 0;   // unanswered in a row; never 0 in a valid configuration
  bool status_server = false;   // it knows Status-Server (RFC 5997)
};

// vendor 0: a standard attribute.
struct RadiusAttribute {
  std::uint32_t vendor = 0;
  std::uint32_t type = 0;
  friend bool operator==(const RadiusAttribute&, const RadiusAttribute&) = default;
};

struct RadiusRateLimit {
  RadiusAttribute attribute;  // the dictionary knows its type; if not it was given as a number
  std::uint32_t multiplier_millionths = 1'000'000;  // 1'000 to 1'000'000'000
};

struct DynamicAuthorConfig {
  std::optional<Ipv4Address> listen;  // absent: every address
  std::uint16_t port = 1700;
  Secret key;                          // never empty
  std::vector<IpPrefix> allowed_from;  // empty: nobody
  bool require_message_authenticator = false;
  bool require_event_timestamp = false;
  std::chrono::seconds event_timestamp_window{300};  // 0: any time will do
  bool require_nas_identification = false;
};

struct RadiusConfig {
  std::vector<RadiusServerConfig> servers;  // in the order of the file, disabled ones too
  std::optional<Ipv4Address> source_address;
  std::optional<Ipv6Address> source_ipv6_address;
  std::chrono::seconds timeout{3};
  std::uint32_t max_try = 3;
  std::chrono::seconds acct_timeout{3};      // 0: no session ends for want of an answer
  std::chrono::seconds interim_interval{0};  // 0: only where a server says so
  std::chrono::seconds interim_jitter{0};
  std::chrono::seconds acct_delay_start{0};
  bool acct_on = true;

  std::string nas_identifier;  // empty: not sent
  std::optional<Ipv4Address> nas_ip_address;
  bool session_id_in_access_request = true;
  bool strip_realm = false;
  std::string default_realm;                   // empty: none
  std::optional<RadiusAttribute> tunnel_type;  // gets the text "sstp"

  std::optional<RadiusRateLimit> rate_limit;  // absent: none are taken
  bool framed_route_strict = false;
  bool cisco_pool = false;  // Cisco-AVPair "ip:addr-pool=..." is a Framed-Pool, too

  std::optional<DynamicAuthorConfig> dynamic_author;

  // The built-in attributes and the operator's files; never null in a valid configuration.
  std::shared_ptr<const radius::Dictionary> dictionary;
};

}  // namespace sstpgw::cp
