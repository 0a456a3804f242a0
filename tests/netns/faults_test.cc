// What breaks in operation: the control plane dies or is away, the gateway restarts, a client
// vanishes, thousands of connections idle. Each suite has daemons of its own.
//
//   client, witness ──── server: sstp-gateway ──unix socket── sstp-controlplane
//                        lan0 10.20.0.1 ──── inside: lan0 10.20.0.2, iperf3 -s
#include <poll.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>
#include <map>

#include "tests/netns/lab_suite.h"

namespace sstpgw::test {
namespace {

using client::ClientOptions;
using client::FailureKind;
using client::Phase;
using ::testing::HasSubstr;
using ::testing::Not;

// TCP from the client through the tunnel to the host inside, until it is told to end.
class TcpStream {
 public:
  explicit TcpStream(Lab& lab)
      : receiver_({"iperf3", "-s", "-i", "0.5", "--forceflush"}, {&lab.inside(), {}, "iperf3 -s"}),
        listens_(receiver_.WaitForLine("Server listening", kPatience).has_value()),
        sender_({"iperf3", "-c", Lab::kInside, "-t", "0", "-b", "50M", "--forceflush"},
                {&lab.client(), {}, "iperf3 -c"}) {
    EXPECT_TRUE(listens_) << receiver_.Output();
  }
  // True if data still arrives.
  bool Flows() {
    // Twice from now on: the first half second may have been mostly before.
    std::size_t from = receiver_.LineCount();
    for (int i = 0; i < 2; ++i) {
      if (!receiver_.WaitForLine(" sec +[0-9.]*[1-9][0-9.]* [KMG]?Bytes ", kPatience, from)) {
        return false;
      }
      from = receiver_.LineCount();
    }
    return true;
  }
  // Ends it; "" if nothing but this did, otherwise what the sender said.
  std::string End() {
    sender_.Signal(SIGTERM);
    sender_.Wait(kPatience);
    const auto said = sender_.Matching("iperf3: ");
    const bool well =
        said.size() == 1 && said[0] == "iperf3: interrupt - the client has terminated";
    return well ? "" : sender_.Output();
  }

 private:
  Process receiver_;
  bool listens_;
  Process sender_;
};

class ControlPlaneFaults : public LabSuite<ControlPlaneFaults> {
 public:
  static constexpr int kMany = 50;
  static LabConfig Config() {
    LabConfig config;
    config.users += "\nlate: { password: late }";
    for (int i = 0; i < kMany; ++i) {
      config.users += "\nuser" + std::to_string(i) + ": { password: many }";
    }
    return config;
  }

