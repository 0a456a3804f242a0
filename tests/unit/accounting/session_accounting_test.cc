// One session's accounting, read as stories (features 6.4; RFC 2866, 2869).
#include "controlplane/accounting/session_accounting.h"

#include <algorithm>

#include "tests/unit/accounting/samples.h"

namespace sstpgw::cp::accounting {
namespace {

using std::chrono::seconds;

class SessionStory : public ::testing::Test {
 protected:
  SessionStory() {
    settings.enabled = true;
    settings.interim_interval = seconds(60);
    settings.acct_timeout = seconds(3);
    kept.boot = "b";
    kept.now.key = {"g", "1"};
    kept.now.session_id = "1";
    kept.now.user_name = "ann";
    kept.now.classes = {Bytes{7}};
  }

  SessionAccounting& machine() {
    if (!machine_) machine_.emplace(kept, 42);
    return *machine_;
  }

  // Words for what it does; records gather in `records`.
  std::string Do(const SessionEvent& event) {
    std::string words;
    for (SessionAction& action : machine().Step(event, moment, settings)) {
      std::string word = "save";
      if (auto* record = std::get_if<SpoolRecord>(&action)) {
        word = ToString(record->record.status);
        records.push_back(std::move(record->record));
      } else if (const auto* configure = std::get_if<ConfigureSession>(&action)) {
        word = configure->when_durable ? "configure when durable" : "configure";
      } else if (const auto* end = std::get_if<EndSession>(&action)) {
        word = std::string("end ") + ToString(end->cause);
        reason = end->reason;
      } else if (std::holds_alternative<Forget>(action)) {
        word = "forget";
      }
      words += (words.empty() ? "" : ", ") + word;
    }
    return words;
  }

  void Pass(Duration duration) {
    moment.now += duration;
    moment.unix_seconds =
        1'000'000 + std::chrono::duration_cast<seconds>(moment.now.time_since_epoch()).count();
  }
  // Passes time until `until`, giving TimePassed at each deadline; what it did, with the second.
  std::vector<std::string> RunUntil(Duration until) {
    std::vector<std::string> done;
    for (;;) {
      const auto next = machine().NextDeadline(settings);
      if (!next || next->time_since_epoch() > until) break;
      Pass(*next - moment.now);
      const std::string what = Do(TimePassed{});
      if (!what.empty()) done.push_back(what);
    }
    Pass(TimePoint(until) - moment.now);
    return done;
  }
  SessionFacts Facts(std::uint64_t lived, std::uint64_t rx = 0,
                     SessionState state = SessionState::kActive) {
    SessionFacts facts;
    facts.state = state;
    facts.port_id = "sstp0";
    facts.addresses.ipv4 = *Ipv4Address::Parse("10.0.0.2");
    facts.session_seconds = lived;
    facts.counters.rx_bytes = rx;
    return facts;
  }
  // Up and its Start acknowledged.
  void Start() {
    Do(FactsArrived{Facts(2)});
    Do(GatewayBack{});
    Do(SessionOpened{});
    Do(RecordOffered{RecordStatus::kStart});
    Do(RecordAcknowledged{RecordStatus::kStart});
    records.clear();
  }
  std::string OfferInterim() { return Do(RecordOffered{RecordStatus::kInterim}); }
  std::string AnswerInterim() { return Do(RecordAcknowledged{RecordStatus::kInterim}); }
  // The interim that is due next is made, whenever that is.
  void NextInterim() {
    const std::size_t before = records.size();
    for (int i = 0; i < 100 && records.size() == before; ++i) {
      const auto next = machine().NextDeadline(settings);
      ASSERT_TRUE(next);
      Pass(*next - moment.now);
      Do(TimePassed{});
    }
    ASSERT_GT(records.size(), before);
  }

  AccountingSettings settings;
  KeptSession kept;
  Moment moment{TimePoint(), 1'000'000};
  std::vector<AccountingRecord> records;
  std::string reason;

