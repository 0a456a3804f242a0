// A control plane's core with a hand-moved clock and a backend that lets everybody in, for tests
// that read as stories.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/session/control_core.h"
#include "controlplane/shaper/operator_rate.h"

namespace sstpgw::cp {

class CoreBench {
 public:
  CoreBench() {
    settings.default_pool = "P";
    settings.gateway_address = *Ipv4Address::Parse("10.0.0.1");
    SetPool("10.0.0.2", "10.0.0.9");
  }

  void SetPool(const char* first, const char* last) {
    PoolMap pools;
    pools["P"] = PoolConfig{"P", {{*Ipv4Address::Parse(first), *Ipv4Address::Parse(last)}}, ""};
    core.Configure(pools, settings);
  }

  // One pool for links in /64, and for delegation in /56; sessions may have IPv6 from now on.
  void SetIpv6Pool(const char* links, const char* delegates) {
    Ipv6PoolConfig pool;
    pool.name = "V6";
    if (links != nullptr) pool.prefixes = {{Ipv6Prefix::Parse(links).value(), 64}};
    if (delegates != nullptr) pool.delegates = {{Ipv6Prefix::Parse(delegates).value(), 56}};
    ipv6_pools["V6"] = pool;
    settings.ipv6 = true;
    settings.default_ipv6_pool = "V6";
    SetPool("10.0.0.2", "10.0.0.9");
    core.ConfigureIpv6(ipv6_pools, InterfaceId{0, 0, 0, 0, 0, 0, 0, 1});
  }

  // Carries out an event and everything that judging credentials needs.
  void Do(Event event) {
    Collect(core.Step(std::move(event), now));
    std::vector<JudgeCredentials> asked;
    asked.swap(to_judge);
    for (JudgeCredentials& judge : asked) {
      if (!judges) continue;
      AuthGranted granted;
      granted.hlak = Secret(std::string(32, 'k'));
      granted.success_message = "Authentication succeeded";
      const auto fixed = static_ips.find(UserOf(judge.question.evidence));
      if (fixed != static_ips.end()) granted.static_ip = fixed->second;
      const auto network = networks.find(UserOf(judge.question.evidence));
      if (network != networks.end()) granted.network = network->second;
      Do(CredentialsJudged{judge.attempt, std::move(granted)});
    }
  }

  void Attach(const std::string& gateway, const std::string& boot,
              std::vector<SessionRecord> sessions = {}) {
    boots[gateway] = boot;
    Hello hello;
    hello.gateway_id = gateway;
    hello.boot_id = boot;
    hello.sessions = std::move(sessions);
    Do(GatewayAttached{hello});
  }

  // Asks for a login; returns the name of the asker.
  AskId Ask(const std::string& gateway, const std::string& session, const std::string& user,
            std::uint64_t attempt = 0) {
    if (attempt == 0) attempt = ++attempts_;
    AuthorizeCall call;
    call.gateway_id = gateway;
    call.boot_id = boots[gateway];
    call.question.attempt = AttemptId(attempt);
    call.question.session = session;
    call.question.calling_station = "192.0.2.1";
    call.question.evidence = PapEvidence{user, Secret("pw")};
    const AskId ask(++asks_);
    Do(AuthorizeAsked{ask, std::move(call)});
    return ask;
  }

  // "10.0.0.2", "none" (accepted without address), "rejected: ...", "error: ...", "waiting".
  [[nodiscard]] std::string AnswerTo(AskId ask) const {
    const auto answer = answers.find(ask);
    if (answer == answers.end()) return "waiting";
    if (!answer->second) return "error: " + answer->second.error().message;
    if (const auto* accept = std::get_if<AuthorizeAccept>(&*answer->second)) {
      return accept->policy.address.is_zero() ? "none" : accept->policy.address.ToString();
    }
    return "rejected: " + std::get<AuthorizeReject>(*answer->second).log_reason;
  }

  static SessionRecord Record(const std::string& session, const std::string& user,
                              const std::string& address,
                              SessionState state = SessionState::kActive) {
    SessionRecord record;
    record.session = session;
    record.user = user;
    record.state = state;
    if (!address.empty()) {
      record.policy.generation = Generation(1);
      record.policy.address = *Ipv4Address::Parse(address);
    }
    record.interface_name = "sstp" + session;
    return record;
  }

  void Report(const std::string& gateway, SessionEventKind kind, SessionRecord record) {
    NumberedReport report;
    report.sequence = ++sequences[gateway + boots[gateway]];
    report.report.kind = kind;
    report.report.record = std::move(record);
    if (kind == SessionEventKind::kDown) report.report.cause = TerminateCause::kUserRequest;
    Do(ReportsArrived{gateway, {{report}}});
  }
  void Up(const std::string& gateway, const std::string& session, const std::string& user,
          const std::string& address) {
    Report(gateway, SessionEventKind::kUp, Record(session, user, address));
  }
  void Down(const std::string& gateway, const std::string& session, const std::string& user,
            const std::string& address) {
    Report(gateway, SessionEventKind::kDown,
           Record(session, user, address, SessionState::kFinishing));
  }

