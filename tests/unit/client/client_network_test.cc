// What follows authentication: IPCP, IPv6CP and CCP of the client machine against a scripted
// server.
#include "tests/unit/client/client_session_fixture.h"

namespace sstpgw::client {
namespace {

using testing::HasSubstr;

constexpr std::uint8_t kReset = 14;

class ClientNetworkTest : public ClientSessionTest {
 protected:
  // The client's Configure-Requests of a protocol among these packets.
  static std::vector<PppControl> Requests(const std::vector<SstpPacket>& sent,
                                          std::uint16_t protocol, std::uint8_t code = kConfReq) {
    std::vector<PppControl> found;
    for (const SstpPacket& packet : sent) {
      const auto frame = packet.frame();
      if (frame && frame->protocol == protocol && Ppp(packet).code == code) {
        found.push_back(Ppp(packet));
      }
    }
    return found;
  }
  // The server agrees with everything and asks with `own`.
  void Agree(std::uint16_t protocol, const PppControl& request, const std::vector<PppOption>& own) {
    FeedPpp(protocol, {kConfAck, request.id, request.data});
    const auto sent = FeedPpp(protocol, {kConfReq, 77, EncodeOptions(own)});
    ASSERT_FALSE(sent.empty());
    EXPECT_EQ(Ppp(sent[0]).code, kConfAck);
  }
  // By MS-CHAPv2, which makes keys.
  std::vector<SstpPacket> AuthenticateWithKeys() {
    options_.user = "User";
    options_.password = "clientPass";
    ReachLcp();
    OpenLcp({0xc2, 0x23, 0x81});
    const auto sent = FeedPpp(kChap, {1, 9, Concat({Bytes{16}, Bytes(16, 0x42), ToBytes("gw")})});
    const PppControl response = Ppp(sent.at(0));
    const ByteView value = ByteView(response.data).subspan(1);
    NtResponse proof{};
    std::copy_n(value.begin() + 24, proof.size(), proof.begin());
    hlak_ = HlakMsChapV2("clientPass", proof);
    const std::string authenticator =
        MsChapV2Authenticator("User", "clientPass", proof, Bytes(16, 0x42), value.first(16));
    return FeedPpp(kChap, {3, 9, ToBytes(authenticator)});
  }
  void OpenIpcp(const std::vector<SstpPacket>& sent) {
    Agree(kIpcp, Requests(sent, kIpcp).at(0), {{3, {10, 0, 0, 1}}});
  }

  const Bytes ours_ = FromHex("0000 0000 0000 0002");
  const Bytes theirs_ = FromHex("0000 0000 0000 0001");
  Hlak hlak_{};
};

TEST_F(ClientNetworkTest, UpOnlyWhenBothLayersAreOpen) {
  options_.ipv6 = true;
  options_.interface_id = InterfaceId{1, 2, 3, 4, 5, 6, 7, 8};
  const auto sent = Authenticate();
  const auto asked = Requests(sent, kIpv6cp);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].data, FromHex("01 0a 0102030405060708"));
  OpenIpcp(sent);
  EXPECT_TRUE(session_->facts().ipv4_up);
  EXPECT_EQ(session_->phase(), Phase::kNetwork);
  const auto again = FeedPpp(kIpv6cp, {kConfNak, asked[0].id, EncodeOptions({{1, ours_}})});
  EXPECT_EQ(Ppp(again.at(0)).data, EncodeOptions({{1, ours_}}));
  Agree(kIpv6cp, Ppp(again.at(0)), {{1, theirs_}});
  EXPECT_EQ(session_->phase(), Phase::kUp);
  EXPECT_EQ(Bytes(session_->facts().interface_id.begin(), session_->facts().interface_id.end()),
            ours_);
  EXPECT_EQ(session_->facts().peer_interface_id.back(), 1);
}

