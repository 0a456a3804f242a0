// Rate limits of all sessions: what is wanted (RateBook), what gateways have been sent
// (PolicyRollout) and who waits for their answers (PolicyTickets), kept together. Whenever another
// limit is to hold for a session, by an order, a time range, a reload or because its gateway
// missed the last one, its gateway gets the session's policy with a higher generation. Pure.
//
//   starting session    its first policy has the limit already (FirstLimit)
//   active session      told of every change
//   gateway away        told when it is back; whoever asked is told so
//   gateway refuses     what was ordered for that session is taken back, and whoever asked is told
//
// A RADIUS server's order is all or nothing, and is told no when it was not done in time: then the
// session gets its former policy again, with a higher generation.
//
// Not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/session/actions.h"
#include "controlplane/session/policy_rollout.h"
#include "controlplane/session/policy_tickets.h"
#include "controlplane/session/rate_book.h"
#include "controlplane/session/registry.h"

namespace sstpgw::cp {

// What somebody orders: an operator, or a RADIUS server (then `which` names one session).
struct RateOrder {
  enum class Kind {
    kChange,     // the session's own limit
    kTemporary,  // stands above everything until restored; its time range is not looked at
    kRestore,    // no temporary limit any more
  };
  Kind kind = Kind::kChange;
  SessionFilter which;
  bool all = false;  // `which` is empty; kTemporary and kRestore are for new sessions, too
  RateReading rate;  // both directions; not with kRestore
  std::string who;   // for the log: "operator"
};

// What a RADIUS server changes of one session; what is absent stays as it is.
struct PolicyChange {
  std::vector<RateReading> rates;                       // together they are the session's own limit
  std::optional<std::chrono::seconds> session_timeout;  // counted from now; 0: none
  std::optional<std::chrono::seconds> idle_timeout;     // 0: none
  std::optional<std::string> vrf = std::nullopt;        // empty: out of the VRF
};

// How a session's limit stands, for people.
struct RateStanding {
  RateLimit carried;  // what the gateway has said that it keeps
  RateChoice wanted;  // may differ until the gateway has taken it, or if it has refused it
};

class RateKeeper {
 public:
  // Must outlive this.
  explicit RateKeeper(const Registry& registry) : registry_(registry), rollout_(registry) {}

  // Everything below appends to `actions`.
  void Configure(RateSettings settings, TimeOfDay time, TimePoint now, ActionList& actions);
  // Ends in one ConcludeChange with this id, here or within PolicyTickets::kPatience.
  void Order(ChangeId id, const RateOrder& order, TimePoint now, ActionList& actions);
  // Ends likewise; what its gateway has not applied by then is withdrawn.
  void Order(ChangeId id, const SessionKey& session, const PolicyChange& change, TimePoint now,
             ActionList& actions);
  // Of a session that is let in now: the limit and the generation of its policy. `granted`: what
  // the backend said.
  struct FirstPolicy {
    RateLimit limit;
    Generation generation;
  };
  [[nodiscard]] FirstPolicy LetIn(const SessionKey& session, const std::string& user,
                                  RateTable granted);
  // It was let in, but never came.
  void Forget(const SessionKey& session) { book_.Forget(session); }
  // Its policy may go on without `hold`.
  void Release(const SessionKey& session, ActionList& actions);

  // After the registry took it in, before SessionReported for each of its sessions.
  void GatewayAttached(const std::string& gateway) { rollout_.GatewayReturned(gateway); }
  void GatewayDetached(const std::string& gateway, TimePoint now, ActionList& actions);
  void SessionReported(const SessionEntry& entry, TimePoint now, ActionList& actions);
  void SessionGone(const SessionKey& key, TimePoint now, ActionList& actions);
  // Of a session's policy.
  void Applied(const SessionKey& key, Generation generation, TimePoint now, ActionList& actions);
  void Refused(const SessionKey& key, Generation generation, const std::string& reason,
               TimePoint now, ActionList& actions);
  void Tick(TimePoint now, TimeOfDay time, ActionList& actions);
  // When Tick is needed next; may be early.
  [[nodiscard]] std::optional<TimePoint> NextDeadline() const;

  [[nodiscard]] RateStanding Of(const SessionEntry& entry) const;
  // Sessions of which anything is remembered; for tests.
  [[nodiscard]] std::size_t remembered() const {
    return book_.size() + rollout_.size() + undo_.size();
  }

 private:
  // What a session's rates were before the order that this generation carries.
  struct Undo {
    Generation generation;
    SessionRates former;
    std::optional<SessionPolicy> policy = {};  // to be put back if nobody answers; absent: never
  };

  void Change(const SessionKey& key, const RateOrder& order);
  void OrderOne(const SessionEntry& entry, SessionRates former, ActionList& actions,
                PolicyOutcome& known, std::vector<PolicyTickets::Awaited>& awaited);
  PolicyRollout::Order Send(const SessionEntry& entry, bool insist, ActionList& actions);
  void SendAll(ActionList& actions);
  // What the policy was before that order, if it is to be put back.
  std::optional<SessionPolicy> TakeBack(const SessionKey& key, Generation generation);
  void Withdraw(const SessionKey& key, Generation generation, ActionList& actions);
  void Adopt(const SessionEntry& entry);
  void Conclude(TimePoint now, ActionList& actions);

  const Registry& registry_;
  RateBook book_;
  PolicyRollout rollout_;
  PolicyTickets tickets_;
  std::map<SessionKey, std::vector<Undo>> undo_;  // in the order of generations
  // Orders to be withdrawn if they are not answered.
  std::map<ChangeId, std::pair<SessionKey, Generation>> revocable_;
  std::optional<TimePoint> next_minute_;  // with time ranges
};

}  // namespace sstpgw::cp
