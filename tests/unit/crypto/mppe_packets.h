// What tests of MPPE packets begin with: both ends with the keys of RFC 3079 3.5.3.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "gateway/crypto/mppe.h"
#include "proto/base/text.h"
#include "tests/support/hex.h"

namespace sstpgw::crypto {

inline const Bytes kStartKey = test::FromHex("8b7cdc149b993a1ba118cb153f56dccb");
inline const Bytes kPlain = test::FromHex("0021 6162636465666768");  // IPv4 and eight octets
inline constexpr MppeStrength kStrengths[] = {MppeStrength::k40Bit, MppeStrength::k56Bit,
                                              MppeStrength::k128Bit};

inline const Rc4Provider& Provider() {
  static const Rc4Provider provider = Rc4Provider::Load().value();
  return provider;
}
inline MppeSender Sender(MppeMode mode) {
  return MppeSender::Create(Provider(), mode, kStartKey).value();
}
inline MppeReceiver Receiver(MppeMode mode) {
  return MppeReceiver::Create(Provider(), mode, kStartKey).value();
}
inline constexpr MppeMode kStateless{MppeStrength::k128Bit, true};
inline constexpr MppeMode kStateful{MppeStrength::k128Bit, false};

inline Bytes Encrypted(MppeSender& sender, const Bytes& plain = kPlain) {
  Bytes out(plain.size() + kMppeHeaderSize);
  EXPECT_TRUE(sender.Encrypt(plain, out));
  return out;
}
inline std::vector<Bytes> Packets(MppeSender& sender, std::size_t count) {
  std::vector<Bytes> packets;
  for (std::size_t i = 0; i < count; ++i) packets.push_back(Encrypted(sender));
  return packets;
}
// What comes of one packet; a decrypted one must be kPlain.
inline MppeOutcome Take(MppeReceiver& receiver, Bytes packet) {
  const Bytes before = packet;
  const auto received = receiver.Decrypt(packet);
  if (received.outcome == MppeOutcome::kDecrypted) {
    EXPECT_EQ(ToHex(received.plain), ToHex(kPlain));
  } else {
    EXPECT_TRUE(received.plain.empty());
    EXPECT_EQ(packet, before);
  }
  return received.outcome;
}
inline int CountOf(const Bytes& packet) { return ((packet[0] & 0x0f) << 8) | packet[1]; }
inline bool IsFlushed(const Bytes& packet) { return (packet[0] & 0x80) != 0; }

}  // namespace sstpgw::crypto
