// Debian's sstpc and pppd against a FreeRADIUS behind our daemons, which do not know the password:
// only with the keys of its Access-Accept (MS-MPPE) can the gateway judge the crypto binding.
//
//   client: sstpc + pppd ──── server: both daemons ──── inside: FreeRADIUS at 10.20.0.2
//
// sstpc 1.0.18 has two ways to its keys. With --user and --password it reads what pppd sends, and
// computes them from the response of MS-CHAPv2, in CHAP or in EAP; it never binds after EAP-MD5
// then, and at EAP-TLS it gives up ("EAP TLS not supported in this mode"). Without, pppd has the
// secret, and its plugin brings the keys that pppd has: none after EAP-MD5, so zeros, which is
// right; after EAP-TLS 16 octets of each key of 32, where the binding wants the first 32 of the
// MSK, so that no server can accept it. EAP-TLS is shown as far as it goes: to the login.
#include "tests/support/free_radius.h"
#include "tests/vm/sstpc_suite.h"

namespace sstpgw::test {
namespace {

// "spoiled" has the right password, but a key that is not the one of the login.
constexpr const char* kUsers = R"(
vyos Cleartext-Password := "vyos"
  Framed-IP-Address = 10.9.9.9
spoiled Cleartext-Password := "vyos"
mona EAP-Type := MD5, Cleartext-Password := "secret of mona"
  Framed-IP-Address = 10.9.9.9
tina EAP-Type := TLS
)";
constexpr const char* kSpoil = R"(
    if (&User-Name == "spoiled") {
      update reply {
        MS-MPPE-Send-Key := 0x000102030405060708090a0b0c0d0e0f
      }
    }
)";

class SstpcRadius : public SstpcSuite {
 protected:
  static void SetUpTestSuite() {
    if (!InGuest()) return;
    LabConfig config;
    config.mode = "radius";
    config.radius = std::string("servers: [ { address: ") + Lab::kInside +
                    ", key: testing } ]\nnas-identifier: gw1\n";
    config.users = "";
    config.protocols = "[mschap-v2, eap]";
    config.ppp_options = "lcp-echo-interval: 600";
    config.protocol = "hello-interval: 600";
    MakeLab(config);
    FreeRadiusOptions options;
    options.where = &lab_->inside();
    options.address = Lab::kInside;
    options.users = kUsers;
    options.modules = EapModule();
    options.authorize = "    eap\n";
    options.authenticate = "    eap\n";
    options.post_auth = kSpoil;
    radius_ = new FreeRadius(options);
    started_ = radius_->Start();
    EXPECT_TRUE(started_) << "package freeradius: " << radius_->Output();
    started_ = started_ && lab_->Start();
  }
  static void TearDownTestSuite() {
    SstpcSuite::TearDownTestSuite();
    delete radius_;
    radius_ = nullptr;
  }

  // Writes the certificates that it names. A fragment is smaller than the server's certificates,
  // so that there are several.
  static std::string EapModule() {
    WriteIdentity("radius", "serverAuth");
    const TempDir& directory = lab_->directory();
    return "  eap {\n    default_eap_type = mschapv2\n    mschapv2 {\n    }\n    md5 {\n    }\n"
           "    tls-config common {\n      tls_min_version = \"1.2\"\n"
           "      tls_max_version = \"1.2\"\n      fragment_size = 400\n"
           "      private_key_file = " +
           directory.File("radius.key") +
           "\n      certificate_file = " + directory.File("radius.pem") +
           "\n      ca_file = " + lab_->ca_file() +
           "\n    }\n    tls {\n      tls = common\n    }\n  }\n";
  }
  static void WriteIdentity(const std::string& name, const std::string& usage) {
    sstpgw::testing::CertificateRequest request;
    request.common_name = name;
    request.dns_names = {name};
    request.usage = usage;
    const sstpgw::testing::Identity identity = lab_->authority().Issue(request);
    lab_->directory().Write(name + ".pem", identity.chain_pem);
    lab_->directory().Write(name + ".key", identity.key_pem);
  }

  static std::string Everything(const Process& sstpc) {
    return sstpc.Output() + lab_->Logs() + radius_->Output();
  }
  // Records of this session with this status.
  static std::vector<AccountingLine> RecordsOf(const std::string& session,
                                               const std::string& status) {
    std::vector<AccountingLine> found;
    for (AccountingLine& record : radius_->Accounting()) {
      if (record.Get("Acct-Session-Id") == session && record.Get("Acct-Status-Type") == status) {
        found.push_back(std::move(record));
      }
    }
    return found;
  }
  // Empty if there is none in time.
  static AccountingLine WaitRecord(const std::string& session, const std::string& status) {
    EXPECT_TRUE(WaitUntil([&] { return !RecordsOf(session, status).empty(); }, kPatience))
        << "no " << status << " of session " << session << "\n"
        << lab_->Logs() << radius_->Output();
    auto found = RecordsOf(session, status);
    return found.empty() ? AccountingLine({}) : std::move(found.front());
  }

