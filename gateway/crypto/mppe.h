// MPPE (RFC 3078): PPP packets encrypted and decrypted, one direction each.
//
//   00 FD |  A B C D  count (12)  |  encrypted: protocol field and information
//            A 0x8000 flushed: the stream has been restarted for this packet
//            D 0x1000 encrypted; B and C are MPPC's and 0
//
// The protocol field 00 FD is the caller's; a packet here begins with the two octets behind it.
//
// Stateless: the key changes for every packet. Stateful: the stream goes on from packet to packet;
// the key changes where the count's low octet is FF, and the stream restarts where A is set.
//
// Two readings of "restarted" are about. RFC 3078 8.2 restarts the stream of the current key, Linux
// changes the key as well. The sender avoids the question: asked to restart, it goes on with the
// next count that ends in FF, where all agree that the key changes. The receiver takes what makes
// the first octets an IP packet's protocol field. Linux also takes no A in the first stateful
// packet, so that is not set.
//
// Pure, no allocation per packet. Threads: not thread-safe. Everything received is hostile: see the
// outcomes; the work per packet is bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "gateway/crypto/mppe_key.h"
#include "proto/base/result.h"
#include "proto/base/types.h"

namespace sstpgw::crypto {

inline constexpr std::size_t kMppeHeaderSize = 2;
inline constexpr std::uint16_t kMppeCounts = 0x1000;  // 0..0xfff

struct MppeMode {
  MppeStrength strength = MppeStrength::k128Bit;
  bool stateless = true;
  friend bool operator==(const MppeMode&, const MppeMode&) = default;
};

class MppeSender {
 public:
  // Errors: those of MppeKeyStream::Create.
  [[nodiscard]] static Result<MppeSender> Create(const Rc4Provider& provider, MppeMode mode,
                                                 ByteView start_key);

  // `plain`: protocol field and information, not empty. `out`: kMppeHeaderSize octets more; `plain`
  // may be its tail, otherwise they do not overlap. false: the sizes do not fit, or libcrypto could
  // not, and there is nothing to send.
  [[nodiscard]] bool Encrypt(ByteView plain, std::span<std::uint8_t> out);
  // The peer has lost its place (CCP Reset-Request): the next packet restarts the stream. Nothing
  // to do when stateless.
  void Flush() { flush_ = !stateless_; }

 private:
  MppeSender(MppeKeyStream stream, bool stateless)
      : stream_(std::move(stream)), stateless_(stateless) {}

  MppeKeyStream stream_;
  bool stateless_;
  bool flush_ = false;
  std::uint16_t next_ = 0;  // count of the next packet
};

enum class MppeOutcome : std::uint8_t {
  kDecrypted,
  kMalformed,  // nothing behind the header, D missing; stateless: A missing
  kReplayed,   // its count has been seen: a copy or a late packet
  kTooFar,     // stateless: more packets were lost than are made up for at once
  kOutOfStep,  // stateful: packets were lost, a CCP Reset-Request has to go out
  kDiscarded,  // stateful: such a request is on its way
  kFailed,     // libcrypto could not
};
[[nodiscard]] const char* ToString(MppeOutcome outcome);  // "out of step"

class MppeReceiver {
 public:
  // Errors: those of MppeKeyStream::Create.
  [[nodiscard]] static Result<MppeReceiver> Create(const Rc4Provider& provider, MppeMode mode,
                                                   ByteView start_key);

  struct Received {
    MppeOutcome outcome = MppeOutcome::kFailed;
    ByteView plain;  // with kDecrypted: protocol field and information, inside `packet`
  };
  // Decrypts in place. Only kDecrypted changes `packet`. What is decrypted need not make sense: a
  // wrong key is not noticed here.
  [[nodiscard]] Received Decrypt(std::span<std::uint8_t> packet);

  // Out of step: a Reset-Request goes out at once, and again after so many packets without A.
  static constexpr std::uint32_t kAskAgainAfter = 256;
  // Key changes that lost packets may cost: each packet received brings so many, up to the cap.
  // Nobody can make us work out of proportion to what they send, and an honest gap costs nothing.
  static constexpr std::uint32_t kCreditPerPacket = 4;
  static constexpr std::uint32_t kMaxCredit = kMppeCounts;

 private:
  MppeReceiver(MppeKeyStream stream, bool stateless)
      : stream_(std::move(stream)), stateless_(stateless) {}
  // Each leaves the stream where the packet's octets begin.
  [[nodiscard]] MppeOutcome FollowStateless(std::uint16_t count);
  [[nodiscard]] MppeOutcome FollowStateful(std::uint16_t count, bool flushed, ByteView encrypted);
  // The key changes of all counts from expected_ to `count`; `count` is then the last one seen.
  [[nodiscard]] bool ChangeKeysUpTo(std::uint16_t count);
  // The stream anew, as the peer may have meant it.
  [[nodiscard]] bool RestartAsMeant(ByteView encrypted);
  // Would it begin like an IP packet with the key as it is?
  [[nodiscard]] bool LooksLikeIp(ByteView encrypted);

  MppeKeyStream stream_;
  bool stateless_;
  bool in_step_ = true;
  std::uint16_t expected_ = 0;  // count of the packet behind the last one seen
  std::uint32_t credit_ = kMaxCredit;
  std::uint32_t discarded_ = 0;  // since the last Reset-Request
};

}  // namespace sstpgw::crypto
