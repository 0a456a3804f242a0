#include "gateway/edge/control_link.h"

#include "proto/base/text.h"
#include "proto/contract/grpc_status.h"

namespace sstpgw::edge {

std::string ControlLink::Reason() const {
  if (status.ok()) return "the control plane ended the connection";
  return std::string(ToString(contract::FromStatus(status).code)) + ": " +
         Escape(status.error_message());
}

[[gnu::noinline]] bool NextGrpcResult(grpc::CompletionQueue& queue, void** tag, bool* ok) {
  const bool more = queue.Next(tag, ok);
  if (!more) *tag = nullptr;
  return more;
}

}  // namespace sstpgw::edge
