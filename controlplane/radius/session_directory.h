// The sessions that a Disconnect- or CoA-Request can mean. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "controlplane/radius/session_keys.h"

namespace sstpgw::cp::radius {

class SessionDirectory {
 public:
  virtual ~SessionDirectory() = default;
  // Sessions that the keys fit, at most `most` of them; of no keys, none.
  [[nodiscard]] virtual std::vector<SessionIdentity> Find(const SessionKeys& keys,
                                                          std::size_t most) const = 0;
};

// A directory of sessions told one by one: whoever keeps the table of sessions puts in what has
// logged in, again after each change, and removes what is over. What a request that names an
// Acct-Session-Id, User-Name, Framed-IP-Address, NAS-Port-Id, Calling-Station-Id or
// Framed-IPv6-Prefix costs grows with the sessions that share the rarest of its keys, not with the
// number of all; by NAS-Port or Framed-Interface-Id alone it is a walk through all. Not
// thread-safe.
class SessionIndex final : public SessionDirectory {
 public:
  // Replaces a session of that name.
  void Put(SessionIdentity session);
  // Nothing happens if there is none.
  void Remove(const SessionName& name);
  [[nodiscard]] std::vector<SessionIdentity> Find(const SessionKeys& keys,
                                                  std::size_t most) const override;
  [[nodiscard]] bool Contains(const SessionName& name) const { return sessions_.contains(name); }
  [[nodiscard]] std::size_t size() const { return sessions_.size(); }
  [[nodiscard]] std::size_t key_count() const { return by_key_.size(); }

 private:
  struct NameHash {
    std::size_t operator()(const SessionName& name) const {
      return std::hash<std::string>{}(name.gateway) * 31 + std::hash<std::string>{}(name.session);
    }
  };
  using Members = std::set<const SessionIdentity*>;
  void Unindex(const SessionIdentity& session);

  std::unordered_map<SessionName, SessionIdentity, NameHash> sessions_;  // addresses are stable
  std::unordered_map<std::string, Members> by_key_;  // kind of key and value; no empty sets
};

}  // namespace sstpgw::cp::radius
