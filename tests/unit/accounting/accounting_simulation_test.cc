// Sessions of three gateways under fake time, with a control plane that is killed at random (what
// its disk had not written is lost, what it had written may not have been told), gateways that lose
// their streams or boot anew, and a server of which requests and answers get lost. In the end the
// server's log must have one Start and one Stop of every session, repeats only as the same octets,
// nothing older after something newer, and the right final counters. A failing seed reproduces.
#include <algorithm>
#include <random>
#include <set>

#include "tests/unit/accounting/accounting_bench.h"

namespace sstpgw::cp::accounting {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Simulation : public AccountingBench {
 public:
  explicit Simulation(unsigned seed) : AccountingBench(seed), random_(seed) {
    disk_works = false;
    settings.interim_interval = seconds(10 + Roll(30));
    settings.interim_jitter = seconds(Roll(10));
    settings.acct_timeout = seconds(Roll(2) * 40);
    settings.start_wait = Roll(2) == 0;
    settings.start_delay = seconds(Roll(3) == 0 ? 4 : 0);
    settings.spool.in_flight = 8 + Roll(50);
    for (const char* name : {"g", "h", "i"}) {
      fleet_[name].boot = std::string(name) + "0";
      Return(name);
    }
  }

  void Play(std::size_t sessions, int kills) {
    const std::size_t every = sessions / static_cast<std::size_t>(kills);
    while (made_ < sessions && !::testing::Test::HasFailure()) {
      const std::size_t before = made_;
      Turn();
      if (made_ != before && made_ % every == 0) Kill();
    }
    Settle();
    Judge();
  }

 private:
  enum class Life { kAsking, kWaiting, kUp, kOver };
  struct Subscriber {
    Life life = Life::kAsking;
    TrafficCounters counters;
    TimePoint began;
    bool was_up = false;
    bool told_its_end = false;  // its gateway did, or will
  };
  struct FakeGateway {
    std::string boot;
    bool attached = false;
    std::uint64_t sequence = 0;
    std::deque<NumberedReport> unacknowledged;
    std::set<std::string> carried;
  };

  std::uint32_t Roll(std::uint32_t sides) { return static_cast<std::uint32_t>(random_() % sides); }
  std::string AnyGateway() { return std::string(1, "ghi"[Roll(3)]); }

