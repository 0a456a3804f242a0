#include "controlplane/accounting/kept_session.h"

#include "tests/unit/accounting/samples.h"

namespace sstpgw::cp::accounting {
namespace {

TEST(KeptSession, ComesBackAsItWas) {
  KeptSession plain;
  plain.interim_interval = std::chrono::seconds(0);
  for (const KeptSession& kept : {FullKept(), KeptSession(), plain}) {
    const Bytes octets = Encode(kept);
    const Result<KeptSession> again = DecodeKept(octets);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, kept);
    EXPECT_EQ(Encode(*again), octets);
  }
}

TEST(KeptSession, EveryTruncationAndAnOctetTooManyAreErrors) {
  Bytes octets = Encode(FullKept());
  for (std::size_t size = 0; size < octets.size(); ++size) {
    EXPECT_FALSE(DecodeKept(ByteView(octets).first(size))) << size;
  }
  octets.push_back(0);
  EXPECT_FALSE(DecodeKept(octets));
}

TEST(KeptSession, UnknownVersionAndStageAreErrors) {
  Bytes octets = Encode(FullKept());
  octets[1] = 4;
  EXPECT_FALSE(DecodeKept(octets));
  octets = Encode(FullKept());
  octets[0] = 2;
  const auto kept = DecodeKept(octets);
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, ErrorCode::kUnsupported);
}

TEST(KeptSession, SecondsAreBounded) {
  KeptSession kept = FullKept();
  kept.session_timeout = std::chrono::seconds::max();
  kept.opened_unix_seconds = -5;
  const auto again = DecodeKept(Encode(kept));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->session_timeout, kMaxSeconds);
  EXPECT_EQ(again->opened_unix_seconds, 0);
  Bytes octets = Encode(kept);
  octets[octets.size() - 8] = 0x7f;  // of session_timeout
  EXPECT_FALSE(DecodeKept(octets));
}

}  // namespace
}  // namespace sstpgw::cp::accounting
