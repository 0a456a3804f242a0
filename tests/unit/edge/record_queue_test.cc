#include "gateway/edge/record_queue.h"

#include <gtest/gtest.h>

namespace sstpgw::edge {
namespace {

Bytes Counting(std::size_t size, std::uint8_t first) {
  Bytes bytes(size);
  for (std::uint8_t& octet : bytes) octet = first++;
  return bytes;
}

TEST(RecordQueue, KeepsTypesAndBoundaries) {
  RecordQueue queue;
  EXPECT_TRUE(queue.empty());
  queue.Add({RecordType::kData, Counting(100, 0)});
  queue.Add({RecordType::kAlert, Counting(2, 200)});
  queue.Add({RecordType::kData, {}});  // none
  EXPECT_EQ(queue.bytes(), 102U);
  queue.RemoveFront(60);
  EXPECT_EQ(queue.front().type, RecordType::kData);
  EXPECT_EQ(queue.front().plaintext.size(), 40U);
  EXPECT_EQ(queue.front().plaintext[0], 60);
  queue.Add({RecordType::kData, Counting(5, 7)});
  EXPECT_EQ(queue.bytes(), 47U);
  EXPECT_EQ(queue.front().plaintext[0], 60);
  queue.RemoveFront(40);
  EXPECT_EQ(queue.front().type, RecordType::kAlert);
  EXPECT_EQ(queue.front().plaintext[0], 200);
  queue.RemoveFront(2);
  EXPECT_EQ(queue.front().plaintext[0], 7);
  queue.RemoveFront(5);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.bytes(), 0U);
}

}  // namespace
}  // namespace sstpgw::edge
