#include "gateway/datapath/charge.h"

#include <cstring>

#include "tests/unit/datapath/packets.h"
#include "tests/unit/datapath/traffic.h"

namespace sstpgw::datapath {
namespace {

using test::PacketPlan;

constexpr ChargeRule kPayload{};
constexpr ChargeRule kWhole{.flags = SG_COUNT_PACKET, .mpu = 0};
constexpr ChargeRule kRules[] = {
    kPayload, kWhole, {.flags = 0, .mpu = 84}, {.flags = SG_COUNT_PACKET, .mpu = 700}};

// How ebpf/session.bpf.c looks at a packet: bpf_skb_load_bytes gives all octets or zeros.
sg_cost ProgramsCost(ByteView packet, std::uint32_t gso_size, const ChargeRule& rule) {
  std::uint8_t head[SG_HEAD] = {};
  std::uint8_t tcp_offset = 0;
  const auto load = [&](std::size_t at, std::uint8_t* to, std::size_t size) {
    std::memset(to, 0, size);
    if (at + size > packet.size()) return false;
    std::memcpy(to, &packet[at], size);
    return true;
  };
  load(0, head, SG_HEAD);
  if (gso_size != 0) {
    const std::uint32_t at = sg_tcp_offset_at(head);
    if (at == 0 || !load(at, &tcp_offset, 1)) tcp_offset = 0;
  }
  return sg_cost_of(head, static_cast<std::uint32_t>(packet.size()), tcp_offset, gso_size,
                    rule.flags, rule.mpu);
}

void ExpectSame(const sg_cost& a, const sg_cost& b) {
  EXPECT_EQ(a.octets, b.octets);
  EXPECT_EQ(a.packets, b.packets);
}

TEST(Charge, OctetsBehindTheIpHeaderOrAll) {
  PacketPlan plan;
  plan.payload = Bytes(1360);
  EXPECT_EQ(CostOf(test::Build(plan), kPayload).octets, 1380U);
  EXPECT_EQ(CostOf(test::Build(plan), kWhole).octets, 1400U);
  EXPECT_EQ(CostOf(test::Build(plan), kWhole).packets, 1U);
  plan.ipv6 = true;
  EXPECT_EQ(CostOf(test::Build(plan), kPayload).octets, 1380U);
  EXPECT_EQ(CostOf(test::Build(plan), kWhole).octets, 1420U);
  plan = {.protocol = 17};
  EXPECT_EQ(CostOf(test::Build(plan), kPayload).octets, 20U);
  EXPECT_EQ(CostOf(test::Build(plan), kWhole).octets, 28U);
  EXPECT_EQ(CostOf(test::Build(plan), {.flags = 0, .mpu = 46}).octets, 46U);
}

TEST(Charge, OfOctetsThatAreNoPacket) {
  EXPECT_EQ(CostOf({}, kWhole).octets, 0U);
  EXPECT_EQ(CostOf({}, kPayload).octets, 20U);
  EXPECT_EQ(CostOf(Bytes{0x45, 0, 0}, kWhole).octets, 3U);
  EXPECT_EQ(CostOfRead(Bytes(kVnetHeaderSize - 1), kPayload).octets, 0U);
  EXPECT_EQ(CostOfRead(Bytes(kVnetHeaderSize), kPayload).octets, 20U);
}

TEST(Charge, SuperPacketCostsWhatIsCutOutOfIt) {
  test::Dice dice(21);
  for (int i = 0; i < 400; ++i) {
    PacketPlan plan{.ipv6 = dice.OneIn(2)};
    if (dice.OneIn(2)) plan.protocol = 17;
    if (plan.protocol == 6) plan.options = Bytes(4 * dice.Below(11), 1);
    plan.payload = Bytes(1 + dice.Below(60'000));
    const auto segment = static_cast<std::uint16_t>(200 + dice.Below(1300));
    const Bytes read = test::SuperPacket(plan, segment);
    const std::vector<Bytes> segments = test::Cut(read);
    ASSERT_FALSE(segments.empty());
    for (const ChargeRule& rule : kRules) {
      sg_cost sum{};
      for (const Bytes& packet : segments) {
        sum.octets += CostOf(packet, rule).octets;
        ++sum.packets;
      }
      ExpectSame(CostOfRead(read, rule), sum);
    }
  }
}

// What the worker charges on the way up is what the program sees of the same packets merged.
TEST(Charge, MergedPacketsCostWhatTheyCostAlone) {
  test::Dice dice(22);
  std::vector<test::Sender> senders;
  for (std::uint16_t i = 0; i < 5; ++i) senders.emplace_back(i, dice);
  std::vector<Bytes> packets;
  for (int i = 0; i < 2000; ++i) packets.push_back(senders[dice.Below(senders.size())].Next());
  const test::Writes writes = test::Merge(packets);
  ASSERT_LT(writes.writes.size(), packets.size());
  for (const ChargeRule& rule : kRules) {
    sg_cost alone{};
    sg_cost merged{};
    for (const Bytes& packet : packets) {
      alone.octets += CostOf(packet, rule).octets;
      ++alone.packets;
    }
    for (const Bytes& write : writes.writes) {
      const sg_cost cost = CostOfRead(write, rule);
      merged.octets += cost.octets;
      merged.packets += cost.packets;
    }
    ExpectSame(merged, alone);
  }
}

TEST(Charge, AgreesWithTheProgramOnAnyOctets) {
  test::Dice dice(23);
  for (int i = 0; i < 20'000; ++i) {
    Bytes packet = test::Noise(dice.Below(200), static_cast<std::uint32_t>(i));
    if (!packet.empty() && !dice.OneIn(4)) packet[0] = dice.OneIn(2) ? 0x45 : 0x60;
    if (packet.size() > 9 && dice.OneIn(2)) packet[packet[0] == 0x60 ? 6 : 9] = 6;
    const VnetHeader header{
        .gso_type = dice.OneIn(3) ? kVnetGsoNone : kVnetGsoTcpv4,
        .gso_size = static_cast<std::uint16_t>(dice.OneIn(10) ? 0 : dice.Below(100))};
    const ChargeRule& rule = kRules[dice.Below(std::size(kRules))];
    const std::uint32_t gso_size = header.gso_type == kVnetGsoNone ? 0 : header.gso_size;
    ExpectSame(CostOf(header, packet, rule), ProgramsCost(packet, gso_size, rule));
    ExpectSame(CostOf(packet, rule), ProgramsCost(packet, 0, rule));
  }
}

}  // namespace
}  // namespace sstpgw::datapath
