// One gateway per network namespace: interfaces left behind are recognised by their link group, so
// a second gateway would delete those of the first, and share its port.
//
// A Unix socket bound to an abstract name ("@sstp-gateway"): such names belong to the network
// namespace, leave no file, and are free again the moment the process ends, however it ends.
// Threads: any.
#pragma once

#include <string>

#include "gateway/edge/unique_fd.h"
#include "proto/base/result.h"

namespace sstpgw::edge {

class InstanceLock {
 public:
  // kAlreadyExists: somebody holds `name`; the message says why that matters and what to do.
  static Result<InstanceLock> Take(const std::string& name);

 private:
  explicit InstanceLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace sstpgw::edge
