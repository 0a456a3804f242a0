// Accounting with a real file and real sockets: from a login to its Stop, and over restarts. What
// may be wrong with the file is in accounting_desk_disk_test.cc.
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "tests/unit/app/accounting_desk_bench.h"

namespace sstpgw::cp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Not;

TEST_F(AccountingDeskTest, ASessionIsReleasedWhenItsStartIsAnsweredAndNotBefore) {
  timeout = milliseconds(100);
  max_try = 300;  // together longer than any wait here
  Live();
  Attach({});
  Open("1");
  EXPECT_THAT(events.Wait(1), ElementsAre("opened g/1"));
  server.silent = true;
  Held("1");
  const radius::Packet start = server.seen.Wait(1).at(0);
  EXPECT_EQ(Summary(start), "Start 1");
  EXPECT_EQ(TextOf(start, radius::kUserName), "ann");
  EXPECT_EQ(TextOf(start, radius::kNasIdentifier), "nas1");
  EXPECT_EQ(TextOf(start, radius::kCallingStationId), "192.0.2.7");
  EXPECT_EQ(TextOf(start, radius::kNasPortId), "sstp0");
  EXPECT_EQ(NumberOf(start, radius::kNasPort), 7U);
  EXPECT_EQ(NumberOf(start, radius::kFramedIpAddress), 0x0a000007U);
  ASSERT_NE(start.Find(radius::kClass), nullptr);
  EXPECT_EQ(start.Find(radius::kClass)->value, (Bytes{1, 2, 3}));
  EXPECT_EQ(events.All().size(), 1U) << "no answer, no release";
  server.silent = false;
  EXPECT_THAT(events.Wait(2), ElementsAre("opened g/1", "release g/1"));
  EXPECT_TRUE(UntilDelivered());
}

TEST_F(AccountingDeskTest, TheAddressOfTheNasIsTakenFromARouteThatComesLater) {
  nas_identifier.clear();
  std::atomic<bool> there{false};
  routes = [&there](const IpEndpoint&) -> Result<IpAddress> {
    if (!there) return Fail(Error{ErrorCode::kSystem, "no route"});
    return IpAddress(*Ipv4Address::Parse("192.0.2.33"));
  };
  Live();
  Attach({});
  Open("1");
  Held("1");
  EXPECT_EQ(server.answered.Wait(1).at(0).Find(radius::kNasIpAddress), nullptr);
  events.Wait(2);
  there = true;
  Down("1", {});
  const radius::Packet stop = server.answered.Wait(2).at(1);
  EXPECT_EQ(NumberOf(stop, radius::kNasIpAddress), 0xc0000221U);
  EXPECT_TRUE(UntilDelivered());
}

TEST_F(AccountingDeskTest, TheStopHasTheLastCountersAndNothingIsLeft) {
  Live();
  Attach({});
  Open("1");
  Held("1");
  events.Wait(2);
  Up("1");
  CountersBatch counters;
  counters.entries.emplace_back();
  counters.entries.back().session = "1";
  counters.entries.back().counters = {10, 20, 1, 2};
  life->In([&](AccountingDesk& desk) { desk.Counted("g", counters); });
  EXPECT_EQ(life->In([](AccountingDesk& desk) {
    return desk.Find({"g", "1"})->now.counters;
  }),
            (TrafficCounters{10, 20, 1, 2}));
  Down("1", {(std::uint64_t{5} << 32) + 7, 90, 3, 4});
  const auto seen = server.answered.Wait(2);
  ASSERT_THAT(Summaries(seen), ElementsAre("Start 1", "Stop 1"));
  EXPECT_EQ(NumberOf(seen[1], radius::kAcctInputOctets), 7U);
  EXPECT_EQ(NumberOf(seen[1], radius::kAcctInputGigawords), 5U);
  EXPECT_EQ(NumberOf(seen[1], radius::kAcctOutputOctets), 90U);
  EXPECT_EQ(NumberOf(seen[1], radius::kAcctTerminateCause), 1U);
  EXPECT_TRUE(UntilDelivered());
  const AccountingDesk::View view = Look();
  EXPECT_EQ(view.sessions, 0U);
  EXPECT_EQ(view.counters.stopped, 1U);
  EXPECT_EQ(view.spool.acknowledged, 2U);
  EXPECT_EQ(life->In([](AccountingDesk& desk) { return desk.Find({"g", "1"}); }), nullptr);
  EXPECT_TRUE(life->StopStore());
}

