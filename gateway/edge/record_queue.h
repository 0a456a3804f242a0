// Records that a socket did not take yet, as plaintext with their types and boundaries. An empty
// queue holds no memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gateway/edge/tls_outcome.h"
#include "proto/base/types.h"

namespace sstpgw::edge {

struct PlainRecord {
  RecordType type = RecordType::kData;
  ByteView plaintext;  // at most kMaxRecord
};

class RecordQueue {
 public:
  void Add(const PlainRecord& record);
  [[nodiscard]] bool empty() const { return first_ == entries_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_.size() - sent_; }
  // The oldest record, or what is left of it. Valid until the next change. Not on an empty queue.
  [[nodiscard]] PlainRecord front() const;
  // This many octets of front() are gone: the rest, if any, becomes a record of its own.
  void RemoveFront(std::size_t octets);
  void Clear();

 private:
  struct Entry {
    RecordType type;
    std::uint16_t size;
  };
  Bytes bytes_;
  std::size_t sent_ = 0;  // octets at the front of bytes_ that are gone
  std::vector<Entry> entries_;
  std::size_t first_ = 0;  // entries before it are gone
};

}  // namespace sstpgw::edge
