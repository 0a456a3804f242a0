// A session with a limit: what its packets are charged, and what becomes of those that are to slow
// their senders down.
#include "gateway/codec/ppp_frame.h"
#include "gateway/datapath/congestion_mark.h"
#include "gateway/datapath/pace_limit.h"
#include "gateway/datapath/uplink.h"
#include "tests/support/hex.h"
#include "tests/unit/datapath/packets.h"

namespace sstpgw::datapath {
namespace {

using std::chrono::milliseconds;

constexpr TimePoint kStart{std::chrono::seconds(1'000'000)};
constexpr ChargeRule kWhole{.flags = SG_COUNT_PACKET, .mpu = 0};

// Keeps packets as they are when their end comes: they stay valid until then.
class Collector : public UplinkHandler {
 public:
  bool OnHttpHead(ByteView /*head*/) override { return true; }
  bool OnHttpHeadTooLong() override { return false; }
  bool OnSstpPacket(ByteView /*packet*/) override { return true; }
  bool OnUndelineated() override { return false; }
  bool OnIpv6Control(ByteView /*packet*/) override { return true; }
  bool OnMppeOutOfStep() override { return true; }
  void OnIpPacket(ByteView packet) override { views_.push_back(packet); }
  void OnIpPacketsEnd() override {
    for (const ByteView view : views_) packets.emplace_back(view.begin(), view.end());
    views_.clear();
  }
  std::vector<Bytes> packets;

 private:
  std::vector<ByteView> views_;
};

class UplinkPacerTest : public ::testing::Test {
 protected:
  UplinkPacerTest() {
    uplink_.Consume(test::FromText("GET / HTTP/1.1\r\n\r\n"), collector_);
    uplink_.OpenData(SourceCheck(Ipv4Address::FromOctets({10, 0, 0, 2})));  // of test::PacketPlan
    uplink_.SetPacer(&pacer_);
  }
  void Take(const std::vector<Bytes>& packets) {
    Bytes stream;
    for (const Bytes& packet : packets) {
      const Bytes frame = codec::EncodeDataPacket(codec::PppProtocol::kIpv4, packet);
      stream.insert(stream.end(), frame.begin(), frame.end());
    }
    const Bytes before = stream;
    uplink_.Consume(stream, collector_);
    EXPECT_EQ(stream, before);
  }
  void Signal() {
    pacer_.Resume(1'000'000, kStart);
    pacer_.Resume(1'000'000, kStart + milliseconds(100));
  }
  static Bytes Packet(std::uint8_t tos, std::uint16_t id = 1) {
    return test::Build({.protocol = 17, .tos = tos, .id = id, .payload = Bytes(1372)});
  }

  UpPacer pacer_{PaceLimit({.rate = BitsPerSecond{8'000'000}}), kWhole};
  Collector collector_;
  Uplink uplink_;
};

TEST_F(UplinkPacerTest, PacketsThatArePassedOnAreCharged) {
  ASSERT_EQ(pacer_.ReadRoom(kStart), 50'000U);
  Take({Packet(0), Packet(0), Packet(0)});
  EXPECT_EQ(pacer_.ReadRoom(kStart), 50'000U - 3 * 1400);
  // Nor are those of others, and what is no packet.
  Take({test::Build({.source = 3, .payload = Bytes(1000)}), Bytes(30)});
  EXPECT_EQ(uplink_.counters().dropped_spoofed, 1U);
  EXPECT_EQ(uplink_.counters().dropped_malformed, 1U);
  EXPECT_EQ(pacer_.ReadRoom(kStart), 50'000U - 3 * 1400);
  uplink_.SetPacer(nullptr);
  Take({Packet(0)});
  EXPECT_EQ(pacer_.ReadRoom(kStart), 50'000U - 3 * 1400);
  EXPECT_EQ(collector_.packets.size(), 4U);
}

TEST_F(UplinkPacerTest, WithoutASignalNothingIsChanged) {
  const std::vector<Bytes> packets = {Packet(0, 1), Packet(2, 2), Packet(1, 3)};
  Take(packets);
  EXPECT_EQ(collector_.packets, packets);
  EXPECT_EQ(uplink_.counters().packets, 3U);
  EXPECT_EQ(uplink_.counters().bytes, 3U * 1400);
}

TEST_F(UplinkPacerTest, SignalMarksOnePacketInItsPlace) {
  Signal();
  Take({Packet(2, 1), Packet(2, 2), Packet(2, 3)});
  ASSERT_EQ(collector_.packets.size(), 3U);
  EXPECT_EQ(collector_.packets[0], Packet(3, 1));
  EXPECT_EQ(collector_.packets[1], Packet(2, 2));
  EXPECT_EQ(collector_.packets[2], Packet(2, 3));
  EXPECT_EQ(uplink_.counters().packets, 3U);
  EXPECT_EQ(pacer_.counters().signalled_packets, 1U);
}

TEST_F(UplinkPacerTest, SignalDropsOnePacketThatCannotBeMarked) {
  Signal();
  Take({Packet(0, 1), Packet(0, 2), Packet(0, 3)});
  EXPECT_EQ(collector_.packets, (std::vector<Bytes>{Packet(0, 2), Packet(0, 3)}));
  EXPECT_EQ(uplink_.counters().packets, 2U);
  EXPECT_EQ(uplink_.counters().bytes, 2U * 1400);
  EXPECT_EQ(uplink_.counters().dropped_limit, 1U);
  EXPECT_EQ(uplink_.counters().data_packets(), 3U);
  UplinkCounters sum = uplink_.counters();
  sum += uplink_.counters();
  EXPECT_EQ(sum.dropped_limit, 2U);
}

TEST_F(UplinkPacerTest, OnlyPacketOfACallMayBeTheOneThatIsDropped) {
  Signal();
  Take({Packet(0)});
  EXPECT_TRUE(collector_.packets.empty());
  Take({Packet(0)});
  EXPECT_EQ(collector_.packets.size(), 1U);
}

// As many marks as the pacer wishes, each in a packet that came in pieces.
TEST_F(UplinkPacerTest, MarksAreIndependentOfHowPacketsCame) {
  for (std::uint16_t i = 0; i < 3; ++i) {
    Signal();
    const Bytes frame = codec::EncodeDataPacket(codec::PppProtocol::kIpv4, Packet(1, i));
    uplink_.Consume(ByteView(frame).first(700), collector_);
    uplink_.Consume(ByteView(frame).subspan(700), collector_);
    pacer_.Drained(kStart + milliseconds(101));
  }
  ASSERT_EQ(collector_.packets.size(), 3U);
  for (std::uint16_t i = 0; i < 3; ++i) EXPECT_EQ(collector_.packets[i], Packet(3, i));
  EXPECT_EQ(uplink_.held(), 0U);
}

}  // namespace
}  // namespace sstpgw::datapath
