#include "gateway/crypto/tls_key_schedule.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace sstpgw::crypto {
namespace {

constexpr std::size_t kMaxHashSize = 48;
constexpr std::size_t kTls13IvSize = 12;

// The output of one HMAC; wiped when it goes.
struct Mac {
  std::array<std::uint8_t, kMaxHashSize> octets{};
  std::size_t size = 0;  // 0: libcrypto could not

  Mac() = default;
  Mac(const Mac&) = delete;
  Mac& operator=(const Mac&) = delete;
  ~Mac() { SecureWipe(octets); }
  [[nodiscard]] ByteView view() const { return ByteView(octets).first(size); }
};

void Hmac(TlsAead aead, ByteView key, ByteView message, Mac& out) {
  unsigned int size = 0;
  const EVP_MD* const hash = HashSize(aead) == kMaxHashSize ? EVP_sha384() : EVP_sha256();
  const bool done = HMAC(hash, key.data(), static_cast<int>(key.size()), message.data(),
                         message.size(), out.octets.data(), &size) != nullptr;
  out.size = done ? size : 0;
}

// `size` is at most the hash's.
Secret ExpandLabel(TlsAead aead, ByteView secret, std::string_view label, std::size_t size) {
  constexpr std::string_view kPrefix = "tls13 ";
  Bytes info{static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size),
             static_cast<std::uint8_t>(kPrefix.size() + label.size())};
  info.insert(info.end(), kPrefix.begin(), kPrefix.end());
  info.insert(info.end(), label.begin(), label.end());
  info.push_back(0);  // no context
  info.push_back(1);  // the first round of HKDF-Expand
  Mac out;
  Hmac(aead, secret, info, out);
  return out.size < size ? Secret() : Secret(out.view().first(size));
}

// P_hash of RFC 5246 5. Empty on failure.
Secret PHash(TlsAead aead, ByteView secret, const Bytes& seed, std::size_t size) {
  Bytes stream;
  stream.reserve(size + kMaxHashSize);
  Mac a;  // A(i)
  Hmac(aead, secret, seed, a);
  while (stream.size() < size && a.size > 0) {
    Bytes input(a.view().begin(), a.view().end());
    input.insert(input.end(), seed.begin(), seed.end());
    Mac round;
    Hmac(aead, secret, input, round);
    SecureWipe(input);
    if (round.size == 0) break;
    stream.insert(stream.end(), round.view().begin(), round.view().end());
    Mac next;
    Hmac(aead, secret, a.view(), next);
    a.octets = next.octets;
    a.size = next.size;
  }
  Secret out = stream.size() < size ? Secret() : Secret(ByteView(stream).first(size));
  SecureWipe(stream);
  return out;
}

}  // namespace

std::size_t KeySize(TlsAead aead) { return aead == TlsAead::kAes128Gcm ? 16 : 32; }

std::size_t HashSize(TlsAead aead) { return aead == TlsAead::kAes256Gcm ? kMaxHashSize : 32; }

std::size_t IvSize(TlsVersion version, TlsAead aead) {
  return version == TlsVersion::kTls12 && aead != TlsAead::kChaCha20Poly1305 ? 4 : kTls13IvSize;
}

TlsRecordKey DeriveRecordKey(TlsAead aead, ByteView traffic_secret) {
  return {ExpandLabel(aead, traffic_secret, "key", KeySize(aead)),
          ExpandLabel(aead, traffic_secret, "iv", kTls13IvSize)};
}

Secret NextTrafficSecret(TlsAead aead, ByteView traffic_secret) {
  return ExpandLabel(aead, traffic_secret, "traffic upd", HashSize(aead));
}

TlsKeyBlock DeriveKeyBlock(TlsAead aead, ByteView master_secret, const TlsRandoms& randoms) {
  constexpr std::string_view kLabel = "key expansion";
  Bytes seed(kLabel.begin(), kLabel.end());
  seed.insert(seed.end(), randoms.server.begin(), randoms.server.end());
  seed.insert(seed.end(), randoms.client.begin(), randoms.client.end());
  const std::size_t key = KeySize(aead);
  const std::size_t iv = IvSize(TlsVersion::kTls12, aead);
  const Secret block = PHash(aead, master_secret, seed, 2 * (key + iv));
  if (block.empty()) return {};
  const ByteView octets = block.Reveal();
  return {{Secret(octets.first(key)), Secret(octets.subspan(2 * key, iv))},
          {Secret(octets.subspan(key, key)), Secret(octets.subspan(2 * key + iv, iv))}};
}

}  // namespace sstpgw::crypto
