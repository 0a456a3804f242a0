// The client's side of authentication and crypto binding, on OpenSSL's own MD4 and DES: an
// independent check of the product's implementations. Test code: an OpenSSL without its legacy
// provider makes NtHash and everything built on it return zeros and LegacyAvailable() false.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proto/base/types.h"
#include "tests/client/client_options.h"

namespace sstpgw::client {

using NtResponse = std::array<std::uint8_t, 24>;
using Hlak = std::array<std::uint8_t, 32>;

[[nodiscard]] bool LegacyAvailable();

// SHA-1 of the parts one after the other.
[[nodiscard]] Bytes Sha1Of(const std::vector<Bytes>& parts);
// Single DES of 8 octets with a key of 7 (RFC 2433 A.7).
[[nodiscard]] Bytes DesBlock(ByteView key7, ByteView block8);
// MD4 of the password in UTF-16LE (RFC 2759 8.3). `password` is UTF-8.
[[nodiscard]] std::array<std::uint8_t, 16> NtHash(std::string_view password);
// RFC 1994 4.1: MD5(id | password | challenge).
[[nodiscard]] Bytes ChapMd5Response(std::uint8_t id, std::string_view password, ByteView challenge);
// RFC 2433: the NT response to an 8-octet challenge.
[[nodiscard]] NtResponse MsChapV1Response(std::string_view password, ByteView challenge);
// RFC 2759 8.1. Both challenges 16 octets.
[[nodiscard]] NtResponse MsChapV2Response(std::string_view user, std::string_view password,
                                          ByteView server_challenge, ByteView peer_challenge);
// RFC 2759 8.7: "S=<40 upper-case hex>" that the server must send.
[[nodiscard]] std::string MsChapV2Authenticator(std::string_view user, std::string_view password,
                                                const NtResponse& response,
                                                ByteView server_challenge, ByteView peer_challenge);

// Higher-layer authentication key as the client computes it (features 1.6.2).
[[nodiscard]] Hlak HlakMsChapV1(std::string_view password, ByteView challenge);
[[nodiscard]] Hlak HlakMsChapV2(std::string_view password, const NtResponse& response);

// A whole CALL_CONNECTED of 112 octets ([MS-SSTP] 2.2.11, 3.2.5.2). `nonce` 32 octets.
[[nodiscard]] Bytes CallConnected(BindingHash hash, ByteView nonce, ByteView certificate_der,
                                  const Hlak& hlak);
// SHA-1 or SHA-256 of the certificate.
[[nodiscard]] Bytes CertificateHash(BindingHash hash, ByteView certificate_der);
// Fills octets 80..111 with the Compound MAC over the message as it is.
void SignCallConnected(BindingHash hash, const Hlak& hlak, Bytes& message);

}  // namespace sstpgw::client
