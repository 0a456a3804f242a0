// Accounting as the billing system sees it, by FreeRADIUS's detail file: what is recorded and when,
// and that nothing is lost when servers or the control plane die.
//
//   client ──── server: both daemons ──── inside: first (logins), second (logins and records)
#include <ctime>

#include "tests/netns/radius_suite.h"

namespace sstpgw::test {
namespace {

using client::Phase;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::size_t kEchoSize = 28;  // octets of an ICMP echo request without data

class RadiusAccountingTest : public RadiusSuite<RadiusAccountingTest> {
 public:
  // The first knows nothing of records, so that one of the two can be stopped alone.
  static LabConfig Config() { return With("max-try: 2"); }
  static LabConfig With(const std::string& rest) {
    return RadiusConfigOf({RadiusServer(kFirst, "disable-accounting: true"), RadiusServer(kSecond)},
                          "acct-timeout: 0\n" + rest);
  }
  static void Equip(FreeRadiusOptions& options) {
    options.users = R"(
rita Cleartext-Password := "test"
  Class = "gold",
  Class += "paid"
renamed Cleartext-Password := "test"
  User-Name = "customer-4711"
often Cleartext-Password := "test"
  Acct-Interim-Interval = 1
brief Cleartext-Password := "test"
  Session-Timeout = 2
idle Cleartext-Password := "test"
  Idle-Timeout = 2
)";
  }

 protected:
  // Dialled, and its Start answered.
  struct Call {
    explicit Call(const std::string& user)
        : dialer(lab().client(), lab().address(), RadiusUser(user)) {}
    Dialer dialer;
    std::string session;
  };
  static std::unique_ptr<Call> Up(const std::string& user) {
    auto call = std::make_unique<Call>(user);
    EXPECT_TRUE(call->dialer.DialUntil(Phase::kUp)) << call->dialer.failure().detail;
    EXPECT_TRUE(WaitActive(user));
    call->session = SessionId(user);
    EXPECT_NE(call->session, "");
    return call;
  }
  // Echo requests to the gateway's inner address, one after the other, each answered.
  static void Ping(Dialer& dialer, std::size_t count) {
    const Bytes request = EchoRequestFrom(dialer.facts().address);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t before = dialer.facts().ip_packets_received;
      dialer.session().SendIpPacket(request);
      ASSERT_TRUE(dialer.Drive([before](client::ClientSession& session) {
        return session.facts().ip_packets_received > before;
      }));
    }
  }
  static void ExpectCounters(const AccountingLine& stop, std::size_t packets) {
    for (const char* direction : {"Input", "Output"}) {
      const std::string name = std::string("Acct-") + direction;
      EXPECT_EQ(stop.Get(name + "-Packets"), std::to_string(packets)) << name;
      EXPECT_EQ(stop.Get(name + "-Octets"), std::to_string(packets * kEchoSize)) << name;
    }
  }
  // The control plane dies and comes back; its sessions are still there.
  static void KillControlPlane(const std::function<void()>& meanwhile = [] {}) {
    lab().control_plane().Kill();
    meanwhile();
    ASSERT_TRUE(lab().StartControlPlane());
    ASSERT_TRUE(lab().WaitApplied());
  }
  // One record, or the same again as a retransmission.
  static void ExpectOneStop(const std::string& session, std::size_t packets) {
    const AccountingLine stop = WaitRecord(session, "Stop");
    ExpectCounters(stop, packets);
    for (const AccountingLine& again : RecordsOf(session, "Stop")) {
      for (const char* name : {"Acct-Input-Octets", "Acct-Output-Octets", "Event-Timestamp",
                               "Acct-Session-Time", "Acct-Terminate-Cause"}) {
        EXPECT_EQ(again.Get(name), stop.Get(name)) << name;
      }
    }
    EXPECT_THAT(RecordsOf(session, "Start"), ::testing::SizeIs(::testing::Ge(1)));
  }
};

