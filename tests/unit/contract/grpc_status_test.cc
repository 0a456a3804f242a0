#include "proto/contract/grpc_status.h"

namespace sstpgw::contract {
namespace {

TEST(GrpcStatus, EveryCodeComesBackAsItself) {
  for (const ErrorCode code :
       {ErrorCode::kInvalidArgument, ErrorCode::kNotFound, ErrorCode::kAlreadyExists,
        ErrorCode::kUnavailable, ErrorCode::kDeadlineExceeded, ErrorCode::kResourceExhausted,
        ErrorCode::kPermissionDenied, ErrorCode::kUnsupported, ErrorCode::kSystem,
        ErrorCode::kInternal}) {
    const grpc::Status status = ToStatus({code, "words"});
    EXPECT_FALSE(status.ok());
    const Error error = FromStatus(status);
    EXPECT_EQ(error.code, code);
    EXPECT_EQ(error.message, "words");
  }
}

TEST(GrpcStatus, CodesOfOthersAreInternal) {
  EXPECT_EQ(FromStatus({grpc::StatusCode::CANCELLED, "x"}).code, ErrorCode::kInternal);
  EXPECT_EQ(FromStatus({grpc::StatusCode::DATA_LOSS, "x"}).code, ErrorCode::kInternal);
}

}  // namespace
}  // namespace sstpgw::contract
