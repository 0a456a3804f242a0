// Accounting when what it needs is away for long: the disk of its store is full, and the server is
// down for longer than any record is tried in one go. FreeRADIUS's detail file is the judge.
//
//   client ──── server: both daemons ──── inside: first (logins), second (logins and records)
//               the store on a small tmpfs that only the control plane and we can see
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "tests/netns/radius_suite.h"

namespace sstpgw::test {
namespace {

using client::Phase;
using ::testing::IsEmpty;

constexpr std::size_t kEchoSize = 28;  // octets of an ICMP echo request without data

class RadiusOutageTest : public RadiusSuite<RadiusOutageTest> {
 public:
  static LabConfig Config() {
    LabConfig config = With("max-try: 2");
    config.control_wrapper = {
        "unshare",
        "-m",
        "sh",
        "-c",
        "for folder; do :; done; mkdir -p \"$folder\"; "
        "mount -t tmpfs -o size=4m,mode=0700 tmpfs \"$folder\" && exec \"$@\"",
        "sh"};
    return config;
  }
  static LabConfig With(const std::string& rest) {
    return RadiusConfigOf({RadiusServer(kFirst, "disable-accounting: true"), RadiusServer(kSecond)},
                          "acct-timeout: 0\n" + rest);
  }
  static void Equip(FreeRadiusOptions& options) {
    for (const char* user : {"ann", "rita", "zoe"}) {
      options.users += std::string(user) + " Cleartext-Password := \"test\"\n";
    }
  }

 protected:
  struct Call {
    explicit Call(const std::string& user)
        : dialer(lab().client(), lab().address(), RadiusUser(user)) {}
    Dialer dialer;
    std::string session;
  };
  static std::unique_ptr<Call> Up(const std::string& user) {
    auto call = std::make_unique<Call>(user);
    EXPECT_TRUE(call->dialer.DialUntil(Phase::kUp)) << call->dialer.failure().detail;
    EXPECT_TRUE(lab().WaitActive(user));
    call->session = SessionId(user);
    EXPECT_NE(call->session, "");
    return call;
  }
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
  // One Start and one Stop, which is later and has these counters.
  static void ExpectBook(const std::string& session, std::size_t packets) {
    const AccountingLine stop = WaitRecord(session, "Stop");
    EXPECT_EQ(stop.Get("Acct-Input-Octets"), std::to_string(packets * kEchoSize));
    EXPECT_EQ(stop.Get("Acct-Output-Octets"), std::to_string(packets * kEchoSize));
    std::vector<std::string> statuses;
    for (const AccountingLine& record : Records()) {
      if (record.Get("Acct-Session-Id") != session) continue;
      statuses.push_back(record.Get("Acct-Status-Type"));
    }
    std::erase(statuses, "Interim-Update");
    EXPECT_EQ(Join(statuses), "Start, Stop") << session;
  }
  // A number of "accounting" in "show radius --json"; -1: it is not there.
  static double Accounting(const std::string& name) {
    const Json radius = lab().CtlJson({"show", "radius"});
    const Json* accounting = radius.Find("accounting");
    const Json* found = accounting == nullptr ? nullptr : accounting->Find(name);
    return found == nullptr ? -1 : found->number();
  }
  [[nodiscard]] std::size_t Said(const std::string& pattern) const {
    return lab().control_plane().Matching(pattern, control_line_).size();
  }

