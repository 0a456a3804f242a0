// Passwords do not stay in memory that the uplink gives back.
#include <gtest/gtest.h>

#include "gateway/codec/pap.h"
#include "gateway/codec/ppp_frame.h"
#include "gateway/datapath/uplink.h"
#include "tests/support/hex.h"
#include "tests/unit/datapath/heap_watch.h"

namespace sstpgw::datapath {
namespace {

using test::FreedMemory;

constexpr std::string_view kPassword = "correct-horse-battery";

class Silent final : public UplinkHandler {
 public:
  bool OnHttpHead(ByteView /*head*/) override { return true; }
  bool OnHttpHeadTooLong() override { return false; }
  bool OnSstpPacket(ByteView packet) override {
    last_size = packet.size();
    return go_on;
  }
  bool OnUndelineated() override { return false; }
  bool OnIpv6Control(ByteView /*packet*/) override { return true; }
  bool OnMppeOutOfStep() override { return true; }
  void OnIpPacket(ByteView /*packet*/) override {}
  void OnIpPacketsEnd() override {}
  std::size_t last_size = 0;
  bool go_on = true;
};

class UplinkMemory : public ::testing::Test {
 protected:
  UplinkMemory() { Connect(uplink_); }
  ~UplinkMemory() override { FreedMemory::WatchFor({}); }
  void Connect(Uplink& uplink) {
    uplink.Consume(test::FromText("GET / HTTP/1.1\r\n\r\n"), handler_);
  }

  const Bytes packet_ = codec::EncodeDataPacket(
      codec::PppProtocol::kPap, codec::EncodePapRequest(1, "test", Secret(kPassword)));
  Silent handler_;
  Uplink uplink_;
};

TEST_F(UplinkMemory, TheWatchSeesWhatIsNotWiped) {
  FreedMemory::WatchFor(kPassword);
  { const Bytes copy = packet_; }
  EXPECT_EQ(FreedMemory::found(), 1);
}

TEST_F(UplinkMemory, APasswordInPiecesIsWiped) {
  FreedMemory::WatchFor(kPassword);
  // In two pieces, cut at every place, and octet by octet, which makes held memory grow.
  for (std::size_t cut = 1; cut < packet_.size(); ++cut) {
    uplink_.Consume(ByteView(packet_).first(cut), handler_);
    uplink_.Consume(ByteView(packet_).subspan(cut), handler_);
  }
  for (const std::uint8_t octet : packet_) uplink_.Consume(ByteView(&octet, 1), handler_);
  EXPECT_EQ(handler_.last_size, packet_.size());
  EXPECT_EQ(uplink_.held(), 0U);
  EXPECT_EQ(FreedMemory::found(), 0);
}

TEST_F(UplinkMemory, AnEndInTheMiddleWipesToo) {
  FreedMemory::WatchFor(kPassword);
  {
    Uplink uplink;
    Connect(uplink);
    uplink.Consume(ByteView(packet_).first(packet_.size() - 1), handler_);
    EXPECT_EQ(uplink.held(), packet_.size() - 1);
  }
  handler_.go_on = false;
  uplink_.Consume(ByteView(packet_).first(5), handler_);
  uplink_.Consume(ByteView(packet_).subspan(5), handler_);
  EXPECT_EQ(FreedMemory::found(), 0);
}

}  // namespace
}  // namespace sstpgw::datapath
