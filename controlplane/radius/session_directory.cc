#include "controlplane/radius/session_directory.h"

#include <utility>

namespace sstpgw::cp::radius {
namespace {

// One text per kind of key and value.
std::string KeyText(char kind, const std::string& value) { return kind + value; }

void AddText(char kind, const std::string& value, std::vector<std::string>& keys) {
  if (!value.empty()) keys.push_back(KeyText(kind, value));
}

std::vector<std::string> IndexedKeys(const SessionIdentity& session) {
  std::vector<std::string> keys;
  AddText('s', session.name.session, keys);
  AddText('u', session.user, keys);
  if (session.accounting_user != session.user) AddText('u', session.accounting_user, keys);
  AddText('n', session.interface_name, keys);
  AddText('c', session.calling_station, keys);
  if (session.address) AddText('a', session.address->ToString(), keys);
  for (const Ipv6Prefix& prefix : session.ipv6_prefixes) AddText('p', prefix.ToString(), keys);
  return keys;
}

std::vector<std::string> IndexedKeys(const SessionKeys& wanted) {
  std::vector<std::string> keys;
  if (wanted.session) keys.push_back(KeyText('s', *wanted.session));
  if (wanted.user) keys.push_back(KeyText('u', *wanted.user));
  if (wanted.interface_name) keys.push_back(KeyText('n', *wanted.interface_name));
  if (wanted.calling_station) keys.push_back(KeyText('c', *wanted.calling_station));
  if (wanted.address) keys.push_back(KeyText('a', wanted.address->ToString()));
  for (const Ipv6Prefix& prefix : wanted.ipv6_prefixes) {
    keys.push_back(KeyText('p', prefix.ToString()));
  }
  return keys;
}

}  // namespace

void SessionIndex::Put(SessionIdentity session) {
  Remove(session.name);
  SessionName name = session.name;
  const auto [entry, added] = sessions_.emplace(std::move(name), std::move(session));
  for (std::string& key : IndexedKeys(entry->second)) {
    by_key_[std::move(key)].insert(&entry->second);
  }
}

void SessionIndex::Remove(const SessionName& name) {
  const auto entry = sessions_.find(name);
  if (entry == sessions_.end()) return;
  Unindex(entry->second);
  sessions_.erase(entry);
}

void SessionIndex::Unindex(const SessionIdentity& session) {
  for (const std::string& key : IndexedKeys(session)) {
    const auto members = by_key_.find(key);
    if (members == by_key_.end()) continue;
    members->second.erase(&session);
    if (members->second.empty()) by_key_.erase(members);
  }
}

std::vector<SessionIdentity> SessionIndex::Find(const SessionKeys& keys, std::size_t most) const {
  std::vector<SessionIdentity> found;
  if (keys.empty()) return found;
  const auto add = [&](const SessionIdentity& session) {
    if (keys.Fit(session)) found.push_back(session);
  };
  const Members* rarest = nullptr;
  for (const std::string& key : IndexedKeys(keys)) {
    const auto members = by_key_.find(key);
    if (members == by_key_.end()) return found;
    if (rarest == nullptr || members->second.size() < rarest->size()) rarest = &members->second;
  }
  if (rarest != nullptr) {
    for (const SessionIdentity* session : *rarest) {
      if (found.size() >= most) break;
      add(*session);
    }
    return found;
  }
  for (const auto& [unused, session] : sessions_) {
    if (found.size() >= most) break;
    add(session);
  }
  return found;
}

}  // namespace sstpgw::cp::radius
