#include <unistd.h>

#include <algorithm>
#include <array>

#include "tests/client/data_path.h"

namespace sstpgw::client {
namespace {

constexpr int kPacketsPerTurn = 64;

class PacketPath final : public DataPath {
 public:
  PacketPath(const TunInterface& tun, Connection& connection)
      : tun_(tun), connection_(connection) {}

  void FromTun() override {
    ClientSession& session = *connection_.session();
    for (int i = 0; i < kPacketsPerTurn && connection_.backlog() == 0; ++i) {
      const std::size_t header = session.frame_header_size();
      const ssize_t size = read(tun_.fd(), frame_.data() + header, frame_.size() - header);
      if (size <= 0) return;
      const auto frame = std::span(frame_).first(header + static_cast<std::size_t>(size));
      // The kernel's own IPv6 chatter is not for a session without.
      const bool ipv6 = ProtocolOfIp(frame.subspan(header)) == kIpv6;
      if ((ipv6 && !session.facts().ipv6_up) || !session.FinishFrame(frame)) continue;
      connection_.WriteRecord(frame);
      connection_.Flush();
    }
  }

  void OnIpPacket(ByteView packet) override {
    [[maybe_unused]] const ssize_t written = write(tun_.fd(), packet.data(), packet.size());
  }
  void OnReceiveEnd() override {}

 private:
  const TunInterface& tun_;
  Connection& connection_;
  std::array<std::uint8_t, kIpFrameHeader + kMaxIp> frame_{};
};

}  // namespace

std::unique_ptr<DataPath> MakePacketPath(const TunInterface& tun, Connection& connection) {
  return std::make_unique<PacketPath>(tun, connection);
}

}  // namespace sstpgw::client
