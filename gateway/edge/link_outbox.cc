#include "gateway/edge/link_outbox.h"

#include <utility>

namespace sstpgw::edge {

void LinkOutbox::Rewind() {
  hello_.reset();
  answers_.clear();
  counters_.clear();
  statistics_.reset();
  reports_.Rewind();
  gathered_ = false;
}

void LinkOutbox::SetHello(Hello hello) {
  hello.reports_to = reports_.newest();
  hello_ = std::move(hello);
}

bool LinkOutbox::AddAnswer(FromGatewayMessage answer) {
  if (answers_.size() >= kMaxAnswers) return false;
  answers_.push_back(std::move(answer));
  return true;
}

void LinkOutbox::AddReport(SessionReport report, TimePoint now) {
  const bool client_waits = report.kind == SessionEventKind::kHeld;
  reports_.Add(std::move(report), now);
  if (client_waits) EndGathering();
}

void LinkOutbox::AddCounters(CountersBatch batch) {
  for (CountersReport& entry : batch.entries) {
    SessionId session = entry.session;
    counters_[std::move(session)] = std::move(entry);
  }
  statistics_ = std::move(batch.statistics);
}

std::optional<FromGatewayMessage> LinkOutbox::Next(bool attached, TimePoint now) {
  if (hello_) {
    FromGatewayMessage message = std::move(*hello_);
    hello_.reset();
    return message;
  }
  if (!attached) return std::nullopt;
  if (!answers_.empty()) {
    FromGatewayMessage message = std::move(answers_.front());
    answers_.pop_front();
    return message;
  }
  if (reports_.has_unsent() && gathered_) {
    ReportBatch batch = reports_.TakeUnsent(kMaxReportBatch, now);
    gathered_ = reports_.has_unsent();
    return batch;
  }
  if (!statistics_) return std::nullopt;
  CountersBatch batch;
  for (auto& entry : counters_) batch.entries.push_back(std::move(entry.second));
  batch.statistics = std::move(*statistics_);
  counters_.clear();
  statistics_.reset();
  return batch;
}

}  // namespace sstpgw::edge
