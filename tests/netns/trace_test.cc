// The page's own example, line by line: a client that opens like Windows dials with PAP, and the
// gateway's log is compared with the page (features Annex B, checklist K). Then the tables of the
// page (checklist J), and the wire seen from outside (A1).
//
//   client 192.168.10.100 ──── 192.168.10.1 server: both daemons, log level 5
#include <netinet/in.h>
#include <sys/socket.h>

#include <regex>

#include "tests/netns/lab_suite.h"
#include "tests/support/capture.h"

namespace sstpgw::test {
namespace {

using client::ClientOptions;
using client::Phase;
using ::testing::AnyOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class TraceTest : public LabSuite<TraceTest> {
 public:
  static LabConfig Config() {
    LabConfig config;
    config.users = "test: { password: s3cret-Pass }\nother: { password: other }";
    config.protocols = "[pap, chap, mschap, mschap-v2]";
    return config;
  }

 protected:
  static ClientOptions PageClient() {
    ClientOptions options = TestUser();
    options.password = "s3cret-Pass";
    options.host = "vyos.io";
    options.auth = {AuthProtocol::kPap};
    options.deviations.windows_opening = true;
    return options;
  }
  // Every pattern is found, each after the one before.
  static void ExpectInOrder(const std::vector<std::string>& patterns, std::size_t from) {
    std::string last = "the beginning";
    for (const std::string& pattern : patterns) {
      const auto line = lab().WaitLog(pattern, from);
      ASSERT_TRUE(line) << "missing after " << last << ":\n  " << pattern;
      while (lab().gateway().Lines(from).front() != *line) ++from;
      ++from;
      last = *line;
    }
  }
  static std::string LocalPort(int socket) {
    sockaddr_in address{};
    socklen_t size = sizeof(address);
    EXPECT_EQ(getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size), 0);
    return std::to_string(ntohs(address.sin_port));
  }
  // LCP packets of the server that came after the client's first Identification, once it has
  // answered an Echo-Request that the client sent last: what was to come before is there.
  static std::vector<client::PppControl> LcpSinceIdent(Dialer& dialer) {
    constexpr std::uint8_t kLast = 0xee;
    const auto lcp = [](const client::SstpPacket& packet) -> std::optional<client::PppControl> {
      const auto frame = packet.frame();
      if (!frame || frame->protocol != client::kLcp) return std::nullopt;
      return client::ParsePppControl(frame->information);
    };
    dialer.Send(client::SstpPpp(client::kLcp, {client::kEchoReq, kLast, Bytes(4, 0)}));
    EXPECT_TRUE(dialer.DriveUntilPacket([&lcp](const client::SstpPacket& packet) {
      const auto control = lcp(packet);
      return control && control->code == client::kEchoRep && control->id == kLast;
    }));
    std::vector<client::PppControl> found;
    bool identified = false;
    for (const client::TraceEntry& entry : dialer.session().trace()) {
      const auto control = lcp(entry.packet);
      if (!control) continue;
      identified = identified || (!entry.from_server && control->code == client::kIdent);
      const bool last = control->code == client::kEchoRep && control->id == kLast;
      if (identified && entry.from_server && !last) found.push_back(*control);
    }
    EXPECT_TRUE(identified);
    return found;
  }
};

TEST_F(TraceTest, K1ToK18TheLogOfThePage) {
  const std::size_t from = lab().gateway().LineCount();
  ClientOptions options = PageClient();
  options.deviations.swallow_first_lcp_request = true;  // K9: answered at the second time only
  Dialer dialer = Dial(options);
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
  const std::string address = dialer.facts().address.ToString();
  const std::string magic = "<magic [0-9a-f]{1,8}>";
  ExpectInOrder(
      {
          "sstp: new connection from 192\\.168\\.10\\.100:[0-9]+$",
          "sstp: starting$",
          "sstp: started$",
          ":: recv \\[HTTP <SSTP_DUPLEX_POST "
          "/sra_\\{BA195980-CD49-458b-9E23-C84EE0ADCD75\\}/ HTTP/1\\.1>\\]$",
          ":: recv \\[HTTP <SSTPCORRELATIONID: \\{48B82435-099A-4158-A987-052E7570CFAA\\}>\\]$",
          ":: recv \\[HTTP <Content-Length: 18446744073709551615>\\]$",
          ":: recv \\[HTTP <Host: vyos\\.io>\\]$",
          ":: send \\[HTTP <HTTP/1\\.1 200 OK>\\]$",
          ":: send \\[HTTP <Date: .* GMT>\\]$",
          ":: send \\[HTTP <Content-Length: 18446744073709551615>\\]$",
          ":: recv \\[SSTP SSTP_MSG_CALL_CONNECT_REQUEST\\]$",
          ":: send \\[SSTP SSTP_MSG_CALL_CONNECT_ACK\\]$",
          ":: lcp_layer_init$",
          ":: auth_layer_init$",
          ":: ccp_layer_init$",
          ":: ipcp_layer_init$",
          ":: ipv6cp_layer_init$",
          ":: ppp establishing$",
          ":: lcp_layer_start$",
          ":: send \\[LCP ConfReq id=[0-9a-f]+ <auth PAP> <mru 1452> " + magic + "\\]$",
          ":: recv \\[LCP ConfReq id=0 <mru 4091> " + magic + " <pcomp> <accomp> < d 3 6 >\\]$",
          ":: send \\[LCP ConfRej id=0 <pcomp> <accomp> < d 3 6 >\\]$",
          ":: recv \\[LCP ConfReq id=1 <mru 4091> " + magic + "\\]$",
          ":: send \\[LCP ConfNak id=1 <mru 1452>\\]$",
          ":: recv \\[LCP ConfReq id=2 <mru 1452> " + magic + "\\]$",
          ":: send \\[LCP ConfAck id=2\\]$",
          ":: fsm timeout 9$",
          ":: send \\[LCP ConfReq id=[0-9a-f]+ <auth PAP> <mru 1452> " + magic + "\\]$",
          ":: recv \\[LCP ConfAck id=[0-9a-f]+ <auth PAP> <mru 1452> " + magic + "\\]$",
          ":: lcp_layer_started$",
          ":: auth_layer_start$",
          ":: recv \\[LCP Ident id=[0-9a-f]+ <MSRASV5\\.20>\\]$",
          ":: recv \\[LCP Ident id=[0-9a-f]+ <MSRAS-0-MSEDGEWIN10>\\]$",
          ":: recv \\[PAP AuthReq id=3\\]$",
          "ppp[0-9]+:test: connect: ppp[0-9]+ <--> sstp\\(192\\.168\\.10\\.100:[0-9]+\\)$",
          "ppp[0-9]+:test: ppp connected$",
          "ppp[0-9]+:test: send \\[PAP AuthAck id=3 \"Authentication succeeded\"\\]$",
          "ppp[0-9]+:test: test: authentication succeeded$",
          "ppp[0-9]+:test: auth_layer_started$",
          "ppp[0-9]+:test: ccp_layer_start$",
          "ppp[0-9]+:test: ipcp_layer_start$",
          "ppp[0-9]+:test: ipv6cp_layer_start$",
          "ppp[0-9]+:test: recv \\[SSTP SSTP_MSG_CALL_CONNECTED\\]$",
          "ppp[0-9]+:test: IPV6CP: discarding packet$",
          "ppp[0-9]+:test: send \\[LCP ProtoRej id=[0-9]+ <8057>\\]$",
          "ppp[0-9]+:test: recv \\[IPCP ConfReq id=[0-9a-f]+ <addr 0\\.0\\.0\\.0> "
          "<dns1 0\\.0\\.0\\.0> <wins1 0\\.0\\.0\\.0> <dns2 0\\.0\\.0\\.0> <wins2 "
          "0\\.0\\.0\\.0>\\]$",
          "ppp[0-9]+:test: send \\[IPCP ConfReq id=[0-9a-f]+ <addr 10\\.0\\.0\\.1>\\]$",
          "ppp[0-9]+:test: send \\[IPCP ConfRej id=[0-9a-f]+ <dns1 0\\.0\\.0\\.0> "
          "<wins1 0\\.0\\.0\\.0> <dns2 0\\.0\\.0\\.0> <wins2 0\\.0\\.0\\.0>\\]$",
          "ppp[0-9]+:test: recv \\[IPCP ConfAck id=[0-9a-f]+ <addr 10\\.0\\.0\\.1>\\]$",
          "ppp[0-9]+:test: recv \\[IPCP ConfReq id=[0-9a-f]+ <addr 0\\.0\\.0\\.0>\\]$",
          "ppp[0-9]+:test: send \\[IPCP ConfNak id=[0-9a-f]+ <addr " + address + ">\\]$",
          "ppp[0-9]+:test: recv \\[IPCP ConfReq id=[0-9a-f]+ <addr " + address + ">\\]$",
          "ppp[0-9]+:test: send \\[IPCP ConfAck id=[0-9a-f]+\\]$",
          "ppp[0-9]+:test: ipcp_layer_started$",
          "ppp[0-9]+:test: rename interface to 'sstp0'$",
          "sstp0:test: sstp: ppp: started$",
          "sstp0:test: session up: address " + address + ", client 192\\.168\\.10\\.100:[0-9]+$",
      },
      from);
  // K6: the first PPP frame of all is the server's; K9: the same Identifier twice.
  const auto requests = lab().gateway().Matching("send \\[LCP ConfReq", from);
  ASSERT_EQ(requests.size(), 2u);
  const auto tail = [](const std::string& line) { return line.substr(line.find("send [")); };
  EXPECT_EQ(tail(requests[0]), tail(requests[1]));
  // K10: nobody answers an Ident. All that LCP says after it is that it runs no IPv6CP; CCP is
  // spoken, and its options are rejected where the login gives no keys.
  std::vector<int> rejected;
  for (const client::PppControl& packet : LcpSinceIdent(dialer)) {
    EXPECT_EQ(packet.code, client::kProtoRej);
    ASSERT_GE(packet.data.size(), 2u);
    rejected.push_back((packet.data[0] << 8) | packet.data[1]);
  }
  EXPECT_THAT(rejected, ElementsAre(client::kIpv6cp));
  HangUp(dialer);
  EXPECT_TRUE(lab().WaitLog("sstp: disconnect by peer", from));
  EXPECT_TRUE(lab().WaitLog("sstp: disconnected$", from));
  EXPECT_TRUE(
      lab().WaitLog("sstp0:test: session down after 00:00:[0-9]{2}: [0-9]+ octets from the client, "
                    "[0-9]+ to it; User-Request: ",
                    from));
  EXPECT_THAT(lab().gateway().Output(from), Not(HasSubstr("s3cret"))) << "a password in the log";
  EXPECT_THAT(lab().control_plane().Output(), Not(HasSubstr("s3cret")));
}

TEST_F(TraceTest, TheFirstLineIsWhatIsStarting) {
  EXPECT_THAT(lab().gateway().Lines(0).front(),
              ContainsRegex("\\]: sstp-gateway [0-9.]+ 'gw1': [0-9]+ workers, [0-9]+ handshake"));
}

TEST_F(TraceTest, K10AnIdentIsLoggedWithItsControlCharactersEscapedAndNotAnswered) {
  ClientOptions options = PageClient();
  options.deviations.windows_opening = false;
  Dialer dialer = Dial(options);
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp));
  dialer.Send(client::SstpPpp(
      client::kLcp, {client::kIdent, 9,
                     client::Concat({Bytes(4, 0), client::ToBytes("evil\x1b[31m\nsstp0:x")})}));
  EXPECT_TRUE(lab().WaitLog("LCP Ident .*evil\\\\x1b\\[31m\\\\x0asstp0:x", gateway_line_));
  EXPECT_THAT(LcpSinceIdent(dialer), IsEmpty());
  HangUp(dialer);
}