TEST_F(RadiusAccountingTest, AStartAndAStopTellWhatHappened) {
  const auto call = Up("rita");
  const std::string interface = InterfaceOf("rita");
  const AccountingLine start = WaitRecord(call->session, "Start");
  EXPECT_EQ(start.Get("User-Name"), "rita");
  EXPECT_EQ(start.Get("NAS-Identifier"), "gw1");
  EXPECT_EQ(start.Get("NAS-Port-Type"), "Virtual");
  EXPECT_NE(start.Get("NAS-Port-Id"), "");  // the name it has before it is configured
  EXPECT_EQ(start.Get("Service-Type"), "Framed-User");
  EXPECT_EQ(start.Get("Framed-Protocol"), "PPP");
  EXPECT_EQ(start.Get("Acct-Authentic"), "RADIUS");
  EXPECT_EQ(start.Get("Calling-Station-Id"), Lab::kClient);
  EXPECT_EQ(start.Get("Called-Station-Id"), Lab::kServer);
  EXPECT_EQ(start.Get("Framed-IP-Address"), call->dialer.facts().address.ToString());
  EXPECT_EQ(start.Get("Acct-Session-Time"), "0");
  // "gold" and "paid" as they came.
  EXPECT_THAT(start.All("Class"), ElementsAre("0x676f6c64", "0x70616964"));
  Ping(call->dialer, 7);
  HangUp(call->dialer);
  ExpectOneStop(call->session, 7);
  const AccountingLine stop = WaitRecord(call->session, "Stop");
  EXPECT_EQ(stop.Get("Acct-Terminate-Cause"), "User-Request");
  EXPECT_THAT(stop.All("Class"), ElementsAre("0x676f6c64", "0x70616964"));
  EXPECT_EQ(stop.Get("NAS-Port-Id"), interface);
  EXPECT_EQ(stop.Get("Framed-IP-Address"), start.Get("Framed-IP-Address"));
}

TEST_F(RadiusAccountingTest, TheNameOfTheAcceptIsTheOneInRecords) {
  const auto call = Up("renamed");
  EXPECT_EQ(WaitRecord(call->session, "Start").Get("User-Name"), "customer-4711");
  HangUp(call->dialer);
  EXPECT_EQ(WaitRecord(call->session, "Stop").Get("User-Name"), "customer-4711");
}

// features 6.4: the interface is configured only when the Start has been answered.
TEST_F(RadiusAccountingTest, TheStartComesBeforeTheInterface) {
  ASSERT_TRUE(lab().Reload(With("max-try: 20")));
  Freeze(second());
  Capture capture(lab().server(), "lan0", "udp and dst port 1813");
  Dialer dialer = DialAs("rita");
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
  ASSERT_TRUE(
      ServeUntil(dialer, [&] { return !RadiusOf(capture.SoFar(), kAccountingRequest).empty(); }));
  const std::string address = dialer.facts().address.ToString();
  EXPECT_THAT(lab().server().Ip("addr"), ::testing::Not(HasSubstr(address)));
  EXPECT_EQ(lab().SessionWith("username", "rita").value_or(Json{}).at("state").text(), "start");
  GoOn(second());
  EXPECT_TRUE(WaitActive("rita"));
  EXPECT_THAT(lab().server().Ip("addr"), HasSubstr("peer " + address));
  HangUp(dialer);
  ASSERT_TRUE(lab().Reload(Config()));
}

TEST_F(RadiusAccountingTest, WithoutAnAnswerToItsStartASessionEnds) {
  second().Kill();
  Dialer dialer = DialAs("rita");
  EXPECT_TRUE(dialer.DriveUntilFinished());
  EXPECT_TRUE(lab().WaitSessions(0));
  // Others, whom nobody accounts, are not concerned.
  ASSERT_TRUE(lab().Reload(
      RadiusConfigOf({RadiusServer(kFirst, "disable-accounting: true")}, "max-try: 2")));
  EXPECT_TRUE(CanLogIn("rita"));
  ASSERT_TRUE(Run(second()));
  ASSERT_TRUE(lab().Reload(Config()));
}

