// How long a connection stays that both sides have ended.
#include "tests/unit/gateway/loopback_gateway.h"

namespace sstpgw::gateway {
namespace {

class Linger : public LoopbackGateway {};

// The gateway closes while it works on what it read, with the client's end in the same read: there
// is nothing more to come that could wake it up.
TEST_F(Linger, AnEndThatWasReadAlreadyIsNotWaitedFor) {
  StartAll();
  // Who waits takes that long every time; who does not may be slow, but not each time.
  bool sooner = false;
  for (int attempt = 0; attempt < 10 && !sooner; ++attempt) {
    TlsPeer client(OwnAddress(), kPort);
    const auto began = std::chrono::steady_clock::now();
    ASSERT_TRUE(client.SendLast("GET / HTTP/1.1\r\n\r\n"));
    ASSERT_TRUE(client.AwaitTcpEnd());
    sooner = std::chrono::steady_clock::now() - began < Subscriber::kLinger;
  }
  EXPECT_TRUE(sooner);
}

TEST_F(Linger, AClientThatDoesNotEndIsWaitedFor) {
  StartAll();
  TlsPeer client(OwnAddress(), kPort);
  const auto began = std::chrono::steady_clock::now();
  ASSERT_TRUE(client.Send("GET / HTTP/1.1\r\n\r\n"));
  EXPECT_TRUE(client.AwaitTcpEnd());
  EXPECT_GE(std::chrono::steady_clock::now() - began, Subscriber::kLinger);
}

}  // namespace
}  // namespace sstpgw::gateway
