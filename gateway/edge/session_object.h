// The object file of ebpf/session.bpf.c, as it was compiled, inside this program.
#pragma once

#include "proto/base/types.h"

namespace sstpgw::edge {

// Lives as long as the process; aligned as ELF wants it.
[[nodiscard]] ByteView SessionObject();

}  // namespace sstpgw::edge
