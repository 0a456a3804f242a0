// One Attach call as gRPC sees it: reads one message at a time (the next when the app has dealt
// with the one before), writes from a bounded queue, ends once.
//
// Threads: gRPC's call backs and the app's thread meet under one lock that is never held while
// calling the app. The object lives until gRPC is done with it and nobody refers to it.
#pragma once

#include <grpcpp/grpcpp.h>

#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "controlplane/rpc/backend.h"
#include "sstpgw/v1/session.grpc.pb.h"

namespace sstpgw::cp {

class AttachStream final
    : public grpc::ServerBidiReactor<::sstpgw::v1::FromGateway, ::sstpgw::v1::ToGateway>,
      public LinkStream,
      public std::enable_shared_from_this<AttachStream> {
 public:
  // Room for an order to every session a gateway may have.
  static constexpr std::size_t kMaxQueued = 200'000;

  // gRPC owns the result until OnDone. `backend` must outlive the call.
  static AttachStream* Start(LinkBackend& backend, grpc::CallbackServerContext* context);

  void Send(const ToGatewayMessage& message) override;
  void SendSettings(const GatewaySettings& settings) override;
  void Resume() override;
  void Close(const Error& reason) override;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  AttachStream(LinkBackend& backend, grpc::CallbackServerContext* context)
      : backend_(backend), context_(context) {}
  void Queue(::sstpgw::v1::ToGateway message);
  // Under the lock: ends the call, at once or when the write under way is over.
  void FinishLocked(const grpc::Status& status);
  void WriteNextLocked();

  LinkBackend& backend_;
  grpc::CallbackServerContext* context_;
  std::shared_ptr<AttachStream> self_;  // until OnDone

  std::mutex mutex_;
  std::deque<::sstpgw::v1::ToGateway> queue_;
  bool writing_ = false;
  bool finished_ = false;               // Finish was called
  std::optional<grpc::Status> ending_;  // decided, waiting for the write under way
  bool opened_ = false;                 // only touched by OnReadDone and OnDone
  ::sstpgw::v1::FromGateway incoming_;
};

}  // namespace sstpgw::cp
