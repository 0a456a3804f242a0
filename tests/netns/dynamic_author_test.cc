// Disconnect- and CoA-Requests from a server while sessions run, by radclient (checklist C10-C13,
// C18, C20, C21). What a changed rate does is measured in radius_shaping_test.cc.
//
//   client ──── server: both daemons, 10.255.255.1:1700 ──── inside: radclient, two FreeRADIUS
#include "tests/netns/radius_suite.h"
#include "tests/netns/shaper_suite.h"
#include "tests/support/udp_socket.h"

namespace sstpgw::test {
namespace {

using client::Phase;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint8_t kAcctSessionId = 44;
constexpr std::uint16_t kPort = 1700;

class DynamicAuthorTest : public RadiusSuite<DynamicAuthorTest> {
 public:
  static LabConfig Config() { return With("server: 10.255.255.1"); }
  static LabConfig With(const std::string& author, const std::string& rest = "") {
    return RadiusConfigOf({RadiusServer(kFirst), RadiusServer(kSecond)},
                          "nas-ip-address: 10.255.255.1\nrate-limit: { enable: true }\n"
                          "dynamic-author: { key: coa-key, allow-from: [10.20.0.0/24]" +
                              (author.empty() ? "" : ", " + author) + " }\n" + rest);
  }
  static void Equip(FreeRadiusOptions& options) {
    options.users = R"(
rita Cleartext-Password := "test"
  Filter-Id = "8000/4000",
  Class = "gold"
otto Cleartext-Password := "test"
)";
  }

