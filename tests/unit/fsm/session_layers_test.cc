// CCP, IPCP and IPv6CP of one session together (features 3.5 to 3.8): which are asked for, what
// activation waits for, what becomes of the interface when one comes late or goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "gateway/codec/ipv6_packet.h"
#include "gateway/fsm/ipv6_addressing.h"
#include "tests/unit/fsm/session_driver.h"

namespace sstpgw::fsm {
namespace {

using codec::PppCode;
using codec::PppProtocol;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr InterfaceId kPeer{0, 0, 0, 0, 0, 0, 0, 2};
constexpr int kTerminate = 5;
constexpr int kProtocolReject = 8;

Bytes IdOption(InterfaceId id) { return Option(1, Bytes(id.begin(), id.end())); }
Bytes MppeOption(int first, int last) { return Option(18, Octets({first, 0, 0, last})); }

class SessionLayers : public testing::Test {
 protected:
  SessionLayers() {
    accept_ = TraceAccept();
    NetworkPolicy& network = accept_.policy.network;
    network.framed_ipv6_prefixes = {*Ipv6Prefix::Parse("2001:db8:0:1::/64")};
    network.delegated_ipv6_prefixes = {*Ipv6Prefix::Parse("2001:db8:100::/56")};
  }

  PppSettings& ppp() { return driver_.settings.ppp; }
  void ToBound() {
    driver_.RunToJudging();
    driver_.Judge(std::move(accept_));
    driver_.Sstp(driver_.CallConnected());
  }
  void Collect() {
    for (PppPacket& packet : driver_.TakePpp()) sent_.push_back(std::move(packet));
  }
  // The last packet of this kind that was sent.
  const PppPacket* Last(PppProtocol protocol, int code) {
    Collect();
    const auto found = std::find_if(sent_.rbegin(), sent_.rend(), [&](const PppPacket& packet) {
      return packet.protocol == protocol && packet.code == code;
    });
    return found == sent_.rend() ? nullptr : &*found;
  }
  int CountOf(PppProtocol protocol, int code) {
    Collect();
    return static_cast<int>(std::count_if(sent_.begin(), sent_.end(), [&](const PppPacket& packet) {
      return packet.protocol == protocol && packet.code == code;
    }));
  }
  void AckTheirs(PppProtocol protocol) {
    const PppPacket* const request = Last(protocol, 1);
    ASSERT_NE(request, nullptr);
    driver_.Ppp(protocol,
                ControlPacketOf(PppCode::kConfigureAck, request->identifier, request->data));
  }
  void Ask(PppProtocol protocol, const Bytes& options) {
    driver_.Ppp(protocol, ControlPacketOf(PppCode::kConfigureRequest, 9, options));
  }
  void Ipv4Up() {
    Ask(PppProtocol::kIpcp, AddressOption(3, "10.0.0.5"));
    driver_.AckTheirIpcpRequest();
  }
  void Ipv6Up() {
    Ask(PppProtocol::kIpv6cp, IdOption(kPeer));
    AckTheirs(PppProtocol::kIpv6cp);
  }
  void RejectTheirs(PppProtocol protocol) {
    const auto number = static_cast<int>(protocol);
    driver_.Lcp(PppCode::kProtocolReject, 7, Octets({number >> 8, number & 0xff}));
  }
  SessionState State() { return driver_.Snapshot().state; }