// Not more often than every ten seconds (features 6.4), whatever it says.
TEST_F(RadiusAccountingTest, InterimUpdatesComeAsOftenAsTheServerSays) {
  const auto call = Up("often");
  Ping(call->dialer, 3);
  const auto regular = [&] {
    auto interims = RecordsOf(call->session, "Interim-Update");
    std::erase_if(interims, [](const AccountingLine& one) {
      return std::stoi("0" + one.Get("Acct-Session-Time")) < 5;
    });
    return interims;
  };
  ASSERT_TRUE(ServeUntil(call->dialer, [&] { return !regular().empty(); }));
  EXPECT_NEAR(std::stoi(regular()[0].Get("Acct-Session-Time")), 10, 2);
  ExpectCounters(regular()[0], 3);
  HangUp(call->dialer);
  ExpectOneStop(call->session, 3);
}

TEST_F(RadiusAccountingTest, AnEndHasItsCause) {
  const auto ended = Up("rita");
  EXPECT_EQ(lab().Ctl({"terminate", "user", "rita"}).exit_code, 0);
  EXPECT_TRUE(ended->dialer.DriveUntilFinished());
  EXPECT_EQ(WaitRecord(ended->session, "Stop").Get("Acct-Terminate-Cause"), "NAS-Request");
  auto lost = Up("rita");
  const std::string session = lost->session;
  lost.reset();
  EXPECT_TRUE(lab().WaitSessions(0));
  EXPECT_EQ(WaitRecord(session, "Stop").Get("Acct-Terminate-Cause"), "Lost-Carrier");
}

TEST_F(RadiusAccountingTest, TimeoutsOfTheAcceptEndSessions) {
  for (const auto& [user, cause] :
       {std::pair{"brief", "Session-Timeout"}, std::pair{"idle", "Idle-Timeout"}}) {
    SCOPED_TRACE(user);
    Dialer dialer = DialAs(user);
    ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
    EXPECT_TRUE(dialer.DriveUntilFinished());
    const auto stops = [name = user] {
      auto found = Records();
      std::erase_if(found, [name](const AccountingLine& one) {
        return one.Get("User-Name") != name || one.Get("Acct-Status-Type") != "Stop";
      });
      return found;
    };
    ASSERT_TRUE(WaitUntil([&] { return !stops().empty(); }, kPatience));
    EXPECT_EQ(stops()[0].Get("Acct-Terminate-Cause"), cause);
    EXPECT_NEAR(std::stoi("0" + stops()[0].Get("Acct-Session-Time")), 2, 1);
  }
}

TEST_F(RadiusAccountingTest, AStopWaitsForAServerThatIsAway) {
  const auto call = Up("rita");
  Ping(call->dialer, 5);
  second().Kill();
  HangUp(call->dialer);
  EXPECT_THAT(RecordsOf(call->session, "Stop"), IsEmpty());
  // It was sent in vain before the server is there again.
  EXPECT_TRUE(WaitControlLog("Stop stays: no answer from server\\(2\\)"));
  ASSERT_TRUE(Run(second()));
  ExpectOneStop(call->session, 5);
  EXPECT_GE(std::stoi("0" + WaitRecord(call->session, "Stop").Get("Acct-Delay-Time")), 1);
}

// ---- The control plane dies

TEST_F(RadiusAccountingTest, ASessionOutlivesTheControlPlaneAndGetsItsStop) {
  const auto call = Up("rita");
  Ping(call->dialer, 2);
  KillControlPlane();
  EXPECT_TRUE(WaitActive("rita"));
  EXPECT_EQ(SessionId("rita"), call->session);
  Ping(call->dialer, 2);
  HangUp(call->dialer);
  ExpectOneStop(call->session, 4);
  EXPECT_EQ(RecordsOf(call->session, "Start").size(), 1U);
}

