#include "gateway/edge/kernel_tls_key.h"

#include <gtest/gtest.h>
#include <linux/tls.h>

#include <cstring>

#include "proto/base/text.h"

namespace sstpgw::edge {
namespace {

using crypto::TlsAead;
using crypto::TlsVersion;

Bytes Counting(std::size_t size, std::uint8_t first) {
  Bytes bytes(size);
  for (std::uint8_t& octet : bytes) octet = first++;
  return bytes;
}
crypto::TlsRecordKey Key(std::size_t key, std::size_t iv) {
  return {Secret(Counting(key, 0x10)), Secret(Counting(iv, 0xa0))};
}
template <std::size_t N>
std::string Hex(const unsigned char (&octets)[N]) {
  return ToHex(ByteView(octets, N));
}

TEST(KernelTlsKey, Tls13SplitsTheIvIntoSaltAndRest) {
  const KernelTlsKey key(TlsVersion::kTls13, TlsAead::kAes256Gcm, Key(32, 12), 0x0102030405060708);
  tls12_crypto_info_aes_gcm_256 info{};
  ASSERT_EQ(key.value().size(), sizeof(info));
  std::memcpy(&info, key.value().data(), sizeof(info));
  EXPECT_EQ(info.info.version, TLS_1_3_VERSION);
  EXPECT_EQ(info.info.cipher_type, TLS_CIPHER_AES_GCM_256);
  EXPECT_EQ(Hex(info.key), ToHex(Counting(32, 0x10)));
  EXPECT_EQ(Hex(info.salt), "a0a1a2a3");
  EXPECT_EQ(Hex(info.iv), "a4a5a6a7a8a9aaab");
  EXPECT_EQ(Hex(info.rec_seq), "0102030405060708");
}

TEST(KernelTlsKey, Tls12CountsTheExplicitNonceFromTheSequence) {
  const KernelTlsKey key(TlsVersion::kTls12, TlsAead::kAes128Gcm, Key(16, 4), 1);
  tls12_crypto_info_aes_gcm_128 info{};
  ASSERT_EQ(key.value().size(), sizeof(info));
  std::memcpy(&info, key.value().data(), sizeof(info));
  EXPECT_EQ(info.info.version, TLS_1_2_VERSION);
  EXPECT_EQ(info.info.cipher_type, TLS_CIPHER_AES_GCM_128);
  EXPECT_EQ(Hex(info.salt), "a0a1a2a3");
  EXPECT_EQ(Hex(info.iv), "0000000000000001");
  EXPECT_EQ(Hex(info.rec_seq), "0000000000000001");
}

TEST(KernelTlsKey, ChaChaHasOneIvInBothVersions) {
  for (const TlsVersion version : {TlsVersion::kTls12, TlsVersion::kTls13}) {
    const KernelTlsKey key(version, TlsAead::kChaCha20Poly1305, Key(32, 12), 3);
    tls12_crypto_info_chacha20_poly1305 info{};
    ASSERT_EQ(key.value().size(), sizeof(info));
    std::memcpy(&info, key.value().data(), sizeof(info));
    EXPECT_EQ(info.info.cipher_type, TLS_CIPHER_CHACHA20_POLY1305);
    EXPECT_EQ(Hex(info.iv), ToHex(Counting(12, 0xa0)));
    EXPECT_EQ(Hex(info.rec_seq), "0000000000000003");
  }
}

TEST(KernelTlsKey, WrongSizesMakeNoKey) {
  EXPECT_TRUE(
      KernelTlsKey(TlsVersion::kTls12, TlsAead::kAes128Gcm, Key(16, 12), 0).value().empty());
  EXPECT_TRUE(
      KernelTlsKey(TlsVersion::kTls13, TlsAead::kAes128Gcm, Key(32, 12), 0).value().empty());
  EXPECT_TRUE(KernelTlsKey(TlsVersion::kTls13, TlsAead::kAes128Gcm, Key(0, 0), 0).value().empty());
}

}  // namespace
}  // namespace sstpgw::edge