  SessionDriver driver_;
  AuthorizeAccept accept_;
  std::vector<PppPacket> sent_;
};

// ---- IPv6

TEST_F(SessionLayers, DeniedIpv6IsRejectedAsAProtocol) {
  ToBound();
  Ask(PppProtocol::kIpv6cp, IdOption(kPeer));
  const PppPacket* const reject = Last(PppProtocol::kLcp, kProtocolReject);
  ASSERT_NE(reject, nullptr);
  EXPECT_EQ(reject->data.at(0), 0x80);
  EXPECT_EQ(reject->data.at(1), 0x57);
  EXPECT_TRUE(driver_.Logged("IPV6CP: discarding packet"));
  Ipv4Up();
  EXPECT_EQ(State(), SessionState::kActive);
  EXPECT_FALSE(driver_.activation->plan.ipv6.has_value());
}

TEST_F(SessionLayers, AllowedIpv6IsNotAskedForAndNotWaitedFor) {
  ppp().ipv6 = NcpPreference::kAllow;
  ToBound();
  Ipv4Up();
  EXPECT_EQ(State(), SessionState::kActive);
  EXPECT_EQ(CountOf(PppProtocol::kIpv6cp, 1), 0);
}

TEST_F(SessionLayers, IpThatComesLateIsPutOnTheInterfaceInUse) {
  ppp().ipv6 = NcpPreference::kAllow;
  ToBound();
  Ipv4Up();
  driver_.TakeReports();
  Ipv6Up();
  ASSERT_EQ(driver_.links.size(), 1U);
  ASSERT_TRUE(driver_.links[0].plan.ipv6.has_value());
  EXPECT_EQ(driver_.links[0].plan.ipv6->peer_id, kPeer);
  EXPECT_TRUE(driver_.links[0].plan.ipv4.has_value());
  EXPECT_FALSE(driver_.links[0].sources.ipv6.empty());
  const std::vector<Report> reports = driver_.TakeReports();
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].kind, SessionEventKind::kChange);
  EXPECT_TRUE(driver_.Snapshot().network.ipv6);
  EXPECT_EQ(driver_.Snapshot().network.peer_interface_id, kPeer);
  EXPECT_FALSE(driver_.ipv6_sent.empty());  // the first Router Advertisement
}

TEST_F(SessionLayers, PreferredIpv6ComesUpWithIpv4InOneActivation) {
  ppp().ipv6 = NcpPreference::kPrefer;
  ToBound();
  Ask(PppProtocol::kIpv6cp, IdOption(kPeer));
  Ipv4Up();
  EXPECT_FALSE(driver_.activation.has_value());  // the other one is under way
  AckTheirs(PppProtocol::kIpv6cp);
  ASSERT_TRUE(driver_.activation.has_value());
  EXPECT_TRUE(driver_.activation->plan.ipv4.has_value());
  EXPECT_TRUE(driver_.activation->plan.ipv6.has_value());
  EXPECT_THAT(driver_.links, IsEmpty());
  EXPECT_TRUE(driver_.Logged("IPv6 2001:db8:0:1::/64"));
}

TEST_F(SessionLayers, PreferredIpv6ThatIsRejectedIsDoneWithout) {
  ppp().ipv6 = NcpPreference::kPrefer;
  ToBound();
  EXPECT_EQ(CountOf(PppProtocol::kIpv6cp, 1), 1);
  RejectTheirs(PppProtocol::kIpv6cp);
  Ipv4Up();
  EXPECT_EQ(State(), SessionState::kActive);
}

TEST_F(SessionLayers, PreferredIpv6ThatIsNotAnsweredHoldsASessionUpForASecondOrThree) {
  ppp().ipv6 = NcpPreference::kPrefer;
  ToBound();
  Ipv4Up();
  EXPECT_FALSE(driver_.activation.has_value());
  driver_.Advance(std::chrono::seconds(3));
  ASSERT_TRUE(driver_.activation.has_value());
  EXPECT_FALSE(driver_.activation->plan.ipv6.has_value());
  Ipv6Up();
  EXPECT_EQ(driver_.links.size(), 1U);
}

TEST_F(SessionLayers, RequiredIpv6ThatIsRejectedEndsTheSession) {
  ppp().ipv6 = NcpPreference::kRequire;
  ToBound();
  RejectTheirs(PppProtocol::kIpv6cp);
  EXPECT_EQ(State(), SessionState::kFinishing);
  EXPECT_EQ(driver_.Count(Counter::kIpv6cpFailed), 1);
}

TEST_F(SessionLayers, RequiredIpv6IsWaitedForWhenIpv4IsUp) {
  ppp().ipv6 = NcpPreference::kRequire;
  ToBound();
  Ipv4Up();
  driver_.Advance(std::chrono::seconds(4));
  EXPECT_FALSE(driver_.activation.has_value());
  Ipv6Up();
  EXPECT_EQ(State(), SessionState::kActive);
}

