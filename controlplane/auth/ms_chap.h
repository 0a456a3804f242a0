// The arithmetic of MS-CHAP: v1 (RFC 2433), v2 (RFC 2759), the keys made from both (RFC 3079), and
// the HLAK of SSTP's crypto binding (features 1.6.2, 3.4). Pure; used to verify and, by the test
// client, to answer. Whoever compares a response does it with ConstantTimeEqual.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "proto/base/secret.h"
#include "proto/base/types.h"

namespace sstpgw::cp {

using NtHash = std::array<std::uint8_t, 16>;
using NtResponse = std::array<std::uint8_t, 24>;
using MppeKey = std::array<std::uint8_t, 16>;

// MD4 over the password in UTF-16LE. `password` is UTF-8; an octet that is not part of valid UTF-8
// counts as the code point of the same number (Latin-1), so every password has one hash.
[[nodiscard]] NtHash NtPasswordHash(std::string_view password);
// MD4 over the NT hash ("PasswordHashHash").
[[nodiscard]] NtHash HashNtPasswordHash(const NtHash& hash);

// DES of an 8-octet challenge with the three thirds of the hash (RFC 2433 A.4).
[[nodiscard]] NtResponse ChallengeResponse(const std::array<std::uint8_t, 8>& challenge,
                                           const NtHash& hash);

// ---- MS-CHAPv1
[[nodiscard]] inline NtResponse MsChapV1NtResponse(const std::array<std::uint8_t, 8>& challenge,
                                                   const NtHash& hash) {
  return ChallengeResponse(challenge, hash);
}
// RFC 3079 2.4: SHA1(H | H | challenge)[0..15], H = HashNtPasswordHash; for both directions.
[[nodiscard]] MppeKey MsChapV1StartKey(const NtHash& hash,
                                       const std::array<std::uint8_t, 8>& challenge);
// The same from the hash of the NT hash, which is all that a RADIUS server tells.
[[nodiscard]] MppeKey MsChapV1StartKeyOfHashHash(const NtHash& hash_hash,
                                                 const std::array<std::uint8_t, 8>& challenge);

// RFC 3079 2.2: the first 8 octets of the LAN Manager hash, from which MPPE of 40 and 56 bits
// starts, both ways. Absent: no such hash, for a password of more than 14 characters or with one
// that is not ASCII.
[[nodiscard]] std::optional<std::array<std::uint8_t, 8>> LanManagerStartKey(
    std::string_view password);

// ---- MS-CHAPv2
// SHA1(peer challenge | our challenge | user behind its last '\')[0..7] (RFC 2759 8.2).
[[nodiscard]] std::array<std::uint8_t, 8> ChallengeHash(
    const std::array<std::uint8_t, 16>& peer_challenge,
    const std::array<std::uint8_t, 16>& authenticator_challenge, std::string_view user);
[[nodiscard]] NtResponse MsChapV2NtResponse(
    const std::array<std::uint8_t, 16>& authenticator_challenge,
    const std::array<std::uint8_t, 16>& peer_challenge, std::string_view user, const NtHash& hash);
// "S=" and 40 upper-case hex digits (RFC 2759 8.7).
[[nodiscard]] std::string AuthenticatorResponse(
    const NtHash& hash, const NtResponse& nt_response,
    const std::array<std::uint8_t, 16>& peer_challenge,
    const std::array<std::uint8_t, 16>& authenticator_challenge, std::string_view user);
// RFC 3079 3.4: SHA1(H | NT response | "This is the MPPE Master Key")[0..15].
[[nodiscard]] MppeKey MasterKey(const NtHash& hash, const NtResponse& nt_response);
// Start keys of the server's side. The client's send key is the server's receive key.
[[nodiscard]] MppeKey ServerReceiveKey(const MppeKey& master_key);
[[nodiscard]] MppeKey ServerSendKey(const MppeKey& master_key);

// ---- HLAK, 32 octets, the same for both sides
[[nodiscard]] Secret HlakOfMsChapV1(const NtHash& hash,
                                    const std::array<std::uint8_t, 8>& challenge);
[[nodiscard]] Secret HlakOfMsChapV1HashHash(const NtHash& hash_hash,
                                            const std::array<std::uint8_t, 8>& challenge);
[[nodiscard]] Secret HlakOfMsChapV2(const NtHash& hash, const NtResponse& nt_response);
[[nodiscard]] Secret ZeroHlak();  // PAP, CHAP-MD5

}  // namespace sstpgw::cp
