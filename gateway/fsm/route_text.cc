#include "gateway/fsm/route_text.h"

#include <bit>
#include <charconv>
#include <cstdint>
#include <vector>

namespace sstpgw::fsm {
namespace {

constexpr std::size_t kMaxWords = 16;
constexpr std::uint8_t kIpv4Bits = 32;
constexpr std::uint8_t kIpv6Bits = 128;

// Empty: there are none, or too many.
std::vector<std::string_view> WordsOf(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return words;
    if (words.size() == kMaxWords) return {};
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find_first_of(kBlanks));
    words.push_back(word);
    text.remove_prefix(word.size());
  }
}

template <class Number>
std::optional<Number> NumberOf(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::uint8_t> LengthOf(std::string_view text, std::uint8_t most) {
  const auto length = NumberOf<std::uint8_t>(text);
  if (!length || *length > most) return std::nullopt;
  return length;
}

// "255.255.255.0" is 24.
std::optional<std::uint8_t> MaskLengthOf(std::string_view text) {
  const auto mask = Ipv4Address::Parse(text);
  if (!mask) return std::nullopt;
  const int length = std::countl_one(mask->value());
  if (length < kIpv4Bits && (mask->value() << length) != 0) return std::nullopt;
  return static_cast<std::uint8_t>(length);
}

// The words behind the gateway; -1 appears in examples of RFC 2865.
std::optional<std::uint32_t> MetricOf(const std::vector<std::string_view>& words) {
  for (std::size_t i = 3; i < words.size(); ++i) {
    if (!NumberOf<std::int64_t>(words[i])) return std::nullopt;
  }
  if (words.size() < 3) return 0;
  return NumberOf<std::uint32_t>(words[2]);
}

template <class Address>
std::optional<Address> GatewayOf(const std::vector<std::string_view>& words) {
  if (words.size() < 2) return Address();
  return Address::Parse(words[1]);
}

}  // namespace

std::optional<Ipv4Route> ParseFramedRoute(std::string_view text) {
  const std::vector<std::string_view> words = WordsOf(text);
  if (words.empty()) return std::nullopt;
  const std::size_t slash = words[0].find('/');
  const auto destination = Ipv4Address::Parse(words[0].substr(0, slash));
  std::optional<std::uint8_t> length = kIpv4Bits;
  if (slash != std::string_view::npos) {
    const std::string_view behind = words[0].substr(slash + 1);
    length = behind.find('.') == std::string_view::npos ? LengthOf(behind, kIpv4Bits)
                                                        : MaskLengthOf(behind);
  }
  const auto gateway = GatewayOf<Ipv4Address>(words);
  const auto metric = MetricOf(words);
  if (!destination || !length || !gateway || !metric) return std::nullopt;
  const std::uint32_t mask = *length == 0 ? 0 : 0xffffffffU << (kIpv4Bits - *length);
  return Ipv4Route{.destination = Ipv4Address(destination->value() & mask),
                   .length = *length,
                   .gateway = *gateway,
                   .metric = *metric};
}

std::optional<Ipv6Route> ParseFramedIpv6Route(std::string_view text) {
  const std::vector<std::string_view> words = WordsOf(text);
  if (words.empty()) return std::nullopt;
  const std::size_t slash = words[0].find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto destination = Ipv6Address::Parse(words[0].substr(0, slash));
  const auto length = LengthOf(words[0].substr(slash + 1), kIpv6Bits);
  const auto gateway = GatewayOf<Ipv6Address>(words);
  const auto metric = MetricOf(words);
  if (!destination || !length || !gateway || !metric) return std::nullopt;
  return Ipv6Route{
      .destination = MakeIpv6Prefix(*destination, *length), .gateway = *gateway, .metric = *metric};
}

}  // namespace sstpgw::fsm
