// Which policy each running session has been sent after its login, and whether its gateway has
// taken it: desired state, kept until the session's own record shows it. Pure.
//
// Rules: a session's generation only grows. What is under way when the gateway is lost, or was
// ordered while it was away, is sent again when it is back and its record is older. What was
// refused is not sent again until something else is wanted, somebody insists, or the gateway has
// come back. Not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/session/actions.h"
#include "controlplane/session/registry.h"

namespace sstpgw::cp {

class PolicyRollout {
 public:
  enum class Standing { kCarried, kUnderWay, kRefused };
  struct Order {
    Standing standing = Standing::kCarried;
    Generation generation;
  };

  // Must outlive this.
  explicit PolicyRollout(const Registry& registry) : registry_(registry) {}

  // What the session has, as far as its gateway has said.
  [[nodiscard]] const SessionPolicy& Carried(const SessionEntry& entry) const;
  // What it has or will have if its gateway takes what is under way.
  [[nodiscard]] const SessionPolicy& Expected(const SessionEntry& entry) const;

  // Higher than all that this session has been sent or has said that it has, and from now on taken:
  // a policy that goes another way than Want, with a login.
  [[nodiscard]] Generation Reserve(const SessionKey& key);

  // `wanted` (its generation aside) is what the session is to have from now on. Appends the order
  // to `actions` if one is needed and the gateway is attached. `insist`: also if it was refused.
  Order Want(const SessionEntry& entry, SessionPolicy wanted, bool insist, ActionList& actions);

  // Before what its Hello says of each session.
  void GatewayReturned(const std::string& gateway);
  // A record came in; the generation it confirms, if one was not confirmed yet.
  [[nodiscard]] std::optional<Generation> Reported(const SessionEntry& entry);
  void Applied(const SessionKey& key, Generation generation);
  void Refused(const SessionKey& key, Generation generation);
  void Forget(const SessionKey& key) { states_.erase(key); }

  [[nodiscard]] std::size_t size() const { return states_.size(); }

 private:
  struct State {
    std::optional<SessionPolicy> carried;  // applied, but its record does not show it yet
    std::vector<SessionPolicy> under_way;  // in the order of generations; the last is wanted
    std::optional<SessionPolicy> refused;
    bool again = false;  // the gateway has come back: it lacks what is under way, and may take what
                         // it has refused
    Generation newest;
    std::optional<Generation> reserved;  // until a record shows it
  };
  [[nodiscard]] const State* Find(const SessionKey& key) const;
  void Tidy(std::map<SessionKey, State>::iterator state);

  const Registry& registry_;
  std::map<SessionKey, State> states_;
};

}  // namespace sstpgw::cp
