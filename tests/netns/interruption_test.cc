// Traffic with something in between: control packets, frames that are not the session's, the end of
// the session, an interface that is down or taken away. What is sent before arrives, what is sent
// after fares as it should, and every packet is counted once. See packet_suite.h for the cables.
#include <array>
#include <atomic>
#include <thread>

#include "tests/netns/packet_suite.h"

namespace sstpgw::test {
namespace {

using client::SstpControl;
using client::SstpData;

constexpr std::uint16_t kIpv6 = 0x0057;

void Append(Bytes& stream, const Bytes& octets) {
  stream.insert(stream.end(), octets.begin(), octets.end());
}

double Number(std::size_t count) { return static_cast<double>(count); }

class Interruption : public PacketSuite<Interruption> {
 protected:
  void SendInRecords(const Bytes& stream, std::size_t size) {
    for (std::size_t at = 0; at < stream.size(); at += size) {
      client_->SendRecord(ByteView(stream).subspan(at, std::min(size, stream.size() - at)));
    }
  }
  static std::string InterfaceName() {
    return lab().SessionWith("username", "test").value_or(Json{}).at("ifname").text();
  }
  // What comes inside until `count` packets have.
  std::vector<Bytes> Arrive(std::size_t count) {
    std::vector<Bytes> received;
    client_->PumpUntil(
        [&] {
          port_->Receive(received);
          return received.size() >= count;
        },
        port_->fd());
    return received;
  }
  std::size_t Replies(const std::function<bool(const client::SstpPacket&)>& wanted) {
    std::size_t count = 0;
    for (const client::TraceEntry& entry : client_->dialer().session().trace()) {
      if (entry.from_server && wanted(entry.packet)) ++count;
    }
    return count;
  }
};

bool IsSstpEchoReply(const client::SstpPacket& packet) {
  return packet.message_type() == client::kSstpEchoResponse;
}
bool IsLcp(const client::SstpPacket& packet, std::uint8_t code) {
  const auto frame = packet.frame();
  if (!frame || frame->protocol != client::kLcp) return false;
  const auto control = client::ParsePppControl(frame->information);
  return control && control->code == code;
}

// More of them than the gateway does in one turn.
TEST_F(Interruption, ControlPacketsAmongDataKeepTheirPlaceAndAreAnswered) {
  const std::vector<Bytes> sent = Mixture(UpEnds(), 11, 600);
  Bytes stream;
  std::size_t requests = 0;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    Append(stream, SstpData(client::kIpv4, sent[i]));
    if (i % 3 != 0) continue;
    ++requests;
    Append(stream, SstpControl(client::kSstpEchoRequest, {}));
    Append(stream, client::SstpPpp(client::kLcp, {client::kEchoReq, static_cast<std::uint8_t>(i),
                                                  client::Be32(0)}));
  }
  SendInRecords(stream, 5000);
  EXPECT_EQ(Difference(AllForwarded(sent), Arrive(sent.size())), "");
  const auto lcp = [](const auto& packet) { return IsLcp(packet, client::kEchoRep); };
  EXPECT_TRUE(client_->PumpUntil([&] {
    return Replies(IsSstpEchoReply) == requests && Replies(lcp) == requests;
  })) << Replies(IsSstpEchoReply)
      << " and " << Replies(lcp) << " of " << requests;
}

TEST_F(Interruption, FramesOfAllFormsAreTheSameAndForeignOnesAreDropped) {
  const std::vector<Bytes> sent = Mixture(UpEnds(), 12, 600);
  const std::vector<Bytes> foreign =
      Mixture({Ipv4Address(client_->address().value() + 1), kHost}, 12, 600);
  const std::array<const char*, 4> heads{"ff030021", "0021", "ff0321", "21"};
  const double spoofed = lab().Statistic("up_dropped_spoofed");
  const double malformed = lab().Statistic("up_dropped_malformed");
  Bytes stream;
  std::size_t foreigners = 0;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const Bytes head = client::FromHex(heads[i / 5 % heads.size()]);
    // Octets behind the packet's own length belong to nobody.
    const Bytes information = client::Concat({head, sent[i], Bytes(i % 7 == 0 ? 9 : 0, 0xee)});
    const auto length = static_cast<std::uint16_t>(4 + information.size());
    Append(stream, client::Concat({{0x10, 0}, client::Be16(length), information}));
    if (i % 4 == 1) {
      ++foreigners;
      Append(stream, SstpData(client::kIpv4, foreign[i]));
      Append(stream, SstpData(client::kIpv4, Spoiled(sent[i], 0)));  // no version 4
    }
    if (i % 50 == 2) Append(stream, SstpData(kIpv6, Filler(i, 60)));
  }
  SendInRecords(stream, 16384);
  EXPECT_EQ(Difference(AllForwarded(sent), Arrive(sent.size())), "");
  EXPECT_TRUE(lab().WaitStatistic("up_dropped_spoofed", spoofed + Number(foreigners)));
  EXPECT_TRUE(lab().WaitStatistic("up_dropped_malformed", malformed + Number(foreigners)));
  EXPECT_EQ(lab().Statistic("up_dropped_spoofed"), spoofed + Number(foreigners));
  EXPECT_EQ(lab().Statistic("up_dropped_malformed"), malformed + Number(foreigners));
}