  // ---- The disk, as the control plane sees it
  static std::string Filler() {
    return "/proc/" + std::to_string(lab().control_plane().pid()) + "/root" +
           lab().directory().File("state") + "/filler";
  }
  static void FillDisk() {
    const int file = open(Filler().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_GE(file, 0) << std::strerror(errno);
    const std::vector<char> zeros(4096);
    while (write(file, zeros.data(), zeros.size()) > 0) {
    }
    EXPECT_EQ(errno, ENOSPC) << std::strerror(errno);
    close(file);
  }
  static void FreeDisk() { ASSERT_EQ(unlink(Filler().c_str()), 0) << std::strerror(errno); }
};

TEST_F(RadiusOutageTest, WithAFullDiskSessionsGoOnAndNoRecordIsLost) {
  const auto call = Up("rita");
  WaitRecord(call->session, "Start");
  FillDisk();
  // Of whoever logs in nothing can be remembered, so she is not answered, and then nobody is let
  // in.
  Dialer waiting = DialAs("zoe");
  ASSERT_TRUE(ServeUntil(waiting, [&] { return Said("the store does not write") > 0; }));
  EXPECT_EQ(Accounting("sstp_radius_accounting_store_stalled"), 1);
  EXPECT_GE(Accounting("sstp_radius_accounting_store_stalls_total"), 1);
  Dialer refused = DialAs("ann");
  EXPECT_FALSE(refused.DialUntil(Phase::kUp));
  EXPECT_TRUE(WaitControlLog("ann: refused: the accounting store does not write"));
  // Who is in stays in.
  Ping(call->dialer, 5);
  call->dialer.session().Disconnect(client::Now());
  EXPECT_TRUE(call->dialer.DriveUntilFinished());
  EXPECT_TRUE(WaitUntil([] { return !lab().SessionWith("username", "rita"); }, kPatience));
  EXPECT_THAT(RecordsOf(call->session, "Stop"), IsEmpty()) << "it could be lost again";
  FreeDisk();
  EXPECT_TRUE(WaitControlLog("the store writes again"));
  ExpectBook(call->session, 5);
  waiting.session().Disconnect(client::Now());
  EXPECT_TRUE(waiting.DriveUntilFinished());
  const auto next = Up("ann");
  Ping(next->dialer, 2);
  next->dialer.session().Disconnect(client::Now());
  EXPECT_TRUE(next->dialer.DriveUntilFinished());
  ExpectBook(next->session, 2);
  EXPECT_TRUE(WaitBooksClosed());
  EXPECT_EQ(Accounting("sstp_radius_accounting_store_stalled"), 0);
  EXPECT_TRUE(
      WaitUntil([] { return Accounting("sstp_radius_accounting_spool_records") == 0; }, kPatience));
}

// One try of a second, so that every record is given up several times and waits for longer and
// longer in between.
TEST_F(RadiusOutageTest, AfterAnOutageLongerThanAllTriesAllRecordsArriveInTheirOrder) {
  // Sessions come up although nobody answers their Start.
  ASSERT_TRUE(lab().Reload(With("max-try: 1\nacct-delay-start: 1")));
  std::map<std::string, std::unique_ptr<Call>> calls;
  for (const char* user : {"rita", "zoe"}) {
    calls[user] = Up(user);
    WaitRecord(calls[user]->session, "Start");
  }
  second().Kill();
  calls["ann"] = Up("ann");
  std::size_t packets = 0;
  for (auto& [user, call] : calls) {
    Ping(call->dialer, ++packets);
    call->dialer.session().Disconnect(client::Now());
    EXPECT_TRUE(call->dialer.DriveUntilFinished());
  }
  ASSERT_TRUE(lab().WaitSessions(0));
  // The first record of each is given up three times.
  ASSERT_TRUE(WaitUntil(
      [&] { return Said("accounting: (Start|Stop) stays: no answer") >= 3 * calls.size(); },
      kPatience));
  EXPECT_EQ(Said("server\\(2\\) not responding"), 1U) << "once in an outage";
  EXPECT_GE(Accounting("sstp_radius_accounting_spool_records"), 4) << "of ann both";
  ASSERT_TRUE(Run(second()));
  packets = 0;
  for (const auto& [user, call] : calls) {
    SCOPED_TRACE(user);
    ExpectBook(call->session, ++packets);
    const std::string delay = WaitRecord(call->session, "Stop").Get("Acct-Delay-Time");
    EXPECT_GE(std::stoi("0" + delay), 5) << "dated when it ended";
  }
  EXPECT_TRUE(
      WaitUntil([] { return Accounting("sstp_radius_accounting_spool_records") == 0; }, kPatience));
  ASSERT_TRUE(lab().Reload(Config()));
}

}  // namespace
}  // namespace sstpgw::test