 private:
  std::optional<SessionAccounting> machine_;
};

// ---- Start

TEST_F(SessionStory, IsConfiguredOnlyWhenItsStartIsAnswered) {
  EXPECT_EQ(Do(FactsArrived{Facts(1, 0, SessionState::kStarting)}), "");
  EXPECT_EQ(Do(GatewayBack{}), "");
  EXPECT_EQ(Do(SessionOpened{}), "Start, save");
  EXPECT_EQ(Do(RecordOffered{RecordStatus::kStart}), "");
  EXPECT_EQ(Do(RecordAcknowledged{RecordStatus::kStart}), "configure");
  EXPECT_EQ(Do(RecordAcknowledged{RecordStatus::kStart}), "");
  EXPECT_EQ(Do(SessionOpened{}), "") << "told twice";
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].user_name, "ann");
  EXPECT_EQ(records[0].classes, std::vector<Bytes>{Bytes{7}});
  EXPECT_EQ(records[0].port_id, "sstp0");
  EXPECT_EQ(records[0].addresses.ipv4.ToString(), "10.0.0.2");
  EXPECT_EQ(records[0].session_seconds, 0U);
  EXPECT_EQ(records[0].counters, TrafficCounters());
  EXPECT_EQ(records[0].event_unix_seconds, 1'000'000);
}

TEST_F(SessionStory, ThatNoServerAnswersItsStartEndsIt) {
  Do(FactsArrived{Facts(1, 0, SessionState::kStarting)});
  Do(SessionOpened{});
  EXPECT_EQ(Do(RecordUnanswered{RecordStatus::kStart}), "end NAS-Error");
  EXPECT_EQ(Do(RecordUnanswered{RecordStatus::kStart}), "") << "once";
  EXPECT_EQ(Do(SessionOver{TerminateCause::kNasError}), "Stop, forget")
      << "the Start may have arrived, so there is a Stop";
}

TEST_F(SessionStory, WithoutWaitingItIsConfiguredWhenTheStartIsDurable) {
  settings.start_wait = false;
  EXPECT_EQ(Do(SessionOpened{}), "Start, save, configure when durable");
  EXPECT_EQ(Do(RecordUnanswered{RecordStatus::kStart}), "") << "it stays";
}

TEST_F(SessionStory, DelayedStartCarriesBothAddressFamilies) {
  settings.start_delay = seconds(5);
  Do(FactsArrived{Facts(1)});
  EXPECT_EQ(Do(SessionOpened{}), "save, configure when durable");
  Pass(seconds(2));
  Addresses addresses;
  addresses.ipv4 = *Ipv4Address::Parse("10.0.0.2");
  addresses.delegated = {{*Ipv6Address::Parse("2001:db8::"), 56}};
  EXPECT_EQ(Do(AddressesArrived{addresses, /*complete=*/true}), "Start, save");
  EXPECT_EQ(records.at(0).addresses, addresses);
  EXPECT_EQ(records.at(0).event_unix_seconds, 1'000'000) << "when it was open";
  EXPECT_EQ(machine().NextDeadline(settings), std::nullopt);
}

TEST_F(SessionStory, DelayedStartWaitsNoLongerThanSaid) {
  settings.start_delay = seconds(5);
  Do(FactsArrived{Facts(1)});
  Do(SessionOpened{});
  Addresses addresses;
  addresses.ipv4 = *Ipv4Address::Parse("10.0.0.2");
  EXPECT_EQ(Do(AddressesArrived{addresses, /*complete=*/false}), "") << "nothing new";
  EXPECT_EQ(RunUntil(seconds(4)), std::vector<std::string>());
  EXPECT_EQ(RunUntil(seconds(5)), std::vector<std::string>{"Start, save"});
}

TEST_F(SessionStory, ThatEndsDuringTheDelayHasStartAndStop) {
  settings.start_delay = seconds(5);
  Do(FactsArrived{Facts(1)});
  Do(SessionOpened{});
  EXPECT_EQ(Do(SessionOver{TerminateCause::kUserRequest}), "Start, save, Stop, forget");
}

TEST_F(SessionStory, SwitchedOffMeanwhileItHasNoRecordsAndDoesNotWait) {
  settings.enabled = false;
  EXPECT_EQ(Do(SessionOpened{}), "configure, forget");
}