  void Turn() {
    const std::string gateway = AnyGateway();
    switch (Roll(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
        if (fleet_[gateway].attached) AskFor(gateway);
        break;
      case 4:
      case 5:
      case 6:
        End(gateway, AnyOf(gateway), TerminateCause::kUserRequest);
        break;
      case 7:
        if (Roll(3) == 0 && fleet_[gateway].attached) {
          fleet_[gateway].attached = false;
          Do(&Accounting::Detached, gateway);
        }
        break;
      case 8:
        if (Roll(20) == 0) Reboot(gateway);
        break;
      case 9:
        if (!fleet_[gateway].attached) Return(gateway);
        break;
      case 10:
        radius_up_ = Roll(3) != 0;
        break;
      default:
        Traffic(gateway);
        Advance(milliseconds(Roll(2000)));
    }
    Work(/*all=*/false);
  }

  // ---- Gateways

  std::string AnyOf(const std::string& gateway) {
    const auto& carried = fleet_[gateway].carried;
    if (carried.empty()) return "";
    return *std::next(carried.begin(), Roll(static_cast<std::uint32_t>(carried.size())));
  }
  void AskFor(const std::string& gateway) {
    const std::string session = std::to_string(++made_);
    Subscriber& subscriber = subscribers_[{gateway, session}];
    subscriber.began = moment.now;
    fleet_[gateway].carried.insert(session);
    Login(gateway, session);
  }
  SessionRecord RecordOf(const SessionKey& key) {
    const Subscriber& subscriber = subscribers_.at(key);
    const SessionState state = subscriber.life == Life::kUp     ? SessionState::kActive
                               : subscriber.life == Life::kOver ? SessionState::kFinishing
                                                                : SessionState::kStarting;
    SessionRecord record =
        Record(key.session, state, subscriber.counters,
               std::chrono::duration_cast<seconds>(moment.now - subscriber.began).count());
    if (subscriber.life == Life::kAsking) record.policy.generation = Generation(0);
    return record;
  }
  void Say(const SessionKey& key, SessionEventKind kind,
           TerminateCause cause = TerminateCause::kNone) {
    FakeGateway& gateway = fleet_[key.gateway];
    NumberedReport report;
    report.sequence = ++gateway.sequence;
    report.report.kind = kind;
    report.report.record = RecordOf(key);
    report.report.cause = cause;
    gateway.unacknowledged.push_back(report);
    if (gateway.attached) Deliver(key.gateway, report);
  }
  void Deliver(const std::string& gateway, const NumberedReport& report) {
    const SessionKey key{gateway, report.report.record.session};
    Do(&Accounting::Reported, gateway, report);
    if (report.report.kind == SessionEventKind::kAuthorized) Do(&Accounting::Opened, key);
    acks_[++token_] = {gateway, fleet_[gateway].boot, report.sequence};
    Do(&Accounting::WhenDurable, DurableToken(token_));
  }
  void Open(const SessionKey& key) {
    Subscriber& subscriber = subscribers_.at(key);
    if (subscriber.life != Life::kWaiting) return;
    subscriber.life = Life::kUp;
    subscriber.was_up = true;
    Say(key, SessionEventKind::kUp);
  }
  void End(const std::string& gateway, const std::string session, TerminateCause cause) {
    if (session.empty()) return;
    Subscriber& subscriber = subscribers_.at({gateway, session});
    if (subscriber.life == Life::kUp) Grow(subscriber);
    subscriber.life = Life::kOver;
    subscriber.told_its_end = true;
    fleet_[gateway].carried.erase(session);
    Say({gateway, session}, SessionEventKind::kDown, cause);
  }
  void Grow(Subscriber& subscriber) {
    subscriber.counters.rx_bytes += Roll(1U << 31);
    subscriber.counters.tx_bytes += Roll(1U << 31);
    subscriber.counters.rx_packets += Roll(1000);
    subscriber.counters.tx_packets += Roll(1000);
  }
  void Traffic(const std::string& gateway) {
    CountersBatch batch;
    for (const std::string& session : fleet_[gateway].carried) {
      Subscriber& subscriber = subscribers_.at({gateway, session});
      if (subscriber.life != Life::kUp || Roll(2) == 0) continue;
      Grow(subscriber);
      batch.entries.push_back({session, subscriber.counters});
    }
    if (fleet_[gateway].attached) Do(&Accounting::Counted, gateway, batch);
  }
  void Return(const std::string& name) {
    FakeGateway& gateway = fleet_[name];
    gateway.attached = true;
    std::vector<SessionRecord> carried;
    for (const std::string& session : gateway.carried) carried.push_back(RecordOf({name, session}));
    Attach(name, gateway.boot, carried,
           gateway.unacknowledged.empty() ? 0 : gateway.unacknowledged.back().sequence);
    // Those that wait ask again.
    for (const SessionRecord& record : carried) {
      const SessionKey key{name, record.session};
      if (subscribers_.at(key).life == Life::kWaiting) Do(&Accounting::Opened, key);
    }
    for (const NumberedReport& report : std::deque<NumberedReport>(gateway.unacknowledged)) {
      Deliver(name, report);
    }
  }
  void Reboot(const std::string& name) {
    FakeGateway& gateway = fleet_[name];
    for (const std::string& session : gateway.carried) {
      subscribers_.at({name, session}).life = Life::kOver;
    }
    gateway.carried.clear();
    // What it had not got rid of is lost with it.
    for (const NumberedReport& report : gateway.unacknowledged) {
      subscribers_.at({name, report.report.record.session}).told_its_end = false;
    }
    gateway.unacknowledged.clear();
    gateway.sequence = 0;
    gateway.boot += "+";
    Return(name);
  }

  // ---- Control plane

  void Kill() {
    ++kills_;
    // Some of what it had given to the disk was written without its knowing.
    for (std::uint32_t count = Roll(4); count > 0 && !writing.empty(); --count) {
      for (store::Change& change : writing.front().changes) {
        if (auto* put = std::get_if<store::Put>(&change)) {
          rows[{put->table, put->key}] = put->value;
        } else {
          const auto& erase = std::get<store::Erase>(change);
          rows.erase({erase.table, erase.key});
        }
      }
      writing.pop_front();
    }
    words.clear();
    durable.clear();
    acks_.clear();
    Restart();
    Advance(milliseconds(Roll(20'000)));
    for (auto& [name, gateway] : fleet_) {
      gateway.attached = false;
      // Logins that were not answered fail.
      for (const std::string& session : std::set<std::string>(gateway.carried)) {
        Subscriber& subscriber = subscribers_.at({name, session});
        if (subscriber.life != Life::kAsking) continue;
        subscriber.life = Life::kOver;
        gateway.carried.erase(session);
      }
      Return(name);
    }
  }
  void Advance(Duration duration) { Elapse(duration); }

  // The disk writes, servers answer, gateways obey.
  void Work(bool all) {
    for (int i = 0; i < (all ? 1'000'000 : 3); ++i) {
      bool busy = false;
      if (!writing.empty() && (all || Roll(2) == 0)) busy = WriteOne();
      if (!sent.empty() && (all || Roll(2) == 0)) {
        Serve();
        busy = true;
      }
      Obey();
      if (all && !busy) break;
    }
  }
  void Serve() {
    const std::size_t which = Roll(static_cast<std::uint32_t>(sent.size()));
    std::swap(sent[which], sent.front());
    const bool arrives = radius_up_ && Roll(8) != 0;
    const bool answered = arrives && Roll(8) != 0;
    if (arrives) server_log_.push_back(sent.front().record);
    if (answered) {
      Answer();
    } else {
      LeaveUnanswered();
    }
  }
  void Obey() {
    for (const std::uint64_t token : std::exchange(durable, {})) {
      const auto ack = acks_.extract(token);
      FakeGateway& gateway = fleet_[ack.mapped().gateway];
      if (gateway.boot != ack.mapped().boot) continue;
      while (!gateway.unacknowledged.empty() &&
             gateway.unacknowledged.front().sequence <= ack.mapped().sequence) {
        gateway.unacknowledged.pop_front();
      }
    }
    for (const std::string& word : TakeWords()) {
      const std::size_t slash = word.find('/');
      const std::string gateway = word.substr(slash - 1, 1);
      const std::string session = word.substr(slash + 1, word.find(' ', slash) - slash - 1);
      if (fleet_[gateway].carried.count(session) == 0) continue;
      Subscriber& subscriber = subscribers_.at({gateway, session});
      if (word.starts_with("let in") && subscriber.life == Life::kAsking) {
        subscriber.life = Life::kWaiting;
        Say({gateway, session}, SessionEventKind::kAuthorized);
      } else if (word.starts_with("configure")) {
        Open({gateway, session});
      } else if (word.starts_with("end")) {
        End(gateway, session, TerminateCause::kNasError);
      }
    }
  }

  void Settle() {
    radius_up_ = true;
    for (auto& [name, gateway] : fleet_) {
      if (!gateway.attached) Return(name);
    }
    Work(true);
    for (auto& [name, gateway] : fleet_) {
      while (!gateway.carried.empty())
        End(name, *gateway.carried.begin(), TerminateCause::kUserRequest);
    }
    for (int i = 0; i < 200; ++i) {
      Advance(seconds(5));
      Work(true);
    }
  }

  // ---- The server's books
  void Judge() {
    EXPECT_EQ(accounting().session_count(), 0U);
    EXPECT_EQ(accounting().spool().size(), 0U);
    EXPECT_EQ(accounting().spool().reserved().records, 0U);
    EXPECT_EQ(RowsOf(store::Table::kSession) + RowsOf(store::Table::kSpool), 0U);
    EXPECT_GE(kills_, 10);
    std::map<SessionKey, std::vector<AccountingRecord>> books;  // without repeats, as they came
    std::size_t repeats = 0;
    for (const AccountingRecord& record : server_log_) {
      std::vector<AccountingRecord>& book = books[record.key];
      const auto known = std::find(book.begin(), book.end(), record);
      if (known == book.end()) {
        book.push_back(record);
        continue;
      }
      ++repeats;
      EXPECT_EQ(known + 1, book.end()) << record.key.Owner() << ": an older record came again";
    }
    EXPECT_GT(repeats, 0U) << "answers were lost";
    for (const auto& [key, subscriber] : subscribers_) JudgeOne(key, subscriber, books[key]);
  }
  void JudgeOne(const SessionKey& key, const Subscriber& subscriber,
                const std::vector<AccountingRecord>& book) {
    SCOPED_TRACE(key.Owner());
    // A boot of its gateway may have come before anybody knew that it was up.
    if (!subscriber.told_its_end && book.empty()) return;
    if (book.empty()) {
      EXPECT_FALSE(subscriber.was_up);
      return;
    }
    EXPECT_EQ(book.front().status, RecordStatus::kStart);
    EXPECT_EQ(book.back().status, RecordStatus::kStop);
    for (std::size_t i = 1; i < book.size(); ++i) {
      EXPECT_EQ(book[i].status == RecordStatus::kInterim, i + 1 < book.size());
      EXPECT_GE(book[i].counters.rx_bytes, book[i - 1].counters.rx_bytes);
      EXPECT_GE(book[i].session_seconds, book[i - 1].session_seconds);
      EXPECT_EQ(book[i].session_id, book[0].session_id);
    }
    // A report that its gateway took with it may have been taken in all the same.
    if (subscriber.told_its_end || book.back().terminate_cause != 11U) {
      EXPECT_EQ(book.back().counters, subscriber.counters);
    } else {
      EXPECT_LE(book.back().counters.rx_bytes, subscriber.counters.rx_bytes);
    }
  }

  struct Ack {
    std::string gateway;
    std::string boot;
    std::uint64_t sequence = 0;
  };
  std::mt19937 random_;
  std::map<std::string, FakeGateway> fleet_;
  std::map<SessionKey, Subscriber> subscribers_;
  std::map<std::uint64_t, Ack> acks_;
  std::uint64_t token_ = 0;
  std::size_t made_ = 0;
  int kills_ = 0;
  bool radius_up_ = true;
  std::vector<AccountingRecord> server_log_;
};

TEST(AccountingSimulation, TheServersBooksAreRightWhateverHappens) {
  for (unsigned seed = 1; seed <= 16; ++seed) {
    SCOPED_TRACE(seed);
    Simulation(seed).Play(/*sessions=*/300, /*kills=*/12);
    if (HasFailure()) break;
  }
}

}  // namespace
}  // namespace sstpgw::cp::accounting
