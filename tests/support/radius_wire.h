// RADIUS packets as a test sees them on the wire, written apart from controlplane/radius on
// purpose: if both sides shared one codec, a wrong octet would agree with itself.
//
//   code(1) identifier(1) length(2) authenticator(16) attributes: type(1) length(1) value
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/base/types.h"

namespace sstpgw::test {

// RFC 2865, RFC 2866, RFC 5176.
inline constexpr std::uint8_t kAccessRequest = 1;
inline constexpr std::uint8_t kAccessAccept = 2;
inline constexpr std::uint8_t kAccountingRequest = 4;
inline constexpr std::uint8_t kAccountingResponse = 5;
inline constexpr std::uint8_t kDisconnectRequest = 40;
inline constexpr std::uint8_t kDisconnectAck = 41;
inline constexpr std::uint8_t kDisconnectNak = 42;

using RadiusAttributes = std::vector<std::pair<std::uint8_t, Bytes>>;

struct RadiusPacket {
  std::uint8_t code = 0;
  std::uint8_t id = 0;
  RadiusAttributes attributes;

  // Of several, the first; nullopt: not in it.
  [[nodiscard]] std::optional<Bytes> Find(std::uint8_t type) const;
  // The same as text; empty: not in it.
  [[nodiscard]] std::string Text(std::uint8_t type) const;
  // The same as a number of four octets; 0: not in it.
  [[nodiscard]] std::uint32_t Number(std::uint8_t type) const;
};

// nullopt if lengths lie.
[[nodiscard]] std::optional<RadiusPacket> ParseRadius(ByteView datagram);

// A packet with this authenticator.
[[nodiscard]] Bytes MakeRadius(std::uint8_t code, std::uint8_t id, ByteView authenticator,
                               const RadiusAttributes& attributes);
// Disconnect-, CoA- or Accounting-Request with its Request Authenticator (RFC 2866 3).
[[nodiscard]] Bytes SignedRequest(std::uint8_t code, std::uint8_t id,
                                  const RadiusAttributes& attributes, std::string_view secret);
// True if `answer` has the Response Authenticator for `request`.
[[nodiscard]] bool IsGenuineAnswer(ByteView answer, ByteView request, std::string_view secret);

}  // namespace sstpgw::test
