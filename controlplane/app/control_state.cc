#include "controlplane/app/control_state.h"

#include <algorithm>
#include <utility>

#include "controlplane/auth/local_users.h"
#include "controlplane/edge/local_clock.h"
#include "controlplane/edge/task_loop.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/contract/convert.h"
#include "proto/contract/wipe.h"

namespace sstpgw::cp {
namespace {

// Whether two settings say the same, their numbers aside.
bool SameSettings(const GatewaySettings& a, const GatewaySettings& b) {
  const auto without_key = [](const GatewaySettings& settings) {
    auto message = contract::ToProto(settings);
    contract::WipeSecrets(&message);
    message.set_generation(0);
    return message.SerializeAsString();
  };
  return ConstantTimeEqual(a.tls.private_key_pem.Reveal(), b.tls.private_key_pem.Reveal()) &&
         without_key(a) == without_key(b);
}

}  // namespace

ControlState::ControlState(AppOptions options, LoadedFile file, Poller& poller,
                           AccountingDesk::Post post)
    : options_(std::move(options)),
      config_(std::move(*file.result.config)),
      masked_yaml_(std::move(file.masked_yaml)),
      radius_(
          poller, entropy_, std::move(post),
          {[this](Event event) { Step(std::move(event)); },
           [this](const std::string& gateway) { return core_.registry().IsAttached(gateway); },
           [this](const SessionKey& session, PolicyChange change, RadiusServices::OrderDone done) {
             OrderPolicy(session, std::move(change), std::move(done));
           }}) {
  Configure();
}

Result<void> ControlState::Start() {
  auto started = radius_.Start(options_.state_directory, config_);
  Configure();
  return started;
}

void ControlState::Configure() {
  if (options_.log_level) config_.gateway.log_level = *options_.log_level;
  SetLogLevel(config_.gateway.log_level);
  const bool local = config_.auth_mode == AuthMode::kLocal;
  local_users_ = std::make_unique<LocalUsers>(config_.local_users);
  authenticator_ = local ? local_users_.get() : &radius_.authenticator();
  AuthorizerSettings settings;
  settings.default_pool = config_.default_pool;
  settings.gateway_address = config_.gateway_address;
  settings.dns = config_.dns;
  settings.wins = config_.wins;
  settings.single_session = config_.single_session;
  settings.accounting = radius_.accounts();
  for (const auto& [name, user] : config_.local_users) {
    if (local && user.static_ip) settings.fixed_addresses.push_back(*user.static_ip);
  }
  const PppSettings& ppp = config_.gateway.ppp;
  settings.ipv6 = ppp.ipv6 != NcpPreference::kDeny;
  settings.default_ipv6_pool = config_.default_ipv6_pool;
  settings.ipv6_dns = config_.ipv6_dns;
  core_.Configure(config_.pools, std::move(settings));
  const bool one_id = ppp.interface_id.kind == InterfaceIdChoice::Kind::kFixed;
  core_.ConfigureIpv6(config_.ipv6_pools,
                      one_id ? std::optional(ppp.interface_id.fixed) : std::nullopt);
  RateSettings rates{config_.default_rates, {}, config_.time_ranges};
  for (const auto& [name, user] : config_.local_users) {
    if (local && !user.rates.empty()) rates.users.emplace(name, user.rates);
  }
  rates.adopt_carried = !local;
  Step(RatesConfigured{std::move(rates), LocalTimeOfDay()});
}

// ---- Settings of the gateways

GatewaySettings& ControlState::WantedSettings() {
  GatewaySettings& settings = trial_ ? trial_->file.result.config->gateway : config_.gateway;
  settings.generation = rollout_.generation();
  return settings;
}

void ControlState::SendSettings(const SettingsRollout::Targets& gateways) {
  const GatewaySettings& settings = WantedSettings();
  for (const std::string& gateway : gateways) {
    const auto stream = streams_.find(gateway);
    if (stream != streams_.end()) stream->second->SendSettings(settings);
  }
}

void ControlState::Apply(LoadedFile file, ApplyDone done) {
  if (auto prepared = radius_.Prepare(*file.result.config); !prepared) {
    SettingsRollout::Verdict refused;
    refused.reason = prepared.error().message;
    done(refused, /*settings_changed=*/false);
    return;
  }
  GatewaySettings& fresh = file.result.config->gateway;
  if (options_.log_level) fresh.log_level = *options_.log_level;
  const bool changed = !SameSettings(fresh, config_.gateway);
  trial_ = Trial{std::move(file), changed, std::move(done)};
  SendSettings(rollout_.StartTrial(/*repeat=*/!changed, TaskLoop::Now()));
  EndTrialIfOver();
}

void ControlState::EndTrialIfOver() {
  if (!trial_) return;
  const auto verdict = rollout_.TakeVerdict(TaskLoop::Now());
  if (!verdict) return;
  Trial trial = std::move(*trial_);
  trial_.reset();
  // What a gateway refuses although it is not new is no reason to refuse the rest.
  if (verdict->accepted || !trial.settings_changed) {
    config_ = std::move(*trial.file.result.config);
    masked_yaml_ = std::move(trial.file.masked_yaml);
    radius_.Configure(config_);
    Configure();
  } else {
    radius_.Configure(config_);
    SendSettings(rollout_.Advance());
  }
  trial.done(*verdict, trial.settings_changed);
}

void ControlState::ChangeLogLevel(LogLevel level) {
  SetLogLevel(level);
  const bool changed = WantedSettings().log_level != level;
  config_.gateway.log_level = level;
  WantedSettings().log_level = level;
  if (changed) SendSettings(rollout_.Advance());
}

// ---- Gateways

void ControlState::Open(const std::shared_ptr<LinkStream>& stream, Hello hello) {
  const std::string gateway = hello.gateway_id;
  std::shared_ptr<LinkStream>& current = streams_[gateway];
  if (current != nullptr) {
    gateway_of_.erase(current.get());
    current->Close(Error{ErrorCode::kAlreadyExists,
                         "replaced by a newer stream of gateway '" + Escape(gateway) + "'"});
    Log(LogLevel::kWarning, "gateway " + Escape(gateway) + " attached a second time");
  }
  current = stream;
  gateway_of_[stream.get()] = gateway;
  Log(LogLevel::kInfo, "gateway " + Escape(gateway) + " attached, version " +
                           Escape(hello.version) + ", " + std::to_string(hello.sessions.size()) +
                           " sessions");
  SendSettings(rollout_.Attach(gateway, hello.boot_id, hello.applied_generation));
  Step(GatewayAttached{hello});
  radius_.Attached(hello);
  stream->Resume();
}

void ControlState::Receive(const std::shared_ptr<LinkStream>& stream, FromGatewayMessage message) {
  const auto gateway = gateway_of_.find(stream.get());
  if (gateway == gateway_of_.end()) {
    ++stray_messages_;  // of a stream that has been replaced
    return;
  }
  const std::string name = gateway->second;
  if (auto* reports = std::get_if<ReportBatch>(&message)) {
    Step(ReportsArrived{name, *reports});
    radius_.Reported(name, *reports);
    AcknowledgeReports();
  } else if (auto* counters = std::get_if<CountersBatch>(&message)) {
    Step(CountersArrived{name, *counters});
    radius_.Counted(name, *counters);
  } else if (auto* applied = std::get_if<Applied>(&message)) {
    if (applied->session.empty()) rollout_.Applied(name, applied->generation);
    Step(SettingsApplied{name, std::move(*applied)});
  } else if (auto* refused = std::get_if<Refused>(&message)) {
    if (refused->session.empty()) {
      rollout_.Refused(name, refused->generation, refused->reason, TaskLoop::Now());
    }
    Step(SettingsRefused{name, std::move(*refused)});
  }
  EndTrialIfOver();
  stream->Resume();
}

void ControlState::Close(const std::shared_ptr<LinkStream>& stream) {
  const auto gateway = gateway_of_.find(stream.get());
  if (gateway == gateway_of_.end()) return;
  const std::string name = gateway->second;
  gateway_of_.erase(gateway);
  streams_.erase(name);
  Log(LogLevel::kWarning, "gateway " + Escape(name) + " is not attached any more");
  rollout_.Detach(name);
  Step(GatewayDetached{name});
  radius_.Detached(name);
  EndTrialIfOver();
}

void ControlState::Ask(AskId ask, AuthorizeCall call, LinkBackend::AuthorizeDone done) {
  asks_.emplace(ask, std::move(done));
  Step(AuthorizeAsked{ask, std::move(call)});
}

void ControlState::CancelAsk(AskId ask) {
  if (asks_.erase(ask) == 1) Step(AskCancelled{ask});
}

void ControlState::Tick() {
  SendSettings(rollout_.Tick(TaskLoop::Now()));
  EndTrialIfOver();
  Step(TimePassed{LocalTimeOfDay()});
  radius_.Tick();
}

std::optional<TimePoint> ControlState::NextDeadline() const {
  std::optional<TimePoint> next;
  for (const auto& one : {core_.NextDeadline(), rollout_.NextDeadline(), radius_.NextDeadline()}) {
    if (one && (!next || *one < *next)) next = one;
  }
  return next;
}

void ControlState::Step(Event event) { Execute(core_.Step(std::move(event), TaskLoop::Now())); }

void ControlState::Execute(ActionList actions) {
  for (Action& action : actions) {
    if (const auto* judge = std::get_if<JudgeCredentials>(&action)) {
      Judge(*judge);
    } else if (auto* answer = std::get_if<Answer>(&action)) {
      GiveAnswer(*answer);
    } else if (const auto* login = std::get_if<OpenAccounting>(&action)) {
      radius_.Open(*login);
    } else if (auto* reports = std::get_if<Acknowledge>(&action)) {
      to_acknowledge_.push_back(std::move(*reports));
    } else if (const auto* send = std::get_if<Send>(&action)) {
      const auto stream = streams_.find(send->gateway);
      if (stream != streams_.end()) stream->second->Send(send->message);
    } else if (const auto* change = std::get_if<ConcludeChange>(&action)) {
      ConcludeOrder(*change);
    } else if (const auto* announce = std::get_if<Announce>(&action)) {
      Tell(*announce);
    } else if (const auto* line = std::get_if<WriteLog>(&action)) {
      Log(line->level, line->text);
    }
  }
}

void ControlState::Judge(const JudgeCredentials& judge) {
  authenticator_->Authenticate(judge.question,
                               [this, attempt = judge.attempt](AuthOutcome outcome) {
                                 Step(CredentialsJudged{attempt, std::move(outcome)});
                               });
}

void ControlState::GiveAnswer(Answer& answer) {
  const auto ask = asks_.find(answer.ask);
  if (ask == asks_.end()) return;
  const LinkBackend::AuthorizeDone done = std::move(ask->second);
  asks_.erase(ask);
  done(std::move(answer.verdict));
}

void ControlState::OrderRates(const RateOrder& order, RatesDone done) {
  const ChangeId id(++last_rate_order_);
  rate_orders_.emplace(id, std::move(done));
  Step(RatesOrdered{id, order});
}

void ControlState::ConcludeOrder(const ConcludeChange& change) {
  const auto order = rate_orders_.find(change.id);
  if (order == rate_orders_.end()) return;
  const RatesDone done = std::move(order->second);
  rate_orders_.erase(order);
  done(change.outcome);
}

void ControlState::OrderPolicy(const SessionKey& session, PolicyChange change, RatesDone done) {
  const ChangeId id(++last_rate_order_);
  rate_orders_.emplace(id, std::move(done));
  Step(PolicyOrdered{id, session, std::move(change)});
}

// A gateway keeps its reports until they are acknowledged, and says them again to whoever comes
// after this process; so nothing of them may be lost with it.
void ControlState::AcknowledgeReports() {
  for (Acknowledge& reports : std::exchange(to_acknowledge_, {})) {
    radius_.WhenDurable(reports.gateway, [this, reports] {
      const auto stream = streams_.find(reports.gateway);
      if (stream != streams_.end()) stream->second->Send(ReportAck{reports.sequence});
    });
  }
}

SessionView ControlState::View(const SessionEntry& entry) const {
  const RateStanding rates = core_.rates().Of(entry);
  SessionView view{entry, core_.registry().IsAttached(entry.key.gateway), rates.wanted,
                   core_.registry().Achieved(entry)};
  view.entry.record.policy.rate_limit = rates.carried;
  view.entry.record.uptime_seconds = UptimeAt(entry, TaskLoop::Now());
  return view;
}

void ControlState::Tell(const Announce& announce) {
  radius_.Changed(announce.update);
  std::erase_if(watchers_, [&](const std::weak_ptr<SessionWatcher>& weak) {
    const std::shared_ptr<SessionWatcher> watcher = weak.lock();
    if (watcher == nullptr) return true;
    watcher->Changed(announce.update, View(announce.update.entry));
    return false;
  });
}

std::uint32_t ControlState::Terminate(const SessionFilter& filter, Termination termination) {
  ActionList actions;
  const std::uint32_t count = core_.Terminate(filter, termination, actions);
  Execute(std::move(actions));
  return count;
}

std::uint32_t ControlState::Drain(const std::string& gateway, bool enabled) {
  ActionList actions;
  const std::uint32_t told = core_.Drain(gateway, enabled, actions);
  Execute(std::move(actions));
  return told;
}

}  // namespace sstpgw::cp
