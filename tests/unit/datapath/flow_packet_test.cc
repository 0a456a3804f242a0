#include "gateway/datapath/flow_packet.h"

#include <algorithm>
#include <set>

#include "gateway/datapath/checksum.h"
#include "tests/support/hex.h"
#include "tests/unit/datapath/packets.h"

namespace sstpgw::datapath {
namespace {

using test::PacketPlan;
using test::Train;

// TCP and UDP over both versions, TCP also with options.
std::vector<PacketPlan> AllKinds() {
  std::vector<PacketPlan> plans;
  for (const bool ipv6 : {false, true}) {
    plans.push_back({.ipv6 = ipv6, .protocol = kProtocolUdp});
    plans.push_back({.ipv6 = ipv6});
    plans.push_back(plans.back());
    plans.back().options = test::FromHex("0101080a0000000100000002");
  }
  return plans;
}
std::size_t TransportOf(const PacketPlan& plan) { return plan.ipv6 ? 40 : 20; }

FlowFit FitOf(const Bytes& packet) { return ParseFlowPacket(packet).fit; }
FlowFit FitOf(const PacketPlan& plan) { return FitOf(test::Build(plan)); }

// ---- What it is

TEST(FlowPacket, FindsHeadersAndPayload) {
  for (PacketPlan plan : AllKinds()) {
    plan.payload = test::Noise(77, 1);
    const Bytes bytes = test::Build(plan);
    const FlowPacket packet = ParseFlowPacket(bytes);
    EXPECT_EQ(packet.fit, FlowFit::kMergeable);
    EXPECT_EQ(packet.bytes.data(), bytes.data());
    EXPECT_EQ(packet.tcp, plan.protocol == kProtocolTcp);
    EXPECT_FALSE(packet.push);
    EXPECT_EQ(packet.transport, TransportOf(plan));
    EXPECT_EQ(packet.header_size, bytes.size() - 77);
    EXPECT_EQ(packet.payload, 77U);
    EXPECT_NE(packet.hash, 0U);
  }
  EXPECT_TRUE(ParseFlowPacket(test::Build({.flags = kTcpAckFlag | kTcpPush})).push);
}

TEST(FlowPacket, WithoutPortsItIsOfNoFlow) {
  std::vector<Bytes> packets{{}, {0x45}, Bytes(27, 0x45), Bytes(47, 0x60)};
  const Bytes payload = test::Noise(64, 1);
  packets.push_back(test::Build({.protocol = 1, .payload = payload}));
  packets.push_back(test::Build({.ipv6 = true, .protocol = 58, .payload = payload}));
  packets.push_back(test::Build({.fragment = 0x2000, .payload = payload}));
  packets.push_back(test::Build({.fragment = 0x0001, .payload = payload}));
  packets.push_back(test::Build({.ipv6 = true, .protocol = 0, .payload = payload}));
  packets.push_back(test::Build({.ipv6 = true, .protocol = 44, .payload = payload}));
  Bytes with_options = test::Build({.payload = payload});
  with_options.insert(with_options.begin() + 20, 4, 1);
  with_options[0] = 0x46;
  test::Finish(with_options);
  packets.push_back(with_options);
  Bytes version = test::Build({.payload = payload});
  version[0] = 0x55;
  packets.push_back(version);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    const FlowPacket packet = ParseFlowPacket(packets[i]);
    EXPECT_EQ(packet.fit, FlowFit::kNoFlow) << i;
    EXPECT_EQ(packet.hash, 0U) << i;
  }
}

TEST(FlowPacket, OnlyAckAndPushWithPayloadAreMergeable) {
  for (unsigned flags = 0; flags < 256; ++flags) {
    const bool plain = (flags & ~unsigned{kTcpPush}) == kTcpAckFlag;
    EXPECT_EQ(FitOf(PacketPlan{.flags = static_cast<std::uint8_t>(flags), .payload = {1}}),
              plain ? FlowFit::kMergeable : FlowFit::kAlone)
        << flags;
  }
  for (std::uint8_t reserved = 1; reserved < 16; ++reserved) {
    EXPECT_EQ(FitOf(PacketPlan{.reserved = reserved, .payload = {1}}), FlowFit::kAlone);
  }
  for (const PacketPlan& empty : AllKinds()) EXPECT_EQ(FitOf(empty), FlowFit::kAlone);
}

TEST(FlowPacket, HeaderLengthsOfTcpThatCannotBe) {
  for (const bool ipv6 : {false, true}) {
    const PacketPlan plan{.ipv6 = ipv6, .payload = test::Noise(39, 1)};
    for (std::uint8_t words = 0; words < 16; ++words) {
      Bytes packet = test::Build(plan);
      packet[TransportOf(plan) + kTcpDataOffset] = static_cast<std::uint8_t>(words << 4);
      EXPECT_EQ(FitOf(packet),
                words < 5 || words * 4 >= 20 + 39 ? FlowFit::kAlone : FlowFit::kMergeable)
          << int{words};
    }
  }
}

TEST(FlowPacket, WithoutUdpChecksumItIsAlone) {
  for (const bool ipv6 : {false, true}) {
    const PacketPlan plan{.ipv6 = ipv6, .protocol = kProtocolUdp, .payload = {1}};
    Bytes packet = test::Build(plan);
    Store16(&packet[TransportOf(plan) + kUdpChecksum], 0);
    EXPECT_EQ(FitOf(packet), FlowFit::kAlone);
  }
}

// Of IP: whose octets these are is not known. Of UDP: no part of a super packet.
TEST(FlowPacket, LengthsThatAreNotThoseOfThePacket) {
  for (PacketPlan plan : AllKinds()) {
    plan.payload = test::Noise(100, 1);
    for (const int lie : {-100, -1, 1, 1000}) {
      const auto with_lie_at = [&](std::size_t at) {
        Bytes packet = test::Build(plan);
        Store16(&packet[at], static_cast<std::uint16_t>(Load16(&packet[at]) + lie));
        return FitOf(packet);
      };
      EXPECT_EQ(with_lie_at(plan.ipv6 ? kIpv6PayloadLength : kIpv4TotalLength), FlowFit::kNoFlow);
      if (plan.protocol != kProtocolUdp) continue;
      EXPECT_EQ(with_lie_at(TransportOf(plan) + kUdpLength), FlowFit::kAlone) << lie;
    }
  }
}

// Every octet cut off, and every value of every octet of the headers: nothing lies outside.
TEST(FlowPacket, OffsetsLieInside) {
  for (PacketPlan plan : AllKinds()) {
    plan.payload = test::Noise(3, 1);
    const Bytes whole = test::Build(plan);
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (unsigned value = 0; value < 256; ++value) {
        Bytes changed = whole;
        changed[at] = static_cast<std::uint8_t>(value);
        const FlowPacket packet = ParseFlowPacket(changed);
        if (packet.fit != FlowFit::kMergeable) continue;
        EXPECT_EQ(std::size_t{packet.header_size} + packet.payload, changed.size());
        EXPECT_GE(packet.header_size, packet.transport + kUdpHeaderSize);
      }
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(at));
      EXPECT_EQ(FitOf(cut), FlowFit::kNoFlow) << at;
    }
  }
}

