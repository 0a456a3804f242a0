// What is counted about RADIUS servers, for "show radius", "show statistics" (features 10.3) and
// metrics. Counters go up for as long as the server stays configured. Values only.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/radius/client_actions.h"
#include "controlplane/radius/recent_window.h"
#include "proto/base/ip_endpoint.h"
#include "proto/base/types.h"

namespace sstpgw::cp::radius {

// Why a datagram that came to one of our sockets was dropped.
enum class BadReply : std::uint8_t {
  kWrongSource,        // not the server's address and port
  kMalformed,          // no packet, or more attributes than any reply has
  kUnknownIdentifier,  // nothing has been sent under it
  kUnexpectedCode,     // not an answer to what was sent under it
  kWrongAuthenticator,
  kWrongMessageAuthenticator,
  kMissingMessageAuthenticator,
};
inline constexpr std::size_t kBadReplies = 7;
[[nodiscard]] const char* ToString(BadReply reason);  // "wrong authenticator"

struct SendCounters {
  std::uint64_t sent = 0;     // datagrams, repeated ones too
  std::uint64_t retries = 0;  // of these: repeated ones
  std::uint64_t lost = 0;     // of these: without an answer in time
};

struct TrafficView {
  SendCounters total;
  std::uint64_t lost_5m = 0;
  std::uint64_t lost_1m = 0;
  Duration average_5m{0};  // from first sending to the answer
  Duration average_1m{0};
};

enum class ServiceState : std::uint8_t {
  kOff,      // not configured for this service, or disabled
  kActive,   // asked when its turn comes
  kFailed,   // left alone
  kOnTrial,  // left alone long enough; what comes next finds out
};
[[nodiscard]] const char* ToString(ServiceState state);  // "active"

struct ServiceView {
  ServiceState state = ServiceState::kOff;
  std::uint32_t fail_count = 0;            // transmissions in a row without an answer
  std::chrono::seconds left_alone_for{0};  // with kFailed: from now on, rounded up
  std::size_t in_flight = 0;
  std::size_t queue_length = 0;
  std::size_t sockets = 0;

  TrafficView requests;  // interim updates apart
  TrafficView interims;
  std::uint64_t accepts = 0;
  std::uint64_t rejects = 0;
  std::uint64_t challenges = 0;
  std::uint64_t accounting_responses = 0;
  std::uint64_t status_sent = 0;  // Status-Server
  std::uint64_t status_answered = 0;
  std::uint64_t late = 0;                        // genuine, but its request was over
  std::uint64_t duplicates = 0;                  // genuine once more
  std::array<std::uint64_t, kBadReplies> bad{};  // by BadReply
  std::uint64_t moved_on = 0;       // requests that went to another server, or nowhere, from here
  std::uint64_t queue_expired = 0;  // of these: were never sent here
  std::uint64_t socket_errors = 0;  // refused, unreachable, no socket
  std::string last_error;           // of these; empty: none so far

  std::optional<Duration> last_round_trip;      // from first sending to the answer
  std::optional<Duration> smoothed_round_trip;  // an eighth of each new one (RFC 6298 2)
};

struct ServerView {
  ServerId id;
  std::uint32_t number = 0;  // from 1, in the configuration's order
  IpEndpoint authentication;
  IpEndpoint accounting;
  bool disabled = false;
  bool backup = false;
  std::uint32_t weight = 1;
  std::array<ServiceView, kServices> services;  // by Service

  [[nodiscard]] const ServiceView& service(Service which) const {
    return services[static_cast<std::size_t>(which)];
  }
};

struct ClientView {
  std::vector<ServerView> servers;
  std::size_t open_requests = 0;
  std::uint64_t refused_requests = 0;  // kOverloaded, kNoServers, kUnsendable
  std::uint64_t stray_datagrams = 0;   // came to a socket that is closed
};

}  // namespace sstpgw::cp::radius
