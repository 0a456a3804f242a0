// Whether a client's TLS records are worth what they cost. Each costs about as much as any other,
// whatever it carries, and the kernel takes in any number of empty ones within one call. An honest
// client's smallest records are half data; those of whoever wants to keep us busy carry an octet or
// none. Pure.
//
//   if (yield.Due(now) && yield.IsPoor(now, octets taken from the socket so far)) { end it }
//   yield.Add(plaintext received)
#pragma once

#include <cstdint>

#include "proto/base/types.h"

namespace sstpgw::datapath {

class RecordYield {
 public:
  // How often it is looked at, and how much ciphertext within how long is nobody's business: some
  // thousand records.
  static constexpr Duration kInterval = std::chrono::milliseconds(50);
  static constexpr std::uint64_t kFree = 64 * 1024;
  static constexpr Duration kWindow = std::chrono::seconds(1);
  // The share of it that must be data is one of so many.
  static constexpr std::uint64_t kShare = 8;

  void Add(std::size_t plaintext) { plaintext_ += plaintext; }
  [[nodiscard]] bool Due(TimePoint now) const { return now >= due_; }
  // Of what came since the last judgement, which is made as soon as it is more than is free. The
  // first call says no. The ciphertext since the connection began is between the two figures; what
  // is not certain counts for the client.
  [[nodiscard]] bool IsPoor(TimePoint now, std::uint64_t at_least, std::uint64_t at_most) {
    const bool first = since_ == TimePoint{};
    const std::uint64_t taken = at_least > ciphertext_ ? at_least - ciphertext_ : 0;
    due_ = now + kInterval;
    if (!first && taken <= kFree && now < since_ + kWindow) return false;
    const bool poor = !first && taken > kFree && plaintext_ < taken / kShare;
    since_ = now;
    ciphertext_ = at_most;
    plaintext_ = 0;
    return poor;
  }
  // The ciphertext is not known this time.
  void Skip(TimePoint now) { due_ = now + kInterval; }

 private:
  TimePoint due_{};
  TimePoint since_{};             // of the last judgement,
  std::uint64_t ciphertext_ = 0;  // what it was then at most,
  std::uint64_t plaintext_ = 0;   // and what came since
};

}  // namespace sstpgw::datapath
