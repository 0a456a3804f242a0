// PPP that no client should send, Annex E row PPP. The rule above all: no reply holds an octet that
// this very peer did not send. See attack_suite.h for the topology.
#include <random>

#include "tests/netns/attack_suite.h"

namespace sstpgw::test {
namespace {

using client::FromHex;
using client::kConfAck;
using client::kConfNak;
using client::kConfRej;
using client::kConfReq;
using client::kEchoRep;
using client::kEchoReq;
using client::kLcp;
using client::PppControl;

class PppGarbageTest : public AttackSuite<PppGarbageTest> {
 protected:
  // The peer's LCP is alive: an echo is answered. Returns the LCP packets that came before the
  // answer.
  static std::vector<PppControl> LcpBeforeEcho(RawPeer& peer, std::uint8_t id) {
    peer.Send(client::SstpPpp(kLcp, {kEchoReq, id, FromHex("01020304")}));
    std::vector<PppControl> found;
    bool answered = false;
    peer.ReadPacketIf([&](const client::SstpPacket& packet) {
      const auto frame = packet.frame();
      if (!frame || frame->protocol != kLcp) return false;
      const auto control = client::ParsePppControl(frame->information);
      EXPECT_TRUE(control);
      if (!control) return false;
      answered = control->code == kEchoRep && control->id == id;
      if (!answered) found.push_back(*control);
      return answered;
    });
    EXPECT_TRUE(answered) << "LCP is dead";
    return found;
  }
};

TEST_F(PppGarbageTest, LengthsBeyondTheFrameGetNoAnswer) {
  const auto [counted] = Before("ppp_malformed");
  RawPeer peer(lab().client(), lab().address());
  ASSERT_TRUE(peer.OpenLcp());
  // Each frame's Length field promises 0x00c8 octets that are not there.
  for (const int code : {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 200}) {
    peer.Send(client::SstpData(kLcp, client::Concat({Bytes{static_cast<std::uint8_t>(code), 66},
                                                     FromHex("00c8 01020304")})));
  }
  for (const PppControl& packet : LcpBeforeEcho(peer, 91)) {
    EXPECT_NE(packet.id, 66) << "code " << int{packet.code};
    EXPECT_LE(packet.data.size(), 8u) << "code " << int{packet.code};
  }
  ExpectGrown(counted, 10);
}

TEST_F(PppGarbageTest, OptionLengthsThatLieGetNoAnswer) {
  RawPeer peer(lab().client(), lab().address());
  ASSERT_TRUE(peer.OpenCall());
  ASSERT_TRUE(peer.ReadPpp(kLcp, kConfReq));
  for (const char* options : {"01 00 05 dc", "01 01 05 dc", "01 ff 05 dc", "01 05 05 dc",
                              "05 06 01 02 03 04 01", "4d 00", "4d ff"}) {
    peer.Send(client::SstpPpp(kLcp, {kConfReq, 66, FromHex(options)}));
  }
  peer.Send(client::SstpPpp(kLcp, {kConfReq, 67, {}}));
  bool acknowledged = false;
  peer.ReadPacketIf([&](const client::SstpPacket& packet) {
    const auto frame = packet.frame();
    if (!frame) return false;
    const auto control = client::ParsePppControl(frame->information);
    EXPECT_TRUE(control);
    if (!control) return false;
    EXPECT_NE(control->id, 66) << "an answer to an option that lies about its length";
    acknowledged = control->code == kConfAck && control->id == 67;
    return acknowledged;
  });
  EXPECT_TRUE(acknowledged);
}

TEST_F(PppGarbageTest, RefusalsHoldTheClientsOwnOctetsOnly) {
  RawPeer peer(lab().client(), lab().address());
  ASSERT_TRUE(peer.OpenLcp());
  // Unknown code, Length shorter than the frame: what is returned ends where Length says.
  peer.Send(client::SstpData(kLcp, FromHex("c8 42 0006 aabb 99999999")));
  const auto reject = peer.ReadPpp(kLcp, client::kCodeRej);
  ASSERT_TRUE(reject);
  EXPECT_EQ(reject->data, FromHex("c8 42 0006 aabb"));
  EXPECT_NE(reject->id, 0x42);
  // A protocol that is never run and has no code, identifier and length (Link Quality Report, RFC
  // 1989).
  peer.Send(client::SstpData(0xc025, FromHex("1cd9ad05 00000001 0200000000000001")));
  const auto protocol = peer.ReadPpp(kLcp, client::kProtoRej);
  ASSERT_TRUE(protocol);
  EXPECT_EQ(protocol->data, FromHex("c025 1cd9ad05 00000001 0200000000000001"));
  // Echo: our magic, then exactly the peer's data.
  peer.Send(client::SstpData(kLcp, FromHex("09 43 000a 01020304 ddee 77777777")));
  const auto echo = peer.ReadPpp(kLcp, kEchoRep);
  ASSERT_TRUE(echo);
  ASSERT_EQ(echo->data.size(), 6u);
  EXPECT_EQ(Bytes(echo->data.begin() + 4, echo->data.end()), FromHex("ddee"));
}

TEST_F(PppGarbageTest, UselessMruValuesAreNacked) {
  for (const int mru : {0, 67, 65535}) {
    RawPeer peer(lab().client(), lab().address());
    ASSERT_TRUE(peer.OpenCall());
    peer.Send(client::SstpPpp(
        kLcp, {kConfReq, 5,
               client::EncodeOptions({{1, client::Be16(static_cast<std::uint16_t>(mru))}})}));
    const auto nak = peer.ReadPpp(kLcp, kConfNak);
    ASSERT_TRUE(nak) << mru;
    EXPECT_EQ(nak->data, client::EncodeOptions({{1, client::Be16(1452)}})) << mru;
  }
}

TEST_F(PppGarbageTest, OptionsOfWrongLengthAreRejected) {
  RawPeer peer(lab().client(), lab().address());
  ASSERT_TRUE(peer.OpenCall());
  const Bytes options = client::EncodeOptions({{5, FromHex("0102")}, {13, FromHex("06")}});
  peer.Send(client::SstpPpp(kLcp, {kConfReq, 5, options}));
  const auto reject = peer.ReadPpp(kLcp, kConfRej);
  ASSERT_TRUE(reject);
  EXPECT_EQ(reject->data, options);
}

TEST_F(PppGarbageTest, FloodsAreSurvived) {
  RawPeer peer(lab().client(), lab().address());
  ASSERT_TRUE(peer.OpenLcp());
  const Bytes echo = client::SstpPpp(kLcp, {kEchoReq, 1, Bytes(1000, 0x5a)});
  const Bytes request = client::SstpPpp(kLcp, {kConfReq, 1, client::EncodeOptions({})});
  const Bytes nested =
      client::SstpPpp(kLcp, {client::kCodeRej, 1, client::SstpPpp(kLcp, {kConfReq, 1, request})});
  for (int i = 0; i < 2000; ++i) {
    // Whatever the gateway decides, it must go on reading or close; a peer that does not read its
    // answers must not make it grow.
    if (!peer.Send(i % 2 == 0 ? echo : request)) break;
  }
  peer.Send(nested);
  EXPECT_TRUE(witness_->StillServed());
}

TEST_F(PppGarbageTest, ProtocolRejectOfLcpEndsTheSession) {
  RawPeer peer(lab().client(), lab().address());
  ASSERT_TRUE(peer.OpenLcp());
  peer.Send(client::SstpPpp(kLcp, {client::kProtoRej, 1, FromHex("c021 01 01 0004")}));
  EXPECT_TRUE(peer.ReadMessage(client::kCallDisconnect));
}

TEST_F(PppGarbageTest, AuthenticationGarbageIsSurvived) {
  for (const char* pap : {"01 01 0004", "01 01 0005 ff", "01 01 0006 ff 41", "01 01 0007 01 41 ff",
                          "01 01 0006 00 00", "07 01 0004"}) {
    RawPeer peer(lab().client(), lab().address());
    ASSERT_TRUE(peer.OpenLcp());
    peer.Send(client::SstpData(client::kPap, FromHex(pap)));
    peer.Send(client::SstpData(client::kChap, FromHex(pap)));
  }
  EXPECT_TRUE(witness_->StillServed());
}

TEST_F(PppGarbageTest, RandomFramesAreSurvived) {
  std::mt19937 random(20240228);
  for (int round = 0; round < 10; ++round) {
    RawPeer peer(lab().client(), lab().address());
    if (!peer.OpenLcp()) {
      ADD_FAILURE() << "round " << round;
      continue;
    }
    bool open = true;
    for (int i = 0; i < 200 && open; ++i) {
      Bytes information(random() % 64);
      for (std::uint8_t& octet : information) octet = static_cast<std::uint8_t>(random());
      static constexpr std::uint16_t kProtocols[] = {0xc021, 0xc023, 0xc223, 0x8021,
                                                     0x8057, 0x80fd, 0x0021, 0x00fd};
      open = peer.Send(client::SstpData(kProtocols[random() % 8], information));
    }
  }
  EXPECT_TRUE(witness_->StillServed());
}

}  // namespace
}  // namespace sstpgw::test
