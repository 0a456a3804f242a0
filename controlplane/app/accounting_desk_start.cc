// The part of AccountingDesk that is about its beginning, its settings and its end.
#include <algorithm>
#include <utility>

#include "controlplane/app/accounting_desk.h"
#include "controlplane/app/accounting_values.h"
#include "controlplane/edge/local_clock.h"
#include "proto/base/log.h"
#include "proto/base/text.h"

namespace sstpgw::cp {
namespace {

const char* RemedyFor(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnavailable:
      return "end the other control plane, or give each a --state-directory of its own";
    case ErrorCode::kPermissionDenied:
      return "let the daemon's user write there, or name another folder with --state-directory";
    case ErrorCode::kResourceExhausted:
      return "make room on that disk, or name another folder with --state-directory";
    case ErrorCode::kUnsupported:
      return "start the newer version again, or name another folder with --state-directory; "
             "accounting records that wait in the file are not sent then";
    default:
      return "move it away, or name another folder with --state-directory";
  }
}

Error WithRemedy(const Error& error) {
  return {error.code,
          "accounting needs its store: " + error.message + "; " + RemedyFor(error.code)};
}

store::SqliteOptions StoreAt(const std::string& directory) {
  store::SqliteOptions options;
  options.directory = directory;
  return options;
}

}  // namespace

Result<void> AccountingDesk::Start(const std::string& state_directory, AuthMode mode) {
  directory_ = state_directory;
  if (mode == AuthMode::kRadius) return OpenStore();
  if (!store::SqliteStore::Exists(StoreAt(directory_))) return {};
  // Of a time when sessions were accounted: their Stop is still to be made, or sent.
  if (const Result<void> opened = OpenStore(); !opened) {
    Log(LogLevel::kError, opened.error().message);
  }
  return {};
}

Result<void> AccountingDesk::OpenStore() {
  if (accounting_ != nullptr) return {};
  Result<store::SqliteStore::Opened> opened =
      store::SqliteStore::Open(StoreAt(directory_), UnixSeconds());
  if (!opened) return Fail(WithRemedy(opened.error()));
  return Adopt(std::move(*opened));
}

Result<void> AccountingDesk::Adopt(store::SqliteStore::Opened opened) {
  auto fresh = std::make_unique<accounting::Accounting>(settings_, entropy_);
  const accounting::Moment moment = Now();
  accounting::ActionList actions;
  for (const store::Table table : store::kTables) {
    const auto restore = [&](const std::string& key, ByteView value) {
      fresh->Restore(table, key, value, moment, actions);
    };
    if (const Result<void> read = opened.store->ForEach(table, restore); !read) {
      return Fail(WithRemedy(read.error()));
    }
  }
  set_aside_ = !opened.set_aside.empty();
  if (set_aside_) {
    fresh->AdoptUnknown();
    Log(LogLevel::kError,
        "accounting: the store was damaged (" + Escape(opened.damage) + "). It is kept as " +
            Escape(opened.set_aside) +
            " and a new one is begun: accounting records that waited in it are not sent; sessions "
            "that go on are taken over, with the names their gateways know");
  }
  path_ = opened.store->path();
  accounting_ = std::move(fresh);
  accounting_->Begin(moment, actions);
  const auto in_loop = [this, post = post_, alive = std::weak_ptr<bool>(alive_)](auto call) {
    post([this, alive, call = std::move(call)] {
      if (!alive.expired()) Run(call);
    });
  };
  store::StoreThread::Listener listener;
  listener.committed = [in_loop](store::Ticket ticket) {
    in_loop(
        [ticket](auto& core, const auto& when, auto& out) { core.Committed(ticket, when, out); });
  };
  listener.stalled = [in_loop](const Error& error) {
    in_loop([reason = error.message](auto& core, const auto& when, auto& out) {
      core.Stalled(reason, when, out);
    });
  };
  store_ = std::make_unique<store::StoreThread>(std::move(opened.store), std::move(listener));
  Log(LogLevel::kInfo, "accounting: the store is " + Escape(path_) + "; it knows " +
                           std::to_string(accounting_->session_count()) + " sessions, and " +
                           std::to_string(accounting_->spool().size()) +
                           " records wait to be sent");
  Execute(std::move(actions));
  for (const auto& [gateway, hello] : std::exchange(hellos_, {})) {
    Run([&hello = hello](auto& core, const auto& when, auto& out) {
      core.Attached(hello, when, out);
    });
  }
  return {};
}

Result<void> AccountingDesk::Configure(const RadiusConfig* config, AuthMode mode,
                                       RadiusIdentity nas) {
  accounting::AccountingSettings settings = AccountingSettingsOf(config, mode);
  if (settings.enabled) SG_RETURN_IF_ERROR(OpenStore());
  settings_ = settings;
  nas_ = std::move(nas);
  acct_on_ = config != nullptr && config->acct_on;
  const std::vector<std::string> before = std::exchange(
      servers_, settings.enabled ? AccountingServersOf(*config) : std::vector<std::string>());
  if (accounting_ == nullptr) return {};
  Run([&](auto& core, const auto& when, auto& out) { core.SetSettings(settings_, when, out); });
  std::vector<std::string> fresh;
  for (const std::string& server : servers_) {
    if (std::find(before.begin(), before.end(), server) == before.end()) fresh.push_back(server);
  }
  // With a store that was made anew nobody knows whether sessions go on.
  if (!acct_on_ || set_aside_ || fresh.empty()) return {};
  Run([&](auto& core, const auto& when, auto& out) { core.ServiceStarted(fresh, when, out); });
  return {};
}

// ---- Shutdown

void AccountingDesk::Conclude(const std::function<void()>& done) {
  if (accounting_ == nullptr || !acct_on_ || set_aside_ || servers_.empty() || offs_ > 0) {
    done();
    return;
  }
  accounting::ActionList actions;
  const std::uint64_t before = accounting_->spool().counters().appended;
  accounting_->ServiceStopping(servers_, Now(), actions);
  offs_ = static_cast<std::size_t>(accounting_->spool().counters().appended - before);
  const bool nobody = offs_ == 0;
  if (!nobody) concluded_ = done;
  Execute(std::move(actions));
  if (nobody) done();
}

bool AccountingDesk::Stop(Duration patience) { return store_ == nullptr || store_->Stop(patience); }

}  // namespace sstpgw::cp
