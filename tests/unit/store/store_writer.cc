// The process that store_kill_test.cc kills: accounting on a real store, with gateway and server in
// this process. Every thing that the outside could know is one line on standard output, written
// before anything else is done:
//   sent SESSION STATUS HEX   a record goes to the server
//   gone SESSION STATUS       it was acknowledged, and that is durable
//   up SESSION                its gateway was told that its report is safe
//   down SESSION RX           likewise of its end, with the final counter
//   drained                   (last run only) nothing is left
//
// store_writer FOLDER RUN SEED [drain]
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <random>
#include <string>

#include "controlplane/accounting/accounting.h"
#include "controlplane/store/sqlite_store.h"
#include "controlplane/store/store_thread.h"
#include "proto/base/text.h"

namespace sstpgw::cp {
namespace {

void Say(const std::string& line) {
  const std::string text = line + "\n";
  if (::write(STDOUT_FILENO, text.data(), text.size()) < 0) std::_Exit(3);
}

class SeededEntropy : public Entropy {
 public:
  explicit SeededEntropy(unsigned seed) : random_(seed) {}
  void Fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& octet : out) octet = static_cast<std::uint8_t>(random_());
  }

 private:
  std::mt19937 random_;
};

accounting::AccountingSettings Settings() {
  accounting::AccountingSettings settings;
  settings.enabled = true;
  settings.interim_interval = std::chrono::seconds(10);
  settings.start_wait = false;
  settings.counters_kept_every = std::chrono::seconds(0);
  settings.spool.in_flight = 16;
  return settings;
}

class Writer {
 public:
  Writer(std::unique_ptr<store::SqliteStore> store, std::string run, unsigned seed, bool drains)
      : run_(std::move(run)),
        drains_(drains),
        random_(seed),
        entropy_(seed),
        accounting_(Settings(), entropy_) {
    accounting::ActionList actions;
    for (const store::Table table : store::kTables) {
      const auto read = store->ForEach(table, [&](const std::string& key, ByteView value) {
        accounting_.Restore(table, key, value, Now(), actions);
      });
      if (!read) std::_Exit(4);
    }
    store::StoreThread::Listener listener;
    listener.committed = [this](store::Ticket ticket) {
      const std::lock_guard lock(mutex_);
      committed_.push_back(ticket);
      wake_.notify_one();
    };
    listener.stalled = [](const Error& error) { Say("stalled " + error.message); };
    thread_ = std::make_unique<store::StoreThread>(std::move(store), listener);
    accounting_.Begin(Now(), actions);
    Hello hello;
    hello.gateway_id = "g";
    hello.boot_id = run_;
    accounting_.Attached(hello, Now(), actions);
    Obey(std::move(actions));
  }

  void Work() {
    for (;;) {
      if (drains_ && accounting_.session_count() == 0 && accounting_.spool().size() == 0) break;
      TakeCommitted();
      accounting::ActionList actions;
      if (!drains_) Live(actions);
      accounting_.Tick(Now(), actions);
      Serve(actions);
      Obey(std::move(actions));
    }
    if (!thread_->Stop(std::chrono::seconds(10))) std::_Exit(5);
    Say("drained");
  }

