#include "tests/client/icmp_echo.h"

#include <gtest/gtest.h>

#include "tests/client/wire.h"

namespace sstpgw::client {
namespace {

constexpr Ipv4Address kServer(0x0a000001);
constexpr Ipv4Address kSession(0x0a010203);

// ping -s 3 from 10.0.0.1 to 10.1.2.3 with the payload "abc", and its reply.
const Bytes kRequest = FromHex(
    "4500001f 12344000 4001 12a6 0a000001 0a010203"
    "0800 3394 0007 0002 616263");
const Bytes kReply = FromHex(
    "4500001f 12344000 4001 12a6 0a010203 0a000001"
    "0000 3b94 0007 0002 616263");

TEST(IcmpEcho, AnswersWithTheSamePayloadAndRightChecksums) {
  EXPECT_EQ(EchoReply(kRequest, kSession), kReply);
  Bytes padded = kRequest;
  padded.resize(64);
  EXPECT_EQ(EchoReply(padded, kSession), kReply);
}

TEST(IcmpEcho, AnswersNothingElse) {
  EXPECT_FALSE(EchoReply(kRequest, kServer));
  EXPECT_FALSE(EchoReply(kReply, kServer));
  for (std::size_t size = 0; size < kRequest.size(); ++size) {
    EXPECT_FALSE(EchoReply(ByteView(kRequest).first(size), kSession)) << size;
  }
  for (std::size_t at = 0; at < kRequest.size(); ++at) {
    Bytes damaged = kRequest;
    damaged[at] ^= 0x20;
    EXPECT_FALSE(EchoReply(damaged, kSession)) << at;
  }
}

// The reply is zeros but for its checksum, which is either of the two zeros.
TEST(IcmpEcho, AReplyOfZerosHasTwoRightChecksums) {
  const Bytes request = EchoRequest({kSession, kServer, 0, 0});
  EXPECT_EQ(Get16(request, 22), 0xf7ff);
  std::optional<Bytes> reply = EchoReply(request, kServer);
  ASSERT_TRUE(reply);
  EXPECT_EQ(Get16(*reply, 22), 0xffff);
  ASSERT_TRUE(ParseEchoReply(*reply));
  Put16(*reply, 22, 0x0000);
  ASSERT_TRUE(ParseEchoReply(*reply)) << "as Linux since 5.10 writes it";
  EXPECT_EQ(ParseEchoReply(*reply)->from, kSession);
  for (const int wrong : {0x0001, 0xfffe, 0x00ff}) {
    Put16(*reply, 22, static_cast<std::uint16_t>(wrong));
    EXPECT_FALSE(ParseEchoReply(*reply)) << wrong;
  }
}

TEST(IcmpEcho, RequestAndReplyGoRound) {
  const Echo echo{kSession, kServer, 0x1234, 9};
  const Bytes request = EchoRequest(echo);
  EXPECT_FALSE(ParseEchoReply(request));
  const std::optional<Bytes> reply = EchoReply(request, kServer);
  ASSERT_TRUE(reply);
  const std::optional<Echo> answered = ParseEchoReply(*reply);
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->from, kSession);
  EXPECT_EQ(answered->to, kServer);
  EXPECT_EQ(answered->identifier, 0x1234);
  EXPECT_EQ(answered->sequence, 9);
}

}  // namespace
}  // namespace sstpgw::client
