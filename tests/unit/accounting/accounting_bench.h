// Accounting with a hand-moved clock, a disk that is a map, and servers that answer when told, for
// tests that read as stories. Restart() is a kill: what was not committed is lost.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "controlplane/accounting/accounting.h"

namespace sstpgw::cp::accounting {

class CountingEntropy : public Entropy {
 public:
  explicit CountingEntropy(std::uint64_t seed) : state_(seed) {}
  void Fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& octet : out) {
      state_ = state_ * 6364136223846793005 + 1442695040888963407;
      octet = static_cast<std::uint8_t>(state_ >> 56);
    }
  }

 private:
  std::uint64_t state_;
};

class AccountingBench {
 public:
  using Rows = std::map<std::pair<store::Table, std::string>, Bytes>;

  explicit AccountingBench(std::uint64_t seed = 1) : entropy(seed) {
    settings.enabled = true;
    settings.interim_interval = std::chrono::seconds(60);
  }

  Accounting& accounting() {
    if (accounting_ == nullptr) Restart();
    return *accounting_;
  }

  // A new process on what is on the disk.
  void Restart() {
    writing.clear();
    sent.clear();
    accounting_ = std::make_unique<Accounting>(settings, entropy);
    ActionList actions;
    for (const auto& [key, value] : rows) {
      accounting_->Restore(key.first, key.second, value, moment, actions);
    }
    accounting_->Begin(moment, actions);
    Take(std::move(actions));
  }

  // Calls a method of Accounting with the time, and carries out what it wants.
  template <class Method, class... Arguments>
  void Do(Method method, Arguments&&... arguments) {
    ActionList actions;
    static_cast<void>(
        (accounting().*method)(std::forward<Arguments>(arguments)..., moment, actions));
    Take(std::move(actions));
  }

  void Pass(Duration duration) {
    moment.now += duration;
    moment.unix_seconds =
        kBegin +
        std::chrono::duration_cast<std::chrono::seconds>(moment.now.time_since_epoch()).count();
  }
  // Time passes, with a Tick whenever one is due.
  void Elapse(Duration duration) {
    const TimePoint end = moment.now + duration;
    for (;;) {
      const auto next = accounting().NextDeadline();
      if (!next || *next > end) break;
      Pass(std::max(*next - moment.now, Duration(0)));
      Do(&Accounting::Tick);
    }
    Pass(end - moment.now);
  }

  // ---- The disk: `disk_works` commits at once, otherwise WriteOne does.
  bool WriteOne() {
    if (writing.empty()) return false;
    CommitChanges commit = std::move(writing.front());
    writing.pop_front();
    for (store::Change& change : commit.changes) {
      if (auto* put = std::get_if<store::Put>(&change)) {
        rows[{put->table, put->key}] = std::move(put->value);
      } else {
        const auto& erase = std::get<store::Erase>(change);
        rows.erase({erase.table, erase.key});
      }
    }
    Do(&Accounting::Committed, commit.ticket);
    return true;
  }

  // ---- Gateways
  static SessionRecord Record(const std::string& session, SessionState state,
                              TrafficCounters counters = {}, std::int64_t uptime = 0) {
    SessionRecord record;
    record.session = session;
    record.user = "user" + session;
    record.state = state;
    record.interface_name = "sstp" + session;
    record.policy.generation = Generation(1);
    record.policy.address = Ipv4Address(0x0a000000 + static_cast<std::uint32_t>(session.size()));
    record.counters = counters;
    record.uptime_seconds = uptime;
    return record;
  }
  void Attach(const std::string& gateway, const std::string& boot,
              std::vector<SessionRecord> carried = {}, std::uint64_t reports_to = 0) {
    Hello hello;
    hello.gateway_id = gateway;
    hello.boot_id = boot;
    hello.sessions = std::move(carried);
    hello.reports_to = reports_to;
    boots[gateway] = boot;
    Do(&Accounting::Attached, hello);
  }
  void Login(const std::string& gateway, const std::string& session) {
    AccountedLogin login;
    login.key = {gateway, session};
    login.boot = boots[gateway];
    login.record.session_id = session;
    login.record.user_name = "user" + session;
    login.record.classes = {Bytes{1, 2, 3}};
    Do(&Accounting::Authorized, std::move(login));
  }
  void Report(const std::string& gateway, SessionEventKind kind, SessionRecord record,
              TerminateCause cause = TerminateCause::kNone, std::uint64_t sequence = 0,
              std::chrono::seconds age = {}) {
    NumberedReport report;
    report.sequence = sequence != 0 ? sequence : ++sequence_;
    report.report.kind = kind;
    report.report.record = std::move(record);
    report.report.cause = cause;
    report.age = age;
    Do(&Accounting::Reported, gateway, report);
  }
  void Up(const std::string& gateway, const std::string& session) {
    Report(gateway, SessionEventKind::kUp, Record(session, SessionState::kActive));
  }
  void Down(const std::string& gateway, const std::string& session, TrafficCounters counters = {},
            TerminateCause cause = TerminateCause::kUserRequest) {
    Report(gateway, SessionEventKind::kDown, Record(session, SessionState::kFinishing, counters, 5),
           cause);
  }

