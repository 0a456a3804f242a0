#include "gateway/datapath/downlink.h"

#include "gateway/datapath/source_check.h"
#include "tests/support/hex.h"
#include "tests/unit/datapath/fake_cipher.h"
#include "tests/unit/datapath/packets.h"

namespace sstpgw::datapath {
namespace {

Bytes Ip(std::size_t size, std::uint8_t fill) {
  Bytes packet(size, fill);
  packet[0] = 0x45;
  return packet;
}

// A finished packet as it comes out of the TUN. `packet` must outlive the result.
Segmenter Finished(const Bytes& packet) { return *Segmenter::Parse(VnetHeader{}, packet); }

bool AppendPacket(Downlink& downlink, FrameBatch& batch, const Bytes& packet) {
  Segmenter segmenter = Finished(packet);
  return downlink.Append(batch, segmenter);
}

TEST(Downlink, FramesPacketsBackToBack) {
  FrameBatch batch(16384);
  Downlink downlink;
  downlink.OpenData();
  const Bytes first = Ip(20, 0xaa);
  const Bytes second = Ip(21, 0xbb);
  ASSERT_TRUE(AppendPacket(downlink, batch, first));
  ASSERT_TRUE(AppendPacket(downlink, batch, second));
  Bytes expected = test::FromHex("1000001c ff030021");
  expected.insert(expected.end(), first.begin(), first.end());
  const Bytes header = test::FromHex("1000001d ff030021");
  expected.insert(expected.end(), header.begin(), header.end());
  expected.insert(expected.end(), second.begin(), second.end());
  EXPECT_EQ(Bytes(batch.frames().begin(), batch.frames().end()), expected);
  EXPECT_EQ(batch.packets(), 2U);
  EXPECT_EQ(downlink.counters().packets, 2U);
  EXPECT_EQ(downlink.counters().bytes, 41U);
}

TEST(Downlink, ASuperPacketGoesOnInTheNextBatch) {
  test::PacketPlan plan;
  plan.payload = test::Noise(60000, 5);
  const Bytes read = test::SuperPacket(plan, 1360);
  auto packet = Segmenter::Parse(read);
  ASSERT_TRUE(packet);
  FrameBatch batch(16384);
  Downlink downlink;
  downlink.OpenData();
  std::vector<Bytes> framed;
  for (bool all = false; !all;) {
    all = downlink.Append(batch, *packet);
    ByteView frames = batch.frames();
    while (!frames.empty()) {
      const std::size_t length = (frames[2] & 0x0fU) * 256 + frames[3];
      framed.emplace_back(frames.begin() + 8, frames.begin() + static_cast<std::ptrdiff_t>(length));
      frames = frames.subspan(length);
    }
    batch.Clear();
  }
  EXPECT_EQ(framed, test::SlowCut(read));
  EXPECT_EQ(downlink.counters().packets, 45U);
  EXPECT_EQ(downlink.counters().bytes, 60000U + 45 * 40);
}

TEST(Downlink, LargestPacket) {
  FrameBatch batch(0);  // takes one largest packet all the same
  Downlink downlink;
  downlink.OpenData();
  EXPECT_TRUE(AppendPacket(downlink, batch, Ip(FrameBatch::kMaxPacket + 1, 1)));
  EXPECT_EQ(downlink.counters().dropped_malformed, 1U);
  EXPECT_TRUE(batch.empty());
  ASSERT_TRUE(AppendPacket(downlink, batch, Ip(FrameBatch::kMaxPacket, 1)));
  EXPECT_EQ(batch.frames().size(), 4095U);
  EXPECT_EQ(batch.frames()[2], 0x0f);
  EXPECT_EQ(batch.frames()[3], 0xff);
}

TEST(Downlink, FullBatchTakesNothingUntilCleared) {
  FrameBatch batch(2 * 4095);
  Downlink downlink;
  downlink.OpenData();
  ASSERT_TRUE(AppendPacket(downlink, batch, Ip(4087, 1)));
  ASSERT_TRUE(AppendPacket(downlink, batch, Ip(4067, 2)));
  EXPECT_FALSE(AppendPacket(downlink, batch, Ip(20, 3))) << "20 octets are left, 28 needed";
  EXPECT_EQ(downlink.counters().packets, 2U);
  EXPECT_EQ(downlink.counters().dropped_malformed, 0U);
  batch.Clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.packets(), 0U);
  EXPECT_TRUE(AppendPacket(downlink, batch, Ip(20, 3)));
  EXPECT_EQ(batch.frames().size(), 28U);
}

TEST(Downlink, NothingPassesWhileShut) {
  FrameBatch batch(8192);
  Downlink downlink;
  const Bytes packet = Ip(60, 1);
  EXPECT_TRUE(AppendPacket(downlink, batch, packet));
  downlink.OpenData();
  EXPECT_TRUE(AppendPacket(downlink, batch, packet));
  downlink.ShutData();
  EXPECT_TRUE(AppendPacket(downlink, batch, packet));
  EXPECT_EQ(batch.packets(), 1U);
  EXPECT_EQ(downlink.counters().dropped_closed, 2U);
}

TEST(Downlink, OnlyWhatIsNegotiatedPasses) {
  FrameBatch batch(8192);
  Downlink downlink;
  downlink.OpenData();
  test::PacketPlan plan{.ipv6 = true};
  plan.payload = test::Noise(1000, 1);
  const Bytes read = test::SuperPacket(plan, 100);
  auto packet = Segmenter::Parse(read);
  ASSERT_TRUE(packet);
  EXPECT_TRUE(downlink.Append(batch, *packet));
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(downlink.counters().dropped_not_negotiated, 10U);
  downlink.SetFamilies({.ipv4 = false, .ipv6 = true});
  EXPECT_TRUE(AppendPacket(downlink, batch, Ip(60, 1)));
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(downlink.counters().dropped_not_negotiated, 11U);
  EXPECT_TRUE(downlink.Append(batch, *packet));
  EXPECT_EQ(batch.packets(), 10U);
  EXPECT_EQ(downlink.counters().packets, 10U);
  EXPECT_EQ(downlink.counters().dropped_malformed, 0U);
}

// ---- IPv6, MPPE and our own packets

// The payloads of the frames in a batch, FF 03 and the protocol in front.
std::vector<Bytes> Payloads(const FrameBatch& batch) {
  std::vector<Bytes> payloads;
  for (ByteView frames = batch.frames(); !frames.empty();) {
    const std::size_t length = (frames[2] & 0x0fU) * 256 + frames[3];
    payloads.emplace_back(frames.begin() + 4, frames.begin() + static_cast<std::ptrdiff_t>(length));
    frames = frames.subspan(length);
  }
  return payloads;
}

Bytes Under(const char* head, const Bytes& packet) {
  Bytes payload = test::FromHex(head);
  payload.insert(payload.end(), packet.begin(), packet.end());
  return payload;
}

TEST(Downlink, Ipv6IsFramedAsSuch) {
  FrameBatch batch(8192);
  Downlink downlink;
  downlink.OpenData({.ipv4 = true, .ipv6 = true});
  const Bytes ipv6 = test::Build({.ipv6 = true, .payload = test::Noise(100, 1)});
  const Bytes ipv4 = test::Build({.payload = test::Noise(100, 1)});
  ASSERT_TRUE(AppendPacket(downlink, batch, ipv6));
  ASSERT_TRUE(AppendPacket(downlink, batch, ipv4));
  EXPECT_EQ(Payloads(batch),
            (std::vector<Bytes>{Under("ff030057", ipv6), Under("ff030021", ipv4)}));
  EXPECT_EQ(downlink.counters().packets, 2U);
  EXPECT_EQ(downlink.counters().bytes, ipv4.size() + ipv6.size());
}

TEST(Downlink, WhatTheHostsKernelSaysForItselfStaysHere) {
  FrameBatch batch(8192);
  Downlink downlink;
  downlink.OpenData({.ipv4 = true, .ipv6 = true});
  for (const std::uint8_t type : {std::uint8_t{133}, std::uint8_t{134}, std::uint8_t{143}}) {
    Bytes packet = test::Build({.ipv6 = true, .protocol = 58, .payload = Bytes(20, type)});
    packet[8] = 0xfe;
    packet[9] = 0x80;
    EXPECT_TRUE(AppendPacket(downlink, batch, packet));
  }
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(downlink.counters().dropped_link_local, 3U);
  downlink.SetFamilies({.ipv4 = true, .ipv6 = false});
  EXPECT_TRUE(AppendPacket(downlink, batch, test::Build({.ipv6 = true})));
  EXPECT_EQ(downlink.counters().dropped_not_negotiated, 1U);
}

TEST(Downlink, MppeEncryptsEachSegmentWhereItLies) {
  test::PacketPlan plan{.ipv6 = true};
  plan.payload = test::Noise(5000, 5);
  const Bytes read = test::SuperPacket(plan, 1340);
  FrameBatch batch(3000);  // several batches for one super packet
  Downlink downlink;
  test::FakeSealer sealer;
  downlink.OpenData({.ipv4 = true, .ipv6 = true});
  downlink.SetSealer(&sealer);
  auto packet = Segmenter::Parse(read);
  std::vector<Bytes> sealed;
  for (bool all = false; !all;) {
    all = downlink.Append(batch, *packet);
    for (const Bytes& payload : Payloads(batch)) sealed.push_back(payload);
    batch.Clear();
  }
  test::FakeSealer expected;
  const std::vector<Bytes> segments = test::SlowCut(read);
  ASSERT_EQ(sealed.size(), segments.size());
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const Bytes inner = test::Sealed(expected, codec::PppProtocol::kIpv6, segments[i]);
    EXPECT_EQ(sealed[i], Under("ff0300fd", inner)) << i;
  }
  EXPECT_EQ(downlink.counters().bytes, 5000U + 4 * 60) << "of IP alone";
}

