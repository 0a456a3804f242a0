// What real sockets send through a tunnel: TCP with a hash at both ends, UDP in large writes that
// the kernel hands to the gateway uncut (UDP_SEGMENT), everything at once.
//
//   client                    server                          inside
//   sstpc0 10.0.0.x ─(TLS)─── sstp0 10.0.0.1
//   wan0 192.168.10.100 ───── wan0 .1      lan0 10.20.0.1 ─── lan0 10.20.0.2
#include "tests/netns/lab_suite.h"
#include "tests/support/packet_builder.h"
#include "tests/support/tcp_bulk.h"
#include "tests/support/udp_socket.h"

namespace sstpgw::test {
namespace {

class Flows : public LabSuite<Flows> {
 public:
  static LabConfig Config() {
    LabConfig config;
    config.log_level = 3;
    return config;
  }

 protected:
  void SetUp() override {
    LabSuite::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    dial_ =
        std::make_unique<TunDial>(lab(), lab().client(), "test", "test", std::vector<std::string>{},
                                  std::vector<std::string>{"--route", "10.20.0.0/24"});
    ASSERT_TRUE(dial_->WaitUp()) << dial_->process().Output();
    ASSERT_TRUE(WaitActive());
    address_ = dial_->Fact("address");
  }
  void TearDown() override {
    if (dial_) {
      EXPECT_EQ(dial_->process().Stop(), 0) << dial_->process().Output();
    }
    dial_.reset();
    LabSuite::TearDown();
  }
  // Bundles of one write each, up to 60,000 octets; the next leaves when the last has arrived.
  static void PassBundles(const Namespace& from, const std::string& from_address,
                          const Namespace& to, const std::string& to_address, std::size_t size) {
    constexpr std::uint64_t kBundles = 30;
    constexpr std::size_t kMostSegments = 64;
    UdpSocket sender(from, from_address, 6000);
    UdpSocket receiver(to, to_address, 6001);
    const std::size_t segments = std::min(60000 / size, kMostSegments);
    for (std::uint64_t bundle = 1; bundle <= kBundles; ++bundle) {
      const Bytes octets = Filler(bundle, segments * size - bundle % 3);
      ASSERT_TRUE(sender.Send(to_address, 6001, octets, size));
      for (std::size_t at = 0; at < octets.size(); at += size) {
        const ByteView wanted = ByteView(octets).subspan(at, std::min(size, octets.size() - at));
        ASSERT_EQ(receiver.Receive(), Bytes(wanted.begin(), wanted.end()))
            << "bundle " << bundle << " of " << size << ", octet " << at;
      }
    }
  }

  static constexpr std::uint64_t kMiB = 1 << 20;
  std::unique_ptr<TunDial> dial_;
  std::string address_;
};

TEST_F(Flows, TcpArrivesWithTheSameHashInBothDirections) {
  const std::uint64_t octets = (DaemonsAreInstrumented() ? 32 : 256) * kMiB;
  const BulkResult up = TransferTcp(lab().client(), lab().inside(), Lab::kInside, octets);
  EXPECT_TRUE(up.Equal(octets)) << "up: " << up.error << ", " << up.received << " octets";
  const BulkResult down = TransferTcp(lab().inside(), lab().client(), address_, octets);
  EXPECT_TRUE(down.Equal(octets)) << "down: " << down.error << ", " << down.received << " octets";
  const double mbit = static_cast<double>(octets) * 8e-6;
  std::printf("[          ] up %.0f Mbit/s, down %.0f Mbit/s\n", mbit / up.seconds,
              mbit / down.seconds);
}

// No other interface is passed: the kernel of the server itself takes what the gateway merged, and
// hands its own large segments to the gateway uncut.
TEST_F(Flows, TcpWithTheServerItselfArrivesWithTheSameHash) {
  constexpr std::uint64_t kOctets = 16 * kMiB;
  const BulkResult up = TransferTcp(lab().client(), lab().server(), "10.0.0.1", kOctets);
  EXPECT_TRUE(up.Equal(kOctets)) << "up: " << up.error << ", " << up.received << " octets";
  const BulkResult down = TransferTcp(lab().server(), lab().client(), address_, kOctets);
  EXPECT_TRUE(down.Equal(kOctets)) << "down: " << down.error << ", " << down.received << " octets";
}

TEST_F(Flows, BothDirectionsAtOnceMakeProgress) {
  const TcpFlow up(lab().client(), lab().inside(), Lab::kInside);
  const TcpFlow down(lab().inside(), lab().client(), address_);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(up.WaitProgress(4 * kMiB)) << "up stands still";
    EXPECT_TRUE(down.WaitProgress(4 * kMiB)) << "down stands still";
  }
  int code = 0;
  const std::string out = lab().client().Shell("ping -n -c 5 -i 0.2 -W 10 10.20.0.2", &code);
  EXPECT_EQ(code, 0) << out;
}

TEST_F(Flows, UdpInLargeWritesArrivesDatagramByDatagram) {
  for (const std::size_t size : {200, 1400}) {
    PassBundles(lab().client(), address_, lab().inside(), Lab::kInside, size);
    PassBundles(lab().inside(), Lab::kInside, lab().client(), address_, size);
  }
}

}  // namespace
}  // namespace sstpgw::test
