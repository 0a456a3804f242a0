// Debian's pppd with IPv6 and with its own MPPE, which the kernel does, and a DHCPv6 client that
// nobody here wrote (dhcpcd), on its ppp0.
//
//   client                                              server
//   ppp0 10.0.0.x, 2001:db8:1:x::2/64 ... tunnel ...... sstp0 10.0.0.1, 2001:db8:1:x::1/64
//   eth9 <delegated prefix>/64                          route to the delegated prefix
#include "tests/vm/sstpc_suite.h"

namespace sstpgw::test {
namespace {

class SstpcIpv6 : public SstpcSuite {
 protected:
  static LabConfig Config(const std::string& ppp) {
    LabConfig config;
    config.users = "vyos: { password: vyos }";
    config.ppp_options = "lcp-echo-interval: 600\n" + ppp;
    config.extra =
        "name-server: [\"2001:db8::53\"]\n"
        "client-ipv6-pool:\n"
        "  V6: { prefix: [{ address: \"2001:db8:1::/48\" }],"
        " delegate: [{ address: \"2001:db8:4000::/40\", delegation-prefix: 56 }] }\n"
        "default-ipv6-pool: V6";
    return config;
  }
  static void SetUpTestSuite() {
    if (!InGuest()) return;
    MakeLab(Config("ipv6: allow"));
    started_ = lab_->Start();
  }

  static std::string Everything(const Process& sstpc) { return sstpc.Output() + lab_->Logs(); }
  // The first global address of an interface of the client, as "2001:db8::1/64"; "" if it gets
  // none.
  static std::string GlobalAddress(const std::string& interface) {
    std::smatch match;
    std::string text;
    const bool has = WaitUntil(
        [&] {
          text = lab_->client().Shell("ip -6 -o addr show dev " + interface + " scope global 2>&1");
          return std::regex_search(text, match, std::regex("inet6 ([0-9a-f:]+/[0-9]+)"));
        },
        kPatience);
    return has ? match[1].str() : std::string();
  }
  static std::string WithoutLength(const std::string& prefix) {
    return prefix.substr(0, prefix.find('/'));
  }
  static void End(Process& sstpc) {
    sstpc.Stop(kPatience);
    EXPECT_TRUE(lab_->WaitSessions(0, kPatience)) << lab_->Logs();
    EXPECT_TRUE(
        WaitUntil([&] { return Ppp0().find("does not exist") != std::string::npos; }, kPatience));
  }
};

TEST_F(SstpcIpv6, PppdHasAnAddressByItselfAndAPrefixByDhcp) {
  WritePeerFile("mschap-v2", "+ipv6\n");
  Process sstpc(Command("vyos"), {&lab_->client(), {}, "sstpc"});
  ASSERT_NE(AddressOfPpp0(), "") << Everything(sstpc);
  ASSERT_TRUE(WaitActive()) << lab_->Logs();
  const std::string address = GlobalAddress("ppp0");
  ASSERT_NE(address, "") << Ppp0() << Everything(sstpc);
  EXPECT_NE(Ppp0().find("inet6 fe80::"), std::string::npos) << Ppp0();
  EXPECT_EQ(address.rfind("2001:db8:1:", 0), 0U) << address;
  EXPECT_NE(Row().at("ip6").text(), "");
  ClientShell("ping -q -c 3 -W 20 fe80::1%ppp0");
  // The gateway's address in the prefix; the client has a route by the advertisement.
  lab_->server().Ip("addr add 2001:db8:20::1/64 dev lo nodad");
  ClientShell("ping -q -c 3 -W 20 2001:db8:20::1");

  lab_->client().Ip("link add eth9 type dummy");
  lab_->client().Ip("link set eth9 up");
  const std::string configuration = lab_->directory().Write(
      "dhcpcd.conf",
      "ipv6only\nduid\nnohook resolv.conf\nallowinterfaces ppp0 eth9\ninterface ppp0\n"
      "  ipv6rs\n  iaid 1\n  ia_pd 1 eth9/0/64\n");
  Process dhcpcd({"dhcpcd", "-B", "-d", "-6", "-f", configuration, "ppp0"},
                 {&lab_->client(), {}, "dhcpcd"});
  const std::string behind = GlobalAddress("eth9");
  ASSERT_NE(behind, "") << dhcpcd.Output() << Everything(sstpc);
  EXPECT_EQ(behind.rfind("2001:db8:40", 0), 0U) << behind;
  EXPECT_FALSE(dhcpcd.Matching("ppp0.*delegated prefix").empty()) << dhcpcd.Output();
  EXPECT_TRUE(WaitUntil([] { return !Row().at("ip6-dp").text().empty(); }, kPatience));
  const std::string prefix = Row().at("ip6-dp").text();
  EXPECT_NE(prefix.find("/56"), std::string::npos) << prefix;
  const std::string route = lab_->server().Shell("ip -6 route show " + prefix);
  EXPECT_NE(route.find("dev sstp0"), std::string::npos) << route;
  lab_->client().Shell("sysctl -qw net.ipv6.conf.all.forwarding=1");
  int code = -1;
  const std::string ping = lab_->server().Shell(
      "ping -q -c 3 -W 20 -I 2001:db8:20::1 " + WithoutLength(behind) + " 2>&1", &code);
  EXPECT_EQ(code, 0) << ping;
  dhcpcd.Stop(kPatience);
  lab_->client().Ip("link del eth9");
  // A router takes no address from advertisements.
  lab_->client().Shell("sysctl -qw net.ipv6.conf.all.forwarding=0");
  End(sstpc);
  EXPECT_EQ(lab_->server().Shell("ip -6 route show " + prefix), "");
}

TEST_F(SstpcIpv6, G11TheKernelsMppeAndOursUnderstandEachOther) {
  ASSERT_TRUE(lab_->Reload(Config("ipv6: allow\nmppe: require")));
  WritePeerFile("mschap-v2", "+ipv6\nrequire-mppe-128\nlogfile /run/pppd.log\n");
  Process sstpc(Command("vyos"), {&lab_->client(), {}, "sstpc"});
  ASSERT_NE(AddressOfPpp0(), "") << Everything(sstpc);
  ASSERT_TRUE(WaitActive()) << lab_->Logs();
  EXPECT_TRUE(WaitUntil([] { return Row().at("comp").text() == "mppe"; }, kPatience));
  EXPECT_TRUE(WaitUntil(
      [] {
        return ReadFile("/run/pppd.log").find("MPPE 128-bit stateless compression enabled") !=
               std::string::npos;
      },
      kPatience))
      << ReadFile("/run/pppd.log");
  ASSERT_NE(GlobalAddress("ppp0"), "") << Everything(sstpc);
  Process iperf3({"iperf3", "-s", "--forceflush"}, {&lab_->server(), {}, "iperf3"});
  ASSERT_TRUE(iperf3.WaitForLine("Server listening", kPatience));
  ClientShell("ping -q -c 3 -W 20 10.0.0.1");
  ClientShell("ping -q -c 3 -W 20 fe80::1%ppp0");
  ClientShell("iperf3 -c 10.0.0.1 -n 512K -i 0");
  ClientShell("iperf3 -c 10.0.0.1 -n 512K -i 0 -R");
  End(sstpc);
  ASSERT_TRUE(lab_->Reload(Config("ipv6: allow")));
}

}  // namespace
}  // namespace sstpgw::test
