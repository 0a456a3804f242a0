// A gateway that only speaks the contract: attaches, asks, reports, reads its orders. Every wait
// ends by a fact or by the call's deadline.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proto/base/text.h"
#include "sstpgw/v1/session.grpc.pb.h"

namespace sstpgw::cp {

class FakeGateway {
 public:
  FakeGateway(const std::string& socket, std::string id, std::string boot)
      : id_(std::move(id)), boot_(std::move(boot)) {
    // A channel of its own: like another process.
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stub_ = v1::SessionLink::NewStub(
        grpc::CreateCustomChannel("unix:" + socket, grpc::InsecureChannelCredentials(), arguments));
  }
  ~FakeGateway() { Hang(); }

  void Attach(std::vector<v1::SessionRecord> sessions = {}, std::uint64_t applied = 0) {
    Hang();
    context_ = std::make_unique<grpc::ClientContext>();
    SetDeadline(*context_);
    stream_ = stub_->Attach(context_.get());
    v1::FromGateway message;
    v1::Hello& hello = *message.mutable_hello();
    hello.set_gateway_id(id_);
    hello.set_boot_id(boot_);
    hello.set_version("0.0.1");
    hello.set_applied_generation(applied);
    for (v1::SessionRecord& record : sessions) *hello.add_sessions() = std::move(record);
    stream_->Write(message);
  }

  // The next settings, answered.
  v1::GatewaySettings ApplySettings() {
    const v1::GatewaySettings settings = Await(v1::ToGateway::kSettings).settings().settings();
    v1::FromGateway message;
    message.mutable_applied()->set_generation(settings.generation());
    Write(message);
    return settings;
  }
  v1::GatewaySettings RefuseSettings(const std::string& reason) {
    const v1::GatewaySettings settings = Await(v1::ToGateway::kSettings).settings().settings();
    v1::FromGateway message;
    message.mutable_refused()->set_generation(settings.generation());
    message.mutable_refused()->set_reason(reason);
    Write(message);
    return settings;
  }

  // The next policy of a session, answered.
  v1::SetPolicy ApplyPolicy() { return AnswerPolicy(""); }
  v1::SetPolicy RefusePolicy(const std::string& reason) { return AnswerPolicy(reason); }

  // Without a Hello.
  grpc::Status AttachWrongly() {
    grpc::ClientContext context;
    SetDeadline(context);
    const auto stream = stub_->Attach(&context);
    v1::FromGateway message;
    message.mutable_applied()->set_generation(1);
    stream->Write(message);
    v1::ToGateway ignored;
    while (stream->Read(&ignored)) {
    }
    return stream->Finish();
  }

  // The next message of this kind; others before it are skipped. Fails the test if the stream ends.
  v1::ToGateway Await(v1::ToGateway::MessageCase kind) {
    v1::ToGateway message;
    while (stream_ != nullptr && stream_->Read(&message)) {
      if (message.message_case() == kind) return message;
    }
    ADD_FAILURE() << "the stream ended: " << AwaitEnd().error_message();
    return {};
  }
  // Reads until the control plane ends the stream.
  grpc::Status AwaitEnd() {
    if (stream_ == nullptr) return grpc::Status::CANCELLED;
    v1::ToGateway message;
    while (stream_->Read(&message)) {
    }
    const grpc::Status status = stream_->Finish();
    stream_.reset();
    return status;
  }

  void Report(v1::SessionEventKind kind, const v1::SessionRecord& record) {
    v1::FromGateway message;
    v1::SessionReport& report = *message.mutable_reports()->add_reports();
    report.set_sequence(++sequence_);
    report.set_kind(kind);
    *report.mutable_record() = record;
    if (kind == v1::SESSION_EVENT_KIND_DOWN) {
      report.set_cause(v1::TERMINATE_CAUSE_USER_REQUEST);
      report.set_reason("bye");
    }
    Write(message);
  }
  // Returns when the control plane has taken it in.
  void ReportAndWait(v1::SessionEventKind kind, const v1::SessionRecord& record) {
    Report(kind, record);
    while (Await(v1::ToGateway::kAck).ack().sequence() < sequence_ &&
           !::testing::Test::HasFailure()) {
    }
  }
  void Write(const v1::FromGateway& message) {
    if (stream_ != nullptr) stream_->Write(message);
  }

  // A session id of the right form for a short name: "s1" is 7331000000000000.
  static std::string Sid(const std::string& name) {
    std::string id =
        ToHex(ByteView(reinterpret_cast<const std::uint8_t*>(name.data()), name.size()));
    id.resize(16, '0');
    return id;
  }

  v1::AuthorizeRequest Question(const std::string& session, const std::string& user) {
    v1::AuthorizeRequest request;
    request.set_gateway_id(id_);
    request.set_boot_id(boot_);
    request.set_attempt_id(++attempt_);
    request.set_session_id(Sid(session));
    request.set_calling_station("192.0.2.1");
    request.set_called_station("192.0.2.2");
    request.set_peer("192.0.2.1:1000");
    request.set_user(user);
    return request;
  }
  v1::AuthorizeRequest PapQuestion(const std::string& session, const std::string& user,
                                   const std::string& password) {
    v1::AuthorizeRequest request = Question(session, user);
    request.mutable_pap()->set_password(password);
    return request;
  }
  grpc::Status Authorize(const v1::AuthorizeRequest& request, v1::AuthorizeResponse* response) {
    grpc::ClientContext context;
    SetDeadline(context);
    return stub_->Authorize(&context, request, response);
  }

  static v1::SessionRecord Record(const std::string& session, const std::string& user,
                                  std::uint32_t address) {
    v1::SessionRecord record;
    record.set_session_id(Sid(session));
    record.set_state(v1::SESSION_STATE_ACTIVE);
    record.set_interface_name("sstp0");
    record.set_user(user);
    record.set_calling_station("192.0.2.1");
    record.set_called_station("192.0.2.2");
    record.set_peer("192.0.2.1:1000");
    record.set_auth_protocol(v1::AUTH_PROTOCOL_PAP);
    record.set_tls_send(v1::TLS_MODE_USER);
    record.set_tls_receive(v1::TLS_MODE_USER);
    record.set_mtu_octets(1452);
    record.mutable_policy()->set_generation(1);
    record.mutable_policy()->set_address(address);
    return record;
  }

  // Ends the stream as a dying process does.
  void Hang() {
    if (stream_ == nullptr) return;
    context_->TryCancel();
    v1::ToGateway ignored;
    while (stream_->Read(&ignored)) {
    }
    (void)stream_->Finish();
    stream_.reset();
  }

 private:
  v1::SetPolicy AnswerPolicy(const std::string& refusal) {
    const v1::SetPolicy order = Await(v1::ToGateway::kPolicy).policy();
    v1::FromGateway message;
    if (refusal.empty()) {
      message.mutable_applied()->set_generation(order.policy().generation());
      message.mutable_applied()->set_session_id(order.session_id());
    } else {
      message.mutable_refused()->set_generation(order.policy().generation());
      message.mutable_refused()->set_session_id(order.session_id());
      message.mutable_refused()->set_reason(refusal);
    }
    Write(message);
    return order;
  }
  static void SetDeadline(grpc::ClientContext& context) {
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  }

  std::string id_;
  std::string boot_;
  std::unique_ptr<v1::SessionLink::Stub> stub_;
  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::FromGateway, v1::ToGateway>> stream_;
  std::uint64_t sequence_ = 0;
  std::uint64_t attempt_ = 0;
};

}  // namespace sstpgw::cp
