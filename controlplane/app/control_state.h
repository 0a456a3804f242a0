// Everything the control plane knows while it runs, and the carrying out of what its core decides.
// Lives in the app's one thread; nothing here locks or waits.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "controlplane/app/config_source.h"
#include "controlplane/app/radius_services.h"
#include "controlplane/auth/authenticator.h"
#include "controlplane/config/control_config.h"
#include "controlplane/edge/kernel_entropy.h"
#include "controlplane/edge/poller.h"
#include "controlplane/rpc/backend.h"
#include "controlplane/session/control_core.h"
#include "controlplane/session/settings_rollout.h"

namespace sstpgw::cp {

struct AppOptions {
  std::string version;
  std::string config_file;
  std::optional<LogLevel> log_level;  // stands above the configuration's
  std::int64_t started_unix_seconds = 0;
  // What must survive a restart of this daemon: accounting records, and the sessions they are of.
  std::string state_directory = "/var/lib/sstp-gateway";
};

class ControlState {
 public:
  // `file` holds a configuration. The poller must outlive this; `post` runs a task in the app's
  // thread, from any thread.
  ControlState(AppOptions options, LoadedFile file, Poller& poller, AccountingDesk::Post post);
  // In the app's thread, before anything else. An error: this configuration cannot be served here.
  [[nodiscard]] Result<void> Start();
  // In the app's thread, at last: what servers are to be told of the end; `done` once.
  void Conclude(std::function<void()> done) { radius_.Conclude(std::move(done)); }
  // When the app's thread has ended.
  void Stop() { radius_.Stop(kStorePatience); }

  // ---- Gateways
  void Open(const std::shared_ptr<LinkStream>& stream, Hello hello);
  void Receive(const std::shared_ptr<LinkStream>& stream, FromGatewayMessage message);
  void Close(const std::shared_ptr<LinkStream>& stream);
  void Ask(AskId ask, AuthorizeCall call, LinkBackend::AuthorizeDone done);
  void CancelAsk(AskId ask);
  void Tick();
  [[nodiscard]] std::optional<TimePoint> NextDeadline() const;

  // ---- Operators
  [[nodiscard]] const ControlCore& core() const { return core_; }
  [[nodiscard]] const RadiusServices& radius() const { return radius_; }
  [[nodiscard]] const ControlConfig& config() const { return config_; }
  [[nodiscard]] const std::string& masked_yaml() const { return masked_yaml_; }
  [[nodiscard]] const AppOptions& options() const { return options_; }
  [[nodiscard]] Generation generation() const { return rollout_.generation(); }
  // Takes over a new configuration if all gateways take their part of it; otherwise everything
  // stays as it is, in every gateway. One at a time. `done` is called once, here or later.
  using ApplyDone = std::function<void(const SettingsRollout::Verdict&, bool settings_changed)>;
  void Apply(LoadedFile file, ApplyDone done);
  [[nodiscard]] bool applying() const { return trial_.has_value(); }
  void ChangeLogLevel(LogLevel level);
  std::uint32_t Terminate(const SessionFilter& filter, Termination termination);
  std::uint32_t Drain(const std::string& gateway, bool enabled);
  // `done` is called once, here or later.
  using RatesDone = std::function<void(const PolicyOutcome&)>;
  void OrderRates(const RateOrder& order, RatesDone done);
  // A RADIUS server's, for one session. `done` likewise.
  void OrderPolicy(const SessionKey& session, PolicyChange change, RatesDone done);
  void Watch(const std::shared_ptr<SessionWatcher>& watcher) { watchers_.push_back(watcher); }
  [[nodiscard]] SessionView View(const SessionEntry& entry) const;
  [[nodiscard]] std::uint64_t rejected_messages() const { return stray_messages_; }

 private:
  static constexpr Duration kStorePatience = std::chrono::seconds(5);

  void Step(Event event);
  void Execute(ActionList actions);
  void Judge(const JudgeCredentials& judge);
  void GiveAnswer(Answer& answer);
  void ConcludeOrder(const ConcludeChange& change);
  void AcknowledgeReports();
  void Tell(const Announce& announce);
  void Configure();
  // A configuration that the gateways are trying.
  struct Trial {
    LoadedFile file;
    bool settings_changed = false;
    ApplyDone done;
  };
  [[nodiscard]] GatewaySettings& WantedSettings();
  void SendSettings(const SettingsRollout::Targets& gateways);
  void EndTrialIfOver();

  AppOptions options_;
  ControlConfig config_;
  std::string masked_yaml_;
  SettingsRollout rollout_;
  std::optional<Trial> trial_;
  ControlCore core_;
  std::unique_ptr<Authenticator> local_users_;
  Authenticator* authenticator_ = nullptr;  // one of the backends
  KernelEntropy entropy_;
  std::vector<Acknowledge> to_acknowledge_;  // when accounting has seen the reports as well
  std::map<std::string, std::shared_ptr<LinkStream>> streams_;     // by gateway
  std::unordered_map<const LinkStream*, std::string> gateway_of_;  // only current streams
  std::map<AskId, LinkBackend::AuthorizeDone> asks_;
  std::map<ChangeId, RatesDone> rate_orders_;
  std::uint64_t last_rate_order_ = 0;
  std::vector<std::weak_ptr<SessionWatcher>> watchers_;
  std::uint64_t stray_messages_ = 0;
  RadiusServices radius_;  // last: its doors lead to everything above
};

}  // namespace sstpgw::cp
