// Servers that die: which one is asked when, by the packets (checklist C2, C4, C5, C7, C9, C15,
// C16). The checklist's times are scaled down to seconds.
//
//   client ──── server: both daemons, capture on lan0 ──── inside: two FreeRADIUS
#include <algorithm>

#include "tests/netns/radius_suite.h"

namespace sstpgw::test {
namespace {

using client::Phase;
using std::chrono::milliseconds;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

constexpr std::uint8_t kAcctStatusType = 40;
constexpr std::uint32_t kOn = 7;
constexpr std::uint32_t kInterimUpdate = 3;

const std::string kFirstAuth = std::string(kFirst) + ":1812";
const std::string kSecondAuth = std::string(kSecond) + ":1812";
const std::string kFirstAcct = std::string(kFirst) + ":1813";

class RadiusFailoverTest : public RadiusSuite<RadiusFailoverTest> {
 public:
  static LabConfig Config() { return Both(); }
  static LabConfig Both(const std::string& more = "", const std::string& rest = "") {
    return RadiusConfigOf({RadiusServer(kFirst, more), RadiusServer(kSecond, more)}, rest);
  }
  static void Equip(FreeRadiusOptions& options) {
    options.users = "rita Cleartext-Password := \"test\"\n";
  }

 protected:
  // One entry per transmission: where to. All from the configured source.
  static std::vector<std::string> Targets(const std::vector<SeenRadius>& seen) {
    std::vector<std::string> targets;
    for (const SeenRadius& one : seen) {
      targets.push_back(one.datagram.to);
      EXPECT_THAT(one.datagram.from, HasSubstr(std::string(kNas) + ":"));
    }
    return targets;
  }
};

// All of the first server's tries, a second apart, then one at the second. A try is the same packet
// again; for another server it is made anew.
TEST_F(RadiusFailoverTest, C2C15C16TriesAndTheirTimesOnTheWire) {
  ASSERT_TRUE(lab().Reload(Both("", "max-try: 4")));
  first().Kill();
  Capture capture(lab().server(), "lan0", "udp port 1812");
  EXPECT_TRUE(CanLogIn("rita"));
  const auto seen = RadiusOf(capture.Finish(), kAccessRequest);
  ASSERT_EQ(Targets(seen), (std::vector<std::string>{kFirstAuth, kFirstAuth, kFirstAuth, kFirstAuth,
                                                     kSecondAuth}));
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(seen[i].datagram.payload, seen[0].datagram.payload);
    EXPECT_EQ(seen[i].datagram.from, seen[0].datagram.from);
    const auto gap = seen[i + 1].datagram.time - seen[i].datagram.time;
    EXPECT_GT(gap, milliseconds(900));
    EXPECT_LT(gap, milliseconds(1000) + kPatience / 10);
  }
  EXPECT_NE(seen[4].datagram.payload, seen[0].datagram.payload);
}

TEST_F(RadiusFailoverTest, C2C15WithAllServersDeadALoginFailsInTheTimeThatIsSaid) {
  LabConfig config = Both("", "max-try: 2");
  ASSERT_TRUE(lab().Reload(config));
  first().Kill();
  second().Kill();
  Capture capture(lab().server(), "lan0", "udp port 1812");
  const auto before = std::chrono::steady_clock::now();
  EXPECT_FALSE(CanLogIn("rita"));
  EXPECT_GT(std::chrono::steady_clock::now() - before, milliseconds(3900));
  EXPECT_EQ(Targets(RadiusOf(capture.Finish(), kAccessRequest)),
            (std::vector<std::string>{kFirstAuth, kFirstAuth, kSecondAuth, kSecondAuth}));
}

TEST_F(RadiusFailoverTest, C7ADeadServerIsLeftAloneForFailTime) {
  ASSERT_TRUE(lab().Reload(Both("fail-time: 6", "max-try: 2")));
  EXPECT_TRUE(CanLogIn("rita"));
  EXPECT_EQ(Count(first(), "Login OK"), 1U);
  first().Kill();
  Capture capture(lab().server(), "lan0", "udp port 1812");
  EXPECT_TRUE(CanLogIn("rita"));
  EXPECT_TRUE(WaitControlLog("radius: server.*not responding"));
  EXPECT_THAT(lab().Ctl({"show", "radius"}).output,
              ContainsRegex("10.20.0.2:1812 .*failed, [1-6] s"));
  EXPECT_THAT(lab().Ctl({"show", "statistics"}).output,
              HasSubstr("radius(1, 10.20.0.2):\n  state: failed\n"));
  EXPECT_TRUE(CanLogIn("rita"));
  EXPECT_TRUE(CanLogIn("rita"));
  EXPECT_EQ(
      Targets(RadiusOf(capture.Finish(), kAccessRequest)),
      (std::vector<std::string>{kFirstAuth, kFirstAuth, kSecondAuth, kSecondAuth, kSecondAuth}));
  // One of the logins finds out that it is back, when its time has come.
  ASSERT_TRUE(Run(first()));
  EXPECT_TRUE(
      WaitUntil([] { return CanLogIn("rita") && Count(first(), "Login OK") > 0; }, kPatience));
  EXPECT_TRUE(CanLogIn("rita"));
  EXPECT_EQ(Count(first(), "Login OK"), 2U);
}

TEST_F(RadiusFailoverTest, C7WithStatusServerNoLoginIsNeededToFindOutThatAServerIsBack) {
  ASSERT_TRUE(lab().Reload(Both("fail-time: 2, status-server: true", "max-try: 1")));
  first().Kill();
  EXPECT_TRUE(CanLogIn("rita"));
  EXPECT_TRUE(WaitControlLog("radius: server\\(1\\) not responding"));
  ASSERT_TRUE(Run(first()));
  EXPECT_TRUE(WaitControlLog("radius: server\\(1\\) responds again: 10.20.0.2:1812"));
  EXPECT_TRUE(CanLogIn("rita"));
  EXPECT_EQ(Count(first(), "Login OK"), 1U);
}

TEST_F(RadiusFailoverTest, C4EverythingComesFromTheConfiguredSource) {
  lab().control_plane().Stop();
  Capture capture(lab().server(), "lan0", "udp and (dst port 1812 or dst port 1813)");
  ASSERT_TRUE(lab().StartControlPlane());
  ASSERT_TRUE(lab().WaitApplied());
  ASSERT_TRUE(lab().Reload(Both()));
  EXPECT_TRUE(CanLogIn("rita"));
  EXPECT_TRUE(WaitBooksClosed());
  const std::string pcap = capture.Finish();
  EXPECT_FALSE(Targets(RadiusOf(pcap, kAccessRequest)).empty());
  std::set<std::uint32_t> kinds;
  const auto records = RadiusOf(pcap, kAccountingRequest);
  EXPECT_FALSE(Targets(records).empty());
  for (const SeenRadius& one : records) kinds.insert(one.packet.Number(kAcctStatusType));
  EXPECT_EQ(kinds, (std::set<std::uint32_t>{1, 2, kOn}));
}

TEST_F(RadiusFailoverTest, C5AForeignSourceIsAClearError) {
  LabConfig config = Both("", "max-try: 1");
  const std::size_t at = config.radius.find(kNas);
  config.radius.replace(at, std::string(kNas).size(), "192.0.2.77");
  ASSERT_TRUE(lab().Reload(config));
  EXPECT_TRUE(WaitControlLog("radius source-address 192.0.2.77 is not an address of this host"))
      << "before anybody needs it";
  EXPECT_FALSE(CanLogIn("rita"));
  EXPECT_TRUE(WaitControlLog("source address 192.0.2.77 is not an address of this host"));
  ASSERT_TRUE(lab().Reload(Both()));
  EXPECT_TRUE(CanLogIn("rita"));
}

// ---- C9: only the second server takes records, and it dies after the Start.

class AcctTimeoutTest : public RadiusSuite<AcctTimeoutTest> {
 public:
  static LabConfig Config() { return With("acct-timeout: 2"); }
  static LabConfig With(const std::string& timeout) {
    return RadiusConfigOf({RadiusServer(kFirst, "disable-accounting: true"), RadiusServer(kSecond)},
                          "accounting-interim-interval: 1\n" + timeout);
  }
  static void Equip(FreeRadiusOptions& options) {
    options.users = "rita Cleartext-Password := \"test\"\n";
  }

