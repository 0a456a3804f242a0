// Packets through one session, each compared octet by octet. The client makes and takes them
// itself; the other end is the raw cable in the namespace `inside`, behind a network whose hosts do
// not exist, so that nobody answers.
//
//   client                        server                     inside
//   PacketClient 10.0.0.x ─(TLS)─ sstp0 10.0.0.1
//   wan0 192.168.10.100 ───────── wan0 .1    lan0 10.20.0.1 ─── lan0 10.20.0.2, PacketPort
//                                 10.30.0.0/24 via 10.20.0.2
//
// All offloads of lan0 are off: what the gateway merged, the kernel has cut again before it is
// seen. Never more packets are under way than the interface's ring holds: below capacity the
// gateway must not lose one.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/netns/lab_suite.h"
#include "tests/netns/odd_traffic.h"
#include "tests/support/packet_client.h"
#include "tests/support/packet_port.h"

namespace sstpgw::test {

template <class Suite>
class PacketSuite : public LabSuite<Suite> {
 public:
  // A line per packet would cost more than the packet.
  static LabConfig Config() {
    LabConfig config;
    config.log_level = 3;
    return config;
  }

 protected:
  using Base = LabSuite<Suite>;

  static void SetUpTestSuite() {
    Base::SetUpTestSuite();
    if (!Base::started_) return;
    Base::lab().server().Ip("route add 10.30.0.0/24 via 10.20.0.2");
    DisableOffloads(Base::lab().server(), "lan0");
    DisableOffloads(Base::lab().inside(), "lan0");
  }
  void SetUp() override {
    Base::SetUp();
    if (this->IsSkipped() || this->HasFatalFailure()) return;
    DialIn();
  }
  void TearDown() override {
    if (client_) Base::HangUp(client_->dialer());
    client_.reset();
    port_.reset();
    Base::TearDown();
  }

  void DialIn() {
    Lab& lab = Base::lab();
    port_ = std::make_unique<PacketPort>(PacketPort::End{lab.inside(), "lan0"},
                                         PacketPort::End{lab.server(), "lan0"}, kNetwork);
    client_ = std::make_unique<PacketClient>(lab.client(), lab.address());
    ASSERT_TRUE(client_->DialUp()) << client_->dialer().failure().detail;
    ASSERT_TRUE(Base::WaitActive());
    const std::string link = lab.server().Ip("-o link show type tun");
    const std::size_t at = link.find("qlen ");
    ASSERT_NE(at, std::string::npos) << link;
    ring_ = std::strtoul(link.c_str() + at + 5, nullptr, 10);
    ASSERT_GT(ring_, 0u);
  }

  [[nodiscard]] Ends UpEnds() { return {client_->address(), kHost}; }
  [[nodiscard]] Ends DownEnds() { return {kHost, client_->address()}; }

  // What of `packets` arrives inside.
  std::vector<Bytes> PassUp(const std::vector<Bytes>& packets, RecordFill fill) {
    std::vector<Bytes> received;
    for (std::size_t at = 0; at < packets.size();) {
      const std::size_t size = std::min(kUpWindow, packets.size() - at);
      client_->Send(std::span(packets).subspan(at, size), fill);
      at += size;
      const auto all = [&] {
        port_->Receive(received);
        return received.size() >= at;
      };
      if (!client_->PumpUntil(all, port_->fd())) break;
    }
    EXPECT_EQ(port_->Overflows(), 0u) << "the test itself loses packets";
    return received;
  }
  // What of `packets`, sent from inside, the client gets.
  std::vector<Bytes> PassDown(const std::vector<Bytes>& packets) {
    client_->received.clear();
    for (std::size_t at = 0; at < packets.size();) {
      for (const std::size_t end = std::min(at + DownWindow(), packets.size()); at < end; ++at) {
        EXPECT_TRUE(port_->Send(packets[at]));
      }
      if (!client_->PumpUntil([&] { return client_->received.size() >= at; })) break;
    }
    return std::move(client_->received);
  }
  [[nodiscard]] std::size_t DownWindow() const { return std::min(ring_, kDownWindow); }

  static constexpr std::array<std::uint8_t, 3> kNetwork{10, 30, 0};
  static constexpr Ipv4Address kHost{0x0a1e0007};
  static constexpr std::size_t kUpWindow = 64;
  static constexpr std::size_t kDownWindow = 40;

  std::unique_ptr<PacketPort> port_;
  std::unique_ptr<PacketClient> client_;
  std::size_t ring_ = 0;  // packets that the session's interface holds
};

}  // namespace sstpgw::test
