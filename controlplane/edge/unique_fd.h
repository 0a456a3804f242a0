// A descriptor with one owner: closed when the owner goes. Move-only.
#pragma once

#include <unistd.h>

#include <utility>

namespace sstpgw::cp {

class UniqueFd {
 public:
  UniqueFd() = default;
  // Takes ownership of `fd`; negative: none.
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      Close();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { Close(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }

 private:
  void Close() {
    // Linux frees the number even when close reports EINTR or an error: never close twice.
    if (fd_ >= 0) ::close(fd_);
  }
  int fd_ = -1;
};

}  // namespace sstpgw::cp
