#include "controlplane/accounting/spool.h"

#include "tests/unit/accounting/samples.h"

namespace sstpgw::cp::accounting {
namespace {

using std::chrono::seconds;

class SpoolTest : public ::testing::Test {
 protected:
  SpoolTest() { Limit(100, 1 << 20, 10); }
  ~SpoolTest() override { EXPECT_EQ(spool.Inconsistency(), ""); }

  void Limit(std::size_t records, std::size_t octets, std::size_t in_flight) {
    spool.SetLimits({records, octets, in_flight});
  }
  static AccountingRecord Record(const std::string& session, RecordStatus status,
                                 std::uint64_t rx = 0) {
    AccountingRecord record;
    record.key = {"g", session};
    record.session_id = session;
    record.status = status;
    record.counters.rx_bytes = rx;
    return record;
  }
  RecordId Start(const std::string& session) {
    return spool.Append(Record(session, RecordStatus::kStart));
  }
  bool Interim(const std::string& session, std::uint64_t rx) {
    return spool.AppendInterim(Record(session, RecordStatus::kInterim, rx));
  }
  RecordId Stop(const std::string& session) {
    return spool.Append(Record(session, RecordStatus::kStop));
  }
  // All said so far becomes durable; the changes are kept in `rows`.
  void Commit() {
    if (!journal.empty()) {
      const store::Ticket ticket = journal.current();
      for (const store::Change& change : journal.Take()) {
        if (const auto* put = std::get_if<store::Put>(&change)) {
          rows[put->key] = put->value;
        } else {
          rows.erase(std::get<store::Erase>(change).key);
        }
      }
      journal.Committed(ticket);
    }
    spool.Committed(now);
    EXPECT_EQ(spool.Inconsistency(), "");
  }
  // "1 Start", empty if there is none.
  std::string Next() {
    const auto offer = spool.TakeNext(now);
    EXPECT_EQ(spool.Inconsistency(), "");
    if (!offer) return "";
    last = offer->id;
    last_record = offer->record;
    return offer->record.key.session + " " + ToString(offer->record.status);
  }
  void Acknowledge() {
    EXPECT_TRUE(spool.Acknowledged(last));
    EXPECT_EQ(spool.Inconsistency(), "");
  }
  void GiveUp() {
    EXPECT_TRUE(spool.Unanswered(last, now));
    EXPECT_EQ(spool.Inconsistency(), "");
  }