 protected:
  // What must not change in the life of a session: user name -> the rest.
  static std::map<std::string, std::string> Table() {
    std::map<std::string, std::string> table;
    for (const Json& row : lab().Sessions()) {
      std::string& rest = table[row.at("username").text()];
      for (const char* column : {"sid", "ifname", "ip", "calling-sid", "state"}) {
        rest += row.at(column).text() + " ";
      }
    }
    return table;
  }
  static bool Attached() {
    return WaitUntil(
        [] {
          const Json gateways = lab().CtlJson({"show", "gateways"});
          return !gateways.list().empty() && gateways.list()[0].at("attached").number() == 1;
        },
        kPatience);
  }
};

// Fifty idle sessions, one that carries TCP and the witness's pings: none may notice.
TEST_F(ControlPlaneFaults, KillUnderTrafficLosesNothingAndTheTableComesBack) {
  constexpr std::size_t kAll = kMany + 2;
  Witness witness(lab());
  TunDial dial(lab(), lab().client(), "test", "test", {}, {"--route", "10.20.0.0/24"});
  ASSERT_TRUE(dial.WaitUp()) << dial.process().Output();
  Process many({Program("sstp-test-client"), "--server", Lab::kServer, "--ca", lab().ca_file(),
                "--user", "user%d", "--password", "many", "many", "--sessions",
                std::to_string(kMany), "--hold-until-signal"},
               {&lab().client(), {}, "sstp-test-client"});
  ASSERT_TRUE(many.WaitForLine("^holding: 50 up, 0 failed", std::chrono::seconds(120)))
      << many.Output();
  TcpStream stream(lab());
  ASSERT_TRUE(stream.Flows());
  ASSERT_TRUE(WaitUntil(
      [] {
        const Json now = lab().CtlJson({"show", "statistics"});
        return now.at("sessions").at("active").number() == kAll;
      },
      kPatience));
  const auto before = Table();
  ASSERT_EQ(before.size(), kAll);

  lab().control_plane().Kill();
  EXPECT_TRUE(witness.StillServed()) << "traffic must go on without the control plane";
  EXPECT_TRUE(stream.Flows());
  EXPECT_TRUE(lab().WaitLog("control plane not reachable|detached|lost", gateway_line_));
  ASSERT_TRUE(lab().StartControlPlane());
  ASSERT_TRUE(Attached());
  EXPECT_TRUE(WaitUntil([&] { return Table() == before; }, kPatience));
  EXPECT_EQ(Table(), before);
  EXPECT_TRUE(stream.Flows());
  // Their addresses are taken in the new control plane, too.
  ClientOptions late;
  late.user = late.password = "late";
  Dialer other = Dial(late);
  ASSERT_TRUE(other.DialUntil(Phase::kUp)) << other.failure().detail;
  for (const auto& [user, rest] : before) {
    EXPECT_THAT(rest, Not(HasSubstr(" " + other.facts().address.ToString() + " "))) << user;
  }
  HangUp(other, kAll);

  // Nobody noticed, and all still obey.
  EXPECT_EQ(stream.End(), "");
  EXPECT_EQ(many.Stop(std::chrono::seconds(60)), 0) << many.Output();
  EXPECT_EQ(many.Matching("closed cleanly +50$").size(), 1u) << many.Output();
  EXPECT_EQ(dial.process().Stop(), 0) << dial.process().Output();
  EXPECT_EQ(witness.Loss(), "");
  EXPECT_TRUE(lab().WaitSessions(1));
  EXPECT_EQ(lab().Ctl({"terminate", "user", "witness"}).exit_code, 0);
  EXPECT_TRUE(lab().WaitSessions(0));
}

TEST_F(ControlPlaneFaults, DiallingWhileItIsAwayIsRefusedWithinSeconds) {
  lab().control_plane().Kill();
  const TimePoint begin = client::Now();
  Dialer dialer = Dial();
  EXPECT_TRUE(dialer.DriveUntilFinished());
  EXPECT_LE(client::Now() - begin, std::chrono::seconds(10));
  EXPECT_NE(dialer.failure().kind, FailureKind::kNone);
  EXPECT_NE(dialer.failure().kind, FailureKind::kTimeout) << "the gateway must say it";
  EXPECT_TRUE(lab().WaitLog("test: authentication failed: .*control plane", gateway_line_));
  ASSERT_TRUE(lab().StartControlPlane());
  ASSERT_TRUE(Attached());
  EXPECT_TRUE(lab().WaitStatistic("authorize_unavailable", 1));
  Dialer again = Dial();
  EXPECT_TRUE(again.DialUntil(Phase::kUp)) << again.failure().detail;
  HangUp(again);
}

TEST_F(ControlPlaneFaults, GatewayRestartEndsItsSessionsAndServesAgain) {
  Dialer dialer = Dial();
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp));
  ASSERT_TRUE(lab().WaitSessions(1));
  // Killed, not stopped: nobody cleans up.
  lab().gateway().Kill();
  EXPECT_TRUE(dialer.DriveUntilFinished());
  EXPECT_EQ(dialer.failure().kind, FailureKind::kConnectionLost);
  ASSERT_TRUE(lab().StartGateway());
  gateway_line_ = 0;
  ASSERT_TRUE(Attached());
  EXPECT_TRUE(lab().WaitSessions(0)) << "sessions of the former run";
  Dialer again = Dial();
  ASSERT_TRUE(again.DialUntil(Phase::kUp)) << again.failure().detail;
  EXPECT_TRUE(WaitUntil(
      [] {
        return lab().SessionWith("username", "test").value_or(Json{}).at("ifname").text() ==
               "sstp0";
      },
      kPatience));
  HangUp(again);
}

TEST_F(ControlPlaneFaults, GatewayStoppedInOrderSaysGoodBye) {
  Dialer dialer = Dial();
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp));
  lab().gateway().Signal(SIGTERM);
  EXPECT_TRUE(dialer.DriveUntilFinished());
  EXPECT_EQ(dialer.failure().kind, FailureKind::kDisconnected);
  EXPECT_EQ(lab().gateway().Wait(kPatience), 0);
  ASSERT_TRUE(lab().StartGateway());
  gateway_line_ = 0;
  ASSERT_TRUE(Attached());
}

