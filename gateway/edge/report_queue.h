// Session reports on their way to the control plane: numbered, kept until acknowledged, sent again
// after a reconnect. Pure; the owner serialises access.
//
// Bounded: when full, reports that are not kDown give way first, the oldest of them before others;
// what they said is repeated by Hello at the next attach. Only when nothing but kDown is left does
// the oldest kDown go. Numbers of dropped reports are not used again, so there may be gaps.
#pragma once

#include <cstdint>
#include <deque>

#include "proto/base/link.h"
#include "proto/base/types.h"

namespace sstpgw::edge {

class ReportQueue {
 public:
  static constexpr std::size_t kCapacity = 65'536;

  explicit ReportQueue(std::size_t capacity = kCapacity) : capacity_(capacity) {}

  // Made now.
  void Add(SessionReport report, TimePoint now);
  // The next ones that were not sent on this connection, at most `limit`; they then count as sent.
  // They say how old they are, in whole seconds.
  [[nodiscard]] ReportBatch TakeUnsent(std::size_t limit, TimePoint now);
  // `sequence` and all before it are durable. A number that was never sent is ignored.
  void Acknowledge(std::uint64_t sequence);
  // New connection: everything not acknowledged is to be sent again, in order.
  void Rewind() { sent_ = 0; }

  [[nodiscard]] std::size_t size() const { return reports_.size(); }
  // Number of the newest report that is not acknowledged; 0: all are.
  [[nodiscard]] std::uint64_t newest() const {
    return reports_.empty() ? 0 : reports_.back().numbered.sequence;
  }
  [[nodiscard]] bool has_unsent() const { return sent_ < reports_.size(); }
  // Reports given up for want of room.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  struct Kept {
    NumberedReport numbered;
    TimePoint made;

    [[nodiscard]] bool is_down() const { return numbered.report.kind == SessionEventKind::kDown; }
  };
  // True: the report that is to be added may be; false: it is itself the one to drop.
  bool MakeRoom(SessionEventKind kind);

  std::size_t capacity_;
  std::deque<Kept> reports_;  // ascending
  std::size_t sent_ = 0;      // the first so many were sent on this connection
  std::size_t not_down_ = 0;  // reports of another kind than kDown
  std::uint64_t last_sequence_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace sstpgw::edge
