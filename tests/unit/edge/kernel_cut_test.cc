// The judge of merging is the kernel: what is written to one TUN is routed to another. If that one
// takes no super packets, the kernel cuts them itself; if it does, they come out as they are, with
// what the kernel changes, for the Segmenter to cut. Needs root.
//
//   packets -> Coalescer -> TUN "up0" -> IP forwarding -> TUN "down0" -> (Segmenter) -> packets
#include <poll.h>

#include <cstdlib>
#include <map>

#include "gateway/datapath/coalescer.h"
#include "gateway/datapath/packet_fields.h"
#include "gateway/edge/kernel.h"
#include "gateway/edge/tun_device.h"
#include "tests/unit/datapath/packets.h"
#include "tests/unit/datapath/traffic.h"
#include "tests/unit/edge/network_namespace.h"

namespace sstpgw::edge {
namespace {

using datapath::Coalescer;
using datapath::kProtocolTcp;
using datapath::kProtocolUdp;
using test::PacketPlan;

constexpr char kNeedsRoot[] = "needs root (CAP_SYS_ADMIN) to make a network namespace";

// The packets that each flow has, in their order.
using Flows = std::map<std::string, std::vector<Bytes>>;

void Note(Flows& flows, const Bytes& packet) {
  const std::string flow = test::FlowOf(packet);
  if (!flow.empty()) flows[flow].push_back(packet);
}

// After a router.
Bytes Forwarded(Bytes packet) {
  --packet[packet[0] >> 4 == 6 ? 7 : 8];
  test::Finish(packet);
  return packet;
}

class Router : public datapath::PacketSink {
 public:
  explicit Router(bool super_packets_out)
      : up_(TunDevice::Create(LinuxKernel(), "up%d", kAllTunOffloads)),
        down_(TunDevice::Create(LinuxKernel(), "down%d",
                                super_packets_out ? kAllTunOffloads : TunOffloads{})) {}

  [[nodiscard]] bool Prepare() {
    // Addresses of test::PacketPlan.
    return up_ && down_ &&
           std::system(
               "for i in up0 down0; do sysctl -qw net.ipv6.conf.$i.disable_ipv6=0;"
               "  ip link set $i up || exit 1; done;"
               "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 &&"
               "ip route add 10.0.0.2 dev up0 && ip route add 10.0.0.9 dev down0 &&"
               "ip route add fd00::2 dev up0 && ip route add fd00::9 dev down0") == 0;
  }
  [[nodiscard]] TunOffloads offloads() const { return up_->offloads(); }
  [[nodiscard]] TunOffloads offloads_out() const { return down_->offloads(); }

  // Sends `packets` merged and returns what came out, until each of them is there.
  Flows Carry(const std::vector<Bytes>& packets) {
    came_.clear();
    arrived_ = 0;
    reads_ = 0;
    const auto coalescer = std::make_unique<Coalescer>();
    coalescer->Begin({.tcp = offloads().tcp, .udp = offloads().udp}, *this);
    for (const Bytes& packet : packets) coalescer->Add(packet);
    coalescer->Flush();
    std::size_t wanted = 0;
    for (const Bytes& packet : packets) wanted += test::FlowOf(packet).empty() ? 0 : 1;
    while (arrived_ < wanted) {
      pollfd waits{.fd = down_->fd(), .events = POLLIN, .revents = 0};
      if (::poll(&waits, 1, 5000) != 1) break;  // lost
      Drain();
    }
    return came_;
  }
  void OnPacket(std::span<const ByteView> parts, std::size_t packets,
                std::size_t /*bytes*/) override {
    EXPECT_TRUE(up_->Write(parts)) << "refused: " << packets << " packets";
    ++writes_;
    Drain();
  }
  [[nodiscard]] std::size_t writes() const { return writes_; }  // in all
  [[nodiscard]] std::size_t reads() const { return reads_; }    // of the last Carry

 private:
  void Drain() {
    for (;;) {
      const auto outcome = down_->Read(buffer_);
      if (outcome.status != TunReadStatus::kPacket) return;
      const std::size_t before = arrived_;
      for (const Bytes& packet : test::Cut(outcome.packet)) {
        if (test::FlowOf(packet).empty()) continue;
        Note(came_, packet);
        ++arrived_;
      }
      if (arrived_ > before) ++reads_;  // the kernel has packets of its own to send, too
    }
  }

  Result<TunDevice> up_;
  Result<TunDevice> down_;
  Bytes buffer_ = Bytes(TunDevice::kPacketRoom);
  Flows came_;
  std::size_t arrived_ = 0;
  std::size_t writes_ = 0;
  std::size_t reads_ = 0;
};

void CarryAll(bool super_packets_out) {
  Router router(super_packets_out);
  ASSERT_TRUE(router.Prepare());
  ASSERT_TRUE(router.offloads().tcp) << "Linux has had it since 2.6.27";
  EXPECT_EQ(router.offloads_out().tcp, super_packets_out);
  const auto expect_same = [&router](const std::vector<Bytes>& packets) {
    Flows expected;
    for (const Bytes& packet : packets) Note(expected, Forwarded(packet));
    return router.Carry(packets) == expected;
  };
  // The largest of each kind.
  for (const bool ipv6 : {false, true}) {
    for (const std::uint8_t protocol : {kProtocolTcp, kProtocolUdp}) {
      const PacketPlan plan{.ipv6 = ipv6, .protocol = protocol, .id = 0xfff0};
      EXPECT_TRUE(expect_same(test::Train(plan, protocol == kProtocolTcp ? 128 : 64, 500)));
      EXPECT_TRUE(expect_same(test::Train(plan, 45, 1400)));
      if (protocol == kProtocolTcp && super_packets_out) {
        EXPECT_EQ(router.reads(), 1U) << "a super packet is cut too early";
      }
      EXPECT_TRUE(expect_same(test::Train(plan, 20, 1)));
    }
  }
  std::size_t packets_in = 0;
  const std::size_t writes_before = router.writes();
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    test::Dice dice(seed);
    const std::vector<Bytes> packets = test::RandomTraffic(dice, 200);
    ASSERT_TRUE(expect_same(packets)) << "seed " << seed;
    packets_in += packets.size();
  }
  EXPECT_LT((router.writes() - writes_before) * 3, packets_in * 2) << "little is merged";
}

TEST(KernelCut, TheKernelCutsWhatWasMergedIntoTheSamePackets) {
  if (!InNewNetworkNamespace([] { CarryAll(false); })) GTEST_SKIP() << kNeedsRoot;
}

TEST(KernelCut, SuperPacketsOfTheKernelAreCutIntoTheSamePackets) {
  if (!InNewNetworkNamespace([] { CarryAll(true); })) GTEST_SKIP() << kNeedsRoot;
}

}  // namespace
}  // namespace sstpgw::edge
