// Thousands of sessions at one time, some of them busy; then all of them end at once.
//
//   client: sstp-test-client many, 50 PacketClients ── server: both daemons ── inside: PacketPort
//   10.0.x.y                                           sstp0 ... sstp1999      10.30.0.0/24
#include <poll.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <random>

#include "tests/netns/lab_suite.h"
#include "tests/netns/odd_traffic.h"
#include "tests/support/packet_client.h"
#include "tests/support/packet_port.h"

namespace sstpgw::test {
namespace {

using std::chrono::seconds;

constexpr std::size_t kAll = 2000;
constexpr std::size_t kBusy = 50;
constexpr seconds kSetUp{240};
constexpr Ipv4Address kHost{0x0a1e0007};

double Number(std::size_t count) { return static_cast<double>(count); }

class Scale : public LabSuite<Scale> {
 public:
  static LabConfig Config() {
    LabConfig config;
    config.users = "witness: { password: witness }\n";
    for (std::size_t i = 0; i < kAll; ++i) {
      config.users += "user" + std::to_string(i) + ": { password: p }\n";
    }
    for (std::size_t i = 0; i < kBusy; ++i) {
      config.users += "busy" + std::to_string(i) + ": { password: p }\n";
    }
    config.pools = "SSTP-POOL: { range: [10.0.0.0/20] }";
    config.log_level = 2;
    return config;
  }

