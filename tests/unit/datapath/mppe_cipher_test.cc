// The real cipher on the data path: down as the gateway sends, up as it receives. What MPPE itself
// does is tested with gateway/crypto.
#include "gateway/datapath/mppe_cipher.h"

#include <array>

#include "gateway/datapath/downlink.h"
#include "tests/unit/datapath/packets.h"
#include "tests/unit/datapath/uplink_recorder.h"

namespace sstpgw::datapath {
namespace {

using crypto::MppeMode;
using crypto::MppeStrength;
using ::testing::ElementsAre;

const crypto::Rc4Provider& Provider() {
  static const crypto::Rc4Provider provider = crypto::Rc4Provider::Load().value();
  return provider;
}

class MppeCipherTest : public test::OpenUplink, public ::testing::WithParamInterface<MppeMode> {
 protected:
  MppeCipherTest()
      : sealer_(crypto::MppeSender::Create(Provider(), GetParam(), key_).value()),
        opener_(crypto::MppeReceiver::Create(Provider(), GetParam(), key_).value()) {
    const Families both{.ipv4 = true, .ipv6 = true};
    downlink_.OpenData(both);
    downlink_.SetSealer(&sealer_);
    uplink_.OpenData({both, {{Ipv4Address(0x0a000002), 32}}, {*Ipv6Prefix::Parse("fd00::/64")}});
    uplink_.SetOpener(&opener_, room_);
  }
  Bytes Framed(const Bytes& packet) {
    auto segment = Segmenter::Parse(VnetHeader{}, packet);
    EXPECT_TRUE(downlink_.Append(batch_, *segment));
    Bytes frame(batch_.frames().begin(), batch_.frames().end());
    batch_.Clear();
    return frame;
  }

  const Bytes key_ = test::Noise(16, 3);
  MppeSealer sealer_;
  MppeOpener opener_;
  Bytes room_ = Bytes(10'000);
  FrameBatch batch_{10'000};
  Downlink downlink_;
};

INSTANTIATE_TEST_SUITE_P(Modes, MppeCipherTest,
                         ::testing::Values(MppeMode{MppeStrength::k128Bit, true},
                                           MppeMode{MppeStrength::k128Bit, false},
                                           MppeMode{MppeStrength::k40Bit, true},
                                           MppeMode{MppeStrength::k56Bit, false}));

TEST_P(MppeCipherTest, PacketsOfBothProtocolsComeBack) {
  for (std::size_t i = 0; i < 600; ++i) {  // more than a key's life
    const Bytes packet = test::Build(
        {.ipv6 = i % 3 == 1, .payload = test::Noise(i % 1400, static_cast<std::uint32_t>(i))});
    const Bytes frame = Framed(packet);
    ASSERT_EQ(frame.size(), packet.size() + codec::kDataHeaderSize + kSealOverhead);
    EXPECT_EQ(Bytes(frame.begin() + 4, frame.begin() + 8), test::FromHex("ff0300fd"));
    uplink_.Consume(frame, recorder_);
    ASSERT_EQ(recorder_.last, packet) << i;
  }
  EXPECT_EQ(uplink_.counters().packets, 600U);
  EXPECT_EQ(uplink_.counters().dropped_mppe, 0U);
}

TEST_P(MppeCipherTest, LostPackets) {
  const Bytes packet = test::Build({.payload = test::Noise(500, 1)});
  uplink_.Consume(Framed(packet), recorder_);
  static_cast<void>(Framed(packet));
  uplink_.Consume(Framed(packet), recorder_);
  if (GetParam().stateless) {
    EXPECT_THAT(recorder_.events, ElementsAre("ip:540", "ip:540"));
    return;
  }
  uplink_.Consume(Framed(packet), recorder_);
  EXPECT_THAT(recorder_.events, ElementsAre("ip:540", "out of step"));
  EXPECT_EQ(uplink_.counters().dropped_mppe, 2U);
  sealer_.Flush();  // the peer has heard of it
  for (int i = 0; i < 3; ++i) uplink_.Consume(Framed(packet), recorder_);
  EXPECT_THAT(recorder_.events, ElementsAre("ip:540", "out of step", "ip:540", "ip:540", "ip:540"));
  EXPECT_EQ(recorder_.last, packet);
}

TEST_P(MppeCipherTest, FramesThatAreNone) {
  for (std::size_t size = 0; size < 6; ++size) {
    uplink_.Consume(codec::EncodeDataPacket(codec::PppProtocol::kCompressed, Bytes(size, 0x0f)),
                    recorder_);
  }
  EXPECT_TRUE(recorder_.events.empty());
  EXPECT_EQ(uplink_.counters().dropped_mppe, 6U);
}

TEST(MppeSealer, WantsSomethingToEncrypt) {
  MppeSealer sealer(crypto::MppeSender::Create(Provider(), {}, Bytes(16, 1)).value());
  Bytes frame(kSealOverhead);
  EXPECT_FALSE(sealer.Seal(codec::PppProtocol::kIpv4, frame));
  EXPECT_FALSE(sealer.Seal(codec::PppProtocol::kIpv4, {}));
  frame.push_back(0x45);
  EXPECT_TRUE(sealer.Seal(codec::PppProtocol::kIpv4, frame));
}

}  // namespace
}  // namespace sstpgw::datapath
