// Lines from a descriptor that is polled: standard input of the TUN mode.
#pragma once

#include <string>
#include <vector>

namespace sstpgw::client {

class LineReader {
 public:
  // `fd` stays the caller's; -1: there is nothing to read.
  explicit LineReader(int fd) : fd_(fd) {}
  // -1 once it has ended.
  [[nodiscard]] int fd() const { return fd_; }
  // Reads what is there, without waiting if poll(2) said so.
  void Read();
  // Whole lines read since the last call, without their ends.
  [[nodiscard]] std::vector<std::string> Take();

 private:
  int fd_;
  std::string rest_;
};

}  // namespace sstpgw::client
