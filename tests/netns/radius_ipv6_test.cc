// What RADIUS says of IPv6, interfaces, VRFs and encryption (checklist C29-C36, D with RADIUS,
// G15), and what is accounted of it. Moves between VRFs need a kernel that has them: tests/vm.
//
//   client ──── server: both daemons, 10.255.255.1:1700 ──── inside: radclient, two FreeRADIUS
#include "tests/netns/ipv6_suite.h"
#include "tests/netns/radius_suite.h"

namespace sstpgw::test {
namespace {

using client::MppeWish;
using client::Phase;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kUsers = R"(
rita Cleartext-Password := "test"
pooled Cleartext-Password := "test"
  Stateful-IPv6-Address-Pool = "P2",
  Delegated-IPv6-Prefix-Pool = "P2"
raw Cleartext-Password := "test"
  Attr-172 = 0x5032,
  Attr-171 = 0x5032
framed Cleartext-Password := "test"
  Framed-IPv6-Pool = "P2"
astray Cleartext-Password := "test"
  Stateful-IPv6-Address-Pool = "NOWHERE",
  Delegated-IPv6-Prefix-Pool = "NOWHERE"
fixed Cleartext-Password := "test"
  Framed-IPv6-Prefix = 2001:db8:f1::/64,
  Delegated-IPv6-Prefix = 2001:db8:f200::/56,
  Framed-Interface-Id = "a:b:c:d",
  DNS-Server-IPv6-Address = 2001:db8::99
routed Cleartext-Password := "test"
  Framed-Route = "10.77.0.0/24 0.0.0.0 1",
  Framed-IPv6-Route = "2001:db8:7700::/48 :: 1"
named Cleartext-Password := "test"
  NAS-Port-Id = "custA"
twin Cleartext-Password := "test"
  NAS-Port-Id = "custA"
long15 Cleartext-Password := "test"
  NAS-Port-Id = "customer-abcdef"
long16 Cleartext-Password := "test"
  NAS-Port-Id = "customer-abcdefg"
lost Cleartext-Password := "test"
  Accel-VRF-Name = "RED"
lostraw Cleartext-Password := "test"
  Attr-26.55999.1 = 0x524544
secret Cleartext-Password := "test"
weak Cleartext-Password := "test"
)";

// FreeRADIUS's module for MS-CHAP puts values of its own into the reply; these replace them.
constexpr const char* kPostAuth = R"(
  if (&User-Name == "secret") {
    update reply {
      &MS-MPPE-Encryption-Policy := Encryption-Required
      &MS-MPPE-Encryption-Types := 4
    }
  }
  if (&User-Name == "weak") {
    update reply {
      &MS-MPPE-Encryption-Policy := Encryption-Required
      &MS-MPPE-Encryption-Types := 2
    }
  }
)";

class RadiusIpv6Test : public RadiusSuite<RadiusIpv6Test> {
 public:
  static LabConfig Config() { return With("ipv6: allow"); }
  static LabConfig With(const std::string& ppp) {
    LabConfig config = RadiusConfigOf(
        {RadiusServer(kFirst), RadiusServer(kSecond)},
        "dynamic-author: { key: coa-key, server: 10.255.255.1, allow-from: [10.20.0.0/24] }\n");
    config.ppp_options = ppp;
    config.extra =
        "client-ipv6-pool:\n"
        "  P1: { prefix: [{ address: \"2001:db8:1::/48\" }],"
        " delegate: [{ address: \"2001:db8:4000::/40\", delegation-prefix: 56 }] }\n"
        "  P2: { prefix: [{ address: \"2001:db8:2::/48\" }],"
        " delegate: [{ address: \"2001:db8:5000::/40\", delegation-prefix: 60 }] }\n"
        "default-ipv6-pool: P1\n"
        "name-server: [\"2001:db8::53\"]";
    return config;
  }
  static void Equip(FreeRadiusOptions& options) {
    options.users = kUsers;
    options.post_auth = kPostAuth;
    options.dictionary =
        "VENDOR Accel-PPP 55999\nBEGIN-VENDOR Accel-PPP\n"
        "ATTRIBUTE Accel-VRF-Name 1 string\nEND-VENDOR Accel-PPP\n";
  }

