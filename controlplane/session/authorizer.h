// One login from its question to its answer: credentials, one session per user, address, policy.
// Pure: time comes in, actions go out; the backend that judges credentials is asked by an action.
//
//   Ask -> JudgeCredentials -> Judged -> refused: Answer
//                                     -> user has another session (replace): that one is told to
//                                        go softly, this login waits: 10 s, then hard, 3 s more,
//                                        then it is let in whatever the old one does
//                                     -> OpenAccounting, if there is accounting: until it has said
//                                        that it remembers the login (or cannot: refused)
//                                     -> Answer with a policy and a lease
//                                     -> challenge (EAP): Answer; the client's reply is another
//                                        question
//
// - The same question (gateway, boot, attempt) asked again joins the first or gets its answer.
// - One login per user waits at most: a newer one takes the place of the one before, which is
//   refused. So no number of logins can block each other, and the newest wins.
// - An old session on a gateway that is not attached cannot be told; it is not waited for.
// - A lease whose session is never reported as authorized is released after 120 s, on the session's
//   end or with the gateway's boot, whichever comes first.
// - A login whose session ends meanwhile is refused, so that it leaves no lease behind. A question
//   that comes later than its session's end is answered; the gateway then reports the end again.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "controlplane/auth/authenticator.h"
#include "controlplane/config/control_config.h"
#include "controlplane/pool/address_pool.h"
#include "controlplane/pool/prefix_pool.h"
#include "controlplane/session/actions.h"
#include "controlplane/session/rate_keeper.h"
#include "controlplane/session/registry.h"

namespace sstpgw::cp {

// The part of ControlConfig that decides logins.
struct AuthorizerSettings {
  std::string default_pool;
  Ipv4Address gateway_address;
  std::vector<Ipv4Address> dns;
  std::vector<Ipv4Address> wins;
  std::vector<Ipv4Address> fixed_addresses;  // every static-ip: the pools give them to nobody else
  bool ipv6 = false;  // sessions may have IPv6, so prefixes are chosen for them
  std::string default_ipv6_pool;
  std::vector<Ipv6Address> ipv6_dns;
  SingleSession single_session = SingleSession::kReplace;
  // Every login is remembered by accounting before it is answered, and its session waits
  // (SessionPolicy::hold) until accounting says that it may go on.
  bool accounting = false;
};

struct AuthorizerCounters {
  std::uint64_t asked = 0;
  std::uint64_t accepted = 0;
  std::uint64_t rejected = 0;
  std::uint64_t denied_second_session = 0;
  std::uint64_t replaced = 0;  // old sessions told to go
  std::uint64_t no_address = 0;
  std::uint64_t no_prefix = 0;  // of IPv6: that was fixed, or that a pool should have
  std::uint64_t expired_grants = 0;
};

class Authorizer {
 public:
  static constexpr std::chrono::seconds kReplaceSoft{10};
  static constexpr std::chrono::seconds kReplaceHard{3};
  static constexpr std::chrono::seconds kGrantUnreported{120};
  static constexpr std::chrono::seconds kAnswerKept{30};
  static constexpr std::size_t kMaxAttempts = 100'000;

  // All must outlive this.
  Authorizer(const Registry& registry, AddressPools& pools, PrefixPools& prefixes,
             RateKeeper& rates)
      : registry_(registry), pools_(pools), prefixes_(prefixes), rates_(rates) {}

  void Configure(AuthorizerSettings settings) { settings_ = std::move(settings); }

  // Everything below appends to `actions`.
  void Ask(AskId ask, AuthorizeCall call, TimePoint now, ActionList& actions);
  // The asker is gone; a login nobody waits for any more is dropped.
  void Cancel(AskId ask);
  void Judged(const AttemptKey& key, AuthOutcome outcome, TimePoint now, ActionList& actions);
  // What accounting says of a session's login that waits for it.
  void AccountingOpened(const SessionKey& key, TimePoint now, ActionList& actions);
  void AccountingRefused(const SessionKey& key, const std::string& reason, TimePoint now,
                         ActionList& actions);
  // After the registry took it in: authorized or up, or over.
  void SessionReported(const SessionEntry& entry);
  // It ended: its open logins are refused, its grant is taken back.
  void SessionGone(const SessionKey& key, const std::string& user, TimePoint now,
                   ActionList& actions);
  // Attached with a (possibly new) boot id, or lost its stream: logins and grants of other boots
  // are void, waiting ones look again at what they wait for.
  void GatewayChanged(const std::string& gateway, TimePoint now, ActionList& actions);
  void Tick(TimePoint now, ActionList& actions);
  // When Tick is needed next; may be early.
  [[nodiscard]] std::optional<TimePoint> NextDeadline() const;

  [[nodiscard]] const AuthorizerCounters& counters() const { return counters_; }
  [[nodiscard]] std::size_t waiting_count() const { return waiting_of_user_.size(); }
  [[nodiscard]] std::size_t grant_count() const { return grants_.size(); }
  // Of all grants, for tests.
  [[nodiscard]] std::size_t granted_prefixes() const;
  [[nodiscard]] bool IsGranted(const SessionKey& key) const { return grants_.count(key) == 1; }
  [[nodiscard]] std::size_t attempt_count() const { return attempts_.size(); }

