// The control plane's brain: sessions of all gateways, leases, logins. Pure: Step(event, now)
// returns what is to be done; the same object runs under the app and in simulations.
//
// Leases follow the registry: whatever address a reported session has is reserved for it, whatever
// a session leaves is released, and nothing else holds one except logins just answered.
// Not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "controlplane/pool/address_pool.h"
#include "controlplane/pool/prefix_pool.h"
#include "controlplane/session/actions.h"
#include "controlplane/session/authorizer.h"
#include "controlplane/session/rate_keeper.h"
#include "controlplane/session/registry.h"

namespace sstpgw::cp {

// ---- Events
struct GatewayAttached {
  Hello hello;
};
// Its stream is gone. Not given for a stream that a newer one of the same gateway has replaced.
struct GatewayDetached {
  std::string gateway;
};
struct ReportsArrived {
  std::string gateway;
  ReportBatch batch;
};
struct CountersArrived {
  std::string gateway;
  CountersBatch batch;
};
// Settings, or a session's policy.
struct SettingsApplied {
  std::string gateway;
  Applied applied;
};
struct SettingsRefused {
  std::string gateway;
  Refused refused;
};
// Answered by ConcludeChange.
struct RatesOrdered {
  ChangeId id;
  RateOrder order;
};
struct RatesConfigured {
  RateSettings settings;
  TimeOfDay time_of_day;
};
struct AuthorizeAsked {
  AskId ask;
  AuthorizeCall call;
};
struct AskCancelled {
  AskId ask;
};
struct CredentialsJudged {
  AttemptKey attempt;
  AuthOutcome outcome;
};
// Accounting remembers a login, or cannot.
struct AccountingOpened {
  SessionKey session;
};
struct AccountingRefused {
  SessionKey session;
  std::string reason;  // for the log
};
// A session that was let in held (SessionPolicy::hold) may go on.
struct SessionReleased {
  SessionKey session;
};
// Somebody other than the operator wants it over: accounting, a RADIUS server.
struct EndOrdered {
  SessionKey session;
  TerminateCause cause = TerminateCause::kNasError;
  std::string reason;
};
// A RADIUS server changes one session: all of it or nothing. Answered by ConcludeChange; what its
// gateway has not applied by then is withdrawn.
struct PolicyOrdered {
  ChangeId id;
  SessionKey session;
  PolicyChange change;
};
struct TimePassed {
  TimeOfDay time_of_day{0};
};

using Event =
    std::variant<GatewayAttached, GatewayDetached, ReportsArrived, CountersArrived, SettingsApplied,
                 SettingsRefused, AuthorizeAsked, AskCancelled, CredentialsJudged, RatesOrdered,
                 RatesConfigured, AccountingOpened, AccountingRefused, SessionReleased, EndOrdered,
                 PolicyOrdered, TimePassed>;

class ControlCore {
 public:
  ControlCore() : rates_(registry_), authorizer_(registry_, pools_, prefixes_, rates_) {}
  ControlCore(const ControlCore&) = delete;
  ControlCore& operator=(const ControlCore&) = delete;

  // New pools and login rules; sessions and leases stay.
  void Configure(const PoolMap& pools, AuthorizerSettings settings);
  // Likewise; `gateway_id` as in PrefixPools.
  void ConfigureIpv6(const PrefixPoolMap& pools, std::optional<InterfaceId> gateway_id) {
    prefixes_.Configure(pools, gateway_id);
  }

  [[nodiscard]] ActionList Step(Event event, TimePoint now);
  // When TimePassed is needed next; may be early.
  [[nodiscard]] std::optional<TimePoint> NextDeadline() const;

  // Orders the end of all that match; appends to `actions`. Returns how many. Sessions of gateways
  // that are not attached are told when their gateway comes back.
  std::uint32_t Terminate(const SessionFilter& filter, Termination termination,
                          ActionList& actions);
  // For one gateway or, with an empty name, for all, now and later. Returns how many were told.
  std::uint32_t Drain(const std::string& gateway, bool enabled, ActionList& actions);
  [[nodiscard]] bool IsDraining(const std::string& gateway) const;

  [[nodiscard]] const Registry& registry() const { return registry_; }
  [[nodiscard]] const AddressPools& pools() const { return pools_; }
  [[nodiscard]] const PrefixPools& prefixes() const { return prefixes_; }
  [[nodiscard]] const Authorizer& authorizer() const { return authorizer_; }
  [[nodiscard]] const RateKeeper& rates() const { return rates_; }

  // Every lease has an owner that is a session or an open grant, every session with an address
  // holds it. Empty: consistent; else what is wrong. For tests.
  [[nodiscard]] std::string Inconsistency() const;

 private:
  void Handle(GatewayAttached& event, TimePoint now, ActionList& actions);
  void Handle(GatewayDetached& event, TimePoint now, ActionList& actions);
  void Handle(ReportsArrived& event, TimePoint now, ActionList& actions);
  void Handle(CountersArrived& event, TimePoint now, ActionList& actions);
  void Handle(SettingsApplied& event, TimePoint now, ActionList& actions);
  void Handle(SettingsRefused& event, TimePoint now, ActionList& actions);
  void Handle(AuthorizeAsked& event, TimePoint now, ActionList& actions);
  void Handle(AskCancelled& event, TimePoint now, ActionList& actions);
  void Handle(CredentialsJudged& event, TimePoint now, ActionList& actions);
  void Handle(RatesOrdered& event, TimePoint now, ActionList& actions);
  void Handle(RatesConfigured& event, TimePoint now, ActionList& actions);
  void Handle(AccountingOpened& event, TimePoint now, ActionList& actions);
  void Handle(AccountingRefused& event, TimePoint now, ActionList& actions);
  void Handle(SessionReleased& event, TimePoint now, ActionList& actions);
  void Handle(EndOrdered& event, TimePoint now, ActionList& actions);
  void Handle(PolicyOrdered& event, TimePoint now, ActionList& actions);
  void Handle(TimePassed& event, TimePoint now, ActionList& actions);
  void TakeIn(const std::string& gateway, const NumberedReport& report, TimePoint now,
              ActionList& actions);
  void TakeIn(SessionUpdate update, TimePoint now, ActionList& actions);
  // Leases follow what the session carries now.
  void FollowAddresses(const SessionUpdate& update, ActionList& actions);
  void FollowPrefixes(const SessionUpdate& update, ActionList& actions);
  void DeliverPending(const Hello& hello, ActionList& actions);
  // Attached: sends. Otherwise an order to disconnect is kept until the gateway is back.
  void Deliver(const std::string& gateway, ToGatewayMessage message, ActionList& actions);

  Registry registry_;
  AddressPools pools_;
  PrefixPools prefixes_;
  RateKeeper rates_;
  Authorizer authorizer_;
  std::map<SessionKey, DisconnectOrder> pending_;
  bool drain_all_ = false;
  std::map<std::string, bool> drain_;  // what was said of one gateway since drain_all_ was set
};

}  // namespace sstpgw::cp
