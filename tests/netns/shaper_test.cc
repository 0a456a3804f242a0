// Rate limits as operators and subscribers meet them: users' limits, the default, changes by
// sstpctl, marked packets, faults. Checklist F3, F4, H8, J5.
//
//   client                    server                          inside
//   sstpc0 10.0.0.x ─(TLS)─── sstp0 10.0.0.1
//   wan0 192.168.10.100 ───── wan0 .1      lan0 10.20.0.1 ─── lan0 10.20.0.2, .3 (marked)
//                                                             iperf3 -s
#include <array>
#include <thread>

#include "tests/netns/shaper_suite.h"
#include "tests/support/tcp_bulk.h"

namespace sstpgw::test {
namespace {

using std::chrono::milliseconds;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

constexpr const char* kMarked = "10.20.0.3";

class ShaperTest : public LabSuite<ShaperTest>, protected ShaperLab {
 public:
  static LabConfig Config() {
    LabConfig config;
    config.users =
        "test: { password: test, rate-limit: { download: 10000, upload: 4000 } }\n"
        "free: { password: test }";
    config.log_level = 3;
    return config;
  }

 protected:
  static std::unique_ptr<TunDial> DialUp(const std::string& user) {
    return ShaperLab::DialUp(lab(), user);
  }
  static double Iperf(const std::string& arguments, const char* host = Lab::kInside,
                      int seconds = 4) {
    return ShaperLab::Iperf(lab(), arguments, host, seconds);
  }
  static void Close(TunDial& dial) { ShaperLab::Close(lab(), dial); }
  static Finished Change(const std::string& limit, bool temporary = false) {
    std::vector<std::string> words{"shaper", "change", "sstp0", limit};
    if (temporary) words.emplace_back("temp");
    return lab().Ctl(words);
  }
  // Octets that the only session's limit has let through, as told now.
  static double Passed(const std::string& direction) {
    const Json shaped = lab().CtlJson({"show", "shaper"});
    if (shaped.list().size() != 1) return -1;
    return shaped.list()[0].at(direction).at("passed-octets").number();
  }
};

TEST_F(ShaperTest, F3F4AUsersLimitHoldsBothWaysAndIsShown) {
  ASSERT_TRUE(lab().Reload(Config()));
  const auto dial = DialUp("test");
  EXPECT_EQ(LimitOf(lab(), "test"), "10000/4000");
  EXPECT_TRUE(lab().WaitLog("shaper: installed shaper 10000/4000", gateway_line_));
  ExpectRate(Iperf("-R"), 10'000 * kKilobit, "TCP down");
  ExpectRate(Iperf(""), 4'000 * kKilobit, "TCP up");
  ExpectRate(Iperf("-R -P 4"), 10'000 * kKilobit, "4 TCP down");
  ExpectRate(Iperf("-P 4"), 4'000 * kKilobit, "4 TCP up");
  ExpectRate(Iperf("-u -l 1200 -b 20M -R"), 10'000 * kKilobit, "UDP down");
  Close(*dial);
}

TEST_F(ShaperTest, OneDirectionOnlyIsRefused) {
  LabConfig config = Config();
  config.users = "test: { password: test, rate-limit: { download: 10000 } }";
  lab().WriteConfig(config);
  const Finished reload = lab().Ctl({"reload"});
  EXPECT_NE(reload.exit_code, 0);
  EXPECT_THAT(reload.output, ContainsRegex("local-users.test.rate-limit.*upload"));
  ASSERT_TRUE(lab().Reload(Config()));
}

TEST_F(ShaperTest, ADefaultIsForThoseWithoutALimitOfTheirOwn) {
  LabConfig config = Config();
  config.extra = "shaper: { rate-limit: 6000/3000 }";
  ASSERT_TRUE(lab().Reload(config));
  auto dial = DialUp("free");
  EXPECT_EQ(LimitOf(lab(), "free"), "6000/3000");
  ExpectRate(Iperf("-R"), 6'000 * kKilobit, "TCP down");
  // Without a default there is no limit any more, on the running session as well.
  ASSERT_TRUE(lab().Reload(Config()));
  EXPECT_TRUE(WaitUntil([] { return LimitOf(lab(), "free").empty(); }, kPatience));
  EXPECT_TRUE(lab().WaitLog("shaper: removed shaper", gateway_line_));
  EXPECT_GT(Iperf("-R"), 12'000 * kKilobit);
  Close(*dial);
}

TEST_F(ShaperTest, ChangeTempAndRestore) {
  ASSERT_TRUE(lab().Reload(Config()));
  const auto dial = DialUp("test");
  const Finished changed = Change("3000/2000", true);
  EXPECT_EQ(changed.exit_code, 0) << changed.output;
  // It is in force when the command says so.
  ExpectRate(Iperf("-R"), 3'000 * kKilobit, "temporary, down");
  EXPECT_EQ(LimitOf(lab(), "test"), "3000/2000");
  EXPECT_TRUE(lab().WaitLog("shaper: changed shaper 3000/2000", gateway_line_));
  EXPECT_EQ(lab().Ctl({"shaper", "restore", "sstp0"}).exit_code, 0);
  ExpectRate(Iperf("-R"), 10'000 * kKilobit, "restored, down");
  EXPECT_TRUE(WaitUntil([] { return LimitOf(lab(), "test") == "10000/4000"; }, kPatience));
  EXPECT_EQ(Change("5M/1M").exit_code, 0);
  EXPECT_TRUE(WaitUntil([] { return LimitOf(lab(), "test") == "5000/1000"; }, kPatience));
  EXPECT_EQ(Change("0/0").exit_code, 0);
  EXPECT_TRUE(WaitUntil([] { return LimitOf(lab(), "test").empty(); }, kPatience));
  for (const char* bad : {"5000/x", "", "-1", "5000/2000000000000"}) {
    const Finished refused = Change(bad);
    EXPECT_NE(refused.exit_code, 0) << bad;
  }
  const Finished unknown = lab().Ctl({"shaper", "change", "sstp99", "1000/1000"});
  EXPECT_NE(unknown.exit_code, 0);
  EXPECT_THAT(unknown.output, HasSubstr("not found"));
  Close(*dial);
}

// Two rates, five times a second, for half a minute. Whatever passes is at most what the rates
// allow for, and the counters have all of it.
TEST_F(ShaperTest, ChangesUnderTrafficLetNothingPassUnlimited) {
  ASSERT_TRUE(lab().Reload(Config()));
  const auto dial = DialUp("test");
  const TcpFlow down(lab().inside(), lab().client(), dial->Fact("address"));
  const TcpFlow up(lab().client(), lab().inside(), Lab::kInside);
  constexpr int kChanges = 150;
  const std::array<double, 2> rates{8'000 * kKilobit, 2'000 * kKilobit};
  ASSERT_EQ(Change("8000/8000", true).exit_code, 0);
  const std::pair counted_before{Passed("down"), Passed("up")};
  const std::uint64_t down_before = down.received();
  const std::uint64_t up_before = up.received();
  double allowed = 0;
  TimePoint began = client::Now();
  for (int i = 1; i <= kChanges; ++i) {
    std::this_thread::sleep_until(began + milliseconds(200));  // the story's own beat
    ASSERT_EQ(Change(i % 2 == 0 ? "8000/8000" : "2000/2000", true).exit_code, 0);
    const TimePoint now = client::Now();
    // While a change is on its way either may hold.
    const double higher = std::max(rates[0], rates[1]);
    const double held = rates[static_cast<std::size_t>((i + 1) % 2)];
    const double seconds = std::chrono::duration<double>(now - began).count();
    allowed += 0.2 * held + (seconds - 0.2) * higher;
    began = now;
  }
  const double moved_down = 8.0 * static_cast<double>(down.received() - down_before);
  const double moved_up = 8.0 * static_cast<double>(up.received() - up_before);
  // A burst of each limit, and what the socket of the receiver held at the beginning.
  const double slack = 1.5e6;
  EXPECT_LT(moved_down, allowed + slack);
  EXPECT_LT(moved_up, allowed + slack);
  // It went on all the time. How much of a rate that changes five times a second TCP uses is its
  // own affair: after each step up it has to find out, and a busy host makes that slower.
  EXPECT_GT(moved_down, 0.25 * allowed);
  EXPECT_GT(moved_up, 0.25 * allowed);
  // The counters have all of it: what arrived, its headers, and at most what is on its way.
  for (const char* direction : {"down", "up"}) {
    const std::string way(direction);
    const double before = way == "down" ? counted_before.first : counted_before.second;
    const double moved = way == "down" ? moved_down : moved_up;
    EXPECT_TRUE(WaitUntil([&] { return 8 * (Passed(way) - before) >= moved; }, kPatience)) << way;
    EXPECT_LT(8 * (Passed(way) - before), 1.05 * moved + 8 * 2e6) << way;
  }
}

// Of twice the rate half is dropped, by whichever queue, and the record says so.
TEST_F(ShaperTest, WhatAQueueOfTheKernelDropsIsShown) {
  for (const char* kind : {"htb", "tbf"}) {
    SCOPED_TRACE(kind);
    LabConfig config = Config();
    config.extra = std::string("shaper: { down-limiter: ") + kind + " }";
    ASSERT_TRUE(lab().Reload(config));
    const auto dial = DialUp("test");
    ExpectRate(Iperf("-R"), 10'000 * kKilobit, "TCP down");
    const auto down = [] {
      const Json shaped = lab().CtlJson({"show", "shaper"});
      return shaped.list().at(0).at("down");
    };
    const double passed_before = down().at("passed-packets").number();
    ExpectRate(Iperf("-u -l 1200 -b 20M -R"), 10'000 * kKilobit, "UDP down");
    EXPECT_TRUE(WaitUntil(
        [&] {
          const Json now = down();
          const double passed = now.at("passed-packets").number() - passed_before;
          const double dropped = now.at("dropped-packets").number();
          return passed > 3000 && dropped > 0.5 * passed && dropped < 1.5 * passed;
        },
        kPatience));
    EXPECT_EQ(down().at("limiter").text(), "htb");
    Close(*dial);
  }
  ASSERT_TRUE(lab().Reload(Config()));
}

// ---- H8

class FwmarkTest : public LabSuite<FwmarkTest>, protected ShaperLab {
 public:
  static LabConfig Config() { return ConfigOf("auto"); }
  static LabConfig ConfigOf(const std::string& kind) {
    LabConfig config;
    config.users = "test: { password: test, rate-limit: { download: 5000, upload: 5000 } }";
    config.extra = "shaper: { fwmark: 2, down-limiter: " + kind + " }";
    config.log_level = 3;
    return config;
  }

 protected:
  static void SetUpTestSuite() {
    LabSuite::SetUpTestSuite();
    if (!CanUseNamespaces()) return;
    lab().inside().Ip("addr add 10.20.0.3/24 dev lan0");
  }
  void TearDown() override {
    if (CanUseNamespaces()) lab().server().Shell("nft flush ruleset");
    LabSuite::TearDown();
  }
  static void ExpectMarkedPassUnlimited(const char* what, std::vector<const char*> kinds) {
    for (const char* kind : kinds) {
      SCOPED_TRACE(std::string(what) + ", " + kind);
      ASSERT_TRUE(lab().Reload(ConfigOf(kind)));
      const auto dial = DialUp(lab(), "test");
      // clsact drops, which TCP bears badly.
      const std::string load = std::string(kind) == "clsact" ? "-u -l 1200 -b 8M -R" : "-R";
      ExpectRate(Iperf(lab(), load), 5'000 * kKilobit, "without the mark");
      EXPECT_GT(Iperf(lab(), "-R", kMarked), 10'000 * kKilobit);
      const Json shaped = lab().CtlJson({"show", "shaper"});
      ASSERT_EQ(shaped.list().size(), 1U);
      EXPECT_GT(shaped.list()[0].at("down").at("marked-packets").number(), 100);
      Close(lab(), *dial);
    }
  }
};

TEST_F(FwmarkTest, H8AMarkSetInForward) {
  lab().server().Shell(
      "nft 'add table inet m; add chain inet m f { type filter hook forward priority mangle; };"
      " add rule inet m f ip saddr 10.20.0.3 meta mark set 2'");
  ExpectMarkedPassUnlimited("forward", {"pace", "tbf", "htb", "clsact"});
}

TEST_F(FwmarkTest, H8AMarkRestoredFromTheConnection) {
  lab().server().Shell(
      "nft 'add table inet m; add chain inet m p { type filter hook prerouting priority mangle; };"
      " add rule inet m p ip daddr 10.20.0.3 ct mark set 2;"
      " add rule inet m p meta mark set ct mark'");
  ExpectMarkedPassUnlimited("conntrack", {"auto"});
}

}  // namespace
}  // namespace sstpgw::test
