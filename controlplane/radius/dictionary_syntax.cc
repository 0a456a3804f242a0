#include "controlplane/radius/dictionary_syntax.h"

#include <algorithm>
#include <charconv>

namespace sstpgw::cp::radius {
namespace {

struct TypeName {
  std::string_view name;
  ValueType type;
};
// The first name of a type is the one to suggest.
constexpr std::array kTypes = {
    TypeName{"string", ValueType::kString},
    TypeName{"text", ValueType::kString},
    TypeName{"octets", ValueType::kOctets},
    TypeName{"integer", ValueType::kInteger},
    TypeName{"uint32", ValueType::kInteger},
    TypeName{"signed", ValueType::kSigned},
    TypeName{"int32", ValueType::kSigned},
    TypeName{"integer64", ValueType::kInteger64},
    TypeName{"uint64", ValueType::kInteger64},
    TypeName{"short", ValueType::kShort},
    TypeName{"uint16", ValueType::kShort},
    TypeName{"byte", ValueType::kByte},
    TypeName{"uint8", ValueType::kByte},
    TypeName{"bool", ValueType::kByte},
    TypeName{"date", ValueType::kDate},
    TypeName{"ipaddr", ValueType::kIpv4Address},
    TypeName{"ipv4addr", ValueType::kIpv4Address},
    TypeName{"ipv4prefix", ValueType::kIpv4Prefix},
    TypeName{"ipv6addr", ValueType::kIpv6Address},
    TypeName{"ipv6prefix", ValueType::kIpv6Prefix},
    TypeName{"combo-ip", ValueType::kComboIp},
    TypeName{"ifid", ValueType::kInterfaceId},
    TypeName{"ether", ValueType::kEthernet},
    TypeName{"abinary", ValueType::kBinaryFilter},
    TypeName{"vsa", ValueType::kNested},
    TypeName{"tlv", ValueType::kNested},
    TypeName{"struct", ValueType::kNested},
    TypeName{"extended", ValueType::kNested},
    TypeName{"long-extended", ValueType::kNested},
    TypeName{"evs", ValueType::kNested},
};

}  // namespace

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::vector<std::string_view> WordsOf(std::string_view line) {
  line = line.substr(0, std::min(line.find('#'), line.size()));
  constexpr std::string_view kBlanks = " \t\r\f\v";
  std::vector<std::string_view> words;
  for (std::size_t at = line.find_first_not_of(kBlanks); at != std::string_view::npos;
       at = line.find_first_not_of(kBlanks, at)) {
    const std::size_t end = std::min(line.find_first_of(kBlanks, at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

std::optional<std::uint64_t> NumberOf(std::string_view word) {
  int base = 10;
  if (word.starts_with("0x") || word.starts_with("0X")) {
    base = 16;
    word.remove_prefix(2);
  }
  std::uint64_t number = 0;
  const char* const end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, number, base);
  if (word.empty() || error != std::errc() || stop != end) return std::nullopt;
  return number;
}

bool IsNestedNumber(std::string_view word) {
  return word.find('.') != std::string_view::npos &&
         std::all_of(word.begin(), word.end(),
                     [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

std::optional<ValueType> TypeOf(std::string_view word) {
  const std::size_t bracket = word.find('[');
  if (bracket != std::string_view::npos && word.back() == ']') word = word.substr(0, bracket);
  const auto found = std::find_if(kTypes.begin(), kTypes.end(),
                                  [&](const TypeName& t) { return SameWord(t.name, word); });
  return found == kTypes.end() ? std::nullopt : std::optional(found->type);
}

std::vector<std::string> TypeNames() {
  std::vector<std::string> names;
  names.reserve(kTypes.size());
  for (const TypeName& known : kTypes) names.emplace_back(known.name);
  return names;
}

std::optional<VendorFormat> FormatOf(std::string_view word) {
  VendorFormat format;
  if (word.ends_with(",c")) {
    format.opaque = true;
    word.remove_suffix(2);
  }
  if (word.size() != 3 || word[1] != ',') return std::nullopt;
  format.type_octets = static_cast<std::uint8_t>(word[0] - '0');
  format.length_octets = static_cast<std::uint8_t>(word[2] - '0');
  const bool types = format.type_octets == 1 || format.type_octets == 2 || format.type_octets == 4;
  return types && format.length_octets <= 2 ? std::optional(format) : std::nullopt;
}

std::string PathBeside(const std::string& file, std::string_view name) {
  const std::size_t slash = file.rfind('/');
  if (name.starts_with('/') || slash == std::string::npos) return std::string(name);
  return file.substr(0, slash + 1) + std::string(name);
}

}  // namespace sstpgw::cp::radius