TEST_F(SessionStory, ThatWaitsForItsStartIsLetGoWhenAccountingIsSwitchedOff) {
  Do(SessionOpened{});
  settings.enabled = false;
  EXPECT_EQ(Do(SettingsChanged{}), "configure");
}

// ---- Interim-Update

TEST_F(SessionStory, InterimsComeEveryIntervalWithWhatIsKnownThen) {
  Start();
  for (int i = 1; i <= 5; ++i) {
    Do(CountersArrived{{std::uint64_t(i) << 32, 2, 3, 4}});
    const auto before = moment.now;
    NextInterim();
    EXPECT_TRUE(i == 1 || moment.now - before == seconds(60));
    EXPECT_LE(moment.now - before, seconds(60));
    EXPECT_GE(moment.now - before, seconds(10));
    OfferInterim();
    AnswerInterim();
    const AccountingRecord& record = records.back();
    EXPECT_EQ(record.status, RecordStatus::kInterim);
    EXPECT_EQ(record.counters.rx_bytes, std::uint64_t(i) << 32);
    const auto lived = std::chrono::duration_cast<seconds>(moment.now.time_since_epoch()).count();
    EXPECT_EQ(record.session_seconds, 2U + static_cast<std::uint64_t>(lived));
    EXPECT_EQ(record.event_unix_seconds, moment.unix_seconds);
  }
}

TEST_F(SessionStory, TheAcceptsIntervalComesBeforeTheSettings) {
  kept.interim_interval = seconds(300);
  Start();
  NextInterim();
  OfferInterim();
  AnswerInterim();
  const auto first = moment.now;
  NextInterim();
  EXPECT_EQ(moment.now - first, seconds(300));
}

TEST_F(SessionStory, NoIntervalNoInterim) {
  kept.interim_interval = seconds(0);
  Start();
  EXPECT_EQ(RunUntil(std::chrono::hours(100)), std::vector<std::string>());
}

TEST_F(SessionStory, JitterStaysInItsBoundsAndIsUsed) {
  settings.interim_jitter = seconds(20);
  Start();
  NextInterim();
  Duration least = seconds(1000);
  Duration most{};
  for (int i = 0; i < 500; ++i) {
    const auto before = moment.now;
    NextInterim();
    least = std::min<Duration>(least, moment.now - before);
    most = std::max<Duration>(most, moment.now - before);
  }
  EXPECT_GE(least, seconds(40));
  EXPECT_LT(least, seconds(42));
  EXPECT_LE(most, seconds(80));
  EXPECT_GT(most, seconds(78));
}

TEST_F(SessionStory, NeverSoonerThanTenSeconds) {
  settings.interim_interval = seconds(1);
  settings.interim_jitter = seconds(60);
  Start();
  const auto begin = moment.now;
  for (int i = 0; i < 50; ++i) {
    const auto before = i == 0 ? begin : moment.now;
    NextInterim();
    EXPECT_GE(moment.now - before, seconds(10));
  }
}

TEST_F(SessionStory, NoneWhileOneIsWithAServer) {
  settings.acct_timeout = seconds(0);
  Start();
  NextInterim();
  OfferInterim();
  RunUntil(moment.now.time_since_epoch() + seconds(600));
  EXPECT_EQ(records.size(), 1U);
  Do(RecordUnanswered{RecordStatus::kInterim});
  NextInterim();
  EXPECT_EQ(records.size(), 2U) << "unanswered, so a newer one takes its place";
}

TEST_F(SessionStory, NoneInTheLastTenSecondsBeforeTheSessionsEnd) {
  kept.session_timeout = seconds(130);
  settings.interim_interval = seconds(10);
  Start();
  RunUntil(seconds(1000));
  ASSERT_FALSE(records.empty());
  EXPECT_LT(records.back().session_seconds, 120U);
  EXPECT_GE(records.back().session_seconds, 110U);
}

