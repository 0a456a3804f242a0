#include "gateway/datapath/up_pacer.h"

#include "gateway/datapath/pace_limit.h"
#include "tests/unit/datapath/packets.h"

namespace sstpgw::datapath {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Verdict = UpPacer::Verdict;

constexpr TimePoint kStart{seconds(1'000'000)};
constexpr ChargeRule kWhole{.flags = SG_COUNT_PACKET, .mpu = 0};

sg_limit Limit(std::uint64_t rate = 8'000'000) { return PaceLimit({.rate = BitsPerSecond{rate}}); }

// An IPv4 packet of `size` octets.
Bytes Packet(std::size_t size, std::uint8_t tos = 0, std::uint8_t protocol = 17) {
  return test::Build({.protocol = protocol,
                      .tos = tos,
                      .payload = Bytes(size - 20 -
                                       (protocol == 17  ? 8U
                                        : protocol == 6 ? 20U
                                                        : 0U))});
}

TEST(UpPacer, ReadsUntilItIsInDebtAndThenWaits) {
  UpPacer pacer(Limit(), kWhole);
  EXPECT_EQ(pacer.ReadRoom(kStart), 50'000U);
  const Bytes packet = Packet(1000);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(pacer.Wait(kStart), Duration{});
    EXPECT_EQ(pacer.Judge(packet), Verdict::kPass);
  }
  EXPECT_EQ(pacer.ReadRoom(kStart), 0U);
  EXPECT_EQ(pacer.Wait(kStart), milliseconds(2));
  static_cast<void>(pacer.Judge(packet));
  EXPECT_EQ(pacer.Wait(kStart), milliseconds(3));
  EXPECT_EQ(pacer.ReadRoom(kStart + milliseconds(1)), 0U);
  // 5 ms of the rate, though the bucket holds 2 ms.
  EXPECT_EQ(pacer.ReadRoom(kStart + milliseconds(3)), 5'000U);
}

TEST(UpPacer, RoomIsFiveMillisecondsWithinItsEnds) {
  const auto room = [](std::uint64_t rate) {
    UpPacer pacer(Limit(rate), kWhole);
    const Bytes packet = Packet(1400);
    while (pacer.ReadRoom(kStart) > 0) static_cast<void>(pacer.Judge(packet));
    return pacer.ReadRoom(kStart + pacer.Wait(kStart));
  };
  EXPECT_EQ(room(256'000), 2048U);
  EXPECT_EQ(room(4'000'000), 2500U);
  EXPECT_EQ(room(10'000'000), 6'250U);
  EXPECT_EQ(room(10'000'000'000), 256U * 1024);
}

TEST(UpPacer, ChargesAsTheRuleSays) {
  UpPacer pacer(Limit(), {.flags = 0, .mpu = 500});
  ASSERT_EQ(pacer.ReadRoom(kStart), 50'000U);
  static_cast<void>(pacer.Judge(Packet(1020)));
  EXPECT_EQ(pacer.ReadRoom(kStart), 49'000U);
  static_cast<void>(pacer.Judge(Packet(40)));
  EXPECT_EQ(pacer.ReadRoom(kStart), 48'500U);
  pacer.Change(kWhole);
  static_cast<void>(pacer.Judge(Packet(40)));
  EXPECT_EQ(pacer.ReadRoom(kStart), 48'460U);
}

TEST(UpPacer, NoRateIsNoLimit) {
  UpPacer pacer(PaceLimit({}), kWhole);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(pacer.Judge(Packet(1400)), Verdict::kPass);
  pacer.Resume(1'000'000, kStart);
  pacer.Resume(1'000'000, kStart + seconds(1));
  EXPECT_EQ(pacer.Judge(Packet(1400)), Verdict::kPass);
  EXPECT_EQ(pacer.ReadRoom(kStart), UpPacer::kMostRoom);
  EXPECT_EQ(pacer.Wait(kStart), Duration{});
  EXPECT_EQ(pacer.WindowClamp(), 0U);
  pacer.Change(Limit(), kStart);
  EXPECT_EQ(pacer.ReadRoom(kStart), 50'000U);
}

TEST(UpPacer, WindowIsFiftyMillisecondsAndTheRoundTrip) {
  EXPECT_EQ(UpPacer(Limit(8'000'000), kWhole).WindowClamp(), 50'000U);
  EXPECT_EQ(UpPacer(Limit(8'000'000), kWhole).WindowClamp(milliseconds(150)), 200'000U);
  EXPECT_EQ(UpPacer(Limit(8'000'000), kWhole).WindowClamp(seconds(-1)), 50'000U);
  EXPECT_EQ(UpPacer(Limit(8'000'000), kWhole).WindowClamp(seconds(100)), 1'050'000U);
  EXPECT_EQ(UpPacer(Limit(256'000), kWhole).WindowClamp(), 20U * 1024);
  EXPECT_EQ(UpPacer(Limit(1'000'000'000), kWhole).WindowClamp(), 6'250'000U);
  EXPECT_EQ(UpPacer(Limit(10'000'000'000), kWhole).WindowClamp(), 0U);
}

// 10'000 octets fit into a read, and as many are the target.
constexpr std::size_t kStanding = 15'001;

UpPacer Told() {
  UpPacer pacer(Limit(), kWhole);
  static_cast<void>(pacer.ReadRoom(kStart));
  pacer.Resume(kStanding, kStart);
  pacer.Resume(kStanding, kStart + milliseconds(100));
  return pacer;
}

TEST(UpPacer, QueueThatStandsForAnIntervalIsSignalledOnce) {
  UpPacer pacer(Limit(), kWhole);
  ASSERT_GT(pacer.ReadRoom(kStart), 0U);
  pacer.Resume(kStanding, kStart);
  pacer.Resume(kStanding, kStart + milliseconds(99));
  EXPECT_EQ(pacer.Judge(Packet(1400, 2)), Verdict::kPass);
  pacer.Resume(kStanding, kStart + milliseconds(100));
  EXPECT_EQ(pacer.Judge(Packet(1400, 2)), Verdict::kMark);
  EXPECT_EQ(pacer.Judge(Packet(1400, 2)), Verdict::kPass);
  pacer.Resume(kStanding, kStart + milliseconds(199));
  EXPECT_EQ(pacer.Judge(Packet(1400, 2)), Verdict::kPass);
  pacer.Resume(kStanding, kStart + milliseconds(200));
  EXPECT_EQ(pacer.Judge(Packet(1400, 1)), Verdict::kMark);
  EXPECT_EQ(pacer.counters().signalled_packets, 2U);
  EXPECT_EQ(pacer.counters().dropped_packets, 0U);
}

TEST(UpPacer, WhatFitsIntoAReadAndTheTargetIsNoQueue) {
  UpPacer pacer(Limit(), kWhole);
  for (int i = 0; i < 100; ++i) pacer.Resume(kStanding - 1, kStart + milliseconds(10) * i);
  EXPECT_EQ(pacer.Judge(Packet(1400, 2)), Verdict::kPass);
}

TEST(UpPacer, SocketThatWasEmptyForgetsTheQueue) {
  UpPacer pacer = Told();
  pacer.Drained(kStart + milliseconds(101));
  EXPECT_EQ(pacer.Judge(Packet(1400, 2)), Verdict::kPass);
  pacer.Resume(kStanding, kStart + milliseconds(102));
  pacer.Resume(kStanding, kStart + milliseconds(201));
  EXPECT_EQ(pacer.Judge(Packet(1400, 2)), Verdict::kPass);
  pacer.Resume(kStanding, kStart + milliseconds(202));
  EXPECT_EQ(pacer.Judge(Packet(1400, 2)), Verdict::kMark);
}

TEST(UpPacer, EveryValueOfEcn) {
  for (std::uint8_t tos = 0; tos < 4; ++tos) {
    UpPacer pacer = Told();
    EXPECT_EQ(pacer.Judge(Packet(1400, tos)), tos == 0 ? Verdict::kDrop : Verdict::kMark);
  }
}

TEST(UpPacer, DroppedPacketIsCountedAndNotCharged) {
  UpPacer pacer = Told();
  const std::size_t before = pacer.ReadRoom(kStart + milliseconds(100));
  EXPECT_EQ(pacer.Judge(Packet(1400)), Verdict::kDrop);
  EXPECT_EQ(pacer.ReadRoom(kStart + milliseconds(100)), before);
  EXPECT_EQ(pacer.counters().dropped_packets, 1U);
  EXPECT_EQ(pacer.counters().dropped_octets, 1400U);
  EXPECT_EQ(pacer.counters().signalled_packets, 0U);
}

TEST(UpPacer, SignalWaitsForAPacketThatSlowsItsSenderDown) {
  UpPacer pacer = Told();
  EXPECT_EQ(pacer.Judge(Packet(52, 0, 6)), Verdict::kPass);     // an acknowledgement
  EXPECT_EQ(pacer.Judge(Packet(700, 0)), Verdict::kPass);       // half the full size
  EXPECT_EQ(pacer.Judge(Packet(1400, 0, 1)), Verdict::kPass);   // a ping
  EXPECT_EQ(pacer.Judge(Packet(1400, 0, 50)), Verdict::kPass);  // ESP
  EXPECT_EQ(pacer.Judge(test::Build({.protocol = 17, .fragment = 0x2000, .payload = Bytes(1372)})),
            Verdict::kPass);
  EXPECT_EQ(pacer.Judge(Bytes{}), Verdict::kPass);
  EXPECT_EQ(pacer.Judge(test::Build({.ipv6 = true, .protocol = 44, .payload = Bytes(1300)})),
            Verdict::kPass);
  EXPECT_EQ(pacer.Judge(Packet(701, 0, 6)), Verdict::kDrop);
  pacer = Told();
  EXPECT_EQ(pacer.Judge(test::Build({.ipv6 = true, .tos = 2, .payload = Bytes(1300)})),
            Verdict::kMark);
}

TEST(UpPacer, LargeInterfacesStillSignalUsualPackets) {
  UpPacer pacer(PaceLimit({.rate = BitsPerSecond{8'000'000}, .mtu = Mtu{4091}}), kWhole);
  pacer.Resume(1'000'000, kStart);
  pacer.Resume(1'000'000, kStart + milliseconds(110));  // four of its packets take 16 ms
  EXPECT_EQ(pacer.Judge(Packet(1400)), Verdict::kDrop);
}

TEST(UpPacer, ChangeKeepsTheTimeOfADebt) {
  UpPacer pacer(Limit(80'000'000), kWhole);
  ASSERT_EQ(pacer.ReadRoom(kStart), UpPacer::kMostRoom);
  const Bytes packet = Packet(1000);
  for (int i = 0; i < 600; ++i) static_cast<void>(pacer.Judge(packet));
  // 100'000 octets of debt are 10 ms; and a packet's time at the new rate.
  pacer.Change(Limit(800'000), kStart);
  EXPECT_EQ(pacer.Wait(kStart), microseconds(10'000 + 14'000));
  pacer.Change(Limit(80'000'000), kStart);
  EXPECT_EQ(pacer.Wait(kStart), microseconds(100 + 2'000));
}

}  // namespace
}  // namespace sstpgw::datapath
