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
    for (int i = 0; i < kPacketsPerTurn && connection_.backlog() == 0; ++i) {
      const ssize_t read_size = read(tun_.fd(), frame_.data() + kIpv4FrameHeader, kMaxIpv4);
      if (read_size <= 0) return;
      const auto size = static_cast<std::size_t>(read_size);
      if ((frame_[kIpv4FrameHeader] >> 4) != 4) continue;  // the kernel's own IPv6 chatter
      const auto header = Ipv4FrameHeader(size);
      std::copy(header.begin(), header.end(), frame_.begin());
      connection_.WriteRecord(ByteView(frame_).first(kIpv4FrameHeader + size));
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
  std::array<std::uint8_t, kIpv4FrameHeader + kMaxIpv4> frame_{};
};

}  // namespace

std::unique_ptr<DataPath> MakePacketPath(const TunInterface& tun, Connection& connection) {
  return std::make_unique<PacketPath>(tun, connection);
}

}  // namespace sstpgw::client
