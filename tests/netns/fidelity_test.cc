// No packet is reordered, lost or altered below capacity: hand-made packets of all kinds and sizes
// in both directions, one per record, in full records and in records that cut them at every
// offset; super-packets; and what sockets make of large writes. See packet_suite.h for the cables.
//
// IPv4 only: sessions carry no IPv6 yet.
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/netns/packet_suite.h"
#include "tests/support/borrowed_socket.h"
#include "tests/support/tcp_bulk.h"

namespace sstpgw::test {
namespace {

struct NamedTraffic {
  const char* name;
  std::vector<Bytes> (*make)(const Ends&);
};

class Fidelity : public PacketSuite<Fidelity> {
 protected:
  static std::vector<NamedTraffic> Kinds() {
    return {{"every size", EverySize},
            {"runs of TCP", TcpRuns},
            {"odd TCP", OddTcp},
            {"runs of UDP", UdpRuns},
            {"no flows", NoFlows},
            {"mixture 1", [](const Ends& ends) { return Mixture(ends, 1, 1500); }},
            {"mixture 2", [](const Ends& ends) { return Mixture(ends, 2, 1500); }},
            {"many flows", [](const Ends& ends) { return Mixture(ends, 5, 1500, 24); }}};
  }
  // Counters of the session in the table, by column.
  static double Counted(const char* column) {
    return lab().SessionWith("username", "test").value_or(Json{}).at(column).number();
  }
  // Every packet counts as one, whatever it was merged into or cut out of.
  static void ExpectCounted(const char* direction, std::size_t packets, std::size_t octets) {
    const std::string prefix = direction;
    EXPECT_TRUE(WaitUntil(
        [&] {
          return Counted((prefix + "-pkts").c_str()) == static_cast<double>(packets) &&
                 Counted((prefix + "-bytes-raw").c_str()) == static_cast<double>(octets);
        },
        kPatience))
        << prefix << ": " << Counted((prefix + "-pkts").c_str()) << " of " << packets
        << " packets, " << Counted((prefix + "-bytes-raw").c_str()) << " of " << octets;
  }
};

std::size_t Octets(const std::vector<Bytes>& packets) {
  std::size_t sum = 0;
  for (const Bytes& packet : packets) sum += packet.size();
  return sum;
}

class FidelityUp : public Fidelity, public ::testing::WithParamInterface<RecordFill> {};

TEST_P(FidelityUp, EveryKindArrivesAsItWasSent) {
  std::size_t packets = 0;
  std::size_t octets = 0;
  for (const NamedTraffic& kind : Kinds()) {
    const std::vector<Bytes> sent = kind.make(UpEnds());
    EXPECT_EQ(Difference(AllForwarded(sent), PassUp(sent, GetParam())), "") << kind.name;
    packets += sent.size();
    octets += Octets(sent);
    if (HasFailure()) return;
  }
  ExpectCounted("rx", packets, octets);
}

std::string NameOf(const ::testing::TestParamInfo<RecordFill>& info) {
  constexpr std::array<const char*, 3> kNames{"OnePacket", "Full", "Straddling"};
  return kNames.at(static_cast<std::size_t>(info.param));
}
INSTANTIATE_TEST_SUITE_P(Records, FidelityUp,
                         ::testing::Values(RecordFill::kOnePacket, RecordFill::kFull,
                                           RecordFill::kStraddling),
                         NameOf);

TEST_F(Fidelity, DownEveryKindArrivesAsItWasSent) {
  std::size_t packets = 0;
  std::size_t octets = 0;
  for (const NamedTraffic& kind : Kinds()) {
    const std::vector<Bytes> sent = kind.make(DownEnds());
    EXPECT_EQ(Difference(AllForwarded(sent), PassDown(sent)), "") << kind.name;
    packets += sent.size();
    octets += Octets(sent);
    if (HasFailure()) return;
  }
  ExpectCounted("tx", packets, octets);
}

TEST_F(Fidelity, DownSuperPacketsAreCutAsARouterWouldSeeThem) {
  std::size_t number = 0;
  for (const SuperCase& one : SuperCases(DownEnds())) {
    client_->received.clear();
    ASSERT_TRUE(port_->Send(one.super));
    client_->PumpUntil([&] { return client_->received.size() >= one.segments.size(); });
    EXPECT_EQ(Difference(AllForwarded(one.segments), client_->received), "")
        << "case " << number << ": " << one.super.packet.size() << " octets in segments of "
        << one.super.segment_size;
    if (HasFailure()) return;
    ++number;
  }
}

// What one session's worker has merged, another's must cut again: no interface in between does.
TEST_F(Fidelity, FromOneSessionToAnotherEveryKindArrivesAsItWasSent) {
  client::ClientOptions options = TestUser();
  options.user = options.password = "witness";
  PacketClient other(lab().client(), lab().address(), options);
  ASSERT_TRUE(other.DialUp());
  ASSERT_TRUE(WaitActive("witness"));
  const std::size_t window = std::min<std::size_t>(DownWindow(), 16);
  for (const NamedTraffic& kind : Kinds()) {
    const std::vector<Bytes> sent = kind.make({client_->address(), other.address()});
    other.received.clear();
    for (std::size_t at = 0; at < sent.size();) {
      const std::size_t size = std::min(window, sent.size() - at);
      client_->Send(std::span(sent).subspan(at, size), RecordFill::kFull);
      at += size;
      ASSERT_TRUE(client_->PumpUntil([&] { return client_->connection().backlog() == 0; }));
      if (!other.PumpUntil([&] { return other.received.size() >= at; })) break;
    }
    EXPECT_EQ(Difference(AllForwarded(sent), other.received), "") << kind.name;
    if (HasFailure()) break;
  }
  HangUp(other.dialer(), 1);
}

// A stream of small packets, cut in two at each of its octets: the gateway has read the first part
// before the second leaves.
TEST_F(Fidelity, UpAPacketMayBeCutBetweenTwoReadsAtEveryOffset) {
  const Ends ends = UpEnds();
  Ipv4Fields ip;
  ip.source = ends.source;
  ip.destination = ends.destination;
  std::vector<Bytes> sent;
  for (std::uint16_t i = 0; i < 3; ++i) sent.push_back(MakeUdp(ip, {7, i, true, {}}, Filler(i, i)));
  TcpFields tcp;
  sent.push_back(MakeTcp(ip, tcp, Filler(1, 9)));
  tcp.sequence += 9;
  sent.push_back(MakeTcp(ip, tcp, Filler(2, 9)));
  const Bytes stream = Framed(sent);
  const BorrowedSocket socket(lab().gateway().pid(), LocalPort(client_->connection().fd()));
  ASSERT_TRUE(socket.found());
  for (std::size_t cut = 1; cut < stream.size(); ++cut) {
    std::vector<Bytes> received;
    client_->SendRecord(ByteView(stream).first(cut));
    const auto read = [&] {
      port_->Receive(received);
      return client_->connection().backlog() == 0 && socket.Unread() == 0;
    };
    ASSERT_TRUE(client_->PumpUntil(read, port_->fd())) << cut;
    client_->SendRecord(ByteView(stream).subspan(cut));
    const auto all = [&] {
      port_->Receive(received);
      return received.size() >= sent.size();
    };
    ASSERT_TRUE(client_->PumpUntil(all, port_->fd())) << cut;
    ASSERT_EQ(Difference(AllForwarded(sent), received), "") << "cut at " << cut;
  }
}

// The same path with its devices for speed switched off: one packet per record, nothing merged.
class PacketAtATime : public PacketSuite<PacketAtATime> {
 public:
  static LabConfig Config() {
    LabConfig config = PacketSuite::Config();
    config.extra = "data-path: { super-packets: false, fill-records: false }";
    return config;
  }
};

TEST_F(PacketAtATime, PacketsArriveAsTheyWereSentEachInItsRecord) {
  for (const std::uint64_t seed : {3u, 4u}) {
    const std::vector<Bytes> up = Mixture(UpEnds(), seed, 1000);
    EXPECT_EQ(Difference(AllForwarded(up), PassUp(up, RecordFill::kStraddling)), "");
    const std::vector<Bytes> down = Mixture(DownEnds(), seed, 1000);
    const std::uint64_t records = client_->connection().tls().records_received();
    EXPECT_EQ(Difference(AllForwarded(down), PassDown(down)), "");
    EXPECT_EQ(client_->connection().tls().records_received() - records, down.size());
  }
}

}  // namespace
}  // namespace sstpgw::test
