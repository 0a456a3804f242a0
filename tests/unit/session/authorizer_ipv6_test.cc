// What a login gets of IPv6, and what becomes of it (features 4.1, 4.2; checklist C29, C30, D5, D7,
// D9).
#include "controlplane/session/authorizer.h"
#include "tests/unit/session/core_bench.h"

namespace sstpgw::cp {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Ipv6Prefix Net(const char* text) { return Ipv6Prefix::Parse(text).value(); }

class AuthorizerIpv6Test : public ::testing::Test, public CoreBench {
 protected:
  void SetUp() override {
    SetIpv6Pool("2001:db8::/48", "2001:db8:8000::/40");
    Attach("g", "boot1");
  }
  const NetworkPolicy& NetworkOf(AskId ask) {
    return std::get<AuthorizeAccept>(*answers.at(ask)).policy.network;
  }
  // "link link / delegated": what an answer gives.
  std::string Ipv6Of(AskId ask) {
    std::string text;
    for (const Ipv6Prefix& prefix : NetworkOf(ask).framed_ipv6_prefixes) {
      text += prefix.ToString() + " ";
    }
    text += "/";
    for (const Ipv6Prefix& prefix : NetworkOf(ask).delegated_ipv6_prefixes) {
      text += " " + prefix.ToString();
    }
    return text;
  }
  SessionRecord Carrying(AskId ask, const std::string& session, const std::string& user) {
    SessionRecord record = Record(session, user, "");
    record.policy = std::get<AuthorizeAccept>(*answers.at(ask)).policy;
    return record;
  }
  void ComeUp(AskId ask, const std::string& session, const std::string& user) {
    Report("g", SessionEventKind::kUp, Carrying(ask, session, user));
  }
  void GoDown(AskId ask, const std::string& session, const std::string& user) {
    SessionRecord record = Carrying(ask, session, user);
    record.state = SessionState::kFinishing;
    Report("g", SessionEventKind::kDown, std::move(record));
  }
};

TEST_F(AuthorizerIpv6Test, D9TheDefaultPoolGivesBothKinds) {
  const AskId ann = Ask("g", "s1", "ann");
  const AskId bob = Ask("g", "s2", "bob");
  EXPECT_EQ(Ipv6Of(ann), "2001:db8::/64 / 2001:db8:8000::/56");
  EXPECT_EQ(Ipv6Of(bob), "2001:db8:0:1::/64 / 2001:db8:8000:100::/56");
  EXPECT_EQ(core.prefixes().lease_count(), 4U);
  EXPECT_EQ(AnswerTo(ann), "10.0.0.2") << "and IPv4 beside";
}

TEST_F(AuthorizerIpv6Test, D4WithIpv6DeniedNothingIsGiven) {
  settings.ipv6 = false;
  settings.ipv6_dns = {*Ipv6Address::Parse("2001:db8::53")};
  SetPool("10.0.0.2", "10.0.0.9");
  const AskId ann = Ask("g", "s1", "ann");
  EXPECT_EQ(Ipv6Of(ann), "/");
  EXPECT_THAT(NetworkOf(ann).ipv6_dns, IsEmpty());
  EXPECT_EQ(core.prefixes().lease_count(), 0U);
}

TEST_F(AuthorizerIpv6Test, APoolOfOneKindGivesThatWithoutAWord) {
  SetIpv6Pool(nullptr, "2001:db8:8000::/40");
  EXPECT_EQ(Ipv6Of(Ask("g", "s1", "ann")), "/ 2001:db8:8000::/56");
  EXPECT_EQ(core.authorizer().counters().no_prefix, 0U);
  EXPECT_THAT(log, Not(Contains(HasSubstr("IPv6"))));
}

TEST_F(AuthorizerIpv6Test, C29C30RadiusNamesPools) {
  Ipv6PoolConfig gold;
  gold.name = "GOLD";
  gold.prefixes = {{Net("2001:db8:600d::/48"), 64}};
  gold.delegates = {{Net("2001:db8:600e::/48"), 60}};
  ipv6_pools["GOLD"] = gold;
  SetIpv6Pool("2001:db8::/48", "2001:db8:8000::/40");
  networks["link"].stateful_ipv6_pool = "GOLD";
  networks["old"].framed_ipv6_pool = "GOLD";
  networks["both"].stateful_ipv6_pool = "V6";
  networks["both"].framed_ipv6_pool = "GOLD";
  networks["delegated"].delegated_ipv6_pool = "GOLD";
  EXPECT_EQ(Ipv6Of(Ask("g", "s1", "link")), "2001:db8:600d::/64 / 2001:db8:8000::/56");
  EXPECT_EQ(Ipv6Of(Ask("g", "s2", "old")), "2001:db8:600d:1::/64 / 2001:db8:8000:100::/56");
  EXPECT_EQ(Ipv6Of(Ask("g", "s3", "both")), "2001:db8::/64 / 2001:db8:8000:200::/56");
  EXPECT_EQ(Ipv6Of(Ask("g", "s4", "delegated")), "2001:db8:0:1::/64 / 2001:db8:600e::/60");
}

TEST_F(AuthorizerIpv6Test, AnUnknownPoolGivesNothingInstead) {
  networks["ann"].stateful_ipv6_pool = "NOWHERE";
  const AskId ann = Ask("g", "s1", "ann");
  EXPECT_EQ(Ipv6Of(ann), "/ 2001:db8:8000::/56");
  EXPECT_THAT(log, Contains("ann: no IPv6 pool 'NOWHERE'"));
  EXPECT_EQ(core.authorizer().counters().no_prefix, 1U);
  SetIpv6Pool(nullptr, "2001:db8:8000::/40");
  networks["bob"].stateful_ipv6_pool = "V6";
  EXPECT_EQ(Ipv6Of(Ask("g", "s2", "bob")), "/ 2001:db8:8000:100::/56");
  EXPECT_THAT(log, Contains("bob: IPv6 pool 'V6' has no prefixes for links"));
}

TEST_F(AuthorizerIpv6Test, AnEmptyPoolIsToldAndTheSessionGoesOn) {
  SetIpv6Pool("2001:db8:1::/64", "2001:db8:8000::/40");
  Ask("g", "s1", "ann");
  const AskId bob = Ask("g", "s2", "bob");
  EXPECT_EQ(Ipv6Of(bob), "/ 2001:db8:8000:100::/56");
  EXPECT_THAT(log, Contains("bob: no free IPv6 prefix in pool 'V6'"));
}

TEST_F(AuthorizerIpv6Test, WhatRadiusFixesReplacesThePoolKindByKind) {
  networks["ann"].framed_ipv6_prefixes = {Net("2001:db8:0:1::/64"), Net("fd00:1::/64")};
  networks["bob"].delegated_ipv6_prefixes = {Net("fd00:2::/48")};
  networks["cid"].framed_ipv6_addresses = {*Ipv6Address::Parse("fd00:3::7")};
  EXPECT_EQ(Ipv6Of(Ask("g", "s1", "ann")), "2001:db8:0:1::/64 fd00:1::/64 / 2001:db8:8000::/56");
  EXPECT_EQ(Ipv6Of(Ask("g", "s2", "bob")), "2001:db8::/64 / fd00:2::/48");
  const AskId cid = Ask("g", "s3", "cid");
  EXPECT_EQ(Ipv6Of(cid), "/ 2001:db8:8000:100::/56");
  EXPECT_THAT(NetworkOf(cid).framed_ipv6_addresses, ElementsAre(*Ipv6Address::Parse("fd00:3::7")));
  // What ann has is never given to somebody else.
  EXPECT_EQ(Ipv6Of(Ask("g", "s4", "dora")), "2001:db8:0:2::/64 / 2001:db8:8000:200::/56");
}

TEST_F(AuthorizerIpv6Test, AFixedPrefixThatSomebodyHasIsRefused) {
  const AskId ann = Ask("g", "s1", "ann");
  ComeUp(ann, "s1", "ann");
  networks["bob"].framed_ipv6_prefixes = {Net("2001:db8::/64"), Net("fd00::/64")};
  networks["cid"].delegated_ipv6_prefixes = {Net("2001:db8::/32")};
  EXPECT_EQ(Ipv6Of(Ask("g", "s2", "bob")), "fd00::/64 / 2001:db8:8000:100::/56");
  EXPECT_THAT(log, Contains("bob: requested IPv6 prefix 2001:db8::/64 already assigned to session "
                            "g/s1"));
  EXPECT_EQ(Ipv6Of(Ask("g", "s3", "cid")), "2001:db8:0:1::/64 /") << "it holds what others have";
  EXPECT_EQ(core.authorizer().counters().no_prefix, 2U);
  networks["dora"].delegated_ipv6_prefixes = {Net("::/0")};
  EXPECT_EQ(Ipv6Of(Ask("g", "s4", "dora")), "2001:db8:0:2::/64 /");
}

TEST_F(AuthorizerIpv6Test, WhoComesBackHasWhatHisOldSessionHas) {
  networks["ann"].framed_ipv6_prefixes = {Net("fd00::/64")};
  const AskId first = Ask("g", "s1", "ann");
  ComeUp(first, "s1", "ann");
  const AskId second = Ask("g", "s2", "ann");
  EXPECT_EQ(AnswerTo(second), "waiting");
  Pass(Authorizer::kReplaceSoft + Authorizer::kReplaceHard);
  Pass(Authorizer::kReplaceHard);
  EXPECT_EQ(Ipv6Of(second), "fd00::/64 / 2001:db8:8000:100::/56");
  ComeUp(second, "s2", "ann");
  GoDown(first, "s1", "ann");
  EXPECT_TRUE(core.prefixes().Holds(Net("fd00::/64"), "g/s2"));
  EXPECT_FALSE(core.prefixes().Holds(Net("fd00::/64"), "g/s1"));
  GoDown(second, "s2", "ann");
  EXPECT_EQ(core.prefixes().lease_count(), 0U);
}

TEST_F(AuthorizerIpv6Test, ConfiguredNameServersWhereRadiusNamesNone) {
  settings.ipv6_dns = {*Ipv6Address::Parse("2001:db8::53")};
  SetPool("10.0.0.2", "10.0.0.9");
  networks["bob"].ipv6_dns = {*Ipv6Address::Parse("2001:db8::54")};
  EXPECT_THAT(NetworkOf(Ask("g", "s1", "ann")).ipv6_dns,
              ElementsAre(*Ipv6Address::Parse("2001:db8::53")));
  EXPECT_THAT(NetworkOf(Ask("g", "s2", "bob")).ipv6_dns,
              ElementsAre(*Ipv6Address::Parse("2001:db8::54")));
}

TEST_F(AuthorizerIpv6Test, LeasesEndWithTheSession) {
  const AskId ann = Ask("g", "s1", "ann");
  ComeUp(ann, "s1", "ann");
  EXPECT_EQ(core.prefixes().lease_count(), 2U);
  EXPECT_EQ(core.authorizer().grant_count(), 0U);
  GoDown(ann, "s1", "ann");
  EXPECT_EQ(core.prefixes().lease_count(), 0U);
}

TEST_F(AuthorizerIpv6Test, ALoginThatNeverComesUpLeavesNothing) {
  Ask("g", "s1", "ann");
  Pass(Authorizer::kGrantUnreported);
  EXPECT_EQ(core.prefixes().lease_count(), 0U);
  Ask("g", "s2", "ann");
  Attach("g", "boot2");
  EXPECT_EQ(core.prefixes().lease_count(), 0U) << "its gateway has restarted";
}

TEST_F(AuthorizerIpv6Test, TheSameSessionKeepsWhatItHas) {
  const AskId first = Ask("g", "s1", "ann");
  const AskId again = Ask("g", "s1", "ann");  // another attempt, before it is reported
  EXPECT_EQ(Ipv6Of(again), Ipv6Of(first));
  ComeUp(again, "s1", "ann");
  EXPECT_EQ(Ipv6Of(Ask("g", "s1", "ann")), Ipv6Of(first)) << "it logs in again";
  EXPECT_EQ(core.prefixes().lease_count(), 2U);
}

TEST_F(AuthorizerIpv6Test, ASessionThatLogsInAsSomebodyElseGivesItsPrefixesBack) {
  networks["ann"].framed_ipv6_prefixes = {Net("fd00::/64")};
  Ask("g", "s1", "ann");
  EXPECT_EQ(Ipv6Of(Ask("g", "s1", "bob")), "2001:db8::/64 / 2001:db8:8000:100::/56");
  EXPECT_FALSE(core.prefixes().Holds(Net("fd00::/64"), "g/s1"));
}

// Nothing is stored: after a restart the gateways tell who has what.
TEST_F(AuthorizerIpv6Test, CarriedSessionsKeepTheirPrefixesAfterARestart) {
  SessionRecord carried = Record("s7", "ann", "10.0.0.5");
  carried.policy.network.framed_ipv6_prefixes = {Net("2001:db8::/64")};
  carried.policy.network.delegated_ipv6_prefixes = {Net("2001:db8:8000::/56")};
  Attach("h", "boot1", {carried});
  EXPECT_EQ(core.prefixes().lease_count(), 2U);
  EXPECT_EQ(Ipv6Of(Ask("g", "s1", "bob")), "2001:db8:0:1::/64 / 2001:db8:8000:100::/56");
  Attach("h", "boot2");
  EXPECT_EQ(core.prefixes().lease_count(), 2U) << "bob's";
}

TEST_F(AuthorizerIpv6Test, TwoThatCarryTheSameAreToldOnce) {
  SessionRecord one = Record("s7", "ann", "10.0.0.5");
  one.policy.network.framed_ipv6_prefixes = {Net("2001:db8::/64")};
  SessionRecord other = Record("s8", "bob", "10.0.0.6");
  other.policy.network.framed_ipv6_prefixes = {Net("2001:db8::/64")};
  Attach("h", "boot1", {one, other});
  EXPECT_THAT(log, Contains("session h/s8 uses 2001:db8::/64, as does h/s7"));
  log.clear();
  Report("h", SessionEventKind::kChange, other);
  EXPECT_THAT(log, IsEmpty());
}

TEST_F(AuthorizerIpv6Test, TheAnswerCarriesKeysForMppe) {
  judges = false;
  const AskId first = Ask("g", "s1", "ann", 7);
  const AskId second = Ask("g", "s1", "ann", 7);  // the same question: both get them
  AuthGranted granted;
  granted.hlak = Secret(std::string(32, 'k'));
  granted.mppe = {Secret(std::string(16, 's')), Secret(std::string(16, 'r')),
                  Secret(std::string(8, 'l'))};
  Do(CredentialsJudged{{"g", "boot1", AttemptId(7)}, std::move(granted)});
  for (const AskId ask : {first, second}) {
    const MppeKeys& keys = std::get<AuthorizeAccept>(*answers.at(ask)).mppe;
    EXPECT_EQ(keys.send.RevealText(), std::string(16, 's'));
    EXPECT_EQ(keys.receive.RevealText(), std::string(16, 'r'));
    EXPECT_EQ(keys.lan_manager.RevealText(), std::string(8, 'l'));
  }
}

}  // namespace
}  // namespace sstpgw::cp
