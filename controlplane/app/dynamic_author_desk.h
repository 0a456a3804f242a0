// RADIUS servers that end and change sessions: joins the pure dynamic authorization
// (radius/dynamic_authorization.h) with its socket, the table of sessions, the clock and the log
// (RFC 5176, features 6.6).
//
//   socket ──▶ DynamicAuthorization ──▶ disconnect, change (Callbacks) ──▶ Done ──▶ answer ──▶
//   socket SessionChanged, SessionGone ──▶ SessionIndex ──┘
//
// A Disconnect-Request is acknowledged when the gateway says that the session is ending; without a
// word of it within kAnswerWithin, or with a gateway that is not attached, the answer is 504 (the
// session is there, but cannot be ended): with 503 the server would take the session for over while
// its gateway carries it on. An order that was given stands.
//
// Threads: everything in the app's thread, which sleeps in the poller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "controlplane/config/radius_config.h"
#include "controlplane/edge/datagram_listener.h"
#include "controlplane/edge/poller.h"
#include "controlplane/radius/dynamic_authorization.h"
#include "controlplane/radius/log_allowance.h"
#include "controlplane/radius/session_directory.h"
#include "controlplane/session/policy_tickets.h"
#include "controlplane/session/registry.h"
#include "controlplane/session/session_key.h"
#include "proto/base/ip_endpoint.h"
#include "proto/base/result.h"
#include "proto/base/types.h"

namespace sstpgw::cp {

class DynamicAuthorDesk {
 public:
  // All of it is done, or why nothing is.
  using Outcome = radius::OrRefusal<void>;
  // Called once, before the callback returns or later; not when the desk is gone.
  using Done = std::function<void(const Outcome&)>;

  struct Callbacks {
    // Whether a gateway can be told something now.
    std::function<bool(const std::string& gateway)> attached;
    // Ends it softly with cause Admin-Reset. Its gateway is attached.
    std::function<void(const SessionKey&, const std::string& reason)> disconnect;
    // Has all of it applied or nothing.
    std::function<void(const SessionKey&, radius::SessionChange, Done)> change;
  };

  // What accounting knows of a session and its gateway does not.
  struct Facts {
    std::string accounting_user;  // as an Access-Accept renamed it; empty: it did not
    std::optional<std::uint32_t> nas_port;
  };

  // The core answers an order for a policy within PolicyTickets::kPatience; this is longer.
  static constexpr Duration kAnswerWithin = PolicyTickets::kPatience + std::chrono::seconds(1);

  // `poller` must outlive this.
  DynamicAuthorDesk(Poller& poller, Callbacks callbacks);
  DynamicAuthorDesk(const DynamicAuthorDesk&) = delete;
  DynamicAuthorDesk& operator=(const DynamicAuthorDesk&) = delete;

  // What the running configuration says; `config` is valid. Without it, or without its
  // dynamic_author, nobody is listened to, and what was asked before gets no answer, though it may
  // still be done: there is nothing left to answer from. The socket stays where address and port
  // do. An error: the place cannot be had; nothing has changed then. Its message names the place,
  // the reason and what can be done about it. `judge` reads rate limits; none: any text is taken
  // for one.
  [[nodiscard]] Result<void> Configure(const RadiusConfig* config, radius::RateJudge judge = {});

  // Every change of a session, in their order; those that have not logged in do not count.
  void SessionChanged(const SessionEntry& entry, const Facts& facts);
  // Its gateway says that it is ending: what asked for that is acknowledged.
  void SessionEnding(const SessionKey& key);
  void SessionGone(const SessionKey& key);

  // Both belong into the loop's clock.
  void Tick();
  [[nodiscard]] std::optional<TimePoint> NextDeadline() const { return core_.NextDeadline(); }

  // ---- For operators
  // Where it listens; nullopt: nowhere.
  [[nodiscard]] std::optional<IpEndpoint> listening() const;
  [[nodiscard]] const radius::DynamicCounters& counters() const { return core_.counters(); }
  [[nodiscard]] std::size_t in_progress() const { return core_.in_progress(); }
  [[nodiscard]] std::size_t session_count() const { return sessions_.size(); }
  [[nodiscard]] std::uint64_t unsent() const { return unsent_; }  // answers the kernel did not take

 private:
  // Of the configuration; the address absent: all.
  struct Place {
    std::optional<IpAddress> address;
    std::uint16_t port = 0;
    friend bool operator==(const Place&, const Place&) = default;
  };
  [[nodiscard]] Result<void> MoveTo(const Place& place);
  void Arrived(const DatagramListener::Asked& by, ByteView datagram);
  // Carries out what is left to do, in order; what comes up meanwhile goes to the end.
  void Execute(radius::DynamicAuthorization::ActionList actions);
  void Obey(radius::DynamicAuthorization::Action& action);
  void Send(const radius::DynamicAuthorization::Reply& reply);
  void Disconnect(const radius::DynamicAuthorization::Disconnect& order);
  void Change(radius::DynamicAuthorization::Change& order);

  Callbacks callbacks_;
  radius::DynamicAuthorization core_;
  radius::SessionIndex sessions_;
  std::optional<Place> place_;  // absent: closed
  DatagramListener listener_;
  std::deque<radius::DynamicAuthorization::Action> to_do_;
  bool executing_ = false;
  std::map<SessionKey, radius::DynamicAuthorization::RequestId> ending_;  // ordered, not seen yet
  std::uint64_t unsent_ = 0;
  enum class Line { kUnsent };
  radius::LogAllowance<Line> lines_;
};

// What a server is told of an order for one session's policy that ended like that; `with_vrf`: it
// was to move the session to another VRF.
[[nodiscard]] DynamicAuthorDesk::Outcome AnswerOf(const PolicyOutcome& outcome,
                                                  bool with_vrf = false);
// And of an order that was not given (kNotFound: no such session, kInvalidArgument: a value that
// cannot be, anything else: no resources).
[[nodiscard]] DynamicAuthorDesk::Outcome AnswerOf(const Error& error);

}  // namespace sstpgw::cp
