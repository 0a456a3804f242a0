// The Internet checksum (RFC 1071): the ones' complement sum of 16-bit words, taken eight octets at
// a time.
//
//   InternetSum sum = SumOf(segment);                    TCP or UDP, checksum field included
//   sum.Add(PseudoSum(ip_packet)); sum.AddWord(length);
//   sum.Fold() == 0xffff                                 the checksum is right
//
// Parts may be added in any order, as long as each of them but the last has an even number of
// octets. Pure, no allocation.
#pragma once

#include <bit>
#include <cstdint>

#include "gateway/datapath/packet_fields.h"
#include "proto/base/types.h"

namespace sstpgw::datapath {

// A sum that is not finished. Kept in the byte order of memory, which a ones' complement sum does
// not mind (RFC 1071 section 2 B); words that come and go as values have their usual meaning.
class InternetSum {
 public:
  constexpr InternetSum() = default;
  // `memory_words`: 16-bit words as they were loaded, at whatever positions of the 64 bits.
  constexpr explicit InternetSum(std::uint64_t memory_words) : value_(memory_words) {}

  constexpr void Add(InternetSum other) {
    value_ += other.value_;
    value_ += value_ < other.value_ ? 1 : 0;
  }
  constexpr void AddWord(std::uint16_t word) { Add(InternetSum(InMemory(word))); }
  constexpr void AddLong(std::uint32_t two_words) {
    Add(InternetSum(std::uint64_t{InMemory(static_cast<std::uint16_t>(two_words >> 16))} +
                    InMemory(static_cast<std::uint16_t>(two_words))));
  }
  // Takes a word out again. The sum may then be 0xffff where it would have been 0: same value.
  constexpr void SubtractWord(std::uint16_t word) { AddWord(static_cast<std::uint16_t>(~word)); }

  // The sum in 16 bits; 0 only if nothing but zeros was added.
  [[nodiscard]] constexpr std::uint16_t Fold() const {
    std::uint64_t sum = (value_ >> 32) + (value_ & 0xffffffffU);
    sum = (sum >> 16) + (sum & 0xffffU);
    sum = (sum >> 16) + (sum & 0xffffU);
    sum = (sum >> 16) + (sum & 0xffffU);
    return InMemory(static_cast<std::uint16_t>(sum));
  }
  // What belongs into a checksum field.
  [[nodiscard]] constexpr std::uint16_t Checksum() const {
    return static_cast<std::uint16_t>(~Fold());
  }

 private:
  static constexpr std::uint16_t InMemory(std::uint16_t word) {
    if constexpr (std::endian::native == std::endian::big) return word;
    return static_cast<std::uint16_t>((word << 8) | (word >> 8));
  }
  std::uint64_t value_ = 0;
};

// An odd octet at the end counts as the high half of a word.
[[nodiscard]] InternetSum SumOf(ByteView bytes);
// The same, and copies them to `to`, which has as much room and does not overlap.
InternetSum CopyAndSum(ByteView bytes, std::uint8_t* to);

// Addresses and protocol of the pseudo header of TCP and UDP; the length is still to be added.
// `packet` begins with an IPv4 header (RFC 9293 3.1) or an IPv6 header without a routing header
// (RFC 8200 8.1).
[[nodiscard]] InternetSum PseudoSum(ByteView packet, std::uint8_t protocol);

}  // namespace sstpgw::datapath
