// Who asked for new policies of running sessions and waits for what their gateways say: an operator
// or a RADIUS server. One ticket for one order; it is over when every session has answered, or with
// the patience. Pure. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "controlplane/session/session_key.h"
#include "proto/base/types.h"

namespace sstpgw::cp {

// Names one asker; given by whoever asks.
using ChangeId = Strong<struct ChangeIdTag, std::uint64_t>;

// How an order for policies ended.
struct PolicyOutcome {
  struct Failure {
    SessionKey session;
    std::string interface_name;
    std::string reason;       // a clause for people; foreign text in it is not escaped
    bool by_gateway = false;  // it was told, and said no
  };
  bool found = true;                // false: no session is meant
  std::uint32_t changed = 0;        // their gateways have applied it, or had nothing to change
  std::vector<Failure> refused;     // these keep what they had
  std::vector<Failure> unanswered;  // these get it as soon as their gateways can
};

class PolicyTickets {
 public:
  static constexpr Duration kPatience = std::chrono::seconds(5);

  // Who is to answer, and to which policy.
  struct Awaited {
    SessionKey session;
    std::string interface_name;
    Generation generation;
  };
  struct Done {
    ChangeId id;
    std::string what;  // as given to Open
    PolicyOutcome outcome;
  };

  // `outcome` is what is known already.
  void Open(ChangeId id, std::string what, PolicyOutcome outcome,
            const std::vector<Awaited>& awaited, TimePoint now);

  // This generation and all before are in effect.
  void Applied(const SessionKey& session, Generation generation);
  void Refused(const SessionKey& session, Generation generation, const std::string& reason);
  // The session is over.
  void Gone(const SessionKey& session);
  // Its sessions cannot answer any more.
  void GatewayLost(const std::string& gateway);

  // Those that are over, each once.
  [[nodiscard]] std::vector<Done> TakeDone(TimePoint now);
  [[nodiscard]] std::optional<TimePoint> NextDeadline() const;

 private:
  struct Ticket {
    std::string what;
    PolicyOutcome outcome;
    std::unordered_map<SessionKey, Awaited> open;
    TimePoint deadline;
  };

  std::map<ChangeId, Ticket> tickets_;
};

}  // namespace sstpgw::cp
