// Values that only holders of the shared secret can read (features 6.2, Annex C). All are the chain
//
//   c(1) = p(1) xor MD5(secret | start)      c(i) = p(i) xor MD5(secret | c(i-1))
//
// over blocks of 16 octets. Start is the authenticator of the request; for salted values it is that
// and the salt:
//
//   User-Password      RFC 2865 5.2    the password, padded with zeros; never less than one block
//   MS-CHAP-MPPE-Keys  RFC 2548 2.4.1  LM key(8) NT key(16) zeros(8)
//   MS-MPPE-*-Key      RFC 2548 2.4.2  salt(2, high bit set), then the chain over length(1) key
//   zeros Tunnel-Password    RFC 2868 3.5    tag(1), then as MS-MPPE-*-Key
//
// It is weak, and of RADIUS. A value belongs to one server and one request: it is made anew for
// every other. Pure; any thread.
#pragma once

#include <cstdint>

#include "controlplane/radius/packet.h"
#include "proto/base/result.h"
#include "proto/base/secret.h"
#include "proto/base/types.h"

namespace sstpgw::cp::radius {

inline constexpr std::size_t kMaxPasswordSize = 128;  // RFC 2865 5.2
inline constexpr std::size_t kMaxSaltedSize = 239;    // what fits with length and salt in one value

// What both ends must agree on. `secret` must outlive it.
struct SharedWith {
  ByteView secret;
  Authenticator request{};  // of the Access-Request, also for values in its reply
};

// kInvalidArgument: a password of more than 128 octets.
[[nodiscard]] Result<Bytes> HideUserPassword(ByteView password, const SharedWith& shared);
// Without the zeros at its end. kInvalidArgument: not 16, 32, .. 128 octets.
[[nodiscard]] Result<Secret> RevealUserPassword(ByteView value, const SharedWith& shared);

// `salt`: the high bit is set in any case. kInvalidArgument: more than kMaxSaltedSize octets.
[[nodiscard]] Result<Bytes> HideSalted(ByteView plain, std::uint16_t salt,
                                       const SharedWith& shared);
// kInvalidArgument: no salt or one without its high bit, no whole blocks, or a length inside that
// goes beyond them.
[[nodiscard]] Result<Secret> RevealSalted(ByteView value, const SharedWith& shared);

struct TunnelPassword {
  std::uint8_t tag = 0;  // 0: none
  Secret password;
};
[[nodiscard]] Result<TunnelPassword> RevealTunnelPassword(ByteView value, const SharedWith& shared);

struct MsChapMppeKeys {
  Secret lm_key;  // 8 octets
  Secret nt_key;  // 16 octets: the hash of the NT hash, as servers send it
};
// kInvalidArgument: not 32 octets.
[[nodiscard]] Result<MsChapMppeKeys> RevealMsChapMppeKeys(ByteView value, const SharedWith& shared);

}  // namespace sstpgw::cp::radius
