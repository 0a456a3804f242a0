// Writing and reading the octets of what is kept: numbers in network order, text with a length of
// two octets in front. Internal to controlplane/accounting.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proto/base/types.h"

namespace sstpgw::cp::accounting {

// Far in the future, and sums and differences of such times do not overflow.
inline constexpr std::uint64_t kMaxUnixSeconds = std::uint64_t{1} << 60;

class OctetWriter {
 public:
  void U8(std::uint8_t value) { octets_.push_back(value); }
  void U16(std::uint16_t value) { Number(value, 2); }
  void U32(std::uint32_t value) { Number(value, 4); }
  void U64(std::uint64_t value) { Number(value, 8); }
  // Never negative.
  void UnixSeconds(std::int64_t value) {
    U64(std::min(value > 0 ? static_cast<std::uint64_t>(value) : 0, kMaxUnixSeconds));
  }
  void Raw(ByteView octets) { octets_.insert(octets_.end(), octets.begin(), octets.end()); }
  // At most 65535 octets.
  void Blob(ByteView octets) {
    U16(static_cast<std::uint16_t>(octets.size()));
    Raw(octets);
  }
  void Text(std::string_view text) {
    Blob({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  }
  [[nodiscard]] Bytes Take() { return std::move(octets_); }

 private:
  void Number(std::uint64_t value, int size) {
    for (int shift = (size - 1) * 8; shift >= 0; shift -= 8) {
      octets_.push_back(static_cast<std::uint8_t>(value >> shift));
    }
  }
  Bytes octets_;
};

// After the first thing that is not there all further ones are zero and empty, and ok() is false.
// Views live as long as what is read.
class OctetReader {
 public:
  explicit OctetReader(ByteView octets) : rest_(octets) {}

  std::uint8_t U8() { return static_cast<std::uint8_t>(Number(1)); }
  std::uint16_t U16() { return static_cast<std::uint16_t>(Number(2)); }
  std::uint32_t U32() { return static_cast<std::uint32_t>(Number(4)); }
  std::uint64_t U64() { return Number(8); }
  std::int64_t UnixSeconds() {
    const std::uint64_t value = Number(8);
    if (value <= kMaxUnixSeconds) return static_cast<std::int64_t>(value);
    Refuse();
    return 0;
  }
  ByteView Raw(std::size_t size) {
    if (!ok_ || size > rest_.size()) {
      Refuse();
      return {};
    }
    const ByteView part = rest_.first(size);
    rest_ = rest_.subspan(size);
    return part;
  }
  // Longer than `limit` is refused.
  ByteView Blob(std::size_t limit) {
    const std::size_t size = U16();
    if (size > limit) Refuse();
    return Raw(size);
  }
  std::string Text(std::size_t limit) {
    const ByteView text = Blob(limit);
    return {text.begin(), text.end()};
  }
  // A number below `end`.
  std::uint8_t Below(std::uint8_t end) {
    const std::uint8_t value = U8();
    if (value >= end) Refuse();
    return value;
  }

  void Refuse() { ok_ = false; }
  [[nodiscard]] bool ok() const { return ok_; }
  // All was there and nothing is left.
  [[nodiscard]] bool AtEnd() const { return ok_ && rest_.empty(); }

 private:
  std::uint64_t Number(std::size_t size) {
    std::uint64_t value = 0;
    for (const std::uint8_t octet : Raw(size)) value = (value << 8) | octet;
    return value;
  }
  ByteView rest_;
  bool ok_ = true;
};

}  // namespace sstpgw::cp::accounting
