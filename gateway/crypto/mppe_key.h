// Keys of MPPE and the RC4 stream that they start (RFC 3078 7, RFC 3079).
//
//   interim(start, current) = SHA1(start | 40 x 00 | current | 40 x F2), cut to the key's length
//   first session key       = salted(interim(start, start))
//   next session key        = salted(RC4 keyed with the interim key over the interim key)
//     with interim(start, session key); lengths are 16 octets with 128 bits, else 8
//   salted: with 40 bits the first three octets are D1 26 9E, with 56 bits the first is D1
//
// Start keys are what authentication gives (MppeKeys). Pure but for Rc4Provider::Load, which a
// process calls once when it starts. Errors: false, if libcrypto cannot. Keys are wiped.
#pragma once

#include <openssl/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "proto/base/result.h"
#include "proto/base/types.h"

namespace sstpgw::crypto {

// RC4 is in OpenSSL's legacy provider, which not every system has. It is loaded into a library
// context of its own, so that nothing else in the process can come to use what is in there.
//
// Threads: one object may be used by all of them at once. A copy is the same provider; it stays
// loaded for as long as there is a copy or a stream made with one.
class Rc4Provider {
 public:
  // kUnsupported with OpenSSL's reason: this system has no RC4.
  [[nodiscard]] static Result<Rc4Provider> Load();

  [[nodiscard]] const EVP_CIPHER* rc4() const;

 private:
  struct State;
  explicit Rc4Provider(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

enum class MppeStrength : std::uint8_t { k40Bit = 40, k56Bit = 56, k128Bit = 128 };
// Octets of start and session keys.
[[nodiscard]] constexpr std::size_t KeySize(MppeStrength strength) {
  return strength == MppeStrength::k128Bit ? 16 : 8;
}

// Of one direction. Memory is taken when it is made and never later.
//
// Threads: not thread-safe. Movable; what was moved from may only be destroyed or assigned to.
class MppeKeyStream {
 public:
  // Has the first session key, and its stream is at the beginning. `start_key`: octets beyond
  // KeySize(strength) are not used; kInvalidArgument: fewer.
  [[nodiscard]] static Result<MppeKeyStream> Create(const Rc4Provider& provider,
                                                    MppeStrength strength, ByteView start_key);
  MppeKeyStream(MppeKeyStream&& other) noexcept;
  MppeKeyStream& operator=(MppeKeyStream&& other) noexcept;
  MppeKeyStream(const MppeKeyStream&) = delete;
  MppeKeyStream& operator=(const MppeKeyStream&) = delete;
  ~MppeKeyStream();

  // The next session key. The stream has to be restarted before it is used again.
  [[nodiscard]] bool ChangeKey();
  // The stream of the session key, from its beginning.
  [[nodiscard]] bool Restart();
  // Encrypts or decrypts the next octets. `out` has the size of `in` and is the same memory or does
  // not overlap it.
  [[nodiscard]] bool Apply(ByteView in, std::span<std::uint8_t> out);
  // Valid until the next change. For tests, and to be told from another one.
  [[nodiscard]] ByteView session_key() const { return ByteView(session_key_).first(size_); }

  // To try something out and go back: the session key alone, not the place in its stream.
  using KeyBytes = std::array<std::uint8_t, 16>;
  [[nodiscard]] const KeyBytes& saved_key() const { return session_key_; }
  void RestoreKey(const KeyBytes& key) { session_key_ = key; }

 private:
  struct FreeCipherContext {
    void operator()(EVP_CIPHER_CTX* context) const;
  };

  MppeKeyStream(const Rc4Provider& provider, MppeStrength strength)
      : provider_(provider), strength_(strength), size_(KeySize(strength)) {}
  [[nodiscard]] bool Begin(ByteView start_key);
  // To session_key_, from the start key and what session_key_ is now.
  [[nodiscard]] bool MakeInterimKey();
  void Salt();
  void Wipe();

  Rc4Provider provider_;
  MppeStrength strength_;
  std::size_t size_;  // octets of the keys
  std::unique_ptr<EVP_CIPHER_CTX, FreeCipherContext> cipher_;
  KeyBytes start_key_{};
  KeyBytes session_key_{};
};

}  // namespace sstpgw::crypto