TEST_F(SessionStory, AChangeOfAddressesBringsOneAtOnce) {
  settings.interim_interval = seconds(0);
  Start();
  Addresses addresses;
  addresses.ipv4 = *Ipv4Address::Parse("10.0.0.2");
  EXPECT_EQ(Do(AddressesArrived{addresses}), "") << "the same as before";
  addresses.delegated = {{*Ipv6Address::Parse("2001:db8::"), 56}};
  EXPECT_EQ(Do(AddressesArrived{addresses}), "Interim-Update, save");
  EXPECT_EQ(records.back().addresses, addresses);
  SessionFacts renamed = Facts(10);
  renamed.port_id = "custA";
  EXPECT_EQ(Do(FactsArrived{renamed}), "Interim-Update, save");
  EXPECT_EQ(records.back().port_id, "custA");
  EXPECT_EQ(records.back().addresses, addresses) << "what a report does not know stays";
}

// features 3.7: IPv6CP that opens late; 4.4: a prefix that is taken.
TEST_F(SessionStory, Ipv6ThatComesLaterBringsOneEach) {
  settings.interim_interval = seconds(0);
  Start();
  SessionFacts facts = Facts(10);
  facts.addresses.interface_id = InterfaceId{0, 0, 0, 0, 0, 0, 0, 2};
  facts.addresses.prefixes = {*Ipv6Prefix::Parse("2001:db8::/64")};
  EXPECT_EQ(Do(FactsArrived{facts}), "Interim-Update, save");
  EXPECT_EQ(records.back().addresses, facts.addresses);
  facts.addresses.delegated = {*Ipv6Prefix::Parse("2001:db8:8000::/56"),
                               *Ipv6Prefix::Parse("2001:db8:9000::/56")};
  EXPECT_EQ(Do(FactsArrived{facts}), "Interim-Update, save");
  EXPECT_EQ(records.back().addresses.delegated.size(), 2U);
  EXPECT_EQ(Do(FactsArrived{facts}), "") << "nothing new";
  const Addresses all = facts.addresses;
  facts.addresses.delegated.clear();
  EXPECT_EQ(Do(FactsArrived{facts}), "") << "given back by the client, but still the session's";
  SessionFacts last = Facts(20, 1, SessionState::kFinishing);
  last.addresses.ipv4 = {};
  Do(FactsArrived{last});
  EXPECT_EQ(Do(SessionOver{TerminateCause::kUserRequest}), "Stop, forget");
  EXPECT_EQ(records.back().addresses, all) << "the network layers are closed by then";
}

TEST_F(SessionStory, Ipv6ThatIsLostBringsOne) {
  settings.interim_interval = seconds(0);
  SessionFacts facts = Facts(2);
  facts.addresses.prefixes = {*Ipv6Prefix::Parse("2001:db8::/64")};
  Do(FactsArrived{facts});
  Do(GatewayBack{});
  Do(SessionOpened{});
  EXPECT_EQ(records.at(0).addresses, facts.addresses) << "the Start has both families";
  EXPECT_EQ(Do(FactsArrived{Facts(5)}), "Interim-Update, save");
  EXPECT_EQ(records.back().addresses.prefixes, std::vector<Ipv6Prefix>());
}

// A session's IPv4 address is its own from the login on, whether or not IPCP ever opens.
TEST_F(SessionStory, OfIpv6AloneNoIpv4AddressIsTold) {
  kept.now.addresses.ipv4 = *Ipv4Address::Parse("10.0.0.2");
  SessionFacts facts = Facts(1, 0, SessionState::kStarting);
  facts.ipv6_only = true;
  facts.addresses = {};
  facts.addresses.prefixes = {*Ipv6Prefix::Parse("2001:db8::/64")};
  Do(FactsArrived{facts});
  Do(SessionOpened{});
  EXPECT_TRUE(records.at(0).addresses.ipv4.is_zero());
  EXPECT_EQ(records.at(0).addresses.prefixes, facts.addresses.prefixes);
}

