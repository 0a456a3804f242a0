#include "controlplane/edge/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

namespace sstpgw::cp {
namespace {

Error FileError(const std::string& path, int errno_value) {
  Error error = SystemError(path, errno_value);
  if (errno_value == ENOENT || errno_value == ENOTDIR) error.code = ErrorCode::kNotFound;
  if (errno_value == EACCES || errno_value == EPERM) error.code = ErrorCode::kPermissionDenied;
  return error;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

Result<std::string> ReadWholeFile(const std::string& path, std::size_t limit) {
  // Non-blocking, so that a pipe nobody writes to is an error and not a wait.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return Fail(FileError(path, errno));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return Fail(FileError(path, errno));
  if (S_ISDIR(status.st_mode)) return Fail(FileError(path, EISDIR));
  if (!S_ISREG(status.st_mode) && !S_ISFIFO(status.st_mode)) {
    return Fail(Error{ErrorCode::kInvalidArgument, path + ": is not a file"});
  }
  std::string content;
  std::array<char, 16384> buffer{};
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Fail(FileError(path, errno));
    if (got == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(got));
    if (content.size() > limit) {
      return Fail(Error{ErrorCode::kResourceExhausted,
                        path + ": is longer than " + std::to_string(limit) + " octets"});
    }
  }
}

Result<std::string> ReadEnvironmentVariable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) {
    return Fail(Error{ErrorCode::kNotFound, "environment variable " + name + " is not set"});
  }
  return std::string(value);
}

}  // namespace sstpgw::cp