TEST_F(Interruption, WhatComesBeforeAGoodbyeArrivesAndNothingAfter) {
  for (const bool in_one_record : {true, false}) {
    const std::vector<Bytes> before = UdpRuns(UpEnds());
    const std::vector<Bytes> sent(before.begin(), before.begin() + 40);
    const std::vector<Bytes> after(before.begin() + 40, before.begin() + 60);
    Bytes stream = Framed(sent);
    Append(stream, client::SstpWithStatus(client::kCallDisconnect, 0, 0));
    Append(stream, Framed(after));
    SendInRecords(stream, in_one_record ? 16384 : 100);
    std::vector<Bytes> received = Arrive(sent.size());
    EXPECT_TRUE(client_->dialer().DriveUntilFinished());
    EXPECT_TRUE(lab().WaitSessions(0));
    port_->Receive(received);
    EXPECT_EQ(Difference(AllForwarded(sent), received), "");
    if (in_one_record) DialIn();
  }
}

TEST_F(Interruption, PacketsForAnInterfaceThatIsDownAreCountedAndLaterOnesPass) {
  const std::string name = InterfaceName();
  const std::vector<Bytes> sent = Mixture(UpEnds(), 13, 300);
  const double refused = lab().Statistic("up_dropped_interface");
  const auto passed = [] {
    return lab().SessionWith("username", "test").value_or(Json{}).at("rx-pkts").number();
  };
  lab().server().Ip("link set " + name + " down");
  client_->Send(sent, RecordFill::kFull);
  EXPECT_TRUE(client_->PumpUntil([&] {
    return lab().Statistic("up_dropped_interface") >= refused + Number(sent.size());
  })) << lab().Statistic("up_dropped_interface")
      << ", before " << refused;
  EXPECT_EQ(lab().Statistic("up_dropped_interface"), refused + Number(sent.size()));
  EXPECT_EQ(passed(), 0);
  lab().server().Ip("link set " + name + " up");
  EXPECT_EQ(Difference(AllForwarded(sent), PassUp(sent, RecordFill::kFull)), "");
  EXPECT_TRUE(WaitUntil([&] { return passed() == Number(sent.size()); }, kPatience)) << passed();
}

TEST_F(Interruption, AnInterfaceTakenAwayUnderTrafficEndsTheSession) {
  const std::string name = InterfaceName();
  const std::vector<Bytes> up = Mixture(UpEnds(), 14, 200);
  const std::vector<Bytes> down = Mixture(DownEnds(), 14, 20);
  std::atomic<bool> taken{false};
  std::thread taking([&] {
    lab().server().Ip("link del " + name);
    taken = true;
  });
  const auto end = client::Now() + kPatience;
  while (!client_->connection().finished() && client::Now() < end) {
    if (client_->connection().backlog() == 0) client_->Send(up, RecordFill::kFull);
    if (!taken) {
      for (const Bytes& packet : down) port_->Send(packet);
    }
    std::vector<Bytes> received;
    port_->Receive(received);
    client_->PumpUntil([&] { return client_->connection().finished(); }, -1,
                       std::chrono::milliseconds(5));
  }
  taking.join();
  EXPECT_TRUE(client_->connection().finished());
  EXPECT_TRUE(lab().WaitSessions(0));
  EXPECT_TRUE(lab().control_plane().WaitForLine("interface was removed from outside", kPatience));
}

}  // namespace
}  // namespace sstpgw::test
