// A RADIUS server as the client keeps it: settings, and for each of its two services identifiers,
// health, queue and counters. A server whose accounting is dead may well authenticate, so the two
// share nothing. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "controlplane/radius/client_settings.h"
#include "controlplane/radius/identifier_pool.h"
#include "controlplane/radius/recent_window.h"
#include "controlplane/radius/server_health.h"
#include "controlplane/radius/server_statistics.h"

namespace sstpgw::cp::radius {

// Counters of one kind of request.
struct Traffic {
  SendCounters total;
  RecentWindow lost;
  RecentWindow answered;  // with the time it took

  [[nodiscard]] TrafficView ViewAt(TimePoint now) const;
};

class ServerService {
 public:
  using QueueKey = std::pair<Priority, RequestId>;

  IpEndpoint endpoint;
  bool offered = false;
  std::uint32_t request_limit = 0;  // 0: none
  IdentifierPool identifiers;
  ServerHealth health;
  std::set<QueueKey> queue;
  std::size_t in_flight = 0;
  // A genuine reply had one (MessageAuthenticatorPolicy::kAuto).
  bool message_authenticator_seen = false;
  TimePoint next_complaint{};  // no log line about bad replies or sockets before
  Traffic requests;
  Traffic interims;
  ServiceView counters;  // only what Traffic, queue, health and identifiers do not know

  [[nodiscard]] bool CanSend(TimePoint now) const {
    return (request_limit == 0 || in_flight < request_limit) && identifiers.CanTake(now);
  }
  void CountRoundTrip(bool interim, Duration took, TimePoint now);
  [[nodiscard]] ServiceView ViewAt(TimePoint now) const;
};

struct Server {
  ServerId id;
  std::uint32_t number = 0;  // from 1
  ServerSettings settings;
  std::array<ServerService, kServices> services;

  [[nodiscard]] ServerService& service(Service which) {
    return services[static_cast<std::size_t>(which)];
  }
  [[nodiscard]] const ServerService& service(Service which) const {
    return services[static_cast<std::size_t>(which)];
  }
  // "server(1)"
  [[nodiscard]] std::string Name() const { return "server(" + std::to_string(number) + ")"; }
  [[nodiscard]] std::uint32_t weight() const { return settings.priority.value_or(1); }
  // Takes over what a new configuration says of the same server.
  void Configure(std::uint32_t its_number, ServerSettings its_settings, std::uint32_t max_try);
  [[nodiscard]] ServerView ViewAt(TimePoint now) const;
};

// The same server in two configurations: what is on its way to one is answered to the other.
[[nodiscard]] bool SameServer(const ServerSettings& a, const ServerSettings& b);

}  // namespace sstpgw::cp::radius
