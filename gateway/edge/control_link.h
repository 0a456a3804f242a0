// One connection to the control plane and the calls on it, as gRPC wants to see them. For
// control_client.cc, which knows who may touch what.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "gateway/edge/control_client.h"
#include "sstpgw/v1/session.grpc.pb.h"

namespace sstpgw::edge {

// One Authorize question on its way. Its address is its tag in the link's queue.
struct PendingCall {
  AuthorizeTicket ticket;
  grpc::ClientContext context;
  v1::AuthorizeRequest request;
  v1::AuthorizeResponse response;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::AuthorizeResponse>> reader;
};

// The stream and whatever else is under way on it. Everything ends in `queue`, which one thread
// serves, so that an answer wakes one thread and not several in turn. Writes and questions are
// begun by whoever has them.
struct ControlLink {
  using Stream = grpc::ClientAsyncReaderWriter<v1::FromGateway, v1::ToGateway>;
  // Tags of what the stream does; there is never more than one of each.
  enum Tag : std::size_t { kStarted, kRead, kWritten, kGathered, kFinished, kTags };

  [[nodiscard]] void* tag(Tag which) { return &tags[which]; }
  // Why it ended; once kFinished has come.
  [[nodiscard]] std::string Reason() const;

  std::uint64_t number = 0;
  std::string address;
  std::array<char, kTags> tags{};
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  std::unique_ptr<v1::SessionLink::Stub> stub;
  std::unique_ptr<Stream> stream;
  grpc::Alarm alarm;  // the end of gathering
  v1::ToGateway incoming;
  grpc::Status status;
};

// The next tag of the queue; false: there will be none. A function of its own, with something to do
// after the call: so the thread sanitizer knows that what gRPC does here, which it cannot look
// into, was called by our Serve (tests/dev/tsan.supp).
[[nodiscard]] bool NextGrpcResult(grpc::CompletionQueue& queue, void** tag, bool* ok);

}  // namespace sstpgw::edge
