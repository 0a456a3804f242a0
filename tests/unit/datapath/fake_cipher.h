// A cipher in the shape of MPPE that can be seen through: a counter in front, and each octet
// changed by it. Packets that are missing are noticed.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "gateway/datapath/packet_cipher.h"

namespace sstpgw::test {

class FakeSealer : public datapath::PacketSealer {
 public:
  bool Seal(codec::PppProtocol protocol, std::span<std::uint8_t> frame) override {
    if (fails) return false;
    frame[0] = static_cast<std::uint8_t>(count_ >> 8);
    frame[1] = static_cast<std::uint8_t>(count_);
    frame[2] = static_cast<std::uint8_t>(static_cast<std::uint16_t>(protocol) >> 8);
    frame[3] = static_cast<std::uint8_t>(protocol);
    for (std::uint8_t& octet : frame.subspan(2)) octet ^= static_cast<std::uint8_t>(count_ + 1);
    ++count_;
    return true;
  }
  bool fails = false;

 private:
  std::uint16_t count_ = 0;
};

class FakeOpener : public datapath::PacketOpener {
 public:
  Opened Open(ByteView frame, std::span<std::uint8_t> out) override {
    if (frame.size() < 2) return {Status::kBroken, {}};
    if (frame[0] * 256 + frame[1] != count_) return {Status::kOutOfStep, {}};
    std::transform(frame.begin() + 2, frame.end(), out.begin(), [this](std::uint8_t octet) {
      return static_cast<std::uint8_t>(octet ^ (count_ + 1));
    });
    ++count_;
    return {Status::kOpened, out.first(frame.size() - 2)};
  }
  // The peer starts anew with this number.
  void ExpectNext(std::uint16_t count) { count_ = count; }

 private:
  std::uint16_t count_ = 0;
};

// `packet` in the payload of a frame 0x00FD.
inline Bytes Sealed(datapath::PacketSealer& sealer, codec::PppProtocol protocol, ByteView packet) {
  Bytes frame(datapath::kSealOverhead);
  frame.insert(frame.end(), packet.begin(), packet.end());
  EXPECT_TRUE(sealer.Seal(protocol, frame));
  return frame;
}

}  // namespace sstpgw::test
