// Where one is in a stream of TLS records: between two of them or inside one. A record is a header
// of 5 octets, the last two of which are the size of what follows (RFC 8446 5.1). Pure.
#pragma once

#include <algorithm>
#include <cstddef>

#include "proto/base/types.h"

namespace sstpgw::edge {

class RecordCursor {
 public:
  void Advance(ByteView octets) {
    while (!octets.empty()) {
      std::size_t used = 1;
      if (header_ < kHeader) {
        if (header_ >= kHeader - 2) left_ = left_ << 8 | octets.front();
        ++header_;
      } else {
        used = std::min(left_, octets.size());
        left_ -= used;
      }
      octets = octets.subspan(used);
      if (header_ == kHeader && left_ == 0) header_ = 0;
    }
  }
  [[nodiscard]] bool between_records() const { return header_ == 0; }

 private:
  static constexpr std::size_t kHeader = 5;

  std::size_t header_ = 0;  // octets of it that were seen
  std::size_t left_ = 0;    // of what follows it
};

}  // namespace sstpgw::edge