TEST(Downlink, LargestPacketWithMppe) {
  FrameBatch batch(0);
  Downlink downlink;
  test::FakeSealer sealer;
  downlink.OpenData();
  downlink.SetSealer(&sealer);
  EXPECT_TRUE(AppendPacket(downlink, batch, Ip(FrameBatch::kMaxPacket - kSealOverhead + 1, 1)));
  EXPECT_EQ(downlink.counters().dropped_malformed, 1U);
  ASSERT_TRUE(AppendPacket(downlink, batch, Ip(FrameBatch::kMaxPacket - kSealOverhead, 1)));
  EXPECT_EQ(batch.frames().size(), 4095U);
  downlink.SetSealer(nullptr);
  batch.Clear();
  ASSERT_TRUE(AppendPacket(downlink, batch, Ip(60, 1)));
  EXPECT_EQ(Payloads(batch), (std::vector<Bytes>{Under("ff030021", Ip(60, 1))}));
}

TEST(Downlink, NothingLeavesThatCouldNotBeEncrypted) {
  FrameBatch batch(8192);
  Downlink downlink;
  test::FakeSealer sealer;
  downlink.OpenData();
  downlink.SetSealer(&sealer);
  sealer.fails = true;
  EXPECT_TRUE(AppendPacket(downlink, batch, Ip(60, 1)));
  EXPECT_TRUE(downlink.AppendOwn(batch, Bytes(60, 0x60)));
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(downlink.counters().dropped_mppe, 2U);
  EXPECT_EQ(downlink.counters().packets, 0U);
}

