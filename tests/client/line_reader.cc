#include "tests/client/line_reader.h"

#include <unistd.h>

#include <array>

namespace sstpgw::client {
namespace {
constexpr std::size_t kMaxLine = 4096;
}

void LineReader::Read() {
  std::array<char, 1024> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  const ssize_t size = read(fd_, buffer.data(), buffer.size());
  if (size <= 0 || rest_.size() > kMaxLine) {
    fd_ = -1;
    return;
  }
  rest_.append(buffer.data(), static_cast<std::size_t>(size));
}

std::vector<std::string> LineReader::Take() {
  std::vector<std::string> lines;
  for (std::size_t end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
    lines.push_back(rest_.substr(0, end));
    rest_.erase(0, end + 1);
  }
  return lines;
}

}  // namespace sstpgw::client
