// Random gateways, logins, reports, losses and restarts under fake time; after every step the
// core's books must balance, every question and every order of rates must be answered in bounded
// time, and at the end every session has the limit that is wanted and nothing is left over. A
// failing seed reproduces.
#include <deque>
#include <random>

#include "tests/unit/session/core_bench.h"

namespace sstpgw::cp {
namespace {

struct Carried {
  std::string user;
  std::string address;
  SessionPolicy policy;
};

class Simulation : public CoreBench {
 public:
  explicit Simulation(unsigned seed) : random_(seed) {
    static_ips["u0"] = *Ipv4Address::Parse("10.0.0.4");
    // Room for fewer than there may be, and two users of whom RADIUS fixes a part of a pool.
    SetIpv6Pool("2001:db8::/62", "2001:db8:8000::/54");
    networks["u0"].framed_ipv6_prefixes = {*Ipv6Prefix::Parse("2001:db8:0:1::/64")};
    networks["u1"].delegated_ipv6_prefixes = {*Ipv6Prefix::Parse("2001:db8:8000::/55"),
                                              *Ipv6Prefix::Parse("2001:db8:9000::/56")};
    for (const char* gateway : {"g", "h"}) Attach(gateway, "boot0");
    ConfigureRates();
  }

  void Run(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) Turn();
    Settle();
  }

 private:
  std::uint32_t Roll(std::uint32_t sides) { return static_cast<std::uint32_t>(random_() % sides); }
  std::string AnyGateway() { return Roll(2) == 0 ? "g" : "h"; }

  void Turn() {
    const std::string gateway = AnyGateway();
    switch (Roll(15)) {
      case 0:
      case 1:
      case 2:
        Login(gateway);
        break;
      case 3:
      case 4:
        Leave(gateway);
        break;
      case 5:
        Do(GatewayDetached{gateway});
        break;
      case 6:
        Return(gateway);
        break;
      case 7:
        if (Roll(4) == 0) Reboot(gateway);
        break;
      case 8:
        if (open_.empty()) break;
        Do(AskCancelled{open_.begin()->first});
        if (answers.count(open_.begin()->first) == 0) open_.erase(open_.begin());
        break;
      case 9:
      case 10:
        OrderRates(gateway);
        break;
      case 11:
        if (Roll(4) == 0) ConfigureRates();
        break;
      default:
        Pass(std::chrono::milliseconds(Roll(4000)));
    }
    Obey();
    ApplyPolicies();
    TakeAnswers();
  }

  void Login(const std::string& gateway) {
    const std::string session = "s" + std::to_string(++sessions_);
    const std::string user = "u" + std::to_string(Roll(5));
    const AskId ask = Ask(gateway, session, user);
    open_[ask] = {gateway, session, user, now};
  }

  std::string AnyRate() { return std::to_string(Roll(3)) + "/" + std::to_string(Roll(3)); }

  void ConfigureRates() {
    RateSettings rates;
    if (Roll(2) == 0) rates.fallback.Set(Rate(AnyRate()));
    rates.users["u1"].Set(Rate(AnyRate()));
    Do(RatesConfigured{std::move(rates), time_of_day});
  }

  void OrderRates(const std::string& gateway) {
    const auto& sessions = carried_[gateway];
    const bool all = sessions.empty() || Roll(4) == 0;
    const auto kind = static_cast<RateOrder::Kind>(Roll(3));
    orders_[OrderRate(kind, all ? "all" : "sstp" + sessions.begin()->first, AnyRate())] = now;
  }

  // Gateways deal with what they were sent when they come to it; they apply it mostly.
  void ApplyPolicies() {
    for (auto& [gateway, order] : std::exchange(policies, {})) {
      received_[gateway].push_back(std::move(order));
    }
    for (auto& [gateway, orders] : received_) {
      if (!core.registry().IsAttached(gateway)) orders.clear();
      while (!orders.empty() && (settling_ || Roll(3) != 0)) {
        const PolicyOrder order = std::move(orders.front());
        orders.pop_front();
        ApplyPolicy(gateway, order);
      }
    }
    for (auto order = orders_.begin(); order != orders_.end();) {
      ASSERT_TRUE(outcomes.count(order->first) == 1 ||
                  now - order->second < std::chrono::seconds(5));
      order = outcomes.count(order->first) == 1 ? orders_.erase(order) : std::next(order);
    }
  }
  void ApplyPolicy(const std::string& gateway, const PolicyOrder& order) {
    const Generation generation = order.policy.generation;
    const auto session = carried_[gateway].find(order.session);
    if (session == carried_[gateway].end() || (!settling_ && Roll(4) == 0)) {
      Do(SettingsRefused{gateway, Refused{generation, order.session, "no"}});
      return;
    }
    ASSERT_GT(generation, session->second.policy.generation);
    session->second.policy = order.policy;
    const bool record_first = Roll(2) == 0;
    if (record_first) ReportCarried(gateway, SessionEventKind::kChange, order.session);
    Do(SettingsApplied{gateway, Applied{generation, order.session}});
    if (!record_first && Roll(2) == 0) {
      ReportCarried(gateway, SessionEventKind::kChange, order.session);
    }
  }
  SessionRecord CarriedRecord(const std::string& session, const Carried& carried) {
    SessionRecord record = Record(session, carried.user, carried.address);
    record.policy = carried.policy;
    return record;
  }
  void ReportCarried(const std::string& gateway, SessionEventKind kind,
                     const std::string& session) {
    Report(gateway, kind, CarriedRecord(session, carried_[gateway].at(session)));
  }

