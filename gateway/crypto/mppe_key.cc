// EVP takes memory for every SHA-1, the functions of old do not. Before any header of OpenSSL.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "gateway/crypto/mppe_key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/sha.h>

#include <algorithm>
#include <string>
#include <utility>

#include "proto/base/secret.h"

namespace sstpgw::crypto {
namespace {

constexpr std::size_t kPadSize = 40;

std::string OpensslReason() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return reason == nullptr ? "unknown reason" : reason;
}

Error NoRc4(const std::string& what) {
  return {ErrorCode::kUnsupported, "RC4 for MPPE: " + what + ": " + OpensslReason()};
}

}  // namespace

struct Rc4Provider::State {
  OSSL_LIB_CTX* context = nullptr;
  OSSL_PROVIDER* legacy = nullptr;
  EVP_CIPHER* rc4 = nullptr;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    EVP_CIPHER_free(rc4);
    if (legacy != nullptr) OSSL_PROVIDER_unload(legacy);
    OSSL_LIB_CTX_free(context);
  }
};

Result<Rc4Provider> Rc4Provider::Load() {
  auto state = std::make_shared<State>();
  state->context = OSSL_LIB_CTX_new();
  if (state->context == nullptr) return Fail(NoRc4("no library context"));
  state->legacy = OSSL_PROVIDER_load(state->context, "legacy");
  if (state->legacy == nullptr) return Fail(NoRc4("OpenSSL's legacy provider cannot be loaded"));
  state->rc4 = EVP_CIPHER_fetch(state->context, "RC4", nullptr);
  if (state->rc4 == nullptr) return Fail(NoRc4("OpenSSL's legacy provider does not have it"));
  return Rc4Provider(std::move(state));
}

const EVP_CIPHER* Rc4Provider::rc4() const { return state_->rc4; }

void MppeKeyStream::FreeCipherContext::operator()(EVP_CIPHER_CTX* context) const {
  EVP_CIPHER_CTX_free(context);
}

MppeKeyStream::MppeKeyStream(MppeKeyStream&& other) noexcept
    : provider_(other.provider_),
      strength_(other.strength_),
      size_(other.size_),
      cipher_(std::move(other.cipher_)),
      start_key_(other.start_key_),
      session_key_(other.session_key_) {
  other.Wipe();
}

MppeKeyStream& MppeKeyStream::operator=(MppeKeyStream&& other) noexcept {
  if (this == &other) return *this;
  cipher_ = std::move(other.cipher_);
  provider_ = other.provider_;
  strength_ = other.strength_;
  size_ = other.size_;
  start_key_ = other.start_key_;
  session_key_ = other.session_key_;
  other.Wipe();
  return *this;
}

MppeKeyStream::~MppeKeyStream() { Wipe(); }

void MppeKeyStream::Wipe() {
  SecureWipe(start_key_);
  SecureWipe(session_key_);
}

Result<MppeKeyStream> MppeKeyStream::Create(const Rc4Provider& provider, MppeStrength strength,
                                            ByteView start_key) {
  if (start_key.size() < KeySize(strength)) {
    return Fail(Error{ErrorCode::kInvalidArgument,
                      "MPPE: a start key of " + std::to_string(start_key.size()) + " octets, not " +
                          std::to_string(KeySize(strength))});
  }
  MppeKeyStream stream(provider, strength);
  if (!stream.Begin(start_key)) {
    return Fail(Error{ErrorCode::kInternal, "MPPE: " + OpensslReason()});
  }
  return stream;
}

bool MppeKeyStream::Begin(ByteView start_key) {
  std::copy_n(start_key.begin(), size_, start_key_.begin());
  session_key_ = start_key_;
  cipher_.reset(EVP_CIPHER_CTX_new());
  if (!cipher_) return false;
  if (EVP_EncryptInit_ex2(cipher_.get(), provider_.rc4(), nullptr, nullptr, nullptr) != 1 ||
      EVP_CIPHER_CTX_set_key_length(cipher_.get(), static_cast<int>(size_)) != 1) {
    return false;
  }
  if (!MakeInterimKey()) return false;
  Salt();
  return Restart();
}

bool MppeKeyStream::MakeInterimKey() {
  std::array<std::uint8_t, 2 * (sizeof(KeyBytes) + kPadSize)> text{};
  auto end = std::copy_n(start_key_.begin(), size_, text.begin()) + kPadSize;
  end = std::copy_n(session_key_.begin(), size_, end);
  std::fill_n(end, kPadSize, std::uint8_t{0xf2});
  std::array<std::uint8_t, SHA_DIGEST_LENGTH> hash{};
  SHA_CTX context{};
  const bool done = SHA1_Init(&context) == 1 &&
                    SHA1_Update(&context, text.data(), 2 * (size_ + kPadSize)) == 1 &&
                    SHA1_Final(hash.data(), &context) == 1;
  if (done) std::copy_n(hash.begin(), size_, session_key_.begin());
  SecureWipe({reinterpret_cast<std::uint8_t*>(&context), sizeof(context)});
  SecureWipe(text);
  SecureWipe(hash);
  return done;
}

void MppeKeyStream::Salt() {
  switch (strength_) {
    case MppeStrength::k40Bit:
      session_key_[0] = 0xd1;
      session_key_[1] = 0x26;
      session_key_[2] = 0x9e;
      return;
    case MppeStrength::k56Bit:
      session_key_[0] = 0xd1;
      return;
    case MppeStrength::k128Bit:
      return;
  }
}

bool MppeKeyStream::ChangeKey() {
  const std::span<std::uint8_t> key = std::span(session_key_).first(size_);
  if (!MakeInterimKey() || !Restart() || !Apply(key, key)) return false;
  Salt();
  return true;
}

bool MppeKeyStream::Restart() {
  return EVP_EncryptInit_ex2(cipher_.get(), nullptr, session_key_.data(), nullptr, nullptr) == 1;
}

bool MppeKeyStream::Apply(ByteView in, std::span<std::uint8_t> out) {
  int size = 0;
  return EVP_EncryptUpdate(cipher_.get(), out.data(), &size, in.data(),
                           static_cast<int>(in.size())) == 1 &&
         static_cast<std::size_t>(size) == in.size();
}

}  // namespace sstpgw::crypto
