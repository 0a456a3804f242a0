#include "controlplane/session/control_core.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "controlplane/session/prefix_leases.h"
#include "proto/base/text.h"

namespace sstpgw::cp {
namespace {

// "ann: session gw1/5f..0a on sstp0 has ended: Lost-Carrier, lcp: no echo reply"; without an
// interface "from 192.0.2.1", and that instead of a user who is not known. Who never got in is of
// interest to those who read the protocol.
WriteLog EndLine(const SessionUpdate& update) {
  const SessionRecord& record = update.entry.record;
  const bool was_in = record.policy.generation.value() > 0;
  const std::string client = Escape(record.calling_station);
  const std::string where =
      record.interface_name.empty() ? " from " + client : " on " + Escape(record.interface_name);
  return {was_in ? LogLevel::kInfo : LogLevel::kTrace,
          (record.user.empty() ? client : Escape(record.user)) + ": session " +
              Escape(update.entry.key.Owner()) + where + " has ended: " + ToString(update.cause) +
              ", " + Escape(update.reason)};
}

}  // namespace

void ControlCore::Configure(const PoolMap& pools, AuthorizerSettings settings) {
  pools_.Configure(pools, settings.gateway_address);
  pools_.SetFixed(settings.fixed_addresses);
  authorizer_.Configure(std::move(settings));
}

ActionList ControlCore::Step(Event event, TimePoint now) {
  ActionList wanted;
  std::visit([&](auto& what) { Handle(what, now, wanted); }, event);
  // An order for a gateway without a stream waits for its return.
  ActionList actions;
  for (Action& action : wanted) {
    if (auto* send = std::get_if<Send>(&action)) {
      Deliver(send->gateway, std::move(send->message), actions);
    } else {
      actions.push_back(std::move(action));
    }
  }
  return actions;
}

void ControlCore::Deliver(const std::string& gateway, ToGatewayMessage message,
                          ActionList& actions) {
  // An order to end is kept until the session is over: the stream may be dying already.
  const auto* order = std::get_if<DisconnectOrder>(&message);
  const bool attached = registry_.IsAttached(gateway);
  if (order != nullptr) {
    const SessionKey key{gateway, order->session};
    if (!attached || registry_.Find(key) != nullptr) pending_[key] = *order;
  }
  if (attached) actions.emplace_back(Send{gateway, std::move(message)});
}

void ControlCore::Handle(GatewayAttached& event, TimePoint now, ActionList& actions) {
  const std::string& gateway = event.hello.gateway_id;
  std::vector<SessionUpdate> updates = registry_.Attach(event.hello, now);
  rates_.GatewayAttached(gateway);
  // Those that ended first: their addresses may be carried by others now.
  for (SessionUpdate& update : updates) TakeIn(std::move(update), now, actions);
  authorizer_.GatewayChanged(gateway, now, actions);
  DeliverPending(event.hello, actions);
  if (IsDraining(gateway)) actions.emplace_back(Send{gateway, DrainOrder{true}});
}

void ControlCore::DeliverPending(const Hello& hello, ActionList& actions) {
  // Those that are ending already have heard of it; a second soft order would be a hard one.
  std::unordered_set<SessionId> carried;
  for (const SessionRecord& record : hello.sessions) {
    if (record.state != SessionState::kFinishing) carried.insert(record.session);
  }
  auto order = pending_.lower_bound({hello.gateway_id, ""});
  while (order != pending_.end() && order->first.gateway == hello.gateway_id) {
    if (carried.count(order->first.session) == 1) {
      actions.emplace_back(Send{hello.gateway_id, order->second});
      ++order;
    } else {
      order = pending_.erase(order);
    }
  }
}

void ControlCore::Handle(GatewayDetached& event, TimePoint now, ActionList& actions) {
  registry_.Detach(event.gateway, now);
  authorizer_.GatewayChanged(event.gateway, now, actions);
  rates_.GatewayDetached(event.gateway, now, actions);
}

void ControlCore::Handle(ReportsArrived& event, TimePoint now, ActionList& actions) {
  for (const NumberedReport& report : event.batch.reports) {
    TakeIn(event.gateway, report, now, actions);
  }
  const std::uint64_t last = event.batch.reports.back().sequence;
  actions.emplace_back(Acknowledge{event.gateway, last});
}

void ControlCore::TakeIn(const std::string& gateway, const NumberedReport& report, TimePoint now,
                         ActionList& actions) {
  auto update = registry_.Apply(gateway, report, now);
  if (update) {
    TakeIn(std::move(*update), now, actions);
  } else if (report.report.kind == SessionEventKind::kDown) {
    // Never heard of, but perhaps just let in. Ids are not used twice, so a repetition is harmless.
    const SessionRecord& record = report.report.record;
    authorizer_.SessionGone({gateway, record.session}, record.user, now, actions);
  }
  for (SessionUpdate& lost : registry_.TakeLost(gateway)) {
    TakeIn(std::move(lost), now, actions);
  }
}

void ControlCore::Handle(CountersArrived& event, TimePoint now, ActionList& /*actions*/) {
  registry_.ApplyCounters(event.gateway, event.batch, now);
}

void ControlCore::Handle(SettingsApplied& event, TimePoint now, ActionList& actions) {
  const Applied& applied = event.applied;
  if (applied.session.empty()) {
    registry_.NoteApplied(event.gateway, applied.generation);
  } else {
    rates_.Applied({event.gateway, applied.session}, applied.generation, now, actions);
  }
}

void ControlCore::Handle(SettingsRefused& event, TimePoint now, ActionList& actions) {
  const bool settings = event.refused.session.empty();
  if (settings) {
    // The same again (they are offered again and again) is no news.
    const GatewayEntry* const gateway = registry_.FindGateway(event.gateway);
    if (gateway != nullptr && gateway->refused_reason == event.refused.reason) return;
    registry_.NoteRefused(event.gateway, event.refused.reason);
  }
  actions.emplace_back(WriteLog{
      LogLevel::kError,
      "gateway " + Escape(event.gateway) + " refused " +
          (settings ? std::string("settings") : "policy of " + Escape(event.refused.session)) +
          ": " + Escape(event.refused.reason)});
  if (!settings) {
    rates_.Refused({event.gateway, event.refused.session}, event.refused.generation,
                   event.refused.reason, now, actions);
  }
}

void ControlCore::Handle(AuthorizeAsked& event, TimePoint now, ActionList& actions) {
  authorizer_.Ask(event.ask, std::move(event.call), now, actions);
}

void ControlCore::Handle(AskCancelled& event, TimePoint /*now*/, ActionList& /*actions*/) {
  authorizer_.Cancel(event.ask);
}

void ControlCore::Handle(CredentialsJudged& event, TimePoint now, ActionList& actions) {
  authorizer_.Judged(event.attempt, std::move(event.outcome), now, actions);
}

void ControlCore::Handle(RatesOrdered& event, TimePoint now, ActionList& actions) {
  rates_.Order(event.id, event.order, now, actions);
}

void ControlCore::Handle(RatesConfigured& event, TimePoint now, ActionList& actions) {
  rates_.Configure(std::move(event.settings), event.time_of_day, now, actions);
}

void ControlCore::Handle(AccountingOpened& event, TimePoint now, ActionList& actions) {
  authorizer_.AccountingOpened(event.session, now, actions);
}

void ControlCore::Handle(AccountingRefused& event, TimePoint now, ActionList& actions) {
  authorizer_.AccountingRefused(event.session, event.reason, now, actions);
}

void ControlCore::Handle(SessionReleased& event, TimePoint /*now*/, ActionList& actions) {
  rates_.Release(event.session, actions);
}

void ControlCore::Handle(EndOrdered& event, TimePoint /*now*/, ActionList& actions) {
  if (registry_.Find(event.session) == nullptr) return;
  Deliver(event.session.gateway,
          DisconnectOrder{event.session.session, Termination::kSoft, event.cause, event.reason},
          actions);
}

void ControlCore::Handle(PolicyOrdered& event, TimePoint now, ActionList& actions) {
  rates_.Order(event.id, event.session, event.change, now, actions);
}

void ControlCore::Handle(TimePassed& event, TimePoint now, ActionList& actions) {
  authorizer_.Tick(now, actions);
  rates_.Tick(now, event.time_of_day, actions);
}

std::optional<TimePoint> ControlCore::NextDeadline() const {
  const auto logins = authorizer_.NextDeadline();
  const auto rates = rates_.NextDeadline();
  if (logins && rates) return std::min(*logins, *rates);
  return logins ? logins : rates;
}

void ControlCore::FollowAddresses(const SessionUpdate& update, ActionList& actions) {
  const std::string owner = update.entry.key.Owner();
  const Ipv4Address address = update.entry.record.policy.address;
  if (update.former_address != address) pools_.Release(update.former_address, owner);
  if (!address.is_zero() && !pools_.Claim(address, owner)) {
    actions.emplace_back(WriteLog{LogLevel::kError, "session " + Escape(owner) + " uses " +
                                                        address.ToString() + ", which belongs to " +
                                                        Escape(pools_.OwnerOf(address))});
  }
}

void ControlCore::FollowPrefixes(const SessionUpdate& update, ActionList& actions) {
  const std::string owner = update.entry.key.Owner();
  const std::vector<Ipv6Prefix> leases = LeasesOf(update.entry.record.policy.network);
  for (const Ipv6Prefix& prefix : Without(update.former_prefixes, leases)) {
    prefixes_.Release(prefix, owner);
  }
  for (const Ipv6Prefix& prefix : leases) {
    if (prefixes_.Holds(prefix, owner) || prefixes_.Claim(prefix, owner)) continue;
    actions.emplace_back(WriteLog{
        LogLevel::kError, "session " + Escape(owner) + " uses " + prefix.ToString() + ", as does " +
                              Escape(*prefixes_.OthersOn(prefix, owner).begin())});
  }
}

void ControlCore::TakeIn(SessionUpdate update, TimePoint now, ActionList& actions) {
  const SessionEntry& entry = update.entry;
  const std::string owner = entry.key.Owner();
  if (update.kind == ChangeKind::kRemoved) {
    pools_.Release(update.former_address, owner);
    for (const Ipv6Prefix& prefix : update.former_prefixes) prefixes_.Release(prefix, owner);
    pending_.erase(entry.key);
    authorizer_.SessionGone(entry.key, entry.record.user, now, actions);
    rates_.SessionGone(entry.key, now, actions);
    actions.emplace_back(EndLine(update));
    actions.emplace_back(Announce{std::move(update)});
    return;
  }
  FollowAddresses(update, actions);
  FollowPrefixes(update, actions);
  authorizer_.SessionReported(entry);
  rates_.SessionReported(entry, now, actions);
  actions.emplace_back(Announce{std::move(update)});
}

std::uint32_t ControlCore::Terminate(const SessionFilter& filter, Termination termination,
                                     ActionList& actions) {
  std::uint32_t count = 0;
  for (const SessionEntry* entry : registry_.Select(filter)) {
    ++count;
    Deliver(entry->key.gateway,
            DisconnectOrder{entry->key.session, termination, TerminateCause::kNasRequest,
                            "terminated by the operator"},
            actions);
  }
  return count;
}

std::uint32_t ControlCore::Drain(const std::string& gateway, bool enabled, ActionList& actions) {
  if (gateway.empty()) {
    drain_all_ = enabled;
    drain_.clear();
  } else {
    drain_[gateway] = enabled;
  }
  std::uint32_t told = 0;
  for (const auto& [id, entry] : registry_.gateways()) {
    if (!entry.attached || (!gateway.empty() && id != gateway)) continue;
    ++told;
    actions.emplace_back(Send{id, DrainOrder{enabled}});
  }
  return told;
}

bool ControlCore::IsDraining(const std::string& gateway) const {
  const auto one = drain_.find(gateway);
  return one == drain_.end() ? drain_all_ : one->second;
}

std::string ControlCore::Inconsistency() const {
  std::size_t held = 0;
  std::size_t prefixes = 0;
  for (const SessionEntry* entry : registry_.Select({})) {
    for (const Ipv6Prefix& prefix : LeasesOf(entry->record.policy.network)) {
      if (!prefixes_.Holds(prefix, entry->key.Owner())) {
        return entry->key.Owner() + " has no lease of " + prefix.ToString();
      }
      ++prefixes;
    }
    const Ipv4Address address = entry->record.policy.address;
    if (address.is_zero()) continue;
    if (pools_.OwnerOf(address).empty()) return entry->key.Owner() + " has no lease";
    if (pools_.OwnerOf(address) == entry->key.Owner()) ++held;
  }
  if (prefixes_.lease_count() > prefixes + authorizer_.granted_prefixes()) {
    return "leases of IPv6 without owner";
  }
  if (pools_.lease_count() > held + authorizer_.grant_count()) return "leases without owner";
  return {};
}

}  // namespace sstpgw::cp