TEST_F(SessionLayers, RequiredIpv6WithoutAnyPrefixEndsTheSession) {
  ppp().ipv6 = NcpPreference::kRequire;
  accept_.policy.network = {};
  ToBound();
  EXPECT_EQ(State(), SessionState::kFinishing);
  EXPECT_EQ(driver_.Count(Counter::kIpv6cpNoPrefix), 1);
}

TEST_F(SessionLayers, ASessionCanHaveIpv6Alone) {
  ppp().ipv4 = NcpPreference::kDeny;
  ppp().ipv6 = NcpPreference::kAllow;
  ToBound();
  Ask(PppProtocol::kIpcp, AddressOption(3, "0.0.0.0"));
  EXPECT_NE(Last(PppProtocol::kLcp, kProtocolReject), nullptr);
  Ipv6Up();
  ASSERT_TRUE(driver_.activation.has_value());
  EXPECT_FALSE(driver_.activation->plan.ipv4.has_value());
  EXPECT_THAT(driver_.activation->sources.ipv4, IsEmpty());
  EXPECT_TRUE(driver_.Snapshot().network.ipv6);
  EXPECT_FALSE(driver_.Snapshot().network.ipv4);
}

TEST_F(SessionLayers, WithoutAnIpv4AddressIpv6GoesOn) {
  accept_.policy.address = {};
  ppp().ipv6 = NcpPreference::kPrefer;
  ToBound();
  Ask(PppProtocol::kIpcp, AddressOption(3, "0.0.0.0"));
  Ipv6Up();
  EXPECT_EQ(State(), SessionState::kActive);
  EXPECT_EQ(driver_.Count(Counter::kIpcpNoAddress), 1);
}

TEST_F(SessionLayers, AnMtuThatIpv6CannotHaveTakesItOffTheInterface) {
  ppp().ipv6 = NcpPreference::kPrefer;
  ToBound();
  Ipv6Up();
  Ipv4Up();
  ASSERT_EQ(State(), SessionState::kActive);
  driver_.Lcp(PppCode::kConfigureRequest, 9, Option(1, Octets({1200 >> 8, 1200 & 0xff})));
  ASSERT_EQ(driver_.links.size(), 1U);
  EXPECT_FALSE(driver_.links[0].plan.ipv6.has_value());
  EXPECT_THAT(driver_.mtus_set, ElementsAre(1200));
  EXPECT_EQ(State(), SessionState::kActive);
}

// ---- Losing one

TEST_F(SessionLayers, Ipv4ClosedByThePeerLeavesIpv6) {
  ppp().ipv6 = NcpPreference::kPrefer;
  ToBound();
  Ipv6Up();
  Ipv4Up();
  driver_.Ipcp(PppCode::kTerminateRequest, 11);
  ASSERT_EQ(driver_.links.size(), 1U);
  EXPECT_FALSE(driver_.links[0].plan.ipv4.has_value());
  EXPECT_TRUE(driver_.links[0].plan.ipv6.has_value());
  EXPECT_EQ(State(), SessionState::kActive);
  driver_.Ppp(PppProtocol::kIpv6cp, ControlPacketOf(PppCode::kTerminateRequest, 12));
  EXPECT_EQ(State(), SessionState::kFinishing);
  driver_.Advance(std::chrono::seconds(60));
  EXPECT_EQ(driver_.TakeReports().back().cause, TerminateCause::kUserRequest);
}

TEST_F(SessionLayers, RequiredIpv4ClosedByThePeerEndsTheSession) {
  ppp().ipv4 = NcpPreference::kRequire;
  ppp().ipv6 = NcpPreference::kPrefer;
  ToBound();
  Ipv6Up();
  Ipv4Up();
  driver_.Ipcp(PppCode::kTerminateRequest, 11);
  EXPECT_EQ(State(), SessionState::kFinishing);
}

TEST_F(SessionLayers, TheLastLayerMayNotGoWhileAnotherIsOnlyAllowed) {
  ppp().ipv6 = NcpPreference::kAllow;
  ToBound();
  Ipv4Up();
  driver_.Ipcp(PppCode::kTerminateRequest, 11);
  EXPECT_EQ(State(), SessionState::kFinishing);
}

