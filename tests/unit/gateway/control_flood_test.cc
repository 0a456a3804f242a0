// One client floods with control packets and reads every answer; another on the same worker must
// not wait for it.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "tests/unit/gateway/loopback_gateway.h"

namespace sstpgw::gateway {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using ::testing::StartsWith;

constexpr std::size_t kBatch = 900;       // 18 octets each: one TLS record
constexpr std::size_t kBatchesAhead = 8;  // sent before their answers are read
constexpr milliseconds kDuration{1500};   // below the 5 s that PAP waits
constexpr milliseconds kPingInterval{2};

// LCP Echo-Request of ten octets in an SSTP data packet, and the start of its answer.
const std::string kEchoRequest =
    "\x10\x00\x00\x12\xff\x03\xc0\x21\x09\x07\x00\x0a\x00\x00\x00\x00xy"s;
const std::string kEchoReplyStart = "\x10\x00\x00\x12\xff\x03\xc0\x21\x0a\x07\x00\x0a"s;

class ControlFlood : public LoopbackGateway {
 protected:
  static std::string ReceivePacket(TlsPeer& client) {
    std::string packet = client.Receive(4);
    if (packet.size() < 4) return {};
    const auto length =
        static_cast<std::size_t>(((packet[2] & 0x0f) << 8) | static_cast<std::uint8_t>(packet[3]));
    return packet + client.Receive(length - 4);
  }
  // From the established call to LCP in Opened.
  static void OpenLcp(TlsPeer& client) {
    std::string request = ReceivePacket(client);
    ASSERT_THAT(request.substr(4), StartsWith("\xff\x03\xc0\x21\x01"s));
    request[8] = 2;  // Configure-Ack with the same options
    ASSERT_TRUE(client.Send(request));
    ASSERT_TRUE(client.Send("\x10\x00\x00\x0c\xff\x03\xc0\x21\x01\x01\x00\x04"s));
    ASSERT_THAT(ReceivePacket(client).substr(4), StartsWith("\xff\x03\xc0\x21\x02"s));
  }
  // Answers received until `end`; every one of them is looked at.
  static std::size_t Flood(TlsPeer& client, Clock::time_point end) {
    std::string batch;
    for (std::size_t i = 0; i < kBatch; ++i) batch += kEchoRequest;
    std::size_t answers = 0;
    std::size_t ahead = 0;
    while (ahead > 0 || Clock::now() < end) {
      for (; ahead < kBatchesAhead && Clock::now() < end; ++ahead) {
        if (!client.Send(batch)) return answers;
      }
      const std::string got = client.Receive(batch.size());
      if (got.size() < batch.size()) return answers;
      for (std::size_t at = 0; at < got.size(); at += kEchoRequest.size(), ++answers) {
        if (got.compare(at, kEchoReplyStart.size(), kEchoReplyStart) != 0) return answers;
      }
      --ahead;
    }
    return answers;
  }
};

// The times are printed, not judged: they are the machine's.
TEST_F(ControlFlood, EveryRequestIsAnsweredAndAnotherClientIsServedMeanwhile) {
  control_.Start({Order(Settings(1))});
  GatewayOptions options;
  options.workers = 1;
  StartGateway(options);
  ASSERT_TRUE(control_.Take<Applied>());
  TlsPeer flooder(OwnAddress(), kPort);
  TlsPeer pinger(OwnAddress(), kPort);
  ASSERT_TRUE(Call(flooder));
  ASSERT_TRUE(Call(pinger));
  OpenLcp(flooder);
  OpenLcp(pinger);

  const Clock::time_point end = Clock::now() + kDuration;
  std::size_t answers = 0;
  std::thread flood([&] { answers = Flood(flooder, end); });
  std::vector<microseconds> waits;
  while (Clock::now() < end && !HasFailure()) {
    const Clock::time_point asked = Clock::now();
    EXPECT_TRUE(pinger.Send(kEchoRequest));
    EXPECT_THAT(pinger.Receive(kEchoRequest.size()), StartsWith(kEchoReplyStart));
    waits.push_back(std::chrono::duration_cast<microseconds>(Clock::now() - asked));
    std::this_thread::sleep_for(kPingInterval);
  }
  flood.join();
  EXPECT_GT(answers, 0U);
  EXPECT_EQ(answers % kBatch, 0U);
  std::sort(waits.begin(), waits.end());
  ASSERT_FALSE(waits.empty());
  std::printf(
      "  %zu answers in %lld ms; another client's %zu echoes, us: median %lld, 99%% %lld, max "
      "%lld\n",
      answers, static_cast<long long>(kDuration.count()), waits.size(),
      static_cast<long long>(waits[waits.size() / 2].count()),
      static_cast<long long>(waits[waits.size() * 99 / 100].count()),
      static_cast<long long>(waits.back().count()));
}

}  // namespace
}  // namespace sstpgw::gateway
