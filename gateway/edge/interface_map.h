// A hash map of the kernel whose keys are interfaces: single operations through bpf(2).
//
// Threads: any, at once; the kernel orders them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gateway/edge/kernel.h"
#include "proto/base/types.h"

namespace sstpgw::edge {

class InterfaceMap {
 public:
  // Of an entry, as BPF_ANY, BPF_NOEXIST and BPF_EXIST.
  enum class Write : std::uint8_t { kAny, kCreate, kReplace };

  // `fd` is the caller's and must stay open.
  InterfaceMap(Kernel& kernel, int fd) : kernel_(&kernel), fd_(fd) {}

  // Values have exactly the map's size. Errors: E2BIG full, EEXIST, ENOENT.
  [[nodiscard]] KernelResult<void> Set(InterfaceIndex index, ByteView value, Write write) const;
  // Copied under the value's own lock (BPF_F_LOCK), whose octets become 0.
  [[nodiscard]] KernelResult<void> ReadLocked(InterfaceIndex index,
                                              std::span<std::uint8_t> value) const;
  [[nodiscard]] KernelResult<void> Erase(InterfaceIndex index) const;
  // Of all entries; some may be missing or be there twice while others write.
  [[nodiscard]] KernelResult<std::vector<InterfaceIndex>> Keys() const;

 private:
  Kernel* kernel_;
  int fd_;
};

}  // namespace sstpgw::edge
