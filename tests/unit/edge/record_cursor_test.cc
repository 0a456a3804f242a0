#include "gateway/edge/record_cursor.h"

#include <gtest/gtest.h>

#include <vector>

namespace sstpgw::edge {
namespace {

Bytes RecordOf(std::size_t size) {
  Bytes record(5 + size, 0xff);
  record[3] = static_cast<std::uint8_t>(size >> 8);
  record[4] = static_cast<std::uint8_t>(size);
  return record;
}

TEST(RecordCursor, KnowsTheEndOfEachRecordHoweverTheyAreCut) {
  Bytes stream;
  std::vector<bool> ends{true};
  for (const std::size_t size : {300, 0, 1, 16640, 0, 0, 255, 256}) {
    const Bytes record = RecordOf(size);
    stream.insert(stream.end(), record.begin(), record.end());
    ends.resize(stream.size() + 1, false);
    ends.back() = true;
  }
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{5}, std::size_t{7},
                                  std::size_t{300}, std::size_t{5000}, stream.size()}) {
    RecordCursor cursor;
    std::size_t at = 0;
    EXPECT_TRUE(cursor.between_records());
    while (at < stream.size()) {
      const std::size_t size = std::min(piece, stream.size() - at);
      cursor.Advance(ByteView(stream).subspan(at, size));
      at += size;
      ASSERT_EQ(cursor.between_records(), ends[at]) << at << " in pieces of " << piece;
    }
  }
}

}  // namespace
}  // namespace sstpgw::edge
