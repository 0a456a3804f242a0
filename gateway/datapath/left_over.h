// Decrypted input that a turn had no time for, to be used up piece by piece in later ones. There
// may be a password in it: every octet is wiped once it is used. Pure.
#pragma once

#include <cstddef>

#include "proto/base/secret.h"
#include "proto/base/types.h"

namespace sstpgw::datapath {

class LeftOver {
 public:
  LeftOver() = default;
  ~LeftOver() { SecureWipe(octets_); }
  LeftOver(const LeftOver&) = delete;
  LeftOver& operator=(const LeftOver&) = delete;

  [[nodiscard]] bool empty() const { return octets_.empty(); }
  // What is not used yet. Valid until Keep or Use.
  [[nodiscard]] ByteView view() const { return ByteView(octets_).subspan(used_); }
  // Only when empty.
  void Keep(ByteView octets) { octets_.assign(octets.begin(), octets.end()); }
  // The first `octets` of view(). With the last one the memory goes.
  void Use(std::size_t octets) {
    SecureWipe(std::span(octets_).subspan(used_, octets));
    used_ += octets;
    if (used_ < octets_.size()) return;
    Bytes().swap(octets_);
    used_ = 0;
  }

 private:
  Bytes octets_;
  std::size_t used_ = 0;
};

}  // namespace sstpgw::datapath