TEST(Downlink, OurOwnPacketsAreFramedAndNotCounted) {
  FrameBatch batch(4095);
  Downlink downlink;
  const Bytes own = test::Build({.ipv6 = true, .protocol = 58, .payload = Bytes(20, 134)});
  ASSERT_TRUE(downlink.AppendOwn(batch, own));
  EXPECT_EQ(Payloads(batch), (std::vector<Bytes>{Under("ff030057", own)}));
  test::FakeSealer sealer;
  test::FakeSealer expected;
  downlink.SetSealer(&sealer);
  ASSERT_TRUE(downlink.AppendOwn(batch, own));
  EXPECT_EQ(Payloads(batch)[1],
            Under("ff0300fd", test::Sealed(expected, codec::PppProtocol::kIpv6, own)));
  EXPECT_FALSE(downlink.AppendOwn(batch, Bytes(4000, 0x60))) << "the batch is full";
  EXPECT_EQ(batch.packets(), 2U);
  // Nothing that a session makes; it is left out.
  EXPECT_TRUE(downlink.AppendOwn(batch, Bytes(39, 0x60)));
  EXPECT_TRUE(downlink.AppendOwn(batch, Bytes(FrameBatch::kMaxPacket, 0x60)));
  EXPECT_EQ(batch.packets(), 2U);
  EXPECT_EQ(downlink.counters().packets, 0U);
  EXPECT_EQ(downlink.counters().bytes, 0U);
}

TEST(DownlinkCounters, AddUp) {
  Downlink downlink;
  downlink.NoteLost();
  downlink.NoteMalformed();
  DownlinkCounters sum{1, 20, 3, 4, 5, 6, 7, 8};
  sum += downlink.counters();
  sum += DownlinkCounters{10, 200, 30, 40, 50, 60, 70, 80};
  EXPECT_EQ(sum.packets, 11U);
  EXPECT_EQ(sum.bytes, 220U);
  EXPECT_EQ(sum.dropped_closed, 33U);
  EXPECT_EQ(sum.dropped_malformed, 45U);
  EXPECT_EQ(sum.dropped_interface, 56U);
  EXPECT_EQ(sum.dropped_not_negotiated, 66U);
  EXPECT_EQ(sum.dropped_link_local, 77U);
  EXPECT_EQ(sum.dropped_mppe, 88U);
}

}  // namespace
}  // namespace sstpgw::datapath
