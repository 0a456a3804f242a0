// MPPE from a client, with a cipher that can be seen through (fake_cipher.h).
#include <array>

#include "gateway/codec/ppp_frame.h"
#include "gateway/codec/sstp_control.h"
#include "gateway/datapath/coalescer.h"
#include "gateway/datapath/downlink.h"
#include "gateway/datapath/uplink.h"
#include "tests/support/hex.h"
#include "tests/unit/datapath/fake_cipher.h"
#include "tests/unit/datapath/packets.h"
#include "tests/unit/datapath/traffic.h"
#include "tests/unit/datapath/uplink_recorder.h"

namespace sstpgw::datapath {
namespace {

using codec::PppProtocol;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

SourceCheck Sources() {  // of test::PacketPlan
  return {{.ipv4 = true, .ipv6 = true},
          {{Ipv4Address(0x0a000000), 24}},
          {*Ipv6Prefix::Parse("fd00::/64")}};
}

class UplinkMppeTest : public test::OpenUplink {
 protected:
  UplinkMppeTest() {
    uplink_.OpenData(Sources());
    uplink_.SetOpener(&opener_, room_);
  }
  // An encrypted frame.
  Bytes Frame(PppProtocol inner, ByteView packet) {
    return codec::EncodeDataPacket(PppProtocol::kCompressed, test::Sealed(sealer_, inner, packet));
  }
  Bytes Frame(const Bytes& packet) {
    return Frame(packet[0] >> 4 == 6 ? PppProtocol::kIpv6 : PppProtocol::kIpv4, packet);
  }
  static Bytes Plain(const Bytes& packet) {
    return codec::EncodeDataPacket(PppProtocol::kIpv4, packet);
  }

