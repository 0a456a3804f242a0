#include "controlplane/auth/md4.h"

#include "proto/base/text.h"
#include "tests/support/hex.h"

namespace sstpgw::cp {
namespace {

// RFC 1320 A.5, all seven.
TEST(Md4, Rfc1320TestSuite) {
  const std::vector<std::pair<std::string, std::string>> suite{
      {"", "31d6cfe0d16ae931b73c59d7e0c089c0"},
      {"a", "bde52cb31de33e46245e05fbdbd6fb24"},
      {"abc", "a448017aaf21d8525fc10ae87aa6729d"},
      {"message digest", "d9130a8164549fe818874806e1c7014b"},
      {"abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"},
      {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
       "043f8582f241db351ce627e153e7f0e4"},
      {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
       "e33b4ddc9c38f2199c3e7b164fcc0536"},
  };
  for (const auto& [message, digest] : suite) {
    EXPECT_EQ(ToHex(Md4(test::FromText(message))), digest) << message;
  }
}

// The padding takes another block from 56 octets on; digests from an independent implementation.
TEST(Md4, EveryLengthAroundTheBlockBoundary) {
  const std::vector<std::pair<std::size_t, std::string>> digests{
      {55, "92f32bb82c95ad10e8f87ae58ab06807"},  {56, "374d5f08103b7092c83b4626ebceffab"},
      {57, "eebaefd8f3ba932d44239a789c38317a"},  {63, "2870452596e98fffd48332289b3472b9"},
      {64, "b1abf956a5ae6f3221e5fe85e300fbb0"},  {65, "afc1a3308fc176a53238a09aeddec2e6"},
      {119, "b55ae15e41e55643b0c3daad5e05c905"}, {120, "d8f9adfc41ec43552619606c70cfd287"},
      {128, "7c087dd92a6743e09f3763a6d99c9d26"},
  };
  for (const auto& [length, digest] : digests) {
    EXPECT_EQ(ToHex(Md4(Bytes(length, 'x'))), digest) << length;
  }
}

}  // namespace
}  // namespace sstpgw::cp
