// One user's trouble is not another's: clients that do not read, crowds that only shake hands, a
// slow access link. Figures are printed; what is asserted has room for a noisy machine.
//
//   client   sstpc0 10.0.0.x ─(TLS)─┐
//   slow     PacketClient x 3 ──────┼── server: both daemons ── lan0 10.20.0.1 ───
//   inside: 10.20.0.2 witness  ping 10.0.0.1 ─────────┘
#include <atomic>
#include <cstring>
#include <fstream>
#include <thread>

#include "tests/netns/lab_suite.h"
#include "tests/support/handshake_flood.h"
#include "tests/support/packet_builder.h"
#include "tests/support/packet_client.h"
#include "tests/support/tcp_bulk.h"
#include "tests/support/udp_socket.h"

namespace sstpgw::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint64_t kMiB = 1 << 20;
constexpr milliseconds kWatched{2000};

// VmRSS in octets.
std::uint64_t ResidentOctets(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS:", 0) == 0) return std::strtoull(line.c_str() + 6, nullptr, 10) * 1024;
  }
  ADD_FAILURE() << "no VmRSS";
  return 0;
}

double Median(const std::vector<double>& sorted) {
  return sorted.empty() ? 1e9 : sorted[sorted.size() / 2];
}

// UDP from inside to some addresses, bundle after bundle, numbered, until the object goes.
class UdpFlood {
 public:
  static constexpr std::size_t kDatagram = 1400;
  static constexpr std::size_t kBundle = 40;
  static constexpr std::uint16_t kPort = 7000;

  UdpFlood(const Namespace& inside, std::vector<std::string> targets)
      : socket_(inside, Lab::kInside, kPort), targets_(std::move(targets)), thread_([this] {
          while (!stop_) {
            SendBundles();
            std::this_thread::sleep_for(milliseconds(4));
          }
        }) {}
  ~UdpFlood() {
    stop_ = true;
    thread_.join();
  }
  UdpFlood(const UdpFlood&) = delete;
  UdpFlood& operator=(const UdpFlood&) = delete;

  // Octets sent to each target.
  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  // The datagram with this number.
  static Bytes Datagram(std::uint64_t number) {
    static const std::vector<Bytes> fillers = [] {
      std::vector<Bytes> all;
      for (std::uint64_t i = 0; i < 16; ++i) all.push_back(Filler(i, kDatagram));
      return all;
    }();
    Bytes datagram = fillers[number % fillers.size()];
    std::memcpy(datagram.data(), &number, sizeof number);
    return datagram;
  }

 private:
  void SendBundles() {
    Bytes bundle;
    for (std::size_t i = 0; i < kBundle; ++i) {
      const Bytes datagram = Datagram(++number_);
      bundle.insert(bundle.end(), datagram.begin(), datagram.end());
    }
    for (const std::string& target : targets_) socket_.Send(target, kPort, bundle, kDatagram);
    sent_ += bundle.size();
  }

  UdpSocket socket_;
  const std::vector<std::string> targets_;
  std::uint64_t number_ = 0;
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

class Load : public LabSuite<Load> {
 public:
  static constexpr int kSlow = 3;
  static LabConfig Config() {
    LabConfig config;
    for (int i = 0; i < kSlow; ++i)
      config.users += "\nslow" + std::to_string(i) + ": { password: s }";
    config.log_level = 3;
    return config;
  }

 protected:
  static void SetUpTestSuite() {
    // The address sanitizer keeps what was freed; as much as it keeps by default would hide what is
    // looked for.
    const char* options = std::getenv("ASAN_OPTIONS");
    setenv("ASAN_OPTIONS",
           (std::string(options == nullptr ? "" : options) + ":quarantine_size_mb=4").c_str(), 1);
    LabSuite::SetUpTestSuite();
  }
  void SetUp() override {
    LabSuite::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    witness_ = std::make_unique<Witness>(lab());
    dial_ =
        std::make_unique<TunDial>(lab(), lab().client(), "test", "test", std::vector<std::string>{},
                                  std::vector<std::string>{"--route", "10.20.0.0/24"});
    ASSERT_TRUE(dial_->WaitUp()) << dial_->process().Output();
    ASSERT_TRUE(WaitActive());
  }
  void TearDown() override {
    if (dial_) {
      EXPECT_EQ(dial_->process().Stop(), 0) << dial_->process().Output();
    }
    dial_.reset();
    witness_.reset();
    LabSuite::TearDown();
  }
  // How others fare at some time.
  struct Service {
    double rate = 0;        // octets per second of a TCP flow down
    double round_trip = 0;  // median of the witness, milliseconds
    double worst = 0;
  };
  static Service Watch(const TcpFlow& flow) {
    Service service;
    const std::size_t mark = witness_->Mark();
    service.rate = flow.Rate(kWatched);
    const std::vector<double> times = witness_->RoundTripsSince(mark);
    service.round_trip = Median(times);
    service.worst = times.empty() ? 1e9 : times.back();
    return service;
  }
  static void Print(const char* when, const Service& service) {
    std::printf("[          ] %s: %.1f MB/s, ping %.2f ms, at most %.2f ms\n", when,
                service.rate / 1e6, service.round_trip, service.worst);
  }

