#include "tests/client/client_crypto.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/provider.h>

#include <algorithm>
#include <memory>

#include "proto/base/text.h"
#include "tests/client/wire.h"

namespace sstpgw::client {
namespace {

// MD4 and single DES live in OpenSSL's legacy provider. Kept in a library context of its own, so
// that TLS is not touched; never unloaded: it lives as long as the process.
OSSL_LIB_CTX* LegacyContext() {
  static OSSL_LIB_CTX* const context = [] {
    OSSL_LIB_CTX* made = OSSL_LIB_CTX_new();
    if (made != nullptr && (OSSL_PROVIDER_load(made, "legacy") == nullptr ||
                            OSSL_PROVIDER_load(made, "default") == nullptr)) {
      OSSL_LIB_CTX_free(made);
      made = nullptr;
    }
    return made;
  }();
  return context;
}

template <std::size_t N>
std::array<std::uint8_t, N> Digest(const char* name, const Bytes& data, OSSL_LIB_CTX* library) {
  std::array<std::uint8_t, 64> whole{};
  std::size_t size = 0;
  std::array<std::uint8_t, N> out{};
  EVP_Q_digest(library, name, nullptr, data.data(), data.size(), whole.data(), &size);
  std::copy_n(whole.begin(), N, out.begin());
  return out;
}

template <class Array>
Bytes AsBytes(const Array& array) {
  return {array.begin(), array.end()};
}

std::array<std::uint8_t, 16> Md4(const Bytes& data) {
  if (LegacyContext() == nullptr) return {};
  return Digest<16>("MD4", data, LegacyContext());
}

std::array<std::uint8_t, 20> Sha1(const std::vector<Bytes>& parts) {
  return Digest<20>("SHA1", Concat(parts), nullptr);
}

// RFC 2433 A.7: 7 octets become 8, seven bits in the upper part of each.
std::array<std::uint8_t, 8> ExpandDesKey(ByteView key) {
  std::uint64_t bits = 0;
  for (const std::uint8_t octet : key) bits = (bits << 8) | octet;
  std::array<std::uint8_t, 8> out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::uint8_t>(((bits >> (49 - 7 * i)) & 0x7f) << 1);
  }
  return out;
}

void DesEncrypt(ByteView key7, ByteView block8, std::uint8_t* out) {
  if (LegacyContext() == nullptr) return;
  const std::array<std::uint8_t, 8> key = ExpandDesKey(key7);
  const std::unique_ptr<EVP_CIPHER, decltype(&EVP_CIPHER_free)> cipher(
      EVP_CIPHER_fetch(LegacyContext(), "DES-ECB", nullptr), &EVP_CIPHER_free);
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(
      EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int written = 0;
  EVP_EncryptInit_ex2(context.get(), cipher.get(), key.data(), nullptr, nullptr);
  EVP_CIPHER_CTX_set_padding(context.get(), 0);
  EVP_EncryptUpdate(context.get(), out, &written, block8.data(), 8);
}

// RFC 2759 8.5.
NtResponse ChallengeResponse(ByteView challenge8, const std::array<std::uint8_t, 16>& hash) {
  std::array<std::uint8_t, 21> padded{};
  std::copy(hash.begin(), hash.end(), padded.begin());
  NtResponse response{};
  for (std::size_t i = 0; i < 3; ++i) {
    DesEncrypt(ByteView(padded).subspan(i * 7, 7), challenge8, response.data() + i * 8);
  }
  return response;
}

// UTF-8 to UTF-16LE. Octets that are no UTF-8 are taken as Latin-1.
Bytes Utf16Le(std::string_view text) {
  Bytes out;
  const auto put = [&out](std::uint32_t unit) {
    out.push_back(static_cast<std::uint8_t>(unit));
    out.push_back(static_cast<std::uint8_t>(unit >> 8));
  };
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<std::uint8_t>(text[i]);
    std::size_t extra = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
    if (i + extra >= text.size()) extra = 0;
    std::uint32_t code = extra == 0 ? first : first & (0x3fu >> extra);
    for (std::size_t k = 1; k <= extra; ++k) {
      code = (code << 6) | (static_cast<std::uint8_t>(text[i + k]) & 0x3f);
    }
    if (code >= 0x10000) {
      put(0xd800 + ((code - 0x10000) >> 10));
      put(0xdc00 + ((code - 0x10000) & 0x3ff));
    } else {
      put(code);
    }
    i += extra + 1;
  }
  return out;
}

std::string_view WithoutDomain(std::string_view user) {
  const std::size_t slash = user.rfind('\\');
  return slash == std::string_view::npos ? user : user.substr(slash + 1);
}

std::array<std::uint8_t, 8> ChallengeHash(std::string_view user, ByteView server, ByteView peer) {
  const auto digest = Sha1({AsBytes(peer), AsBytes(server), ToBytes(WithoutDomain(user))});
  std::array<std::uint8_t, 8> out{};
  std::copy_n(digest.begin(), out.size(), out.begin());
  return out;
}

Bytes HashHash(std::string_view password) { return AsBytes(Md4(AsBytes(NtHash(password)))); }

Bytes Hmac(const char* hash, ByteView key, ByteView data) {
  Bytes out(EVP_MAX_MD_SIZE);
  std::size_t size = 0;
  EVP_Q_mac(nullptr, "HMAC", nullptr, hash, nullptr, key.data(), key.size(), data.data(),
            data.size(), out.data(), out.size(), &size);
  out.resize(size);
  return out;
}

}  // namespace