TEST_F(SessionLayers, ALinkThatCannotBeChangedEndsTheSession) {
  ppp().ipv6 = NcpPreference::kAllow;
  ToBound();
  Ipv4Up();
  Ipv6Up();
  driver_.Feed(LinkChangeFailed{"no room"});
  EXPECT_EQ(State(), SessionState::kFinishing);
  EXPECT_EQ(driver_.Count(Counter::kLinkChangeFailed), 1);
  EXPECT_TRUE(driver_.Logged("interface: no room"));
}

TEST_F(SessionLayers, Ipv4OpenedAgainAndAgainEndsTheSession) {
  ppp().ipv6 = NcpPreference::kPrefer;
  ToBound();
  Ipv6Up();
  for (int i = 0; i < 16; ++i) {
    Ipv4Up();
    ASSERT_EQ(State(), SessionState::kActive) << i;
    driver_.Ipcp(PppCode::kTerminateAck, 11);  // unasked: down, and asked for anew
    ASSERT_EQ(State(), SessionState::kActive) << i;
  }
  Ipv4Up();
  EXPECT_EQ(State(), SessionState::kFinishing);
  EXPECT_EQ(driver_.Count(Counter::kPppNoAgreement), 1);
}

TEST_F(SessionLayers, Dhcpv6ThatIsAskedForWithoutEndIsBounded) {
  ppp().ipv6 = NcpPreference::kPrefer;
  ToBound();
  Ipv6Up();
  Ipv4Up();
  const Bytes packet = codec::EncodeUdpPacket(
      {.source = LinkLocalAddress(kPeer), .destination = *Ipv6Address::Parse("ff02::1:2")},
      {.source = 546, .destination = 547}, Octets({11, 1, 2, 3}));  // Information-request
  for (int i = 0; i < 1000; ++i) driver_.Feed(Ipv6ControlReceived{packet});
  EXPECT_EQ(driver_.Count(Counter::kDhcpv6Answered), 32);
  EXPECT_EQ(driver_.Count(Counter::kDhcpv6Discarded), 968);
  driver_.Advance(std::chrono::seconds(1));
  for (int i = 0; i < 1000; ++i) driver_.Feed(Ipv6ControlReceived{packet});
  EXPECT_EQ(driver_.Count(Counter::kDhcpv6Answered), 36);
}

// ---- Orders

TEST_F(SessionLayers, AVrfOfANewPolicyChangesTheLink) {
  ToBound();
  Ipv4Up();
  SessionPolicy policy = driver_.session().policy();
  policy.generation = Generation(2);
  policy.network.vrf = "BLUE";
  ASSERT_TRUE(driver_.session().LinkUnder(policy).has_value());
  EXPECT_EQ(driver_.session().LinkUnder(policy)->vrf, "BLUE");
  driver_.Feed(PolicyReplaced{policy});
  ASSERT_EQ(driver_.links.size(), 1U);
  EXPECT_EQ(driver_.links[0].plan.vrf, "BLUE");
  EXPECT_EQ(driver_.Snapshot().policy.network.vrf, "BLUE");
}

TEST_F(SessionLayers, ANewPolicyDoesNotTakeGivenPrefixesAway) {
  ToBound();
  Ipv4Up();
  SessionPolicy policy = driver_.session().policy();
  policy.generation = Generation(2);
  policy.network.framed_ipv6_prefixes.clear();
  driver_.Feed(PolicyReplaced{policy});
  EXPECT_EQ(driver_.session().policy().network.framed_ipv6_prefixes.size(), 1U);
  EXPECT_THAT(driver_.links, IsEmpty());
}

// ---- MPPE

class SessionMppe : public SessionLayers {
 protected:
  SessionMppe() {
    driver_.settings = SettingsWith(AuthProtocol::kMsChapV2);
    driver_.settings.ppp.mppe = MppePreference::kPrefer;
    accept_.mppe = {Secret(Bytes(16, 5)), Secret(Bytes(16, 6)), {}};
  }
  void CcpUp() {
    Ask(PppProtocol::kCcp, MppeOption(1, 0x40));
    AckTheirs(PppProtocol::kCcp);
  }
};