 protected:
  static Json Row(const std::string& user) {
    return lab().SessionWith("username", user).value_or(Json{});
  }
  static std::unique_ptr<Ipv6Peer> Up(const std::string& user) {
    auto peer = std::make_unique<Ipv6Peer>(lab(), Ipv6User(RadiusUser(user)));
    EXPECT_TRUE(peer->DialUp()) << peer->dialer().failure().detail;
    EXPECT_TRUE(WaitActive(user));
    return peer;
  }
  // The link's prefix and the delegated one of a user; each may be "".
  struct Prefixes {
    std::string link;
    std::string delegated;
  };
  static Prefixes PrefixesOf(const std::string& user) {
    const auto peer = Up(user);
    Prefixes found;
    const auto advertisement = peer->Solicit();
    EXPECT_TRUE(advertisement);
    if (advertisement && !advertisement->prefixes.empty()) {
      found.link = advertisement->prefixes[0].prefix.ToString();
    }
    const auto answer = peer->Lease();
    EXPECT_TRUE(answer);
    if (answer) found.delegated = TextOf(LeasesOf(*answer, true));
    if (!found.delegated.empty()) {
      EXPECT_TRUE(
          WaitUntil([&] { return Row(user).at("ip6-dp").text() == found.delegated; }, kPatience));
    }
    HangUp(peer->dialer());
    return found;
  }
  static std::string Radclient(const std::string& attributes) {
    const std::string file = lab().directory().Write("request", attributes + "\n");
    const std::string dictionary = lab().directory().Write(
        "dictionary",
        "$INCLUDE /usr/share/freeradius/dictionary\nVENDOR Accel-PPP 55999\n"
        "BEGIN-VENDOR Accel-PPP\nATTRIBUTE Accel-VRF-Name 1 string\nEND-VENDOR Accel-PPP\n");
    return lab().inside().Shell("radclient -x -r 1 -t 10 -d " +
                                dictionary.substr(0, dictionary.rfind('/')) + " -f " + file + " " +
                                kNas + ":1700 coa coa-key 2>&1");
  }
};

TEST_F(RadiusIpv6Test, C29C30TheServersPoolsAreUsed) {
  const Prefixes own = PrefixesOf("rita");
  EXPECT_THAT(own.link, ContainsRegex("^2001:db8:1:"));
  EXPECT_THAT(own.delegated, ContainsRegex("^2001:db8:40[0-9a-f:]*/56$"));
  const Prefixes theirs = PrefixesOf("pooled");
  EXPECT_THAT(theirs.link, ContainsRegex("^2001:db8:2:"));
  EXPECT_THAT(theirs.delegated, ContainsRegex("^2001:db8:50[0-9a-f:]*/60$"));
  // Where 172 is absent, Framed-IPv6-Pool is it.
  const Prefixes framed = PrefixesOf("framed");
  EXPECT_THAT(framed.link, ContainsRegex("^2001:db8:2:"));
  EXPECT_THAT(framed.delegated, ContainsRegex("^2001:db8:40"));
}

TEST_F(RadiusIpv6Test, C31TheNumbersAreThoseOfTheStandard) {
  const Prefixes raw = PrefixesOf("raw");
  EXPECT_THAT(raw.link, ContainsRegex("^2001:db8:2:"));
  EXPECT_THAT(raw.delegated, ContainsRegex("/60$"));
}

TEST_F(RadiusIpv6Test, AnUnknownPoolGivesNothingAndIsLogged) {
  const auto peer = Up("astray");
  EXPECT_TRUE(WaitControlLog("NOWHERE"));
  EXPECT_EQ(Row("astray").at("ip6").text(), "");
  HangUp(peer->dialer());
  ASSERT_TRUE(lab().Reload(With("ipv6: require")));
  Ipv6Peer required(lab(), Ipv6User(RadiusUser("astray")));
  EXPECT_TRUE(required.dialer().DriveUntilFinished());
  EXPECT_TRUE(lab().WaitSessions(0));
  ASSERT_TRUE(lab().Reload(Config()));
}

