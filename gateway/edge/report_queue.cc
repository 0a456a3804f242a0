#include "gateway/edge/report_queue.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace sstpgw::edge {

void ReportQueue::Add(SessionReport report, TimePoint now) {
  const SessionEventKind kind = report.kind;
  if (reports_.size() >= capacity_ && !MakeRoom(kind)) {
    ++dropped_;
    return;
  }
  reports_.push_back({{++last_sequence_, std::move(report), {}}, now});
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
    if (to_drop > 0 && !reports_[i].is_down()) {
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

ReportBatch ReportQueue::TakeUnsent(std::size_t limit, TimePoint now) {
  const std::size_t end = sent_ + std::min(limit, reports_.size() - sent_);
  ReportBatch batch;
  batch.reports.reserve(end - sent_);
  for (; sent_ < end; ++sent_) {
    const Kept& kept = reports_[sent_];
    NumberedReport& report = batch.reports.emplace_back(kept.numbered);
    report.age = std::chrono::duration_cast<std::chrono::seconds>(now - kept.made);
  }
  return batch;
}

void ReportQueue::Acknowledge(std::uint64_t sequence) {
  while (sent_ > 0 && reports_.front().numbered.sequence <= sequence) {
    if (!reports_.front().is_down()) --not_down_;
    reports_.pop_front();
    --sent_;
  }
}

}  // namespace sstpgw::edge
