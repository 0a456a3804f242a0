// The control plane as one object: its state, the thread that owns it, and the doors through which
// gRPC comes in. Every public method may be called from any thread.
#pragma once

#include <atomic>
#include <functional>
#include <optional>

#include "controlplane/app/control_state.h"
#include "controlplane/app/operator_desk.h"
#include "controlplane/edge/task_loop.h"
#include "controlplane/rpc/backend.h"

namespace sstpgw::cp {

class ControlApp final : public LinkBackend, public OperatorBackend {
 public:
  // `file` holds a configuration. The thread runs from here on, once Start has returned usefully.
  ControlApp(AppOptions options, LoadedFile file);
  ~ControlApp() override { Stop(); }
  ControlApp(const ControlApp&) = delete;
  ControlApp& operator=(const ControlApp&) = delete;

  // Before anything else, once. An error: this configuration cannot be served on this host, and
  // why. Waits for the disk.
  [[nodiscard]] Result<void> Start();
  // Tells RADIUS servers of the end, for some seconds at most, then ends the thread; what was asked
  // before is still done. After all servers are down.
  void Stop();

  AskId Authorize(AuthorizeCall call, AuthorizeDone done) override;
  void CancelAuthorize(AskId ask) override;
  void Opened(std::shared_ptr<LinkStream> stream, Hello hello) override;
  void Received(std::shared_ptr<LinkStream> stream, FromGatewayMessage message) override;
  void Closed(std::shared_ptr<LinkStream> stream) override;

  void Run(std::function<void(OperatorApi&)> what) override;
  Validation Validate(const std::string& yaml, const std::string& file_name) override;
  void Compare(const std::optional<std::string>& yaml, const std::string& file_name,
               Compared done) override;

 private:
  static constexpr Duration kConcludePatience = std::chrono::seconds(3);

  Poller poller_;
  ControlState state_;
  OperatorDesk desk_;
  std::atomic<std::uint64_t> next_ask_{1};
  bool stopped_ = false;
  TaskLoop loop_;  // last: its thread uses everything above
};

}  // namespace sstpgw::cp
