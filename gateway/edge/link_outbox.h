// What waits to be written to the control plane, and in which order: Hello, answers to orders,
// session reports in batches, counters. Pure; the owner serialises access.
//
// Bounded: answers by kMaxAnswers, reports as report_queue.h says, counters by the sessions there
// are, of each of which the newest are kept.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

#include "gateway/edge/report_queue.h"
#include "proto/base/link.h"
#include "proto/base/types.h"

namespace sstpgw::edge {

class LinkOutbox {
 public:
  static constexpr std::size_t kMaxAnswers = 65'536;

  // New connection: answers and counters were for the old one; reports that nobody acknowledged are
  // sent again.
  void Rewind();

  // Hello says by itself which reports follow it.
  void SetHello(Hello hello);
  // False: dropped, there are too many.
  bool AddAnswer(FromGatewayMessage answer);
  // Made now.
  void AddReport(SessionReport report, TimePoint now);
  void AddCounters(CountersBatch batch);

  // Reports have waited long enough for others to go with them. One of a held session, whose client
  // waits for the answer, ends it by itself.
  void EndGathering() { gathered_ = reports_.has_unsent(); }
  // There are reports, and somebody has to say EndGathering.
  [[nodiscard]] bool wants_gathering() const { return reports_.has_unsent() && !gathered_; }

  // The next message. Until Hello is written (`attached`), that is Hello alone.
  [[nodiscard]] std::optional<FromGatewayMessage> Next(bool attached, TimePoint now);

  void Acknowledge(std::uint64_t sequence) { reports_.Acknowledge(sequence); }
  [[nodiscard]] bool all_acknowledged() const { return reports_.size() == 0; }
  [[nodiscard]] std::uint64_t reports_dropped() const { return reports_.dropped(); }

 private:
  std::optional<Hello> hello_;
  std::deque<FromGatewayMessage> answers_;
  ReportQueue reports_;
  std::unordered_map<SessionId, CountersReport> counters_;
  std::optional<GatewayStatistics> statistics_;
  bool gathered_ = false;
};

}  // namespace sstpgw::edge
