#include "controlplane/radius/request_memory.h"

namespace sstpgw::cp::radius {

void AnswerMemory::Put(const RequestKey& request, Bytes answer, TimePoint now) {
  if (answer.size() > limits_.octets || limits_.entries == 0) return;
  const std::size_t size = answer.size();
  if (!answers_.emplace(request, std::move(answer)).second) return;
  ages_.emplace_back(now, request);
  octets_ += size;
  while (answers_.size() > limits_.entries || octets_ > limits_.octets) ForgetOldest();
}

const Bytes* AnswerMemory::Find(const RequestKey& request) const {
  const auto found = answers_.find(request);
  return found == answers_.end() ? nullptr : &found->second;
}

void AnswerMemory::Expire(TimePoint now) {
  while (!ages_.empty() && ages_.front().first + limits_.keep <= now) ForgetOldest();
}

void AnswerMemory::ForgetOldest() {
  const auto oldest = answers_.find(ages_.front().second);
  octets_ -= oldest->second.size();
  answers_.erase(oldest);
  ages_.pop_front();
}

void UsedRequests::Put(const Authenticator& request, TimePoint until) {
  if (!until_.emplace(request, until).second) return;
  by_time_.emplace(until, request);
  if (until_.size() > kMaxEntries) ForgetFirst();
}

void UsedRequests::Expire(TimePoint now) {
  while (!by_time_.empty() && by_time_.begin()->first <= now) ForgetFirst();
}

void UsedRequests::ForgetFirst() {
  until_.erase(by_time_.begin()->second);
  by_time_.erase(by_time_.begin());
}

}  // namespace sstpgw::cp::radius
