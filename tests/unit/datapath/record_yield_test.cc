#include "gateway/datapath/record_yield.h"

#include <gtest/gtest.h>

namespace sstpgw::datapath {
namespace {

using std::chrono::milliseconds;

// A client that was looked at once, after so much ciphertext.
struct Watched {
  RecordYield yield;
  TimePoint now{std::chrono::hours(1)};
  std::uint64_t ciphertext = 5'000'000;

  Watched() {
    EXPECT_TRUE(yield.Due(now));
    EXPECT_FALSE(yield.IsPoor(now, ciphertext, ciphertext)) << "what came before is not known";
  }
  bool Poor(std::uint64_t more_ciphertext, std::size_t plaintext) {
    yield.Add(plaintext);
    now += RecordYield::kInterval;
    ciphertext += more_ciphertext;
    return yield.IsPoor(now, ciphertext, ciphertext);
  }
};

TEST(RecordYield, IsDueOncePerInterval) {
  Watched client;
  EXPECT_FALSE(client.yield.Due(client.now));
  EXPECT_FALSE(client.yield.Due(client.now + RecordYield::kInterval - milliseconds(1)));
  EXPECT_TRUE(client.yield.Due(client.now + RecordYield::kInterval));
}

TEST(RecordYield, HonestTrafficIsGoodEnough) {
  Watched client;
  EXPECT_FALSE(client.Poor(100'000'000, 99'000'000)) << "full records";
  EXPECT_FALSE(client.Poor(3'000'000, 2'000'000)) << "an acknowledgement in each";
  EXPECT_FALSE(client.Poor(3'000'000, 800'000)) << "an echo request in each";
  EXPECT_FALSE(client.Poor(0, 0));
  EXPECT_FALSE(client.Poor(RecordYield::kFree, 0)) << "so much is free";
}

TEST(RecordYield, RecordsWithNextToNothingInThemArePoor) {
  Watched empty;
  EXPECT_TRUE(empty.Poor(RecordYield::kFree + 1, 0));
  Watched one_octet;
  EXPECT_TRUE(one_octet.Poor(23 * 10'000, 10'000));
  Watched edge;
  EXPECT_FALSE(edge.Poor(800'000, 100'000));
  EXPECT_TRUE(edge.Poor(800'000, 99'999));
}

// Where the records are so slow that little of them passes between two looks.
TEST(RecordYield, LittleAddsUpWithinTheWindow) {
  Watched client;
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(client.Poor(20 * 1024, 0));
  EXPECT_TRUE(client.Poor(20 * 1024, 0));
}

TEST(RecordYield, LittleInALongTimeIsFree) {
  Watched client;
  const auto looks = static_cast<std::uint64_t>(RecordYield::kWindow / RecordYield::kInterval);
  for (std::uint64_t i = 0; i < 10 * looks; ++i) {
    EXPECT_FALSE(client.Poor(RecordYield::kFree / looks, 0));
  }
}

TEST(RecordYield, EachJudgementStandsForItself) {
  Watched client;
  EXPECT_FALSE(client.Poor(100'000'000, 99'000'000));
  EXPECT_TRUE(client.Poor(1'000'000, 0)) << "no credit for what was";
  EXPECT_FALSE(client.Poor(1'000'000, 900'000));
}

// What arrived while the kernel was asked is not known to have been taken.
TEST(RecordYield, WhatIsNotCertainCountsForTheClient) {
  Watched client;
  client.now += RecordYield::kInterval;
  EXPECT_FALSE(client.yield.IsPoor(client.now, client.ciphertext, client.ciphertext + 900'000));
  client.now += RecordYield::kWindow;
  EXPECT_FALSE(client.yield.IsPoor(client.now, client.ciphertext, client.ciphertext + 900'000));
  client.ciphertext += 900'000;
  EXPECT_FALSE(client.Poor(RecordYield::kFree, 0));
  EXPECT_TRUE(client.Poor(1, 0));
}

TEST(RecordYield, WhereTheKernelDoesNotTellNothingChanges) {
  Watched client;
  client.yield.Add(10'000);
  client.now += RecordYield::kInterval;
  client.yield.Skip(client.now);
  EXPECT_FALSE(client.yield.Due(client.now));
  EXPECT_FALSE(client.Poor(80'000, 0)) << "the 10,000 count";
  RecordYield never_told;
  for (int i = 0; i < 3; ++i) never_told.Skip(client.now);
  EXPECT_FALSE(never_told.IsPoor(client.now, 5'000'000, 5'000'000)) << "the first time";
}

}  // namespace
}  // namespace sstpgw::datapath