  test::FakeSealer sealer_;
  test::FakeOpener opener_;
  std::array<std::uint8_t, codec::kMaxSstpPacket> room_{};
};

const Bytes kPacket = test::Build({.payload = test::Noise(100, 1)});
const Bytes kPacket6 = test::Build({.ipv6 = true, .payload = test::Noise(100, 2)});

TEST_F(UplinkMppeTest, PacketsComeOutAsTheyWentIn) {
  for (const Bytes& packet : {kPacket, kPacket6, kPacket}) {
    const Bytes frame = Frame(packet);
    const Bytes before = frame;
    uplink_.Consume(frame, recorder_);
    EXPECT_EQ(recorder_.last, packet);
    EXPECT_EQ(frame, before) << "input is not written to";
  }
  EXPECT_EQ(uplink_.counters().packets, 3U);
  EXPECT_EQ(uplink_.counters().bytes, 2 * kPacket.size() + kPacket6.size());
  EXPECT_EQ(uplink_.counters().data_packets(), 3U);
}

TEST_F(UplinkMppeTest, FrameCutAtEveryPlace) {
  const std::size_t size = Frame(kPacket).size();
  opener_.ExpectNext(1);
  for (std::size_t cut = 1; cut < size; ++cut) {
    const Bytes frame = Frame(kPacket);
    uplink_.Consume(ByteView(frame).first(cut), recorder_);
    uplink_.Consume(ByteView(frame).subspan(cut), recorder_);
    EXPECT_EQ(recorder_.last, kPacket);
  }
  EXPECT_EQ(uplink_.counters().packets, size - 1);
}

// The recorder looks at all packets again when their end is told.
TEST_F(UplinkMppeTest, ManyMorePacketsThanTheRoomHoldsInOneRead) {
  Bytes stream;
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < 300; ++i) {
    const Bytes packet = test::Build({.payload = test::Noise(i * 13 % 1400, 7)});
    test::Append(stream, Frame(packet));
    expected.push_back("ip:" + std::to_string(packet.size()));
  }
  uplink_.Consume(stream, recorder_);
  EXPECT_EQ(recorder_.events, expected);
  EXPECT_GT(recorder_.ends, 20U);
  EXPECT_LT(recorder_.ends, 150U) << "packets are still collected";
}

TEST_F(UplinkMppeTest, TheLargestFrame) {
  // FF 03 and the first octet of the protocol left out.
  const Bytes sealed = test::Sealed(sealer_, PppProtocol::kIpv4, Bytes(4086, 0x45));
  Bytes frame = test::FromHex("10000fff fd");
  test::Append(frame, sealed);
  ASSERT_EQ(frame.size(), 4095U);
  uplink_.Consume(frame, recorder_);
  EXPECT_EQ(uplink_.counters().dropped_malformed, 1U) << "decrypted, and no packet";
  uplink_.SetOpener(&opener_, std::span(room_).first(100));
  uplink_.Consume(Frame(kPacket), recorder_);
  EXPECT_EQ(uplink_.counters().dropped_mppe, 1U) << "a room that is too small";
}

TEST_F(UplinkMppeTest, PlainPacketsAreDroppedWhileItIsOn) {
  uplink_.Consume(Plain(kPacket), recorder_);
  uplink_.Consume(codec::EncodeDataPacket(PppProtocol::kIpv6, kPacket6), recorder_);
  EXPECT_THAT(recorder_.events, IsEmpty());
  EXPECT_EQ(uplink_.counters().dropped_unencrypted, 2U);
  uplink_.Consume(codec::EncodeDataPacket(PppProtocol::kCcp, Bytes(4)), recorder_);
  EXPECT_THAT(recorder_.events, ElementsAre("packet:12")) << "control is plain always";
  EXPECT_EQ(uplink_.counters().data_packets(), 2U);
}

TEST_F(UplinkMppeTest, EncryptedPacketsAreDroppedWhileItIsOff) {
  const Bytes frame = Frame(kPacket);
  uplink_.SetOpener(nullptr);
  uplink_.Consume(frame, recorder_);
  EXPECT_THAT(recorder_.events, IsEmpty());
  EXPECT_EQ(uplink_.counters().dropped_mppe, 1U);
  uplink_.Consume(Plain(kPacket), recorder_);
  EXPECT_EQ(uplink_.counters().packets, 1U);
}

TEST_F(UplinkMppeTest, NothingButPacketsIsInside) {
  constexpr PppProtocol kIpx{0x002b};
  const Bytes nested = test::Sealed(sealer_, PppProtocol::kIpv4, kPacket);
  for (const PppProtocol inner :
       {PppProtocol::kCompressed, PppProtocol::kLcp, PppProtocol::kIpcp, PppProtocol::kPap, kIpx}) {
    opener_.ExpectNext(1);
    test::FakeSealer sealer;
    static_cast<void>(test::Sealed(sealer, inner, {}));
    uplink_.Consume(
        codec::EncodeDataPacket(PppProtocol::kCompressed, test::Sealed(sealer, inner, nested)),
        recorder_);
  }
  EXPECT_THAT(recorder_.events, IsEmpty());
  EXPECT_EQ(uplink_.counters().dropped_malformed, 5U);
}

TEST_F(UplinkMppeTest, SourcesAreCheckedInsideAsWell) {
  uplink_.Consume(Frame(test::Build({.ipv6 = false, .payload = Bytes(10)})), recorder_);
  uplink_.SetSources(SourceCheck(Ipv4Address(0x0a000009)));
  uplink_.Consume(Frame(kPacket), recorder_);
  uplink_.Consume(Frame(kPacket6), recorder_);
  EXPECT_EQ(uplink_.counters().packets, 1U);
  EXPECT_EQ(uplink_.counters().dropped_spoofed, 1U);
  EXPECT_EQ(uplink_.counters().dropped_not_negotiated, 1U);
}

TEST_F(UplinkMppeTest, ControlInsideReachesTheSession) {
  Bytes solicitation =
      test::Build({.ipv6 = true, .protocol = 58, .payload = {133, 0, 0, 0, 0, 0, 0, 0}});
  solicitation[8] = 0xfe;
  solicitation[9] = 0x80;
  Bytes stream = Frame(kPacket);
  test::Append(stream, Frame(solicitation));
  test::Append(stream, Frame(kPacket6));
  uplink_.Consume(stream, recorder_);
  EXPECT_THAT(recorder_.events, ElementsAre("ip:140", "ipv6 control:48", "ip:160"));
}

// ---- Out of step

TEST_F(UplinkMppeTest, OutOfStepIsTold) {
  static_cast<void>(Frame(kPacket));  // lost
  uplink_.Consume(Frame(kPacket), recorder_);
  EXPECT_THAT(recorder_.events, ElementsAre("out of step"));
  EXPECT_EQ(uplink_.counters().dropped_mppe, 1U);
  opener_.ExpectNext(2);
  uplink_.Consume(Frame(kPacket), recorder_);
  EXPECT_THAT(recorder_.events, ElementsAre("out of step", "ip:140"));
  recorder_.stop_after = 3;
  static_cast<void>(Frame(kPacket));
  for (int i = 0; i < 3; ++i) uplink_.Consume(Frame(kPacket), recorder_);
  EXPECT_THAT(recorder_.events, ElementsAre("out of step", "ip:140", "out of step"));
}

TEST_F(UplinkMppeTest, TellingCostsBudgetAndComesAfterThePacketsBefore) {
  Bytes stream = Frame(kPacket);
  static_cast<void>(Frame(kPacket));
  test::Append(stream, Frame(kPacket));
  test::Append(stream, Frame(kPacket));
  std::size_t budget = 1;
  const ByteView rest = uplink_.Consume(stream, recorder_, budget);
  EXPECT_THAT(recorder_.events, ElementsAre("ip:140", "out of step"));
  EXPECT_EQ(recorder_.ends, 1U);
  EXPECT_EQ(budget, 0U);
  EXPECT_EQ(rest.size(), stream.size() / 3);
}

TEST_F(UplinkMppeTest, BrokenFramesAreDroppedWithoutAWord) {
  for (const char* frame : {"10000008ff0300fd", "10000009ff0300fd00", "1000000aff0300fd0000"}) {
    opener_.ExpectNext(0);
    uplink_.Consume(test::FromHex(frame), recorder_);
  }
  EXPECT_THAT(recorder_.events, IsEmpty());
  EXPECT_EQ(uplink_.counters().dropped_mppe, 3U);
}

// MPPE may begin before the data path opens: what comes then is no packet, but it counts for the
// cipher.
TEST_F(UplinkMppeTest, ItStaysInStepWhileTheDataPathIsShut) {
  uplink_.ShutData();
  for (int i = 0; i < 3; ++i) uplink_.Consume(Frame(kPacket), recorder_);
  EXPECT_THAT(recorder_.events, IsEmpty());
  EXPECT_EQ(uplink_.counters().dropped_closed, 3U);
  uplink_.OpenData(Sources());
  uplink_.Consume(Frame(kPacket), recorder_);
  EXPECT_THAT(recorder_.events, ElementsAre("ip:140"));
  EXPECT_EQ(uplink_.counters().data_packets(), 4U);
}

// Does it with every packet for the session.
class Switcher : public test::UplinkRecorder {
 public:
  Switcher(Uplink& uplink, PacketOpener& opener, std::span<std::uint8_t> room)
      : uplink_(uplink), opener_(opener), room_(room) {}
  bool OnSstpPacket(ByteView packet) override {
    on_ = !on_;
    uplink_.SetOpener(on_ ? &opener_ : nullptr, room_);
    return UplinkRecorder::OnSstpPacket(packet);
  }

