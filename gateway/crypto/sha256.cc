#include "gateway/crypto/sha256.h"

#include <openssl/evp.h>

namespace sstpgw::crypto {

std::array<std::uint8_t, 32> Sha256(ByteView bytes) {
  std::array<std::uint8_t, 32> digest{};
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    digest = {};
  }
  return digest;
}

}  // namespace sstpgw::crypto