TEST_F(SessionMppe, DisabledCcpIsRejectedAsAProtocol) {
  ppp().disable_ccp = true;
  ToBound();
  Ask(PppProtocol::kCcp, MppeOption(1, 0x40));
  const PppPacket* const reject = Last(PppProtocol::kLcp, kProtocolReject);
  ASSERT_NE(reject, nullptr);
  EXPECT_EQ(reject->data.at(1), 0xfd);
  EXPECT_EQ(CountOf(PppProtocol::kCcp, 1), 0);
}

TEST_F(SessionMppe, PreferredIsAskedForAndDoesNotHoldTheSessionUp) {
  ToBound();
  const PppPacket* const request = Last(PppProtocol::kCcp, 1);
  ASSERT_NE(request, nullptr);
  EXPECT_EQ(request->data, MppeOption(1, 0x40));
  Ipv4Up();
  EXPECT_EQ(State(), SessionState::kActive);
  CcpUp();
  ASSERT_TRUE(driver_.mppe.has_value());
  EXPECT_EQ(driver_.mppe->key_bits, 128U);
  EXPECT_THAT(driver_.mtus_set, ElementsAre(1448));
  EXPECT_TRUE(driver_.Snapshot().network.mppe);
}

TEST_F(SessionMppe, RequiredComesFirstAndRequestsOfOthersAreAnsweredThen) {
  ppp().mppe = MppePreference::kRequire;
  ToBound();
  Ask(PppProtocol::kIpcp, AddressOption(3, "10.0.0.5"));
  EXPECT_EQ(CountOf(PppProtocol::kIpcp, 2), 0);
  CcpUp();
  EXPECT_EQ(CountOf(PppProtocol::kIpcp, 2), 1);  // without being asked again
  driver_.AckTheirIpcpRequest();
  EXPECT_EQ(State(), SessionState::kActive);
  EXPECT_EQ(driver_.activation->mtu, 1448);
}

TEST_F(SessionMppe, RequiredAndRejectedEndsTheSession) {
  ppp().mppe = MppePreference::kRequire;
  ToBound();
  RejectTheirs(PppProtocol::kCcp);
  EXPECT_EQ(State(), SessionState::kFinishing);
  EXPECT_EQ(driver_.Count(Counter::kMppeRefused), 1);
}

TEST_F(SessionMppe, RequiredWithoutKeysEndsTheSession) {
  ppp().mppe = MppePreference::kRequire;
  accept_.mppe = {};
  ToBound();
  EXPECT_EQ(State(), SessionState::kFinishing);
  EXPECT_EQ(driver_.Count(Counter::kMppeNoKeys), 1);
  EXPECT_NE(Last(PppProtocol::kLcp, kTerminate), nullptr);
}

TEST_F(SessionMppe, RequiredWithoutRc4EndsTheSession) {
  ppp().mppe = MppePreference::kRequire;
  driver_.settings.rc4 = false;
  ToBound();
  EXPECT_EQ(State(), SessionState::kFinishing);
  EXPECT_EQ(driver_.Count(Counter::kMppeNoProvider), 1);
}

TEST_F(SessionMppe, AStreamOutOfStepAsksThePeerToStartAnew) {
  ToBound();
  Ask(PppProtocol::kCcp, MppeOption(0, 0x40));
  Ask(PppProtocol::kCcp, MppeOption(0, 0x40));
  const PppPacket* const request = Last(PppProtocol::kCcp, 1);
  ASSERT_NE(request, nullptr);
  driver_.Ppp(PppProtocol::kCcp,
              ControlPacketOf(PppCode::kConfigureNak, request->identifier, MppeOption(0, 0x40)));
  AckTheirs(PppProtocol::kCcp);
  ASSERT_TRUE(driver_.mppe.has_value());
  EXPECT_FALSE(driver_.mppe->stateless);
  driver_.Feed(MppeOutOfStep{});
  EXPECT_EQ(CountOf(PppProtocol::kCcp, 14), 1);  // Reset-Request
}

}  // namespace
}  // namespace sstpgw::fsm