// ---- Which flow

TEST(FlowPacket, AFlowIsItsAddressesPortsAndProtocol) {
  for (const bool ipv6 : {false, true}) {
    const PacketPlan plan{.ipv6 = ipv6, .payload = test::Noise(10, 1)};
    const Bytes bytes = test::Build(plan);
    const FlowPacket packet = ParseFlowPacket(bytes);
    PacketPlan later = plan;
    later.id = 77;
    later.ttl = 3;
    later.tos = 4;
    later.sequence = 5;
    later.flags = 0xff;
    later.options = Bytes(4, 1);
    later.payload = test::Noise(20, 2);
    const Bytes later_bytes = test::Build(later);
    EXPECT_TRUE(SameFlow(packet, ParseFlowPacket(later_bytes)));
    EXPECT_EQ(packet.hash, ParseFlowPacket(later_bytes).hash);

    std::vector<PacketPlan> others(6, plan);
    others[0].source = 3;
    others[1].destination = 3;
    others[2].source_port = 3;
    others[3].destination_port = 3;
    others[4].protocol = kProtocolUdp;
    std::swap(others[5].source_port, others[5].destination_port);
    for (std::size_t i = 0; i < others.size(); ++i) {
      const Bytes other = test::Build(others[i]);
      EXPECT_FALSE(SameFlow(packet, ParseFlowPacket(other))) << i;
    }
  }
}

