// A handshake thread: its own listening sockets, the TLS handshakes of the connections they take
// in, and handing over to the worker with the fewest sessions. Public key arithmetic happens here,
// so that a flood of new clients does not hold up those that are connected. Here, too, sending
// of records goes over to the kernel where that is wanted and possible; receiving follows on the
// worker, once the client has logged in.
//
// Bounded: `max_unfinished` handshakes; one more closes the oldest, since an honest client is done
// in a moment. Each has the negotiation deadline.
// Threads: as Worker.
#pragma once

#include <array>
#include <list>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gateway/edge/event_loop.h"
#include "gateway/edge/listener.h"
#include "gateway/edge/mailbox.h"
#include "gateway/edge/tls_stream.h"
#include "gateway/thread_messages.h"
#include "gateway/worker.h"

namespace sstpgw::gateway {

class Handshaker {
 public:
  struct Options {
    std::size_t index = 0;
    std::size_t max_unfinished = 4096;
  };
  // `workers`, `load` and `app` must outlive it.
  static Result<std::unique_ptr<Handshaker>> Create(
      const Options& options, const std::vector<std::unique_ptr<Worker>>& workers, LoadBoard& load,
      AppInbox& app);
  ~Handshaker();
  Handshaker(const Handshaker&) = delete;
  Handshaker& operator=(const Handshaker&) = delete;

  void Start();
  void Post(HandshakeMessage message) { mailbox_->Post(std::move(message)); }
  // After StopThread was posted.
  void Join();

 private:
  enum class Count : std::uint8_t {
    kAccepted,
    kRefusedDrain,
    kRefusedMaxSessions,
    kEvicted,
    kTlsDone,
    kTlsFailed,
    kTlsTimeout,
    kKernelTlsSend,
    kKernelTlsUnsupported,  // the reasons of edge::KernelTlsFallback, in its order
    kKernelTlsVersion,
    kKernelTlsCipher,
    kKernelTlsUnusable,
    kKernelTlsRefused,
    kLast = kKernelTlsRefused,
  };
  static constexpr std::size_t kCounts = static_cast<std::size_t>(Count::kLast) + 1;
  static constexpr Count CountOf(edge::KernelTlsFallback fallback);
  class Connection;
  using Connections = std::list<std::unique_ptr<Connection>>;  // oldest first

  Handshaker(const Options& options, std::unique_ptr<edge::EventLoop> loop,
             const std::vector<std::unique_ptr<Worker>>& workers, LoadBoard& load, AppInbox& app);

  void Handle(HandshakeSettings settings);
  void Handle(DrainChanged drain);
  void Handle(CloseListeners close);
  void Handle(FiguresRequest request);
  void Handle(StopThread stop);

  void OnAccepted(edge::AcceptedConnection accepted);
  [[nodiscard]] bool Admit(const std::string& peer);
  void OnHandshakeDone(Connection& connection);
  void OnHandshakeFailed(Connection& connection, Count why, const std::string& reason);
  void EnableKernelTls(Connection& connection);
  void LogHello(const edge::TlsStream& stream);
  std::size_t ChooseWorker();
  void Drop(Connection& connection);
  void CountOne(Count count) { ++counts_[static_cast<std::size_t>(count)]; }

  const Options options_;
  std::unique_ptr<edge::EventLoop> loop_;
  const std::vector<std::unique_ptr<Worker>>& workers_;
  LoadBoard& load_;
  AppInbox& app_;
  HandshakeSettings settings_;
  bool draining_ = false;
  std::array<std::uint64_t, kCounts> counts_{};
  std::uint64_t refused_told_ = 0;       // of those below, in the log already
  std::uint64_t refused_by_closed_ = 0;  // Acceptor::refused of listeners that are gone
  std::size_t next_worker_ = 0;
  std::vector<std::unique_ptr<edge::Acceptor>> acceptors_;
  Connections connections_;
  Connections dropped_;  // deleted when no handler is on the stack
  std::unique_ptr<edge::Mailbox<HandshakeMessage>> mailbox_;
  std::thread thread_;
};

}  // namespace sstpgw::gateway
