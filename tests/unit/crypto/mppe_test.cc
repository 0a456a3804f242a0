// MPPE packets from the sender, and both ends together (RFC 3078 7). Golden octets are made by a
// program of its own (Python: hashlib and RC4 written out).
#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <string>

#include "proto/base/text.h"
#include "tests/unit/crypto/mppe_packets.h"

namespace sstpgw::crypto {
namespace {

// What libcrypto takes from the heap. Before it has taken anything, hence at the very beginning.
std::atomic<std::size_t> g_blocks_taken{0};
void* CountingMalloc(std::size_t size, const char* /*file*/, int /*line*/) {
  ++g_blocks_taken;
  return std::malloc(size);
}
void* CountingRealloc(void* block, std::size_t size, const char* /*file*/, int /*line*/) {
  ++g_blocks_taken;
  return std::realloc(block, size);
}
void CountingFree(void* block, const char* /*file*/, int /*line*/) { std::free(block); }
const bool g_counting =
    CRYPTO_set_mem_functions(CountingMalloc, CountingRealloc, CountingFree) == 1;

// ---- The sender

TEST(MppeSender, GoldenStateless) {
  const std::map<MppeStrength, std::map<int, std::string>> golden = {
      {MppeStrength::k40Bit,
       {{0, "9edcb004f78a25e95036"},
        {1, "f2033f0e2e9df49cdc36"},
        {255, "b0ce35bf4f2e130ffbda"},
        {4095, "2623b0eb4f98e174a18c"},
        {4096, "9d68df711ce2e166e762"},
        {4097, "78b8ed060acbc9af52a9"}}},
      {MppeStrength::k56Bit,
       {{0, "68da9239c61fe23f68ea"},
        {1, "b23c9364d3d3cfd30ec4"},
        {255, "3df8c92cf1d0343999bd"},
        {4095, "9283393e0938d734080e"},
        {4096, "a7e061821a7edd863617"},
        {4097, "89ea06b8410cfc958474"}}},
      {MppeStrength::k128Bit,
       {{0, "70583749830b3ddcb40e"},
        {1, "353c804bc5558b3a25b5"},
        {255, "4860b5ecae00f0be082b"},
        {4095, "b4e7ec2efa11e216e1fe"},
        {4096, "93dc516392ab46737d90"},
        {4097, "25e117e39cbc3af1e354"}}}};
  for (const auto& [strength, packets] : golden) {
    MppeSender sender = Sender({strength, true});
    for (int i = 0; i <= 4097; ++i) {
      const Bytes packet = Encrypted(sender);
      EXPECT_EQ(CountOf(packet), i % 4096);
      EXPECT_EQ(packet[0] & 0xf0, 0x90);
      if (!packets.contains(i)) continue;
      EXPECT_EQ(ToHex(ByteView(packet).subspan(2)), packets.at(i)) << i;
    }
  }
}

TEST(MppeSender, GoldenStateful) {
  const std::map<MppeStrength, std::map<int, std::string>> golden = {
      {MppeStrength::k40Bit,
       {{0, "e6d525873d5103c37cde"},
        {1, "3fdc52da155c9c609dcd"},
        {254, "f12ad69e22e145587923"},
        {255, "9edcb004f78a25e95036"},
        {256, "dd6435ea722172856278"},
        {4095, "d4323871b500cb7a80fc"},
        {4096, "7e03a17be3a1da236148"},
        {4097, "ae2b8997450a8890dd51"}}},
      {MppeStrength::k56Bit,
       {{0, "4b547a25b94d8dbd56b5"},
        {1, "30fcd105d01f5cc5f456"},
        {254, "73bbbbafd3d5ad79d90d"},
        {255, "68da9239c61fe23f68ea"},
        {256, "e534dbe636c19a075ac6"},
        {4095, "2adf77d7b4bdbcff1c04"},
        {4096, "ac82a322a013848e4d7b"},
        {4097, "a7140f09848499357853"}}},
      {MppeStrength::k128Bit,
       {{0, "f5c091019c61847766f2"},
        {1, "3dfafea081dcba0d57d2"},
        {254, "b162fbc101328327b85a"},
        {255, "70583749830b3ddcb40e"},
        {256, "89041e36f6de0c965fbb"},
        {4095, "2427dabb01c9ed0ec790"},
        {4096, "6b061c55380db230691f"},
        {4097, "29bb516b39a84f0399a5"}}}};
  for (const auto& [strength, packets] : golden) {
    MppeSender sender = Sender({strength, false});
    for (int i = 0; i <= 4097; ++i) {
      const Bytes packet = Encrypted(sender);
      EXPECT_EQ(CountOf(packet), i % 4096);
      EXPECT_EQ(packet[0] & 0xf0, i % 256 == 255 ? 0x90 : 0x10);
      if (!packets.contains(i)) continue;
      EXPECT_EQ(ToHex(ByteView(packet).subspan(2)), packets.at(i)) << i;
    }
  }
}

TEST(MppeSender, EncryptsInPlace) {
  for (const MppeMode mode : {kStateless, kStateful}) {
    MppeSender apart = Sender(mode);
    MppeSender in_place = Sender(mode);
    for (int i = 0; i < 300; ++i) {
      Bytes buffer(kMppeHeaderSize);
      buffer.insert(buffer.end(), kPlain.begin(), kPlain.end());
      ASSERT_TRUE(in_place.Encrypt(ByteView(buffer).subspan(kMppeHeaderSize), buffer));
      EXPECT_EQ(buffer, Encrypted(apart));
    }
  }
}

TEST(MppeSender, RefusesSizesThatDoNotFit) {
  MppeSender sender = Sender(kStateless);
  Bytes out(64);
  EXPECT_FALSE(sender.Encrypt({}, std::span(out).first(2)));
  for (std::size_t size = 0; size < out.size(); ++size) {
    if (size == kPlain.size() + kMppeHeaderSize) continue;
    EXPECT_FALSE(sender.Encrypt(kPlain, std::span(out).first(size))) << size;
  }
  EXPECT_EQ(CountOf(Encrypted(sender)), 0);  // none of these was a packet
}

TEST(MppeSender, AFlushMovesOnToTheNextKeyAndOnlyWhenStateful) {
  MppeSender stateless = Sender(kStateless);
  static_cast<void>(Packets(stateless, 3));
  stateless.Flush();
  EXPECT_EQ(CountOf(Encrypted(stateless)), 3);
  MppeSender sender = Sender(kStateful);
  static_cast<void>(Packets(sender, 3));
  for (const int count : {0x0ff, 0x1ff, 0x2ff}) {
    sender.Flush();
    sender.Flush();  // asked twice before there was a packet
    const Bytes packet = Encrypted(sender);
    EXPECT_EQ(CountOf(packet), count);
    EXPECT_TRUE(IsFlushed(packet));
    EXPECT_EQ(CountOf(Encrypted(sender)), (count + 1) % 4096);
  }
  static_cast<void>(Packets(sender, 0xfff - 0x301));  // up to the last count but one
  sender.Flush();
  EXPECT_EQ(CountOf(Encrypted(sender)), 0xfff);
  EXPECT_EQ(CountOf(Encrypted(sender)), 0);
}

TEST(MppeSender, RefusesAShortStartKey) {
  EXPECT_FALSE(MppeSender::Create(Provider(), kStateless, ByteView(kStartKey).first(15)));
  EXPECT_FALSE(MppeReceiver::Create(Provider(), kStateless, ByteView(kStartKey).first(15)));
}

// ---- Both

TEST(Mppe, RoundTripsOverTwoWrapsOfTheCount) {
  for (const MppeStrength strength : kStrengths) {
    for (const bool stateless : {true, false}) {
      MppeSender sender = Sender({strength, stateless});
      MppeReceiver receiver = Receiver({strength, stateless});
      for (std::size_t i = 0; i < 2 * 4096 + 300; ++i) {
        Bytes plain(1 + (i * 7) % 97, static_cast<std::uint8_t>(i));
        Bytes packet = Encrypted(sender, plain);
        const auto received = receiver.Decrypt(packet);
        ASSERT_EQ(received.outcome, MppeOutcome::kDecrypted) << i;
        ASSERT_EQ(ToHex(received.plain), ToHex(plain)) << i;
      }
    }
  }
}

TEST(Mppe, LargestPackets) {
  MppeSender sender = Sender(kStateful);
  MppeReceiver receiver = Receiver(kStateful);
  const Bytes plain(4087, 0x45);
  Bytes packet = Encrypted(sender, plain);
  EXPECT_EQ(ToHex(receiver.Decrypt(packet).plain), ToHex(plain));
}

TEST(Mppe, NoMemoryIsTakenPerPacket) {
  ASSERT_TRUE(g_counting);
  for (const MppeMode mode : {kStateless, kStateful}) {
    MppeSender sender = Sender(mode);
    MppeReceiver receiver = Receiver(mode);
    Bytes packet = Encrypted(sender);
    ASSERT_EQ(receiver.Decrypt(packet).outcome, MppeOutcome::kDecrypted);
    const std::size_t before = g_blocks_taken.load();
    EXPECT_GT(before, 0U);
    for (int i = 0; i < 600; ++i) {
      ASSERT_TRUE(sender.Encrypt(kPlain, packet));
      ASSERT_EQ(receiver.Decrypt(packet).outcome, MppeOutcome::kDecrypted);
    }
    EXPECT_EQ(g_blocks_taken.load(), before);
  }
}

}  // namespace
}  // namespace sstpgw::crypto
