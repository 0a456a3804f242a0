// IPv6 of a session (checklist D1-D6, D8-D17, H6): preferences, interface identifiers, prefixes and
// what is advertised. One lab; every case loads its own configuration with "sstpctl reload".
//
//   client (test's own thread, packet by packet) ──── server: both daemons
#include <set>

#include "tests/netns/ipv6_suite.h"

namespace sstpgw::test {
namespace {

using client::ClientOptions;
using client::FailureKind;
using client::kConfNak;
using client::kConfReq;
using client::kIpv6cp;
using client::Phase;
using client::PppControl;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Ipv6Test : public LabSuite<Ipv6Test> {
 public:
  static LabConfig Config() { return Ipv6Config(); }

 protected:
  static void Load(const std::string& ppp, const std::string& more = "") {
    ASSERT_TRUE(lab().Reload(Ipv6Config(ppp, more)));
  }
  static std::vector<PppControl> Packets(Dialer& dialer, std::uint8_t code) {
    std::vector<PppControl> found;
    for (PppControl& packet : dialer.ServerPackets(kIpv6cp)) {
      if (packet.code == code) found.push_back(std::move(packet));
    }
    return found;
  }
  static Json Row(const std::string& user = "test") {
    return lab().SessionWith("username", user).value_or(Json{});
  }
  static std::string LinkLocalOf(const std::string& interface) {
    return lab().server().Shell("ip -6 -o addr show dev " + interface + " scope link");
  }
  static void HangUpPeer(Ipv6Peer& peer) { HangUp(peer.dialer()); }
  // Comes up with these settings and returns the identifier that the client has been given.
  static std::string IdOf(const std::string& ppp, ClientOptions options = Ipv6User()) {
    Load(ppp);
    Ipv6Peer peer(lab(), std::move(options));
    EXPECT_TRUE(peer.DialUp()) << peer.dialer().failure().detail;
    if (peer.dialer().session().phase() != Phase::kUp) return "";
    EXPECT_TRUE(peer.facts().ipv6_up);
    const std::string id = IdText(peer.facts().interface_id);
    HangUpPeer(peer);
    return id;
  }
  static client::ClientOptions OtherUser() {
    client::ClientOptions options = TestUser();
    options.user = options.password = "witness";
    return options;
  }
  // Pings `target` from the server while the client answers.
  static void ExpectPinged(Ipv6Peer& peer, const std::string& target) {
    Process ping({"ping", "-6", "-n", "-c", "3", "-i", "0.2", "-W", "10", target},
                 {&lab().server(), {}, "ping"});
    EXPECT_TRUE(peer.ServeUntil([&] { return !ping.running(); }, 3 * kPatience));
    EXPECT_EQ(ping.Wait(kPatience).value_or(-1), 0) << ping.Output();
  }
};

// ---- D1-D4: preferences

TEST_F(Ipv6Test, D1RequiredAndRefusedEndsTheSession) {
  Load("ipv6: require");
  Dialer refusing = Dial();
  EXPECT_TRUE(refusing.DriveUntilFinished());
  EXPECT_EQ(refusing.failure().kind, FailureKind::kDisconnected) << refusing.failure().detail;
  EXPECT_TRUE(lab().WaitSessions(0));
  Ipv6Peer polite(lab());
  ASSERT_TRUE(polite.DialUp()) << polite.dialer().failure().detail;
  EXPECT_TRUE(polite.facts().ipv4_up);
  EXPECT_TRUE(polite.facts().ipv6_up);
  ASSERT_TRUE(WaitActive());
  HangUpPeer(polite);
}

TEST_F(Ipv6Test, D2PreferAsksFirstAndDoesWithout) {
  Load("ipv6: prefer");
  ClientOptions options = Ipv6User();
  options.deviations.never_ask_ipv6cp = true;
  Ipv6Peer waiting(lab(), options);
  ASSERT_TRUE(waiting.DialUp()) << waiting.dialer().failure().detail;
  EXPECT_TRUE(waiting.ServeUntil([&] { return !Packets(waiting.dialer(), kConfReq).empty(); }));
  HangUpPeer(waiting);
  Dialer refusing = Dial();
  ASSERT_TRUE(refusing.DialUntil(Phase::kUp)) << refusing.failure().detail;
  EXPECT_FALSE(Packets(refusing, kConfReq).empty());
  ASSERT_TRUE(WaitActive());
  EXPECT_NE(Row().at("ip").text(), "");
  EXPECT_EQ(Row().at("ip6").text(), "");
  HangUp(refusing);
}

TEST_F(Ipv6Test, D3AllowWaitsForTheClientHoweverLate) {
  Load("ipv6: allow\nlcp-echo-interval: 1");
  ClientOptions options = Ipv6User();
  options.deviations.ask_ipv6cp_late = true;
  Ipv6Peer late(lab(), options);
  ASSERT_TRUE(late.DialUp()) << late.dialer().failure().detail;
  ASSERT_TRUE(WaitActive());
  // Two echoes are two seconds in which the server could have asked.
  EXPECT_TRUE(late.ServeUntil([&] { return late.facts().lcp_echo_requests >= 2; }));
  EXPECT_THAT(Packets(late.dialer(), kConfReq), IsEmpty());
  EXPECT_FALSE(late.facts().ipv6_up);
  const std::string interface = Row().at("ifname").text();
  EXPECT_EQ(LinkLocalOf(interface), "");

  late.dialer().session().AskIpv6(client::Now());
  ASSERT_TRUE(late.ServeUntil([&] { return late.facts().ipv6_up; }));
  const auto advertisement = late.Solicit();
  ASSERT_TRUE(advertisement);
  EXPECT_EQ(advertisement->prefixes.size(), 1U);
  EXPECT_THAT(LinkLocalOf(interface), HasSubstr("fe80::1/64"));
  HangUpPeer(late);
}

TEST_F(Ipv6Test, D4DeniedByDefaultAndByName) {
  for (const char* ppp : {"ipv6: deny", "lcp-echo-interval: 30"}) {
    SCOPED_TRACE(ppp);
    Load(ppp);
    const std::size_t from = lab().gateway().LineCount();
    Dialer dialer = Dial(Ipv6User());
    ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
    ASSERT_TRUE(WaitActive());
    std::vector<PppControl> rejects;
    for (PppControl& packet : dialer.ServerPackets(client::kLcp)) {
      if (packet.code == client::kProtoRej) rejects.push_back(std::move(packet));
    }
    ASSERT_EQ(rejects.size(), 1U);
    ASSERT_GE(rejects[0].data.size(), 2U);
    EXPECT_EQ(client::Get16(rejects[0].data, 0), kIpv6cp);
    EXPECT_TRUE(lab().WaitLog("IPV6CP: discarding packet", from));
    EXPECT_FALSE(dialer.facts().ipv6_up);
    EXPECT_EQ(Row().at("ip6").text(), "");
    EXPECT_EQ(lab().server().Shell("ip -6 -o addr show dev " + Row().at("ifname").text()), "");
    HangUp(dialer);
  }
}

TEST_F(Ipv6Test, G6WithoutIpv4ASessionIsOfIpv6Alone) {
  Load("ipv4: deny\nipv6: require");
  Ipv6Peer peer(lab());
  ASSERT_TRUE(peer.DialUp()) << peer.dialer().failure().detail;
  EXPECT_FALSE(peer.facts().ipv4_up);
  EXPECT_TRUE(peer.facts().ipv6_up);
  ASSERT_TRUE(WaitActive());
  EXPECT_EQ(lab().server().Shell("ip -4 -o addr show dev " + Row().at("ifname").text()), "");
  bool rejected = false;
  for (const PppControl& packet : peer.dialer().ServerPackets(client::kLcp)) {
    rejected |= packet.code == client::kProtoRej && packet.data.size() >= 2 &&
                client::Get16(packet.data, 0) == client::kIpcp;
  }
  EXPECT_TRUE(rejected) << "IPCP is answered with Protocol-Reject";
  const auto advertisement = peer.Solicit();
  ASSERT_TRUE(advertisement);
  ASSERT_EQ(advertisement->prefixes.size(), 1U);
  const Ipv6Address self =
      client::Join(advertisement->prefixes[0].prefix.address, peer.facts().interface_id);
  peer.addresses.push_back(self);
  ExpectPinged(peer, self.ToString());
  HangUpPeer(peer);
}

TEST_F(Ipv6Test, G4WithIpv6UpARefusedIpv4IsTolerated) {
  Load("ipv4: prefer\nipv6: prefer");
  ClientOptions options = Ipv6User();
  options.ipv4 = false;
  Ipv6Peer peer(lab(), options);
  ASSERT_TRUE(peer.DialUp()) << peer.dialer().failure().detail;
  EXPECT_TRUE(peer.facts().ipv6_up);
  ASSERT_TRUE(WaitActive());
  EXPECT_TRUE(peer.Solicit());
  HangUpPeer(peer);
}

// ---- D5, D6, H6: prefixes and advertisements

TEST_F(Ipv6Test, D5EachClientHasAPrefixAndItsAddressIsReached) {
  Load("ipv6: allow", "name-server: [192.0.2.53, \"2001:db8::53\", \"2001:db8::54\"]");
  Ipv6Peer first(lab());
  Ipv6Peer second(lab(), Ipv6User(OtherUser()));
  std::set<std::string> prefixes;
  for (Ipv6Peer* peer : {&first, &second}) {
    ASSERT_TRUE(peer->DialUp()) << peer->dialer().failure().detail;
    const std::string user = peer == &first ? "test" : "witness";
    ASSERT_TRUE(WaitActive(user));
    const auto advertisement = peer->Solicit();
    ASSERT_TRUE(advertisement);
    EXPECT_EQ(advertisement->router, Address6("fe80::1"));
    EXPECT_EQ(advertisement->lifetime, 1800);
    EXPECT_EQ(advertisement->cur_hop_limit, 64);
    EXPECT_TRUE(advertisement->managed && advertisement->other_config);
    EXPECT_EQ(advertisement->mtu, 1452U);
    EXPECT_THAT(advertisement->dns, ElementsAre(Address6("2001:db8::53"), Address6("2001:db8::54")))
        << "H6";
    EXPECT_THAT(advertisement->other_options, IsEmpty()) << "Windows 11 minds link-layer options";
    ASSERT_EQ(advertisement->prefixes.size(), 1U);
    const client::AdvertisedPrefix& prefix = advertisement->prefixes[0];
    EXPECT_EQ(prefix.prefix.length, 64);
    EXPECT_THAT(prefix.prefix.ToString(), ContainsRegex("^2001:db8:1:"));
    EXPECT_TRUE(prefix.on_link && prefix.autonomous);
    EXPECT_EQ(prefix.valid, 2592000U);
    EXPECT_EQ(prefix.preferred, 604800U);
    prefixes.insert(prefix.prefix.ToString());
    EXPECT_EQ(Row(user).at("ip6").text(),
              client::Join(prefix.prefix.address, peer->facts().interface_id).ToString() + "/64");
    // Of the user's own choice within the prefix.
    const Ipv6Address self = client::Join(prefix.prefix.address, {2, 0, 0, 0, 0, 0, 0x12, 0x34});
    peer->addresses.push_back(self);
    ExpectPinged(*peer, self.ToString());
    // The gateway's address in it answers.
    const Ipv6Address gateway = client::Join(prefix.prefix.address, {0, 0, 0, 0, 0, 0, 0, 1});
    const std::size_t from = peer->received.size();
    peer->Send(client::MakeEchoRequest6(Between(self, gateway), 7, 1, {}));
    EXPECT_TRUE(peer->ServeUntil([&] {
      for (std::size_t i = from; i < peer->received.size(); ++i) {
        const auto packet = client::ParseIpv6(peer->received[i]);
        if (packet && packet->source == gateway && packet->destination == self) return true;
      }
      return false;
    }));
  }
  EXPECT_EQ(prefixes.size(), 2U);
  HangUp(first.dialer(), 1);
  HangUpPeer(second);
  EXPECT_EQ(lab().server().Shell("ip -6 route show | grep 2001:db8"), "");
}

TEST_F(Ipv6Test, AnotherClientsSourceDoesNotPass) {
  Load("ipv6: allow");
  Ipv6Peer peer(lab());
  ASSERT_TRUE(peer.DialUp());
  ASSERT_TRUE(WaitActive());
  const auto advertisement = peer.Solicit();
  ASSERT_TRUE(advertisement && advertisement->prefixes.size() == 1);
  const Ipv6Address gateway =
      client::Join(advertisement->prefixes[0].prefix.address, {0, 0, 0, 0, 0, 0, 0, 1});
  const double before = lab().Statistic("up_dropped_spoofed");
  peer.Send(client::MakeEchoRequest6(Between(Address6("2001:db8:1:ffff::2"), gateway), 7, 1, {}));
  EXPECT_TRUE(peer.ServeUntil([&] { return lab().Statistic("up_dropped_spoofed") >= before + 1; }));
  HangUpPeer(peer);
}

TEST_F(Ipv6Test, AdvertisementsComeByThemselves) {
  Load("ipv6: allow", "ipv6-nd: { max-initial-rtr-adv-interval: 1 }");
  Ipv6Peer peer(lab());
  ASSERT_TRUE(peer.DialUp());
  ASSERT_TRUE(WaitActive());
  ASSERT_TRUE(peer.Unsolicited());
  EXPECT_TRUE(peer.Unsolicited(peer.received.size())) << "the next one";
  HangUpPeer(peer);
}

TEST_F(Ipv6Test, D6APrefixOf128IsOneAddressByDhcp) {
  LabConfig config = Ipv6Config();
  config.extra =
      "client-ipv6-pool:\n  V6: { prefix: [{ address: \"2001:db8:1::/112\", mask: 128 }] }\n"
      "default-ipv6-pool: V6";
  ASSERT_TRUE(lab().Reload(config));
  Ipv6Peer peer(lab());
  ASSERT_TRUE(peer.DialUp()) << peer.dialer().failure().detail;
  ASSERT_TRUE(WaitActive());
  const auto answer = peer.Lease();
  ASSERT_TRUE(answer);
  const auto leases = LeasesOf(*answer, false);
  ASSERT_EQ(leases.size(), 1U);
  EXPECT_THAT(leases[0].prefix.ToString(), ContainsRegex("^2001:db8:1::[0-9a-f]+/128$"));
  EXPECT_THAT(LeasesOf(*answer, true), IsEmpty());
  peer.addresses.push_back(leases[0].prefix.address);
  ExpectPinged(peer, leases[0].prefix.address.ToString());
  EXPECT_EQ(Row().at("ip6").text(), leases[0].prefix.ToString());
  HangUpPeer(peer);
}

TEST_F(Ipv6Test, D6D8D9H6WhatIsOutOfRangeIsRefusedByName) {
  struct Case {
    std::string extra;
    std::string message;  // regular expression; "": accepted
  };
  const auto pool = [](const std::string& text) {
    return "client-ipv6-pool:\n  V6: { " + text + " }\ndefault-ipv6-pool: V6";
  };
  for (const Case& one : std::vector<Case>{
           {pool("prefix: [{ address: \"2001:db8::/40\", mask: 47 }]"), "mask.*48"},
           {pool("prefix: [{ address: \"2001:db8::/48\", mask: 129 }]"), "mask.*128"},
           {pool("prefix: [{ address: \"2001:db8::/64\", mask: 56 }]"), "prefix"},
           {pool("prefix: [{ address: \"2001:db8::/48\" }]"), ""},
           {pool("delegate: [{ address: \"2001:db8::/28\", delegation-prefix: 31 }]"),
            "delegation-prefix.*32"},
           {pool("delegate: [{ address: \"2001:db8::/48\", delegation-prefix: 65 }]"),
            "delegation-prefix.*64"},
           {pool("delegate: [{ address: \"2001:db8::/48\" }]"), "delegation-prefix"},
           {"default-ipv6-pool: NOWHERE", "default-ipv6-pool.*NOWHERE"},
           {"name-server: [\"2001:db8::1\", \"2001:db8::2\", \"2001:db8::3\"]", ""},
           {"name-server: [\"2001:db8::1\", \"2001:db8::2\", \"2001:db8::3\", \"2001:db8::4\"]",
            "name-server"}}) {
    SCOPED_TRACE(one.extra);
    LabConfig config;
    config.extra = one.extra;
    const std::string file = lab().directory().Write("check.yaml", lab().ConfigText(config));
    const Finished check = RunProcess({Program("sstp-controlplane"), "--config", file, "--check"});
    EXPECT_EQ(check.exit_code == 0, one.message.empty()) << check.output;
    EXPECT_THAT(check.output, ContainsRegex(one.message));
  }
}

// The example of the documentation has the name in two spellings.
TEST_F(Ipv6Test, D10TheExampleLoadsWithAWarningAndDelegates) {
  LabConfig config;
  config.ppp_options = "ipv6: allow";
  config.extra =
      "client-ipv6-pool:\n"
      "  IPv6-POOL: { delegate: [{ address: \"2001:db8:8003::/48\", delegation-prefix: 56 }] }\n"
      "  IPV6-POOL: { prefix: [{ address: \"2001:db8:8002::/48\", mask: 64 }] }\n"
      "default-ipv6-pool: IPv6-POOL";
  const std::string file = lab().directory().Write("check.yaml", lab().ConfigText(config));
  const Finished check = RunProcess({Program("sstp-controlplane"), "--config", file, "--check"});
  EXPECT_EQ(check.exit_code, 0) << check.output;
  EXPECT_THAT(check.output, ContainsRegex("[Ww]arning.*IPv6-POOL|IPv6-POOL.*[Ww]arning"));
  ASSERT_TRUE(lab().Reload(config));
  {
    Ipv6Peer peer(lab());
    ASSERT_TRUE(peer.DialUp()) << peer.dialer().failure().detail;
    ASSERT_TRUE(WaitActive());
    const auto advertisement = peer.Solicit();
    ASSERT_TRUE(advertisement) << "says that there is DHCPv6";
    EXPECT_THAT(advertisement->prefixes, IsEmpty());
    const auto answer = peer.Lease();
    ASSERT_TRUE(answer);
    EXPECT_THAT(TextOf(LeasesOf(*answer, true)), ContainsRegex("^2001:db8:8003:[0-9a-f:]*/56$"));
    HangUpPeer(peer);
  }
  config.extra =
      "client-ipv6-pool:\n"
      "  IPV6-POOL: { prefix: [{ address: \"2001:db8:8002::/48\", mask: 64 }],"
      " delegate: [{ address: \"2001:db8:8003::/48\", delegation-prefix: 56 }] }\n"
      "default-ipv6-pool: IPV6-POOL";
  ASSERT_TRUE(lab().Reload(config));
  Ipv6Peer peer(lab());
  ASSERT_TRUE(peer.DialUp());
  ASSERT_TRUE(WaitActive());
  const auto advertisement = peer.Solicit();
  ASSERT_TRUE(advertisement);
  EXPECT_EQ(advertisement->prefixes.size(), 1U);
  const auto answer = peer.Lease();
  ASSERT_TRUE(answer);
  EXPECT_EQ(LeasesOf(*answer, true).size(), 1U);
  HangUpPeer(peer);
}

// ---- D11-D17: interface identifiers

TEST_F(Ipv6Test, D11AClientKeepsItsIdentifierWhereThatIsAllowed) {
  ClientOptions options = Ipv6User();
  options.interface_id = {2, 1, 2, 3, 4, 5, 6, 7};
  Load("ipv6: allow\nipv6-accept-peer-interface-id: true");
  Ipv6Peer peer(lab(), options);
  ASSERT_TRUE(peer.DialUp()) << peer.dialer().failure().detail;
  EXPECT_EQ(peer.facts().interface_id, options.interface_id);
  EXPECT_THAT(Packets(peer.dialer(), kConfNak), IsEmpty());
  HangUpPeer(peer);
  EXPECT_EQ(IdOf("ipv6: allow", options), "0:0:0:2");
}

TEST_F(Ipv6Test, D12D13TheServersIdentifier) {
  std::set<std::string> seen;
  for (int i = 0; i < 2; ++i) {
    Load("ipv6: allow\nipv6-interface-id: random");
    Ipv6Peer peer(lab());
    ASSERT_TRUE(peer.DialUp());
    ASSERT_TRUE(WaitActive());
    const std::string id = IdText(peer.facts().peer_interface_id);
    EXPECT_NE(id, "0:0:0:1");
    seen.insert(id);
    EXPECT_TRUE(peer.Solicit());
    EXPECT_THAT(LinkLocalOf("sstp0"), HasSubstr(peer.router().ToString() + "/64"));
    HangUpPeer(peer);
  }
  EXPECT_EQ(seen.size(), 2U);
  for (const auto& [setting, address] :
       {std::pair{"lcp-echo-interval: 30", "fe80::1"},
        std::pair{"ipv6-interface-id: \"a:b:c:d\"", "fe80::a:b:c:d"}}) {
    Load(std::string("ipv6: allow\n") + setting);
    Ipv6Peer peer(lab());
    ASSERT_TRUE(peer.DialUp());
    ASSERT_TRUE(WaitActive());
    EXPECT_TRUE(peer.Solicit());
    EXPECT_THAT(LinkLocalOf("sstp0"), HasSubstr(std::string(address) + "/64"));
    HangUpPeer(peer);
  }
}

TEST_F(Ipv6Test, D14ToD17TheClientsIdentifier) {
  const std::string random = "ipv6: allow\nipv6-peer-interface-id: random";
  const std::string first = IdOf(random);
  const std::string second = IdOf(random);
  EXPECT_NE(first, second);
  EXPECT_THAT((std::vector<std::string>{first, second}), Not(::testing::Contains("0:0:0:0")));
  EXPECT_EQ(IdOf("ipv6: allow"), "0:0:0:2");
  EXPECT_EQ(IdOf("ipv6: allow\nipv6-peer-interface-id: \"1:2:3:abcd\""), "1:2:3:abcd");
  // The client's outer address, 192.168.10.100; decimal digits read as hexadecimal ones.
  const std::string calling = "ipv6: allow\nipv6-peer-interface-id: calling-sid";
  EXPECT_EQ(IdOf(calling), "192:168:10:100");
  EXPECT_EQ(IdOf(calling), "192:168:10:100");
  EXPECT_THAT(IdOf("ipv6: allow\nipv6-peer-interface-id: ipv4-addr"),
              ContainsRegex("^10:0:0:[0-9]+$"));
}

TEST_F(Ipv6Test, D16TheIdentifierIsThatOfTheClientsOwnAddress) {
  LabConfig config = Ipv6Config("ipv6: allow\nipv6-peer-interface-id: ipv4-addr");
  config.users = "test: { password: test, static-ip: 10.0.0.50 }";
  ASSERT_TRUE(lab().Reload(config));
  Ipv6Peer peer(lab());
  ASSERT_TRUE(peer.DialUp());
  EXPECT_EQ(peer.facts().address.ToString(), "10.0.0.50");
  EXPECT_EQ(IdText(peer.facts().interface_id), "10:0:0:50");
  HangUpPeer(peer);
}

}  // namespace
}  // namespace sstpgw::test
