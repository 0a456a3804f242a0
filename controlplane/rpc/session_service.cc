#include "controlplane/rpc/session_service.h"

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "controlplane/rpc/attach_stream.h"
#include "proto/contract/convert.h"
#include "proto/contract/grpc_status.h"

namespace sstpgw::cp {
namespace {

// One Authorize call. The app's answer and the caller's leaving race; whoever is first finishes it.
class AuthorizeReactor final : public grpc::ServerUnaryReactor {
 public:
  AuthorizeReactor(LinkBackend& backend, ::sstpgw::v1::AuthorizeResponse* response)
      : backend_(backend), call_(std::make_shared<Call>()) {
    call_->reactor = this;
    call_->response = response;
  }

  // This object may be gone as soon as the call is finished: what is needed later is held here.
  void Ask(AuthorizeCall question) {
    LinkBackend& backend = backend_;
    const std::shared_ptr<Call> call = call_;
    const AskId ask =
        backend.Authorize(std::move(question), [call](Result<AuthorizeVerdict> verdict) {
          const std::lock_guard lock(call->mutex);
          if (verdict) {
            if (call->reactor != nullptr) *call->response = contract::ToProto(*verdict);
            call->Finish(grpc::Status::OK);
          } else {
            call->Finish(contract::ToStatus(verdict.error()));
          }
        });
    const std::lock_guard lock(call->mutex);
    call->ask = ask;
    if (call->cancelled) backend.CancelAuthorize(ask);
  }
  void Refuse(const Error& error) {
    const std::shared_ptr<Call> call = call_;
    const std::lock_guard lock(call->mutex);
    call->Finish(contract::ToStatus(error));
  }

  void OnCancel() override {
    const std::shared_ptr<Call> call = call_;
    const std::lock_guard lock(call->mutex);
    call->cancelled = true;
    if (call->ask) backend_.CancelAuthorize(*call->ask);
    call->Finish(grpc::Status::CANCELLED);
  }
  void OnDone() override { delete this; }

 private:
  struct Call {
    std::mutex mutex;
    AuthorizeReactor* reactor = nullptr;  // null: finished
    ::sstpgw::v1::AuthorizeResponse* response = nullptr;
    std::optional<AskId> ask;
    bool cancelled = false;
    void Finish(const grpc::Status& status) {
      if (reactor == nullptr) return;
      std::exchange(reactor, nullptr)->ServerUnaryReactor::Finish(status);
    }
  };
  LinkBackend& backend_;
  std::shared_ptr<Call> call_;
};

}  // namespace

grpc::ServerUnaryReactor* SessionService::Authorize(grpc::CallbackServerContext* /*context*/,
                                                    const ::sstpgw::v1::AuthorizeRequest* request,
                                                    ::sstpgw::v1::AuthorizeResponse* response) {
  auto* reactor = new AuthorizeReactor(backend_, response);
  auto call = contract::FromProto(*request);
  if (call) {
    reactor->Ask(std::move(*call));
  } else {
    reactor->Refuse(call.error());
  }
  return reactor;
}

grpc::ServerBidiReactor<::sstpgw::v1::FromGateway, ::sstpgw::v1::ToGateway>* SessionService::Attach(
    grpc::CallbackServerContext* context) {
  return AttachStream::Start(backend_, context);
}

}  // namespace sstpgw::cp
