#include "gateway/edge/session_end.h"

#include <cstdint>

#include "proto/base/text.h"

namespace sstpgw::edge {
namespace {

std::string TwoDigits(std::int64_t number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

// Hours, minutes and seconds; days are hours, too.
std::string Clock(std::int64_t seconds) {
  return TwoDigits(seconds / 3600) + ":" + TwoDigits(seconds / 60 % 60) + ":" +
         TwoDigits(seconds % 60);
}

}  // namespace

std::optional<std::string> EndLine(const SessionReport& report) {
  const SessionRecord& record = report.record;
  if (report.kind != SessionEventKind::kDown || record.interface_name.empty()) return std::nullopt;
  const TrafficCounters& counters = record.counters;
  return Escape(record.interface_name) + ":" + Escape(record.user) + ": session down after " +
         Clock(record.uptime_seconds) + ": " + std::to_string(counters.rx_bytes) +
         " octets from the client, " + std::to_string(counters.tx_bytes) + " to it; " +
         ToString(report.cause) + ": " + report.reason;
}

}  // namespace sstpgw::edge
