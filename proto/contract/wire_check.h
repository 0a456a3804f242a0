// Checks shared by the conversions of proto/contract: each names the field it refuses.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "proto/base/ip.h"
#include "proto/base/result.h"
#include "proto/base/types.h"

namespace sstpgw::contract {

[[nodiscard]] inline auto Refuse(std::string_view field, std::string_view reason) {
  return Fail(Error{ErrorCode::kInvalidArgument, std::string(field) + ": " + std::string(reason)});
}

// Words for people, made fit for a protobuf string: valid UTF-8, at most `limit` octets.
[[nodiscard]] std::string FitText(std::string_view text, std::size_t limit);

// Between `least` and `most` octets.
[[nodiscard]] Result<bool> CheckLength(std::string_view field, std::size_t length,
                                       std::size_t least, std::size_t most);
[[nodiscard]] Result<bool> CheckRange(std::string_view field, std::uint64_t value,
                                      std::uint64_t least, std::uint64_t most);
// 16 lower-case hex digits; empty too if `may_be_empty`.
[[nodiscard]] Result<bool> CheckSessionId(std::string_view field, std::string_view id,
                                          bool may_be_empty = false);
// 1..64 of [A-Za-z0-9._-]: gateway and boot ids.
[[nodiscard]] Result<bool> CheckIdentifier(std::string_view field, std::string_view text);

// Exactly N octets.
template <std::size_t N>
[[nodiscard]] Result<std::array<std::uint8_t, N>> TakeOctets(std::string_view field,
                                                             std::string_view bytes) {
  SG_RETURN_IF_ERROR(CheckLength(field, bytes.size(), N, N));
  std::array<std::uint8_t, N> out{};
  std::transform(bytes.begin(), bytes.end(), out.begin(),
                 [](char c) { return static_cast<std::uint8_t>(c); });
  return out;
}

[[nodiscard]] inline std::string ToOctets(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

// Interface identifiers as numbers, the first octet on top.
[[nodiscard]] std::uint64_t ToNumber(const InterfaceId& id);
[[nodiscard]] InterfaceId ToInterfaceId(std::uint64_t number);

// A count of seconds as the wire has it; ours never exceed 32 bits.
[[nodiscard]] inline std::uint32_t WireSeconds(std::chrono::seconds seconds) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(seconds.count(), 0, UINT32_MAX));
}

// Likewise milliseconds.
[[nodiscard]] inline std::uint32_t WireMilliseconds(std::chrono::milliseconds time) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(time.count(), 0, UINT32_MAX));
}
// Likewise microseconds.
[[nodiscard]] inline std::uint32_t WireMicroseconds(std::chrono::microseconds time) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(time.count(), 0, UINT32_MAX));
}

}  // namespace sstpgw::contract
