// IPv6 from a client: what passes, what is for the gateway itself, what is dropped and why.
#include "gateway/codec/ppp_frame.h"
#include "gateway/codec/sstp_control.h"
#include "gateway/datapath/uplink.h"
#include "tests/support/hex.h"
#include "tests/unit/datapath/packets.h"
#include "tests/unit/datapath/uplink_recorder.h"

namespace sstpgw::datapath {
namespace {

using codec::PppProtocol;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Ipv4Address kPeer{0x0a000002};
constexpr InterfaceId kPeerId{0, 0, 0, 0, 0, 0, 0, 2};

SourceCheck Sources(Families families = {.ipv4 = true, .ipv6 = true}) {
  // Of test::PacketPlan, and a delegated prefix.
  return {families,
          {{kPeer, 32}},
          {*Ipv6Prefix::Parse("fd00::/64"), *Ipv6Prefix::Parse("fd01::/56")},
          kPeerId};
}

Bytes Frame(PppProtocol protocol, ByteView packet) {
  return codec::EncodeDataPacket(protocol, packet);
}

class UplinkIpv6Test : public test::OpenUplink {
 protected:
  UplinkIpv6Test() { uplink_.OpenData(Sources()); }
  // `source`: the first octets, the last one stays as it is.
  static Bytes Packet(std::uint8_t protocol, const Bytes& payload, const char* source = nullptr,
                      const char* destination = nullptr) {
    Bytes packet = test::Build({.ipv6 = true, .protocol = protocol, .payload = payload});
    if (source != nullptr) Put(packet, 8, source);
    if (destination != nullptr) Put(packet, 24, destination);
    return packet;
  }
  static void Put(Bytes& packet, std::ptrdiff_t at, const char* address) {
    const auto octets = Ipv6Address::Parse(address)->octets();
    std::copy(octets.begin(), octets.end(), packet.begin() + at);
  }
  static Bytes Solicitation() {
    return Packet(58, {133, 0, 0, 0, 0, 0, 0, 0}, "fe80::2", "ff02::2");
  }
  void Take(const Bytes& packet) { uplink_.Consume(Frame(PppProtocol::kIpv6, packet), recorder_); }
};

TEST_F(UplinkIpv6Test, PacketsOfTheSessionPassWithoutWhatLiesBehindThem) {
  Bytes packet = Packet(6, test::Noise(100, 1));
  const Bytes whole = packet;
  packet.insert(packet.end(), 7, 0xee);
  Take(packet);
  EXPECT_THAT(recorder_.events, ElementsAre("ip:" + std::to_string(whole.size())));
  EXPECT_EQ(recorder_.last, whole);
  Take(Packet(17, Bytes(10), "fd01:0:0:ff::1"));
  EXPECT_EQ(uplink_.counters().packets, 2U);
  EXPECT_EQ(uplink_.counters().bytes, whole.size() + 58);
}

TEST_F(UplinkIpv6Test, FrameCutAtEveryPlaceAndCompressedFraming) {
  const Bytes frame = Frame(PppProtocol::kIpv6, Packet(6, test::Noise(40, 1)));
  for (std::size_t cut = 1; cut < frame.size(); ++cut) {
    uplink_.Consume(ByteView(frame).first(cut), recorder_);
    uplink_.Consume(ByteView(frame).subspan(cut), recorder_);
  }
  EXPECT_EQ(uplink_.counters().packets, frame.size() - 1);
  const Bytes packet = Packet(59, {});
  Bytes small = test::FromHex("1000002d57");
  small.insert(small.end(), packet.begin(), packet.end());
  uplink_.Consume(small, recorder_);
  EXPECT_EQ(recorder_.events.back(), "ip:40");
  EXPECT_EQ(uplink_.held(), 0U);
}

TEST_F(UplinkIpv6Test, MalformedAndForeignPacketsAreDroppedAndCounted) {
  Bytes too_long = Packet(59, Bytes(10));
  too_long[5] = 11;
  Bytes version = Packet(59, {});
  version[0] = 0x45;
  for (const Bytes& bad : {too_long, version, Bytes(39, 0x60)}) Take(bad);
  // An IPv6 packet in a frame of IPv4, and the other way round.
  uplink_.Consume(Frame(PppProtocol::kIpv4, Packet(6, {})), recorder_);
  Take(test::Build({.payload = Bytes(100)}));
  EXPECT_EQ(uplink_.counters().dropped_malformed, 5U);
  Take(Packet(17, Bytes(10), "fd00:0:0:1::2"));
  Take(Packet(17, Bytes(10), "ff02::2"));
  EXPECT_EQ(uplink_.counters().dropped_spoofed, 2U);
  Take(Packet(17, Bytes(10), "fe80::2"));             // not for the link
  Take(Packet(17, Bytes(10), "fe80::3", "fe80::1"));  // not the peer
  Take(Packet(17, Bytes(10), nullptr, "ff02::1"));    // not from the link
  Take(Packet(58, {134, 0, 0, 0}, "fe80::2", "ff02::1"));
  EXPECT_EQ(uplink_.counters().dropped_link_local, 4U);
  EXPECT_THAT(recorder_.events, IsEmpty());
  EXPECT_EQ(uplink_.counters().data_packets(), 11U);
}

TEST_F(UplinkIpv6Test, OnlyWhatIsNegotiatedPasses) {
  const Bytes ipv4 = test::Build({.payload = Bytes(100)});
  uplink_.SetSources(Sources({.ipv4 = true, .ipv6 = false}));
  Take(Packet(6, {}));
  Take(Solicitation());
  uplink_.Consume(Frame(PppProtocol::kIpv4, ipv4), recorder_);
  EXPECT_EQ(recorder_.events.size(), 1U);
  EXPECT_EQ(uplink_.counters().dropped_not_negotiated, 2U);
  uplink_.SetSources(Sources({.ipv4 = false, .ipv6 = true}));
  uplink_.Consume(Frame(PppProtocol::kIpv4, ipv4), recorder_);
  EXPECT_EQ(uplink_.counters().dropped_not_negotiated, 3U);
  Take(Packet(6, {}));
  EXPECT_EQ(recorder_.events.size(), 2U);
  EXPECT_EQ(uplink_.counters().data_packets(), 5U);
}

TEST_F(UplinkIpv6Test, ControlGoesToTheSessionInItsPlaceAndCostsBudget) {
  Bytes stream;
  const Bytes tcp = Packet(6, Bytes(20));
  for (int i = 0; i < 3; ++i) {
    test::Append(stream, Frame(PppProtocol::kIpv6, tcp));
    test::Append(stream, Frame(PppProtocol::kIpv6, Solicitation()));
  }
  std::size_t budget = 2;
  const ByteView rest = uplink_.Consume(stream, recorder_, budget);
  EXPECT_EQ(budget, 0U);
  EXPECT_THAT(recorder_.events,
              ElementsAre("ip:80", "ipv6 control:48", "ip:80", "ipv6 control:48"));
  EXPECT_EQ(recorder_.ends, 2U) << "each before what is for the session";
  EXPECT_EQ(rest.size(), stream.size() / 3);
  budget = 1;
  EXPECT_THAT(uplink_.Consume(rest, recorder_, budget), IsEmpty());
  EXPECT_EQ(uplink_.counters().ipv6_control, 3U);
  EXPECT_EQ(uplink_.counters().packets, 3U);
  EXPECT_EQ(uplink_.counters().data_packets(), 6U);
}

TEST_F(UplinkIpv6Test, ControlInPiecesIsWholeWhenItIsTold) {
  const Bytes frame = Frame(PppProtocol::kIpv6, Solicitation());
  for (std::size_t cut = 1; cut < frame.size(); ++cut) {
    uplink_.Consume(ByteView(frame).first(cut), recorder_);
    uplink_.Consume(ByteView(frame).subspan(cut), recorder_);
    EXPECT_EQ(recorder_.last, Solicitation());
  }
  EXPECT_EQ(uplink_.counters().ipv6_control, frame.size() - 1);
}

TEST_F(UplinkIpv6Test, AHandlerMayStopAtControl) {
  recorder_.stop_after = 1;
  Bytes stream = Frame(PppProtocol::kIpv6, Solicitation());
  test::Append(stream, Frame(PppProtocol::kIpv6, Packet(6, {})));
  uplink_.Consume(stream, recorder_);
  uplink_.Consume(codec::EncodeBare(codec::MessageType::kEchoRequest), recorder_);
  EXPECT_EQ(recorder_.events.size(), 1U);
}

// A delegated prefix is of use from the answer on, and no more after its release.
TEST_F(UplinkIpv6Test, SourcesThatChangeInTheMiddleCountFromTheNextPacketOn) {
  class Changer : public test::UplinkRecorder {
   public:
    explicit Changer(Uplink& uplink) : uplink_(uplink) {}
    bool OnIpv6Control(ByteView packet) override {
      uplink_.SetSources(has_prefix_ ? SourceCheck({.ipv4 = false, .ipv6 = true}, {}, {}, kPeerId)
                                     : Sources());
      has_prefix_ = !has_prefix_;
      return UplinkRecorder::OnIpv6Control(packet);
    }

   private:
    Uplink& uplink_;
    bool has_prefix_ = true;
  };
  Changer changer(uplink_);
  Bytes stream;
  for (int i = 0; i < 3; ++i) {
    test::Append(stream, Frame(PppProtocol::kIpv6, Packet(6, {})));
    test::Append(stream, Frame(PppProtocol::kIpv6, Solicitation()));
  }
  uplink_.Consume(stream, changer);
  EXPECT_EQ(uplink_.counters().packets, 2U);
  EXPECT_EQ(uplink_.counters().dropped_spoofed, 1U);
}

}  // namespace
}  // namespace sstpgw::datapath
