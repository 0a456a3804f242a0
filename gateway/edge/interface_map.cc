#include "gateway/edge/interface_map.h"

#include <linux/bpf.h>

#include <cerrno>
#include <cstddef>

namespace sstpgw::edge {
namespace {

// The part of it that these commands have; the kernel takes the rest as zeros.
constexpr std::size_t kElementSize = offsetof(bpf_attr, flags) + sizeof(bpf_attr::flags);

std::uint64_t Address(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

KernelResult<void> Element(Kernel& kernel, int command, bpf_attr& attributes) {
  SG_RETURN_IF_ERROR(kernel.Bpf(command, &attributes, kElementSize));
  return {};
}

bpf_attr Of(int fd, const std::uint32_t& key, const void* value) {
  bpf_attr attributes{};
  attributes.map_fd = static_cast<std::uint32_t>(fd);
  attributes.key = Address(&key);
  attributes.value = Address(value);
  return attributes;
}

}  // namespace

KernelResult<void> InterfaceMap::Set(InterfaceIndex index, ByteView value, Write write) const {
  const auto key = static_cast<std::uint32_t>(index.value());
  bpf_attr attributes = Of(fd_, key, value.data());
  attributes.flags = write == Write::kAny      ? BPF_ANY
                     : write == Write::kCreate ? BPF_NOEXIST
                                               : BPF_EXIST;
  return Element(*kernel_, BPF_MAP_UPDATE_ELEM, attributes);
}

KernelResult<void> InterfaceMap::ReadLocked(InterfaceIndex index,
                                            std::span<std::uint8_t> value) const {
  const auto key = static_cast<std::uint32_t>(index.value());
  bpf_attr attributes = Of(fd_, key, value.data());
  attributes.flags = BPF_F_LOCK;
  return Element(*kernel_, BPF_MAP_LOOKUP_ELEM, attributes);
}

KernelResult<void> InterfaceMap::Erase(InterfaceIndex index) const {
  const auto key = static_cast<std::uint32_t>(index.value());
  bpf_attr attributes = Of(fd_, key, nullptr);
  return Element(*kernel_, BPF_MAP_DELETE_ELEM, attributes);
}

KernelResult<std::vector<InterfaceIndex>> InterfaceMap::Keys() const {
  std::vector<InterfaceIndex> keys;
  std::uint32_t key = 0;
  std::uint32_t next = 0;
  bpf_attr attributes = Of(fd_, key, &next);
  attributes.key = 0;  // the first
  for (;;) {
    const auto found = Element(*kernel_, BPF_MAP_GET_NEXT_KEY, attributes);
    if (!found && found.error().value() == ENOENT) return keys;
    if (!found) return Fail(found.error());
    keys.emplace_back(static_cast<int>(next));
    key = next;
    attributes.key = Address(&key);
  }
}

}  // namespace sstpgw::edge