  // Under load others are served: the flow goes on, the witness is answered soon. How fast, and how
  // soon, is said of daemons as they are installed; `share` of the rate before is enough.
  static void ExpectServed(const TcpFlow& flow, const Service& before, const Service& during,
                           double share) {
    EXPECT_TRUE(flow.WaitProgress(4 * kMiB)) << "it stands still";
    const bool instrumented = DaemonsAreInstrumented();
    EXPECT_GT(during.rate, instrumented ? 0 : before.rate / share);
    EXPECT_LT(during.round_trip, instrumented ? 1000 : 250);
  }

  static inline std::unique_ptr<Witness> witness_;
  std::unique_ptr<TunDial> dial_;
};

// Packets of an interface that its queue had no room for.
std::uint64_t Dropped(Lab& lab, const std::string& user) {
  const std::string name = lab.SessionWith("username", user).value_or(Json{}).at("ifname").text();
  const auto json = Json::Parse(lab.server().Ip("-s -j link show dev " + name));
  const Json* dropped = json ? json->list().at(0).at("stats64").at("tx").Find("dropped") : nullptr;
  return dropped == nullptr ? 0 : static_cast<std::uint64_t>(dropped->number());
}

// Some clients that do not read unless they are told to.
class SlowClients : public Load {
 protected:
  void TearDown() override {
    slow_.clear();
    Load::TearDown();
  }
  void DialSlow() {
    for (int i = 0; i < kSlow; ++i) {
      client::ClientOptions options = TestUser();
      options.user = "slow" + std::to_string(i);
      options.password = "s";
      slow_.push_back(std::make_unique<PacketClient>(lab().client(), lab().address(), options));
      ASSERT_TRUE(slow_.back()->DialUp());
      ASSERT_TRUE(WaitActive(options.user));
      addresses_.push_back(slow_.back()->address().ToString());
    }
  }
  // Several times what all of them may cost, while `flow` and the witness are to go on.
  void FloodAndWatch(const TcpFlow& flow) {
    constexpr std::uint64_t kFlood = 64 * kMiB;  // for each
    // Not for so long that the gateway would miss their echo replies.
    constexpr seconds kLongest{40};
    const std::uint64_t bound = (DaemonsAreInstrumented() ? 64 : 24) * kMiB;
    const Service before = Watch(flow);
    const std::uint64_t memory = ResidentOctets(lab().gateway().pid());
    std::uint64_t grown = 0;
    const UdpFlood flood(lab().inside(), addresses_);
    const Service during = Watch(flow);
    const auto sent = [&] {
      const std::uint64_t now = ResidentOctets(lab().gateway().pid());
      grown = std::max(grown, now > memory ? now - memory : 0);
      return flood.sent() >= kFlood;
    };
    ASSERT_TRUE(WaitUntil(sent, kLongest)) << flood.sent() << " octets are too few";
    Print("before", before);
    Print("during", during);
    std::printf("[          ] the gateway has grown by %.1f MiB\n",
                static_cast<double>(grown) / kMiB);
    ExpectServed(flow, before, during, 8);
    EXPECT_LT(grown, bound);
  }
  // It reads again: what was kept comes whole and in order, and then what is new.
  static void ExpectWholeAndInOrder(PacketClient& client) {
    const Bytes last = client::ToBytes("the last one");
    const auto came = [&] {
      return !client.received.empty() && client.received.back().size() == 28 + last.size();
    };
    UdpSocket late(lab().inside(), Lab::kInside, 7001);
    // Until the queue has room for it.
    while (!client.PumpUntil(came, -1, milliseconds(200))) {
      ASSERT_FALSE(client.connection().finished()) << client.dialer().failure().detail;
      late.Send(client.address().ToString(), UdpFlood::kPort, last, 1400);
    }
    std::uint64_t previous = 0;
    for (const Bytes& packet : client.received) {
      ASSERT_TRUE(ChecksumsAreRight(packet));
      if (packet.size() != 28 + UdpFlood::kDatagram) continue;
      const ByteView datagram = ByteView(packet).subspan(28);
      std::uint64_t number = 0;
      std::memcpy(&number, datagram.data(), sizeof number);
      ASSERT_GT(number, previous);
      previous = number;
      ASSERT_EQ(Bytes(datagram.begin(), datagram.end()), UdpFlood::Datagram(number));
    }
    EXPECT_GT(previous, 0u);
  }

