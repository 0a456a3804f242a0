#include "gateway/datapath/record_limit.h"

#include <gtest/gtest.h>

namespace sstpgw::datapath {
namespace {

TEST(RecordLimit, IsWhatThePathCarriesInFiveMilliseconds) {
  EXPECT_EQ(RecordLimit(125'000), 625U);  // 1 Mbit/s
  EXPECT_EQ(RecordLimit(1'250'000), 6'250U);
  EXPECT_EQ(RecordLimit(3'276'800), kMaxRecord);
  EXPECT_EQ(RecordLimit(3'276'799), kMaxRecord - 1);
}

TEST(RecordLimit, IsNeverMoreThanARecordAndNoBoundWhereNothingIsKnown) {
  EXPECT_EQ(RecordLimit(0), kMaxRecord);
  EXPECT_EQ(RecordLimit(~std::uint64_t{0}), kMaxRecord);
  EXPECT_EQ(RecordLimit(1), 0U);
}

}  // namespace
}  // namespace sstpgw::datapath
