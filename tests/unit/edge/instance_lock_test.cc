#include "gateway/edge/instance_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>

#include "tests/unit/edge/network_namespace.h"

namespace sstpgw::edge {
namespace {

using ::testing::HasSubstr;

// Other processes run the same tests.
std::string OwnName() { return "sstp-test-" + std::to_string(getpid()); }

TEST(InstanceLock, TheSecondIsRefusedInWordsUntilTheFirstIsGone) {
  auto first = std::make_optional(InstanceLock::Take(OwnName()));
  ASSERT_TRUE(first->has_value());
  const auto second = InstanceLock::Take(OwnName());
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kAlreadyExists);
  EXPECT_THAT(second.error().message, HasSubstr("another " + OwnName() + " runs"));
  EXPECT_THAT(second.error().message, HasSubstr("stop that one"));
  first.reset();
  EXPECT_TRUE(InstanceLock::Take(OwnName()).has_value());
}

TEST(InstanceLock, AnotherNameIsAnotherLock) {
  const auto first = InstanceLock::Take(OwnName());
  EXPECT_TRUE(InstanceLock::Take(OwnName() + "x").has_value());
}

TEST(InstanceLock, EveryNetworkNamespaceHasItsOwn) {
  const auto outside = InstanceLock::Take(OwnName());
  ASSERT_TRUE(outside.has_value());
  bool taken = false;
  if (!InNewNetworkNamespace([&] { taken = InstanceLock::Take(OwnName()).has_value(); })) {
    GTEST_SKIP() << "no privilege for a network namespace";
  }
  EXPECT_TRUE(taken);
}

}  // namespace
}  // namespace sstpgw::edge
