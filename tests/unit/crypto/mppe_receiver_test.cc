// The receiver of MPPE (RFC 3078 8): lost, late and forged packets.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/crypto/mppe_packets.h"

namespace sstpgw::crypto {
namespace {

// ---- The receiver, whatever the mode

TEST(MppeReceiver, EveryTruncationAndEveryHeader) {
  for (const MppeMode mode : {kStateless, kStateful}) {
    MppeSender sender = Sender(mode);
    const Bytes good = Encrypted(sender);
    for (std::size_t size = 0; size <= kMppeHeaderSize; ++size) {
      MppeReceiver receiver = Receiver(mode);
      EXPECT_EQ(Take(receiver, Bytes(good.begin(), good.begin() + static_cast<long>(size))),
                MppeOutcome::kMalformed);
      EXPECT_EQ(Take(receiver, good), MppeOutcome::kDecrypted);  // and nothing was changed
    }
    for (int bits = 0; bits < 16; ++bits) {
      MppeReceiver receiver = Receiver(mode);
      Bytes packet = good;
      packet[0] = static_cast<std::uint8_t>((bits << 4) | (packet[0] & 0x0f));
      const bool flushed = (bits & 8) != 0;
      const bool encrypted = (bits & 1) != 0;
      const bool fits = encrypted && (flushed || !mode.stateless);
      // B and C say nothing in MPPE.
      EXPECT_EQ(Take(receiver, packet), fits ? MppeOutcome::kDecrypted : MppeOutcome::kMalformed)
          << bits;
    }
  }
}

TEST(MppeReceiver, AForgedCountIsTakenForALoss) {
  MppeReceiver stateless = Receiver(kStateless);
  MppeSender sender = Sender(kStateless);
  Bytes packet = Encrypted(sender);
  packet[1] = 5;
  EXPECT_EQ(stateless.Decrypt(packet).outcome, MppeOutcome::kDecrypted);  // to something else
  EXPECT_NE(ToHex(ByteView(packet).subspan(2)), ToHex(kPlain));
}

TEST(MppeReceiver, WordsForOutcomes) {
  EXPECT_STREQ(ToString(MppeOutcome::kDecrypted), "decrypted");
  EXPECT_STREQ(ToString(MppeOutcome::kMalformed), "malformed");
  EXPECT_STREQ(ToString(MppeOutcome::kReplayed), "replayed");
  EXPECT_STREQ(ToString(MppeOutcome::kTooFar), "too far");
  EXPECT_STREQ(ToString(MppeOutcome::kOutOfStep), "out of step");
  EXPECT_STREQ(ToString(MppeOutcome::kDiscarded), "discarded");
  EXPECT_STREQ(ToString(MppeOutcome::kFailed), "failed");
}

// ---- Stateless (RFC 3078 8.1)

TEST(MppeReceiver, StatelessMakesUpForWhatIsLost) {
  MppeSender sender = Sender(kStateless);
  const std::vector<Bytes> packets = Packets(sender, 5000);
  MppeReceiver receiver = Receiver(kStateless);
  for (const std::size_t i : {0U, 1U, 5U, 6U, 300U, 1500U, 1501U}) {
    EXPECT_EQ(Take(receiver, packets[i]), MppeOutcome::kDecrypted) << i;
  }
  for (std::size_t i = 1502; i < 4000; ++i)
    ASSERT_EQ(Take(receiver, packets[i]), MppeOutcome::kDecrypted);
  EXPECT_EQ(Take(receiver, packets[4100]), MppeOutcome::kDecrypted);  // over the wrap
}

TEST(MppeReceiver, StatelessRefusesCopiesAndLatePackets) {
  MppeSender sender = Sender(kStateless);
  const std::vector<Bytes> packets = Packets(sender, 4200);
  MppeReceiver receiver = Receiver(kStateless);
  for (std::size_t i = 0; i < 100; ++i)
    ASSERT_EQ(Take(receiver, packets[i]), MppeOutcome::kDecrypted);
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(Take(receiver, packets[i]), MppeOutcome::kReplayed) << i;
  }
  EXPECT_EQ(Take(receiver, packets[100]), MppeOutcome::kDecrypted);
}

TEST(MppeReceiver, StatelessTakesNoMoreThanHalfOfTheCounts) {
  MppeSender sender = Sender(kStateless);
  const std::vector<Bytes> packets = Packets(sender, 2050);
  MppeReceiver receiver = Receiver(kStateless);
  EXPECT_EQ(Take(receiver, packets[2048]), MppeOutcome::kReplayed);
  EXPECT_EQ(Take(receiver, packets[2047]), MppeOutcome::kDecrypted);
}

TEST(MppeReceiver, StatelessWorkIsInProportionToWhatIsReceived) {
  MppeReceiver receiver = Receiver(kStateless);
  const auto forged = [](int count) {
    return Bytes{static_cast<std::uint8_t>(0x90 | (count >> 8)), static_cast<std::uint8_t>(count),
                 0xaa};
  };
  int count = -1;
  std::uint32_t changes = 0;
  std::uint32_t refused = 0;
  constexpr std::uint32_t kPackets = 3000;
  for (std::uint32_t i = 0; i < kPackets; ++i) {
    const int next = (count + 2000) % 4096;
    Bytes packet = forged(next);
    const MppeOutcome outcome = receiver.Decrypt(packet).outcome;
    if (outcome == MppeOutcome::kDecrypted) {
      changes += 2000;
      count = next;
    } else {
      ASSERT_EQ(outcome, MppeOutcome::kTooFar);
      ++refused;
    }
  }
  EXPECT_GT(refused, 2900U);
  EXPECT_LE(changes, MppeReceiver::kMaxCredit + kPackets * MppeReceiver::kCreditPerPacket);
}

// ---- Stateful (RFC 3078 8.2)

TEST(MppeReceiver, StatefulAsksOnceAndGoesOnWithTheFlushedPacket) {
  for (const MppeStrength strength : kStrengths) {
    MppeSender sender = Sender({strength, false});
    MppeReceiver receiver = Receiver({strength, false});
    for (const Bytes& packet : Packets(sender, 10)) {
      ASSERT_EQ(Take(receiver, packet), MppeOutcome::kDecrypted);
    }
    static_cast<void>(Encrypted(sender));  // lost
    EXPECT_EQ(Take(receiver, Encrypted(sender)), MppeOutcome::kOutOfStep);
    for (const Bytes& packet : Packets(sender, 20)) {
      EXPECT_EQ(Take(receiver, packet), MppeOutcome::kDiscarded);
    }
    sender.Flush();
    for (const Bytes& packet : Packets(sender, 600)) {
      ASSERT_EQ(Take(receiver, packet), MppeOutcome::kDecrypted);
    }
  }
}

TEST(MppeReceiver, StatefulWithLostKeyChanges) {
  for (const std::size_t lost : {1U, 100U, 256U, 257U, 700U, 1800U}) {
    MppeSender sender = Sender(kStateful);
    MppeReceiver receiver = Receiver(kStateful);
    for (const Bytes& packet : Packets(sender, 250)) {
      ASSERT_EQ(Take(receiver, packet), MppeOutcome::kDecrypted);
    }
    static_cast<void>(Packets(sender, lost));
    const Bytes next = Encrypted(sender);
    if (IsFlushed(next)) {  // a new key comes with it
      EXPECT_EQ(Take(receiver, next), MppeOutcome::kDecrypted) << lost;
      continue;
    }
    EXPECT_EQ(Take(receiver, next), MppeOutcome::kOutOfStep) << lost;
    sender.Flush();
    for (const Bytes& packet : Packets(sender, 300)) {
      ASSERT_EQ(Take(receiver, packet), MppeOutcome::kDecrypted) << lost;
    }
  }
}

TEST(MppeReceiver, StatefulGoesOnWithTheNextKeyThoughNobodyHasFlushed) {
  MppeSender sender = Sender(kStateful);
  MppeReceiver receiver = Receiver(kStateful);
  static_cast<void>(Packets(sender, 250));                                // all lost
  EXPECT_EQ(Take(receiver, Encrypted(sender)), MppeOutcome::kOutOfStep);  // 250
  for (int i = 251; i < 255; ++i) {
    EXPECT_EQ(Take(receiver, Encrypted(sender)), MppeOutcome::kDiscarded);
  }
  Bytes flag = Encrypted(sender);
  flag[0] &= 0x7f;  // a sender that does not say so
  EXPECT_EQ(Take(receiver, flag), MppeOutcome::kDecrypted);
  EXPECT_EQ(Take(receiver, Encrypted(sender)), MppeOutcome::kDecrypted);
}

TEST(MppeReceiver, StatefulAsksAgainWhenNothingComesOfIt) {
  MppeReceiver receiver = Receiver(kStateful);
  std::uint32_t asked = 0;
  int count = 0;
  for (int i = 0; i < 2000; ++i) {
    count = (count + 1) % 4096;
    if ((count & 0xff) == 0xff) ++count;  // a new key would come with it
    count %= 4096;
    Bytes packet{static_cast<std::uint8_t>(0x10 | (count >> 8)),
                 static_cast<std::uint8_t>(count & 0xff), 0xaa};
    const MppeOutcome outcome = receiver.Decrypt(packet).outcome;
    ASSERT_NE(outcome, MppeOutcome::kDecrypted);
    if (outcome == MppeOutcome::kOutOfStep) ++asked;
  }
  EXPECT_EQ(asked, 1 + 1999 / MppeReceiver::kAskAgainAfter);
}

TEST(MppeReceiver, StatefulRefusesCopies) {
  MppeSender sender = Sender(kStateful);
  MppeReceiver receiver = Receiver(kStateful);
  const std::vector<Bytes> packets = Packets(sender, 600);
  for (std::size_t i = 0; i < 599; ++i)
    ASSERT_EQ(Take(receiver, packets[i]), MppeOutcome::kDecrypted);
  for (std::size_t i = 0; i < 599; ++i)
    ASSERT_EQ(Take(receiver, packets[i]), MppeOutcome::kReplayed);
  EXPECT_EQ(Take(receiver, packets[599]), MppeOutcome::kDecrypted);
}

// A sender by hand, which restarts its stream in one of the two ways that are about.
class OtherSender {
 public:
  explicit OtherSender(bool changes_key)
      : stream_(MppeKeyStream::Create(Provider(), MppeStrength::k128Bit, kStartKey).value()),
        changes_key_(changes_key) {}
  Bytes Next(bool flush = false) {
    const bool flag = (count_ & 0xff) == 0xff;
    const bool new_key = flag || (flush && changes_key_);
    EXPECT_TRUE((!new_key || stream_.ChangeKey()) && (!(flag || flush) || stream_.Restart()));
    Bytes packet(kPlain.size() + kMppeHeaderSize);
    packet[0] = static_cast<std::uint8_t>((flag || flush ? 0x90 : 0x10) | (count_ >> 8));
    packet[1] = static_cast<std::uint8_t>(count_);
    EXPECT_TRUE(stream_.Apply(kPlain, std::span(packet).subspan(kMppeHeaderSize)));
    count_ = (count_ + 1) & 0xfff;
    return packet;
  }

