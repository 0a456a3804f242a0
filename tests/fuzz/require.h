// What a fuzz target holds to be true of every input; a violation is a finding like a crash.
#pragma once

#include <cstdlib>

#include "proto/base/types.h"

namespace sstpgw::fuzz {

inline void Require(bool holds) {
  if (!holds) std::abort();
}

// Every octet of `part` lies inside `whole`: nothing is read, kept or sent that was not received.
inline void RequireInside(ByteView part, ByteView whole) {
  if (part.empty()) return;
  Require(part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace sstpgw::fuzz