TEST_F(RadiusIpv6Test, WhatTheServerSaysInFullReplacesPoolsAndIsAccounted) {
  const auto peer = Up("fixed");
  const std::string session = SessionId("fixed");
  EXPECT_EQ(IdText(peer->facts().interface_id), "a:b:c:d");
  const auto advertisement = peer->Solicit();
  ASSERT_TRUE(advertisement);
  ASSERT_EQ(advertisement->prefixes.size(), 1U);
  EXPECT_EQ(advertisement->prefixes[0].prefix.ToString(), "2001:db8:f1::/64");
  EXPECT_THAT(advertisement->dns, ElementsAre(Address6("2001:db8::99")));
  const AccountingLine start = WaitRecord(session, "Start");
  EXPECT_EQ(start.Get("Framed-IPv6-Prefix"), "2001:db8:f1::/64");
  EXPECT_EQ(start.Get("Framed-Interface-Id"), "a:b:c:d");

  // Delegation is told at once, though nobody asked for Interim-Updates.
  const auto answer = peer->Lease();
  ASSERT_TRUE(answer);
  EXPECT_EQ(TextOf(LeasesOf(*answer, true)), "2001:db8:f200::/56");
  EXPECT_TRUE(WaitUntil(
      [&] {
        for (const AccountingLine& record : RecordsOf(session, "Interim-Update")) {
          if (record.Get("Delegated-IPv6-Prefix") == "2001:db8:f200::/56") return true;
        }
        return false;
      },
      kPatience));
  EXPECT_THAT(lab().server().Shell("ip -6 route show 2001:db8:f200::/56"),
              HasSubstr("via fe80::a:b:c:d "));
  EXPECT_EQ(Row("fixed").at("ip6").text(), "2001:db8:f1:0:a:b:c:d/64");
  HangUp(peer->dialer());
  const AccountingLine stop = WaitRecord(session, "Stop");
  EXPECT_EQ(stop.Get("Framed-IPv6-Prefix"), "2001:db8:f1::/64");
  EXPECT_EQ(stop.Get("Delegated-IPv6-Prefix"), "2001:db8:f200::/56");
}

TEST_F(RadiusIpv6Test, RoutesOfTheAcceptComeAndGoWithTheSession) {
  const auto peer = Up("routed");
  ASSERT_TRUE(peer->Solicit());
  EXPECT_THAT(lab().server().Shell("ip -4 route show 10.77.0.0/24"), HasSubstr("dev sstp0"));
  EXPECT_THAT(lab().server().Shell("ip -6 route show 2001:db8:7700::/48"), HasSubstr("dev sstp0"));
  HangUp(peer->dialer());
  EXPECT_TRUE(WaitUntil(
      [] {
        return lab()
            .server()
            .Shell("ip -4 route show 10.77.0.0/24; ip -6 route show 2001:db8:7700::/48")
            .empty();
      },
      kPatience));
}

// ---- C32-C34, on a kernel without VRFs or where this one is not

TEST_F(RadiusIpv6Test, C32C34WithoutItsVrfASessionIsRefused) {
  for (const char* user : {"lost", "lostraw"}) {
    SCOPED_TRACE(user);
    Ipv6Peer peer(lab(), Ipv6User(RadiusUser(user)));
    EXPECT_TRUE(peer.dialer().DriveUntilFinished());
    EXPECT_TRUE(lab().WaitSessions(0));
    EXPECT_TRUE(lab().WaitLog("RED", gateway_line_));
    gateway_line_ = lab().gateway().LineCount();
  }
  EXPECT_EQ(lab().server().Shell("ip -o addr show type tun"), "");
}

TEST_F(RadiusIpv6Test, C33AnUnknownVrfInACoaIsRefusedAndChangesNothing) {
  const auto peer = Up("rita");
  ASSERT_TRUE(peer->Solicit());
  const std::string session = SessionId("rita");
  const std::string before = lab().server().Ip("-o addr show dev sstp0");
  EXPECT_THAT(Radclient("Acct-Session-Id = \"" + session + "\", Accel-VRF-Name = \"BLUE\""),
              HasSubstr("Received CoA-NAK"));
  EXPECT_EQ(lab().server().Ip("-o addr show dev sstp0"), before);
  EXPECT_TRUE(peer->Solicit());
  HangUp(peer->dialer());
}

// ---- C35, C36

