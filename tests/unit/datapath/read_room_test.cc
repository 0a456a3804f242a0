#include "gateway/datapath/read_room.h"

#include <gtest/gtest.h>

namespace sstpgw::datapath {
namespace {

TEST(ReadRoom, FollowsTheWorkWithinItsBounds) {
  ReadRoom room;
  EXPECT_EQ(room.size(), 64U * 1024);
  room.Grow();
  EXPECT_EQ(room.size(), 128U * 1024);
  for (int i = 0; i < 5; ++i) room.Grow();
  EXPECT_EQ(room.size(), ReadRoom::kMost);
  room.Shrink();
  EXPECT_EQ(room.size(), ReadRoom::kMost / 2);
  for (int i = 0; i < 10; ++i) room.Shrink();
  EXPECT_EQ(room.size(), ReadRoom::kLeast);
  room.Grow();
  EXPECT_EQ(room.size(), ReadRoom::kLeast * 2);
}

}  // namespace
}  // namespace sstpgw::datapath