// K9: ten transmissions of the same request, three seconds apart, then the end.
TEST_F(TraceTest, K9TenTransmissionsThenTheEnd) {
  ClientOptions options = PageClient();
  options.deviations.silent_lcp = true;
  Dialer dialer = Dial(options);
  EXPECT_TRUE(dialer.DriveUntilFinished(std::chrono::seconds(60)));
  std::vector<client::PppControl> requests;
  std::vector<TimePoint> times;
  for (const client::TraceEntry& entry : dialer.session().trace()) {
    const auto frame = entry.packet.frame();
    if (!entry.from_server || !frame || frame->protocol != client::kLcp) continue;
    const auto packet = client::ParsePppControl(frame->information);
    if (!packet || packet->code != client::kConfReq) continue;
    requests.push_back(*packet);
    times.push_back(entry.at);
  }
  ASSERT_EQ(requests.size(), 10u);
  for (std::size_t i = 1; i < requests.size(); ++i) {
    EXPECT_EQ(requests[i].id, requests[0].id);
    EXPECT_EQ(requests[i].data, requests[0].data);
    const std::chrono::duration<double> gap = times[i] - times[i - 1];
    EXPECT_GE(gap.count(), 2.5) << "seconds before transmission " << i + 1;
    EXPECT_LE(gap.count(), 4.5) << "seconds before transmission " << i + 1;
  }
  for (int left = 9; left >= 1; --left) {
    EXPECT_TRUE(lab().WaitLog("fsm timeout " + std::to_string(left) + "$", gateway_line_)) << left;
  }
}

