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
  // `file` holds a configuration. The thread runs from here on.
  ControlApp(AppOptions options, LoadedFile file);
  ~ControlApp() override { Stop(); }
  ControlApp(const ControlApp&) = delete;
  ControlApp& operator=(const ControlApp&) = delete;

  // Ends the thread; what was asked before is still done. After all servers are down.
  void Stop() { loop_.Stop(); }

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
  ControlState state_;
  OperatorDesk desk_;
  std::atomic<std::uint64_t> next_ask_{1};
  TaskLoop loop_;  // last: its thread uses everything above
};

}  // namespace sstpgw::cp
