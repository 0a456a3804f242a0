#include "controlplane/auth/ms_chap.h"

#include <openssl/evp.h>

#include <algorithm>
#include <initializer_list>

#include "controlplane/auth/des.h"
#include "controlplane/auth/md4.h"

namespace sstpgw::cp {
namespace {

using Sha1Digest = std::array<std::uint8_t, 20>;

constexpr std::string_view kMasterKeyMagic = "This is the MPPE Master Key";
constexpr std::string_view kReceiveMagic =
    "On the client side, this is the send key; on the server side, it is the receive key.";
constexpr std::string_view kSendMagic =
    "On the client side, this is the receive key; on the server side, it is the send key.";
constexpr std::string_view kSigningMagic = "Magic server to client signing constant";
constexpr std::string_view kIterationMagic = "Pad to make it do more than one iteration";
static_assert(kReceiveMagic.size() == 84 && kSendMagic.size() == 84);

ByteView AsBytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Sha1Digest Sha1(std::initializer_list<ByteView> parts) {
  std::size_t size = 0;
  for (const ByteView part : parts) size += part.size();
  Bytes message;
  message.reserve(size);  // never moved while it holds a secret
  for (const ByteView part : parts) message.insert(message.end(), part.begin(), part.end());
  Sha1Digest digest{};
  EVP_Digest(message.data(), message.size(), digest.data(), nullptr, EVP_sha1(), nullptr);
  SecureWipe(message);
  return digest;
}

template <std::size_t N>
std::array<std::uint8_t, N> Front(const Sha1Digest& digest) {
  static_assert(N <= std::tuple_size_v<Sha1Digest>);
  std::array<std::uint8_t, N> out{};
  std::copy_n(digest.begin(), N, out.begin());
  return out;
}

// The code point at `at` and how many octets it takes. Octets that are not UTF-8 stand for
// themselves.
struct CodePoint {
  std::uint32_t value = 0;
  std::size_t octets = 1;
};

CodePoint DecodeUtf8(std::string_view text, std::size_t at) {
  const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(text[at + i]); };
  const std::uint8_t lead = octet(0);
  const CodePoint itself{lead, 1};
  CodePoint out;
  std::uint32_t minimum = 0;
  if (lead >= 0xc2 && lead <= 0xdf) {
    out = {lead & 0x1fU, 2};
    minimum = 0x80;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    out = {lead & 0x0fU, 3};
    minimum = 0x800;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    out = {lead & 0x07U, 4};
    minimum = 0x10000;
  } else {
    return itself;
  }
  if (text.size() - at < out.octets) return itself;
  for (std::size_t i = 1; i < out.octets; ++i) {
    if ((octet(i) & 0xc0) != 0x80) return itself;
    out.value = (out.value << 6) | (octet(i) & 0x3fU);
  }
  const bool surrogate = out.value >= 0xd800 && out.value <= 0xdfff;
  return out.value < minimum || surrogate || out.value > 0x10ffff ? itself : out;
}

void AppendUtf16Le(Bytes& out, std::uint32_t code) {
  const auto unit = [&out](std::uint32_t value) {
    out.push_back(static_cast<std::uint8_t>(value));
    out.push_back(static_cast<std::uint8_t>(value >> 8));
  };
  if (code < 0x10000) {
    unit(code);
  } else {
    unit(0xd800 + ((code - 0x10000) >> 10));
    unit(0xdc00 + ((code - 0x10000) & 0x3ff));
  }
}

// User name without domain (RFC 2759 4, 8.2).
std::string_view WithoutDomain(std::string_view user) {
  const std::size_t backslash = user.rfind('\\');
  return backslash == std::string_view::npos ? user : user.substr(backslash + 1);
}

// RFC 3079 3.4 GetAsymmetricStartKey.
MppeKey StartKey(const MppeKey& master_key, std::string_view magic) {
  std::array<std::uint8_t, 40> pad1{};
  std::array<std::uint8_t, 40> pad2{};
  pad2.fill(0xf2);
  return Front<16>(Sha1({master_key, pad1, AsBytes(magic), pad2}));
}

Secret Join(const MppeKey& first, const MppeKey& second) {
  std::array<std::uint8_t, 32> both{};
  std::copy(first.begin(), first.end(), both.begin());
  std::copy(second.begin(), second.end(), both.begin() + 16);
  Secret out{ByteView(both)};
  SecureWipe(both);
  return out;
}

}  // namespace

NtHash NtPasswordHash(std::string_view password) {
  Bytes utf16;
  utf16.reserve(password.size() * 2);  // never moved while it holds the password
  for (std::size_t at = 0; at < password.size();) {
    const CodePoint code = DecodeUtf8(password, at);
    AppendUtf16Le(utf16, code.value);
    at += code.octets;
  }
  const NtHash hash = Md4(utf16);
  SecureWipe(utf16);
  return hash;
}

