#include "controlplane/app/radius_services.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "controlplane/app/accounting_values.h"
#include "controlplane/app/radius_identity.h"
#include "controlplane/edge/task_loop.h"
#include "controlplane/radius/settings_of.h"
#include "proto/base/log.h"

namespace sstpgw::cp {
namespace {

// The part of a configuration that is in use.
const RadiusConfig* InUse(const ControlConfig& config) {
  return config.auth_mode == AuthMode::kRadius && config.radius ? &*config.radius : nullptr;
}

RadiusIdentity IdentityOf(const RadiusConfig* config) {
  return config == nullptr ? RadiusIdentity() : RadiusIdentity(*config);
}

}  // namespace

RadiusServices::RadiusServices(Poller& poller, Entropy& entropy, AccountingDesk::Post post,
                               Doors doors)
    : doors_(std::move(doors)),
      link_(poller, entropy),
      authenticator_(link_),
      accounting_(link_, entropy, std::move(post),
                  {[this](const SessionKey& key) { doors_.step(AccountingOpened{key}); },
                   [this](const SessionKey& key, const std::string& reason) {
                     doors_.step(AccountingRefused{key, reason});
                   },
                   [this](const SessionKey& key) { doors_.step(SessionReleased{key}); },
                   [this](const SessionKey& key, TerminateCause cause, const std::string& reason) {
                     doors_.step(EndOrdered{key, cause, reason});
                   }}),
      dynamic_author_(poller,
                      {[this](const std::string& gateway) { return doors_.attached(gateway); },
                       [this](const SessionKey& key, const std::string& reason) {
                         doors_.step(EndOrdered{key, TerminateCause::kAdminReset, reason});
                       },
                       [this](const SessionKey& key, radius::SessionChange change,
                              DynamicAuthorDesk::Done done) {
                         Change(key, std::move(change), std::move(done));
                       }}) {}

Result<void> RadiusServices::Start(const std::string& state_directory,
                                   const ControlConfig& config) {
  if (auto started = accounting_.Start(state_directory, config.auth_mode); !started) {
    return started;
  }
  if (auto listening = Listen(config); !listening) return listening;
  Configure(config);
  return {};
}

Result<void> RadiusServices::Listen(const ControlConfig& config) {
  const RadiusConfig* const radius = InUse(config);
  const auto scheme = radius == nullptr ? std::nullopt : radius::RateSchemeOf(*radius);
  return dynamic_author_.Configure(radius,
                                   scheme ? radius::RateJudgeOf(*scheme) : radius::RateJudge());
}

Result<void> RadiusServices::Prepare(const ControlConfig& config) {
  if (InUse(config) != nullptr) {
    if (auto opened = accounting_.OpenStore(); !opened) return opened;
  }
  return Listen(config);
}

void RadiusServices::Configure(const ControlConfig& config) {
  const RadiusConfig* const radius = InUse(config);
  rates_ = radius == nullptr ? std::nullopt : radius::RateSchemeOf(*radius);
  // Where accounting is switched off it must know before its servers are gone: their requests end
  // unanswered then, which would end the sessions that wait for them.
  const auto account = [&] {
    if (auto done = accounting_.Configure(radius, config.auth_mode, IdentityOf(radius)); !done) {
      Log(LogLevel::kError, done.error().message);
    }
  };
  const bool off = !AccountingSettingsOf(radius, config.auth_mode).enabled;
  if (off) account();
  link_.Configure(radius == nullptr ? radius::ClientSettings{} : radius::ClientSettingsOf(*radius));
  if (radius != nullptr) {
    authenticator_.Configure(*radius);
    for (const std::string& warning : ForeignSources(*radius)) Log(LogLevel::kWarning, warning);
  }
  if (!off) account();
  if (auto done = Listen(config); !done) Log(LogLevel::kError, done.error().message);
}

void RadiusServices::Changed(const SessionUpdate& update) {
  if (update.kind == ChangeKind::kRemoved) {
    authenticator_.Forget(update.entry.key.session);
    dynamic_author_.SessionGone(update.entry.key);
    return;
  }
  if (update.entry.record.policy.generation.value() > 0) {
    authenticator_.LetIn(update.entry.key.session);
  }
  DynamicAuthorDesk::Facts facts;
  if (const accounting::KeptSession* kept = accounting_.Find(update.entry.key)) {
    if (kept->now.user_name != update.entry.record.user) {
      facts.accounting_user = kept->now.user_name;
    }
    facts.nas_port = kept->now.port;
  }
  dynamic_author_.SessionChanged(update.entry, facts);
  if (update.entry.record.state == SessionState::kFinishing) {
    dynamic_author_.SessionEnding(update.entry.key);
  }
}

void RadiusServices::Tick() {
  link_.Tick();
  authenticator_.Tick(TaskLoop::Now());
  accounting_.Tick();
  dynamic_author_.Tick();
}

std::optional<TimePoint> RadiusServices::NextDeadline() const {
  std::optional<TimePoint> next;
  for (const auto& one :
       {link_.NextDeadline(), accounting_.NextDeadline(), dynamic_author_.NextDeadline()}) {
    if (one && (!next || *one < *next)) next = one;
  }
  return next;
}

void RadiusServices::Stop(Duration patience) {
  if (!accounting_.Stop(patience)) {
    Log(LogLevel::kError, "accounting: not all could be written before the end");
  }
}

// All of it or nothing: what can be wrong with what accounting keeps is looked at before the
// gateway is asked.
void RadiusServices::Change(const SessionKey& key, radius::SessionChange change,
                            DynamicAuthorDesk::Done done) {
  if (auto fits = AccountingDesk::CheckClasses(change.classes); !fits) {
    done(AnswerOf(fits.error()));
    return;
  }
  const bool kept = !change.classes.empty() || change.interim_interval || change.session_timeout;
  if (auto keeps = accounting_.CheckKeeps(); kept && !keeps) {
    done(AnswerOf(keeps.error()));
    return;
  }
  PolicyChange policy;
  policy.session_timeout = change.session_timeout;
  policy.idle_timeout = change.idle_timeout;
  policy.vrf = change.vrf;
  if (!change.rate_limits.empty() && rates_) {
    auto rates = radius::ReadChangedRates(change.rate_limits, *rates_);
    if (!rates) {
      done(AnswerOf(rates.error()));
      return;
    }
    policy.rates = std::move(*rates);
  }
  accounting::PolicyChanged accounted;
  accounted.interim_interval = change.interim_interval;
  accounted.session_timeout = change.session_timeout;
  if (!change.classes.empty()) accounted.classes = std::move(change.classes);
  doors_.order(
      key, std::move(policy),
      [this, key, kept, with_vrf = change.vrf.has_value(), accounted = std::move(accounted),
       done = std::move(done)](const PolicyOutcome& outcome) {
        if (outcome.changed != 1 || !kept) {
          done(AnswerOf(outcome, with_vrf));
          return;
        }
        // A session without accounting has nothing there to be changed.
        const auto changed = accounting_.Change(key, accounted);
        if (!changed && changed.error().code != ErrorCode::kNotFound) {
          Log(LogLevel::kError, changed.error().message);
        }
        // A server that was told "done" does not say it again to our next life.
        accounting_.WhenKept([done, outcome, with_vrf] { done(AnswerOf(outcome, with_vrf)); });
      });
}

}  // namespace sstpgw::cp
