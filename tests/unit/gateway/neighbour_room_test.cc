#include "gateway/neighbour_room.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/edge/fake_kernel.h"

namespace sstpgw::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class NeighbourRoomTest : public ::testing::Test {
 protected:
  // What the next look at gc_thresh3 finds.
  void Rooms(const std::string& ipv4, const std::string& ipv6) {
    kernel_.reads.clear();
    for (const std::string& text : {ipv4, ipv6}) {
      const std::string line = text + "\n";
      kernel_.reads.emplace_back(Bytes(line.begin(), line.end()));
    }
  }
  std::string Check(std::uint32_t allowed, std::uint32_t now) {
    return room_.Check({.allowed = allowed, .now = now}).value_or("");
  }
  edge::FakeKernel kernel_;
  NeighbourRoom room_{kernel_};
};

TEST_F(NeighbourRoomTest, TooLittleForTheSessionsAllowedIsSaidOnceWithTheRemedy) {
  Rooms("1024", "1024");
  const std::string said = Check(10'000, 0);
  EXPECT_THAT(said, HasSubstr("room for 1024 entries"));
  EXPECT_THAT(said, HasSubstr("10000 sessions are allowed"));
  EXPECT_THAT(said, HasSubstr("sysctl -w net.ipv4.neigh.default.gc_thresh1=16384 "
                              "net.ipv4.neigh.default.gc_thresh2=32768 "
                              "net.ipv4.neigh.default.gc_thresh3=65536 "
                              "net.ipv6.neigh.default.gc_thresh1=16384 "
                              "net.ipv6.neigh.default.gc_thresh2=32768 "
                              "net.ipv6.neigh.default.gc_thresh3=65536"));
  Rooms("1024", "1024");
  EXPECT_EQ(Check(10'000, 5'000), "");
  EXPECT_EQ(Check(10'000, 9'999), "");
}

TEST_F(NeighbourRoomTest, OnlyTheFamilyThatLacksRoomIsNamed) {
  Rooms("65536", "1024");
  const std::string said = Check(2000, 0);
  EXPECT_THAT(said, HasSubstr("net.ipv6.neigh.default.gc_thresh3=16384"));
  EXPECT_THAT(said, Not(HasSubstr("ipv4")));
}

TEST_F(NeighbourRoomTest, EnoughIsEnough) {
  Rooms("2000", "2000");
  EXPECT_EQ(Check(2000, 0), "");
  Rooms("1999", "2000");
  EXPECT_EQ(Check(2000, 0), "") << "judged already";
}

TEST_F(NeighbourRoomTest, WithoutALimitItIsSaidWhenTheSessionsOutgrowIt) {
  Rooms("1024", "1024");
  EXPECT_EQ(Check(0, 0), "");
  const std::size_t calls = kernel_.calls().size();
  EXPECT_EQ(Check(0, 1024), "");
  EXPECT_EQ(kernel_.calls().size(), calls) << "asked every second, so it must not read each time";
  Rooms("1024", "1024");
  EXPECT_THAT(Check(0, 1025), HasSubstr("1025 sessions are there"));
  EXPECT_EQ(Check(0, 2000), "");
  Rooms("1024", "1024");
  EXPECT_THAT(Check(0, 3000), HasSubstr("3000 sessions are there")) << "far more than last time";
}

TEST_F(NeighbourRoomTest, RoomMadeMeanwhileCounts) {
  Rooms("1024", "1024");
  EXPECT_EQ(Check(0, 0), "");
  Rooms("65536", "65536");
  EXPECT_EQ(Check(0, 1025), "");
}

TEST_F(NeighbourRoomTest, LessThanAKernelHasByDefaultIsSaid) {
  Rooms("512", "1024");
  EXPECT_THAT(Check(0, 0), HasSubstr("room for 512 entries"));
}

TEST_F(NeighbourRoomTest, WhereItCannotBeSeenNothingIsSaid) {
  EXPECT_EQ(Check(100'000, 0), "") << "the fake's reads fail";
  Rooms("many", "");
  EXPECT_EQ(NeighbourRoom(kernel_).Check({.allowed = 100'000}), std::nullopt);
}

TEST_F(NeighbourRoomTest, ThresholdsGrowWithTheSessions) {
  EXPECT_EQ(NeighbourRoom::For(1).first, 2048U);
  EXPECT_EQ(NeighbourRoom::For(1024).first, 2048U);
  EXPECT_EQ(NeighbourRoom::For(1025).first, 4096U);
  EXPECT_EQ(NeighbourRoom::For(250'000).third, 4U * 262'144);
}

}  // namespace
}  // namespace sstpgw::gateway