TEST_F(RadiusAccountingTest, AnEndWhileTheControlPlaneIsDeadIsRecorded) {
  const auto call = Up("rita");
  Ping(call->dialer, 6);
  KillControlPlane([&] {
    call->dialer.session().Disconnect(client::Now());
    EXPECT_TRUE(call->dialer.DriveUntilFinished());
  });
  ExpectOneStop(call->session, 6);
  EXPECT_EQ(WaitRecord(call->session, "Stop").Get("Acct-Terminate-Cause"), "User-Request");
}

TEST_F(RadiusAccountingTest, WhatEndsWhileTheControlPlaneIsDeadIsDatedWhenItEnded) {
  const auto call = Up("rita");
  std::time_t ended = 0;
  KillControlPlane([&] {
    call->dialer.session().Disconnect(client::Now());
    EXPECT_TRUE(call->dialer.DriveUntilFinished());
    ended = std::time(nullptr);
    // So much later that nobody could take the one for the other.
    EXPECT_TRUE(WaitUntil([&] { return std::time(nullptr) >= ended + 4; }, kPatience));
  });
  const AccountingLine stop = WaitRecord(call->session, "Stop");
  std::tm date{};
  ASSERT_NE(strptime(stop.Get("Event-Timestamp").c_str(), "%b %d %Y %H:%M:%S", &date), nullptr)
      << stop.Get("Event-Timestamp");
  date.tm_isdst = -1;
  EXPECT_NEAR(static_cast<double>(std::mktime(&date)), static_cast<double>(ended), 2);
  EXPECT_GE(std::stoi("0" + stop.Get("Acct-Delay-Time")), 2);
}

TEST_F(RadiusAccountingTest, AStopThatWaitsOutlivesTheControlPlane) {
  const auto call = Up("rita");
  Ping(call->dialer, 3);
  second().Kill();
  HangUp(call->dialer);
  KillControlPlane();
  ASSERT_TRUE(Run(second()));
  ExpectOneStop(call->session, 3);
  EXPECT_EQ(WaitRecord(call->session, "Stop").Get("Class"), "0x676f6c64");
}

// ---- Accounting-On and -Off

TEST_F(RadiusAccountingTest, TheServerHearsThatTheNasComesAndGoes) {
  const auto statuses = [] {
    std::vector<std::string> found;
    for (const AccountingLine& record : Records()) {
      const std::string status = record.Get("Acct-Status-Type");
      if (status.rfind("Accounting-O", 0) == 0) found.push_back(status);
    }
    return found;
  };
  ASSERT_TRUE(WaitBooksClosed());
  const std::size_t before = statuses().size();
  EXPECT_EQ(lab().control_plane().Stop(), 0);
  EXPECT_TRUE(WaitUntil([&] { return statuses().size() > before; }, kPatience));
  EXPECT_EQ(statuses().back(), "Accounting-Off");
  ASSERT_TRUE(lab().StartControlPlane());
  ASSERT_TRUE(lab().WaitApplied());
  EXPECT_TRUE(WaitUntil([&] { return statuses().size() > before + 1; }, kPatience));
  EXPECT_EQ(statuses().back(), "Accounting-On");
  // With a session there is none: it would say that the session is over.
  const auto call = Up("rita");
  const std::size_t quiet = statuses().size();
  EXPECT_EQ(lab().control_plane().Stop(), 0);
  ASSERT_TRUE(lab().StartControlPlane());
  ASSERT_TRUE(lab().WaitApplied());
  HangUp(call->dialer);
  WaitRecord(call->session, "Stop");
  EXPECT_EQ(statuses().size(), quiet);
}

}  // namespace
}  // namespace sstpgw::test