TEST_F(RadiusIpv6Test, C35NasPortIdNamesTheInterface) {
  for (const auto& [user, name] :
       {std::pair{"named", "custA"}, std::pair{"long15", "customer-abcdef"}}) {
    SCOPED_TRACE(user);
    const auto peer = Up(user);
    const std::string session = SessionId(user);
    EXPECT_EQ(InterfaceOf(user), name);
    EXPECT_THAT(lab().server().Ip("-o link show dev " + std::string(name)), HasSubstr("UP"));
    EXPECT_TRUE(peer->Solicit());
    HangUp(peer->dialer());
    EXPECT_EQ(WaitRecord(session, "Stop").Get("NAS-Port-Id"), name);
  }
}

TEST_F(RadiusIpv6Test, C36ANameTooLongIsNotAppliedAndTheSessionGoesOn) {
  const auto peer = Up("long16");
  EXPECT_EQ(InterfaceOf("long16"), "sstp0");
  EXPECT_TRUE(WaitUntil(
      [&] {
        return lab().gateway().Output(gateway_line_).find("customer-abcdef") != std::string::npos ||
               lab().control_plane().Output(control_line_).find("customer-abcdef") !=
                   std::string::npos;
      },
      kPatience))
      << "nobody warns";
  EXPECT_TRUE(peer->Solicit());
  HangUp(peer->dialer());
}

TEST_F(RadiusIpv6Test, C35ANameThatIsTakenIsNotApplied) {
  const auto first = Up("named");
  const auto second = Up("twin");
  std::vector<std::string> names;
  EXPECT_TRUE(WaitUntil(
      [&] {
        names.clear();
        for (const Json& row : lab().Sessions()) names.push_back(row.at("ifname").text());
        std::sort(names.begin(), names.end());
        return names == std::vector<std::string>{"custA", "sstp0"};
      },
      kPatience))
      << ::testing::PrintToString(names);
  HangUp(second->dialer(), 1);
  HangUp(first->dialer());
}

// ---- G15

TEST_F(RadiusIpv6Test, G15TheServerDecidesAboutEncryption) {
  client::ClientOptions options = RadiusUser("secret");
  options.auth = {AuthProtocol::kMsChapV2};
  for (const char* ppp : {"mppe: deny", "mppe: prefer"}) {
    SCOPED_TRACE(ppp);
    ASSERT_TRUE(lab().Reload(With(ppp)));
    options.mppe = MppeWish::kAllow;
    {
      Dialer dialer = DialAs(options);
      ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
      EXPECT_TRUE(WaitActive("secret"));
      EXPECT_TRUE(dialer.facts().mppe.up);
      EXPECT_TRUE(ServeUntil(dialer, [] { return Row("secret").at("comp").text() == "mppe"; }));
      dialer.session().SendIpPacket(EchoRequestFrom(dialer.facts().address));
      EXPECT_TRUE(dialer.Drive(
          [](client::ClientSession& session) { return session.facts().mppe.received >= 1; }));
      EXPECT_EQ(dialer.facts().mppe.plaintext_received, 0U);
      HangUp(dialer);
    }
    options.mppe = MppeWish::kNone;
    Dialer refusing = DialAs(options);
    EXPECT_TRUE(refusing.DriveUntilFinished());
    EXPECT_TRUE(lab().WaitSessions(0));
  }
  ASSERT_TRUE(lab().Reload(Config()));
}

TEST_F(RadiusIpv6Test, G15TypesNameTheKeyLengths) {
  ASSERT_TRUE(lab().Reload(With("mppe: prefer")));
  client::ClientOptions options = RadiusUser("weak");
  options.auth = {AuthProtocol::kMsChapV2};
  options.mppe = MppeWish::kAllow;
  Dialer dialer = DialAs(options);
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
  EXPECT_TRUE(WaitActive("weak"));
  EXPECT_TRUE(dialer.facts().mppe.up);
  EXPECT_EQ(dialer.facts().mppe.receiving.bits, 40);
  dialer.session().SendIpPacket(EchoRequestFrom(dialer.facts().address));
  EXPECT_TRUE(dialer.Drive(
      [](client::ClientSession& session) { return session.facts().mppe.received >= 1; }));
  HangUp(dialer);
  ASSERT_TRUE(lab().Reload(Config()));
}

}  // namespace
}  // namespace sstpgw::test