TEST_F(AccountingDeskTest, RecordsThatNobodyAnsweredArriveAfterARestart) {
  server.silent = true;
  timeout = milliseconds(100);
  Live();
  Attach({});
  Open("1");
  Held("1");
  EXPECT_THAT(events.Wait(2), ElementsAre("opened g/1", "end g/1 NAS-Error"));
  Down("1", {100, 200, 3, 4});
  life->UntilDurable();
  EXPECT_EQ(Look().records, 2U);
  life.reset();
  server.silent = false;
  timeout = test::kPatience;
  Live();
  EXPECT_EQ(Look().sessions, 0U);
  const auto answered = server.answered.Wait(2);
  ASSERT_THAT(Summaries(answered), ElementsAre("Start 1", "Stop 1"));
  EXPECT_EQ(NumberOf(answered[1], radius::kAcctInputOctets), 100U);
  // What happened when has not changed on the way.
  EXPECT_EQ(NumberOf(answered[0], radius::kEventTimestamp),
            NumberOf(server.seen.All()[0], radius::kEventTimestamp));
  EXPECT_TRUE(UntilDelivered());
  life->UntilDurable();
  Live();
  EXPECT_EQ(Look().records, 0U);
  EXPECT_EQ(server.answered.All().size(), 2U) << "nothing comes twice";
}

TEST_F(AccountingDeskTest, ASessionOutlivesTheControlPlaneWithoutASecondStart) {
  Live();
  Attach({});
  Open("1");
  Held("1");
  events.Wait(2);
  Up("1");
  life->UntilDurable();
  Live();
  EXPECT_EQ(Look().sessions, 1U);
  Attach({Record("1", SessionState::kActive, {5, 5, 1, 1})});
  Down("1", {50, 60, 7, 8});
  const auto seen = server.answered.Wait(2);
  ASSERT_THAT(Summaries(seen), ElementsAre("Start 1", "Stop 1"));
  EXPECT_EQ(NumberOf(seen[1], radius::kAcctOutputOctets), 60U);
}

TEST_F(AccountingDeskTest, OneThatIsHeldWhenTheControlPlaneComesBackIsReleased) {
  server.silent = true;
  Live();
  Attach({});
  Open("1");
  Held("1");
  server.seen.Wait(1);
  life->UntilDurable();
  life.reset();
  server.silent = false;
  Live();
  Attach({Record("1", SessionState::kStarting)});
  EXPECT_THAT(events.Wait(2), Contains("release g/1"));
  EXPECT_THAT(Summaries(server.answered.All()), ElementsAre("Start 1"));
}

TEST_F(AccountingDeskTest, WithoutRadiusNobodyWaitsAndThereIsNoFile) {
  Live(AuthMode::kLocal);
  Attach({Record("0", SessionState::kStarting)});
  Open("1");
  Held("1");
  bool told = false;
  life->In([&](AccountingDesk& desk) { desk.WhenDurable("g", [&] { told = true; }); });
  EXPECT_TRUE(told);
  EXPECT_THAT(events.All(), ElementsAre("release g/0", "opened g/1", "release g/1"));
  EXPECT_FALSE(Look().store_open);
  struct stat status {};
  EXPECT_NE(::stat(directory.c_str(), &status), 0);
  EXPECT_EQ(life->In([](AccountingDesk& desk) {
    return desk.Change({"g", "1"}, {}).error().code;
  }),
            ErrorCode::kNotFound);
}

