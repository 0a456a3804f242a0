// A control plane for tests: serves SessionLink on a Unix socket, pushes settings to whoever
// attaches, acknowledges reports if told to, and remembers what it heard.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "proto/base/link.h"
#include "proto/contract/convert.h"
#include "sstpgw/v1/session.grpc.pb.h"

namespace sstpgw::gateway {

inline constexpr std::chrono::seconds kPatience{30};

class FakeControlPlane final : private v1::SessionLink::Service {
 public:
  using Judge = std::function<AuthorizeVerdict(const AuthorizeCall&)>;

  explicit FakeControlPlane(std::string socket) : socket_(std::move(socket)) {}
  ~FakeControlPlane() override { Stop(); }

  // `first_orders` go to everyone who attaches.
  void Start(std::vector<v1::ToGateway> first_orders) {
    first_orders_ = std::move(first_orders);
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + socket_, grpc::InsecureServerCredentials());
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);  // as the real one
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  void Stop() {
    if (!server_) return;
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
    server_.reset();
  }

  void AcknowledgeReports(bool enabled) {
    const std::lock_guard lock(mutex_);
    acknowledge_ = enabled;
  }
  void SetJudge(Judge judge) {
    const std::lock_guard lock(mutex_);
    judge_ = std::move(judge);
  }
  void Send(const v1::ToGateway& order) {
    std::unique_lock lock(mutex_);
    heard_.wait_for(lock, kPatience, [this] { return stream_ != nullptr; });
    if (stream_ != nullptr) stream_->Write(order);
  }
  // Waits for the next message of kind T that was not taken yet; others stay.
  template <class T>
  std::optional<T> Take() {
    std::unique_lock lock(mutex_);
    std::optional<T> found;
    heard_.wait_for(lock, kPatience, [&] {
      for (auto message = messages_.begin(); message != messages_.end(); ++message) {
        if (!std::holds_alternative<T>(*message)) continue;
        found = std::move(std::get<T>(*message));
        messages_.erase(message);
        return true;
      }
      return false;
    });
    return found;
  }

 private:
  using Stream = grpc::ServerReaderWriter<v1::ToGateway, v1::FromGateway>;
  // Reports one by one, however they came.
  using Heard = std::variant<Hello, NumberedReport, CountersBatch, Applied, Refused>;

  void Keep(ReportBatch /*batch*/) {}
  template <class T>
  void Keep(T message) {
    messages_.emplace_back(std::move(message));
  }

  grpc::Status Attach(grpc::ServerContext* /*context*/, Stream* stream) override {
    {
      const std::lock_guard lock(mutex_);
      stream_ = stream;
    }
    heard_.notify_all();
    v1::FromGateway message;
    while (stream->Read(&message)) Hear(message);
    const std::lock_guard lock(mutex_);
    stream_ = nullptr;
    return grpc::Status::OK;
  }

  void Hear(const v1::FromGateway& wire) {
    const std::lock_guard lock(mutex_);
    auto message = contract::FromProto(wire);
    if (!message) return;
    if (std::holds_alternative<Hello>(*message)) {
      for (const v1::ToGateway& order : first_orders_) stream_->Write(order);
    }
    if (auto* batch = std::get_if<ReportBatch>(&*message)) {
      if (acknowledge_) {
        const std::uint64_t last = batch->reports.back().sequence;
        stream_->Write(contract::ToProto(ToGatewayMessage(ReportAck{last})));
      }
      std::move(batch->reports.begin(), batch->reports.end(), std::back_inserter(messages_));
    } else {
      std::visit([this](auto&& part) { Keep(std::move(part)); }, std::move(*message));
    }
    heard_.notify_all();
  }

  grpc::Status Authorize(grpc::ServerContext* /*context*/, const v1::AuthorizeRequest* request,
                         v1::AuthorizeResponse* response) override {
    const auto call = contract::FromProto(*request);
    if (!call) return {grpc::StatusCode::INVALID_ARGUMENT, call.error().message};
    const std::lock_guard lock(mutex_);
    if (!judge_) return {grpc::StatusCode::UNAVAILABLE, "no judge"};
    *response = contract::ToProto(judge_(*call));
    return grpc::Status::OK;
  }

  const std::string socket_;
  std::vector<v1::ToGateway> first_orders_;
  std::unique_ptr<grpc::Server> server_;
  std::mutex mutex_;  // guards all below
  std::condition_variable heard_;
  std::deque<Heard> messages_;
  Stream* stream_ = nullptr;
  bool acknowledge_ = true;
  Judge judge_;
};

}  // namespace sstpgw::gateway
