// What breaks in operation: the control plane dies or is away, the gateway restarts, a client
// vanishes, thousands of connections idle. Each suite has daemons of its own.
//
//   client, witness ──── server: sstp-gateway ──unix socket── sstp-controlplane
#include <poll.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "tests/netns/lab_suite.h"

namespace sstpgw::test {
namespace {

using client::ClientOptions;
using client::FailureKind;
using client::Phase;
using ::testing::HasSubstr;

class ControlPlaneFaults : public LabSuite<ControlPlaneFaults> {
 public:
  static LabConfig Config() { return {}; }

 protected:
  static bool Attached() {
    return WaitUntil(
        [] {
          const Json gateways = lab().CtlJson({"show", "gateways"});
          return !gateways.list().empty() && gateways.list()[0].at("attached").number() == 1;
        },
        kPatience);
  }
};

TEST_F(ControlPlaneFaults, KillUnderTrafficLosesNothingAndTheTableComesBack) {
  Witness witness(lab());
  const auto before = lab().SessionWith("username", "witness");
  ASSERT_TRUE(before);
  lab().control_plane().Kill();
  EXPECT_TRUE(witness.StillServed()) << "traffic must go on without the control plane";
  EXPECT_TRUE(lab().WaitLog("control plane not reachable|detached|lost", gateway_line_));
  ASSERT_TRUE(lab().StartControlPlane());
  ASSERT_TRUE(Attached());
  const auto known = [] { return lab().SessionWith("username", "witness"); };
  ASSERT_TRUE(WaitUntil([&] { return known().has_value(); }, kPatience)) << "the table is empty";
  for (const char* column : {"ifname", "ip", "sid", "calling-sid", "state"}) {
    EXPECT_EQ(known()->at(column).text(), before->at(column).text()) << column;
  }
  // Its address is taken in the new control plane, too.
  Dialer other = Dial();
  ASSERT_TRUE(other.DialUntil(Phase::kUp)) << other.failure().detail;
  EXPECT_NE(other.facts().address.ToString(), before->at("ip").text());
  HangUp(other, 1);
  // And it still obeys.
  EXPECT_EQ(witness.Loss(), "");
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
  static LabConfig Config() { return {}; }

 protected:
  static constexpr std::size_t kConnections = 2000;
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

TEST_F(IdleConnections, TwoThousandTlsConnectionsCostBoundedMemory) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 65536);
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
  EXPECT_TRUE(lab().WaitStatistic("context_count", kConnections));
  const long grown = GatewayKib() - before;
  RecordProperty("gateway_kib_per_idle_connection", static_cast<int>(grown / 2000));
  // An instrumented build needs several times what the product needs; unbounded would be more.
  EXPECT_LE(grown, 300L * static_cast<long>(kConnections)) << "KiB";
  EXPECT_TRUE(witness.StillServed());
  Dialer dialer = Dial();
  EXPECT_TRUE(dialer.DialUntil(Phase::kUp)) << "new users are served";
  HangUp(dialer, 1);
  idle.clear();
  EXPECT_TRUE(WaitUntil([] { return lab().Statistic("context_count") <= 1; }, kPatience))
      << lab().Statistic("context_count");
  EXPECT_EQ(witness.Loss(), "");
}

}  // namespace
}  // namespace sstpgw::test
