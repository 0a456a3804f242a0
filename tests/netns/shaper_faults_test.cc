// Rate limits that cannot be kept: the session comes up without or is refused, as configured, and
// whoever asked for a change is told. Each suite has a gateway that lacks one thing.
//
//   client                    server                          inside
//   sstpc0 10.0.0.x ─(TLS)─── sstp0 10.0.0.1
//   wan0 192.168.10.100 ───── wan0 .1      lan0 10.20.0.1 ─── lan0 10.20.0.2
#include <sys/mount.h>

#include "tests/netns/shaper_suite.h"
#include "tests/support/temp_dir.h"

namespace sstpgw::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

LabConfig Limited(const std::string& shaper) {
  LabConfig config;
  config.users =
      "test: { password: test, rate-limit: { download: 5000, upload: 5000 } }\n"
      "other: { password: test, rate-limit: { download: 6000, upload: 6000 } }\n"
      "free: { password: test }";
  config.extra = "shaper: { " + shaper + " }";
  config.log_level = 3;
  return config;
}

client::ClientOptions User(const std::string& user) {
  client::ClientOptions options = TestUser();
  options.user = user;
  options.password = "test";
  return options;
}

template <class Suite>
class FaultSuite : public LabSuite<Suite>, protected ShaperLab {
 protected:
  using LabSuite<Suite>::lab;
  // Up, without a limit, and the log says why.
  void ExpectUpWithoutLimit(const std::string& user, const std::string& reason) {
    Dialer dialer(lab().client(), lab().address(), User(user));
    ASSERT_TRUE(dialer.DialUntil(client::Phase::kUp)) << dialer.failure().detail;
    ASSERT_TRUE(lab().WaitActive(user));
    EXPECT_EQ(LimitOf(lab(), user), "");
    EXPECT_TRUE(lab().WaitLog("shaper: .*" + reason + ".*goes on without", this->gateway_line_));
    // A change is refused to whoever asks for it.
    for (const char* rate : {"1000/1000", "5000/5000"}) {  // another one, and the one that failed
      const Finished change = lab().Ctl({"shaper", "change", "all", rate});
      EXPECT_NE(change.exit_code, 0) << rate;
      EXPECT_THAT(change.output, ContainsRegex(reason));
    }
    this->HangUp(dialer);
  }
  void ExpectRefused(const std::string& user, const std::string& reason) {
    Dialer dialer(lab().client(), lab().address(), User(user));
    EXPECT_TRUE(dialer.DriveUntilFinished());
    EXPECT_TRUE(lab().WaitLog("shaper: .*" + reason, this->gateway_line_));
    EXPECT_TRUE(lab().WaitSessions(this->residents_));
  }
  void ExpectServedUnlimited() {
    Dialer dialer(lab().client(), lab().address(), User("free"));
    ASSERT_TRUE(dialer.DialUntil(client::Phase::kUp)) << dialer.failure().detail;
    this->HangUp(dialer, this->residents_);
  }
};

// ---- The kernel refuses the programs: a gateway that may not load any

class NoProgramsTest : public FaultSuite<NoProgramsTest> {
 public:
  static LabConfig Config() {
    LabConfig config = Limited("required: false");
    config.gateway_wrapper = {"setpriv", "--bounding-set=-bpf,-perfmon,-sys_admin"};
    return config;
  }
};

TEST_F(NoProgramsTest, TheSessionComesUpWithoutALimitAndAChangeIsRefused) {
  ASSERT_TRUE(lab().Reload(Limited("required: false")));
  EXPECT_TRUE(lab().WaitLog("rate limits of sessions cannot be kept: "));
  ExpectUpWithoutLimit("test", "(not permitted|denied|CAP_BPF)");
  EXPECT_TRUE(lab().WaitStatistic("limits_failed", 1));
}

TEST_F(NoProgramsTest, WhereLimitsAreRequiredTheSessionIsRefused) {
  ASSERT_TRUE(lab().Reload(Limited("required: true")));
  ExpectRefused("test", "(not permitted|denied|CAP_BPF)");
  ExpectServedUnlimited();
}

// ---- The maps are full

class FullMapTest : public FaultSuite<FullMapTest> {
 public:
  static LabConfig Config() {
    LabConfig config = Limited("required: false");
    config.gateway_arguments = {"--shaped-sessions", "1"};
    return config;
  }

 protected:
  // One that takes the only place there is.
  std::unique_ptr<Dialer> First() {
    auto first = std::make_unique<Dialer>(lab().client(), lab().address(), User("other"));
    EXPECT_TRUE(first->DialUntil(client::Phase::kUp)) << first->failure().detail;
    EXPECT_TRUE(lab().WaitActive("other"));
    EXPECT_EQ(LimitOf(lab(), "other"), "6000/6000");
    residents_ = 1;
    return first;
  }
  void End(Dialer& first) {
    residents_ = 0;
    HangUp(first);
  }
};