 protected:
  // Interim-Updates in the capture so far, repeats as well.
  static std::size_t Interims(const Capture& capture) {
    const auto seen = RadiusOf(capture.SoFar(), kAccountingRequest);
    return static_cast<std::size_t>(
        std::count_if(seen.begin(), seen.end(), [](const SeenRadius& one) {
          return one.packet.Number(kAcctStatusType) == kInterimUpdate;
        }));
  }
};

TEST_F(AcctTimeoutTest, C9AnUnansweredInterimEndsTheSession) {
  ASSERT_TRUE(lab().Reload(Config()));
  Dialer dialer = DialAs("rita");
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
  ASSERT_TRUE(WaitActive("rita"));
  const std::string session = SessionId("rita");
  ASSERT_EQ(RecordsOf(session, "Start").size(), 1U);
  second().Kill();
  const auto killed = std::chrono::steady_clock::now();
  EXPECT_TRUE(dialer.DriveUntilFinished());
  // acct-timeout, counted from the first Interim-Update that nobody answers.
  EXPECT_GT(std::chrono::steady_clock::now() - killed, milliseconds(1900));
  EXPECT_TRUE(lab().WaitSessions(0));
  EXPECT_TRUE(WaitControlLog("NAS-Error, radius: no server answered its Interim-Update"));
  ASSERT_TRUE(Run(second()));
  EXPECT_EQ(WaitRecord(session, "Stop").Get("Acct-Terminate-Cause"), "NAS-Error");
}

TEST_F(AcctTimeoutTest, C9WithZeroTheSessionStays) {
  ASSERT_TRUE(lab().Reload(With("acct-timeout: 0")));
  Dialer dialer = DialAs("rita");
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
  ASSERT_TRUE(WaitActive("rita"));
  const std::string session = SessionId("rita");
  second().Kill();
  Capture capture(lab().server(), "lan0", "udp and dst port 1813");
  // Longer than the three seconds that are the default.
  EXPECT_TRUE(ServeUntil(dialer, [&] { return Interims(capture) >= 5; }));
  EXPECT_EQ(lab().SessionWith("username", "rita").value_or(Json{}).at("state").text(), "active");
  ASSERT_TRUE(Run(second()));
  HangUp(dialer);
  EXPECT_EQ(WaitRecord(session, "Stop").Get("Acct-Terminate-Cause"), "User-Request");
  EXPECT_EQ(RecordsOf(session, "Start").size(), 1U);
}

}  // namespace
}  // namespace sstpgw::test