  store::Journal journal;
  Spool spool{journal};
  std::map<std::string, Bytes> rows;
  TimePoint now{std::chrono::hours(1)};
  RecordId last;
  AccountingRecord last_record;
};

TEST_F(SpoolTest, NothingIsOfferedBeforeItIsDurable) {
  Start("1");
  EXPECT_EQ(Next(), "");
  Commit();
  EXPECT_EQ(Next(), "1 Start");
  EXPECT_EQ(Next(), "");
}

TEST_F(SpoolTest, TheNextFollowsWhenTheOneBeforeIsAcknowledgedAndThatIsDurable) {
  Start("1");
  Stop("1");
  Start("2");
  Commit();
  EXPECT_EQ(Next(), "1 Start");
  const RecordId first = last;
  EXPECT_EQ(Next(), "2 Start");
  EXPECT_EQ(Next(), "");
  EXPECT_TRUE(spool.Acknowledged(first));
  EXPECT_EQ(Next(), "") << "a restart now would send the Start again, after the Stop";
  Commit();
  EXPECT_EQ(Next(), "1 Stop");
  Acknowledge();
  Commit();
  EXPECT_EQ(spool.size(), 1U);
  EXPECT_EQ(rows.size(), 1U);
}

TEST_F(SpoolTest, TheOldestIsTheOneMadeFirst) {
  EXPECT_EQ(spool.OldestUnixSeconds(), std::nullopt);
  for (const std::int64_t when : {100, 50, 70}) {
    AccountingRecord record = Record(std::to_string(when), RecordStatus::kStop);
    record.event_unix_seconds = when;
    spool.Append(record);
  }
  EXPECT_EQ(spool.OldestUnixSeconds(), 100);
  Commit();
  EXPECT_EQ(Next(), "100 Stop");
  Acknowledge();
  EXPECT_EQ(spool.OldestUnixSeconds(), 50);
}

TEST_F(SpoolTest, AnOutcomeThatWasNotAskedForIsIgnored) {
  const RecordId start = Start("1");
  EXPECT_FALSE(spool.Acknowledged(start)) << "not offered";
  Commit();
  Next();
  Acknowledge();
  EXPECT_FALSE(spool.Acknowledged(start)) << "twice";
  EXPECT_FALSE(spool.Unanswered(start, now));
  EXPECT_FALSE(spool.Acknowledged(RecordId(999)));
}

TEST_F(SpoolTest, UnansweredIsOfferedAgainAfterGrowingPauses) {
  Start("1");
  Commit();
  std::vector<Duration> pauses;
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(Next(), "1 Start");
    GiveUp();
    ASSERT_TRUE(spool.NextDeadline());
    pauses.push_back(*spool.NextDeadline() - now);
    now = *spool.NextDeadline() - Duration(1);
    EXPECT_EQ(Next(), "");
    now += Duration(1);
  }
  EXPECT_EQ(pauses, (std::vector<Duration>{seconds(2), seconds(4), seconds(8), seconds(16),
                                           seconds(32), seconds(60), seconds(60), seconds(60)}));
  EXPECT_EQ(rows.size(), 1U) << "as it was";
}

TEST_F(SpoolTest, AnAcknowledgementWakesThoseThatWait) {
  for (const char* session : {"1", "2", "3", "4"}) Start(session);
  Commit();
  for (int i = 0; i < 4; ++i) {
    Next();
    if (i < 3) GiveUp();
  }
  EXPECT_EQ(Next(), "") << "three pause, one is in flight";
  Acknowledge();
  EXPECT_EQ(Next(), "1 Start");
  EXPECT_EQ(Next(), "2 Start");
  EXPECT_EQ(Next(), "");
}

TEST_F(SpoolTest, ANewerInterimReplacesOneThatWaits) {
  Start("1");
  EXPECT_TRUE(Interim("1", 10));
  EXPECT_TRUE(Interim("1", 20));
  EXPECT_EQ(spool.size(), 2U);
  EXPECT_EQ(spool.counters().superseded, 1U);
  Commit();
  EXPECT_EQ(rows.size(), 2U);
  EXPECT_EQ(Next(), "1 Start");
  Acknowledge();
  Commit();
  EXPECT_EQ(Next(), "1 Interim-Update");
  EXPECT_EQ(last_record.counters.rx_bytes, 20U);
}

TEST_F(SpoolTest, AStopReplacesAnInterimThatWaitsButNotTheStart) {
  Start("1");
  EXPECT_TRUE(Interim("1", 10));
  Stop("1");
  Commit();
  EXPECT_EQ(Next(), "1 Start");
  Acknowledge();
  Commit();
  EXPECT_EQ(Next(), "1 Stop");
}

TEST_F(SpoolTest, AnInterimInFlightIsNotOfferedAgainOnceThereIsANewerOne) {
  EXPECT_TRUE(Interim("1", 10));
  Commit();
  EXPECT_EQ(Next(), "1 Interim-Update");
  Stop("1");
  Commit();
  EXPECT_EQ(Next(), "") << "its answer is waited for";
  GiveUp();
  Commit();
  EXPECT_EQ(Next(), "1 Stop");
  EXPECT_EQ(rows.size(), 1U);
}

TEST_F(SpoolTest, AnInterimInFlightThatIsAcknowledgedMakesWayForTheNewerOne) {
  EXPECT_TRUE(Interim("1", 10));
  Commit();
  Next();
  EXPECT_TRUE(Interim("1", 20));
  EXPECT_TRUE(Interim("1", 30));
  EXPECT_EQ(spool.size(), 2U);
  Acknowledge();
  Commit();
  EXPECT_EQ(Next(), "1 Interim-Update");
  EXPECT_EQ(last_record.counters.rx_bytes, 30U);
}

TEST_F(SpoolTest, PlacesInFlightAreBounded) {
  Limit(100, 1 << 20, 3);
  for (int i = 0; i < 5; ++i) Start(std::to_string(i));
  Commit();
  for (int i = 0; i < 3; ++i) EXPECT_NE(Next(), "");
  EXPECT_EQ(Next(), "");
  Acknowledge();
  EXPECT_NE(Next(), "");
  EXPECT_EQ(Next(), "");
}

// A dead server's records must not keep new sessions from their Start.
TEST_F(SpoolTest, RetriesHoldHalfOfThePlacesAndComeAfterFirstTries) {
  Limit(100, 1 << 20, 4);
  for (int i = 0; i < 4; ++i) Start("old" + std::to_string(i));
  Commit();
  for (int i = 0; i < 4; ++i) {
    Next();
    GiveUp();
  }
  now += seconds(2);
  EXPECT_EQ(Next(), "old0 Start");
  EXPECT_EQ(Next(), "old1 Start");
  EXPECT_EQ(Next(), "") << "half of four";
  Start("new");
  Start("newer");
  Commit();
  EXPECT_EQ(Next(), "new Start");
  GiveUp();
  EXPECT_EQ(Next(), "newer Start");
  EXPECT_EQ(Next(), "");
}

// Interims of sessions that nobody waits for must not do so either.
TEST_F(SpoolTest, AStartGoesBeforeWhatNobodyWaitsFor) {
  Limit(100, 1 << 20, 4);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(Interim("old" + std::to_string(i), 1));
  Start("new");
  Commit();
  EXPECT_EQ(Next(), "new Start");
  EXPECT_EQ(Next(), "old0 Interim-Update");
  EXPECT_EQ(Next(), "old1 Interim-Update");
  EXPECT_EQ(Next(), "") << "half of four";
  Start("newer");
  Commit();
  EXPECT_EQ(Next(), "newer Start");
  EXPECT_EQ(Next(), "");
}

// ---- Bounds

TEST_F(SpoolTest, RoomForStartAndStopIsReservedAndHolds) {
  Limit(4, 1 << 20, 10);
  ASSERT_TRUE(spool.Reserve({2, 100}));
  ASSERT_TRUE(spool.Reserve({2, 100}));
  EXPECT_FALSE(spool.Reserve({2, 100})) << "a third session is refused";
  EXPECT_FALSE(Interim("1", 1)) << "shed";
  EXPECT_EQ(spool.counters().shed_interims, 1U);
  EXPECT_EQ(spool.counters().refused_rooms, 1U);
  for (const char* session : {"1", "2"}) {
    spool.Unreserve({1, 50});
    Start(session);
    spool.Unreserve({1, 50});
    Stop(session);
  }
  EXPECT_EQ(spool.size(), 4U);
  EXPECT_EQ(spool.reserved().records, 0U);
}

TEST_F(SpoolTest, OctetsAreBoundedToo) {
  const std::size_t size = Encode(Record("1", RecordStatus::kInterim)).size();
  Limit(100, 3 * size + 10, 10);
  EXPECT_TRUE(Interim("1", 1));
  EXPECT_TRUE(Interim("2", 1));
  EXPECT_TRUE(Interim("3", 1));
  EXPECT_FALSE(Interim("4", 1));
  EXPECT_TRUE(Interim("1", 2)) << "it takes the place of another";
  EXPECT_FALSE(spool.Reserve({1, 3 * size + 11}));
}

TEST_F(SpoolTest, InterimsAreShedBeforeASessionIsRefused) {
  Limit(4, 1 << 20, 10);
  EXPECT_TRUE(Interim("1", 1));
  EXPECT_TRUE(Interim("2", 1));
  EXPECT_TRUE(Interim("3", 1));
  Commit();
  EXPECT_EQ(Next(), "1 Interim-Update") << "in flight, it stays";
  EXPECT_TRUE(spool.Reserve({2, 0}));
  EXPECT_EQ(spool.size(), 2U);
  EXPECT_EQ(spool.counters().shed_interims, 1U);
  EXPECT_FALSE(spool.Reserve({2, 0})) << "and what would not be enough is not shed";
  EXPECT_EQ(spool.size(), 2U);
  Commit();
  EXPECT_EQ(rows.size(), 2U);
}

TEST_F(SpoolTest, NearFullComesBeforeAnythingIsDroppedAndGoesLater) {
  Limit(10, 1 << 20, 10);
  for (int i = 0; i < 8; ++i) Start(std::to_string(i));
  EXPECT_EQ(spool.level(), SpoolLevel::kRoomy);
  Start("8");
  EXPECT_EQ(spool.level(), SpoolLevel::kNearFull);
  EXPECT_EQ(spool.counters().shed_interims + spool.counters().refused_rooms, 0U);
  Commit();
  Next();
  Acknowledge();
  EXPECT_EQ(spool.level(), SpoolLevel::kNearFull) << "not to and fro";
  Next();
  Acknowledge();
  EXPECT_EQ(spool.level(), SpoolLevel::kRoomy);
  EXPECT_EQ(spool.counters().near_full, 1U);
}

// ---- On and Off

TEST_F(SpoolTest, NoOnIsOfferedAfterASessionHasBegun) {
  AccountingRecord on;
  on.status = RecordStatus::kOn;
  on.server = "192.0.2.1";
  spool.Append(on);
  on.server = "192.0.2.2";
  spool.Append(on);
  Commit();
  EXPECT_EQ(Next(), " Accounting-On") << "one chain for each server";
  const RecordId first = last;
  EXPECT_EQ(Next(), " Accounting-On");
  GiveUp();
  on.server = "192.0.2.3";
  spool.Append(on);
  Commit();
  const auto dropped = spool.DropOnOff();
  EXPECT_EQ(dropped.size(), 3U) << "in flight, waiting for its next turn, never tried";
  EXPECT_THAT(dropped, ::testing::Contains(std::pair(first, RecordStatus::kOn)));
  EXPECT_EQ(spool.counters().dropped_on_off, 3U);
  EXPECT_EQ(spool.size(), 0U);
  EXPECT_EQ(spool.Inconsistency(), "");
  EXPECT_FALSE(spool.Unanswered(first, now)) << "nobody waits for it any more";
  Commit();
  EXPECT_EQ(Next(), "");
}

// ---- Restart

TEST_F(SpoolTest, ARestartOffersTheSameRecordsInTheirOrder) {
  Start("1");
  EXPECT_TRUE(Interim("1", 5));
  Start("2");
  Commit();
  Next();
  const AccountingRecord first = last_record;
  store::Journal journal2;
  Spool again(journal2);
  for (const auto& [key, value] : rows) EXPECT_TRUE(again.Restore(key, value));
  EXPECT_EQ(again.Inconsistency(), "");
  EXPECT_TRUE(again.HoldsStart({"g", "1"}));
  EXPECT_FALSE(again.HoldsStart({"g", "3"}));
  const auto offer = again.TakeNext(now);
  ASSERT_TRUE(offer);
  EXPECT_EQ(offer->record, first);
  EXPECT_EQ(Encode(offer->record), Encode(first));
  EXPECT_EQ(again.TakeNext(now)->record.key.session, "2");
  EXPECT_FALSE(again.TakeNext(now));
  EXPECT_GT(again.Append(Record("3", RecordStatus::kStart)), offer->id);
}

TEST_F(SpoolTest, RowsMayComeInAnyOrder) {
  Start("1");
  Stop("1");
  Commit();
  Spool again(journal);
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    EXPECT_TRUE(again.Restore(row->first, row->second));
    EXPECT_EQ(again.Inconsistency(), "");
  }
  EXPECT_EQ(again.TakeNext(now)->record.status, RecordStatus::kStart);
}

