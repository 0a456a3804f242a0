#include "proto/contract/grpc_status.h"

#include <array>
#include <utility>

namespace sstpgw::contract {
namespace {

constexpr std::array<std::pair<ErrorCode, grpc::StatusCode>, 10> kTable{{
    {ErrorCode::kInvalidArgument, grpc::StatusCode::INVALID_ARGUMENT},
    {ErrorCode::kNotFound, grpc::StatusCode::NOT_FOUND},
    {ErrorCode::kAlreadyExists, grpc::StatusCode::ALREADY_EXISTS},
    {ErrorCode::kUnavailable, grpc::StatusCode::UNAVAILABLE},
    {ErrorCode::kDeadlineExceeded, grpc::StatusCode::DEADLINE_EXCEEDED},
    {ErrorCode::kResourceExhausted, grpc::StatusCode::RESOURCE_EXHAUSTED},
    {ErrorCode::kPermissionDenied, grpc::StatusCode::PERMISSION_DENIED},
    {ErrorCode::kUnsupported, grpc::StatusCode::UNIMPLEMENTED},
    {ErrorCode::kSystem, grpc::StatusCode::UNKNOWN},
    {ErrorCode::kInternal, grpc::StatusCode::INTERNAL},
}};

}  // namespace

grpc::Status ToStatus(const Error& error) {
  for (const auto& [ours, theirs] : kTable) {
    if (ours == error.code) return {theirs, error.message};
  }
  return {grpc::StatusCode::INTERNAL, error.message};
}

Error FromStatus(const grpc::Status& status) {
  for (const auto& [ours, theirs] : kTable) {
    if (theirs == status.error_code()) return Error{ours, status.error_message()};
  }
  return Error{ErrorCode::kInternal, status.error_message()};
}

}  // namespace sstpgw::contract
