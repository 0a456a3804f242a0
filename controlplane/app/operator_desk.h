// The operator API's answers, taken from the app's state. In the app's thread.
#pragma once

#include "controlplane/app/control_state.h"
#include "controlplane/edge/process_facts.h"
#include "controlplane/rpc/backend.h"

namespace sstpgw::cp {

class OperatorDesk final : public OperatorApi {
 public:
  // `state` must outlive this.
  explicit OperatorDesk(ControlState& state) : state_(state) {}

  std::vector<SessionView> Sessions(const SessionFilter& filter) override;
  void Watch(const std::shared_ptr<SessionWatcher>& watcher) override;
  StatisticsView Statistics() override;
  RadiusView Radius() override;
  std::uint32_t Terminate(const SessionFilter& filter, Termination termination) override;
  void OrderRates(const RateOrder& order, std::function<void(const PolicyOutcome&)> done) override {
    state_.OrderRates(order, std::move(done));
  }
  std::vector<PoolUsage> Pools() override;
  std::string DefaultPool() override;
  std::vector<PrefixUsage> Ipv6Pools() override;
  std::string DefaultIpv6Pool() override;
  std::vector<GatewayView> Gateways() override;
  Result<std::uint32_t> Drain(const std::string& gateway, bool enabled) override;
  void ChangeLogLevel(LogLevel level) override;
  ConfigView Config() override;
  void Reload(std::function<void(ReloadResult)> done) override;
  VersionView Version() override;

 private:
  [[nodiscard]] ReloadResult Conclude(ReloadDone report, const SettingsRollout::Verdict& verdict,
                                      bool settings_changed) const;

  ControlState& state_;
  ProcessMeter meter_;
};

}  // namespace sstpgw::cp
