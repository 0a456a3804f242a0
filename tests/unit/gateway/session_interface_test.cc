#include "gateway/session_interface.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/base/log.h"
#include "tests/unit/edge/fake_kernel.h"

namespace sstpgw::gateway {
namespace {

TEST(SessionInterface, WhereIpv6CannotBeDisabledThereIsOneWarningAndSessionsGoOn) {
  SetLogLevel(LogLevel::kWarning);
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) {
    edge::FakeKernel kernel;
    kernel.FailCall(5, EROFS);  // opening disable_ipv6
    const auto interface = SessionInterface::Create(kernel);
    EXPECT_TRUE(interface.has_value());
  }
  const std::string log = ::testing::internal::GetCapturedStderr();
  SetLogLevel(LogLevel::kOff);
  const std::string line = "IPv6 stays enabled on the interfaces of sessions: ";
  const std::size_t first = log.find(line);
  ASSERT_NE(first, std::string::npos) << log;
  EXPECT_NE(log.find("Read-only file system", first), std::string::npos);
  EXPECT_EQ(log.find(line, first + 1), std::string::npos);
}

}  // namespace
}  // namespace sstpgw::gateway
