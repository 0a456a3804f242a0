// What the gateway's threads say to each other through mailboxes: main loop ("app"), handshake
// threads and workers share no other state but LoadBoard. Values and moved objects only.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gateway/edge/listener.h"
#include "gateway/edge/tls_context.h"
#include "gateway/edge/tls_stream.h"
#include "gateway/fsm/session.h"
#include "gateway/fsm/session_api.h"
#include "proto/base/link.h"
#include "proto/base/messages.h"
#include "proto/base/result.h"

namespace sstpgw::gateway {

// Sessions per worker, so that a handshake thread can choose the emptiest one. Changes when a
// session begins or ends, never per packet.
class LoadBoard {
 public:
  explicit LoadBoard(std::size_t workers) : cells_(workers) {}
  void Add(std::size_t worker) { cells_[worker].sessions.fetch_add(1, std::memory_order_relaxed); }
  void Remove(std::size_t worker) {
    cells_[worker].sessions.fetch_sub(1, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint32_t Of(std::size_t worker) const {
    return cells_[worker].sessions.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint32_t Total() const {
    std::uint32_t total = 0;
    for (const Cell& cell : cells_) total += cell.sessions.load(std::memory_order_relaxed);
    return total;
  }
  [[nodiscard]] std::size_t workers() const { return cells_.size(); }

 private:
  struct alignas(64) Cell {
    std::atomic<std::uint32_t> sessions{0};
  };
  std::vector<Cell> cells_;
};

// ---- To a worker
// -------------------------------------------------------------------------------

// A connection whose TLS is up. The load was already counted.
struct NewConnection {
  std::unique_ptr<edge::TlsStream> stream;
  fsm::ConnectionInfo info;
  Generation generation;    // of the settings it was accepted under
  TimePoint accepted_at{};  // TCP accept: the negotiation timer began then
};
struct WorkerSettings {
  Generation generation;
  fsm::SessionSettings session;
  std::string interface_template;  // "sstp%d"
  DataPathSettings data_path;
  ShaperSettings shaper{};
};
struct AuthorizeDone {
  SessionId session;
  AttemptId attempt;
  Result<AuthorizeVerdict> answer;
};
// Answered by AllSessionsEnded as soon as the worker has none.
struct TerminateAll {
  Termination termination = Termination::kSoft;
  TerminateCause cause = TerminateCause::kNasReboot;
  std::string reason;
};
// Answered by SessionsSnapshot.
struct SnapshotRequest {
  std::uint64_t link = 0;
};
// Answered by WorkerFigures or HandshakeFigures.
struct FiguresRequest {};
struct StopThread {};

using WorkerMessage =
    std::variant<NewConnection, WorkerSettings, AuthorizeDone, DisconnectOrder, PolicyOrder,
                 TerminateAll, SnapshotRequest, FiguresRequest, StopThread>;

// ---- To a handshake thread
// ---------------------------------------------------------------------

struct HandshakeSettings {
  Generation generation;
  std::unique_ptr<edge::TlsContext> tls;
  std::optional<std::vector<edge::Listener>> listeners;  // absent: keep those in use
  Duration negotiation_timeout{};
  std::uint32_t max_sessions = 0;  // 0: no limit
  edge::KernelTlsWish kernel_tls;
  bool log_sni = false;  // a host name is configured, so the name asked for matters
};
struct DrainChanged {
  bool enabled = false;
};
// Closes the listeners. Handshakes under way go on.
struct CloseListeners {};

using HandshakeMessage =
    std::variant<HandshakeSettings, DrainChanged, CloseListeners, FiguresRequest, StopThread>;

// ---- To the app
// --------------------------------------------------------------------------------

struct SessionsSnapshot {
  std::uint64_t link = 0;
  std::size_t worker = 0;
  std::vector<SessionRecord> sessions;
};
struct WorkerFigures {
  std::size_t worker = 0;
  std::vector<CountersReport> changed;
  std::vector<NamedCounter> counters;
  std::uint32_t connections = 0;
  std::uint32_t sstp_starting = 0;
  std::uint32_t sstp_active = 0;
  std::uint32_t timers_pending = 0;
};
struct HandshakeFigures {
  std::size_t thread = 0;
  std::vector<NamedCounter> counters;
  std::uint32_t unfinished = 0;
  std::uint32_t timers_pending = 0;
};
struct AllSessionsEnded {
  std::size_t worker = 0;
};
struct LinkOpened {
  std::uint64_t link = 0;
};
struct StopRequested {};

using AppMessage = std::variant<SessionsSnapshot, WorkerFigures, HandshakeFigures, AllSessionsEnded,
                                LinkOpened, ToGatewayMessage, StopRequested>;

}  // namespace sstpgw::gateway