 private:
  enum class Stage { kJudging, kWaiting, kAccounting, kAnswered };
  struct Attempt {
    SessionKey session;
    std::string user;
    std::string calling_station;
    std::string called_station;
    Ipv4Address outer_address;
    std::vector<AskId> asks;
    Stage stage = Stage::kJudging;
    AuthGranted granted;        // kWaiting
    bool hard_ordered = false;  // kWaiting
    // RADIUS has fixed IPv6 prefixes of this kind, so that no pool is asked.
    bool fixed_link = false;
    bool fixed_delegated = false;
    AuthorizeVerdict verdict;  // kAccounting, kAnswered
    TimePoint deadline;        // kWaiting: escalate; kAnswered: forget
  };
  // An answer given for a session that its gateway has not reported as authorized yet.
  struct OpenGrant {
    std::string user;
    std::string boot;
    Ipv4Address address;
    NetworkPolicy network;  // of it only what LeasesOf tells
    TimePoint deadline;
  };
  using Attempts = std::map<AttemptKey, Attempt>;

  void Admit(Attempts::iterator attempt, TimePoint now, ActionList& actions);
  void Wait(Attempts::iterator attempt, TimePoint now, ActionList& actions);
  void LetIn(Attempts::iterator attempt, TimePoint now, ActionList& actions);
  [[nodiscard]] AuthorizeAccept AcceptOf(Attempt& attempt, Ipv4Address address, TimePoint now);
  [[nodiscard]] Attempts::iterator InAccounting(const SessionKey& key);
  void Finish(Attempts::iterator attempt, AuthorizeVerdict verdict, TimePoint now,
              ActionList& actions);
  void Refuse(Attempts::iterator attempt, std::string log_reason, TimePoint now,
              ActionList& actions);
  void Drop(Attempts::iterator attempt, ActionList& actions);
  void StopWaiting(Attempts::iterator attempt);
  void TakeBackGrant(const SessionKey& key, const std::string& user, TimePoint now,
                     ActionList& actions);
  void Recheck(const std::string& user, TimePoint now, ActionList& actions);
  void Escalate(Attempts::iterator attempt, TimePoint now, ActionList& actions);
  void OrderEnd(const SessionKey& key, Termination termination, ActionList& actions);
  [[nodiscard]] Ipv4Address ChooseAddress(const Attempt& attempt, ActionList& actions);
  [[nodiscard]] Ipv4Address ReserveStatic(const Attempt& attempt, Ipv4Address address,
                                          ActionList& actions);
  // Puts into the login's network policy what it is to have of IPv6.
  void ChooseIpv6(Attempt& attempt, ActionList& actions);
  [[nodiscard]] bool KeepIpv6(Attempt& attempt);
  void ReserveFixedIpv6(Attempt& attempt, ActionList& actions);
  [[nodiscard]] bool ReserveIpv6(const Attempt& attempt, const Ipv6Prefix& prefix,
                                 ActionList& actions);
  [[nodiscard]] std::optional<Ipv6Prefix> FromIpv6Pool(const Attempt& attempt, PrefixKind kind,
                                                       const std::string& named,
                                                       ActionList& actions);
  // What was granted to it and it does not carry.
  void ReleaseIpv6(const SessionKey& key, const NetworkPolicy& granted);
  // Sessions of this user other than `own` that have been let in.
  [[nodiscard]] std::vector<SessionKey> OthersOf(const std::string& user,
                                                 const SessionKey& own) const;
  [[nodiscard]] bool AnyReachable(const std::vector<SessionKey>& sessions) const;
  void ForgetGrant(const SessionKey& key, bool release);
  void At(TimePoint deadline, std::variant<AttemptKey, SessionKey> what) {
    deadlines_.emplace(deadline, std::move(what));
  }

  const Registry& registry_;
  AddressPools& pools_;
  PrefixPools& prefixes_;
  RateKeeper& rates_;
  AuthorizerSettings settings_;
  AuthorizerCounters counters_;
  Attempts attempts_;
  std::set<std::pair<SessionKey, AttemptKey>> open_of_session_;  // those not answered yet
  std::map<AskId, AttemptKey> asks_;
  std::map<std::string, AttemptKey> waiting_of_user_;
  std::map<SessionKey, OpenGrant> grants_;
  std::map<std::string, std::set<SessionKey>> grants_of_user_;
  // How a replaced session was told to go; a second soft order would be a hard one.
  std::map<SessionKey, Termination> ordered_;
  // May hold times that are no longer meant; the entry they name knows the true one.
  std::multimap<TimePoint, std::variant<AttemptKey, SessionKey>> deadlines_;
};

// AuthorizeVerdict holds secrets, so copying is spelled out.
[[nodiscard]] AuthorizeVerdict CopyVerdict(const AuthorizeVerdict& verdict);

}  // namespace sstpgw::cp
