#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "gateway/datapath/coalescer.h"
#include "gateway/datapath/segmenter.h"
#include "gateway/datapath/vnet_header.h"
#include "tests/client/data_path.h"

namespace sstpgw::client {
namespace {

using datapath::Segmenter;

constexpr std::size_t kRecord = 16384;                   // RFC 8446 5.1
constexpr std::size_t kBatch = std::size_t{128} * 1024;  // frames gathered before they are sent
constexpr std::size_t kTunRead = datapath::kVnetHeaderSize + 65535;
constexpr int kBatchesPerTurn = 8;

class TunSink final : public datapath::PacketSink {
 public:
  explicit TunSink(int fd) : fd_(fd) {}
  void OnPacket(std::span<const ByteView> parts, std::size_t /*packets*/,
                std::size_t /*bytes*/) override {
    std::size_t count = 0;
    for (const ByteView part : parts.first(std::min(parts.size(), vectors_.size()))) {
      vectors_[count++] = {const_cast<std::uint8_t*>(part.data()), part.size()};
    }
    [[maybe_unused]] const ssize_t written = writev(fd_, vectors_.data(), static_cast<int>(count));
  }

 private:
  int fd_;
  std::array<iovec, 1024> vectors_{};  // as many as writev takes
};

class SuperPacketPath final : public DataPath {
 public:
  SuperPacketPath(const TunInterface& tun, Connection& connection)
      : tun_(tun), connection_(connection), sink_(tun.fd()), batch_(kBatch), packet_(kTunRead) {
    coalescer_.Begin({.tcp = tun.tcp_segments(), .udp = tun.udp_segments()}, sink_);
  }

  void FromTun() override {
    for (int i = 0; i < kBatchesPerTurn && connection_.backlog() == 0; ++i) {
      const bool drained = FillBatch();
      SendBatch();
      connection_.Flush();
      if (drained) return;
    }
  }

  void OnIpPacket(ByteView packet) override { coalescer_.Add(packet); }
  void OnReceiveEnd() override { coalescer_.Flush(); }

 private:
  // Reads and frames until about half a batch is there; true if the TUN has no more.
  bool FillBatch() {
    ClientSession& session = *connection_.session();
    while (used_ < kBatch / 2) {
      const ssize_t size = read(tun_.fd(), packet_.data(), packet_.size());
      if (size <= 0) return true;
      auto segments = Segmenter::Parse(ByteView(packet_).first(static_cast<std::size_t>(size)));
      if (!segments || (segments->ipv6() && !session.facts().ipv6_up)) continue;
      while (!segments->done()) Frame(session, *segments);
    }
    return false;
  }

  void Frame(ClientSession& session, Segmenter& segments) {
    const std::size_t header = session.frame_header_size();
    const std::size_t size = header + segments.next_size();
    if (size > batch_.size() - used_) SendBatch();
    const auto frame = std::span(batch_).subspan(used_, size);
    segments.Emit(frame.subspan(header));
    if (session.FinishFrame(frame)) used_ += size;
  }

  void SendBatch() {
    ByteView frames = ByteView(batch_).first(used_);
    while (!frames.empty()) {
      const std::size_t size = std::min(frames.size(), kRecord);
      connection_.WriteRecord(frames.first(size));
      frames = frames.subspan(size);
    }
    used_ = 0;
  }

  const TunInterface& tun_;
  Connection& connection_;
  TunSink sink_;
  datapath::Coalescer coalescer_;
  std::vector<std::uint8_t> batch_;  // frames [0, used_)
  std::size_t used_ = 0;
  std::vector<std::uint8_t> packet_;
};

}  // namespace

std::unique_ptr<DataPath> MakeSuperPacketPath(const TunInterface& tun, Connection& connection) {
  return std::make_unique<SuperPacketPath>(tun, connection);
}

}  // namespace sstpgw::client
