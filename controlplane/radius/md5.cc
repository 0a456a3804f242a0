#include "controlplane/radius/md5.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <memory>

namespace sstpgw::cp::radius {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

auto Refused() {
  return Fail(Error{ErrorCode::kUnsupported,
                    "OpenSSL does not offer MD5 here (FIPS mode?), RADIUS cannot do without it"});
}

}  // namespace

Result<Md5Digest> Md5(std::initializer_list<ByteView> parts) {
  const std::unique_ptr<EVP_MD_CTX, FreeContext> context(EVP_MD_CTX_new());
  if (!context || EVP_DigestInit_ex(context.get(), EVP_md5(), nullptr) != 1) return Refused();
  for (const ByteView part : parts) {
    if (EVP_DigestUpdate(context.get(), part.data(), part.size()) != 1) return Refused();
  }
  Md5Digest digest{};
  if (EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) != 1) return Refused();
  return digest;
}

Result<Md5Digest> HmacMd5(ByteView key, ByteView message) {
  // With a null key HMAC would reuse a former one; an empty secret is one, too.
  const std::uint8_t none = 0;
  Md5Digest digest{};
  const unsigned char* result =
      HMAC(EVP_md5(), key.empty() ? &none : key.data(), static_cast<int>(key.size()),
           message.data(), message.size(), digest.data(), nullptr);
  if (result == nullptr) return Refused();
  return digest;
}

}  // namespace sstpgw::cp::radius
