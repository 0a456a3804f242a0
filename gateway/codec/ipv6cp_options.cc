#include "gateway/codec/ipv6cp_options.h"

#include <array>
#include <charconv>

#include "gateway/codec/byte_reader.h"

namespace sstpgw::codec {

std::optional<InterfaceId> InterfaceIdOf(const ConfigOption& option) {
  if (option.type != static_cast<std::uint8_t>(Ipv6cpOption::kInterfaceId)) return std::nullopt;
  if (option.value.size() != InterfaceId{}.size()) return std::nullopt;
  return ByteReader(option.value).Array<8>();
}

void AppendInterfaceId(Bytes& out, const InterfaceId& id) {
  AppendOption(out, static_cast<std::uint8_t>(Ipv6cpOption::kInterfaceId), id);
}

std::string InterfaceIdText(const InterfaceId& id) {
  std::string text;
  for (std::size_t i = 0; i < id.size(); i += 2) {
    std::array<char, 4> digits{};
    const unsigned group = (unsigned{id[i]} << 8) | id[i + 1];
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), group, 16).ptr;
    if (i > 0) text += ':';
    text.append(digits.data(), end);
  }
  return text;
}

}  // namespace sstpgw::codec
