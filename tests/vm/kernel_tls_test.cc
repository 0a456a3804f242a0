// TLS records done by a real kernel, both directions of TLS 1.2 and 1.3. For the guest (label vm):
// this host's kernel may lack them. Told by the kernel itself (ss, /proc/net/tls_stat) and by
// sstpctl.
//
//   client                        server                        inside
//   sstpc0 10.0.0.x ──(TLS)────── sstp0 10.0.0.1
//   wan0 192.168.10.100 ───────── wan0 .1     lan0 10.20.0.1 ── lan0 10.20.0.2
//   RecordPeer, Dialer ────────── wan0 .1:443
#include <unistd.h>

#include <fstream>
#include <map>
#include <regex>
#include <sstream>

#include "tests/netns/lab_suite.h"
#include "tests/support/session_ends.h"
#include "tests/support/tcp_bulk.h"
#include "tests/vm/record_peer.h"

namespace sstpgw::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

constexpr std::uint64_t kMebibyte = 1024 * 1024;
// Between two octets, on an emulated machine that has other things to do.
constexpr std::chrono::seconds kPause{120};

constexpr const char* kRequest =
    "SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\n"
    "Host: vpn.example.com\r\nContent-Length: 18446744073709551615\r\n\r\n";
constexpr const char* kWelcome = "\r\n\r\n";

class KernelTlsLab : public LabSuite<KernelTlsLab> {
 public:
  static LabConfig Config() { return {}; }

 protected:
  void SetUp() override {
    LabSuite::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (ReadFile("/proc/sys/net/ipv4/tcp_available_ulp").find("tls") == std::string::npos) {
      GTEST_SKIP() << "this kernel has no TLS";
    }
  }

  static std::unique_ptr<TunDial> DialUp(const std::vector<std::string>& tls) {
    std::vector<std::string> common{"--ca", lab().ca_file(), "--verify-name", Lab::kServer};
    common.insert(common.end(), tls.begin(), tls.end());
    auto dial = std::make_unique<TunDial>(
        lab(), lab().client(), "test", "test", common,
        std::vector<std::string>{"--route", std::string(Lab::kInside) + "/32"});
    EXPECT_TRUE(dial->WaitUp()) << dial->process().Output() << lab().Logs();
    EXPECT_TRUE(WaitActive());
    return dial;
  }
  static void Close(TunDial& dial) {
    EXPECT_EQ(dial.process().Stop(), 0) << dial.process().Output();
    EXPECT_TRUE(lab().WaitSessions(0));
  }
  static client::TlsOptions Version(const std::string& version) {
    client::TlsOptions tls = NotVerified();
    tls.version = version;
    return tls;
  }
  // So many octets each way at one time, with equal sums.
  static void Pump(const std::string& address, std::uint64_t octets) {
    BulkResult up;
    std::thread sending(
        [&] { up = TransferTcp(lab().client(), lab().inside(), Lab::kInside, octets, kPause); });
    const BulkResult down = TransferTcp(lab().inside(), lab().client(), address, octets, kPause);
    sending.join();
    EXPECT_TRUE(up.Equal(octets)) << "up: " << up.error << ", " << up.received << " octets";
    EXPECT_TRUE(down.Equal(octets)) << "down: " << down.error << ", " << down.received << " octets";
    std::printf("%llu MiB: up %.1f s, sha256 %s; down %.1f s, sha256 %s\n",
                static_cast<unsigned long long>(octets / kMebibyte), up.seconds,
                up.received_sha256.c_str(), down.seconds, down.received_sha256.c_str());
    std::fflush(stdout);
  }
  // What the kernel says of the server's one connection: "tcp-ulp-tls version: 1.3 ...".
  static std::string SocketFacts() {
    return lab().server().Shell("ss -tinH state established sport = :443");
  }
  static std::map<std::string, long> TlsStat() {
    std::istringstream lines(lab().server().Shell("cat /proc/net/tls_stat"));
    std::map<std::string, long> stat;
    std::string name;
    long value = 0;
    while (lines >> name >> value) stat[name] = value;
    return stat;
  }
  static Json Row() { return lab().SessionWith("username", "test").value_or(Json{}); }
  static bool KernelTakesNewKeys() {
    return !lab().gateway().Matching("kernel TLS: available; TLS 1.3 keys can be updated").empty();
  }
  // Seconds of processor time the gateway used.
  static double CpuSeconds() {
    std::istringstream stat(ReadFile("/proc/" + std::to_string(lab().gateway().pid()) + "/stat"));
    std::string field;
    double ticks = 0;
    for (int i = 1; i <= 15 && stat >> field; ++i) {
      if (i >= 14) ticks += std::stod(field);
    }
    return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }
};

// ---- Every suite

struct Suite {
  const char* name;
  const char* version;
  const char* cipher;         // as OpenSSL calls it
  const char* kernel_cipher;  // as ss tells it, a regular expression
  std::uint64_t mebibytes;
};

class KernelTlsSuites : public KernelTlsLab, public ::testing::WithParamInterface<Suite> {};

