#include "gateway/crypto/crypto_binding.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <string_view>

#include "proto/base/secret.h"

namespace sstpgw::crypto {
namespace {

// Octets of CALL_CONNECTED ([MS-SSTP] 2.2.12).
constexpr std::size_t kHashProtocolAt = 15;
constexpr std::size_t kNonceAt = 16;
constexpr std::size_t kCertHashAt = 48;
constexpr std::size_t kCompoundMacAt = 80;
constexpr std::size_t kFieldSize = 32;  // nonce, certificate hash and MAC with padding

constexpr std::string_view kSeed = "SSTP inner method derived CMK";

std::size_t SizeOf(HashProtocol hash) { return hash == HashProtocol::kSha1 ? 20 : 32; }

// Empty if libcrypto cannot; an empty MAC equals none that is received.
Bytes Hmac(HashProtocol hash, ByteView key, ByteView message) {
  Bytes out(SizeOf(hash));
  unsigned int size = 0;
  if (HMAC(hash == HashProtocol::kSha1 ? EVP_sha1() : EVP_sha256(), key.data(),
           static_cast<int>(key.size()), message.data(), message.size(), out.data(),
           &size) == nullptr) {
    out.clear();
  }
  return out;
}

Bytes Copy(ByteView bytes) { return Bytes(bytes.begin(), bytes.end()); }

std::optional<BindingMismatch> Compare(BindingField field, HashProtocol hash, ByteView expected,
                                       ByteView received) {
  if (ConstantTimeEqual(expected, received)) return std::nullopt;
  return BindingMismatch{field, hash, Copy(expected), Copy(received)};
}

std::optional<HashProtocol> HashProtocolOf(std::uint8_t value, std::uint8_t offered) {
  const bool one = value == static_cast<std::uint8_t>(HashProtocol::kSha1) ||
                   value == static_cast<std::uint8_t>(HashProtocol::kSha256);
  if (!one || (value & offered) == 0) return std::nullopt;
  return static_cast<HashProtocol>(value);
}

}  // namespace

Bytes DeriveCmk(HashProtocol hash, ByteView hlak) {
  std::array<std::uint8_t, kHlakSize> key{};
  std::copy_n(hlak.begin(), std::min(hlak.size(), key.size()), key.begin());
  // PRF+ of [MS-SSTP] 3.2.5.2.2; one round suffices, because the CMK is as long as the hash. The
  // length is little endian.
  Bytes seed(kSeed.begin(), kSeed.end());
  seed.push_back(static_cast<std::uint8_t>(SizeOf(hash)));
  seed.push_back(0);
  seed.push_back(1);
  Bytes cmk = Hmac(hash, key, seed);
  SecureWipe(key);
  return cmk;
}

Bytes CompoundMac(HashProtocol hash, ByteView hlak, CallConnectedBytes message) {
  std::array<std::uint8_t, kCallConnectedSize> zeroed{};
  std::copy(message.begin(), message.end(), zeroed.begin());
  // Padding behind a SHA1 certificate hash is ignored on receipt, so it must not matter here.
  const std::size_t from =
      hash == HashProtocol::kSha1 ? kCertHashAt + SizeOf(hash) : kCompoundMacAt;
  std::fill(zeroed.begin() + static_cast<std::ptrdiff_t>(from), zeroed.end(), std::uint8_t{0});
  Bytes cmk = DeriveCmk(hash, hlak);
  Bytes mac = cmk.empty() ? Bytes() : Hmac(hash, cmk, zeroed);
  SecureWipe(cmk);
  return mac;
}

const char* ToString(const BindingMismatch& mismatch) {
  switch (mismatch.field) {
    case BindingField::kHashProtocol:
      return "invalid Hash Protocol";
    case BindingField::kNonce:
      return "invalid Nonce";
    case BindingField::kCertHash:
      return mismatch.hash == HashProtocol::kSha1 ? "invalid SHA1 Cert Hash"
                                                  : "invalid SHA256 Cert Hash";
    case BindingField::kCompoundMac:
      return "invalid Compound MAC";
  }
  return "invalid";
}

std::optional<BindingMismatch> VerifyBinding(const BindingExpectation& expectation,
                                             CallConnectedBytes message) {
  const std::uint8_t sent_hash = message[kHashProtocolAt];
  const auto hash = HashProtocolOf(sent_hash, expectation.offered_hashes);
  if (!hash) {
    return BindingMismatch{
        BindingField::kHashProtocol, {}, {expectation.offered_hashes}, {sent_hash}};
  }
  if (auto mismatch = Compare(BindingField::kNonce, *hash, expectation.nonce,
                              message.subspan(kNonceAt, kFieldSize))) {
    return mismatch;
  }
  ByteView certificate;
  if (*hash == HashProtocol::kSha1 && expectation.cert_sha1) certificate = *expectation.cert_sha1;
  if (*hash == HashProtocol::kSha256 && expectation.cert_sha256) {
    certificate = *expectation.cert_sha256;
  }
  if (!certificate.empty()) {
    if (auto mismatch = Compare(BindingField::kCertHash, *hash, certificate,
                                message.subspan(kCertHashAt, SizeOf(*hash)))) {
      return mismatch;
    }
  }
  const Bytes mac = CompoundMac(*hash, expectation.hlak, message);
  return Compare(BindingField::kCompoundMac, *hash, mac,
                 message.subspan(kCompoundMacAt, SizeOf(*hash)));
}

}  // namespace sstpgw::crypto