TEST_F(ClientNetworkTest, Ipv6PacketsBothWaysOnceItIsOpen) {
  options_.ipv6 = true;
  options_.ipv4 = false;
  const auto sent = Authenticate();
  EXPECT_TRUE(Requests(sent, kIpcp).empty());
  const auto reject = FeedPpp(kIpcp, {kConfReq, 1, EncodeOptions({{3, {10, 0, 0, 1}}})});
  EXPECT_EQ(Requests(reject, kLcp, kProtoRej).size(), 1u);
  std::vector<Bytes> received;
  session_->OnIpPacket(
      [&](ByteView packet) { received.emplace_back(packet.begin(), packet.end()); });
  Feed(SstpData(kIpv6, FromHex("60 01")));
  EXPECT_TRUE(received.empty());
  Agree(kIpv6cp, Requests(sent, kIpv6cp).at(0), {{1, theirs_}});
  EXPECT_EQ(session_->phase(), Phase::kUp);
  Feed(SstpData(kIpv6, FromHex("60 02")));
  EXPECT_EQ(received, std::vector<Bytes>{FromHex("60 02")});
  session_->SendIpPacket(FromHex("60 03"));
  EXPECT_EQ(Sent().at(0).raw, SstpData(kIpv6, FromHex("60 03")));
}

TEST_F(ClientNetworkTest, WithoutIpv6ItIsRefusedAsAProtocol) {
  ReachUp();
  const auto sent = FeedPpp(kIpv6cp, {kConfReq, 1, EncodeOptions({{1, theirs_}})});
  ASSERT_EQ(Requests(sent, kLcp, kProtoRej).size(), 1u);
  EXPECT_EQ(Get16(Requests(sent, kLcp, kProtoRej)[0].data, 0), kIpv6cp);
}

TEST_F(ClientNetworkTest, RefusedIpv6LeavesIpv4AndRefusedBothIsTheEnd) {
  options_.ipv6 = true;
  auto sent = Authenticate();
  OpenIpcp(sent);
  FeedPpp(kLcp, {kProtoRej, 3, Be16(kIpv6cp)});
  EXPECT_EQ(session_->phase(), Phase::kUp);
  EXPECT_FALSE(session_->facts().ipv6_up);
  sent = Authenticate();
  FeedPpp(kLcp, {kProtoRej, 3, Be16(kIpv6cp)});
  EXPECT_EQ(session_->phase(), Phase::kNetwork);
  FeedPpp(kLcp, {kProtoRej, 4, Be16(kIpcp)});
  EXPECT_EQ(session_->failure().kind, FailureKind::kNoAddress);
}

TEST_F(ClientNetworkTest, Ipv6AskedForLate) {
  options_.ipv6 = options_.deviations.ask_ipv6cp_late = true;
  const auto sent = Authenticate();
  EXPECT_TRUE(Requests(sent, kIpv6cp).empty());
  OpenIpcp(sent);
  EXPECT_EQ(session_->phase(), Phase::kUp);
  // The server may have asked before; what was agreed holds.
  FeedPpp(kIpv6cp, {kConfReq, 5, EncodeOptions({{1, theirs_}})});
  EXPECT_FALSE(session_->facts().ipv6_up);
  session_->AskIpv6(now_);
  const auto asked = Requests(Sent(), kIpv6cp);
  ASSERT_EQ(asked.size(), 1u);
  session_->AskIpv6(now_);
  EXPECT_TRUE(Sent().empty());
  FeedPpp(kIpv6cp, {kConfAck, asked[0].id, asked[0].data});
  EXPECT_TRUE(session_->facts().ipv6_up);
  session_->TerminateLayer(kIpv6cp, now_);
  EXPECT_EQ(Requests(Sent(), kIpv6cp, kTermReq).size(), 1u);
  EXPECT_FALSE(session_->facts().ipv6_up);
  EXPECT_EQ(session_->phase(), Phase::kUp);
}

