// A string of octets that must not be seen: wiped when destroyed or assigned over, not printable,
// moved not copied. Copy() makes the rare second one visible in the source. Compare with Equal
// (constant time).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "proto/base/types.h"

namespace sstpgw {

class Secret {
 public:
  Secret() = default;
  explicit Secret(ByteView bytes) : bytes_(bytes.begin(), bytes.end()) {}
  explicit Secret(std::string_view text) : bytes_(text.begin(), text.end()) {}
  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) { other.bytes_.clear(); }
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { Wipe(); }

  [[nodiscard]] Secret Copy() const { return Secret(ByteView(bytes_)); }
  // Valid until this object is assigned, wiped or destroyed.
  [[nodiscard]] ByteView Reveal() const { return bytes_; }
  [[nodiscard]] std::string_view RevealText() const {
    return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()};
  }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  void Wipe();

 private:
  std::vector<std::uint8_t> bytes_;
};

// Takes the same time wherever the first difference is. Lengths are not secret.
[[nodiscard]] bool ConstantTimeEqual(ByteView a, ByteView b);

// Overwrites in a way the compiler may not remove.
void SecureWipe(std::span<std::uint8_t> bytes);

}  // namespace sstpgw
