#include "gateway/session_id.h"

#include <set>

namespace sstpgw::gateway {
namespace {

using ::testing::MatchesRegex;

TEST(SessionId, IsSixteenHexDigitsThatBeginWithTheBootTime) {
  SessionIdSource source({.boot_unix_seconds = 0x65df71a0, .random_start = 0x1234});
  const SessionId id = source.Next();
  EXPECT_THAT(id, MatchesRegex("[0-9a-f]{16}"));
  EXPECT_EQ(id.substr(0, 8), "65df71a0");
}

TEST(SessionId, NamesItsWorkerAndNeverRepeats) {
  constexpr std::uint32_t kWorkers = 3;
  std::set<SessionId> seen;
  for (std::uint32_t worker = 0; worker < kWorkers; ++worker) {
    SessionIdSource source({.boot_unix_seconds = 1,
                            .random_start = 0xffffffff,
                            .worker = worker,
                            .workers = kWorkers});
    for (int i = 0; i < 1000; ++i) {
      const SessionId id = source.Next();
      EXPECT_EQ(SessionIdSource::WorkerOf(id, kWorkers), worker) << id;
      EXPECT_TRUE(seen.insert(id).second) << id;
    }
  }
}

TEST(SessionId, CountsOnAcrossTheEndOfItsRange) {
  constexpr std::uint32_t kWorkers = 4;
  constexpr std::uint32_t kSpan = 0x3fffffff;  // 2^32 / 4 - 1
  SessionIdSource source({.random_start = kSpan - 1, .worker = 3, .workers = kWorkers});
  EXPECT_EQ(SessionIdSource::WorkerOf(source.Next(), kWorkers), 3U);
  EXPECT_EQ(source.Next(), "0000000000000003");
}

TEST(SessionId, OtherTextNamesNoWorker) {
  EXPECT_EQ(SessionIdSource::WorkerOf("", 2), std::nullopt);
  EXPECT_EQ(SessionIdSource::WorkerOf("0123456789abcde", 2), std::nullopt);
  EXPECT_EQ(SessionIdSource::WorkerOf("0123456789ABCDEF", 2), std::nullopt);
  EXPECT_EQ(SessionIdSource::WorkerOf("x123456789abcdef", 2), std::nullopt);
}

}  // namespace
}  // namespace sstpgw::gateway
