// Error <-> grpc::Status, one table for both directions. The message goes along unchanged; codes
// that gRPC knows and we do not become kInternal, kSystem travels as UNKNOWN.
#pragma once

#include <grpcpp/support/status.h>

#include "proto/base/error.h"

namespace sstpgw::contract {

[[nodiscard]] grpc::Status ToStatus(const Error& error);
// `status` must not be OK.
[[nodiscard]] Error FromStatus(const grpc::Status& status);

}  // namespace sstpgw::contract
