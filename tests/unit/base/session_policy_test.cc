#include "proto/base/session_policy.h"

#include <gtest/gtest.h>

namespace sstpgw {
namespace {

TEST(SessionPolicy, DiffersByEveryField) {
  const auto differs = [](auto change) {
    SessionPolicy policy;
    change(policy);
    return policy != SessionPolicy{};
  };
  EXPECT_TRUE(differs([](auto& p) { p.idle_timeout = std::chrono::seconds(1); }));
  EXPECT_TRUE(differs([](auto& p) { p.hold = true; }));
  EXPECT_TRUE(differs([](auto& p) { p.reauthenticate = true; }));
  EXPECT_TRUE(differs([](auto& p) { p.network.vrf = "red"; }));
}

}  // namespace
}  // namespace sstpgw