TEST_F(SpoolTest, UnreadableRowsAreNamedAndLeftAlone) {
  Start("1");
  Commit();
  const Bytes good = rows.begin()->second;
  EXPECT_FALSE(spool.Restore("0000000000000009", Bytes{1, 2}));
  EXPECT_FALSE(spool.Restore("9", good));
  EXPECT_FALSE(spool.Restore("000000000000000G", good));
  EXPECT_FALSE(spool.Restore("0000000000000000", good));
  EXPECT_FALSE(spool.Restore(rows.begin()->first, good)) << "twice";
  EXPECT_EQ(spool.counters().unreadable, 5U);
  EXPECT_TRUE(journal.empty());
  EXPECT_GT(Start("2"), RecordId(9)) << "its place is not written over";
}

TEST_F(SpoolTest, OnAndOffOfAnEarlierRunAreTakenOut) {
  AccountingRecord off;
  off.status = RecordStatus::kOff;
  off.server = "192.0.2.1";
  EXPECT_TRUE(spool.Restore("0000000000000001", Encode(off)));
  EXPECT_EQ(spool.size(), 0U);
  const store::ChangeList changes = journal.Take();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0], store::Change(store::Erase{store::Table::kSpool, "0000000000000001"}));
}

}  // namespace
}  // namespace sstpgw::cp::accounting
