#include "gateway/session_id.h"

#include <array>

#include "proto/base/text.h"

namespace sstpgw::gateway {
namespace {

std::optional<std::uint32_t> ParseHex(std::string_view text) {
  std::uint32_t value = 0;
  for (const char c : text) {
    std::uint32_t digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<std::uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<std::uint32_t>(c - 'a') + 10;
    } else {
      return std::nullopt;
    }
    value = (value << 4) | digit;
  }
  return value;
}

std::array<std::uint8_t, 4> Octets(std::uint32_t value) {
  return {static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
          static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

}  // namespace

SessionIdSource::SessionIdSource(const Options& options)
    : options_(options),
      span_(static_cast<std::uint32_t>((std::uint64_t{1} << 32) / options.workers - 1)) {
  count_ = options_.random_start % span_;
}

SessionId SessionIdSource::Next() {
  const std::uint32_t number = count_ * options_.workers + options_.worker;
  count_ = (count_ + 1) % span_;
  return ToHex(Octets(options_.boot_unix_seconds)) + ToHex(Octets(number));
}

std::optional<std::size_t> SessionIdSource::WorkerOf(const SessionId& id, std::uint32_t workers) {
  if (id.size() != 16) return std::nullopt;
  const auto boot = ParseHex(std::string_view(id).substr(0, 8));
  const auto number = ParseHex(std::string_view(id).substr(8));
  if (!boot || !number) return std::nullopt;
  return *number % workers;
}

}  // namespace sstpgw::gateway
