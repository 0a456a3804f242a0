#include "tests/client/mppe.h"

#include <gtest/gtest.h>

#include "tests/client/client_crypto.h"
#include "tests/client/wire.h"

namespace sstpgw::client {
namespace {

using Verdict = MppeReceiver::Verdict;

// RFC 3079 3.5: the server's start key for sending.
const Bytes kStartKey = FromHex("8b7cdc149b993a1ba118cb153f56dccb");

Bytes Start(int bits) {
  Bytes key = kStartKey;
  key.resize(bits == 128 ? 16 : 8);
  return key;
}

TEST(Mppe, SessionKeysAndSamplesOfRfc3079) {
  struct Sample {
    int bits;
    const char* session_key;
    const char* encrypted;
  };
  for (const Sample& sample :
       {Sample{40, "d1269ec49fa62e3e", "92 91 37 91 7e 58 03 d6 68 d7 58 98"},
        Sample{56, "d15c00c49fa62e3e", "3f 10 68 33 fa 44 8d a8 42 bc 57 b8"},
        Sample{128, "405cb2247a7956e6e211007ae27b22d4", "81 84 83 17 df 68 84 62 72 fb 5a be"}}) {
    MppeKey key(Start(sample.bits), {sample.bits, true});
    EXPECT_EQ(key.session_key(), FromHex(sample.session_key));
    Bytes message = ToBytes("test message");
    key.Apply(message);
    EXPECT_EQ(message, FromHex(sample.encrypted)) << sample.bits;
  }
}

TEST(Mppe, KeysChangeAsInRfc3078) {
  MppeKey key(Start(128), {128, true});
  key.Change();
  EXPECT_EQ(key.session_key(), FromHex("726f10500e2b54135b1b74d7682f0471"));
  key.Change();
  EXPECT_EQ(key.session_key(), FromHex("2805bc7869bec825573a7803e95a3acd"));
  MppeKey weak(Start(40), {40, true});
  weak.Change();
  EXPECT_EQ(Bytes(weak.session_key().begin(), weak.session_key().begin() + 3), FromHex("d1269e"));
}

TEST(Mppe, StartKeysByDirectionAndStrength) {
  const MppeStartKeys keys{Bytes(16, 1), Bytes(32, 2), {}};
  EXPECT_EQ(StartKey(keys, true, {128, true}), Bytes(16, 1));
  EXPECT_EQ(StartKey(keys, false, {128, true}), Bytes(16, 2));
  EXPECT_EQ(StartKey(keys, false, {40, true}), Bytes(8, 2));
  // RFC 3079 2.5: MS-CHAPv1 has its 40 and 56 bits from the LAN Manager hash.
  const MppeStartKeys old{Bytes(16, 1), Bytes(16, 1), LmStartKey("clientPass")};
  EXPECT_EQ(StartKey(old, true, {56, true}), FromHex("76a152936096d783"));
  EXPECT_EQ(StartKey(old, true, {128, true}), Bytes(16, 1));
}

TEST(Mppe, OptionValues) {
  EXPECT_EQ(MppeOptionValue({128, true}), FromHex("01000040"));
  EXPECT_EQ(MppeOptionValue({40, false}), FromHex("00000020"));
  EXPECT_EQ(MppeFromOption(FromHex("01000080")), (MppeMode{56, true}));
  for (const char* hex : {"010000e0", "01000000", "010000", "01000041", "03000040", "01010040"}) {
    EXPECT_EQ(MppeFromOption(FromHex(hex)).bits, 0) << hex;
  }
}

class MppeLinkTest : public testing::TestWithParam<MppeMode> {
 protected:
  struct Sealed {
    std::uint16_t header;
    Bytes octets;
  };
  Sealed Seal(const Bytes& plain) {
    Sealed sealed{0, plain};
    sealed.header = sender_.Seal(sealed.octets);
    return sealed;
  }
  Verdict Open(Sealed sealed) {
    const Verdict verdict = receiver_.Open(sealed.header, sealed.octets);
    opened_ = sealed.octets;
    return verdict;
  }

  MppeSender sender_{Start(GetParam().bits), GetParam()};
  MppeReceiver receiver_{Start(GetParam().bits), GetParam()};
  Bytes opened_;
};

// Past 4096, where the count begins again.
TEST_P(MppeLinkTest, EveryPacketArrives) {
  for (int i = 0; i < 4500; ++i) {
    const Bytes plain{0x00, 0x21, static_cast<std::uint8_t>(i), 7};
    const Sealed sealed = Seal(plain);
    EXPECT_EQ(sealed.header & 0x0fff, i & 0x0fff);
    EXPECT_EQ(sealed.header & 0x7000, 0x1000);
    const bool new_key = GetParam().stateless || (i & 0xff) == 0xff;
    EXPECT_EQ((sealed.header & 0x8000) != 0, new_key) << i;
    ASSERT_EQ(Open(sealed), Verdict::kOpened) << i;
    ASSERT_EQ(opened_, plain) << i;
  }
}

TEST_P(MppeLinkTest, ALostPacketCostsWhatTheModeSays) {
  const Bytes plain{0, 0x21, 1, 2, 3};
  EXPECT_EQ(Open(Seal(plain)), Verdict::kOpened);
  for (int i = 0; i < 300; ++i) (void)Seal(plain);
  if (GetParam().stateless) {
    EXPECT_EQ(Open(Seal(plain)), Verdict::kOpened);
    EXPECT_EQ(opened_, plain);
    return;
  }
  EXPECT_EQ(Open(Seal(plain)), Verdict::kOutOfStep);
  EXPECT_EQ(Open(Seal(plain)), Verdict::kDiscarded);
  sender_.Flush();
  for (int i = 0; i < 700; ++i) {
    const Sealed sealed = Seal(plain);
    EXPECT_EQ(i == 0, (sealed.header & 0x8000) != 0 && (sealed.header & 0xff) != 0xff);
    ASSERT_EQ(Open(sealed), Verdict::kOpened) << i;
    ASSERT_EQ(opened_, plain) << i;
  }
}

TEST_P(MppeLinkTest, WrongBitsAndOldPackets) {
  const Sealed first = Seal({1, 2, 3});
  for (const int header : {0x0000, 0x8000, 0xb000}) {
    EXPECT_EQ(Open({static_cast<std::uint16_t>(header), {1, 2, 3}}), Verdict::kMalformed) << header;
  }
  EXPECT_EQ(Open(first), Verdict::kOpened);
  if (GetParam().stateless) {
    EXPECT_EQ(Open(first), Verdict::kDiscarded) << "again";
    EXPECT_EQ(Open({0x1001, {1, 2, 3}}), Verdict::kMalformed) << "must be flushed";
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, MppeLinkTest,
                         testing::Values(MppeMode{128, true}, MppeMode{40, true},
                                         MppeMode{56, true}, MppeMode{128, false},
                                         MppeMode{40, false}));

}  // namespace
}  // namespace sstpgw::client
