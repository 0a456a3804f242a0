// A directory of its own for one test, gone with the object.
#pragma once

#include <string>
#include <string_view>

namespace sstpgw::test {

class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  // The path of `name` inside.
  [[nodiscard]] std::string File(std::string_view name) const;
  // Writes a file and returns its path.
  std::string Write(std::string_view name, std::string_view content) const;

 private:
  std::string path_;
};

// All of a file; empty if it cannot be read.
[[nodiscard]] std::string ReadFile(const std::string& path);

}  // namespace sstpgw::test