 private:
  MppeKeyStream stream_;
  bool changes_key_;
  int count_ = 0;
};

TEST(MppeReceiver, StatefulFollowsBothWaysOfRestarting) {
  for (const bool changes_key : {false, true}) {
    OtherSender sender(changes_key);
    MppeReceiver receiver = Receiver(kStateful);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(Take(receiver, sender.Next()), MppeOutcome::kDecrypted);
    for (int round = 0; round < 4; ++round) {
      static_cast<void>(sender.Next());  // lost
      EXPECT_EQ(Take(receiver, sender.Next()), MppeOutcome::kOutOfStep);
      EXPECT_EQ(Take(receiver, sender.Next(true)), MppeOutcome::kDecrypted);
      for (int i = 0; i < 400; ++i) {
        ASSERT_EQ(Take(receiver, sender.Next()), MppeOutcome::kDecrypted) << i;
      }
    }
  }
}

TEST(MppeReceiver, StatefulFirstPacketMayBeFlushed) {  // RFC 3078 3.1
  OtherSender sender(false);
  MppeReceiver receiver = Receiver(kStateful);
  EXPECT_EQ(Take(receiver, sender.Next(true)), MppeOutcome::kDecrypted);
  EXPECT_EQ(Take(receiver, sender.Next()), MppeOutcome::kDecrypted);
}

}  // namespace
}  // namespace sstpgw::crypto