 protected:
  static void SetUpTestSuite() {
    LabSuite::SetUpTestSuite();
    if (!started_) return;
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    lab().server().Ip("route add 10.30.0.0/24 via 10.20.0.2");
    DisableOffloads(lab().server(), "lan0");
    DisableOffloads(lab().inside(), "lan0");
  }
  static std::unique_ptr<Process> DialMany(std::size_t count) {
    auto many = std::make_unique<Process>(
        std::vector<std::string>{Program("sstp-test-client"), "--server", Lab::kServer,
                                 "--insecure", "--user", "user%d", "--password", "p", "many",
                                 "--sessions", std::to_string(count), "--concurrency", "32",
                                 "--hold-until-signal"},
        ProcessOptions{&lab().client(), {}, "sstp-test-client"});
    EXPECT_TRUE(many->WaitForLine("^holding: " + std::to_string(count) + " up, 0 failed", kSetUp))
        << many->Output();
    return many;
  }
  static double Active() {
    return lab().CtlJson({"show", "statistics"}).at("sessions").at("active").number();
  }
  static std::size_t Interfaces() {
    const std::string lines = lab().server().Shell("ip -o link show type tun");
    return static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n'));
  }
  static std::ptrdiff_t Descriptors() {
    const std::filesystem::directory_iterator all("/proc/" + std::to_string(lab().gateway().pid()) +
                                                  "/fd");
    return std::distance(begin(all), end(all));
  }
  // Of thousands, only `staying` sessions are left.
  static void ExpectNothingLeft(std::size_t staying, std::ptrdiff_t descriptors) {
    const auto began = std::chrono::steady_clock::now();
    const std::chrono::milliseconds bound = DaemonsAreInstrumented() ? seconds(60) : seconds(5);
    const auto seconds_since = [&began] {
      return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    };
    EXPECT_TRUE(WaitUntil([&] { return Interfaces() == staying; }, bound))
        << Interfaces() << " interfaces";
    const double interfaces = seconds_since();
    EXPECT_TRUE(
        WaitUntil([&] { return lab().Statistic("context_count") == Number(staying); }, bound));
    EXPECT_TRUE(WaitUntil([&] { return Active() == Number(staying); }, bound))
        << Active() << " sessions";
    EXPECT_TRUE(WaitUntil([&] { return Descriptors() <= descriptors; }, bound))
        << Descriptors() << " descriptors, " << descriptors << " before";
    EXPECT_LT(seconds_since(), std::chrono::duration<double>(bound).count());
    std::printf("[          ] interfaces gone after %.2f s, all after %.2f s\n", interfaces,
                seconds_since());
    const std::string lines = std::to_string(staying) + "\n";
    EXPECT_EQ(lab().server().Shell("ip route | grep -c 'dev sstp'"), lines);
    EXPECT_EQ(lab().server().Shell("ip -o addr show | grep -c 'inet 10[.]0[.]0[.]1 '"), lines);
  }
};

using Clients = std::vector<std::unique_ptr<PacketClient>>;

bool PumpAll(Clients& clients, const PacketPort& port, const std::function<bool()>& fact) {
  const auto end = client::Now() + kPatience;
  while (true) {
    std::vector<pollfd> waiting{{port.fd(), POLLIN, 0}};
    for (const auto& one : clients) {
      one->connection().Run();
      waiting.push_back({one->connection().fd(), one->connection().wanted_events(), 0});
    }
    if (fact()) return true;
    if (client::Now() >= end) return false;
    poll(waiting.data(), waiting.size(), 100);
  }
}

// Sixteen packets of one session, unlike those of any other.
std::vector<Bytes> Burst(const Ends& ends, std::uint64_t seed) {
  std::vector<Bytes> packets = Mixture(ends, seed, 16);
  packets.resize(16);
  return packets;
}

std::vector<Bytes> From(const std::vector<Bytes>& packets, Ipv4Address source) {
  std::vector<Bytes> own;
  const auto octets = source.octets();
  for (const Bytes& packet : packets) {
    if (std::equal(octets.begin(), octets.end(), packet.begin() + 12)) own.push_back(packet);
  }
  return own;
}

void PassBothWays(Clients& clients, PacketPort& port) {
  std::vector<std::vector<Bytes>> up(clients.size());
  std::vector<std::vector<Bytes>> down(clients.size());
  std::size_t sent = 0;
  std::vector<Bytes> inside;
  for (std::uint64_t round = 0; round < 10; ++round) {
    for (std::size_t i = 0; i < clients.size(); ++i) {
      const std::uint64_t seed = round * clients.size() + i;
      const std::vector<Bytes> burst = Burst({clients[i]->address(), kHost}, seed);
      clients[i]->Send(burst, round % 2 == 0 ? RecordFill::kFull : RecordFill::kStraddling);
      up[i].insert(up[i].end(), burst.begin(), burst.end());
      const std::vector<Bytes> back = Burst({kHost, clients[i]->address()}, seed);
      for (const Bytes& packet : back) ASSERT_TRUE(port.Send(packet));
      down[i].insert(down[i].end(), back.begin(), back.end());
      sent += burst.size();
    }
    ASSERT_TRUE(PumpAll(clients, port,
                        [&] {
                          port.Receive(inside);
                          return inside.size() >= sent &&
                                 std::all_of(clients.begin(), clients.end(),
                                             [round](const auto& one) {
                                               return one->received.size() >= (round + 1) * 16;
                                             });
                        }))
        << inside.size() << " of " << sent << " came up in round " << round;
  }
  for (std::size_t i = 0; i < clients.size(); ++i) {
    EXPECT_EQ(Difference(AllForwarded(up[i]), From(inside, clients[i]->address())), "") << i;
    EXPECT_EQ(Difference(AllForwarded(down[i]), clients[i]->received), "") << i;
  }
}

TEST_F(Scale, TwoThousandSessionsForwardAndVanishAtOnce) {
  Witness witness(lab());
  const std::ptrdiff_t descriptors = Descriptors();
  const auto began = std::chrono::steady_clock::now();
  const auto many = DialMany(kAll - kBusy);
  Clients clients;
  for (std::size_t i = 0; i < kBusy; ++i) {
    client::ClientOptions options = TestUser();
    options.user = "busy" + std::to_string(i);
    options.password = "p";
    options.keep_trace = false;
    clients.push_back(std::make_unique<PacketClient>(lab().client(), lab().address(), options));
    ASSERT_TRUE(clients.back()->DialUp());
  }
  EXPECT_TRUE(WaitUntil([] { return Active() == kAll + 1; }, kPatience)) << Active();
  std::printf("[          ] %zu sessions up after %.1f s\n", kAll,
              std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  EXPECT_EQ(Interfaces(), kAll + 1);
  PacketPort port({lab().inside(), "lan0"}, {lab().server(), "lan0"}, {10, 30, 0});
  PassBothWays(clients, port);
  EXPECT_EQ(Active(), kAll + 1);
  // Everybody is gone without a word; the witness must not notice.
  many->Kill();
  clients.clear();
  ExpectNothingLeft(1, descriptors);
  EXPECT_EQ(witness.Loss(), "");
}

TEST_F(Scale, FiveHundredSessionsAreTerminatedAtOnce) {
  constexpr std::size_t kCount = 500;
  const std::ptrdiff_t descriptors = Descriptors();
  const auto many = DialMany(kCount);
  EXPECT_TRUE(WaitUntil([] { return Active() == kCount; }, kPatience)) << Active();
  EXPECT_EQ(lab().Ctl({"terminate", "all"}).exit_code, 0);
  ExpectNothingLeft(0, descriptors);
  many->Stop();
}

}  // namespace
}  // namespace sstpgw::test