TEST(AddressesOf, AreThoseThatAreInUse) {
  SessionRecord record;
  record.policy.address = *Ipv4Address::Parse("10.0.0.2");
  NetworkPolicy& policy = record.policy.network;
  policy.framed_ipv6_prefixes = {*Ipv6Prefix::Parse("2001:db8::/64")};
  policy.framed_ipv6_addresses = {*Ipv6Address::Parse("2001:db8::7")};
  policy.delegated_ipv6_prefixes = {*Ipv6Prefix::Parse("2001:db8:8000::/56")};
  Addresses wanted;
  wanted.ipv4 = record.policy.address;
  EXPECT_EQ(AddressesOf(record), wanted) << "of gateways that do not tell, too";
  record.network = {true, true, false, {0, 0, 0, 0, 0, 0, 0, 2}, false};
  wanted.interface_id = InterfaceId{0, 0, 0, 0, 0, 0, 0, 2};
  wanted.ipv6 = *Ipv6Address::Parse("2001:db8::7");
  wanted.prefixes = policy.framed_ipv6_prefixes;
  EXPECT_EQ(AddressesOf(record), wanted);
  record.network.delegated = true;
  wanted.delegated = policy.delegated_ipv6_prefixes;
  EXPECT_EQ(AddressesOf(record), wanted);
  record.network.ipv4 = false;
  wanted.ipv4 = {};
  EXPECT_EQ(AddressesOf(record), wanted);
  EXPECT_TRUE(FactsOf(record).ipv6_only);
  policy.framed_ipv6_prefixes.assign(kMaxPrefixes + 1, *Ipv6Prefix::Parse("2001:db8::/64"));
  EXPECT_EQ(AddressesOf(record).prefixes.size(), kMaxPrefixes);
}

// Checklist C9.
TEST_F(SessionStory, AnInterimUnansweredForTooLongEndsIt) {
  Start();
  NextInterim();
  OfferInterim();
  const auto offered = moment.now;
  Pass(seconds(2));
  EXPECT_EQ(Do(RecordUnanswered{RecordStatus::kInterim}), "") << "the next round goes on";
  OfferInterim();
  EXPECT_EQ(RunUntil((offered + seconds(2)).time_since_epoch()), std::vector<std::string>());
  EXPECT_EQ(RunUntil((offered + seconds(3)).time_since_epoch()),
            std::vector<std::string>{"end NAS-Error"});
  EXPECT_NE(reason.find("terminating session"), std::string::npos);
  EXPECT_EQ(RunUntil(seconds(1000)), std::vector<std::string>()) << "once, and no interims";
}

TEST_F(SessionStory, AnAnswerInTimeSavesIt) {
  Start();
  NextInterim();
  OfferInterim();
  Pass(std::chrono::milliseconds(2999));
  AnswerInterim();
  Pass(seconds(1));
  EXPECT_EQ(Do(TimePassed{}), "");
}

TEST_F(SessionStory, AcctTimeoutZeroNeverEndsIt) {
  settings.acct_timeout = seconds(0);
  Start();
  NextInterim();
  OfferInterim();
  for (const std::string& what : RunUntil(std::chrono::hours(10))) {
    EXPECT_EQ(what.find("end"), std::string::npos) << what;
  }
}

TEST_F(SessionStory, AnInterimThatWasNotOfferedYetIsNotUnanswered) {
  Start();
  NextInterim();
  EXPECT_EQ(RunUntil(moment.now.time_since_epoch() + seconds(20)), std::vector<std::string>());
}

// ---- Changes on the way

TEST_F(SessionStory, CoaChangesClassIntervalAndTimeout) {
  Start();
  PolicyChanged change;
  change.classes = {Bytes{8}, Bytes{9}};
  change.interim_interval = seconds(600);
  change.session_timeout = seconds(3600);
  Pass(seconds(5));
  EXPECT_EQ(Do(change), "save");
  EXPECT_EQ(machine().state().session_timeout, seconds(3607)) << "from now: 2 + 5 + 3600";
  NextInterim();
  EXPECT_EQ(records.back().classes, (std::vector<Bytes>{Bytes{8}, Bytes{9}}));
  OfferInterim();
  AnswerInterim();
  const auto before = moment.now;
  NextInterim();
  EXPECT_EQ(moment.now - before, seconds(600));
  EXPECT_EQ(Do(PolicyChanged{}), "") << "of a rate limit alone nothing is kept";
  change = {};
  change.interim_interval = seconds(0);
  Do(change);
  EXPECT_EQ(machine().NextDeadline(settings), std::nullopt);
}

