// How much decrypted input a client may give in one read. Large reads are cheap for large packets;
// of the smallest ones they hold so many that others would wait for milliseconds. Pure.
#pragma once

#include <algorithm>
#include <cstddef>

namespace sstpgw::datapath {

class ReadRoom {
 public:
  static constexpr std::size_t kLeast = 16 * 1024;
  static constexpr std::size_t kMost = 256 * 1024;

  [[nodiscard]] std::size_t size() const { return size_; }
  // A turn with reads of this size was too much work.
  void Shrink() { size_ = std::max(size_ / 2, kLeast); }
  // A turn with all the reads it may have was not, and there was more to come.
  void Grow() { size_ = std::min(size_ * 2, kMost); }

 private:
  std::size_t size_ = 64 * 1024;
};

}  // namespace sstpgw::datapath
