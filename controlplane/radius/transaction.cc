#include "controlplane/radius/transaction.h"

namespace sstpgw::cp::radius {

Transaction& Transactions::Add(RequestId id) {
  auto& place = all_[id];
  place = std::make_unique<Transaction>();
  place->id = id;
  return *place;
}

Transaction* Transactions::Find(RequestId id) {
  const auto found = all_.find(id);
  return found == all_.end() ? nullptr : found->second.get();
}

const Transaction* Transactions::Find(RequestId id) const {
  const auto found = all_.find(id);
  return found == all_.end() ? nullptr : found->second.get();
}

void Transactions::Remove(RequestId id) {
  const auto found = all_.find(id);
  if (found == all_.end()) return;
  StopTimer(*found->second);
  all_.erase(found);
}

std::vector<RequestId> Transactions::Ids() const {
  std::vector<RequestId> ids;
  ids.reserve(all_.size());
  for (const auto& [id, transaction] : all_) ids.push_back(id);
  return ids;
}

void Transactions::SetTimer(Transaction& transaction, TimePoint when) {
  StopTimer(transaction);
  transaction.timer = when;
  timers_.emplace(when, transaction.id);
}

void Transactions::StopTimer(Transaction& transaction) {
  if (!transaction.timer) return;
  timers_.erase({*transaction.timer, transaction.id});
  transaction.timer.reset();
}

std::optional<TimePoint> Transactions::NextTimer() const {
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first;
}

Transaction* Transactions::PopDue(TimePoint now) {
  if (timers_.empty() || timers_.begin()->first > now) return nullptr;
  Transaction* const transaction = Find(timers_.begin()->second);
  StopTimer(*transaction);
  return transaction;
}

}  // namespace sstpgw::cp::radius