TEST_F(TraceTest, K13AFailedLoginIsPrinted) {
  ClientOptions options = PageClient();
  options.password = "wr0ng";
  Dialer dialer = Dial(options);
  EXPECT_TRUE(dialer.DriveUntilFinished());
  EXPECT_TRUE(lab().WaitLog(
      "\\]: sstp\\(192\\.168\\.10\\.100:[0-9]+\\): test: authentication failed", gateway_line_));
  EXPECT_THAT(lab().gateway().Output(gateway_line_), Not(HasSubstr("wr0ng")));
}

TEST_F(TraceTest, K17NamesAreTheLowestFreeNumbers) {
  ClientOptions options = PageClient();
  Dialer first = Dial(options);
  ASSERT_TRUE(first.DialUntil(Phase::kUp));
  ClientOptions other = TestUser();
  other.user = other.password = "other";
  Dialer second = Dial(other);
  ASSERT_TRUE(second.DialUntil(Phase::kUp));
  const auto name_of = [](const std::string& user) {
    const auto row = lab().SessionWith("username", user);
    return row ? row->at("ifname").text() : "";
  };
  EXPECT_TRUE(WaitUntil([&] { return name_of("test") == "sstp0"; }, kPatience));
  EXPECT_TRUE(WaitUntil([&] { return name_of("other") == "sstp1"; }, kPatience));
  HangUp(first, 1);
  EXPECT_TRUE(WaitUntil(
      [] {
        int code = 0;
        lab().server().Shell("ip link show sstp0 2>&1", &code);
        return code != 0;
      },
      kPatience));
  Dialer third = Dial(options);
  ASSERT_TRUE(third.DialUntil(Phase::kUp));
  EXPECT_TRUE(WaitUntil([&] { return name_of("test") == "sstp0"; }, kPatience)) << name_of("test");
  HangUp(third, 1);
  HangUp(second);
}