TEST_F(SessionStory, CountersAreKeptNowAndThen) {
  settings.interim_interval = seconds(0);
  settings.counters_kept_every = seconds(30);
  Start();
  Do(CountersArrived{{1000, 0, 1, 0}});
  const auto next = machine().NextDeadline(settings);
  ASSERT_TRUE(next);
  EXPECT_GE(*next - moment.now, seconds(15));
  EXPECT_LE(*next - moment.now, seconds(30));
  EXPECT_EQ(RunUntil(seconds(31)), std::vector<std::string>{"save"});
  EXPECT_EQ(machine().state().now.counters.rx_bytes, 1000U);
}

TEST_F(SessionStory, CountersNeverGoBack) {
  Start();
  Do(CountersArrived{{1000, 1000, 10, 10}});
  Do(FactsArrived{Facts(1, 500)});
  Do(SessionOver{TerminateCause::kLostCarrier});
  EXPECT_EQ(records.back().counters, (TrafficCounters{1000, 1000, 10, 10}));
}

TEST_F(SessionStory, NothingIsReportedWhileTheGatewayIsAway) {
  Start();
  Pass(seconds(5));
  Do(GatewayGone{});
  for (const std::string& what : RunUntil(seconds(500))) EXPECT_EQ(what, "save");
  EXPECT_EQ(machine().state().now.session_seconds, 7U) << "as long as it is known to have lived";
  Do(FactsArrived{Facts(502)});
  Do(GatewayBack{});
  const auto back = moment.now;
  NextInterim();
  EXPECT_LE(moment.now - back, seconds(60));
  EXPECT_GE(records.back().session_seconds, 502U);
}

TEST_F(SessionStory, AShortAbsenceDoesNotMoveThePeriod) {
  Start();
  NextInterim();
  OfferInterim();
  AnswerInterim();
  const auto due = moment.now + seconds(60);
  Pass(seconds(20));
  Do(GatewayGone{});
  Pass(seconds(3));
  Do(GatewayBack{});
  NextInterim();
  EXPECT_EQ(moment.now, due);
}

TEST_F(SessionStory, NorDoesOneBeforeTheFirst) {
  Start();
  const auto due = machine().NextDeadline(settings);
  ASSERT_TRUE(due);
  Pass(seconds(1));
  Do(GatewayGone{});
  Pass(seconds(1));
  Do(GatewayBack{});
  NextInterim();
  EXPECT_EQ(moment.now, *due);
}

// ---- End

TEST_F(SessionStory, StopHasCauseAndFinalCounters) {
  Start();
  Do(CountersArrived{{100, 0, 1, 0}});
  Pass(seconds(50));
  Do(FactsArrived{Facts(49, (std::uint64_t{9} << 32) + 5, SessionState::kFinishing)});
  EXPECT_EQ(Do(SessionOver{TerminateCause::kSessionTimeout}), "Stop, forget");
  const AccountingRecord& stop = records.back();
  EXPECT_EQ(stop.terminate_cause, 5U);
  EXPECT_EQ(stop.counters.rx_bytes, (std::uint64_t{9} << 32) + 5);
  EXPECT_EQ(stop.session_seconds, 49U);
  EXPECT_EQ(stop.event_unix_seconds, moment.unix_seconds);
  EXPECT_EQ(machine().NextDeadline(settings), std::nullopt);
  EXPECT_EQ(Do(SessionOver{TerminateCause::kLostCarrier}), "forget") << "one Stop";
}

TEST_F(SessionStory, AnOlderReportDoesNotPutItsClockBack) {
  Start();
  Pass(seconds(50));
  Do(FactsArrived{Facts(52)});
  Do(FactsArrived{Facts(12), seconds(40)});
  EXPECT_EQ(machine().state().now.event_unix_seconds, moment.unix_seconds);
  Pass(seconds(8));
  Do(CountersArrived{});
  EXPECT_EQ(machine().state().now.session_seconds, 60U);
}