 private:
  Uplink& uplink_;
  PacketOpener& opener_;
  std::span<std::uint8_t> room_;
  bool on_ = true;
};

TEST_F(UplinkMppeTest, AHandlerMayEndAndStartItInTheMiddle) {
  Switcher switcher(uplink_, opener_, room_);
  const Bytes ccp = codec::EncodeDataPacket(PppProtocol::kCcp, Bytes(4));
  Bytes stream = Frame(kPacket);
  for (const Bytes& next : {ccp, Plain(kPacket), ccp, Frame(kPacket6)}) test::Append(stream, next);
  uplink_.Consume(stream, switcher);
  EXPECT_THAT(switcher.events, ElementsAre("ip:140", "packet:12", "ip:140", "packet:12", "ip:160"));
}

// ---- There and back

class Merger final : public UplinkHandler {
 public:
  bool OnHttpHead(ByteView /*head*/) override { return true; }
  bool OnHttpHeadTooLong() override { return false; }
  bool OnSstpPacket(ByteView /*packet*/) override { return true; }
  bool OnUndelineated() override { return false; }
  bool OnIpv6Control(ByteView /*packet*/) override { return true; }
  bool OnMppeOutOfStep() override { return false; }
  void OnIpPacket(ByteView packet) override {
    if (!collecting_) coalescer_.Begin({.tcp = true, .udp = true}, writes);
    collecting_ = true;
    coalescer_.Add(packet);
  }
  void OnIpPacketsEnd() override {
    coalescer_.Flush();
    collecting_ = false;
  }
  test::Writes writes;

 private:
  Coalescer coalescer_;
  bool collecting_ = false;
};

// Packets of both protocols down one session's way and up the same one's, in reads cut anywhere:
// framed, encrypted, decrypted and merged, and bit for bit the same once they are cut again.
TEST(MppeProperty, RandomTrafficComesBackBitForBit) {
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    test::Dice dice(seed);
    const bool mppe = !dice.OneIn(4);
    const std::vector<Bytes> packets = test::RandomTraffic(dice, 150);
    test::FakeSealer sealer;
    test::FakeOpener opener;
    Bytes room(codec::kMaxSstpPacket + dice.Below(60'000));
    Downlink downlink;
    downlink.OpenData({.ipv4 = true, .ipv6 = true});
    if (mppe) downlink.SetSealer(&sealer);
    Merger merger;
    Uplink uplink;
    uplink.Consume(test::FromText(test::kHead), merger);
    uplink.OpenData(Sources());
    if (mppe) uplink.SetOpener(&opener, room);
    FrameBatch batch(30'000);
    Bytes stream;
    const auto send = [&] {
      stream.insert(stream.end(), batch.frames().begin(), batch.frames().end());
      batch.Clear();
    };
    for (const Bytes& packet : packets) {
      auto segment = Segmenter::Parse(VnetHeader{}, packet);
      ASSERT_TRUE(segment);
      while (!downlink.Append(batch, *segment)) send();
    }
    send();
    for (ByteView left = stream; !left.empty();) {
      const std::size_t read = std::min(left.size(), 1 + dice.Below(40'000));
      uplink.Consume(left.first(read), merger);
      left = left.subspan(read);
    }
    ASSERT_EQ(uplink.counters().packets, packets.size()) << "seed " << seed;
    EXPECT_EQ(downlink.counters().bytes, uplink.counters().bytes);
    EXPECT_TRUE(test::IsFaithful(packets, merger.writes)) << "seed " << seed;
    EXPECT_LT(merger.writes.writes.size(), packets.size());
  }
}

}  // namespace
}  // namespace sstpgw::datapath