TEST_F(TraceTest, J1ToJ6TheTableOfThePage) {
  Dialer dialer = Dial(PageClient());
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp));
  ASSERT_TRUE(WaitActive());
  const Finished shown = lab().Ctl({"show", "sessions"});
  ASSERT_EQ(shown.exit_code, 0);
  std::vector<std::string> lines;
  std::istringstream text(shown.output);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 3u) << shown.output;
  EXPECT_TRUE(std::regex_match(
      lines[0],
      std::regex(" *ifname *\\| *username *\\| *ip *\\| *ip6 *\\| *ip6-dp *\\| *calling-sid *\\| "
                 "*rate-limit *\\| *state *\\| *uptime *\\| *rx-bytes *\\| *tx-bytes *")))
      << shown.output;
  EXPECT_TRUE(std::regex_match(lines[1], std::regex("-+(\\+-+){10}"))) << shown.output;
  const std::string row = " sstp0 +\\| test +\\| " + dialer.facts().address.ToString() +
                          " +\\| +\\| +\\| 192\\.168\\.10\\.100 +\\| +\\| active +\\| "
                          "00:00:[0-9]{2} +\\| [0-9.]+ (B|KiB) +\\| [0-9.]+ (B|KiB) *";
  EXPECT_TRUE(std::regex_match(lines[2], std::regex(row))) << shown.output;
  // J2: as the kernel has it.
  EXPECT_THAT(lab().server().Ip("addr show dev sstp0"),
              HasSubstr("peer " + dialer.facts().address.ToString() + "/32"));
  // J9 and the states before and after.
  const Json statistics = lab().CtlJson({"show", "statistics"});
  EXPECT_EQ(statistics.at("sessions").at("active").number(), 1);
  EXPECT_TRUE(WaitUntil(
      [] {
        const Json now = lab().CtlJson({"show", "statistics"});
        return now.at("sstp").at("active").number() == 1 &&
               now.at("sstp").at("starting").number() == 0;
      },
      kPatience));
  HangUp(dialer);
}

TEST_F(TraceTest, J9EveryPhaseIsCounted) {
  const auto counts = [](const char* group, const char* phase, double wanted) {
    return WaitUntil(
        [&] {
          return lab().CtlJson({"show", "statistics"}).at(group).at(phase).number() == wanted;
        },
        kPatience);
  };
  {
    const RawPeer before_http(lab().client(), lab().address());
    EXPECT_TRUE(counts("sstp", "starting", 1));
    ClientOptions options = PageClient();
    options.deviations.silent_auth = true;
    Dialer starting = Dial(options);
    ASSERT_TRUE(starting.DialUntil(Phase::kAuthentication));
    EXPECT_TRUE(counts("sessions", "starting", 1));
    EXPECT_TRUE(counts("sstp", "active", 1));
    EXPECT_TRUE(
        WaitUntil([] { return lab().SessionWith("state", "start").has_value(); }, kPatience));
  }
  // Both are gone.
  EXPECT_TRUE(counts("sstp", "starting", 0));
  EXPECT_TRUE(counts("sstp", "active", 0));
  EXPECT_TRUE(counts("sessions", "starting", 0));
}