// Debian 12's ss has no name for this one.
constexpr const char* kUnnamed = "( cipher: [^ ]+)?";

INSTANTIATE_TEST_SUITE_P(
    All, KernelTlsSuites,
    ::testing::Values(
        Suite{"Tls13Aes256", "1.3", "TLS_AES_256_GCM_SHA384", " cipher: aes-gcm-256", 16},
        Suite{"Tls13Aes128", "1.3", "TLS_AES_128_GCM_SHA256", " cipher: aes-gcm-128", 4},
        Suite{"Tls13ChaCha", "1.3", "TLS_CHACHA20_POLY1305_SHA256", kUnnamed, 4},
        Suite{"Tls12Aes256", "1.2", "ECDHE-ECDSA-AES256-GCM-SHA384", " cipher: aes-gcm-256", 16},
        Suite{"Tls12Aes128", "1.2", "ECDHE-ECDSA-AES128-GCM-SHA256", " cipher: aes-gcm-128", 4},
        Suite{"Tls12ChaCha", "1.2", "ECDHE-ECDSA-CHACHA20-POLY1305", kUnnamed, 4}),
    [](const auto& suite) { return suite.param.name; });

TEST_P(KernelTlsSuites, RandomDataPassesBothWaysUnchanged) {
  const Suite& suite = GetParam();
  const auto before = TlsStat();
  const double sessions = lab().Statistic("ktls_sessions_receive");
  const std::string list = suite.version == std::string("1.3") ? "--ciphersuites" : "--ciphers";
  const auto dial = DialUp({"--tls", suite.version, list, suite.cipher});
  EXPECT_THAT(SocketFacts(), ContainsRegex(std::string("tcp-ulp-tls version: ") + suite.version +
                                           suite.kernel_cipher + " rxconf: sw txconf: sw"));
  EXPECT_EQ(Row().at("tls-send").text(), "sw");
  EXPECT_EQ(Row().at("tls-receive").text(), "sw");
  EXPECT_EQ(Row().at("cipher").text(), suite.cipher);
  EXPECT_TRUE(lab().WaitStatistic("ktls_sessions_receive", sessions + 1));

  Pump(dial->Fact("address"), suite.mebibytes * kMebibyte);

  auto after = TlsStat();
  EXPECT_EQ(after["TlsTxSw"], before.at("TlsTxSw") + 1);
  EXPECT_EQ(after["TlsRxSw"], before.at("TlsRxSw") + 1);
  EXPECT_EQ(after["TlsCurrTxSw"], 1);
  EXPECT_EQ(after["TlsCurrRxSw"], 1);
  EXPECT_EQ(after["TlsDecryptError"], before.at("TlsDecryptError"));
  Close(*dial);
  EXPECT_TRUE(WaitUntil([] { return TlsStat()["TlsCurrRxSw"] == 0; }, kPatience));
}

// ---- One direction, or none

class KernelTlsSwitches : public KernelTlsLab {};

TEST_F(KernelTlsSwitches, EachDirectionCanBeSwitchedOff) {
  struct Case {
    const char* settings;
    const char* send;
    const char* receive;
  };
  for (const Case& wish :
       {Case{"{ kernel-tls-send: false }", "user", "sw"},
        Case{"{ kernel-tls-receive: false }", "sw", "user"},
        Case{"{ kernel-tls-send: false, kernel-tls-receive: false }", "user", "user"}}) {
    SCOPED_TRACE(wish.settings);
    LabConfig config = Config();
    config.extra = std::string("data-path: ") + wish.settings;
    ASSERT_TRUE(lab().Reload(config));
    for (const char* version : {"1.2", "1.3"}) {
      const auto dial = DialUp({"--tls", version});
      EXPECT_EQ(Row().at("tls-send").text(), wish.send);
      EXPECT_EQ(Row().at("tls-receive").text(), wish.receive);
      Pump(dial->Fact("address"), 2 * kMebibyte);
      Close(*dial);
      // Where the kernel receives, this is one of the cases below.
      if (wish.send == std::string("sw")) {
        ExpectARecordSpoiltOnTheWayUpEndsTheSession(lab(), Version(version));
      }
    }
  }
  ASSERT_TRUE(lab().Reload(Config()));
}

TEST_F(KernelTlsSwitches, CbcStaysWithOpenSslAndIsCounted) {
  const double before = lab().Statistic("ktls_fallback_cipher");
  const auto dial = DialUp({"--tls", "1.2", "--ciphers", "ECDHE-ECDSA-AES128-SHA"});
  EXPECT_EQ(Row().at("tls-send").text(), "user");
  EXPECT_EQ(Row().at("tls-receive").text(), "user");
  EXPECT_EQ(SocketFacts().find("tcp-ulp-tls"), std::string::npos);
  EXPECT_TRUE(lab().WaitStatistic("ktls_fallback_cipher", before + 1));
  Pump(dial->Fact("address"), 2 * kMebibyte);
  Close(*dial);
}

// ---- What else goes in records

