// DHCPv6 inside a session (checklist D7, H6; RFC 8415): what each message is answered with, and
// what the kernel has to know of it. One lab.
//
//   client (test's own thread, packet by packet) ──── server: both daemons
#include "tests/netns/ipv6_suite.h"

namespace sstpgw::test {
namespace {

using client::Dhcpv6Answer;
using client::Dhcpv6Message;
using client::Dhcpv6Option;
using client::Dhcpv6Type;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// RFC 8415 21.13.
constexpr std::uint16_t kNoAddrsAvail = 2;
constexpr std::uint16_t kNoBinding = 3;
constexpr std::uint16_t kNotOnLink = 4;
constexpr std::uint16_t kNoPrefixAvail = 6;
// How long silence is listened to: the gateway answers within a millisecond.
constexpr std::chrono::milliseconds kSilence{500};

class Dhcpv6Test : public LabSuite<Dhcpv6Test> {
 public:
  static LabConfig Config() {
    return Ipv6Config("ipv6: allow",
                      "name-server: [\"2001:db8::53\", \"2001:db8::54\"]\n"
                      "ipv6-dhcp: { domain-search: [example.com] }");
  }

 protected:
  void SetUp() override {
    LabSuite::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    DialIn();
  }
  void TearDown() override {
    if (peer_) HangUp(peer_->dialer());
    peer_.reset();
    LabSuite::TearDown();
  }
  void DialIn() {
    peer_ = std::make_unique<Ipv6Peer>(lab());
    ASSERT_TRUE(peer_->DialUp()) << peer_->dialer().failure().detail;
    ASSERT_TRUE(WaitActive());
  }
  [[nodiscard]] Ipv6Peer& peer() { return *peer_; }

  static Json Row() { return lab().SessionWith("username", "test").value_or(Json{}); }
  static std::string RouteTo(const std::string& prefix) {
    return lab().server().Shell("ip -6 route show " + prefix);
  }
  // The answer's contents; the test fails when there is none of this type.
  Dhcpv6Answer Answer(const std::optional<Dhcpv6Message>& message, Dhcpv6Type type) {
    EXPECT_TRUE(message) << "no answer";
    if (!message) return {};
    EXPECT_EQ(message->type, type);
    EXPECT_NE(message->Find(client::kOptionServerId), nullptr);
    const auto answer = client::Interpret(*message);
    EXPECT_TRUE(answer);
    return answer.value_or(Dhcpv6Answer{});
  }
  Dhcpv6Answer Reply(Dhcpv6Type type, std::vector<Dhcpv6Option> options) {
    return Answer(peer().Ask(type, std::move(options)), Dhcpv6Type::kReply);
  }
  static std::vector<client::Lease> Asking(const std::string& prefix) {
    return {{Ipv6Prefix::Parse(prefix).value(), 0, 0, std::nullopt}};
  }

