// The gateway as a whole: starts workers, handshake threads and the link to the control plane,
// applies settings, passes orders on, collects figures, and ends everything in order. Runs on the
// caller's event loop.
//
// Settings: a new generation is built completely (TLS context, listening sockets) before anything
// changes; if a part fails, the old settings stay and the control plane is told why. New settings
// are for new connections; running sessions keep theirs. Nothing listens before the first settings.
//
// Threads: the loop's, except RequestStop. Run with the loop's Run; it stops the loop when done.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/crypto/mppe_key.h"
#include "gateway/edge/control_client.h"
#include "gateway/edge/event_loop.h"
#include "gateway/edge/kernel_entropy.h"
#include "gateway/edge/process_stats.h"
#include "gateway/handshaker.h"
#include "gateway/interface_cache.h"
#include "gateway/neighbour_room.h"
#include "gateway/settings_plan.h"
#include "gateway/thread_messages.h"
#include "gateway/worker.h"

namespace sstpgw::gateway {

struct GatewayOptions {
  std::string name;  // gateway id
  std::string version;
  std::vector<std::string> control_addresses;       // tried in order
  std::size_t workers = 0;                          // 0: one per core
  std::size_t handshake_threads = 0;                // 0: half as many as cores, at least one
  std::size_t max_handshakes = 4096;                // unfinished, all threads together
  std::optional<LogLevel> log_level;                // set: stronger than the settings' level
  std::uint32_t max_shaped = 65536;                 // sessions with a rate limit
  std::string pin_folder;                           // of the kernel's programs; empty: not pinned
  std::chrono::milliseconds stop_patience{5000};    // for sessions to end softly
  std::chrono::milliseconds report_patience{1000};  // for their reports to be acknowledged
};

class GatewayApp final : private edge::ControlEvents, private edge::TimerHandler {
 public:
  // `loop` must outlive it. The error says what this system lacks.
  static Result<std::unique_ptr<GatewayApp>> Create(const GatewayOptions& options,
                                                    edge::EventLoop& loop);
  // Stops all threads; sessions still there are cut.
  ~GatewayApp() override;
  GatewayApp(const GatewayApp&) = delete;
  GatewayApp& operator=(const GatewayApp&) = delete;

  void Start();
  // Any thread: no new connections, sessions end softly within stop_patience, then the loop stops.
  void RequestStop();

 private:
  enum class Ending : std::uint8_t { kNo, kSoft, kHard, kOver };
  // A Hello being put together.
  struct Snapshot {
    std::uint64_t link = 0;
    std::size_t missing = 0;
    std::vector<SessionRecord> sessions;
  };

  GatewayApp(const GatewayOptions& options, edge::EventLoop& loop);
  Result<bool> Build();

  void OnLinkOpened(std::uint64_t link) override;
  void OnAttached(const std::string& address) override;
  void OnLinkLost(const std::string& reason) override;
  void OnUnreachable(const std::string& reason) override;
  void OnOrder(ToGatewayMessage order) override;
  void OnInvalidOrder(const std::string& reason) override;
  void OnAuthorized(edge::AuthorizeTicket ticket, Result<AuthorizeVerdict> answer) override;
  void OnTimer(std::uint64_t cookie) override;

  void Handle(SessionsSnapshot snapshot);
  void Handle(WorkerFigures figures);
  void Handle(HandshakeFigures figures);
  void Handle(AllSessionsEnded ended);
  void Handle(LinkOpened opened);
  void Handle(ToGatewayMessage order);
  void Handle(StopRequested stop);

  void Obey(GatewaySettings settings);
  void Obey(PolicyOrder order);
  void Obey(DisconnectOrder order);
  void Obey(ReportAck ack);
  void Obey(DrainOrder order);
  Result<bool> Apply(const GatewaySettings& settings);
  Result<std::vector<std::vector<edge::Listener>>> OpenListeners(const GatewaySettings& settings);
  [[nodiscard]] Worker* WorkerFor(const SessionId& session);

  // Once a second; sent as soon as every thread has answered, or with the next second's tick.
  void AskForFigures();
  void NoteFigures();
  void SendFigures();
  void CheckNeighbours();
  void EndSessions(Termination termination);
  void Stop();

  const GatewayOptions options_;
  edge::EventLoop& loop_;
  edge::KernelEntropy entropy_;
  edge::ProcessStats process_;
  std::unique_ptr<AppInbox> inbox_;
  std::unique_ptr<LoadBoard> load_;
  std::unique_ptr<InterfaceCache> interfaces_;
  std::unique_ptr<ShaperBase> shaper_;
  std::optional<crypto::Rc4Provider> rc4_;  // for MPPE, where this system has it
  std::string rc4_missing_;                 // why not
  std::unique_ptr<edge::ControlClient> control_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::unique_ptr<Handshaker>> handshakers_;
  Generation applied_;
  std::string last_refusal_;  // of settings, in words
  NeighbourRoom neighbours_{edge::LinuxKernel()};
  std::uint32_t max_sessions_ = 0;    // of the settings applied
  std::optional<ListenPlace> place_;  // where the gateway listens
  std::optional<Snapshot> snapshot_;
  std::vector<std::optional<WorkerFigures>> worker_figures_;
  std::vector<std::optional<HandshakeFigures>> handshake_figures_;
  std::vector<CountersReport> changed_;
  std::size_t figures_missing_ = 0;  // threads that have not answered yet
  edge::TimerHandle figures_timer_;
  edge::TimerHandle stop_timer_;
  Ending ending_ = Ending::kNo;
  std::size_t workers_with_sessions_ = 0;
};

}  // namespace sstpgw::gateway