const std::string kEchoRequest("\x10\x01\x00\x08\x00\x08\x00\x00", 8);
const std::string kEchoResponse("\x10\x01\x00\x08\x00\x09\x00\x00", 8);

class KernelTlsRecords : public KernelTlsLab, public ::testing::WithParamInterface<const char*> {
 protected:
  // A session whose records are the kernel's both ways.
  void Open(RecordPeer& peer) {
    ASSERT_TRUE(peer.Handshake());
    ASSERT_TRUE(peer.LogIn());
    ASSERT_TRUE(WaitActive());
    ASSERT_THAT(SocketFacts(), HasSubstr("rxconf: sw txconf: sw"));
  }
  void ExpectEnded(const std::string& reason) {
    EXPECT_TRUE(lab().WaitSessions(0));
    EXPECT_TRUE(lab().WaitLog(reason, gateway_line_)) << lab().gateway().Output(gateway_line_);
  }
};

INSTANTIATE_TEST_SUITE_P(Versions, KernelTlsRecords, ::testing::Values("1.2", "1.3"),
                         [](const auto& version) {
                           return version.param == std::string("1.2") ? "Tls12" : "Tls13";
                         });

TEST_P(KernelTlsRecords, CloseNotifyEndsTheSession) {
  ExpectCloseNotifyEndsTheSession(lab(), Version(GetParam()));
}

TEST_P(KernelTlsRecords, ARecordSpoiltOnTheWayUpEndsTheSession) {
  ExpectARecordSpoiltOnTheWayUpEndsTheSession(lab(), Version(GetParam()));
}

TEST_P(KernelTlsRecords, ARecordSpoiltOnTheWayDownEndsTheSession) {
  ExpectARecordSpoiltOnTheWayDownEndsTheSession(lab(), Version(GetParam()));
}

TEST_P(KernelTlsRecords, CloseNotifyOfTheGatewayComesAfterItsLastWords) {
  RecordPeer peer(lab().client(), lab().address(), GetParam());
  ASSERT_TRUE(peer.Handshake());
  peer.Write("GET /elsewhere HTTP/1.1\r\nHost: vpn.example.com\r\n\r\n");
  ASSERT_TRUE(peer.Push());
  EXPECT_THAT(peer.ReadUntil(kWelcome), HasSubstr("404"));
  EXPECT_EQ(peer.AwaitEnd(), RecordPeer::End::kCloseNotify);
}

// The rest of it is long in coming, as on any slow link: nobody may spin meanwhile. (What costs
// nothing is seen by watching for a while.)
TEST_P(KernelTlsRecords, HalfARecordCostsNothing) {
  RecordPeer peer(lab().client(), lab().address(), GetParam());
  ASSERT_NO_FATAL_FAILURE(Open(peer));
  peer.Write(kEchoRequest);
  ASSERT_TRUE(peer.Push(peer.waiting() / 2));
  // Who spins takes all of every second; an emulated guest on a busy machine counts its own
  // waiting, too, but not in all of them.
  bool idle = false;
  for (int second = 0; second < 10 && !idle; ++second) {
    const double before = CpuSeconds();
    std::this_thread::sleep_for(std::chrono::seconds(1));
    idle = CpuSeconds() - before < 0.5;
  }
  EXPECT_TRUE(idle);
  ASSERT_TRUE(peer.Push());
  EXPECT_THAT(peer.ReadUntil(kEchoResponse), HasSubstr(kEchoResponse));
  peer.Close();
  ASSERT_TRUE(peer.Push());
  ExpectEnded("sstp: disconnect by peer");
}

TEST_F(KernelTlsRecords, DataInOneSegmentWithFinishedIsNotLost) {
  RecordPeer peer(lab().client(), lab().address(), "1.3");
  ASSERT_TRUE(peer.Handshake(true));
  peer.Write(kRequest);
  ASSERT_TRUE(peer.Push());
  EXPECT_THAT(peer.ReadUntil(kWelcome), HasSubstr("200"));
}

TEST_F(KernelTlsRecords, KeyUpdatesAreFollowedWhereTheKernelCan) {
  RecordPeer peer(lab().client(), lab().address(), "1.3");
  ASSERT_NO_FATAL_FAILURE(Open(peer));
  if (!KernelTakesNewKeys()) {
    peer.UpdateKey(true);
    ASSERT_TRUE(peer.Push());
    EXPECT_EQ(peer.AwaitEnd(), RecordPeer::End::kCloseNotify);
    ExpectEnded("KeyUpdate");
    return;
  }
  // The answer shows that both directions follow.
  peer.UpdateKey(false);
  peer.UpdateKey(true);
  peer.Write(kEchoRequest);
  ASSERT_TRUE(peer.Push());
  EXPECT_THAT(peer.ReadUntil(kEchoResponse), HasSubstr(kEchoResponse));
  EXPECT_EQ(TlsStat()["TlsRxRekeyOk"], 2);
  EXPECT_EQ(TlsStat()["TlsTxRekeyOk"], 1);
}

}  // namespace
}  // namespace sstpgw::test
