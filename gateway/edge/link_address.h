// Whether an interface has an address, whoever gave it.
#pragma once

#include <string>

#include "gateway/edge/kernel.h"
#include "proto/base/result.h"

namespace sstpgw::edge {

// kNotFound: there is no interface of this name.
Result<bool> HasIpv4Address(Kernel& kernel, const std::string& interface_name);

}  // namespace sstpgw::edge
