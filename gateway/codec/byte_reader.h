// Reads big-endian integers and octet strings off a view. Failure is sticky: once something was not
// there, everything read is zero or empty, and the caller looks at ok() once, at the end.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "gateway/codec/errors.h"
#include "proto/base/types.h"

namespace sstpgw::codec {

class ByteReader {
 public:
  // `bytes` must outlive the reader and every view it hands out.
  explicit ByteReader(ByteView bytes) : bytes_(bytes) {}

  std::uint8_t U8() { return static_cast<std::uint8_t>(Integer(1)); }
  std::uint16_t U16() { return static_cast<std::uint16_t>(Integer(2)); }
  std::uint32_t U32() { return Integer(4); }

  // The next `size` octets; empty after failure.
  ByteView Take(std::size_t size) {
    if (!ok_ || size > remaining()) {
      ok_ = false;
      return {};
    }
    const ByteView taken = bytes_.subspan(position_, size);
    position_ += size;
    return taken;
  }

  template <std::size_t N>
  std::array<std::uint8_t, N> Array() {
    std::array<std::uint8_t, N> out{};
    const ByteView taken = Take(N);
    std::copy(taken.begin(), taken.end(), out.begin());
    return out;
  }

  void Skip(std::size_t size) { static_cast<void>(Take(size)); }
  // All that is left, possibly nothing.
  ByteView Rest() { return Take(remaining()); }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t position() const { return position_; }
  [[nodiscard]] std::size_t remaining() const { return bytes_.size() - position_; }

 private:
  std::uint32_t Integer(std::size_t size) {
    std::uint32_t value = 0;
    for (const std::uint8_t octet : Take(size)) value = (value << 8) | octet;
    return value;
  }

  ByteView bytes_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace sstpgw::codec