  // From the login to the Stop record.
  static void ConnectPingAndEnd(const std::vector<std::string>& command, const std::string& user,
                                const std::string& shown) {
    const std::size_t from = radius_->process().LineCount();
    Process sstpc(command, {&lab_->client(), {}, "sstpc"});
    ASSERT_TRUE(sstpc.WaitForLine("Connection Established", kPatience)) << Everything(sstpc);
    EXPECT_EQ(sstpc.Matching("CRYPTO BIND\\(3\\): 104").size(), 1U) << sstpc.Output();
    EXPECT_TRUE(radius_->process().WaitForLine("Login OK: \\[" + user, kPatience, from))
        << radius_->Output();
    EXPECT_EQ(AddressOfPpp0(), "10.9.9.9") << Everything(sstpc);
    ASSERT_TRUE(WaitActive(user)) << Everything(sstpc);
    EXPECT_EQ(Row(user).at("auth").text(), shown);
    const std::string session = Row(user).at("sid").text();
    const AccountingLine start = WaitRecord(session, "Start");
    EXPECT_EQ(start.Get("User-Name"), user);
    EXPECT_EQ(start.Get("Framed-IP-Address"), "10.9.9.9");
    EXPECT_EQ(start.Get("Calling-Station-Id"), Lab::kClient);
    EXPECT_EQ(start.Get("NAS-Identifier"), "gw1");

    ClientShell("ping -q -c 3 -W 20 10.0.0.1");

    sstpc.Stop(kPatience);
    EXPECT_TRUE(lab_->WaitSessions(0, kPatience)) << lab_->Logs();
    const AccountingLine stop = WaitRecord(session, "Stop");
    EXPECT_EQ(stop.Get("User-Name"), user);
    EXPECT_EQ(stop.Get("Framed-IP-Address"), "10.9.9.9");
    EXPECT_NE(stop.Get("Acct-Terminate-Cause"), "");
    // The echoes at least.
    for (const char* direction : {"Acct-Input", "Acct-Output"}) {
      EXPECT_GE(NumberOf(stop, std::string(direction) + "-Packets"), 3) << direction;
      EXPECT_GE(NumberOf(stop, std::string(direction) + "-Octets"), 3 * 84) << direction;
    }
    EXPECT_TRUE(
        WaitUntil([&] { return Ppp0().find("does not exist") != std::string::npos; }, kPatience));
  }
  static int NumberOf(const AccountingLine& record, const std::string& name) {
    return std::atoi(record.Get(name).c_str());
  }

  static inline FreeRadius* radius_ = nullptr;
};

TEST_F(SstpcRadius, MsChapV2BindsWithTheServersKeysAndIsAccounted) {
  WritePeerFile("mschap-v2");
  ConnectPingAndEnd(Command("vyos"), "vyos", "MSCHAP-v2");
}

TEST_F(SstpcRadius, EapMsChapV2BindsWithTheServersKeysAndIsAccounted) {
  WritePeerFile("eap");
  ConnectPingAndEnd(Command("vyos"), "vyos", "EAP");
}

TEST_F(SstpcRadius, EapMd5BindsWithoutKeysAndIsAccounted) {
  std::ofstream("/etc/ppp/chap-secrets", std::ios::app) << "mona * \"secret of mona\" *\n";
  WritePeerFile("eap", "name mona\n");
  ConnectPingAndEnd(CommandWithPlugin(), "mona", "EAP");
}

// The same login with one other key: what let the others in was that the keys agree.
TEST_F(SstpcRadius, WithAnotherKeyFromTheServerTheBindingIsRefused) {
  const std::size_t from = lab_->gateway().LineCount();
  WritePeerFile("eap");
  Process sstpc(Command("vyos", "spoiled"), {&lab_->client(), {}, "sstpc"});
  EXPECT_TRUE(lab_->WaitLog("spoiled: authentication succeeded", from, kPatience))
      << Everything(sstpc);
  EXPECT_TRUE(lab_->WaitLog("sstp: invalid Compound MAC", from, kPatience)) << Everything(sstpc);
  EXPECT_TRUE(lab_->WaitSessions(0, kPatience));
  EXPECT_TRUE(sstpc.Wait(kPatience)) << sstpc.Output();
}

TEST_F(SstpcRadius, WrongPasswordInEapIsRefused) {
  const std::size_t from = lab_->gateway().LineCount();
  WritePeerFile("eap");
  Process sstpc(Command("wrong"), {&lab_->client(), {}, "sstpc"});
  EXPECT_TRUE(lab_->WaitLog("vyos: authentication failed", from, kPatience)) << Everything(sstpc);
  EXPECT_TRUE(radius_->WaitLog("Login incorrect.*\\[vyos")) << radius_->Output();
  EXPECT_TRUE(lab_->WaitSessions(0, kPatience));
  EXPECT_TRUE(sstpc.Matching("Connection Established").empty()) << sstpc.Output();
  sstpc.Stop(kPatience);
}

// Many round trips with fragments both ways, then pppd and FreeRADIUS are content with each other.
TEST_F(SstpcRadius, EapTlsLogsInButTheBindingOfThisClientIsWrong) {
  const std::size_t from = lab_->gateway().LineCount();
  WriteIdentity("tina", "clientAuth");
  const TempDir& directory = lab_->directory();
  WritePeerFile("eap", "name tina\nneed-peer-eap\nca " + lab_->ca_file() + "\ncert " +
                           directory.File("tina.pem") + "\nkey " + directory.File("tina.key") +
                           "\n");
  Process sstpc(CommandWithPlugin(), {&lab_->client(), {}, "sstpc"});
  EXPECT_TRUE(lab_->WaitLog("tina: authentication succeeded", from, kPatience))
      << Everything(sstpc);
  EXPECT_TRUE(radius_->WaitLog("Login OK: \\[tina")) << radius_->Output();
  EXPECT_TRUE(lab_->WaitLog("sstp: invalid Compound MAC", from, kPatience)) << Everything(sstpc);
  EXPECT_TRUE(lab_->WaitSessions(0, kPatience));
  EXPECT_TRUE(sstpc.Wait(kPatience)) << sstpc.Output();
  EXPECT_GE(lab_->gateway().Matching("send \\[EAP Request id=.* <TLS>\\]", from).size(), 5U);
}

}  // namespace
}  // namespace sstpgw::test
