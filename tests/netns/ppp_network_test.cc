// Network layers that come, go and are refused while others are up (checklist G2-G6), and what the
// kernel's interface has of them. One lab; every case loads its own configuration.
//
//   client (test's own thread, packet by packet) ──── server: both daemons
#include "tests/netns/ipv6_suite.h"

namespace sstpgw::test {
namespace {

using client::ClientOptions;
using client::FailureKind;
using client::kIpcp;
using client::kIpv6cp;
using client::Phase;
using ::testing::HasSubstr;
using ::testing::Not;

class PppNetworkTest : public LabSuite<PppNetworkTest> {
 public:
  static LabConfig Config() { return Ipv6Config(); }

 protected:
  static void Load(const std::string& ppp) { ASSERT_TRUE(lab().Reload(Ipv6Config(ppp))); }
  static std::string Addresses(int version) {
    return lab().server().Shell("ip -" + std::to_string(version) + " -o addr show dev sstp0");
  }
  static bool WaitAddresses(int version, bool there) {
    return WaitUntil([&] { return Addresses(version).empty() != there; }, kPatience);
  }
  static std::string Index() {
    const std::string line = lab().server().Shell("ip -o link show dev sstp0");
    return line.substr(0, line.find(':'));
  }
};

TEST_F(PppNetworkTest, ALayerThatTheClientEndsLeavesTheOther) {
  Load("ipv4: allow\nipv6: allow");
  Ipv6Peer peer(lab());
  ASSERT_TRUE(peer.DialUp()) << peer.dialer().failure().detail;
  ASSERT_TRUE(WaitActive());
  ASSERT_TRUE(peer.Solicit());
  EXPECT_TRUE(WaitAddresses(6, true)) << Addresses(6);

  peer.dialer().session().TerminateLayer(kIpv6cp, client::Now());
  EXPECT_TRUE(peer.ServeUntil([] { return Addresses(6).empty(); })) << Addresses(6);
  EXPECT_THAT(Addresses(4), HasSubstr("inet 10.0.0.1 peer"));
  // IPv4 still answers.
  const auto before = peer.facts().ip_packets_received;
  peer.Send(EchoRequestFrom(peer.facts().address));
  EXPECT_TRUE(peer.ServeUntil([&] { return peer.facts().ip_packets_received > before; }));
  // It may come again.
  peer.dialer().session().AskIpv6(client::Now());
  EXPECT_TRUE(peer.ServeUntil([&] { return peer.facts().ipv6_up; }));
  EXPECT_TRUE(peer.Solicit());

  peer.dialer().session().TerminateLayer(kIpcp, client::Now());
  EXPECT_TRUE(peer.ServeUntil([] { return Addresses(4).empty(); })) << Addresses(4);
  EXPECT_TRUE(peer.Solicit()) << "IPv6 goes on";
  HangUp(peer.dialer());
}

TEST_F(PppNetworkTest, TheLastLayerTakesTheSessionWithIt) {
  Load("ipv4: allow\nipv6: deny");
  Dialer dialer = Dial();
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp));
  ASSERT_TRUE(WaitActive());
  dialer.session().TerminateLayer(kIpcp, client::Now());
  EXPECT_TRUE(dialer.DriveUntilFinished());
  EXPECT_TRUE(lab().WaitSessions(0));
}

TEST_F(PppNetworkTest, D1G3ARequiredLayerThatGoesTakesTheSessionWithIt) {
  for (const std::uint16_t layer : {kIpcp, kIpv6cp}) {
    SCOPED_TRACE(layer);
    Load(layer == kIpcp ? "ipv4: require\nipv6: allow" : "ipv4: allow\nipv6: require");
    Ipv6Peer peer(lab());
    ASSERT_TRUE(peer.DialUp()) << peer.dialer().failure().detail;
    ASSERT_TRUE(WaitActive());
    peer.dialer().session().TerminateLayer(layer, client::Now());
    EXPECT_TRUE(peer.dialer().DriveUntilFinished());
    EXPECT_TRUE(lab().WaitSessions(0));
  }
}

