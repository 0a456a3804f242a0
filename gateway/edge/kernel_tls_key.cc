#include "gateway/edge/kernel_tls_key.h"

#include <linux/tls.h>

#include <algorithm>
#include <cstring>

namespace sstpgw::edge {
namespace {

std::array<std::uint8_t, 8> BigEndian(std::uint64_t number) {
  std::array<std::uint8_t, 8> octets{};
  for (std::size_t i = 0; i < octets.size(); ++i) {
    octets[i] = static_cast<std::uint8_t>(number >> (56 - 8 * i));
  }
  return octets;
}

struct Parts {
  std::uint16_t version = 0;
  ByteView key;
  ByteView iv;  // 4 octets: the rest of the nonce is the sequence
  std::uint64_t sequence = 0;
};

// Of the kernel's structures, which have the same members with different sizes.
template <class CryptoInfo>
std::size_t Fill(const Parts& parts, std::uint16_t cipher, std::span<std::uint8_t> out) {
  CryptoInfo info{};
  info.info.version = parts.version;
  info.info.cipher_type = cipher;
  const auto sequence = BigEndian(parts.sequence);
  constexpr std::size_t kSalt = sizeof(info.salt);
  std::copy_n(parts.key.begin(), sizeof(info.key), info.key);
  std::copy_n(parts.iv.begin(), kSalt, info.salt);
  const ByteView rest = parts.iv.size() > kSalt ? parts.iv.subspan(kSalt) : ByteView(sequence);
  std::copy_n(rest.begin(), sizeof(info.iv), info.iv);
  std::copy(sequence.begin(), sequence.end(), info.rec_seq);
  static_assert(sizeof(info) <= 64);
  std::memcpy(out.data(), &info, sizeof(info));
  SecureWipe({reinterpret_cast<std::uint8_t*>(&info), sizeof(info)});
  return sizeof(info);
}

// The same without a salt, which the kernel's header makes an array of no length.
std::size_t FillChaCha(const Parts& parts, std::span<std::uint8_t> out) {
  tls12_crypto_info_chacha20_poly1305 info{};
  info.info.version = parts.version;
  info.info.cipher_type = TLS_CIPHER_CHACHA20_POLY1305;
  const auto sequence = BigEndian(parts.sequence);
  std::copy_n(parts.key.begin(), sizeof(info.key), info.key);
  std::copy_n(parts.iv.begin(), sizeof(info.iv), info.iv);
  std::copy(sequence.begin(), sequence.end(), info.rec_seq);
  static_assert(sizeof(info) <= 64);
  std::memcpy(out.data(), &info, sizeof(info));
  SecureWipe({reinterpret_cast<std::uint8_t*>(&info), sizeof(info)});
  return sizeof(info);
}

}  // namespace

KernelTlsKey::KernelTlsKey(crypto::TlsVersion version, crypto::TlsAead aead,
                           const crypto::TlsRecordKey& key, std::uint64_t sequence) {
  if (key.key.size() != crypto::KeySize(aead) || key.iv.size() != crypto::IvSize(version, aead)) {
    return;
  }
  const Parts parts{static_cast<std::uint16_t>(
                        version == crypto::TlsVersion::kTls13 ? TLS_1_3_VERSION : TLS_1_2_VERSION),
                    key.key.Reveal(), key.iv.Reveal(), sequence};
  switch (aead) {
    case crypto::TlsAead::kAes128Gcm:
      size_ = Fill<tls12_crypto_info_aes_gcm_128>(parts, TLS_CIPHER_AES_GCM_128, octets_);
      break;
    case crypto::TlsAead::kAes256Gcm:
      size_ = Fill<tls12_crypto_info_aes_gcm_256>(parts, TLS_CIPHER_AES_GCM_256, octets_);
      break;
    case crypto::TlsAead::kChaCha20Poly1305:
      size_ = FillChaCha(parts, octets_);
      break;
  }
}

}  // namespace sstpgw::edge
