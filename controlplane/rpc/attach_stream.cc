#include "controlplane/rpc/attach_stream.h"

#include <utility>

#include "proto/contract/convert.h"
#include "proto/contract/grpc_status.h"
#include "proto/contract/wipe.h"

namespace sstpgw::cp {

namespace pb = ::sstpgw::v1;

AttachStream* AttachStream::Start(LinkBackend& backend, grpc::CallbackServerContext* context) {
  std::shared_ptr<AttachStream> stream(new AttachStream(backend, context));
  stream->self_ = stream;
  AttachStream* reactor = stream.get();
  reactor->StartRead(&reactor->incoming_);
  return reactor;
}

void AttachStream::Send(const ToGatewayMessage& message) { Queue(contract::ToProto(message)); }

void AttachStream::SendSettings(const GatewaySettings& settings) {
  pb::ToGateway message;
  *message.mutable_settings()->mutable_settings() = contract::ToProto(settings);
  Queue(std::move(message));
}

void AttachStream::Queue(pb::ToGateway message) {
  const std::lock_guard lock(mutex_);
  if (finished_ || ending_) return;
  // The newest acknowledgement says what the ones before said. The front may be under way.
  const std::size_t under_way = writing_ ? 1 : 0;
  if (message.has_ack() && queue_.size() > under_way && queue_.back().has_ack()) {
    queue_.back() = std::move(message);
    return;
  }
  if (queue_.size() >= kMaxQueued) {
    FinishLocked({grpc::StatusCode::RESOURCE_EXHAUSTED, "the gateway does not read its orders"});
    context_->TryCancel();
    return;
  }
  queue_.push_back(std::move(message));
  WriteNextLocked();
}

void AttachStream::WriteNextLocked() {
  if (writing_ || finished_ || ending_ || queue_.empty()) return;
  writing_ = true;
  StartWrite(&queue_.front());
}

void AttachStream::Resume() {
  const std::lock_guard lock(mutex_);
  if (finished_ || ending_) return;
  StartRead(&incoming_);
}

void AttachStream::Close(const Error& reason) {
  const std::lock_guard lock(mutex_);
  FinishLocked(contract::ToStatus(reason));
}

void AttachStream::FinishLocked(const grpc::Status& status) {
  if (finished_ || ending_) return;
  if (writing_) {
    ending_ = status;
    return;
  }
  finished_ = true;
  Finish(status);
}

void AttachStream::OnReadDone(bool ok) {
  if (!ok) {
    const std::lock_guard lock(mutex_);
    FinishLocked(grpc::Status::OK);
    return;
  }
  auto message = contract::FromProto(incoming_);
  incoming_.Clear();
  if (!message) {
    Close(message.error());
    return;
  }
  auto* hello = std::get_if<Hello>(&*message);
  if (opened_ == (hello != nullptr)) {
    Close(Error{ErrorCode::kInvalidArgument,
                opened_ ? "a second Hello on one stream" : "the first message must be Hello"});
    return;
  }
  if (hello != nullptr) {
    opened_ = true;
    backend_.Opened(shared_from_this(), std::move(*hello));
  } else {
    backend_.Received(shared_from_this(), std::move(*message));
  }
}

void AttachStream::OnWriteDone(bool ok) {
  const std::lock_guard lock(mutex_);
  writing_ = false;
  if (!queue_.empty()) {
    contract::WipeSecrets(&queue_.front());
    queue_.pop_front();
  }
  if (ending_) {
    const grpc::Status status = *ending_;
    ending_.reset();
    FinishLocked(status);
    return;
  }
  if (!ok) {
    FinishLocked({grpc::StatusCode::UNAVAILABLE, "the gateway is gone"});
    return;
  }
  WriteNextLocked();
}

void AttachStream::OnCancel() {
  const std::lock_guard lock(mutex_);
  FinishLocked(grpc::Status::CANCELLED);
}

void AttachStream::OnDone() {
  if (opened_) backend_.Closed(shared_from_this());
  self_.reset();  // may be the last reference
}

}  // namespace sstpgw::cp