  // Sessions that were told to go mostly do.
  void Obey() {
    for (const std::string& order : TakeDisconnects()) {
      const std::string gateway = order.substr(0, 1);
      const std::string session = order.substr(2, order.find(' ') - 2);
      const bool hard = order.find("hard") != std::string::npos;
      if (carried_[gateway].count(session) == 1 && (hard || Roll(2) == 0)) End(gateway, session);
    }
  }

  void TakeAnswers() {
    for (auto open = open_.begin(); open != open_.end();) {
      const auto answer = answers.find(open->first);
      const Open& what = open->second;
      if (answer == answers.end()) {
        ASSERT_LE(now - what.asked, std::chrono::seconds(40));
        ++open;
        continue;
      }
      const auto* accept =
          answer->second ? std::get_if<AuthorizeAccept>(&*answer->second) : nullptr;
      if (accept != nullptr && core.registry().IsAttached(what.gateway) && Roll(5) != 0) {
        const std::string address =
            accept->policy.address.is_zero() ? "" : accept->policy.address.ToString();
        carried_[what.gateway][what.session] = {what.user, address, accept->policy};
        ReportCarried(what.gateway, SessionEventKind::kUp, what.session);
      }
      open = open_.erase(open);
    }
  }

  void Leave(const std::string& gateway) {
    if (carried_[gateway].empty()) return;
    End(gateway, carried_[gateway].begin()->first);
  }

  void End(const std::string& gateway, const std::string session) {
    const Carried carried = carried_[gateway].at(session);
    carried_[gateway].erase(session);
    if (!core.registry().IsAttached(gateway)) return;
    SessionRecord record = CarriedRecord(session, carried);
    record.state = SessionState::kFinishing;
    Report(gateway, SessionEventKind::kDown, std::move(record));
  }

  void Return(const std::string& gateway) {
    std::vector<SessionRecord> records;
    for (const auto& [session, carried] : carried_[gateway]) {
      records.push_back(CarriedRecord(session, carried));
    }
    policies.clear();
    received_[gateway].clear();
    Attach(gateway, boots[gateway], std::move(records));
  }

  void Reboot(const std::string& gateway) {
    carried_[gateway].clear();
    std::erase_if(open_, [&](const auto& open) { return open.second.gateway == gateway; });
    Attach(gateway, "boot" + std::to_string(++boot_));
  }

  void Settle() {
    settling_ = true;
    // Lost on its way: the gateways come back without it.
    orders_[OrderRate(RateOrder::Kind::kChange, "all", "7/7")] = now;
    for (const char* gateway : {"g", "h"}) {
      Return(gateway);
      ApplyPolicies();
    }
    for (int i = 0; i < 40; ++i) {
      Pass(std::chrono::seconds(5));
      Obey();
      ApplyPolicies();
      TakeAnswers();
      ApplyPolicies();
    }
    EXPECT_TRUE(orders_.empty());
    for (const auto& [gateway, sessions] : carried_) {
      for (const auto& [session, carried] : sessions) {
        const RateStanding standing = core.rates().Of(*core.registry().Find({gateway, session}));
        EXPECT_EQ(standing.carried, carried.policy.rate_limit) << session;
        EXPECT_EQ(standing.wanted.limit, carried.policy.rate_limit) << session;
      }
    }
    EXPECT_TRUE(open_.empty());
    EXPECT_EQ(core.authorizer().waiting_count(), 0U);
    for (const char* gateway : {"g", "h"}) Reboot(gateway);
    EXPECT_EQ(core.registry().session_count(), 0U);
    EXPECT_EQ(core.pools().lease_count(), 0U);
    EXPECT_EQ(core.prefixes().lease_count(), 0U);
    EXPECT_EQ(core.authorizer().grant_count(), 0U);
    EXPECT_EQ(core.rates().remembered(), 0U);
    Pass(Authorizer::kAnswerKept);
    EXPECT_EQ(core.authorizer().attempt_count(), 0U);
    Pass(Authorizer::kGrantUnreported);
    EXPECT_EQ(core.NextDeadline(), std::nullopt);
  }

  struct Open {
    std::string gateway;
    std::string session;
    std::string user;
    TimePoint asked;
  };
  std::mt19937 random_;
  int sessions_ = 0;
  int boot_ = 0;
  bool settling_ = false;
  std::map<std::string, std::deque<PolicyOrder>> received_;
  std::map<ChangeId, TimePoint> orders_;  // not concluded yet
  std::map<AskId, Open> open_;
  std::map<std::string, std::map<std::string, Carried>> carried_;
};

TEST(CoreSimulation, BooksBalanceWhateverHappens) {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    Simulation(seed).Run(600);
    if (HasFailure()) break;
  }
}

}  // namespace
}  // namespace sstpgw::cp
