// Crypto binding ([MS-SSTP] 3.2.5.2, 3.3.5.2.3; features 1.6): proof that the TLS connection and
// the PPP authentication have the same two ends.
//
//   CMK          = HMAC-hash(key HLAK, "SSTP inner method derived CMK" | LE16(hash size) | 01)
//   Compound MAC = HMAC-hash(key CMK, CALL_CONNECTED with its octets 80..111 zero)
//
// hash is SHA1 or SHA256 by octet 15 of CALL_CONNECTED. With SHA1 the padding 68..79 counts as
// zero. Pure: libcrypto for arithmetic only; everything else is hashed as received.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "proto/base/types.h"

namespace sstpgw::crypto {

// The values on the wire.
enum class HashProtocol : std::uint8_t { kSha1 = 1, kSha256 = 2 };

inline constexpr std::size_t kHlakSize = 32;
inline constexpr std::size_t kCallConnectedSize = 112;
using CallConnectedBytes = std::span<const std::uint8_t, kCallConnectedSize>;

// 20 or 32 octets. An HLAK shorter than 32 octets counts as padded with zeros; beyond, it is cut.
[[nodiscard]] Bytes DeriveCmk(HashProtocol hash, ByteView hlak);
// 20 or 32 octets over the 112 octets of CALL_CONNECTED; whatever its MAC field holds is ignored.
// The client puts the result at octet 80, zeros behind it.
[[nodiscard]] Bytes CompoundMac(HashProtocol hash, ByteView hlak, CallConnectedBytes message);

// What the server knows of this connection.
struct BindingExpectation {
  std::uint8_t offered_hashes = 3;  // Hash Protocol Bitmask of our CALL_CONNECT_ACK
  std::array<std::uint8_t, 32> nonce{};
  // Hashes of this very connection's leaf certificate; nullopt: not known, not compared (TLS ended
  // elsewhere and none configured).
  std::optional<std::array<std::uint8_t, 20>> cert_sha1;
  std::optional<std::array<std::uint8_t, 32>> cert_sha256;
  ByteView hlak;  // must outlive the call
};

enum class BindingField : std::uint8_t { kHashProtocol, kNonce, kCertHash, kCompoundMac };

struct BindingMismatch {
  BindingField field{};
  HashProtocol hash{};  // by which the comparison was made; not with kHashProtocol
  Bytes expected;       // both for the debug log; never the HLAK
  Bytes received;
};
// "invalid Hash Protocol", "invalid Nonce", "invalid SHA256 Cert Hash", "invalid Compound MAC".
[[nodiscard]] const char* ToString(const BindingMismatch& mismatch);

// Steps 2 to 5 of features 1.6.1 on a message whose shape (step 1) is known to be right; the first
// one that fails is returned, nullopt: bound. Comparisons take constant time.
[[nodiscard]] std::optional<BindingMismatch> VerifyBinding(const BindingExpectation& expectation,
                                                           CallConnectedBytes message);

}  // namespace sstpgw::crypto
