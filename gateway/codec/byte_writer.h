// Appends big-endian integers and octet strings to a buffer, up to a limit. Failure is sticky: what
// would pass the limit, or patch octets that are not there, is left out and ok() turns false.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

#include "proto/base/types.h"

namespace sstpgw::codec {

class ByteWriter {
 public:
  // Appends to `out`, which must outlive the writer. `limit` bounds the octets this writer adds.
  explicit ByteWriter(Bytes& out, std::size_t limit = std::numeric_limits<std::size_t>::max())
      : out_(out), start_(out.size()), limit_(limit) {}

  void U8(std::uint8_t value) {
    if (Fits(1)) out_.push_back(value);
  }
  void U16(std::uint16_t value) {
    if (!Fits(2)) return;
    out_.push_back(static_cast<std::uint8_t>(value >> 8));
    out_.push_back(static_cast<std::uint8_t>(value));
  }
  void U32(std::uint32_t value) {
    if (!Fits(4)) return;
    U16(static_cast<std::uint16_t>(value >> 16));
    U16(static_cast<std::uint16_t>(value));
  }
  void Raw(ByteView bytes) {
    if (Fits(bytes.size())) out_.insert(out_.end(), bytes.begin(), bytes.end());
  }
  void Text(std::string_view text) {
    if (Fits(text.size())) out_.insert(out_.end(), text.begin(), text.end());
  }
  void Zeros(std::size_t count) {
    if (Fits(count)) out_.insert(out_.end(), count, std::uint8_t{0});
  }
  // Overwrites two octets written before, `at` octets from where this writer began.
  void PatchU16(std::size_t at, std::uint16_t value) {
    if (at + 2 > written()) {
      ok_ = false;
      return;
    }
    out_[start_ + at] = static_cast<std::uint8_t>(value >> 8);
    out_[start_ + at + 1] = static_cast<std::uint8_t>(value);
  }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t written() const { return out_.size() - start_; }

 private:
  bool Fits(std::size_t size) {
    if (size > limit_ - written()) ok_ = false;
    return ok_;
  }

  Bytes& out_;
  std::size_t start_;
  std::size_t limit_;
  bool ok_ = true;
};

}  // namespace sstpgw::codec
