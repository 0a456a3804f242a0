// TLS records as a client sees them in a download. Clients exist that take one SSTP packet per
// readable event, keep the rest of the record until more comes, and lose their place when the four
// octets of an SSTP header are split. See packet_suite.h for the cables.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include "tests/netns/packet_suite.h"
#include "tests/support/borrowed_socket.h"

namespace sstpgw::test {
namespace {

constexpr std::size_t kLargestRecord = 16384;
constexpr std::size_t kSstpHeader = 4;

// Whole SSTP packets in `record`; nullopt if there is anything else.
std::optional<std::size_t> PacketsIn(ByteView record) {
  std::size_t count = 0;
  while (record.size() >= kSstpHeader) {
    const std::size_t length = ((record[2] & 0x0fu) << 8) | record[3];
    if (record[0] != 0x10 || length < kSstpHeader || length > record.size()) return std::nullopt;
    record = record.subspan(length);
    ++count;
  }
  if (!record.empty()) return std::nullopt;
  return count;
}

class Records : public PacketSuite<Records> {
 protected:
  // A burst as one super-packet: `count` UDP packets of 1428 octets.
  [[nodiscard]] SuperPacket Burst(std::size_t count) {
    constexpr std::size_t kSize = 1400;
    Ipv4Fields ip;
    ip.source = kHost;
    ip.destination = client_->address();
    SuperPacket burst;
    burst.kind = SuperPacket::Kind::kUdp;
    burst.packet = MakeUdp(ip, {5000, 5000, true, {}}, Filler(count, count * kSize));
    burst.headers = burst.packet.size() - count * kSize;
    burst.segment_size = kSize;
    return burst;
  }
};

TEST_F(Records, HoldManyWholePacketsAndTheLastOfABurstIsAlone) {
  constexpr std::size_t kBursts = 20;
  constexpr std::size_t kPackets = 40;
  client_->keep_records = true;
  const std::uint64_t before = client_->connection().tls().records_received();
  std::size_t records = 0;
  for (std::size_t burst = 0; burst < kBursts; ++burst) {
    client_->received.clear();
    client_->records.clear();
    ASSERT_TRUE(port_->Send(Burst(kPackets)));
    ASSERT_TRUE(client_->PumpUntil([&] { return client_->received.size() >= kPackets; }))
        << client_->received.size();
    for (const Bytes& record : client_->records) {
      EXPECT_LE(record.size(), kLargestRecord);
      EXPECT_TRUE(PacketsIn(record)) << "a record ends inside a packet";
    }
    EXPECT_EQ(PacketsIn(client_->records.back()), 1u);
    records += client_->records.size();
  }
  EXPECT_EQ(client_->connection().tls().records_received() - before, records)
      << "the test itself takes several records for one";
  // Forty such packets fit four records, one more for the last; but how much the gateway finds at
  // one time is the kernel's business.
  EXPECT_LE(records, kBursts * kPackets / 4);
}

// Takes exactly one packet whenever the socket is readable, whatever OpenSSL still holds.
class OnePacketPerEvent {
 public:
  explicit OnePacketPerEvent(client::TlsConnection& tls) : tls_(tls) {}

  // SSTP packets taken until `count`, or until the socket stays silent for `silence`.
  std::size_t Take(std::size_t count, std::chrono::milliseconds silence) {
    std::size_t taken = 0;
    while (taken < count) {
      pollfd waiting{tls_.fd(), POLLIN, 0};
      if (poll(&waiting, 1, static_cast<int>(silence.count())) != 1) break;
      if (TakeOne()) ++taken;
    }
    return taken;
  }

 private:
  bool TakeOne() {
    if (have_ < kSstpHeader) {
      const std::size_t got = Read(kSstpHeader);
      EXPECT_TRUE(got == 0 || got == kSstpHeader) << "an SSTP header is split";
      if (got < kSstpHeader) return false;
      EXPECT_EQ(packet_[0], 0x10);
      length_ = ((packet_[2] & 0x0fu) << 8) | packet_[3];
    }
    while (have_ < length_) {
      if (Read(length_) == 0) return false;
    }
    have_ = 0;
    return true;
  }
  std::size_t Read(std::size_t until) {
    const auto size = tls_.Read(std::span(packet_).subspan(have_, until - have_));
    EXPECT_TRUE(size) << (size ? "" : size.error().message);
    have_ += size.value_or(0);
    return size.value_or(0);
  }

  client::TlsConnection& tls_;
  std::array<std::uint8_t, 4096> packet_{};
  std::size_t have_ = 0;
  std::size_t length_ = 0;
};

TEST_F(Records, AClientThatTakesOnePacketPerEventLosesNothing) {
  OnePacketPerEvent reader(client_->connection().tls());
  const std::vector<Bytes> traffic = EverySize(DownEnds());
  std::size_t next = 0;
  for (const std::size_t size : {1, 2, 1, 3, 7, 16, 30, 1, 12, 40, 2, 25}) {
    const std::size_t burst = std::min(size, DownWindow());
    for (std::size_t i = 0; i < burst; ++i) ASSERT_TRUE(port_->Send(traffic[next++]));
    EXPECT_EQ(reader.Take(burst, std::chrono::seconds(5)), burst)
        << "a packet lingers in the client";
  }
  for (const std::size_t size : {2, 11, 12, 13, 22, 23, 24, 40}) {
    ASSERT_TRUE(port_->Send(Burst(size)));
    EXPECT_EQ(reader.Take(size, std::chrono::seconds(5)), size) << "a packet lingers in the client";
  }
}

// A large queue of what is not sent yet would be a delay for everything behind it.
TEST_F(Records, TheSocketSendsAtOnceAndKeepsNoLongQueue) {
  const BorrowedSocket socket(lab().gateway().pid(), LocalPort(client_->connection().fd()));
  ASSERT_TRUE(socket.found());
  EXPECT_EQ(socket.Option(IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(socket.Option(IPPROTO_TCP, TCP_NOTSENT_LOWAT), 128 * 1024);
}

}  // namespace
}  // namespace sstpgw::test
