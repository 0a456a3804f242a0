#include "proto/contract/grpc_log.h"

#include <grpc/support/log.h>

#include <string>

namespace sstpgw::contract {
namespace {

std::string taken;

TEST(GrpcLog, LinesGoToWhoTakesThemAndNotToStandardError) {
  TakeGrpcLines([](const char* line) { taken += line; });
  ::testing::internal::CaptureStderr();
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);  // as grpc_init does
  gpr_log(GPR_ERROR, "socket %d is odd", 7);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(taken, "socket 7 is odd");
}

}  // namespace
}  // namespace sstpgw::contract
