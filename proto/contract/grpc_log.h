// gRPC writes lines of its own to standard error, where nobody expects them: between the answers of
// a command, or in a journal without a level.
#pragma once

namespace sstpgw::contract {

// They go to `take` instead, from any thread. Once, before anything of gRPC is used; what its
// environment variables say of which lines there are still holds.
void TakeGrpcLines(void (*take)(const char* line));

}  // namespace sstpgw::contract
