// A folder of bpffs where one process shows its maps and programs under names: to operators
// (bpftool map dump pinned ...), and to its successor if it crashes. Locked as long as it lives, so
// that a second gateway does not take them for leftovers; an orderly end removes what was pinned.
//
// Threads: one owner.
#pragma once

#include <string>
#include <vector>

#include "gateway/edge/unique_fd.h"
#include "proto/base/error.h"
#include "proto/base/result.h"

namespace sstpgw::edge {

class BpfPins {
 public:
  // Makes the folder and those above it. kUnsupported: it is not on a bpffs; kAlreadyExists:
  // another process holds it.
  static Result<BpfPins> Take(const std::string& folder);
  BpfPins(BpfPins&&) = default;
  BpfPins& operator=(BpfPins&&) = delete;
  ~BpfPins();

  // What a predecessor left under this name; not valid: nothing.
  [[nodiscard]] UniqueFd Find(const std::string& name) const;
  // Under this name, instead of what is there.
  Result<void> Pin(const std::string& name, int fd);

  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  BpfPins(std::string folder, UniqueFd lock) : folder_(std::move(folder)), lock_(std::move(lock)) {}
  [[nodiscard]] std::string PathOf(const std::string& name) const { return folder_ + "/" + name; }

  std::string folder_;
  UniqueFd lock_;  // not valid: moved from
  std::vector<std::string> pinned_;
};

}  // namespace sstpgw::edge
