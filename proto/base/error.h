// The error of edges and of the control plane: what kind it is, and a sentence a person can act on.
// Codecs use their own small codec::ParseError instead (no allocation).
#pragma once

#include <string>
#include <utility>

namespace sstpgw {

enum class ErrorCode {
  kInvalidArgument,  // the caller's or operator's input is wrong
  kNotFound,
  kAlreadyExists,
  kUnavailable,  // the other side is not there now; trying again may help
  kDeadlineExceeded,
  kResourceExhausted,  // pool empty, limit reached
  kPermissionDenied,
  kUnsupported,  // understood, but not built or not offered by this system
  kSystem,       // a system call failed
  kInternal,
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;  // names the thing, the value, the reason; never a secret
};

// "TUNSETIFF sstp0: Device or resource busy" with code kSystem. `errno_value` as left by the call.
Error SystemError(std::string what, int errno_value);

const char* ToString(ErrorCode code);

}  // namespace sstpgw
