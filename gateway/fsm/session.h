// One subscriber's whole brain: HTTP preamble, SSTP server, LCP, authentication, IPCP, activation
// and end, composed from the machines beside this file. Pure: time, randomness and answers come in,
// actions go out. See DESIGN section 4 "Life of a session"; order of steps: features Annex A.
//
// Threads: one worker, not thread-safe. Errors: none are returned; whatever a peer does becomes
// actions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "gateway/fsm/session_api.h"
#include "proto/base/entropy.h"

namespace sstpgw::fsm {

// Read-only settings of the generation that was current when the connection was accepted.
struct SessionSettings {
  SstpSettings sstp;
  PppSettings ppp;
  bool rc4 = true;  // this system's OpenSSL has it, which MPPE needs
};

class Session {
 public:
  // `settings` and `entropy` must outlive the session. `id` is the Acct-Session-Id.
  // `wall_clock_seconds`: Unix time at accept, for HTTP's Date and started_unix_seconds, advanced
  // by `now`.
  Session(const SessionSettings& settings, ConnectionInfo connection, SessionId id,
          Entropy& entropy, std::int64_t wall_clock_seconds, TimePoint now);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // What to do before the first event: the log lines "sstp: new connection from", "sstp: starting",
  // "sstp: started" and the negotiation timer for the rest of HTTP.
  [[nodiscard]] ActionList Start();
  // What of the log is wanted from here on; everything unless told otherwise.
  void set_log_level(LogLevel level);
  // Advances by one event that happened at `now`. After CloseTransport was returned, returns
  // nothing.
  [[nodiscard]] ActionList Step(TimePoint now, const Event& event);

  [[nodiscard]] bool closed() const;
  // True while CALL_CONNECT_REQUEST has been acknowledged and no end has begun (`sstp: active`).
  [[nodiscard]] bool call_established() const;
  // True once CALL_CONNECTED was checked and found right.
  [[nodiscard]] bool bound() const;
  // True from the decision to end until the transport is closed.
  [[nodiscard]] bool finishing() const;
  // Whether PolicyReplaced with this generation would change anything: there is a policy, older
  // than it, and no end has begun.
  [[nodiscard]] bool TakesPolicy(Generation generation) const;
  // The newest one; addresses are those agreed on.
  [[nodiscard]] const SessionPolicy& policy() const;
  // What the interface would have to be under `policy`; nullopt: it is not in use.
  [[nodiscard]] std::optional<LinkPlan> LinkUnder(const SessionPolicy& policy) const;
  // Everything the control plane may ask; interface counters are filled in by the worker.
  [[nodiscard]] SessionRecord Snapshot(TimePoint now) const;
  // State and timer invariants; tests and fuzzers call it after every Step.
  [[nodiscard]] bool IsConsistent() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sstpgw::fsm