// A client that does not answer LCP's Terminate-Request holds its session in the end's first phase.
TEST_F(TraceTest, J6J9FinishingIsShownAndCounted) {
  Dialer dialer = Dial(PageClient());
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp));
  ASSERT_TRUE(WaitActive());
  Json now;
  const auto sstp_active = [&now](double wanted) {
    return WaitUntil(
        [&] {
          now = lab().CtlJson({"show", "statistics"});
          return now.at("sstp").at("active").number() == wanted;
        },
        kPatience);
  };
  ASSERT_TRUE(sstp_active(1));
  ASSERT_EQ(lab().Ctl({"terminate", "user", "test"}).exit_code, 0);
  // Not driven meanwhile: it says nothing.
  EXPECT_TRUE(
      WaitUntil([] { return lab().SessionWith("state", "finish").has_value(); }, kPatience));
  // The gateway's figures come once a second, and these are of the time after the order.
  EXPECT_TRUE(sstp_active(0));
  EXPECT_EQ(now.at("sstp").at("starting").number(), 0) << "a session that ends does not start";
  EXPECT_EQ(now.at("sessions").at("finishing").number(), 1);
  EXPECT_EQ(now.at("sessions").at("active").number(), 0);
  EXPECT_TRUE(dialer.DriveUntilFinished());
  EXPECT_TRUE(lab().WaitSessions(0));
}

TEST_F(TraceTest, J8StatisticsHaveEveryLabelOfThePage) {
  const Finished shown = lab().Ctl({"show", "statistics"});
  EXPECT_EQ(shown.exit_code, 0);
  EXPECT_TRUE(std::regex_match(
      shown.output,
      std::regex("uptime: [0-9]+\\.[0-9]{2}:[0-9]{2}:[0-9]{2}\ncpu: [0-9]+%\n"
                 "mem\\(rss/virt\\): [0-9]+/[0-9]+ kB\ncore:\n"
                 "  mempool_allocated: [0-9]+\n  mempool_available: [0-9]+\n"
                 "  thread_count: [0-9]+\n  thread_active: [0-9]+\n"
                 "  context_count: [0-9]+\n  context_sleeping: [0-9]+\n  context_pending: [0-9]+\n"
                 "  md_handler_count: [0-9]+\n  md_handler_pending: [0-9]+\n"
                 "  timer_count: [0-9]+\n  timer_pending: [0-9]+\n"
                 "sessions:\n  starting: [0-9]+\n  active: [0-9]+\n  finishing: [0-9]+\n"
                 "sstp:\n  starting: [0-9]+\n  active: [0-9]+\n")))
      << shown.output;
}

TEST_F(TraceTest, J10EveryLineNamesTheService) {
  for (const std::string& line : lab().gateway().Lines()) {
    EXPECT_THAT(line, ContainsRegex("sstp-gateway\\[[0-9]+\\]: ")) << "stray output";
  }
}

TEST_F(TraceTest, A1TheWireShowsOnlyTls) {
  Capture capture(lab().client(), "wan0", "tcp port 443");
  Dialer dialer = Dial(PageClient());
  const std::string here = std::string(Lab::kClient) + ":" + LocalPort(dialer.connection().fd());
  const std::string there = std::string(Lab::kServer) + ":443";
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp));
  HangUp(dialer);
  auto streams = TcpStreams(capture.Finish());
  // Only this connection's: another's last packets may have been caught, too.
  for (const std::string& key : {here + ">" + there, there + ">" + here}) {
    const Bytes stream = streams[key];
    EXPECT_GT(stream.size(), 500u) << key;
    EXPECT_TRUE(IsOnlyTls(stream)) << key;
    const std::string text(stream.begin(), stream.end());
    for (const char* readable : {"SSTP", "sra_", "HTTP/1.1", "s3cret", "MSRAS", "vyos.io"}) {
      EXPECT_THAT(text, Not(HasSubstr(readable))) << key;
    }
  }
}

}  // namespace
}  // namespace sstpgw::test