TEST_F(AccountingDeskTest, AReloadTurnsItOnAndOff) {
  Live(AuthMode::kLocal);
  Attach({});
  Configure(AuthMode::kRadius);
  EXPECT_TRUE(Look().store_open);
  Open("1");
  Held("1");
  EXPECT_THAT(events.Wait(2), ElementsAre("opened g/1", "release g/1"));
  Up("1");
  EXPECT_TRUE(UntilDelivered());
  Configure(AuthMode::kLocal);
  Open("2");
  Held("2");
  EXPECT_THAT(events.All(), ElementsAre("opened g/1", "release g/1", "opened g/2", "release g/2"));
  Down("1", {});
  EXPECT_EQ(Look().records, 1U) << "its Stop waits";
  // The records of that time are not forgotten by a process that has never known RADIUS.
  life->UntilDurable();
  Live(AuthMode::kLocal);
  EXPECT_EQ(Look().records, 1U);
  Configure(AuthMode::kRadius);
  EXPECT_TRUE(UntilDelivered());
  EXPECT_THAT(Summaries(server.answered.All()), ElementsAre("Start 1", "Stop 1"));
}

TEST_F(AccountingDeskTest, AcknowledgementsComeInTheirOrderWhenAllIsDurable) {
  Live();
  std::vector<int> told;
  std::promise<void> last;
  const int calls = static_cast<int>(AccountingDesk::kMaxWaiting) + 36;
  life->In([&](AccountingDesk& desk) {
    desk.Open(Login("1"));
    for (int i = 0; i < calls; ++i) {
      desk.WhenDurable("g", [&told, &last, calls, i] {
        told.push_back(i);
        if (i == calls - 1) last.set_value();
      });
    }
    EXPECT_TRUE(told.empty()) << "the login's row cannot be on the disk yet";
  });
  ASSERT_EQ(last.get_future().wait_for(test::kPatience), std::future_status::ready);
  std::vector<int> wanted;
  for (int i = 0; i < static_cast<int>(AccountingDesk::kMaxWaiting); ++i) wanted.push_back(i);
  wanted.push_back(calls - 1);
  EXPECT_EQ(told, wanted);
}

TEST_F(AccountingDeskTest, AcknowledgementsOfAStreamThatIsGoneAreNotGiven) {
  Live();
  bool of_old = false;
  std::promise<void> of_new;
  life->In([&](AccountingDesk& desk) {
    desk.Open(Login("1"));
    desk.WhenDurable("g", [&] { of_old = true; });
    desk.Detached("g");
    Hello hello;
    hello.gateway_id = "g";
    hello.boot_id = "b2";
    desk.Attached(hello);
    desk.WhenDurable("g", [&] { of_new.set_value(); });
  });
  ASSERT_EQ(of_new.get_future().wait_for(test::kPatience), std::future_status::ready);
  EXPECT_FALSE(of_old);
}

TEST_F(AccountingDeskTest, ACoaChangesWhatFollows) {
  Live();
  Attach({});
  Open("1");
  Held("1");
  events.Wait(2);
  Up("1");
  accounting::PolicyChanged change;
  change.classes = {Bytes{9, 9}};
  EXPECT_TRUE(AccountingDesk::CheckClasses(*change.classes));
  EXPECT_TRUE(life->In([&](AccountingDesk& desk) { return desk.Change({"g", "1"}, change); }));
  EXPECT_FALSE(AccountingDesk::CheckClasses({Bytes(300, 9)}));
  change.classes = {Bytes(300, 9)};
  EXPECT_FALSE(life->In([&](AccountingDesk& desk) { return desk.Change({"g", "1"}, change); }));
  EXPECT_FALSE(life->In([&](AccountingDesk& desk) { return desk.Change({"g", "2"}, {}); }));
  Down("1", {});
  EXPECT_EQ(server.answered.Wait(2).at(1).Find(radius::kClass)->value, (Bytes{9, 9}));
}