class VanishedClient : public LabSuite<VanishedClient> {
 public:
  static LabConfig Config() {
    LabConfig config;
    config.ppp_options = "lcp-echo-interval: 1\nlcp-echo-failure: 3";
    return config;
  }
};

TEST_F(VanishedClient, LcpEchoEndsASessionWhoseCableIsPulled) {
  TunDial dial(lab(), lab().client(), "test", "test");
  ASSERT_TRUE(dial.WaitUp()) << dial.process().Output();
  ASSERT_TRUE(lab().WaitSessions(1));
  Witness witness(lab());
  lab().wan().Drop();
  EXPECT_TRUE(lab().WaitLog("test: lcp: no echo reply", gateway_line_));
  EXPECT_TRUE(lab().WaitSessions(1)) << "only the witness is left";
  EXPECT_TRUE(lab().SessionWith("username", "witness"));
  EXPECT_TRUE(witness.StillServed());
  EXPECT_EQ(witness.Loss(), "");
  lab().wan().Restore();
}

class IdleConnections : public LabSuite<IdleConnections> {
 public:
  static LabConfig Config() {
    LabConfig config;
    // None may be ended by the timer (HttpTest has that) while a busy machine still opens others.
    config.protocol = "timeout: 600";
    return config;
  }

 protected:
  static constexpr std::size_t kConnections = 10000;
  static constexpr std::size_t kAtOnce = 50;

  static long GatewayKib() {
    std::ifstream status("/proc/" + std::to_string(lab().gateway().pid()) + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.rfind("VmRSS:", 0) == 0) return std::strtol(line.c_str() + 6, nullptr, 10);
    }
    return -1;
  }
  // Finishes TLS on the connections of this batch; how many did.
  static std::size_t Handshake(std::vector<client::TlsConnection>& all, std::size_t begin) {
    std::vector<bool> done(all.size(), false);
    std::size_t finished = 0;
    const TimePoint end = client::Now() + std::chrono::seconds(60);
    while (finished < all.size() - begin && client::Now() < end) {
      std::vector<pollfd> waiting;
      for (std::size_t i = begin; i < all.size(); ++i) {
        if (done[i]) continue;
        const auto progress = all[i].Handshake();
        if (!progress) return finished;
        const bool write = *progress == client::TlsConnection::Progress::kWantWrite;
        if (*progress == client::TlsConnection::Progress::kDone) {
          done[i] = true;
          ++finished;
        } else {
          waiting.push_back({all[i].fd(), static_cast<short>(write ? POLLOUT : POLLIN), 0});
        }
      }
      if (!waiting.empty()) poll(waiting.data(), waiting.size(), 1000);
    }
    return finished;
  }
};

TEST_F(IdleConnections, TenThousandTlsConnectionsCostBoundedMemory) {
  // For this program; the gateway does the same for itself.
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  ASSERT_GE(limit.rlim_max, kConnections + 200) << "ulimit -Hn";
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  Witness witness(lab());
  const auto context = client::TlsClientContext::Make(NotVerified());
  ASSERT_TRUE(context);
  const long before = GatewayKib();
  ASSERT_GT(before, 0);
  std::vector<client::TlsConnection> idle;
  idle.reserve(kConnections);
  while (idle.size() < kConnections) {
    const std::size_t begin = idle.size();
    lab().client().Run([&] {
      for (std::size_t i = 0; i < kAtOnce; ++i) {
        const auto fd = client::StartConnect(Lab::kServer, 443);
        ASSERT_TRUE(fd);
        idle.emplace_back(*context, *fd);
      }
    });
    ASSERT_EQ(Handshake(idle, begin), kAtOnce) << "after " << begin;
  }
  EXPECT_TRUE(lab().WaitStatistic("context_count", kConnections + 1)) << "and the witness's";
  const long grown = GatewayKib() - before;
  RecordProperty("gateway_kib", static_cast<int>(grown));
  // An instrumented build keeps 256 MiB of what was freed, and needs more for what was not.
  EXPECT_LE(grown, 100L * static_cast<long>(kConnections)) << "KiB";
  EXPECT_TRUE(witness.StillServed());
  Dialer dialer = Dial();
  EXPECT_TRUE(dialer.DialUntil(Phase::kUp)) << "new users are served";
  HangUp(dialer, 1);
  idle.clear();
  EXPECT_TRUE(WaitUntil([] { return lab().Statistic("context_count") == 1; }, kPatience))
      << lab().Statistic("context_count");
  EXPECT_EQ(witness.Loss(), "");
}

}  // namespace
}  // namespace sstpgw::test
