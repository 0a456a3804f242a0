#include "gateway/crypto/tls_key_schedule.h"

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <memory>

#include "proto/base/text.h"
#include "tests/support/hex.h"

namespace sstpgw::crypto {
namespace {

using test::FromHex;

std::string Hex(const Secret& secret) { return ToHex(secret.Reveal()); }
Bytes Counting(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i);
  return bytes;
}

// RFC 8448 3: {client} and {server} "derive write traffic keys for application data".
const Bytes kClientSecret =
    FromHex("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5");
const Bytes kServerSecret =
    FromHex("a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643");

TEST(TlsKeySchedule, RecordKeysOfRfc8448) {
  const TlsRecordKey client = DeriveRecordKey(TlsAead::kAes128Gcm, kClientSecret);
  EXPECT_EQ(Hex(client.key), "17422dda596ed5d9acd890e3c63f5051");
  EXPECT_EQ(Hex(client.iv), "5b78923dee08579033e523d9");
  const TlsRecordKey server = DeriveRecordKey(TlsAead::kAes128Gcm, kServerSecret);
  EXPECT_EQ(Hex(server.key), "9f02283b6c9c07efc26bb9f2ac92e356");
  EXPECT_EQ(Hex(server.iv), "cf782b88dd83549aadf1e984");
}

// No RFC has vectors for these: computed with Python's hmac module.
TEST(TlsKeySchedule, OtherSizesAndUpdatedSecrets) {
  EXPECT_EQ(Hex(DeriveRecordKey(TlsAead::kChaCha20Poly1305, kClientSecret).key),
            "c8afd24f48952725381a54085e8d8e3856d8d89e3019243b30a9db54809a3732");
  const TlsRecordKey key = DeriveRecordKey(TlsAead::kAes256Gcm, Counting(48));
  EXPECT_EQ(Hex(key.key), "6877d022f1c61d24ebb7487c16752d9a4798e40431c75b39320e537c90e23225");
  EXPECT_EQ(Hex(key.iv), "42822531a0fe88648fc09e9f");
  EXPECT_EQ(Hex(NextTrafficSecret(TlsAead::kAes128Gcm, kClientSecret)),
            "fcdfcc72725aaee48bf64e4fd8b749cdbdbab39d90da0b26e2245ca6ea167207");
  EXPECT_EQ(Hex(NextTrafficSecret(TlsAead::kAes256Gcm, Counting(48))),
            "401331b63e9d59f202e8f041042d9516f4cd7fa2e2ee14631d3b49fc340d7af3"
            "7fc2c0c9f252d8036f81ec5b85cbe5db");
}

// Of the master secret 00 01 .. 2f, client random c1 c1 .., server random 5e 5e ..: Python's hmac.
TEST(TlsKeySchedule, KeyBlockOfTls12) {
  const Bytes master = Counting(48);
  const Bytes client_random(32, 0xc1);
  const Bytes server_random(32, 0x5e);
  const TlsRandoms randoms{client_random, server_random};
  const TlsKeyBlock small = DeriveKeyBlock(TlsAead::kAes128Gcm, master, randoms);
  EXPECT_EQ(
      Hex(small.client.key) + Hex(small.server.key) + Hex(small.client.iv) + Hex(small.server.iv),
      "cceb3e14d846a21dde9a42cbcbed13a667078ba0dab8d1732a3cb4899a742466234f54ef0f9b87b1");
  const TlsKeyBlock large = DeriveKeyBlock(TlsAead::kAes256Gcm, master, randoms);
  EXPECT_EQ(
      Hex(large.client.key) + Hex(large.server.key) + Hex(large.client.iv) + Hex(large.server.iv),
      "2353183785767c3f69bccee8a7e1096d743385890510310e45418aef7b068d0a65de98dde3c3e08b909a"
      "2362c78202d4aa098f1f187f28110c070ece64b5578890a4f9ee23b57bae");
  const TlsKeyBlock chacha = DeriveKeyBlock(TlsAead::kChaCha20Poly1305, master, randoms);
  EXPECT_EQ(Hex(chacha.client.key) + Hex(chacha.server.key) + Hex(chacha.client.iv) +
                Hex(chacha.server.iv),
            "cceb3e14d846a21dde9a42cbcbed13a667078ba0dab8d1732a3cb4899a742466234f54ef0f9b87b11b1c"
            "cae6ffacd12acf8a784b60a5d36b819d5bd840985f3128e699cf88370e8ba55f5462605891ade359c7ca"
            "ec46be58");
  EXPECT_EQ(chacha.client.iv.size(), 12U);
  EXPECT_EQ(small.client.iv.size(), 4U);
}

// What OpenSSL's own TLS 1.2 PRF makes of the same input.
Bytes OpenSslKeyBlock(const char* hash, ByteView master, const Bytes& seed, std::size_t size) {
  const std::unique_ptr<EVP_KDF, decltype(&EVP_KDF_free)> kdf(
      EVP_KDF_fetch(nullptr, "TLS1-PRF", nullptr), EVP_KDF_free);
  const std::unique_ptr<EVP_KDF_CTX, decltype(&EVP_KDF_CTX_free)> context(
      EVP_KDF_CTX_new(kdf.get()), EVP_KDF_CTX_free);
  Bytes secret(master.begin(), master.end());
  Bytes all = seed;
  std::array<OSSL_PARAM, 4> parameters{
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, const_cast<char*>(hash), 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, secret.data(), secret.size()),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, all.data(), all.size()),
      OSSL_PARAM_construct_end()};
  Bytes out(size);
  EXPECT_EQ(EVP_KDF_derive(context.get(), out.data(), out.size(), parameters.data()), 1);
  return out;
}

TEST(TlsKeySchedule, KeyBlockEqualsOpenSslsForManySecrets) {
  for (std::uint8_t i = 0; i < 50; ++i) {
    Bytes master = Counting(48);
    for (std::uint8_t& octet : master) octet = static_cast<std::uint8_t>(octet * 7 + i);
    const Bytes client_random(32, i);
    const Bytes server_random(32, static_cast<std::uint8_t>(200 - i));
    Bytes seed{'k', 'e', 'y', ' ', 'e', 'x', 'p', 'a', 'n', 's', 'i', 'o', 'n'};
    seed.insert(seed.end(), server_random.begin(), server_random.end());
    seed.insert(seed.end(), client_random.begin(), client_random.end());
    for (const TlsAead aead :
         {TlsAead::kAes128Gcm, TlsAead::kAes256Gcm, TlsAead::kChaCha20Poly1305}) {
      const TlsKeyBlock block = DeriveKeyBlock(aead, master, {client_random, server_random});
      const std::string all = Hex(block.client.key) + Hex(block.server.key) + Hex(block.client.iv) +
                              Hex(block.server.iv);
      EXPECT_EQ(all, ToHex(OpenSslKeyBlock(HashSize(aead) == 48 ? "SHA384" : "SHA256", master, seed,
                                           all.size() / 2)));
    }
  }
}

}  // namespace
}  // namespace sstpgw::crypto
