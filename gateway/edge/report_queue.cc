#include "gateway/edge/report_queue.h"

#include <algorithm>
#include <utility>

namespace sstpgw::edge {

void ReportQueue::Add(SessionReport report) {
  const SessionEventKind kind = report.kind;
  if (reports_.size() >= capacity_ && !MakeRoom(kind)) {
    ++dropped_;
    return;
  }
  reports_.push_back(NumberedReport{++last_sequence_, std::move(report)});
  if (kind != SessionEventKind::kDown) ++not_down_;
}

bool ReportQueue::MakeRoom(SessionEventKind kind) {
  if (not_down_ == 0) {
    if (kind != SessionEventKind::kDown) return false;
    reports_.pop_front();
    if (sent_ > 0) --sent_;
    ++dropped_;
    return true;
  }
  // Many at once, so that a full queue is not walked for every single report.
  std::size_t to_drop = std::max<std::size_t>(1, std::min(not_down_, capacity_ / 4));
  std::size_t kept = 0;
  std::size_t sent_kept = 0;
  for (std::size_t i = 0; i < reports_.size(); ++i) {
    if (to_drop > 0 && reports_[i].report.kind != SessionEventKind::kDown) {
      --to_drop;
      --not_down_;
      ++dropped_;
      continue;
    }
    if (i < sent_) ++sent_kept;
    if (kept != i) reports_[kept] = std::move(reports_[i]);
    ++kept;
  }
  reports_.resize(kept);
  sent_ = sent_kept;
  return true;
}

ReportBatch ReportQueue::TakeUnsent(std::size_t limit) {
  const std::size_t end = sent_ + std::min(limit, reports_.size() - sent_);
  ReportBatch batch;
  batch.reports.assign(reports_.begin() + static_cast<std::ptrdiff_t>(sent_),
                       reports_.begin() + static_cast<std::ptrdiff_t>(end));
  sent_ = end;
  return batch;
}

void ReportQueue::Acknowledge(std::uint64_t sequence) {
  while (sent_ > 0 && reports_.front().sequence <= sequence) {
    if (reports_.front().report.kind != SessionEventKind::kDown) --not_down_;
    reports_.pop_front();
    --sent_;
  }
}

}  // namespace sstpgw::edge