TEST_F(ClientNetworkTest, DeviationsOfIpv6cp) {
  options_.ipv6 = true;
  options_.interface_id = InterfaceId{};
  options_.deviations.insist_on_interface_id = true;
  options_.deviations.reject_ipv6cp_options = true;
  const auto sent = Authenticate();
  const PppControl zero = Requests(sent, kIpv6cp).at(0);
  EXPECT_EQ(zero.data, EncodeOptions({{1, Bytes(8, 0)}}));
  const auto again = FeedPpp(kIpv6cp, {kConfNak, zero.id, EncodeOptions({{1, ours_}})});
  EXPECT_EQ(Ppp(again.at(0)).data, zero.data);
  const auto answer = FeedPpp(kIpv6cp, {kConfReq, 1, EncodeOptions({{1, theirs_}})});
  EXPECT_EQ(Ppp(answer.at(0)).code, kConfRej);
}

TEST_F(ClientNetworkTest, AnIdentifierThatIsOursOrZeroIsNacked) {
  options_.ipv6 = true;
  options_.interface_id = InterfaceId{0, 0, 0, 0, 0, 0, 0, 2};
  Authenticate();
  for (const Bytes& id : {ours_, Bytes(8, 0)}) {
    const auto answer = FeedPpp(kIpv6cp, {kConfReq, 1, EncodeOptions({{1, id}})});
    EXPECT_EQ(Ppp(answer.at(0)).code, kConfNak);
  }
}

TEST_F(ClientNetworkTest, MppeEncryptsBothWays) {
  options_.mppe = MppeWish::kRequire;
  const auto sent = AuthenticateWithKeys();
  const PppControl asked = Requests(sent, kCcp).at(0);
  EXPECT_EQ(asked.data, FromHex("12 06 01 00 00 40"));
  OpenIpcp(sent);
  EXPECT_EQ(session_->phase(), Phase::kNetwork) << "not before it is decided about MPPE";
  Agree(kCcp, asked, {{18, FromHex("01000040")}});
  EXPECT_EQ(session_->phase(), Phase::kUp);
  session_->SendIpPacket(FromHex("45 00 11"));
  const PppFrame frame = Sent().at(0).frame().value();
  EXPECT_EQ(frame.protocol, kCompressed);
  EXPECT_EQ(Get16(frame.information, 0), 0x9000);
  MppeReceiver server(Bytes(hlak_.begin(), hlak_.begin() + 16), {128, true});
  Bytes octets(frame.information.begin() + 2, frame.information.end());
  ASSERT_EQ(server.Open(0x9000, octets), MppeReceiver::Verdict::kOpened);
  EXPECT_EQ(octets, FromHex("00 21 45 00 11"));

  std::vector<Bytes> received;
  session_->OnIpPacket(
      [&](ByteView packet) { received.emplace_back(packet.begin(), packet.end()); });
  MppeSender sender(Bytes(hlak_.begin() + 16, hlak_.end()), {128, true});
  Bytes answer = FromHex("00 21 45 00 22");
  const Bytes bits = Be16(sender.Seal(answer));
  Feed(SstpData(kCompressed, Concat({bits, answer})));
  EXPECT_EQ(received, std::vector<Bytes>{FromHex("45 00 22")});
  Feed(SstpData(kIpv4, FromHex("45 00 33")));
  EXPECT_EQ(received.size(), 1u);
  EXPECT_EQ(session_->facts().mppe.plaintext_received, 1u);
}

TEST_F(ClientNetworkTest, StatefulMppeAsksForAResetAndIsAsked) {
  options_.mppe = MppeWish::kPrefer;
  options_.mppe_stateful = true;
  const auto sent = AuthenticateWithKeys();
  OpenIpcp(sent);
  Agree(kCcp, Requests(sent, kCcp).at(0), {{18, FromHex("00000040")}});
  MppeSender sender(Bytes(hlak_.begin() + 16, hlak_.end()), {128, false});
  Bytes lost = FromHex("00 21 45 00 22");
  (void)sender.Seal(lost);
  Bytes next = FromHex("00 21 45 00 22");
  const Bytes bits = Be16(sender.Seal(next));
  const auto asked = Feed(SstpData(kCompressed, Concat({bits, next})));
  EXPECT_EQ(Requests(asked, kCcp, kReset).size(), 1u);
  EXPECT_EQ(session_->facts().mppe.out_of_step, 1u);
  FeedPpp(kCcp, {kReset, 1, {}});
  session_->SendIpPacket(FromHex("45 00 11"));
  EXPECT_EQ(Get16(Sent().at(0).frame()->information, 0), 0x9000) << "flushed, the first";
  session_->SendIpPacket(FromHex("45 00 11"));
  EXPECT_EQ(Get16(Sent().at(0).frame()->information, 0), 0x1001);
}

