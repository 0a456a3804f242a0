#include "gateway/edge/control_link.h"

#include "proto/base/text.h"
#include "proto/contract/grpc_status.h"

namespace sstpgw::edge {

std::string ControlLink::Reason() const {
  // A control plane that ends cancels its streams.
  if (status.ok() || status.error_code() == grpc::StatusCode::CANCELLED) {
    return "the control plane closed the connection";
  }
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
    return "the connection broke: " + Escape(status.error_message());
  }
  return std::string(ToString(contract::FromStatus(status).code)) + ": " +
         Escape(status.error_message());
}

[[gnu::noinline]] bool NextGrpcResult(grpc::CompletionQueue& queue, void** tag, bool* ok) {
  const bool more = queue.Next(tag, ok);
  if (!more) *tag = nullptr;
  return more;
}

}  // namespace sstpgw::edge
