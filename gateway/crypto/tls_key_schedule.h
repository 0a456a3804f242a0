// Record keys of an established TLS connection, for whoever does the records instead of OpenSSL.
//
//   TLS 1.3 (RFC 8446 7.2, 7.3), of one direction's traffic secret, one hash long:
//     key         = HKDF-Expand-Label(secret, "key", "", key size)
//     iv          = HKDF-Expand-Label(secret, "iv", "", 12)
//     next secret = HKDF-Expand-Label(secret, "traffic upd", "", hash size)   after a KeyUpdate
//     with HKDF-Expand-Label(secret, label, "", n) = HMAC-hash(secret, n (2 octets, network order)
//       | size of label + 6 (1) | "tls13 " | label | 00 | 01) cut to n: one round, as n <= hash
//       size
//   TLS 1.2 (RFC 5246 5, 6.3; AEAD: no MAC keys), of the 48-octet master secret:
//     key block = P_hash(master, "key expansion" | server random | client random)
//               = client key | server key | client iv | server iv
//     iv: 4 octets, the nonce's fixed half (RFC 5288 3); ChaCha20: 12 octets (RFC 7905 2)
//
// The hash is the one of every cipher suite with that AEAD: SHA-384 with AES-256, else SHA-256.
// Pure: libcrypto for arithmetic only. Errors: empty values, if libcrypto cannot.
#pragma once

#include <cstddef>
#include <cstdint>

#include "proto/base/secret.h"
#include "proto/base/types.h"

namespace sstpgw::crypto {

enum class TlsVersion : std::uint8_t { kTls12, kTls13 };
enum class TlsAead : std::uint8_t { kAes128Gcm, kAes256Gcm, kChaCha20Poly1305 };

// Octets.
[[nodiscard]] std::size_t KeySize(TlsAead aead);
[[nodiscard]] std::size_t HashSize(TlsAead aead);
[[nodiscard]] std::size_t IvSize(TlsVersion version, TlsAead aead);

// Of one direction.
struct TlsRecordKey {
  Secret key;
  Secret iv;
};

[[nodiscard]] TlsRecordKey DeriveRecordKey(TlsAead aead, ByteView traffic_secret);
[[nodiscard]] Secret NextTrafficSecret(TlsAead aead, ByteView traffic_secret);

struct TlsKeyBlock {
  TlsRecordKey client;  // by which the client encrypts
  TlsRecordKey server;
};
struct TlsRandoms {
  ByteView client;  // 32 octets each, of the two Hellos; must outlive the call
  ByteView server;
};
[[nodiscard]] TlsKeyBlock DeriveKeyBlock(TlsAead aead, ByteView master_secret,
                                         const TlsRandoms& randoms);

}  // namespace sstpgw::crypto