bool LegacyAvailable() { return LegacyContext() != nullptr; }

Bytes Sha1Of(const std::vector<Bytes>& parts) { return AsBytes(Sha1(parts)); }

Bytes DesBlock(ByteView key7, ByteView block8) {
  Bytes out(8, 0);
  DesEncrypt(key7, block8, out.data());
  return out;
}

std::array<std::uint8_t, 16> NtHash(std::string_view password) { return Md4(Utf16Le(password)); }

Bytes ChapMd5Response(std::uint8_t id, std::string_view password, ByteView challenge) {
  const Bytes data = Concat({Bytes{id}, ToBytes(password), AsBytes(challenge)});
  return AsBytes(Digest<16>("MD5", data, nullptr));
}

NtResponse MsChapV1Response(std::string_view password, ByteView challenge) {
  return ChallengeResponse(challenge, NtHash(password));
}

NtResponse MsChapV2Response(std::string_view user, std::string_view password,
                            ByteView server_challenge, ByteView peer_challenge) {
  return ChallengeResponse(ChallengeHash(user, server_challenge, peer_challenge), NtHash(password));
}

std::string MsChapV2Authenticator(std::string_view user, std::string_view password,
                                  const NtResponse& response, ByteView server_challenge,
                                  ByteView peer_challenge) {
  const auto first = Sha1(
      {HashHash(password), AsBytes(response), ToBytes("Magic server to client signing constant")});
  const auto second =
      Sha1({AsBytes(first), AsBytes(ChallengeHash(user, server_challenge, peer_challenge)),
            ToBytes("Pad to make it do more than one iteration")});
  std::string text = "S=";
  for (const char c : ToHex(second)) {
    text += c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return text;
}

Hlak HlakMsChapV1(std::string_view password, ByteView challenge) {
  const Bytes hash = HashHash(password);
  const auto key = Sha1({hash, hash, AsBytes(challenge)});
  Hlak out{};
  std::copy_n(key.begin(), 16, out.begin());
  std::copy_n(key.begin(), 16, out.begin() + 16);
  return out;
}

Hlak HlakMsChapV2(std::string_view password, const NtResponse& response) {
  const auto whole =
      Sha1({HashHash(password), AsBytes(response), ToBytes("This is the MPPE Master Key")});
  const Bytes master(whole.begin(), whole.begin() + 16);
  const auto derive = [&master](std::string_view magic) {
    return Sha1({master, Bytes(40, 0x00), ToBytes(magic), Bytes(40, 0xf2)});
  };
  const auto send = derive(
      "On the client side, this is the send key; on the server side, it is the receive key.");
  const auto receive = derive(
      "On the client side, this is the receive key; on the server side, it is the send key.");
  Hlak out{};
  std::copy_n(send.begin(), 16, out.begin());
  std::copy_n(receive.begin(), 16, out.begin() + 16);
  return out;
}

Bytes CertificateHash(BindingHash hash, ByteView certificate_der) {
  const Bytes data = AsBytes(certificate_der);
  if (hash == BindingHash::kSha1) return AsBytes(Digest<20>("SHA1", data, nullptr));
  return AsBytes(Digest<32>("SHA256", data, nullptr));
}

Bytes CallConnected(BindingHash hash, ByteView nonce, ByteView certificate_der, const Hlak& hlak) {
  Bytes certificate = CertificateHash(hash, certificate_der);
  certificate.resize(32);
  Bytes message = SstpControl(
      kCallConnected, {{kCryptoBinding, Concat({Bytes{0, 0, 0, static_cast<std::uint8_t>(hash)},
                                                AsBytes(nonce), certificate, Bytes(32, 0)})}});
  SignCallConnected(hash, hlak, message);
  return message;
}

void SignCallConnected(BindingHash hash, const Hlak& hlak, Bytes& message) {
  if (message.size() != 112) return;
  std::fill(message.begin() + 80, message.end(), std::uint8_t{0});
  const char* name = hash == BindingHash::kSha1 ? "SHA1" : "SHA256";
  const std::uint8_t size = hash == BindingHash::kSha1 ? 20 : 32;
  const Bytes seed = Concat({ToBytes("SSTP inner method derived CMK"), Bytes{size, 0, 1}});
  const Bytes cmk = Hmac(name, hlak, seed);
  const Bytes mac = Hmac(name, cmk, message);
  std::copy(mac.begin(), mac.end(), message.begin() + 80);
}

}  // namespace sstpgw::client
