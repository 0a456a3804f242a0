#include "gateway/datapath/checksum.h"

#include <cstring>

namespace sstpgw::datapath {
namespace {

// 64-bit words are added with their carries kept apart: an add and an add-with-carry per word.
__extension__ using Wide = unsigned __int128;

std::uint64_t Load(const std::uint8_t* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

InternetSum Narrow(Wide sum) {
  InternetSum narrow(static_cast<std::uint64_t>(sum));
  narrow.Add(InternetSum(static_cast<std::uint64_t>(sum >> 64)));
  return narrow;
}

// The last octets, fewer than eight, as a word of which the rest is zero.
std::uint64_t LoadTail(const std::uint8_t* at, std::size_t size) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, size);
  return word;
}

}  // namespace

InternetSum SumOf(ByteView bytes) {
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  Wide even = 0;
  Wide odd = 0;
  for (; left >= 32; left -= 32, at += 32) {
    even += Load(at);
    odd += Load(at + 8);
    even += Load(at + 16);
    odd += Load(at + 24);
  }
  for (; left >= 8; left -= 8, at += 8) even += Load(at);
  if (left > 0) even += LoadTail(at, left);
  return Narrow(even + odd);
}

InternetSum CopyAndSum(ByteView bytes, std::uint8_t* to) {
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  return SumOf(bytes);
}

InternetSum PseudoSum(ByteView packet, std::uint8_t protocol) {
  const bool ipv6 = IpVersion(packet) == 6;
  InternetSum sum = SumOf(ipv6 ? packet.subspan(kIpv6Source, 32) : packet.subspan(kIpv4Source, 8));
  sum.AddWord(protocol);
  return sum;
}

}  // namespace sstpgw::datapath
