#include "proto/contract/grpc_log.h"

#include <grpc/support/log.h>

#include <atomic>

namespace sstpgw::contract {
namespace {

std::atomic<void (*)(const char*)> taker{nullptr};

void Pass(gpr_log_func_args* line) {
  if (auto* const take = taker.load()) take(line->message);
}

}  // namespace

void TakeGrpcLines(void (*take)(const char* line)) {
  taker = take;
  gpr_set_log_function(Pass);
}

}  // namespace sstpgw::contract
