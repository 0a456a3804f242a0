// Decrypted input of clients that have not proved anything does not stay in the buffers of a
// worker.
#include "gateway/codec/pap.h"
#include "gateway/codec/ppp_frame.h"
#include "tests/unit/datapath/heap_watch.h"
#include "tests/unit/gateway/loopback_gateway.h"

namespace sstpgw::gateway {
namespace {

using test::FreedMemory;
using ::testing::SizeIs;

constexpr std::string_view kPassword = "correct-horse-battery";
// LCP Configure-Request without options in an SSTP data packet; the answer is an Ack.
const std::string kConfigureRequest = "\x10\x00\x00\x0c\xff\x03\xc0\x21\x01\x01\x00\x04"s;

std::string PapPacket() {
  const Bytes packet = codec::EncodeDataPacket(
      codec::PppProtocol::kPap, codec::EncodePapRequest(1, "test", Secret(kPassword)));
  return {packet.begin(), packet.end()};
}

class PlaintextMemory : public LoopbackGateway {
 protected:
  ~PlaintextMemory() override { FreedMemory::WatchFor({}); }

  // Sends `count` packets with a password in front of the last one, all in one TLS record; back
  // when every packet has been looked at.
  void SendPasswordBetween(TlsPeer& client, std::size_t count) {
    const std::string pap = PapPacket();
    std::string record;
    for (std::size_t i = 0; i + 1 < count; ++i) record += kConfigureRequest;
    record += pap + kConfigureRequest;
    FreedMemory::WatchFor(kPassword);
    EXPECT_TRUE(client.Send(record));
    std::size_t acks = 0;
    while (acks < count) {
      const std::string head = client.Receive(4);
      ASSERT_THAT(head, SizeIs(4));
      const auto length = static_cast<std::size_t>(static_cast<std::uint8_t>(head[3]));
      if (StartsAs(client.Receive(length - 4), "\xff\x03\xc0\x21\x02")) ++acks;
    }
    StopGateway();  // gives back the workers' buffers
    EXPECT_EQ(FreedMemory::found(), 0);
    FreedMemory::WatchFor({});
  }
};

// LCP is not open yet, so the session ignores the password and no one else has a copy.
TEST_F(PlaintextMemory, IsWipedOnceItIsUsed) {
  StartAll();
  TlsPeer client(OwnAddress(), kPort);
  ASSERT_TRUE(Call(client));
  SendPasswordBetween(client, 2);
}

TEST_F(PlaintextMemory, IsWipedAlsoWhenItHadToWaitForItsTurn) {
  StartAll();
  TlsPeer client(OwnAddress(), kPort);
  ASSERT_TRUE(Call(client));
  SendPasswordBetween(client, 3 * Subscriber::kControlBudget);
}

}  // namespace
}  // namespace sstpgw::gateway