// Places in a table of 16 are chosen by the hash, so it must tell neighbours apart.
TEST(FlowPacket, NeighbouringPortsAndAddressesHaveDifferentHashes) {
  for (const bool ipv6 : {false, true}) {
    for (const std::uint8_t protocol : {kProtocolTcp, kProtocolUdp}) {
      std::set<std::uint32_t> hashes;
      for (std::uint16_t i = 0; i < 1000; ++i) {
        const Bytes packet = test::Build({.ipv6 = ipv6,
                                          .protocol = protocol,
                                          .source = static_cast<std::uint8_t>(i % 10),
                                          .source_port = static_cast<std::uint16_t>(i / 10)});
        hashes.insert(ParseFlowPacket(packet).hash);
      }
      EXPECT_EQ(hashes.size(), 1000U);
      EXPECT_EQ(hashes.count(0), 0U);
    }
  }
}

// ---- What continues

bool ContinuesAt(const PacketPlan& first, const PacketPlan& next, std::uint32_t index,
                 std::uint32_t size) {
  const Bytes a = test::Build(first);
  const Bytes b = test::Build(next);
  return Continues(ParseFlowPacket(a), ParseFlowPacket(b), index, size);
}

TEST(FlowPacket, NumbersGoOnAndWrapAround) {
  for (PacketPlan plan : AllKinds()) {
    plan.id = 0xfffe;
    plan.sequence = 0xffffff00;
    const std::vector<PacketPlan> plans = test::TrainPlans(plan, 6, 100);
    const bool numbered = !plan.ipv6 || plan.protocol == kProtocolTcp;
    for (std::uint32_t i = 1; i < 6; ++i) {
      EXPECT_TRUE(ContinuesAt(plans[0], plans[i], i, 100)) << i;
      EXPECT_EQ(ContinuesAt(plans[0], plans[i], i + 1, 100), !numbered) << i;
      EXPECT_EQ(ContinuesAt(plans[0], plans[i], i, 101), plan.protocol == kProtocolUdp) << i;
    }
  }
}

TEST(FlowPacket, IdsThatDoNotCountUpDoNotContinue) {
  for (const std::uint8_t protocol : {kProtocolTcp, kProtocolUdp}) {
    for (const int step : {0, -1, 2, 256}) {
      std::vector<PacketPlan> plans = test::TrainPlans({.protocol = protocol}, 2, 100);
      plans[1].id = static_cast<std::uint16_t>(plans[0].id + step);
      EXPECT_FALSE(ContinuesAt(plans[0], plans[1], 1, 100)) << step;
    }
  }
}

TEST(FlowPacket, WhatCuttingCopiesIsTheSame) {
  for (const PacketPlan& kind : AllKinds()) {
    const std::vector<PacketPlan> plans = test::TrainPlans(kind, 2, 100);
    const auto with = [&plans](auto change) {
      PacketPlan changed = plans[1];
      change(changed);
      return ContinuesAt(plans[0], changed, 1, 100);
    };
    EXPECT_FALSE(with([](PacketPlan& plan) { plan.tos = 1; }));
    EXPECT_FALSE(with([](PacketPlan& plan) { plan.ttl = 63; }));
    EXPECT_EQ(with([](PacketPlan& plan) { plan.fragment = 0; }), kind.ipv6);
    EXPECT_EQ(with([](PacketPlan& plan) { plan.flow_label = 1; }), !kind.ipv6);
    const bool udp = kind.protocol == kProtocolUdp;
    EXPECT_EQ(with([](PacketPlan& plan) { plan.ack = 1; }), udp);
    EXPECT_EQ(with([](PacketPlan& plan) { plan.window = 1; }), udp);
    EXPECT_EQ(with([](PacketPlan& plan) { plan.urgent = 1; }), udp);
    EXPECT_EQ(with([](PacketPlan& plan) { plan.options = Bytes(12, 1); }), udp);
    EXPECT_EQ(with([](PacketPlan& plan) { plan.options = Bytes(4, 1); }), udp);
    EXPECT_TRUE(with([](PacketPlan& plan) { plan.flags |= kTcpPush; }));
  }
}

// ---- Checksums

TEST(FlowPacket, EveryWrongBitIsSeen) {
  for (PacketPlan plan : AllKinds()) {
    plan.payload = test::Noise(33, 1);
    const Bytes whole = test::Build(plan);
    EXPECT_TRUE(ChecksumsHold(ParseFlowPacket(whole)));
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
      Bytes changed = whole;
      changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
      const FlowPacket packet = ParseFlowPacket(changed);
      if (packet.fit != FlowFit::kMergeable) continue;
      // No sum covers the first octets of IPv6 and its hop limit.
      const bool summed = !plan.ipv6 || bit / 8 >= kIpv6Source;
      EXPECT_EQ(ChecksumsHold(packet), !summed) << bit;
    }
  }
}

}  // namespace
}  // namespace sstpgw::datapath
