// What a client may make its worker do: when the kernel takes its records over, how long a turn
// with small packets is, and records with next to nothing in them.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <functional>

#include "proto/base/log.h"
#include "tests/unit/edge/fake_tls_kernel.h"
#include "tests/unit/edge/network_namespace.h"
#include "tests/unit/edge/tcp_pair.h"
#include "tests/unit/gateway/subscriber_bench.h"

namespace sstpgw::gateway {
namespace {

using edge::FakeTlsKernel;
using edge::KernelTlsSupport;
using edge::UniqueFd;

const KernelTlsSupport kOldKernel{true, false, true, ""};
const KernelTlsSupport kNewKernel{true, true, false, ""};

struct Ends {
  UniqueFd server;
  UniqueFd client;
};

Ends SocketPair() {
  std::array<int, 2> fds{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// In the namespace of the caller, where there is a loopback.
Ends TcpPair() {
  auto [client, server] = edge::ConnectTcpPair();
  const int on = 1;
  EXPECT_EQ(::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
  for (const auto& end : {&client, &server}) {
    EXPECT_EQ(::fcntl(end->get(), F_SETFL, O_NONBLOCK), 0);
  }
  return {std::move(server), std::move(client)};
}

class SubscriberBudget : public ::testing::Test {
 protected:
  SubscriberBudget() { SetLogLevel(LogLevel::kOff); }
  static void Run(Ends ends, edge::Kernel& tls, const std::function<void(SubscriberBench&)>& test) {
    const bool ran = edge::InNewNetworkNamespace([&] {
      SubscriberBench bench(std::move(ends.server), std::move(ends.client), tls);
      test(bench);
    });
    if (!ran) GTEST_SKIP() << kNeedsNamespace;
  }
};

TEST_F(SubscriberBudget, TheKernelReceivesOnceTheDataPathIsOpen) {
  for (const KernelTlsSupport& support : {kOldKernel, kNewKernel}) {
    FakeTlsKernel tls;
    Run(SocketPair(), tls, [&](SubscriberBench& bench) {
      bench.Handshake(support);
      const Bytes last = bench.LogInButForTheLast();
      EXPECT_EQ(tls.send_keys, 1);
      EXPECT_EQ(tls.receive_keys, 0) << "who has not logged in is OpenSSL's";
      bench.Send(last);
      bench.AwaitPackets(1);
      EXPECT_EQ(tls.receive_keys, 1);
      EXPECT_EQ(bench.shared().kernel_receives, 1U);
      bench.AwaitPackets(5);
      EXPECT_GE(tls.receive_calls, 5);
    });
  }
}

// The record that follows the last one of the login has arrived in part.
TEST_F(SubscriberBudget, HalfARecordIsWaitedForAndThenTheKernelReceives) {
  FakeTlsKernel tls;
  Run(SocketPair(), tls, [&](SubscriberBench& bench) {
    bench.Handshake(kOldKernel);
    const Bytes last = bench.LogInButForTheLast();
    const int fd = SSL_get_fd(bench.client().ssl());
    BIO* const memory = BIO_new(BIO_s_mem());
    BIO* const socket = SSL_get_wbio(bench.client().ssl());
    BIO_up_ref(socket);
    SSL_set0_wbio(bench.client().ssl(), memory);
    bench.Send(last);
    bench.Send(SubscriberBench::IpPacket());
    Bytes octets(BIO_ctrl_pending(memory));
    BIO_read(memory, octets.data(), static_cast<int>(octets.size()));
    SSL_set0_wbio(bench.client().ssl(), socket);

    ASSERT_EQ(::write(fd, octets.data(), octets.size() - 3),
              static_cast<ssize_t>(octets.size() - 3));
    for (int i = 0; i < 5; ++i) bench.Turn();
    EXPECT_EQ(tls.receive_keys, 0);
    ASSERT_EQ(::write(fd, &octets[octets.size() - 3], 3), 3);
    bench.Await([&] { return bench.packets() == 1; });
    EXPECT_EQ(tls.receive_keys, 1);
    bench.AwaitPackets(3);
  });
}

TEST_F(SubscriberBudget, AKernelThatRefusesIsCounted) {
  FakeTlsKernel tls;
  tls.receive_key_error = ENOENT;
  Run(SocketPair(), tls, [&](SubscriberBench& bench) {
    bench.Handshake(kOldKernel);
    bench.LogIn();
    bench.AwaitPackets(3);
    EXPECT_EQ(bench.shared().kernel_receives, 0U);
    EXPECT_EQ(
        bench.shared()
            .kernel_receive_fallbacks[static_cast<std::size_t>(edge::KernelTlsFallback::kRefused)],
        1U);
  });
}

TEST_F(SubscriberBudget, TurnsWithTheSmallestPacketsBecomeShort) {
  Run(SocketPair(), edge::LinuxKernel(), [&](SubscriberBench& bench) {
    bench.Handshake();
    bench.LogIn();
    Bytes burst;
    const Bytes packet = SubscriberBench::IpPacket();
    for (int i = 0; i < 10'000; ++i) burst.insert(burst.end(), packet.begin(), packet.end());
    const std::uint64_t before = bench.packets();
    std::vector<std::uint64_t> turns;
    std::size_t written = 0;
    while (bench.packets() < before + 10'000) {
      if (written < burst.size()) written += bench.client().Write(ByteView(burst).subspan(written));
      const std::uint64_t now = bench.packets();
      bench.Turn();
      turns.push_back(bench.packets() - now);
      ASSERT_LT(turns.size(), 100'000U);
    }
    const std::uint64_t least =
        Subscriber::kPacketBudget + datapath::ReadRoom::kLeast / packet.size();
    for (std::size_t i = 3; i < turns.size(); ++i) EXPECT_LE(turns[i], least) << i;
    EXPECT_EQ(bench.packets(), before + 10'000) << "none is lost";
  });
}

TEST_F(SubscriberBudget, RecordsOfOneOctetEndTheConnectionAsAFlood) {
  Run(TcpPair(), edge::LinuxKernel(), [&](SubscriberBench& bench) {
    bench.Handshake();
    bench.LogIn();
    const Bytes packet = SubscriberBench::IpPacket();
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    for (std::size_t i = 0; bench.shared().gone.empty();) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << "never cut";
      for (int burst = 0; burst < 500; ++burst) {
        i += bench.client().Write(ByteView(packet).subspan(i % packet.size(), 1));
      }
      bench.Turn();
    }
    EXPECT_EQ(
        bench.shared().counters[static_cast<std::size_t>(fsm::Counter::kTlsHousekeepingFlood)], 1U);
  });
}

// The call is over, and what was on its way is thrown away. (Only while lingering lasts anyway, so
// a machine that is too slow for a look proves nothing and fails nothing.)
TEST_F(SubscriberBudget, AnUploadDuringTheGoodbyeIsNoFlood) {
  FakeTlsKernel tls;
  Run(TcpPair(), tls, [&](SubscriberBench& bench) {
    bench.Handshake(kOldKernel);
    bench.LogIn();
    ASSERT_EQ(tls.receive_keys, 1);
    bench.Send(codec::EncodeDisconnect());
    const Bytes upload(16'000, 0);
    const auto began = std::chrono::steady_clock::now();
    std::size_t sent = 0;
    while (bench.shared().gone.empty() &&
           std::chrono::steady_clock::now() < began + Subscriber::kLinger / 2) {
      sent += bench.client().Write(upload);
      bench.Turn();
    }
    EXPECT_GT(sent, 0U);
    EXPECT_EQ(bench.shared().tls_failures[static_cast<std::size_t>(edge::TlsFailure::kFlood)], 0U);
    EXPECT_TRUE(bench.shared().gone.empty() ||
                std::chrono::steady_clock::now() >= began + Subscriber::kLinger);
  });
}

}  // namespace
}  // namespace sstpgw::gateway
