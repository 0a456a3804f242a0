// No packet costs an allocation, in either direction: each burst is done once to warm up, then
// again while the heap is watched.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>

#include "gateway/codec/ppp_frame.h"
#include "gateway/datapath/coalescer.h"
#include "gateway/datapath/downlink.h"
#include "gateway/datapath/frame_batch.h"
#include "gateway/datapath/mppe_cipher.h"
#include "gateway/datapath/packet_fields.h"
#include "gateway/datapath/record_limit.h"
#include "gateway/datapath/segmenter.h"
#include "gateway/datapath/uplink.h"
#include "tests/support/hex.h"
#include "tests/unit/datapath/heap_watch.h"
#include "tests/unit/datapath/packets.h"

namespace sstpgw::datapath {
namespace {

using test::PacketPlan;
using test::TakenMemory;
using test::Train;

std::size_t AllocationsOf(const std::function<void()>& work) {
  const std::size_t before = TakenMemory::count();
  work();
  return TakenMemory::count() - before;
}

TEST(Allocation, TheWatchSeesThem) {
  EXPECT_EQ(AllocationsOf([] { const auto block = std::make_unique<Bytes>(100); }), 2U);
  EXPECT_EQ(AllocationsOf([] {}), 0U);
}

void Append(std::vector<Bytes>& to, const std::vector<Bytes>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

// ---- Towards the interface

// A session with its data path open, as a worker drives it.
class Client final : public UplinkHandler, private PacketSink {
 public:
  Client() {
    uplink_.Consume(test::FromText("GET / HTTP/1.1\r\n\r\n"), *this);
    uplink_.OpenData({{.ipv4 = true, .ipv6 = true},  // of test::PacketPlan
                      {{Ipv4Address::FromOctets({10, 0, 0, 2}), 32}},
                      {*Ipv6Prefix::Parse("fd00::/64")}});
  }
  void UseMppe(PacketOpener& opener) { uplink_.SetOpener(&opener, room_); }
  void Take(ByteView plaintext) { uplink_.Consume(plaintext, *this); }

  bool OnHttpHead(ByteView /*head*/) override { return true; }
  bool OnHttpHeadTooLong() override { return false; }
  bool OnSstpPacket(ByteView /*packet*/) override { return true; }
  bool OnUndelineated() override { return false; }
  bool OnIpv6Control(ByteView /*packet*/) override { return true; }
  bool OnMppeOutOfStep() override { return true; }
  void OnIpPacket(ByteView packet) override {
    if (!collecting_) coalescer_->Begin({.tcp = true, .udp = true}, *this);
    collecting_ = true;
    coalescer_->Add(packet);
  }
  void OnIpPacketsEnd() override {
    coalescer_->Flush();
    collecting_ = false;
  }

  [[nodiscard]] std::size_t packets() const { return packets_; }
  [[nodiscard]] std::size_t writes() const { return writes_; }

 private:
  void OnPacket(std::span<const ByteView> /*parts*/, std::size_t packets,
                std::size_t /*bytes*/) override {
    ++writes_;
    packets_ += packets;
  }

  Uplink uplink_;
  std::unique_ptr<Coalescer> coalescer_ = std::make_unique<Coalescer>();
  Bytes room_ = Bytes(20'000);
  bool collecting_ = false;
  std::size_t packets_ = 0;
  std::size_t writes_ = 0;
};

Bytes Framed(const std::vector<Bytes>& packets) {
  Bytes plaintext;
  for (const Bytes& packet : packets) {
    const auto protocol =
        IpVersion(packet) == 6 ? codec::PppProtocol::kIpv6 : codec::PppProtocol::kIpv4;
    const Bytes frame = codec::EncodeDataPacket(protocol, packet);
    plaintext.insert(plaintext.end(), frame.begin(), frame.end());
  }
  return plaintext;
}

// Bulk TCP, a stream of UDP, acknowledgements without data, more flows than there are places, and
// what has no flow, an echo among others.
std::vector<Bytes> Upload() {
  std::vector<Bytes> packets = Train({}, 130, 1360);
  Append(packets, Train({.ipv6 = true}, 130, 1340));
  Append(packets, Train({.protocol = 17}, 200, 160));
  Append(packets, Train({.source_port = 2}, 50, 0));
  for (std::uint16_t port = 0; port < 40; ++port) {
    Append(packets, Train({.source_port = port}, 2, 300));
    Append(packets, Train({.protocol = 1}, 1, 64));
  }
  return packets;
}

TEST(Allocation, NoneForPacketsTowardsTheInterface) {
  Client client;
  const std::vector<Bytes> packets = Upload();
  const Bytes plaintext = Framed(packets);
  client.Take(plaintext);
  ASSERT_EQ(client.packets(), packets.size());
  EXPECT_LT(client.writes(), packets.size() / 2) << "nothing to merge";
  EXPECT_EQ(AllocationsOf([&] { client.Take(plaintext); }), 0U);
  EXPECT_EQ(client.packets(), 2 * packets.size());
}

TEST(Allocation, NoneForEncryptedPacketsInEitherDirection) {
  const auto provider = crypto::Rc4Provider::Load().value();
  const Bytes key(16, 7);
  MppeSealer sealer(crypto::MppeSender::Create(provider, {}, key).value());
  MppeOpener opener(crypto::MppeReceiver::Create(provider, {}, key).value());
  Client client;
  client.UseMppe(opener);
  Downlink downlink;
  downlink.OpenData({.ipv4 = true, .ipv6 = true});
  downlink.SetSealer(&sealer);
  FrameBatch batch(64 * 1024);
  const std::vector<Bytes> packets = Upload();
  const auto pass = [&] {
    for (const Bytes& packet : packets) {
      auto segment = Segmenter::Parse(VnetHeader{}, packet);
      while (!downlink.Append(batch, *segment)) {
        client.Take(batch.frames());
        batch.Clear();
      }
    }
    client.Take(batch.frames());
    batch.Clear();
  };
  pass();
  ASSERT_EQ(client.packets(), packets.size());
  EXPECT_EQ(AllocationsOf(pass), 0U);
  EXPECT_EQ(client.packets(), 2 * packets.size());
}

// The piece that a read cuts is held: once per read, however many packets come with it.
TEST(Allocation, ACutFrameCostsTheSameWhateverCameBeforeIt) {
  Client client;
  const auto cost = [&client](std::size_t count) {
    const Bytes plaintext = Framed(Train({}, count, 1360));
    const std::size_t cut = plaintext.size() - 700;
    const auto both = [&] {
      client.Take(ByteView(plaintext).first(cut));
      client.Take(ByteView(plaintext).subspan(cut));
    };
    both();
    return AllocationsOf(both);
  };
  EXPECT_EQ(cost(2), cost(100));
  EXPECT_LE(cost(100), 2U);
}

// ---- From the interface

// What the kernel hands over: super-packets, ordinary ones with a checksum to finish, finished
// ones.
std::vector<Bytes> Download() {
  std::vector<Bytes> reads;
  for (const std::uint8_t protocol : {std::uint8_t{6}, std::uint8_t{17}}) {
    PacketPlan plan{.protocol = protocol};
    plan.payload = test::Noise(60'000, 1);
    reads.push_back(test::SuperPacket(plan, 1360));
    plan.payload = test::Noise(3000, 2);
    reads.push_back(test::SuperPacket(plan, 100));
    plan.payload = test::Noise(500, 3);
    Bytes ordinary = test::SuperPacket(plan, 500);
    ordinary[1] = kVnetGsoNone;
    reads.push_back(ordinary);
  }
  for (const Bytes& packet : Train({.protocol = 1}, 20, 64)) {
    Bytes read(kVnetHeaderSize);
    read.insert(read.end(), packet.begin(), packet.end());
    reads.push_back(read);
  }
  return reads;
}

TEST(Allocation, NoneForPacketsFromTheInterface) {
  FrameBatch batch(160 * 1024);
  Downlink downlink;
  downlink.OpenData();
  std::vector<std::size_t> record_sizes;
  record_sizes.reserve(1024);
  std::size_t octets = 0;
  const auto send = [&] {
    record_sizes.clear();
    for (std::size_t first = 0;;) {
      const ByteView record = batch.NextRecord(first, kMaxRecord);
      if (record.empty()) break;
      record_sizes.push_back(record.size());
    }
    octets += batch.frames().size();
    batch.Clear();
  };
  const std::vector<Bytes> reads = Download();
  std::size_t refused = 0;
  const auto pass = [&] {
    for (int round = 0; round < 3; ++round) {  // more than the batch takes
      for (const Bytes& read : reads) {
        auto packet = Segmenter::Parse(read);
        if (!packet) {
          ++refused;
          continue;
        }
        while (!downlink.Append(batch, *packet)) send();
      }
    }
    send();
  };
  pass();
  ASSERT_EQ(refused, 0U);
  const std::size_t packets = downlink.counters().packets;
  ASSERT_EQ(packets, 3U * (2 * (45 + 30 + 1) + 20));
  EXPECT_GT(octets, 2U * 160 * 1024);
  EXPECT_EQ(AllocationsOf(pass), 0U);
  EXPECT_EQ(downlink.counters().packets, 2 * packets);
  EXPECT_EQ(downlink.counters().dropped_malformed, 0U);
}

}  // namespace
}  // namespace sstpgw::datapath