 private:
  std::unique_ptr<Ipv6Peer> peer_;
};

TEST_F(Dhcpv6Test, D7APrefixIsDelegatedRoutedShownAndReleased) {
  const auto answer = peer().Lease();
  ASSERT_TRUE(answer);
  const auto prefixes = LeasesOf(*answer, true);
  ASSERT_EQ(prefixes.size(), 1U);
  const std::string prefix = prefixes[0].prefix.ToString();
  EXPECT_THAT(prefix, ContainsRegex("^2001:db8:40[0-9a-f:]*/56$"));
  EXPECT_EQ(prefixes[0].preferred, 604800U);
  EXPECT_EQ(prefixes[0].valid, 2592000U);
  const auto addresses = LeasesOf(*answer, false);
  ASSERT_EQ(addresses.size(), 1U);
  EXPECT_THAT(addresses[0].prefix.ToString(), ContainsRegex("^2001:db8:1:.*:2/128$"));
  for (const client::Association& one : answer->associations) {
    EXPECT_EQ(one.t1, 302400U);
    EXPECT_EQ(one.t2, 483840U);
  }
  EXPECT_THAT(answer->dns, ElementsAre(Address6("2001:db8::53"), Address6("2001:db8::54"))) << "H6";
  EXPECT_THAT(answer->search, ElementsAre("example.com"));
  EXPECT_EQ(answer->preference, 255);

  EXPECT_TRUE(WaitUntil([&] { return !RouteTo(prefix).empty(); }, kPatience));
  EXPECT_THAT(RouteTo(prefix), AllOf(HasSubstr("via fe80::2 "), HasSubstr("dev sstp0")));
  EXPECT_TRUE(WaitUntil([&] { return Row().at("ip6-dp").text() == prefix; }, kPatience))
      << Row().at("ip6-dp").text();

  const Dhcpv6Answer released = Reply(
      Dhcpv6Type::kRelease, {peer().ServerId(), Ipv6Peer::Na(addresses), Ipv6Peer::Pd(prefixes)});
  EXPECT_EQ(released.status.value_or(0), 0);
  EXPECT_TRUE(WaitUntil([&] { return RouteTo(prefix).empty(); }, kPatience)) << RouteTo(prefix);

  // It may be had again, and ends with the session.
  const auto again = peer().Lease();
  ASSERT_TRUE(again);
  EXPECT_EQ(TextOf(LeasesOf(*again, true)), prefix);
  EXPECT_TRUE(WaitUntil([&] { return !RouteTo(prefix).empty(); }, kPatience));
  HangUp(peer().dialer());
  EXPECT_TRUE(WaitUntil([&] { return RouteTo(prefix).empty(); }, kPatience)) << RouteTo(prefix);
  ASSERT_NO_FATAL_FAILURE(DialIn());
}

TEST_F(Dhcpv6Test, ADelegatedPrefixIsAsGoodASourceAsTheLinksOnceItIsThere) {
  lab().server().Shell("sysctl -qw net.ipv6.conf.all.forwarding=1");
  const auto advertisement = peer().Solicit();
  ASSERT_TRUE(advertisement && advertisement->prefixes.size() == 1);
  const Ipv6Address gateway =
      client::Join(advertisement->prefixes[0].prefix.address, {0, 0, 0, 0, 0, 0, 0, 1});
  const auto answer = peer().Lease();
  ASSERT_TRUE(answer);
  const auto prefixes = LeasesOf(*answer, true);
  ASSERT_EQ(prefixes.size(), 1U);
  const Ipv6Address behind = client::Join(prefixes[0].prefix.address, {0, 0, 0, 0, 0, 0, 0, 0x77});
  const std::size_t from = peer().received.size();
  peer().Send(client::MakeEchoRequest6(Between(behind, gateway), 7, 1, {}));
  EXPECT_TRUE(peer().ServeUntil([&] {
    for (std::size_t i = from; i < peer().received.size(); ++i) {
      const auto packet = client::ParseIpv6(peer().received[i]);
      if (packet && packet->source == gateway && packet->destination == behind) return true;
    }
    return false;
  }));
}

TEST_F(Dhcpv6Test, RapidCommitSavesTwoMessages) {
  const auto message = peer().Ask(
      Dhcpv6Type::kSolicit, {{client::kOptionRapidCommit, {}}, Ipv6Peer::Na(), Ipv6Peer::Pd()});
  const Dhcpv6Answer answer = Answer(message, Dhcpv6Type::kReply);
  EXPECT_TRUE(answer.rapid_commit);
  const std::string prefix = TextOf(LeasesOf(answer, true));
  EXPECT_THAT(prefix, ContainsRegex("/56$"));
  EXPECT_TRUE(WaitUntil([&] { return !RouteTo(prefix).empty(); }, kPatience));
}

TEST_F(Dhcpv6Test, WhatIsHeldIsRenewedReboundAndConfirmed) {
  const auto answer = peer().Lease();
  ASSERT_TRUE(answer);
  const auto addresses = LeasesOf(*answer, false);
  const auto prefixes = LeasesOf(*answer, true);
  const Dhcpv6Answer renewed = Reply(
      Dhcpv6Type::kRenew, {peer().ServerId(), Ipv6Peer::Na(addresses), Ipv6Peer::Pd(prefixes)});
  EXPECT_EQ(TextOf(LeasesOf(renewed, false)), TextOf(addresses));
  EXPECT_EQ(TextOf(LeasesOf(renewed, true)), TextOf(prefixes));
  const Dhcpv6Answer rebound =
      Reply(Dhcpv6Type::kRebind, {Ipv6Peer::Na(addresses), Ipv6Peer::Pd(prefixes)});
  EXPECT_EQ(TextOf(LeasesOf(rebound, true)), TextOf(prefixes));
  EXPECT_EQ(Reply(Dhcpv6Type::kConfirm, {Ipv6Peer::Na(addresses)}).status.value_or(0), 0);
  EXPECT_EQ(Reply(Dhcpv6Type::kConfirm, {Ipv6Peer::Na(Asking("2001:db8:ffff::2/128"))}).status,
            kNotOnLink);
  // An association that it does not hold.
  const Dhcpv6Answer unknown =
      Reply(Dhcpv6Type::kRenew, {peer().ServerId(), Ipv6Peer::Pd(prefixes, 99)});
  ASSERT_EQ(unknown.associations.size(), 1U);
  EXPECT_EQ(unknown.associations[0].status, kNoBinding);
}

TEST_F(Dhcpv6Test, ThereIsOneOfEachAndNothingForeign) {
  const Dhcpv6Answer two =
      Answer(peer().Ask(Dhcpv6Type::kSolicit, {Ipv6Peer::Na({}, 1), Ipv6Peer::Na({}, 2),
                                               Ipv6Peer::Pd({}, 1), Ipv6Peer::Pd({}, 2)}),
             Dhcpv6Type::kAdvertise);
  ASSERT_EQ(two.associations.size(), 4U);
  for (const client::Association& one : two.associations) {
    EXPECT_EQ(one.leases.size(), one.iaid == 1 ? 1U : 0U);
    if (one.iaid == 2) {
      EXPECT_EQ(one.status, one.delegation ? kNoPrefixAvail : kNoAddrsAvail);
    }
  }
  const auto held = peer().Lease();
  ASSERT_TRUE(held);
  const Dhcpv6Answer foreign = Reply(
      Dhcpv6Type::kRequest, {peer().ServerId(), Ipv6Peer::Pd(Asking("2001:db8:ffff:100::/56"))});
  bool refused = false;
  for (const client::Lease& one : LeasesOf(foreign, true)) {
    if (one.prefix == Ipv6Prefix::Parse("2001:db8:ffff:100::/56").value()) {
      refused = one.valid == 0 && one.preferred == 0;
    }
  }
  EXPECT_TRUE(refused) << client::ToString(foreign);
}

TEST_F(Dhcpv6Test, OptionsAloneAreForEverybody) {
  const Dhcpv6Answer answer = Reply(Dhcpv6Type::kInformationRequest, {Ipv6Peer::WantsDns()});
  EXPECT_THAT(answer.dns, ElementsAre(Address6("2001:db8::53"), Address6("2001:db8::54")));
  EXPECT_THAT(answer.associations, IsEmpty());
}

TEST_F(Dhcpv6Test, WhatIsForAnotherServerOrMakesNoSenseIsNotAnswered) {
  const Bytes other{0, 3, 0, 27, 9, 9, 9, 9, 9, 9, 9, 9};
  const Dhcpv6Option stranger{client::kOptionServerId, other};
  EXPECT_FALSE(peer().Ask(
      peer().Message(Dhcpv6Type::kRequest, {stranger, Ipv6Peer::Na(), Ipv6Peer::Pd()}), kSilence));
  EXPECT_FALSE(
      peer().Ask(peer().Message(Dhcpv6Type::kSolicit, {stranger, Ipv6Peer::Na()}), kSilence));
  EXPECT_FALSE(peer().Ask(peer().Message(Dhcpv6Type::kRequest, {Ipv6Peer::Na()}), kSilence));
  // It goes on.
  EXPECT_TRUE(peer().Lease());
}

TEST_F(Dhcpv6Test, WhereThePoolIsEmptyTheAnswerSaysSo) {
  LabConfig config = Ipv6Config();
  config.extra =
      "client-ipv6-pool:\n"
      "  V6: { prefix: [{ address: \"2001:db8:1::/48\" }],"
      " delegate: [{ address: \"2001:db8:4000::/56\", delegation-prefix: 56 }] }\n"
      "default-ipv6-pool: V6";
  ASSERT_TRUE(lab().Reload(config));
  HangUp(peer().dialer());
  ASSERT_NO_FATAL_FAILURE(DialIn());
  ASSERT_TRUE(peer().Lease());
  {
    client::ClientOptions options = Ipv6User();
    options.user = options.password = "witness";
    Ipv6Peer second(lab(), options);
    ASSERT_TRUE(second.DialUp());
    ASSERT_TRUE(WaitActive("witness"));
    const auto message = second.Ask(Dhcpv6Type::kSolicit, {Ipv6Peer::Na(), Ipv6Peer::Pd()});
    ASSERT_TRUE(message);
    const auto answer = client::Interpret(*message);
    ASSERT_TRUE(answer);
    EXPECT_EQ(LeasesOf(*answer, false).size(), 1U);
    ASSERT_EQ(answer->associations.size(), 2U);
    EXPECT_EQ(answer->associations[1].status, kNoPrefixAvail);
    HangUp(second.dialer(), 1);
  }
  ASSERT_TRUE(lab().Reload(Config()));
}

}  // namespace
}  // namespace sstpgw::test
