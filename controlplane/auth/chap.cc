#include "controlplane/auth/chap.h"

#include <openssl/evp.h>

#include "proto/base/secret.h"

namespace sstpgw::cp {

Bytes ChapMd5Response(std::uint8_t identifier, ByteView password, ByteView challenge) {
  Bytes message;
  message.reserve(1 + password.size() + challenge.size());  // never moved while it holds a secret
  message.push_back(identifier);
  message.insert(message.end(), password.begin(), password.end());
  message.insert(message.end(), challenge.begin(), challenge.end());
  Bytes digest(16);
  const int done =
      EVP_Digest(message.data(), message.size(), digest.data(), nullptr, EVP_md5(), nullptr);
  SecureWipe(message);
  if (done != 1) digest.clear();
  return digest;
}

}  // namespace sstpgw::cp
