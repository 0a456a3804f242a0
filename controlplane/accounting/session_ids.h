// Acct-Session-Ids: sixteen lower-case hex digits of a number that only grows, also across restarts
// and when the store is lost (features 6.3). Pure.
//
// Numbers are taken from blocks; a block is used only when the row that says it is used up is
// durable, so a kill wastes at most two blocks and repeats nothing. Without a row the count begins
// at the second of the wall clock times 2^20: later than anything given before, unless more than a
// million were given per second. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "controlplane/store/change.h"
#include "proto/base/result.h"

namespace sstpgw::cp::accounting {

class SessionIds {
 public:
  static constexpr std::uint64_t kBlock = 1024;
  static constexpr const char* kKey = "acct-session-id";  // of its row in Table::kValue

  // `row`: what the store has under kKey. The journal must outlive this.
  SessionIds(const std::optional<Bytes>& row, std::int64_t unix_seconds, store::Journal& journal);

  // kUnavailable: the next block is not durable yet.
  [[nodiscard]] Result<std::string> Next();

 private:
  void Extend();

  store::Journal& journal_;
  std::uint64_t next_ = 0;
  std::uint64_t end_ = 0;     // of what is durable
  std::uint64_t wanted_ = 0;  // of what was asked for
  store::Ticket ticket_;      // of what was asked for
};

}  // namespace sstpgw::cp::accounting
