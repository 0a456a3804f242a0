// Everything of the app that speaks RADIUS, as one: the client's link, logins, accounting with its
// store, dynamic authorization. ControlState tells it what happens and gives it its doors.
//
// Threads: everything in the app's thread, which sleeps in the poller.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/app/accounting_desk.h"
#include "controlplane/app/dynamic_author_desk.h"
#include "controlplane/app/radius_authenticator.h"
#include "controlplane/app/radius_link.h"
#include "controlplane/config/control_config.h"
#include "controlplane/edge/poller.h"
#include "controlplane/radius/rates.h"
#include "controlplane/session/control_core.h"
#include "proto/base/entropy.h"
#include "proto/base/result.h"

namespace sstpgw::cp {

class RadiusServices {
 public:
  using OrderDone = std::function<void(const PolicyOutcome&)>;
  // What they want of the core; called in the app's thread.
  struct Doors {
    std::function<void(Event)> step;
    std::function<bool(const std::string& gateway)> attached;
    // `done` is called once, also before this returns.
    std::function<void(const SessionKey&, PolicyChange, OrderDone done)> order;
  };

  // `poller` and `entropy` must outlive this; `post` as in AccountingDesk.
  RadiusServices(Poller& poller, Entropy& entropy, AccountingDesk::Post post, Doors doors);
  RadiusServices(const RadiusServices&) = delete;
  RadiusServices& operator=(const RadiusServices&) = delete;

  // ---- Settings
  // Once, before anything else. An error names what is missing, why, and what to do.
  [[nodiscard]] Result<void> Start(const std::string& state_directory, const ControlConfig& config);
  // What may fail of a new configuration; on an error nothing has changed.
  [[nodiscard]] Result<void> Prepare(const ControlConfig& config);
  // The configuration that holds now: after Prepare, or the former one if the new one was refused.
  void Configure(const ControlConfig& config);
  [[nodiscard]] bool accounts() const { return accounting_.enabled(); }

  // ---- Logins
  [[nodiscard]] Authenticator& authenticator() { return authenticator_; }
  void Open(const OpenAccounting& login) { accounting_.Open(login); }

  // ---- What gateways say, each after the core has taken it in
  void Attached(const Hello& hello) { accounting_.Attached(hello); }
  void Detached(const std::string& gateway) { accounting_.Detached(gateway); }
  void Reported(const std::string& gateway, const ReportBatch& batch) {
    accounting_.Reported(gateway, batch);
  }
  void Counted(const std::string& gateway, const CountersBatch& batch) {
    accounting_.Counted(gateway, batch);
  }
  void Changed(const SessionUpdate& update);
  // As AccountingDesk::WhenDurable.
  void WhenDurable(const std::string& gateway, std::function<void()> then) {
    accounting_.WhenDurable(gateway, std::move(then));
  }

  // ---- Time
  void Tick();
  [[nodiscard]] std::optional<TimePoint> NextDeadline() const;

  // ---- Shutdown
  // While the loop runs; as AccountingDesk::Conclude.
  void Conclude(std::function<void()> done) { accounting_.Conclude(std::move(done)); }
  // After the loop has ended.
  void Stop(Duration patience);

  // ---- Views
  [[nodiscard]] radius::ClientView Clients() const { return link_.View(); }
  [[nodiscard]] const AccountingDesk& accounting() const { return accounting_; }
  [[nodiscard]] const DynamicAuthorDesk& dynamic_author() const { return dynamic_author_; }

 private:
  void Change(const SessionKey& key, radius::SessionChange change, DynamicAuthorDesk::Done done);
  [[nodiscard]] Result<void> Listen(const ControlConfig& config);

  Doors doors_;
  std::optional<radius::RateScheme> rates_;
  RadiusLink link_;
  RadiusAuthenticator authenticator_;
  AccountingDesk accounting_;
  DynamicAuthorDesk dynamic_author_;
};

}  // namespace sstpgw::cp