  // ---- Servers
  // "1 Start" of the oldest that was sent and is not answered; it stays.
  [[nodiscard]] std::string Sent() const {
    if (sent.empty()) return "";
    const AccountingRecord& record = sent.front().record;
    return record.key.session + record.server + " " + ToString(record.status);
  }
  void Answer() {
    const RecordId id = sent.front().id;
    sent.pop_front();
    Do(&Accounting::Acknowledged, id);
  }
  void LeaveUnanswered() {
    const RecordId id = sent.front().id;
    sent.pop_front();
    Do(&Accounting::Unanswered, id);
  }
  // Answers all that is sent until nothing more comes.
  std::vector<std::string> AnswerAll() {
    std::vector<std::string> answered;
    while (!sent.empty()) {
      answered.push_back(Sent());
      newest = sent.front().record;
      Answer();
    }
    return answered;
  }
  // Words since the last call: "let in g/1", "configure g/1", "end g/1", ...
  std::vector<std::string> TakeWords() { return std::exchange(words, {}); }

  [[nodiscard]] std::size_t RowsOf(store::Table table) const {
    std::size_t count = 0;
    for (const auto& [key, value] : rows) count += key.first == table ? 1 : 0;
    return count;
  }

  static constexpr std::int64_t kBegin = 1'700'000'000;
  AccountingSettings settings;
  CountingEntropy entropy;
  Moment moment{TimePoint(), kBegin};
  bool disk_works = true;
  bool checks = true;  // of the spool after every call, which takes time with many sessions
  Rows rows;
  std::deque<CommitChanges> writing;
  std::deque<SendRecord> sent;
  AccountingRecord newest;  // of those AnswerAll answered
  std::vector<std::string> words;
  std::vector<std::string> log;
  std::vector<std::uint64_t> durable;
  std::map<std::string, std::string> boots;

 private:
  void Take(ActionList actions) {
    for (Action& action : actions) {
      if (auto* commit = std::get_if<CommitChanges>(&action)) {
        writing.push_back(std::move(*commit));
      } else if (auto* send = std::get_if<SendRecord>(&action)) {
        sent.push_back(std::move(*send));
      } else if (const auto* untrue = std::get_if<WithdrawRecord>(&action)) {
        std::erase_if(sent, [&](const SendRecord& one) { return one.id == untrue->id; });
        words.push_back(std::string("withdraw ") + ToString(untrue->status));
      } else if (const auto* in = std::get_if<LetIn>(&action)) {
        words.push_back("let in " + in->key.Owner());
      } else if (const auto* away = std::get_if<TurnAway>(&action)) {
        words.push_back("turn away " + away->key.Owner() + ": " + away->reason);
      } else if (const auto* configure = std::get_if<Configure>(&action)) {
        words.push_back("configure " + configure->key.Owner());
      } else if (const auto* end = std::get_if<OrderEnd>(&action)) {
        words.push_back("end " + end->key.Owner() + " " + ToString(end->cause));
      } else if (const auto* all = std::get_if<AllDurable>(&action)) {
        durable.push_back(all->token.value());
      } else if (const auto* line = std::get_if<WriteLog>(&action)) {
        log.push_back(line->text);
      }
    }
    if (checks) {
      EXPECT_EQ(accounting_->spool().Inconsistency(), "");
    }
    if (!disk_works || committing_) return;
    committing_ = true;
    while (WriteOne()) {
    }
    committing_ = false;
  }

  std::unique_ptr<Accounting> accounting_;
  std::uint64_t sequence_ = 0;
  bool committing_ = false;
};

}  // namespace sstpgw::cp::accounting
