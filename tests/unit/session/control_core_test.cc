#include "controlplane/session/control_core.h"

#include "tests/unit/session/core_bench.h"

namespace sstpgw::cp {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ControlCoreTest : public ::testing::Test, public CoreBench {};

TEST_F(ControlCoreTest, AfterARestartTheHelloRebuildsTableAndLeases) {
  Attach("g", "b", {Record("s1", "ann", "10.0.0.2"), Record("s2", "bob", "10.0.0.3")});
  EXPECT_EQ(core.registry().session_count(), 2U);
  EXPECT_EQ(AnswerTo(Ask("g", "s3", "cid")), "10.0.0.4");
  Down("g", "s1", "ann", "10.0.0.2");
  EXPECT_EQ(core.pools().OwnerOf(*Ipv4Address::Parse("10.0.0.2")), "");
}

TEST_F(ControlCoreTest, EveryReportIsAcknowledgedAlsoADuplicate) {
  Attach("g", "b");
  Up("g", "s1", "ann", "10.0.0.2");
  sequences["gb"] = 0;
  Up("g", "s1", "ann", "10.0.0.2");
  EXPECT_THAT(acks, ElementsAre(1, 1));
  EXPECT_EQ(updates.size(), 1U);
}

TEST_F(ControlCoreTest, ANewBootReleasesTheLeasesOfTheOld) {
  Attach("g", "b1", {Record("s1", "ann", "10.0.0.2")});
  Attach("g", "b2");
  EXPECT_EQ(core.pools().lease_count(), 0U);
  ASSERT_EQ(updates.size(), 2U);
  EXPECT_EQ(updates[1].kind, ChangeKind::kRemoved);
}

TEST_F(ControlCoreTest, TwoGatewaysWithOneAddressAreLoggedAndTheFirstKeepsIt) {
  Attach("g", "b", {Record("s1", "ann", "10.0.0.2")});
  Attach("h", "b", {Record("s9", "bob", "10.0.0.2")});
  EXPECT_THAT(log, ElementsAre("session h/s9 uses 10.0.0.2, which belongs to g/s1"));
  Down("h", "s9", "bob", "10.0.0.2");
  EXPECT_EQ(core.pools().OwnerOf(*Ipv4Address::Parse("10.0.0.2")), "g/s1");
}

TEST_F(ControlCoreTest, AnAddressChangeMovesTheLease) {
  Attach("g", "b", {Record("s1", "ann", "10.0.0.2")});
  Report("g", SessionEventKind::kChange, Record("s1", "ann", "10.0.0.5"));
  EXPECT_EQ(core.pools().OwnerOf(*Ipv4Address::Parse("10.0.0.2")), "");
  EXPECT_EQ(core.pools().OwnerOf(*Ipv4Address::Parse("10.0.0.5")), "g/s1");
}

TEST_F(ControlCoreTest, TerminateOrdersAllMatchesAndCounts) {
  Attach("g", "b",
         {Record("s1", "ann", "10.0.0.2"), Record("s2", "ann", "10.0.0.3"),
          Record("s3", "bob", "10.0.0.4")});
  SessionFilter filter;
  filter.user = "ann";
  ActionList actions;
  EXPECT_EQ(core.Terminate(filter, Termination::kHard, actions), 2U);
  EXPECT_EQ(actions.size(), 2U);
  filter.user = "nobody";
  EXPECT_EQ(core.Terminate(filter, Termination::kHard, actions), 0U);
}

TEST_F(ControlCoreTest, TerminateOfAnUnreachableSessionIsDeliveredLater) {
  Attach("g", "b", {Record("s1", "ann", "10.0.0.2"), Record("s2", "bob", "10.0.0.3")});
  Do(GatewayDetached{"g"});
  ActionList actions;
  EXPECT_EQ(core.Terminate({}, Termination::kSoft, actions), 2U);
  EXPECT_TRUE(actions.empty());
  Attach("g", "b", {Record("s2", "bob", "10.0.0.3")});
  EXPECT_THAT(TakeDisconnects(), ElementsAre("g/s2 soft"));
  // Until it begins to end: the order may have been lost with the stream.
  Attach("g", "b", {Record("s2", "bob", "10.0.0.3")});
  EXPECT_THAT(TakeDisconnects(), ElementsAre("g/s2 soft"));
  Attach("g", "b", {Record("s2", "bob", "10.0.0.3", SessionState::kFinishing)});
  EXPECT_THAT(TakeDisconnects(), IsEmpty());
}

TEST_F(ControlCoreTest, AnOrderToEndThatWasLostWithTheStreamIsGivenAgain) {
  Attach("g", "b", {Record("s1", "ann", "10.0.0.2")});
  Do(EndOrdered{{"g", "s1"}, TerminateCause::kNasError, "no answer"});
  EXPECT_THAT(TakeDisconnects(), ElementsAre("g/s1 soft"));
  Do(GatewayDetached{"g"});
  Attach("g", "b", {Record("s1", "ann", "10.0.0.2")});
  EXPECT_THAT(TakeDisconnects(), ElementsAre("g/s1 soft"));
  Down("g", "s1", "ann", "10.0.0.2");
  Do(GatewayDetached{"g"});
  Attach("g", "b");
  EXPECT_THAT(TakeDisconnects(), IsEmpty());
}

TEST_F(ControlCoreTest, DrainIsRememberedOverAttachment) {
  Attach("g", "b");
  ActionList actions;
  EXPECT_EQ(core.Drain("", true, actions), 1U);
  EXPECT_EQ(core.Drain("h", false, actions), 0U);
  Attach("g", "b");
  Attach("h", "b");
  EXPECT_THAT(drains, ElementsAre("g on"));
  EXPECT_TRUE(core.IsDraining("g"));
  EXPECT_FALSE(core.IsDraining("h"));
  EXPECT_EQ(core.Drain("", false, actions), 2U);
  EXPECT_FALSE(core.IsDraining("g"));
}

TEST_F(ControlCoreTest, AppliedAndRefusedAreNoted) {
  Attach("g", "b");
  Do(SettingsRefused{"g", Refused{Generation(4), "", "certificate and key differ"}});
  EXPECT_EQ(core.registry().FindGateway("g")->refused_reason, "certificate and key differ");
  EXPECT_EQ(log.size(), 1U);
  Do(SettingsApplied{"g", Applied{Generation(5), ""}});
  EXPECT_EQ(core.registry().FindGateway("g")->refused_reason, "");
  EXPECT_EQ(core.registry().FindGateway("g")->applied, Generation(5));
}

TEST_F(ControlCoreTest, ARefusalIsLoggedOnceHoweverOftenItIsSaid) {
  Attach("g", "b");
  for (int i = 0; i < 3; ++i) {
    Do(SettingsRefused{"g", Refused{Generation(4), "", "port 443 is in use"}});
  }
  EXPECT_EQ(log.size(), 1U);
  Do(SettingsRefused{"g", Refused{Generation(4), "", "port 443 may not be used"}});
  EXPECT_EQ(log.size(), 2U);
}

// The link was lost, the session ended meanwhile, and its report comes after the Hello.
TEST_F(ControlCoreTest, TheTrueCauseArrivesAfterTheHello) {
  Attach("g", "b", {Record("s1", "ann", "10.0.0.2")});
  Do(GatewayDetached{"g"});
  updates.clear();
  Hello hello;
  hello.gateway_id = "g";
  hello.boot_id = "b";
  hello.reports_to = 1;
  Do(GatewayAttached{hello});
  EXPECT_TRUE(updates.empty());
  Down("g", "s1", "ann", "10.0.0.2");
  ASSERT_EQ(updates.size(), 1U);
  EXPECT_EQ(updates[0].cause, TerminateCause::kUserRequest);
  ASSERT_FALSE(log.empty());
  EXPECT_EQ(log.back().rfind("ann: session g/s1 on sstps1 has ended: User-Request, ", 0), 0U)
      << log.back();
  EXPECT_EQ(core.pools().lease_count(), 0U);
}

TEST_F(ControlCoreTest, AnEndWithoutAnInterfaceNamesTheClient) {
  SessionRecord named = Record("s1", "ann", "10.0.0.2");
  named.interface_name.clear();
  named.calling_station = "192.0.2.1";
  SessionRecord nameless = named;
  nameless.session = "s2";
  nameless.user.clear();
  Attach("g", "b", {named, nameless});
  log.clear();
  Report("g", SessionEventKind::kDown, named);
  Report("g", SessionEventKind::kDown, nameless);
  ASSERT_EQ(log.size(), 2U);
  EXPECT_EQ(log[0].rfind("ann: session g/s1 from 192.0.2.1 has ended: ", 0), 0U) << log[0];
  EXPECT_EQ(log[1].rfind("192.0.2.1: session g/s2 from 192.0.2.1 has ended: ", 0), 0U) << log[1];
}

TEST_F(ControlCoreTest, WithoutAReportItIsLost) {
  Attach("g", "b", {Record("s1", "ann", "10.0.0.2")});
  updates.clear();
  Hello hello;
  hello.gateway_id = "g";
  hello.boot_id = "b";
  hello.reports_to = 1;
  Do(GatewayAttached{hello});
  Up("g", "s2", "bob", "10.0.0.3");
  ASSERT_EQ(updates.size(), 2U);
  EXPECT_EQ(updates[1].cause, TerminateCause::kLostCarrier);
  EXPECT_EQ(core.pools().lease_count(), 1U);
}

// A control plane that was restarted hears old reports again: nobody may get the address meanwhile.
TEST_F(ControlCoreTest, AnOldReportDoesNotFreeTheAddress) {
  SetPool("10.0.0.2", "10.0.0.2");
  Attach("g", "b", {Record("s1", "ann", "10.0.0.2")});
  Report("g", SessionEventKind::kStarting, Record("s1", "", "", SessionState::kStarting));
  EXPECT_EQ(core.pools().OwnerOf(*Ipv4Address::Parse("10.0.0.2")), "g/s1");
  EXPECT_EQ(AnswerTo(Ask("g", "s2", "bob")), "none");
}

TEST_F(ControlCoreTest, ReconfigurationKeepsSessionsAndLeases) {
  Attach("g", "b", {Record("s1", "ann", "10.0.0.2")});
  SetPool("10.9.0.1", "10.9.0.5");
  EXPECT_EQ(core.pools().OwnerOf(*Ipv4Address::Parse("10.0.0.2")), "g/s1");
  EXPECT_EQ(AnswerTo(Ask("g", "s2", "bob")), "10.9.0.1");
}

}  // namespace
}  // namespace sstpgw::cp
