// How much one AES-GCM key may still encrypt (RFC 8446 5.5: 2^24.5 full records of 2^14 octets,
// after which an attacker's advantage grows beyond 2^-57). What the bound rests on are cipher
// blocks, not records, so that blocks are counted: 2^34 of 16 octets, which is a quarter of a
// terabyte in full records and a little less than the RFC's limit. RFC 9325 4.4 wants the same
// limits for TLS 1.2. Other ciphers have no limit that a connection could reach.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sstpgw::edge {

class KeyBudget {
 public:
  static constexpr std::uint64_t kGcmBlocks = std::uint64_t{1} << 34;
  static constexpr std::uint64_t kUnlimited = ~std::uint64_t{0};

  KeyBudget() = default;
  explicit KeyBudget(std::uint64_t blocks) : limit_(blocks) {}

  // Whether one more record of this plaintext size is within the budget.
  [[nodiscard]] bool Allows(std::size_t record) const {
    return limit_ == kUnlimited || used_ + BlocksOf(record) <= limit_;
  }
  void Take(std::size_t record) { used_ += BlocksOf(record); }
  // A new key.
  void Renew() { used_ = 0; }

 private:
  // Its last block is begun at least, then header and tag.
  static std::uint64_t BlocksOf(std::size_t record) { return record / 16 + 3; }

  std::uint64_t limit_ = kUnlimited;
  std::uint64_t used_ = 0;
};

}  // namespace sstpgw::edge
