#include "gateway/codec/domain_name.h"

#include <algorithm>
#include <cstdint>

namespace sstpgw::codec {
namespace {

constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxName = 255;  // with length octets and the root

}  // namespace

bool AppendDomainName(Bytes& out, std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty()) return false;
  Bytes wire;
  while (!name.empty()) {
    const std::size_t size = std::min(name.find('.'), name.size());
    if (size == 0 || size > kMaxLabel) return false;
    wire.push_back(static_cast<std::uint8_t>(size));
    wire.insert(wire.end(), name.begin(), name.begin() + static_cast<std::ptrdiff_t>(size));
    name.remove_prefix(size);
    if (name.empty()) break;
    name.remove_prefix(1);
    if (name.empty()) return false;  // two dots at the end
  }
  wire.push_back(0);
  if (wire.size() > kMaxName) return false;
  out.insert(out.end(), wire.begin(), wire.end());
  return true;
}

}  // namespace sstpgw::codec
