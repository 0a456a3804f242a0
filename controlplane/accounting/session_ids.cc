#include "controlplane/accounting/session_ids.h"

#include <algorithm>
#include <array>

#include "controlplane/accounting/octets.h"
#include "proto/base/text.h"

namespace sstpgw::cp::accounting {
namespace {

constexpr int kSecondShift = 20;

}  // namespace

SessionIds::SessionIds(const std::optional<Bytes>& row, std::int64_t unix_seconds,
                       store::Journal& journal)
    : journal_(journal) {
  const auto second = static_cast<std::uint64_t>(std::max<std::int64_t>(unix_seconds, 1));
  next_ = second << kSecondShift;
  if (row) {
    OctetReader in(*row);
    const std::uint64_t used_up = in.U64();
    // What cannot be read is no reason to give a number again: the clock's is used.
    if (in.AtEnd()) next_ = std::max<std::uint64_t>(used_up, 1);
  }
  end_ = next_;
  wanted_ = next_;
  Extend();
}

void SessionIds::Extend() {
  wanted_ += kBlock;
  OctetWriter out;
  out.U64(wanted_);
  ticket_ = journal_.current();
  journal_.Put(store::Table::kValue, kKey, out.Take());
}

Result<std::string> SessionIds::Next() {
  if (journal_.IsDurable(ticket_)) end_ = wanted_;
  if (next_ == end_) {
    return Fail(Error{ErrorCode::kUnavailable, "no session ids: the store has not written yet"});
  }
  const std::uint64_t id = next_++;
  if (end_ == wanted_ && end_ - next_ < kBlock / 2) Extend();
  OctetWriter out;
  out.U64(id);
  return ToHex(out.Take());
}

}  // namespace sstpgw::cp::accounting
