// Kill -9 at any moment: a process with accounting on a real store is killed again and again; what
// it had said to be safe is there, what it had said to be gone does not come back, and in the end
// every session has one Start and one Stop.
#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "controlplane/accounting/record.h"
#include "tests/support/hex.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace sstpgw::cp {
namespace {

struct Books {
  // Session -> status -> the different records that were sent.
  std::map<std::string, std::map<std::string, std::set<std::string>>> sent;
  std::map<std::string, int> newest;  // session -> rank of what was sent last
  std::set<std::string> gone;         // "SESSION STATUS", Start and Stop
  std::set<std::string> up;
  std::map<std::string, std::uint64_t> down;
  std::size_t repeats = 0;

  void Read(const std::string& line) {
    std::istringstream words(line);
    std::string what;
    std::string session;
    std::string status;
    words >> what >> session;
    if (what == "sent") {
      std::string hex;
      words >> status >> hex;
      EXPECT_EQ(gone.count(session + " " + status), 0U) << line << ": came back";
      const bool is_new = sent[session][status].insert(hex).second;
      repeats += is_new ? 0 : 1;
      const int rank = status == "Start" ? 1 : status == "Interim-Update" ? 2 : 3;
      EXPECT_GE(rank, newest[session]) << line << ": older than what was sent before";
      newest[session] = rank;
    } else if (what == "gone") {
      words >> status;
      if (status != "Interim-Update") gone.insert(session + " " + status);
    } else if (what == "up") {
      up.insert(session);
    } else if (what == "down") {
      words >> down[session];
    } else {
      EXPECT_EQ(line, "drained");
    }
  }

  void Judge() {
    for (const std::string& session : up) EXPECT_EQ(sent.count(session), 1U) << session;
    for (const auto& [session, by_status] : sent) {
      SCOPED_TRACE(session);
      const auto start = by_status.find("Start");
      const auto stop = by_status.find("Stop");
      ASSERT_TRUE(start != by_status.end() && stop != by_status.end());
      EXPECT_EQ(start->second.size(), 1U);
      EXPECT_EQ(stop->second.size(), 1U);
      const auto octets = test::FromHex(*stop->second.begin());
      const auto record = accounting::DecodeRecord(octets);
      ASSERT_TRUE(record);
      const auto final_counter = down.find(session);
      if (final_counter != down.end()) {
        EXPECT_EQ(record->counters.rx_bytes, final_counter->second);
      }
    }
  }
};

TEST(StoreKill, NothingIsLostAndNothingComesBack) {
  const test::TempDir folder;
  std::mt19937 random(7);
  Books books;
  constexpr int kRuns = 30;
  for (int run = 0; run < kRuns; ++run) {
    test::Process writer(
        {SG_STORE_WRITER, folder.path(), std::to_string(run), std::to_string(random())});
    // After so many lines, and wherever it is a moment later.
    const std::size_t lines = 1 + random() % 400;
    ASSERT_TRUE(test::WaitUntil([&] { return writer.LineCount() >= lines; }, test::kPatience))
        << writer.Output();
    writer.Kill();
    for (const std::string& line : writer.Lines()) books.Read(line);
    if (HasFailure()) return;
  }
  test::Process last({SG_STORE_WRITER, folder.path(), "last", "1", "drain"});
  ASSERT_EQ(last.Wait(std::chrono::seconds(60)), 0) << last.Output();
  for (const std::string& line : last.Lines()) books.Read(line);
  EXPECT_GT(books.up.size(), 300U);
  EXPECT_GT(books.down.size(), 50U);
  EXPECT_GT(books.repeats, 50U);
  books.Judge();
}

}  // namespace
}  // namespace sstpgw::cp
