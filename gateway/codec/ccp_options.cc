#include "gateway/codec/ccp_options.h"

#include <array>
#include <utility>

#include "gateway/codec/byte_reader.h"

namespace sstpgw::codec {

std::optional<std::uint32_t> MppeBitsOf(const ConfigOption& option) {
  if (option.type != static_cast<std::uint8_t>(CcpOption::kMppe) || option.value.size() != 4) {
    return std::nullopt;
  }
  return ByteReader(option.value).U32();
}

void AppendMppe(Bytes& out, std::uint32_t bits) {
  const std::array<std::uint8_t, 4> value = {
      static_cast<std::uint8_t>(bits >> 24), static_cast<std::uint8_t>(bits >> 16),
      static_cast<std::uint8_t>(bits >> 8), static_cast<std::uint8_t>(bits)};
  AppendOption(out, static_cast<std::uint8_t>(CcpOption::kMppe), value);
}

std::string MppeText(std::uint32_t bits) {
  constexpr std::array<std::pair<std::uint32_t, char>, 6> kFlags = {{{kMppeStateless, 'H'},
                                                                     {kMppe56Bit, 'M'},
                                                                     {kMppe128Bit, 'S'},
                                                                     {kMppe40Bit, 'L'},
                                                                     {kMppeObsolete, 'D'},
                                                                     {kMppeCompression, 'C'}}};
  std::string out = "<mppe";
  for (const auto& [bit, name] : kFlags) {
    out += (bits & bit) != 0 ? " +" : " -";
    out += name;
  }
  return out + ">";
}

}  // namespace sstpgw::codec
