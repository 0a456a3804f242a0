// What the running kernel can do for TLS records (kTLS; Documentation/networking/tls.rst).
#pragma once

#include <string>

#include "gateway/edge/kernel.h"

namespace sstpgw::edge {

struct KernelTlsSupport {
  bool available = false;  // TCP sockets can be given keys
  // A TLS 1.3 key can be replaced by its successor (KeyUpdate; Linux 6.14).
  bool new_keys = false;
  // A socket is reported readable as soon as part of a record is there, of which nothing can be
  // read yet (before Linux 6.5). Waited for level-triggered, its reader would spin until the rest
  // has come.
  bool early_wakeups = true;
  std::string reason;  // why not available
};

// Tries it out on a TCP socket of its own that is connected to itself over the loopback; no other
// socket and nothing outside of this host is touched. Microseconds.
[[nodiscard]] KernelTlsSupport ProbeKernelTls(Kernel& kernel);
// The same, found out once per process and told in the log at level info. Any thread.
[[nodiscard]] const KernelTlsSupport& KernelTlsOfThisHost();

}  // namespace sstpgw::edge