TEST_F(SessionStory, ThatWasNeverOpenHasNoRecords) {
  Do(FactsArrived{Facts(3, 0, SessionState::kStarting)});
  EXPECT_EQ(Do(SessionOver{TerminateCause::kUserError}), "forget");
  EXPECT_TRUE(records.empty());
}

TEST_F(SessionStory, WhoseReportOfBeingUpWasLostStillHasBoth) {
  Pass(seconds(100));
  Do(FactsArrived{Facts(40, 1234, SessionState::kFinishing)});
  EXPECT_EQ(Do(SessionOver{TerminateCause::kUserRequest}), "Start, save, Stop, forget");
  EXPECT_EQ(records.at(0).event_unix_seconds, 1'000'060);
  EXPECT_EQ(records.at(1).event_unix_seconds, 1'000'100);
  EXPECT_EQ(records.at(1).counters.rx_bytes, 1234U);
}

TEST_F(SessionStory, OfALostGatewayIsKeptUntilItIsHeardOf) {
  Start();
  Do(GatewayGone{});
  Pass(seconds(10));
  EXPECT_EQ(Do(SessionOver{TerminateCause::kNasError, /*keep=*/true}), "Stop, save");
  EXPECT_EQ(records.back().event_unix_seconds, 1'000'000) << "when it was last known to live";
  EXPECT_EQ(machine().state().stage, Stage::kStopped);
  EXPECT_EQ(Do(FactsArrived{Facts(99, 99)}), "");
}

// ---- Restart

TEST_F(SessionStory, AfterARestartIsToldAgainThatItMayBeConfigured) {
  kept = FullKept();
  machine().StartWasAcknowledged();
  EXPECT_EQ(Do(FactsArrived{Facts(86401, 0, SessionState::kStarting)}), "Interim-Update, save");
  EXPECT_EQ(Do(GatewayBack{}), "configure");
}

TEST_F(SessionStory, AfterARestartStillWaitsForItsStart) {
  kept = FullKept();
  Do(FactsArrived{Facts(86401, 0, SessionState::kStarting)});
  EXPECT_EQ(Do(GatewayBack{}), "");
  EXPECT_EQ(Do(RecordAcknowledged{RecordStatus::kStart}), "configure");
}

TEST_F(SessionStory, AfterARestartADelayedStartIsMade) {
  settings.start_delay = seconds(5);
  kept.stage = Stage::kDelaying;
  kept.opened_unix_seconds = 999'000;
  Do(FactsArrived{Facts(10)});
  Do(GatewayBack{});
  EXPECT_EQ(RunUntil(seconds(5)), std::vector<std::string>{"Start, save"});
  EXPECT_EQ(records.at(0).event_unix_seconds, 999'000);
}

TEST_F(SessionStory, ThePeriodGoesOnAcrossARestart) {
  kept = FullKept();
  kept.now.port_id = "sstp0";
  kept.now.addresses = Facts(0).addresses;  // others would bring one at once
  kept.reported_unix_seconds = 1'000'000 - 45;
  kept.session_timeout = seconds(0);
  Do(FactsArrived{Facts(86401)});
  Do(GatewayBack{});
  NextInterim();
  EXPECT_EQ(moment.now.time_since_epoch(), seconds(15));
}

// Values from a store or a gateway that are absurd: nothing overflows (the sanitizer watches).
TEST_F(SessionStory, AbsurdNumbersDoNoHarm) {
  kept = FullKept();
  kept.now.session_seconds = ~std::uint64_t{0};
  kept.now.counters.rx_bytes = ~std::uint64_t{0};
  kept.session_timeout = kMaxSeconds;
  kept.interim_interval = kMaxSeconds;
  settings.interim_jitter = kMaxSeconds;
  Do(FactsArrived{Facts(~std::uint64_t{0}, ~std::uint64_t{0})});
  Do(GatewayBack{});
  PolicyChanged change;
  change.session_timeout = seconds::max();
  change.interim_interval = seconds::max();
  Do(change);
  RunUntil(std::chrono::hours(1000));
  Do(SessionOver{TerminateCause::kNone});
  EXPECT_EQ(records.back().terminate_cause, 9U);
}

}  // namespace
}  // namespace sstpgw::cp::accounting