  // The clock on the wall goes with it.
  void Pass(Duration duration) {
    now += duration;
    time_of_day += std::chrono::duration_cast<TimeOfDay>(duration);
    time_of_day %= std::chrono::hours(24);
    Do(TimePassed{time_of_day});
  }

  // "10/5": kbit/s.
  static RateReading Rate(const std::string& text) {
    const auto reading = ReadOperatorRate(text);
    EXPECT_TRUE(reading) << text;
    return *reading;
  }
  // Of one interface, or of "all".
  ChangeId OrderRate(RateOrder::Kind kind, const std::string& interface_name,
                     const std::string& rate = "0/0") {
    RateOrder order;
    order.kind = kind;
    order.all = interface_name == "all";
    if (!order.all) order.which.interface_name = interface_name;
    order.rate = Rate(rate);
    order.who = "operator";
    const ChangeId id(++changes_);
    Do(RatesOrdered{id, order});
    return id;
  }
  // "1 changed", "not found", "waiting"; failures with their reasons.
  [[nodiscard]] std::string OutcomeOf(ChangeId id) const {
    const auto found = outcomes.find(id);
    if (found == outcomes.end()) return "waiting";
    if (!found->second.found) return "not found";
    std::string text = std::to_string(found->second.changed) + " changed";
    for (const auto& one : found->second.refused) {
      text += ", " + one.interface_name + " refused: " + one.reason;
    }
    for (const auto& one : found->second.unanswered) {
      text += ", " + one.interface_name + " unanswered: " + one.reason;
    }
    return text;
  }
  // "g/s1 2 10/5" (generation and limit) for every policy sent so far; empties the list.
  std::vector<std::string> TakePolicies() {
    std::vector<std::string> texts;
    for (const auto& [gateway, order] : std::exchange(policies, {})) {
      texts.push_back(gateway + "/" + order.session + " " +
                      std::to_string(order.policy.generation.value()) + " " +
                      ToKilobits(order.policy.rate_limit));
    }
    return texts;
  }

  // "gw/session soft" for every order to disconnect so far; empties the list.
  std::vector<std::string> TakeDisconnects() { return std::exchange(disconnects, {}); }

  ControlCore core;
  AuthorizerSettings settings;
  PrefixPoolMap ipv6_pools;
  TimePoint now{std::chrono::hours(1)};
  bool judges = true;
  std::map<std::string, Ipv4Address> static_ips;
  std::map<std::string, NetworkPolicy> networks;  // of users, as RADIUS would give them
  std::map<std::string, std::string> boots;
  std::map<std::string, std::uint64_t> sequences;
  std::map<AskId, Result<AuthorizeVerdict>> answers;
  std::vector<std::string> disconnects;
  std::vector<std::string> log;
  std::vector<OpenAccounting> openings;
  std::vector<std::uint64_t> acks;
  std::vector<SessionUpdate> updates;
  std::vector<JudgeCredentials> to_judge;
  std::vector<std::string> drains;
  TimeOfDay time_of_day{0};
  std::vector<std::pair<std::string, PolicyOrder>> policies;
  std::map<ChangeId, PolicyOutcome> outcomes;

 private:
  void Collect(ActionList actions) {
    for (Action& action : actions) {
      if (auto* judge = std::get_if<JudgeCredentials>(&action)) {
        to_judge.push_back(std::move(*judge));
      } else if (auto* answer = std::get_if<Answer>(&action)) {
        EXPECT_TRUE(answers.emplace(answer->ask, std::move(answer->verdict)).second)
            << "answered twice";
      } else if (auto* send = std::get_if<Send>(&action)) {
        CollectSent(*send);
      } else if (auto* ack = std::get_if<Acknowledge>(&action)) {
        acks.push_back(ack->sequence);
      } else if (auto* open = std::get_if<OpenAccounting>(&action)) {
        openings.push_back(std::move(*open));
      } else if (auto* done = std::get_if<ConcludeChange>(&action)) {
        EXPECT_TRUE(outcomes.emplace(done->id, std::move(done->outcome)).second)
            << "concluded twice";
      } else if (auto* announce = std::get_if<Announce>(&action)) {
        updates.push_back(announce->update);
      } else if (auto* line = std::get_if<WriteLog>(&action)) {
        log.push_back(line->text);
      }
    }
    EXPECT_EQ(core.Inconsistency(), "");
  }
  void CollectSent(const Send& send) {
    EXPECT_TRUE(core.registry().IsAttached(send.gateway));
    if (const auto* order = std::get_if<DisconnectOrder>(&send.message)) {
      disconnects.push_back(send.gateway + "/" + order->session +
                            (order->termination == Termination::kHard ? " hard" : " soft"));
    } else if (const auto* policy = std::get_if<PolicyOrder>(&send.message)) {
      policies.emplace_back(send.gateway, *policy);
    } else if (const auto* drain = std::get_if<DrainOrder>(&send.message)) {
      drains.push_back(send.gateway + (drain->enabled ? " on" : " off"));
    }
  }

  std::uint64_t attempts_ = 1000;
  std::uint64_t asks_ = 0;
  std::uint64_t changes_ = 0;
};

}  // namespace sstpgw::cp