TEST_F(FullMapTest, WhereLimitsAreRequiredTheNextIsRefusedUntilThereIsRoom) {
  ASSERT_TRUE(lab().Reload(Limited("required: true")));
  const auto first = First();
  ExpectRefused("test", "full");
  ExpectServedUnlimited();
  EXPECT_EQ(LimitOf(lab(), "other"), "6000/6000") << "nothing is lost for anybody else";
  End(*first);
  Dialer next(lab().client(), lab().address(), User("test"));
  ASSERT_TRUE(next.DialUntil(client::Phase::kUp)) << next.failure().detail;
  ASSERT_TRUE(lab().WaitActive("test"));
  EXPECT_EQ(LimitOf(lab(), "test"), "5000/5000");
  HangUp(next);
}

// ---- A queue that this kernel does not have

class NoQueueTest : public FaultSuite<NoQueueTest> {
 public:
  static LabConfig Config() { return Limited("required: false"); }

 protected:
  // "edt" for "rate limits: kernel has clsact tbf htb; not: fq fq_codel"; empty: it has them all.
  static std::string MissingKind() {
    const auto line = lab().gateway().WaitForLine("rate limits: kernel has", kPatience);
    if (!line) return "";
    const auto missing = line->find("not:");
    if (missing == std::string::npos) return "";
    const std::string words = line->substr(missing + 4) + " ";
    for (const auto& [queue, kind] : {std::pair{" fq ", "edt"}, {" htb ", "htb"}}) {
      if (words.find(queue) != std::string::npos) return kind;
    }
    return "";
  }
};

TEST_F(NoQueueTest, TheSettingDecidesAndTheLogNamesTheQueue) {
  const std::string kind = MissingKind();
  if (kind.empty()) {
    GTEST_SKIP() << "this kernel has every queue; one without sch_fq or sch_htb runs it";
  }
  ASSERT_TRUE(lab().Reload(Limited("required: false, down-limiter: " + kind)));
  ExpectUpWithoutLimit("test", "this kernel has no sch_");
  ASSERT_TRUE(lab().Reload(Limited("required: true, down-limiter: " + kind)));
  ExpectRefused("test", "this kernel has no sch_");
  ExpectServedUnlimited();
}

// One direction after the other, with a limit that this kernel cannot keep in between: what was
// refused leaves nothing behind.
TEST_F(NoQueueTest, AfterARefusedChangeTrafficAndTheNextChangePass) {
  const std::string kind = MissingKind();
  if (kind.empty()) {
    GTEST_SKIP() << "this kernel has every queue; one without sch_fq, sch_tbf or sch_htb runs it";
  }
  ASSERT_TRUE(lab().Reload(Limited("required: false, down-limiter: " + kind)));
  const auto dial = DialUp(lab(), "free");
  const auto change = [](const char* rate) {
    return lab().Ctl({"shaper", "change", "all", rate}).exit_code;
  };
  EXPECT_EQ(change("0/10M"), 0);
  EXPECT_EQ(change("0/0"), 0);
  EXPECT_NE(change("10M/2M"), 0);
  EXPECT_EQ(change("0/5M"), 0);
  EXPECT_EQ(LimitOf(lab(), "free"), "0/5000");
  ExpectRate(Iperf(lab(), ""), 5'000 * kKilobit, "up");
  Close(lab(), *dial);
}

// ---- A gateway that was killed

class CrashTest : public FaultSuite<CrashTest> {
 public:
  static LabConfig Config() {
    LabConfig config = Limited("required: true");
    config.gateway_arguments = {"--bpf-pins", pins_->path()};
    return config;
  }

 protected:
  // A bpffs of its own: not every machine has one where the gateway looks for it.
  static void SetUpTestSuite() {
    pins_ = std::make_unique<TempDir>();
    mounted_ = ::mount("bpf", pins_->path().c_str(), "bpf", 0, nullptr) == 0;
    FaultSuite::SetUpTestSuite();
  }
  static void TearDownTestSuite() {
    FaultSuite::TearDownTestSuite();
    if (mounted_) ::umount2(pins_->path().c_str(), MNT_DETACH);
    pins_.reset();
  }

 private:
  static inline std::unique_ptr<TempDir> pins_;
  static inline bool mounted_ = false;
};

TEST_F(CrashTest, TheNextGatewayLimitsWithWhatTheFormerLeft) {
  auto dial = DialUp(lab(), "test");
  ExpectRate(Iperf(lab(), "-R"), 5'000 * kKilobit, "before");
  lab().gateway().Kill();
  EXPECT_TRUE(dial->process().Wait(kPatience)) << "the client notices";
  ASSERT_TRUE(lab().StartGateway());
  gateway_line_ = 0;
  EXPECT_TRUE(lab().WaitLog("predecessor left in .* are taken over", gateway_line_));
  ASSERT_TRUE(lab().WaitSessions(0));
  dial = DialUp(lab(), "test");
  ExpectRate(Iperf(lab(), "-R"), 5'000 * kKilobit, "after");
  Close(lab(), *dial);
}

}  // namespace
}  // namespace sstpgw::test
