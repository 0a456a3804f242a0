#include "gateway/datapath/downlink.h"

#include <algorithm>

#include "gateway/codec/ppp_frame.h"

namespace sstpgw::datapath {
namespace {

constexpr std::size_t kMinIpv4Header = 20;
static_assert(FrameBatch::kMaxPacket == codec::kMaxPppPayload);

}  // namespace

FrameBatch::FrameBatch(std::size_t capacity) : buffer_(std::max(capacity, codec::kMaxSstpPacket)) {}

std::span<std::uint8_t> FrameBatch::Space() {
  if (buffer_.size() - used_ < codec::kMaxSstpPacket) return {};
  return std::span(buffer_).subspan(used_ + codec::kDataHeaderSize, kMaxPacket);
}

void FrameBatch::Clear() {
  used_ = 0;
  last_ = 0;
  packets_ = 0;
}

bool Downlink::Commit(FrameBatch& batch, std::size_t size) {
  if (!open_) {
    ++counters_.dropped_closed;
    return false;
  }
  const std::span<const std::uint8_t> space = batch.Space();
  if (size < kMinIpv4Header || size > space.size() || (space[0] >> 4) != 4) {
    ++counters_.dropped_malformed;
    return false;
  }
  const auto header = codec::DataHeaderBytes(codec::PppProtocol::kIpv4, size);
  std::copy(header.begin(), header.end(),
            batch.buffer_.begin() + static_cast<std::ptrdiff_t>(batch.used_));
  batch.last_ = batch.used_;
  batch.used_ += header.size() + size;
  ++batch.packets_;
  ++counters_.packets;
  counters_.bytes += size;
  return true;
}

bool Downlink::Append(FrameBatch& batch, ByteView packet) {
  const std::span<std::uint8_t> space = batch.Space();
  if (space.empty()) return false;
  if (packet.size() <= space.size()) std::copy(packet.begin(), packet.end(), space.begin());
  return Commit(batch, packet.size());
}

}  // namespace sstpgw::datapath
