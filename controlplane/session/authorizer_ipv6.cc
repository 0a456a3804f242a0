// Which IPv6 prefixes a login gets (features 4.1): what RADIUS has fixed, else from the pool that
// RADIUS names, else from the default pool; for its link and for delegation each on its own.
#include <algorithm>
#include <utility>

#include "controlplane/session/authorizer.h"
#include "controlplane/session/prefix_leases.h"
#include "proto/base/text.h"

namespace sstpgw::cp {
namespace {

std::string Named(const std::string& user) { return Escape(user) + ": "; }

}  // namespace

void Authorizer::ChooseIpv6(Attempt& attempt, ActionList& actions) {
  if (!settings_.ipv6) {
    // Switched off between two questions of one login: what the first one was given goes.
    const auto grant = grants_.find(attempt.session);
    if (grant != grants_.end()) ReleaseIpv6(attempt.session, grant->second.network);
    return;
  }
  NetworkPolicy& network = attempt.granted.network;
  if (network.ipv6_dns.empty()) network.ipv6_dns = settings_.ipv6_dns;
  if (KeepIpv6(attempt)) return;
  ReserveFixedIpv6(attempt, actions);
  const std::string& link_pool =
      network.stateful_ipv6_pool.empty() ? network.framed_ipv6_pool : network.stateful_ipv6_pool;
  if (network.framed_ipv6_prefixes.empty() && network.framed_ipv6_addresses.empty()) {
    if (const auto prefix = FromIpv6Pool(attempt, PrefixKind::kLink, link_pool, actions)) {
      network.framed_ipv6_prefixes = {*prefix};
    }
  }
  if (network.delegated_ipv6_prefixes.empty()) {
    if (const auto prefix =
            FromIpv6Pool(attempt, PrefixKind::kDelegated, network.delegated_ipv6_pool, actions)) {
      network.delegated_ipv6_prefixes = {*prefix};
    }
  }
}

// A session that asks once more, or logs in again, stays where it is.
bool Authorizer::KeepIpv6(Attempt& attempt) {
  const std::string owner = attempt.session.Owner();
  const auto grant = grants_.find(attempt.session);
  const SessionEntry* const entry = registry_.Find(attempt.session);
  const NetworkPolicy* former = nullptr;
  if (entry != nullptr && entry->record.policy.generation.value() > 0) {
    former = &entry->record.policy.network;
  }
  if (grant != grants_.end()) {
    if (grant->second.user == attempt.user) {
      former = &grant->second.network;
    } else {
      ReleaseIpv6(attempt.session, grant->second.network);
    }
  }
  if (former == nullptr) return false;
  const std::vector<Ipv6Prefix> leases = LeasesOf(*former);
  const bool holds = std::all_of(leases.begin(), leases.end(), [&](const Ipv6Prefix& prefix) {
    return prefixes_.Holds(prefix, owner);
  });
  if (leases.empty() || !holds) return false;
  NetworkPolicy& network = attempt.granted.network;
  network.framed_ipv6_prefixes = former->framed_ipv6_prefixes;
  network.delegated_ipv6_prefixes = former->delegated_ipv6_prefixes;
  network.framed_ipv6_addresses = former->framed_ipv6_addresses;
  return true;
}

// What cannot be had is left out: then the session goes without it, and not with a pool's.
void Authorizer::ReserveFixedIpv6(Attempt& attempt, ActionList& actions) {
  NetworkPolicy& network = attempt.granted.network;
  const auto refused = [&](const Ipv6Prefix& prefix) {
    return !ReserveIpv6(attempt, prefix, actions);
  };
  const bool link = !network.framed_ipv6_prefixes.empty() || !network.framed_ipv6_addresses.empty();
  const bool delegated = !network.delegated_ipv6_prefixes.empty();
  std::erase_if(network.framed_ipv6_prefixes, refused);
  std::erase_if(network.delegated_ipv6_prefixes, refused);
  std::erase_if(network.framed_ipv6_addresses,
                [&](const Ipv6Address& address) { return refused(MakeIpv6Prefix(address, 128)); });
  attempt.fixed_link = link;
  attempt.fixed_delegated = delegated;
}

bool Authorizer::ReserveIpv6(const Attempt& attempt, const Ipv6Prefix& prefix,
                             ActionList& actions) {
  const std::string owner = attempt.session.Owner();
  const auto refuse = [&](const std::string& why) {
    ++counters_.no_prefix;
    actions.emplace_back(WriteLog{LogLevel::kError, Named(attempt.user) + "requested IPv6 prefix " +
                                                        prefix.ToString() + why});
    return false;
  };
  if (prefix.length == 0) return refuse(" is everything, nobody can have it");
  if (prefixes_.Reserve(prefix, owner)) return true;
  // A session of the same user that is on its way out, or out of reach, has it until it is gone.
  // Without a limit on sessions the first one keeps it alone.
  const std::set<std::string_view> holders = prefixes_.OthersOn(prefix, owner);
  std::set<std::string> going;
  if (settings_.single_session == SingleSession::kReplace) {
    for (const SessionKey& other : OthersOf(attempt.user, attempt.session)) {
      going.insert(other.Owner());
    }
  }
  const bool all_go = std::all_of(holders.begin(), holders.end(), [&](std::string_view holder) {
    return going.contains(std::string(holder));
  });
  if (!all_go) return refuse(" already assigned to session " + Escape(*holders.begin()));
  prefixes_.Claim(prefix, owner);
  return true;
}

std::optional<Ipv6Prefix> Authorizer::FromIpv6Pool(const Attempt& attempt, PrefixKind kind,
                                                   const std::string& named, ActionList& actions) {
  if (kind == PrefixKind::kLink ? attempt.fixed_link : attempt.fixed_delegated) return std::nullopt;
  const std::string& pool = named.empty() ? settings_.default_ipv6_pool : named;
  // The default pool may be for one kind only; whoever names a pool means that it has some.
  if (pool.empty() || (named.empty() && !prefixes_.Has(pool, kind))) return std::nullopt;
  const std::string owner = attempt.session.Owner();
  const auto prefix = prefixes_.Allocate({pool, kind, owner, attempt.user});
  if (prefix) return *prefix;
  ++counters_.no_prefix;
  actions.emplace_back(
      WriteLog{LogLevel::kError, Named(attempt.user) + Escape(prefix.error().message)});
  return std::nullopt;
}

void Authorizer::ReleaseIpv6(const SessionKey& key, const NetworkPolicy& granted) {
  // What a session that logged in again carries already is released at its end.
  const SessionEntry* const entry = registry_.Find(key);
  const std::vector<Ipv6Prefix> carried =
      entry == nullptr ? std::vector<Ipv6Prefix>() : LeasesOf(entry->record.policy.network);
  for (const Ipv6Prefix& prefix : Without(LeasesOf(granted), carried)) {
    prefixes_.Release(prefix, key.Owner());
  }
}

}  // namespace sstpgw::cp