 private:
  static accounting::Moment Now() {
    return {std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now()),
            std::chrono::duration_cast<std::chrono::seconds>(
                std::chrono::system_clock::now().time_since_epoch())
                .count()};
  }
  std::uint32_t Roll(std::uint32_t sides) { return static_cast<std::uint32_t>(random_() % sides); }

  // Waits a little when there is nothing else to do than to wait for the disk.
  void TakeCommitted() {
    std::deque<store::Ticket> committed;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, std::chrono::milliseconds(2), [this] { return !committed_.empty(); });
      committed.swap(committed_);
    }
    for (const store::Ticket ticket : committed) {
      accounting::ActionList actions;
      accounting_.Committed(ticket, Now(), actions);
      Obey(std::move(actions));
    }
  }

  void Live(accounting::ActionList& actions) {
    if (accounting_.session_count() < 40) Login(actions);
    if (up_.empty()) return;
    const auto session = std::next(up_.begin(), Roll(static_cast<std::uint32_t>(up_.size())));
    session->second += 1 + Roll(1000);
    if (Roll(3) == 0) {
      const auto over = *session;
      up_.erase(session);
      Report(over.first, SessionEventKind::kDown, over.second, actions);
      return;
    }
    CountersBatch batch;
    batch.entries.push_back({session->first, {session->second, 0, 0, 0}});
    accounting_.Counted("g", batch, Now(), actions);
  }
  void Login(accounting::ActionList& actions) {
    accounting::AccountedLogin login;
    login.key = {"g", run_ + "-" + std::to_string(++logins_)};
    login.boot = run_;
    login.record.session_id = login.key.session;
    login.record.user_name = "user";
    accounting_.Authorized(std::move(login), Now(), actions);
  }
  void Report(const std::string& session, SessionEventKind kind, std::uint64_t rx,
              accounting::ActionList& actions) {
    NumberedReport report;
    report.sequence = ++sequence_;
    report.report.kind = kind;
    report.report.record.session = session;
    report.report.record.state = SessionState::kActive;
    report.report.record.counters.rx_bytes = rx;
    report.report.cause = TerminateCause::kUserRequest;
    accounting_.Reported("g", report, Now(), actions);
    WhenDurable(kind == SessionEventKind::kUp ? "up " + session
                                              : "down " + session + " " + std::to_string(rx),
                actions);
  }
  void WhenDurable(std::string line, accounting::ActionList& actions) {
    lines_[++token_] = std::move(line);
    accounting_.WhenDurable(accounting::DurableToken(token_), Now(), actions);
  }

  // The server: answers most of what it has.
  void Serve(accounting::ActionList& actions) {
    std::deque<accounting::SendRecord> sent;
    sent.swap(sent_);
    for (const accounting::SendRecord& send : sent) {
      if (!drains_ && Roll(4) == 0) {
        accounting_.Unanswered(send.id, Now(), actions);
        continue;
      }
      accounting_.Acknowledged(send.id, Now(), actions);
      WhenDurable("gone " + send.record.key.session + " " + ToString(send.record.status), actions);
    }
  }

  void Obey(accounting::ActionList actions) {
    for (accounting::Action& action : actions) {
      if (auto* commit = std::get_if<accounting::CommitChanges>(&action)) {
        thread_->Commit(commit->ticket, std::move(commit->changes));
      } else if (auto* send = std::get_if<accounting::SendRecord>(&action)) {
        Say("sent " + send->record.key.session + " " + ToString(send->record.status) + " " +
            ToHex(accounting::Encode(send->record)));
        sent_.push_back(std::move(*send));
      } else if (const auto* all = std::get_if<accounting::AllDurable>(&action)) {
        Say(lines_.extract(all->token.value()).mapped());
      } else if (const auto* in = std::get_if<accounting::LetIn>(&action)) {
        accounting::ActionList more;
        up_[in->key.session] = 0;
        Report(in->key.session, SessionEventKind::kUp, 0, more);
        Obey(std::move(more));
      }
    }
  }

  const std::string run_;
  const bool drains_;
  std::mt19937 random_;
  SeededEntropy entropy_;
  accounting::Accounting accounting_;
  std::unique_ptr<store::StoreThread> thread_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<store::Ticket> committed_;
  std::deque<accounting::SendRecord> sent_;
  std::map<std::string, std::uint64_t> up_;  // session -> octets
  std::map<std::uint64_t, std::string> lines_;
  std::uint64_t token_ = 0;
  std::uint64_t sequence_ = 0;
  int logins_ = 0;
};

}  // namespace
}  // namespace sstpgw::cp

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  sstpgw::cp::store::SqliteOptions options;
  options.directory = argv[1];
  auto opened = sstpgw::cp::store::SqliteStore::Open(options, 1);
  if (!opened || !opened->set_aside.empty()) {
    std::fprintf(stderr, "%s\n", opened ? opened->damage.c_str() : opened.error().message.c_str());
    return 1;
  }
  sstpgw::cp::Writer(std::move(opened->store), argv[2],
                     static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10)), argc > 4)
      .Work();
  return 0;
}
