#include "gateway/edge/record_queue.h"

namespace sstpgw::edge {

void RecordQueue::Add(const PlainRecord& record) {
  if (record.plaintext.empty()) return;
  // What is gone is cut off here, not record by record.
  bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(sent_));
  sent_ = 0;
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(first_));
  first_ = 0;
  bytes_.insert(bytes_.end(), record.plaintext.begin(), record.plaintext.end());
  entries_.push_back({record.type, static_cast<std::uint16_t>(record.plaintext.size())});
}

PlainRecord RecordQueue::front() const {
  const Entry& entry = entries_[first_];
  return {entry.type, ByteView(bytes_).subspan(sent_, entry.size)};
}

void RecordQueue::RemoveFront(std::size_t octets) {
  Entry& entry = entries_[first_];
  sent_ += octets;
  entry.size = static_cast<std::uint16_t>(entry.size - octets);
  if (entry.size > 0) return;
  ++first_;
  if (empty()) Clear();
}

void RecordQueue::Clear() {
  Bytes().swap(bytes_);
  std::vector<Entry>().swap(entries_);
  sent_ = 0;
  first_ = 0;
}

}  // namespace sstpgw::edge
