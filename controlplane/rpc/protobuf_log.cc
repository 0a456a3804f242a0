#include "controlplane/rpc/protobuf_log.h"

#include <google/protobuf/stubs/logging.h>

#include <string>

#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/contract/grpc_log.h"

namespace sstpgw::cp {
namespace {

void Write(google::protobuf::LogLevel level, const char* /*file*/, int /*line*/,
           const std::string& message) {
  // After a fatal one the library ends the process.
  const bool fatal = level == google::protobuf::LOGLEVEL_FATAL;
  Log(fatal ? LogLevel::kError : LogLevel::kDebug, "protobuf: " + Escape(message));
}

}  // namespace

void LogLibraryMessages() {
  google::protobuf::SetLogHandler(Write);
  contract::TakeGrpcLines(
      [](const char* line) { Log(LogLevel::kDebug, std::string("grpc: ") + Escape(line)); });
}

}  // namespace sstpgw::cp
