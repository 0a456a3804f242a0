// Kernel settings under /proc/sys of the calling thread's network namespace.
#pragma once

#include <string>

#include "gateway/edge/kernel.h"
#include "proto/base/error.h"
#include "proto/base/result.h"

namespace sstpgw::edge {

// `name` with slashes: "net/ipv4/ip_forward" (interface names may contain dots). Without the final
// line break. kNotFound: this kernel has no such setting.
Result<std::string> ReadSysctl(Kernel& kernel, const std::string& name);
Result<void> WriteSysctl(Kernel& kernel, const std::string& name, const std::string& value);

// Off: no link-local address, no router solicitation, no neighbour work on this interface. Done
// also when the kernel has no IPv6 at all.
Result<void> DisableIpv6(Kernel& kernel, const std::string& interface_name);

// On, for a router: it forwards, and nothing on this interface tells it addresses or routes
// (accept_ra, autoconf). A setting that may not be written (/proc/sys of a container) will do if it
// is what it should be. kNotFound: no IPv6 in the kernel, or the MTU is below IPv6's 1280.
Result<void> PrepareIpv6(Kernel& kernel, const std::string& interface_name);
// After PrepareIpv6.
Result<void> EnableIpv6(Kernel& kernel, const std::string& interface_name);

}  // namespace sstpgw::edge