TEST_F(PppNetworkTest, G3RequiredIpv4IsNotReplacedByIpv6) {
  Load("ipv4: require\nipv6: prefer");
  ClientOptions options = Ipv6User();
  options.ipv4 = false;
  Ipv6Peer peer(lab(), options);
  EXPECT_TRUE(peer.dialer().DriveUntilFinished());
  EXPECT_TRUE(lab().WaitSessions(0));
}

TEST_F(PppNetworkTest, WithEveryLayerDeniedThereIsNoSession) {
  Load("ipv4: deny\nipv6: deny");
  Ipv6Peer peer(lab());
  EXPECT_TRUE(peer.dialer().DriveUntilFinished());
  EXPECT_NE(peer.dialer().failure().kind, FailureKind::kNone);
  EXPECT_TRUE(lab().WaitSessions(0));
}

TEST_F(PppNetworkTest, AnIdentifierThatTheClientInsistsOnIsNotAgreedTo) {
  Load("ipv6: allow");
  ClientOptions options = Ipv6User();
  options.interface_id = {0, 0, 0, 0, 0, 0, 0x99, 0x99};
  options.deviations.insist_on_interface_id = true;
  Ipv6Peer peer(lab(), options);
  peer.dialer().DialUntil(Phase::kUp);
  EXPECT_TRUE(peer.facts().ipv4_up) << peer.dialer().failure().detail;
  EXPECT_TRUE(WaitActive());
  // In the end it is refused for good, and a client that goes on without one may.
  EXPECT_NE(peer.facts().interface_id, *options.interface_id);
  HangUp(peer.dialer());
}

TEST_F(PppNetworkTest, G2AKeptInterfaceHasNothingOfItsFormerSession) {
  Load("ipv6: allow\ninterface-cache: 2");
  std::string first;
  {
    Ipv6Peer peer(lab());
    ASSERT_TRUE(peer.DialUp());
    ASSERT_TRUE(WaitActive());
    const auto answer = peer.Lease();
    ASSERT_TRUE(answer);
    first = Index();
    ASSERT_NE(first, "");
    const std::string delegated = TextOf(LeasesOf(*answer, true));
    EXPECT_TRUE(WaitUntil(
        [&] { return !lab().server().Shell("ip -6 route show " + delegated).empty(); }, kPatience));
    HangUp(peer.dialer());
  }
  const auto kept = [] { return lab().server().Shell("ip -o link show group 21333"); };
  EXPECT_TRUE(WaitUntil([&] { return !kept().empty(); }, kPatience));
  EXPECT_THAT(kept(), HasSubstr(first + ": "));
  EXPECT_THAT(kept(), Not(HasSubstr("UP")));
  EXPECT_EQ(lab().server().Shell("(ip -6 -o addr show; ip -6 route show) | grep -E 'sstp|ppp'"),
            "");
  // The next one wants no IPv6, and has none.
  Dialer plain = Dial();
  ASSERT_TRUE(plain.DialUntil(Phase::kUp));
  ASSERT_TRUE(WaitActive());
  EXPECT_EQ(Index(), first);
  EXPECT_EQ(Addresses(6), "");
  HangUp(plain);
  EXPECT_TRUE(WaitUntil([&] { return !kept().empty(); }, kPatience));
  Ipv6Peer again(lab());
  ASSERT_TRUE(again.DialUp());
  ASSERT_TRUE(WaitActive());
  EXPECT_EQ(Index(), first);
  EXPECT_TRUE(again.Solicit());
  HangUp(again.dialer());
  Load("ipv6: allow");
  EXPECT_TRUE(WaitUntil([&] { return kept().empty(); }, kPatience));
}

}  // namespace
}  // namespace sstpgw::test