NtHash HashNtPasswordHash(const NtHash& hash) { return Md4(hash); }

NtResponse ChallengeResponse(const std::array<std::uint8_t, 8>& challenge, const NtHash& hash) {
  std::array<std::uint8_t, 21> padded{};
  std::copy(hash.begin(), hash.end(), padded.begin());
  NtResponse response{};
  for (std::size_t i = 0; i < 3; ++i) {
    const std::span<const std::uint8_t, 7> third(padded.data() + i * 7, 7);
    const DesBlock block = DesEncrypt(DesKeyFrom7Octets(third), challenge);
    std::copy(block.begin(), block.end(), response.begin() + static_cast<std::ptrdiff_t>(i * 8));
  }
  SecureWipe(padded);
  return response;
}

MppeKey MsChapV1StartKeyOfHashHash(const NtHash& hash_hash,
                                   const std::array<std::uint8_t, 8>& challenge) {
  return Front<16>(Sha1({hash_hash, hash_hash, challenge}));
}

MppeKey MsChapV1StartKey(const NtHash& hash, const std::array<std::uint8_t, 8>& challenge) {
  return MsChapV1StartKeyOfHashHash(HashNtPasswordHash(hash), challenge);
}

std::optional<std::array<std::uint8_t, 8>> LanManagerStartKey(std::string_view password) {
  constexpr std::size_t kLongest = 14;
  constexpr DesBlock kClear{'K', 'G', 'S', '!', '@', '#', '$', '%'};
  const bool ascii = std::all_of(password.begin(), password.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (password.size() > kLongest || !ascii) return std::nullopt;
  // The first of the hash's halves comes from the first 7 characters alone (RFC 2433 A.3).
  std::array<std::uint8_t, 7> key{};
  for (std::size_t i = 0; i < std::min(key.size(), password.size()); ++i) {
    const char c = password[i];
    key[i] = static_cast<std::uint8_t>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  }
  const DesBlock half = DesEncrypt(DesKeyFrom7Octets(key), kClear);
  SecureWipe(key);
  return half;
}

std::array<std::uint8_t, 8> ChallengeHash(
    const std::array<std::uint8_t, 16>& peer_challenge,
    const std::array<std::uint8_t, 16>& authenticator_challenge, std::string_view user) {
  return Front<8>(Sha1({peer_challenge, authenticator_challenge, AsBytes(WithoutDomain(user))}));
}

NtResponse MsChapV2NtResponse(const std::array<std::uint8_t, 16>& authenticator_challenge,
                              const std::array<std::uint8_t, 16>& peer_challenge,
                              std::string_view user, const NtHash& hash) {
  return ChallengeResponse(ChallengeHash(peer_challenge, authenticator_challenge, user), hash);
}

std::string AuthenticatorResponse(const NtHash& hash, const NtResponse& nt_response,
                                  const std::array<std::uint8_t, 16>& peer_challenge,
                                  const std::array<std::uint8_t, 16>& authenticator_challenge,
                                  std::string_view user) {
  const Sha1Digest signed_response =
      Sha1({HashNtPasswordHash(hash), nt_response, AsBytes(kSigningMagic)});
  const auto challenge = ChallengeHash(peer_challenge, authenticator_challenge, user);
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out = "S=";
  for (const std::uint8_t octet : Sha1({signed_response, challenge, AsBytes(kIterationMagic)})) {
    out += kDigits[octet >> 4];
    out += kDigits[octet & 15];
  }
  return out;
}

MppeKey MasterKey(const NtHash& hash, const NtResponse& nt_response) {
  return Front<16>(Sha1({HashNtPasswordHash(hash), nt_response, AsBytes(kMasterKeyMagic)}));
}

MppeKey ServerReceiveKey(const MppeKey& master_key) { return StartKey(master_key, kReceiveMagic); }

MppeKey ServerSendKey(const MppeKey& master_key) { return StartKey(master_key, kSendMagic); }

Secret HlakOfMsChapV1(const NtHash& hash, const std::array<std::uint8_t, 8>& challenge) {
  return HlakOfMsChapV1HashHash(HashNtPasswordHash(hash), challenge);
}

Secret HlakOfMsChapV1HashHash(const NtHash& hash_hash,
                              const std::array<std::uint8_t, 8>& challenge) {
  const MppeKey key = MsChapV1StartKeyOfHashHash(hash_hash, challenge);
  return Join(key, key);
}

Secret HlakOfMsChapV2(const NtHash& hash, const NtResponse& nt_response) {
  const MppeKey master_key = MasterKey(hash, nt_response);
  return Join(ServerReceiveKey(master_key), ServerSendKey(master_key));
}

Secret ZeroHlak() { return Join({}, {}); }

}  // namespace sstpgw::cp
