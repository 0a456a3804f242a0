// Random traffic of several senders for tests of the data path.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "tests/unit/datapath/packets.h"

namespace sstpgw::test {

// Numbers that are the same everywhere, unlike those of the standard distributions.
class Dice {
 public:
  explicit Dice(std::uint32_t seed) : engine_(seed) {}
  std::size_t Below(std::size_t limit) { return engine_() % limit; }
  bool OneIn(std::size_t chances) { return Below(chances) == 0; }

 private:
  std::mt19937 engine_;
};

// A sender of some flow: most packets continue the one before, some do not.
class Sender {
 public:
  Sender(std::uint16_t number, Dice& dice) : dice_(dice) {
    plan_.ipv6 = dice.OneIn(2);
    plan_.protocol = dice.OneIn(2) ? 6 : 17;
    plan_.source_port = number;
    plan_.id = static_cast<std::uint16_t>(dice.Below(65536));
    plan_.sequence = static_cast<std::uint32_t>(dice.Below(0xffffffff));
    if (dice.OneIn(2)) plan_.options = Noise(4 * dice.Below(11), number);
    size_ = 1 + dice.Below(1400);
  }

  Bytes Next() {
    Change();
    plan_.payload = Noise(Size(), static_cast<std::uint32_t>(dice_.Below(1000)));
    Bytes packet = Build(plan_);
    plan_.flags = 0x10;
    plan_.sequence += static_cast<std::uint32_t>(plan_.payload.size());
    ++plan_.id;
    return packet;
  }

 private:
  std::size_t Size() {
    if (dice_.OneIn(12)) return dice_.Below(size_ + 1);
    if (dice_.OneIn(60)) return dice_.Below(1400);
    return size_;
  }
  void Change() {
    if (dice_.OneIn(15)) plan_.flags |= 0x08;
    if (dice_.OneIn(80)) plan_.flags = static_cast<std::uint8_t>(dice_.Below(256));
    if (!dice_.OneIn(10)) return;
    switch (dice_.Below(12)) {
      case 0:
        plan_.ack += 100;
        break;
      case 1:
        plan_.window = static_cast<std::uint16_t>(dice_.Below(65536));
        break;
      case 2:
        plan_.ttl ^= 1;
        break;
      case 3:
        plan_.tos ^= 2;
        break;
      case 4:
        plan_.fragment ^= 0x4000;
        break;
      case 5:
        plan_.id = static_cast<std::uint16_t>(dice_.Below(65536));
        break;
      case 6:
        plan_.sequence -= static_cast<std::uint32_t>(size_);
        break;
      case 7:
        plan_.sequence += static_cast<std::uint32_t>(dice_.Below(2000));
        break;
      case 8:
        if (!plan_.options.empty()) plan_.options.back() ^= 1;
        break;
      case 9:
        size_ = 1 + dice_.Below(1400);
        break;
      case 10:
        plan_.flow_label ^= 1;
        break;
      default:
        plan_.urgent = static_cast<std::uint16_t>(dice_.Below(2));
        break;
    }
  }

  Dice& dice_;
  PacketPlan plan_;
  std::size_t size_;
};

// About `count` packets: trains of several flows, and now and then a ping.
inline std::vector<Bytes> RandomTraffic(Dice& dice, std::size_t count) {
  std::vector<Sender> senders;
  const std::size_t flows = 1 + dice.Below(20);
  for (std::size_t i = 0; i < flows; ++i) {
    senders.emplace_back(static_cast<std::uint16_t>(i), dice);
  }
  std::vector<Bytes> packets;
  while (packets.size() < count) {
    // Trains of some packets, since that is how senders send.
    Sender& sender = senders[dice.Below(flows)];
    for (std::size_t i = dice.Below(6); i < 6; ++i) packets.push_back(sender.Next());
    if (dice.OneIn(20)) {
      packets.push_back(Build({.protocol = 1, .payload = Noise(dice.Below(100), 1)}));
    }
  }
  return packets;
}

}  // namespace sstpgw::test