TEST_F(AccountingDeskTest, WhatACoaChangedIsOnTheDiskWhenThatIsSaid) {
  Live();
  Attach({});
  Open("1");
  Held("1");
  events.Wait(2);
  Up("1");
  life->UntilDurable();
  accounting::PolicyChanged change;
  change.classes = {Bytes{9, 9}};
  std::promise<void> kept;
  bool said = false;
  life->In([&](AccountingDesk& desk) {
    EXPECT_TRUE(desk.CheckKeeps());
    EXPECT_TRUE(desk.Change({"g", "1"}, change));
    desk.WhenKept([&] {
      said = true;
      kept.set_value();
    });
    EXPECT_FALSE(said) << "no disk can have it yet";
  });
  ASSERT_EQ(kept.get_future().wait_for(test::kPatience), std::future_status::ready);
  test::TempDir other;
  const std::string copy = other.File("state");
  std::filesystem::copy(directory, copy);  // as a kill would leave it now
  directory = copy;
  Live();
  EXPECT_THAT(life->In([](AccountingDesk& desk) {
    return desk.Find({"g", "1"})->now.classes;
  }),
              ElementsAre(Bytes{9, 9}));
}

TEST_F(AccountingDeskTest, OnAndOffGoToEveryServerUnlessSessionsGoOn) {
  acct_on = true;
  servers = {&server, &second};
  Live();
  for (AccountingServer* each : servers) {
    EXPECT_THAT(Summaries(each->answered.Wait(1)), ElementsAre("Accounting-On"));
    EXPECT_EQ(TextOf(each->answered.All()[0], radius::kNasIdentifier), "nas1");
  }
  EXPECT_TRUE(UntilDelivered());
  Configure();  // a reload that changes nothing
  std::promise<void> over;
  life->In([&](AccountingDesk& desk) { desk.Conclude([&] { over.set_value(); }); });
  ASSERT_EQ(over.get_future().wait_for(test::kPatience), std::future_status::ready);
  for (AccountingServer* each : servers) {
    EXPECT_THAT(Summaries(each->answered.All()), ElementsAre("Accounting-On", "Accounting-Off"));
  }
  Live();
  EXPECT_THAT(Summaries(second.answered.Wait(3)), Contains("Accounting-On").Times(2));
  EXPECT_TRUE(UntilDelivered());
  Attach({});
  Open("1");
  Held("1");
  EXPECT_THAT(events.Wait(2), Contains("release g/1"));
  EXPECT_TRUE(UntilDelivered());
  bool concluded = false;
  life->In([&](AccountingDesk& desk) { desk.Conclude([&] { concluded = true; }); });
  EXPECT_TRUE(concluded) << "a session goes on, so there is nobody to tell";
  life->UntilDurable();
  Live();
  EXPECT_EQ(Look().records, 0U);
  EXPECT_EQ(Summaries(second.answered.All()).size() + Summaries(server.answered.All()).size(), 7U);
}

TEST_F(AccountingDeskTest, NoOnIsSentAgainOnceASessionHasBegun) {
  acct_on = true;
  timeout = milliseconds(100);
  max_try = 300;  // together longer than any wait here
  server.silent = true;
  Live();
  EXPECT_THAT(Summaries(server.seen.Wait(2)), Each("Accounting-On"));
  Attach({});
  Open("1");
  EXPECT_THAT(events.Wait(1), ElementsAre("opened g/1"));
  EXPECT_EQ(Look().in_flight, 0U);
  server.silent = false;
  Held("1");
  EXPECT_THAT(events.Wait(2), ElementsAre("opened g/1", "release g/1"));
  Down("1", {});
  EXPECT_TRUE(UntilDelivered());
  // Whatever the kernel still had for the server came before the Start.
  std::vector<std::string> all = Summaries(server.seen.All());
  all.erase(all.begin(), std::find(all.begin(), all.end(), "Start 1"));
  EXPECT_THAT(all, ::testing::AllOf(Contains("Stop 1"), Not(Contains("Accounting-On"))));
}

TEST_F(AccountingDeskTest, AnOnForAServerThatIsGoneIsDropped) {
  acct_on = true;
  second.silent = true;
  servers = {&server, &second};
  Live();
  EXPECT_THAT(Summaries(second.seen.Wait(1)), Contains("Accounting-On"));
  EXPECT_THAT(Summaries(server.answered.Wait(1)), ElementsAre("Accounting-On"));
  servers = {&server};
  Configure();
  EXPECT_TRUE(UntilDelivered()) << "it is not tried for ever";
  EXPECT_EQ(server.answered.All().size(), 1U) << "nor sent to another";
}

}  // namespace
}  // namespace sstpgw::cp