  std::vector<std::unique_ptr<PacketClient>> slow_;
  std::vector<std::string> addresses_;
};

TEST_F(SlowClients, CostNeitherMemoryNorOthers) {
  ASSERT_NO_FATAL_FAILURE(DialSlow());
  const TcpFlow flow(lab().inside(), lab().client(), dial_->Fact("address"));
  ASSERT_TRUE(flow.WaitProgress(4 * kMiB));
  ASSERT_NO_FATAL_FAILURE(FloodAndWatch(flow));
  for (int i = 0; i < kSlow; ++i) {
    EXPECT_GT(Dropped(lab(), "slow" + std::to_string(i)), 0u) << "the interface never dropped";
  }
  for (const auto& client : slow_) {
    ASSERT_NO_FATAL_FAILURE(ExpectWholeAndInOrder(*client));
    client->dialer().session().Disconnect(client::Now());
    EXPECT_TRUE(client->dialer().DriveUntilFinished());
  }
}

TEST_F(Load, ACrowdOfHandshakesDoesNotStallForwarding) {
  const TcpFlow flow(lab().inside(), lab().client(), dial_->Fact("address"));
  ASSERT_TRUE(flow.WaitProgress(4 * kMiB));
  const Service before = Watch(flow);
  Namespace crowd("crowd");
  const Veth cable({lab().server(), "wan2", "192.168.12.1/24"},
                   {crowd, "wan0", "192.168.12.100/24"});
  const HandshakeFlood flood(crowd, {"192.168.12.1", 443}, {});
  ASSERT_TRUE(WaitUntil([&] { return flood.completed() >= 50 && flood.begun() >= 50; }, kPatience));
  const std::uint64_t done = flood.completed();
  const Service during = Watch(flow);
  Print("before", before);
  Print("during", during);
  std::printf("[          ] %.0f handshakes per second\n",
              static_cast<double>(flood.completed() - done) * 1000 / kWatched.count());
  ExpectServed(flow, before, during, 20);
  EXPECT_EQ(witness_->Loss(), "");
  EXPECT_GT(flood.completed(), done) << "the flood has dried up";
}

// Less of a link, with a short queue of its own, as long as the object lives.
class AccessLink {
 public:
  explicit AccessLink(Namespace& server) : server_(server) {
    int code = 0;
    EXPECT_EQ(
        server_.Shell("tc qdisc add dev wan0 root tbf rate 50mbit burst 64kb latency 50ms", &code),
        "");
    EXPECT_EQ(code, 0);
  }
  ~AccessLink() { server_.Shell("tc qdisc del dev wan0 root"); }
  AccessLink(const AccessLink&) = delete;
  AccessLink& operator=(const AccessLink&) = delete;

 private:
  Namespace& server_;
};

// What delays the ping is what the gateway and its sockets keep: without a bound on that, 170 ms.
TEST_F(Load, APingStaysQuickBehindADownloadOverASlowLink) {
  const AccessLink slow(lab().server());
  const TcpFlow flow(lab().inside(), lab().client(), dial_->Fact("address"));
  ASSERT_TRUE(flow.WaitProgress(8 * kMiB));
  Process ping({"ping", "-n", "-i", "0.1", "-c", "40", "-W", "10", Lab::kInside},
               {&lab().client(), {}, "ping"});
  EXPECT_EQ(ping.Wait(seconds(60)).value_or(-1), 0) << ping.Output();
  const std::vector<double> times = RoundTrips(ping);
  std::printf("[          ] ping behind a download at 50 Mbit/s: median %.1f ms, at most %.1f ms\n",
              Median(times), times.empty() ? 0 : times.back());
  const double mbit = flow.Rate(kWatched) * 8e-6;
  std::printf("[          ] %.1f Mbit/s\n", mbit);
  EXPECT_LT(mbit, 60) << "the link is not what limits";
  EXPECT_LT(Median(times), DaemonsAreInstrumented() ? 150 : 100);
}

}  // namespace
}  // namespace sstpgw::test
