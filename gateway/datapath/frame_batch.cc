#include "gateway/datapath/frame_batch.h"

#include <algorithm>

#include "gateway/datapath/packet_fields.h"

namespace sstpgw::datapath {
namespace {

constexpr std::size_t kMinFrame = codec::kDataHeaderSize + kIpv4HeaderSize;

}  // namespace

FrameBatch::FrameBatch(std::size_t capacity)
    : buffer_(std::max(capacity, codec::kMaxSstpPacket)),
      offsets_(buffer_.size() / kMinFrame + 1) {}

std::span<std::uint8_t> FrameBatch::Space(std::size_t size) {
  if (size > kMaxPacket || buffer_.size() - used_ < codec::kDataHeaderSize + size) return {};
  return std::span(buffer_).subspan(used_ + codec::kDataHeaderSize, size);
}

void FrameBatch::Commit(codec::PppProtocol protocol, std::size_t size) {
  const auto header = codec::DataHeaderBytes(protocol, size);
  std::copy(header.begin(), header.end(), buffer_.data() + used_);
  used_ += header.size() + size;
  offsets_[++packets_] = static_cast<std::uint32_t>(used_);
}

void FrameBatch::Clear() {
  used_ = 0;
  packets_ = 0;
}

ByteView FrameBatch::NextRecord(std::size_t& first, std::size_t max_record) const {
  if (first >= packets_) return {};
  const std::size_t begin = Offset(first);
  const std::size_t limit = begin + std::min(max_record, kMaxRecord);
  std::size_t end = first + 1;
  while (end + 1 < packets_ && Offset(end + 1) <= limit) ++end;
  first = end;
  return ByteView(buffer_).subspan(begin, Offset(end) - begin);
}

}  // namespace sstpgw::datapath