 protected:
  // radclient's answer, its attributes included; "No reply" within a second and a bit.
  static std::string Radclient(const std::string& command, const std::string& attributes,
                               const std::string& key = "coa-key", std::uint16_t port = kPort) {
    const std::string file = lab().directory().Write("request", attributes + "\n");
    return lab().inside().Shell(
        "radclient -x -r 1 -t " + std::string(key == "coa-key" ? "10" : "1") + " -f " + file + " " +
        kNas + ":" + std::to_string(port) + " " + command + " " + key + " 2>&1");
  }
  static std::string Of(const std::string& session) {
    return "Acct-Session-Id = \"" + session + "\"";
  }
  static std::string Listening() {
    return lab().server().Shell("ss -Hlun '( sport = :1700 or sport = :3799 )' | awk '{print $4}'");
  }
  static auto Refused(const std::string& code, const std::string& cause) {
    return AllOf(HasSubstr("Received " + code + "-NAK"), HasSubstr("Error-Cause = " + cause));
  }
};

TEST_F(DynamicAuthorTest, C10C11C21WhereItListens) {
  EXPECT_EQ(Listening(), "10.255.255.1:1700\n");
  ASSERT_TRUE(lab().Reload(With("server: 10.20.0.1, port: 3799")));
  EXPECT_TRUE(WaitUntil([] { return Listening() == "10.20.0.1:3799\n"; }, kPatience))
      << Listening();
  // Without an address of its own it is the NAS's.
  ASSERT_TRUE(lab().Reload(With("port: 3799")));
  EXPECT_TRUE(WaitUntil([] { return Listening() == "10.255.255.1:3799\n"; }, kPatience))
      << Listening();
  EXPECT_THAT(Radclient("disconnect", Of("00000000deadbeef"), "coa-key", 3799),
              Refused("Disconnect", "Session-Context-Not-Found"));
  ASSERT_TRUE(lab().Reload(RadiusConfigOf({RadiusServer(kFirst)})));
  EXPECT_TRUE(WaitUntil([] { return Listening().empty(); }, kPatience)) << Listening();
  ASSERT_TRUE(lab().Reload(Config()));
  EXPECT_TRUE(WaitUntil([] { return Listening() == "10.255.255.1:1700\n"; }, kPatience));
}

TEST_F(DynamicAuthorTest, C12TheKey) {
  EXPECT_THAT(Radclient("disconnect", Of("00000000deadbeef")), HasSubstr("Disconnect-NAK"));
  const std::string silence = Radclient("disconnect", Of("00000000deadbeef"), "guessed");
  EXPECT_THAT(silence, Not(HasSubstr("Received")));
  EXPECT_THAT(silence, HasSubstr("No reply"));
  LabConfig config = Config();
  const std::string key = "key: coa-key, ";
  config.radius.erase(config.radius.find(key), key.size());
  lab().WriteConfig(config);
  const Finished reload = lab().Ctl({"reload"});
  EXPECT_NE(reload.exit_code, 0);
  EXPECT_THAT(reload.output, ContainsRegex("radius.dynamic-author.key"));
  ASSERT_TRUE(lab().Reload(Config()));
}

TEST_F(DynamicAuthorTest, WhoIsNotAllowedHearsNothing) {
  ASSERT_TRUE(lab().Reload(With("server: 10.255.255.1")));
  LabConfig config = Config();
  const std::string all = "10.20.0.0/24";
  config.radius.replace(config.radius.find(all), all.size(), "10.20.0.3/32");
  ASSERT_TRUE(lab().Reload(config));
  EXPECT_THAT(lab().inside().Shell("echo 'User-Name = \"rita\"' | radclient -x -r 1 -t 1 " +
                                   std::string(kNas) + ":1700 disconnect coa-key 2>&1"),
              HasSubstr("No reply"));
  ASSERT_TRUE(lab().Reload(Config()));
}

// ---- C13

TEST_F(DynamicAuthorTest, C13ADisconnectEndsTheSession) {
  Dialer dialer = DialAs("rita");
  Dialer other = DialAs("otto");
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
  ASSERT_TRUE(other.DialUntil(Phase::kUp)) << other.failure().detail;
  ASSERT_TRUE(WaitActive("rita") && WaitActive("otto"));
  const std::string session = SessionId("rita");
  EXPECT_THAT(Radclient("disconnect", Of(session)), HasSubstr("Received Disconnect-ACK"));
  EXPECT_TRUE(dialer.DriveUntilFinished());
  EXPECT_TRUE(lab().WaitSessions(1));
  EXPECT_EQ(WaitRecord(session, "Stop").Get("Acct-Terminate-Cause"), "Admin-Reset");
  EXPECT_THAT(Radclient("disconnect", Of(session)),
              Refused("Disconnect", "Session-Context-Not-Found"));
  // By name and address together; who does not fit all of it is not meant.
  const std::string address = other.facts().address.ToString();
  EXPECT_THAT(Radclient("disconnect", "User-Name = \"rita\", Framed-IP-Address = " + address),
              Refused("Disconnect", "Session-Context-Not-Found"));
  EXPECT_THAT(Radclient("disconnect", "User-Name = \"otto\", Framed-IP-Address = " + address),
              HasSubstr("Received Disconnect-ACK"));
  EXPECT_TRUE(other.DriveUntilFinished());
  EXPECT_THAT(Radclient("disconnect", "Reply-Message = \"nobody in particular\""),
              Refused("Disconnect", "Missing-Attribute"));
}

// Its answer may have been lost: the same datagram again gets the same answer, not a NAK.
TEST_F(DynamicAuthorTest, ARepeatedRequestGetsTheSameAnswer) {
  Dialer dialer = DialAs("rita");
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
  ASSERT_TRUE(WaitActive("rita"));
  const std::string session = SessionId("rita");
  const Bytes request = SignedRequest(
      kDisconnectRequest, 77, {{kAcctSessionId, Bytes(session.begin(), session.end())}}, "coa-key");
  UdpSocket socket(lab().inside(), kFirst, 0);
  ASSERT_TRUE(socket.Send(kNas, kPort, request, request.size()));
  const Bytes answer = socket.Receive();
  ASSERT_FALSE(answer.empty());
  EXPECT_EQ(answer[0], kDisconnectAck);
  EXPECT_EQ(answer[1], 77);
  EXPECT_TRUE(IsGenuineAnswer(answer, request, "coa-key"));
  EXPECT_TRUE(dialer.DriveUntilFinished());
  EXPECT_TRUE(lab().WaitSessions(0));
  ASSERT_TRUE(socket.Send(kNas, kPort, request, request.size()));
  EXPECT_EQ(socket.Receive(), answer);
}

// ---- Changes

TEST_F(DynamicAuthorTest, ACoaIsAppliedAsAWholeOrNotAtAll) {
  Dialer dialer = DialAs("rita");
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
  ASSERT_TRUE(WaitActive("rita"));
  const std::string session = SessionId("rita");
  EXPECT_THAT(Radclient("coa", Of(session) + ", Filter-Id = \"2048/1024\", Framed-MTU = 1400"),
              Refused("CoA", "Unsupported-Attribute"));
  EXPECT_THAT(Radclient("coa", Of(session) + ", Class = 0x73696c766572, Filter-Id = \"fast\""),
              Refused("CoA", "Invalid-Attribute-Value"));
  EXPECT_EQ(LimitOf(lab(), "rita"), "8000/4000");
  EXPECT_THAT(Radclient("coa", Of(session) + ", Class = 0x627261737321, Filter-Id = \"3000/1000\""),
              HasSubstr("Received CoA-ACK"));
  EXPECT_EQ(LimitOf(lab(), "rita"), "3000/1000");
  HangUp(dialer);
  EXPECT_EQ(WaitRecord(session, "Stop").Get("Class"), "0x627261737321");
}

TEST_F(DynamicAuthorTest, ACoaSetsTimesThatCountFromNow) {
  Dialer dialer = DialAs("rita");
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
  ASSERT_TRUE(WaitActive("rita"));
  const std::string session = SessionId("rita");
  EXPECT_THAT(Radclient("coa", Of(session) + ", Acct-Interim-Interval = 1"),
              HasSubstr("Received CoA-ACK"));
  // Beside the one that tells the interface's name.
  const auto lived = [&session] {
    const auto interims = RecordsOf(session, "Interim-Update");
    return interims.empty() ? 0 : std::stoi("0" + interims.back().Get("Acct-Session-Time"));
  };
  ASSERT_TRUE(ServeUntil(dialer, [&] { return lived() >= 5; }));
  EXPECT_THAT(Radclient("coa", Of(session) + ", Session-Timeout = 2"),
              HasSubstr("Received CoA-ACK"));
  EXPECT_TRUE(dialer.DriveUntilFinished());
  const AccountingLine stop = WaitRecord(session, "Stop");
  EXPECT_EQ(stop.Get("Acct-Terminate-Cause"), "Session-Timeout");
  EXPECT_NEAR(std::stoi("0" + stop.Get("Acct-Session-Time")), lived() + 2, 2);
}

// ---- C18, C20

TEST_F(DynamicAuthorTest, C18C20AnotherNasIsNotMeant) {
  Dialer dialer = DialAs("rita");
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
  ASSERT_TRUE(WaitActive("rita"));
  const std::string session = SessionId("rita");
  for (const char* foreign : {"NAS-Identifier = \"gw2\"", "NAS-IP-Address = 10.255.255.2"}) {
    EXPECT_THAT(Radclient("disconnect", Of(session) + ", " + foreign),
                Refused("Disconnect", "NAS-Identification-Mismatch"));
    EXPECT_THAT(Radclient("coa", Of(session) + ", Filter-Id = \"1000/1000\", " + foreign),
                Refused("CoA", "NAS-Identification-Mismatch"));
  }
  EXPECT_EQ(LimitOf(lab(), "rita"), "8000/4000");
  EXPECT_THAT(Radclient("disconnect",
                        Of(session) + ", NAS-Identifier = \"gw1\", NAS-IP-Address = 10.255.255.1"),
              HasSubstr("Received Disconnect-ACK"));
  EXPECT_TRUE(dialer.DriveUntilFinished());
}

}  // namespace
}  // namespace sstpgw::test
