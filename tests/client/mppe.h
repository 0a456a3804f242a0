// MPPE (RFC 3078) and its keys (RFC 3079), written apart from the product's. Pure. Coherency counts
// are 12 bits and begin at 0; the header's bits: A (0x8000) flushed, D (0x1000) encrypted.
//
// With a stateless mode each packet has a key of its own. Otherwise the key changes with each
// packet whose count ends in FF, and a lost packet costs all until one comes with the flushed bit:
// RC4's table is then made anew from the current key (7.2, 8.2).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "proto/base/types.h"

namespace sstpgw::client {

struct MppeMode {
  int bits = 128;  // 40, 56 or 128
  bool stateless = true;
  friend bool operator==(const MppeMode&, const MppeMode&) = default;
};

// Value of CCP's option 18, and back; `bits` 0 where the value has no strength or several.
[[nodiscard]] Bytes MppeOptionValue(const MppeMode& mode);
[[nodiscard]] MppeMode MppeFromOption(ByteView value);

// What an authentication leaves for MPPE, as the client sees it. Empty: it makes no keys.
struct MppeStartKeys {
  Bytes send;     // 16 octets or more
  Bytes receive;  // likewise
  Bytes weak;     // MS-CHAPv1 only: 8 octets for both directions with 40 and 56 bits
};
// Eight or sixteen octets, as `mode` wants them; zeros without keys.
[[nodiscard]] Bytes StartKey(const MppeStartKeys& keys, bool send, const MppeMode& mode);

class Rc4 {
 public:
  explicit Rc4(ByteView key);
  // En- or decrypts.
  void Apply(std::span<std::uint8_t> octets);

 private:
  std::array<std::uint8_t, 256> table_{};
  std::uint8_t i_ = 0;
  std::uint8_t j_ = 0;
};

// The current session key of one direction.
class MppeKey {
 public:
  MppeKey(Bytes start_key, const MppeMode& mode);
  void Change();        // RFC 3078 7.3
  void Reinitialise();  // RC4's table from the key as it is
  void Apply(std::span<std::uint8_t> octets) { rc4_.Apply(octets); }
  [[nodiscard]] const Bytes& session_key() const { return session_key_; }

 private:
  void Weaken();

  Bytes start_key_;
  MppeMode mode_;
  Bytes session_key_;
  Rc4 rc4_;
};

class MppeSender {
 public:
  MppeSender(Bytes start_key, const MppeMode& mode)
      : mode_(mode), key_(std::move(start_key), mode) {}
  // Encrypts protocol and packet in place; the two octets that go before.
  [[nodiscard]] std::uint16_t Seal(std::span<std::uint8_t> octets);
  // The peer asked for a reset.
  void Flush() { flush_ = true; }

 private:
  MppeMode mode_;
  MppeKey key_;
  std::uint16_t count_ = 0;  // of the next packet
  bool flush_ = false;
};

class MppeReceiver {
 public:
  enum class Verdict {
    kOpened,
    kOutOfStep,  // packets are missing: ask for a reset
    kDiscarded,  // too late, or waiting for the reset
    kMalformed,  // bits that must not be, or must be
  };
  MppeReceiver(Bytes start_key, const MppeMode& mode)
      : mode_(mode), key_(std::move(start_key), mode) {}
  // Decrypts what came behind `header` in place.
  [[nodiscard]] Verdict Open(std::uint16_t header, std::span<std::uint8_t> octets);

 private:
  [[nodiscard]] Verdict OpenStateless(std::uint16_t count, std::span<std::uint8_t> octets);
  [[nodiscard]] Verdict OpenStateful(std::uint16_t count, bool flushed,
                                     std::span<std::uint8_t> octets);

  MppeMode mode_;
  MppeKey key_;
  std::uint16_t last_ = 0xfff;
  bool waiting_ = false;
};

// First eight octets of the LAN Manager hash (RFC 2433 A.2): MS-CHAPv1's weak start key.
[[nodiscard]] Bytes LmStartKey(std::string_view password);

}  // namespace sstpgw::client
