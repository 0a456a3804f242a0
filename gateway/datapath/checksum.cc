#include "gateway/datapath/checksum.h"

#include <cstring>

namespace sstpgw::datapath {
namespace {

// Four 32-bit halves are added up in two lanes of 64 bits, where the carries of four thousand
// million of them have room. Every compiler that we use makes vector instructions of it, of the
// kind that all x86-64 and arm64 machines have. Wider ones were tried: 0.019 instead of 0.020
// ns per octet.
using Lanes [[gnu::vector_size(16)]] = std::uint64_t;

template <class Word>
Word Load(const std::uint8_t* at) {
  Word word{};
  std::memcpy(&word, at, sizeof word);
  return word;
}

struct NoCopy {
  template <class Word>
  void Store(Word /*word*/) {}
};
struct CopyTo {
  template <class Word>
  void Store(Word word) {
    std::memcpy(at, &word, sizeof word);
    at += sizeof word;
  }
  std::uint8_t* at;
};

template <class Copy>
InternetSum Sum(const std::uint8_t* at, std::size_t left, Copy copy) {
  Lanes even{};
  Lanes odd{};
  for (; left >= 32; left -= 32, at += 32) {
    const auto first = Load<Lanes>(at);
    const auto second = Load<Lanes>(at + 16);
    copy.Store(first);
    copy.Store(second);
    even += first & 0xffffffffU;
    even += first >> 32;
    odd += second & 0xffffffffU;
    odd += second >> 32;
  }
  even += odd;
  std::uint64_t sum = even[0] + even[1];
  for (; left >= 4; left -= 4, at += 4) {
    const auto word = Load<std::uint32_t>(at);
    copy.Store(word);
    sum += word;
  }
  if (left >= 2) {
    const auto word = Load<std::uint16_t>(at);
    copy.Store(word);
    sum += word;
    at += 2;
  }
  if (left % 2 != 0) {
    std::uint16_t word = 0;
    std::memcpy(&word, at, 1);
    copy.Store(*at);
    sum += word;
  }
  return InternetSum(sum);
}

}  // namespace

InternetSum SumOf(ByteView bytes) { return Sum(bytes.data(), bytes.size(), NoCopy{}); }

InternetSum CopyAndSum(ByteView bytes, std::uint8_t* to) {
  return Sum(bytes.data(), bytes.size(), CopyTo{to});
}

InternetSum PseudoSum(ByteView packet, std::uint8_t protocol) {
  const bool ipv6 = IpVersion(packet) == 6;
  InternetSum sum = SumOf(ipv6 ? packet.subspan(kIpv6Source, 32) : packet.subspan(kIpv4Source, 8));
  sum.AddWord(protocol);
  return sum;
}

}  // namespace sstpgw::datapath