TEST_F(ClientNetworkTest, MppeRequiredAndNotToBeHad) {
  options_.mppe = MppeWish::kRequire;
  Authenticate();
  EXPECT_THAT(session_->failure().detail, HasSubstr("makes no keys"));
  auto sent = AuthenticateWithKeys();
  FeedPpp(kCcp, {kConfRej, Requests(sent, kCcp).at(0).id, FromHex("12 06 01 00 00 40")});
  EXPECT_EQ(session_->failure().kind, FailureKind::kNegotiation);
  sent = AuthenticateWithKeys();
  FeedPpp(kLcp, {kProtoRej, 1, Be16(kCcp)});
  EXPECT_EQ(session_->failure().kind, FailureKind::kNegotiation);
}

TEST_F(ClientNetworkTest, MppeWishesOfAClientThatDoesNotAsk) {
  const std::vector<PppOption> strong{{18, FromHex("01000040")}};
  options_.mppe = MppeWish::kNone;
  auto sent = AuthenticateWithKeys();
  sent = FeedPpp(kCcp, {kConfReq, 1, EncodeOptions(strong)});
  EXPECT_EQ(Requests(sent, kLcp, kProtoRej).size(), 1u);
  options_.mppe = MppeWish::kDeny;
  AuthenticateWithKeys();
  sent = FeedPpp(kCcp, {kConfReq, 1, EncodeOptions(strong)});
  EXPECT_EQ(Requests(sent, kCcp, kConfRej).size(), 1u);
  options_.mppe = MppeWish::kAllow;
  sent = AuthenticateWithKeys();
  EXPECT_TRUE(Requests(sent, kCcp).empty());
  OpenIpcp(sent);
  EXPECT_EQ(session_->phase(), Phase::kUp);
  sent = FeedPpp(kCcp, {kConfReq, 1, EncodeOptions({{18, FromHex("010000e0")}})});
  EXPECT_EQ(Requests(sent, kCcp, kConfNak).size(), 1u);
  sent = FeedPpp(kCcp, {kConfReq, 2, EncodeOptions(strong)});
  ASSERT_EQ(Requests(sent, kCcp).size(), 1u);
  FeedPpp(kCcp, {kConfAck, Requests(sent, kCcp)[0].id, Requests(sent, kCcp)[0].data});
  EXPECT_TRUE(session_->facts().mppe.up);
  FeedPpp(kCcp, {kTermReq, 9, {}});
  EXPECT_FALSE(session_->facts().mppe.up);
}

TEST_F(ClientNetworkTest, LossAndPlaintextOnPurpose) {
  options_.mppe = MppeWish::kPrefer;
  options_.deviations.lose_every = 3;
  const auto sent = AuthenticateWithKeys();
  OpenIpcp(sent);
  Agree(kCcp, Requests(sent, kCcp).at(0), {{18, FromHex("01000040")}});
  for (int i = 0; i < 6; ++i) session_->SendIpPacket(FromHex("45 00 11"));
  EXPECT_EQ(Sent().size(), 4u);
  options_.deviations.plaintext_beside_mppe = true;
  session_->SendIpPacket(FromHex("45 00 11"));
  EXPECT_EQ(Sent().at(0).raw, SstpData(kIpv4, FromHex("45 00 11")));
}

}  // namespace
}  // namespace sstpgw::client
