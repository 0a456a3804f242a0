// What the gRPC services ask of the app. The services convert and pass on; every decision is made
// behind these interfaces.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controlplane/config/config_diff.h"
#include "controlplane/config/issue.h"
#include "controlplane/edge/process_facts.h"
#include "controlplane/pool/address_pool.h"
#include "controlplane/pool/prefix_pool.h"
#include "controlplane/rpc/radius_view.h"
#include "controlplane/session/actions.h"
#include "controlplane/session/rate_keeper.h"
#include "controlplane/session/registry.h"
#include "proto/base/link.h"
#include "proto/base/result.h"

namespace sstpgw::cp {

// ---- Gateways
// ------------------------------------------------------------------------------------

// One Attach stream, seen from the app. Any thread; nothing blocks.
class LinkStream {
 public:
  virtual ~LinkStream() = default;
  // Queued; a gateway that does not read until the queue is full loses its stream.
  virtual void Send(const ToGatewayMessage& message) = 0;
  virtual void SendSettings(const GatewaySettings& settings) = 0;
  // The message given last has been dealt with: read the next one.
  virtual void Resume() = 0;
  // Ends the stream with this status. Later calls of anything do nothing.
  virtual void Close(const Error& reason) = 0;
};

// Any thread; nothing blocks.
class LinkBackend {
 public:
  using AuthorizeDone = std::function<void(Result<AuthorizeVerdict>)>;
  virtual ~LinkBackend() = default;
  // `done` is called at most once, from any thread; not after CancelAuthorize has taken effect.
  virtual AskId Authorize(AuthorizeCall call, AuthorizeDone done) = 0;
  virtual void CancelAuthorize(AskId ask) = 0;
  // The stream's first message. Each message ends with one LinkStream::Resume.
  virtual void Opened(std::shared_ptr<LinkStream> stream, Hello hello) = 0;
  virtual void Received(std::shared_ptr<LinkStream> stream, FromGatewayMessage message) = 0;
  // Once, after Opened.
  virtual void Closed(std::shared_ptr<LinkStream> stream) = 0;
};

// ---- Operators
// -----------------------------------------------------------------------------------

struct SessionView {
  SessionEntry entry;  // uptime carried on to now, rate limit as its gateway keeps it
  bool gateway_attached = false;
  RateChoice wanted_rate{};
  std::optional<AchievedRates> achieved{};
};

// Told of changes in the app's thread; must not block.
class SessionWatcher {
 public:
  virtual ~SessionWatcher() = default;
  virtual void Present(const std::vector<SessionView>& sessions) = 0;
  virtual void Changed(const SessionUpdate& update, const SessionView& view) = 0;
};

struct StatisticsView {
  ProcessFacts process;
  GatewayStatistics gateways;  // summed
  SessionTotals sessions;
  std::map<std::string, std::uint64_t> counters;
  std::uint32_t gateways_attached = 0;
  std::vector<radius::ServerView> radius_servers;  // none in mode local
};

struct GatewayView {
  GatewayEntry entry;  // without the names of its sessions
  bool draining = false;
  std::uint32_t sessions = 0;
  Generation desired;
  std::int64_t state_seconds = 0;
};

struct ReloadError {
  Error error;
  std::vector<Issue> issues;  // empty: the file could not be read
};
struct ReloadDone {
  Generation generation;
  bool settings_changed = false;
  std::vector<Issue> warnings;
};

struct ConfigView {
  std::string yaml;
  std::string file_name;
  Generation generation;
};
struct VersionView {
  std::string version;
  std::string config_file;
  std::int64_t started_unix_seconds = 0;
};

// Usable only inside OperatorBackend::Run.
class OperatorApi {
 public:
  virtual ~OperatorApi() = default;
  [[nodiscard]] virtual std::vector<SessionView> Sessions(const SessionFilter& filter) = 0;
  // `watcher` is told until it is destroyed.
  virtual void Watch(const std::shared_ptr<SessionWatcher>& watcher) = 0;
  [[nodiscard]] virtual StatisticsView Statistics() = 0;
  [[nodiscard]] virtual RadiusView Radius() = 0;
  [[nodiscard]] virtual std::uint32_t Terminate(const SessionFilter& filter,
                                                Termination termination) = 0;
  // `done` is called once, in the app's thread, here or within PolicyTickets::kPatience.
  virtual void OrderRates(const RateOrder& order,
                          std::function<void(const PolicyOutcome&)> done) = 0;
  [[nodiscard]] virtual std::vector<PoolUsage> Pools() = 0;
  [[nodiscard]] virtual std::string DefaultPool() = 0;
  [[nodiscard]] virtual std::vector<PrefixUsage> Ipv6Pools() = 0;
  [[nodiscard]] virtual std::string DefaultIpv6Pool() = 0;
  [[nodiscard]] virtual std::vector<GatewayView> Gateways() = 0;
  // kNotFound: no gateway of this name has ever attached.
  [[nodiscard]] virtual Result<std::uint32_t> Drain(const std::string& gateway, bool enabled) = 0;
  virtual void ChangeLogLevel(LogLevel level) = 0;
  [[nodiscard]] virtual ConfigView Config() = 0;
  // Reads the configuration file again and has the gateways take their part of it. `done` is called
  // once, in the app's thread, here or within seconds. After an error nothing has changed.
  using ReloadResult = Result<ReloadDone, ReloadError>;
  virtual void Reload(std::function<void(ReloadResult)> done) = 0;
  [[nodiscard]] virtual VersionView Version() = 0;
};

class OperatorBackend {
 public:
  virtual ~OperatorBackend() = default;
  // Has `what` done in the app's thread, soon. Any thread; does not wait.
  virtual void Run(std::function<void(OperatorApi&)> what) = 0;
  // Everything wrong or odd with a text; errors first. Any thread; reads the files it names.
  struct Validation {
    std::vector<Issue> errors;
    std::vector<Issue> warnings;
  };
  [[nodiscard]] virtual Validation Validate(const std::string& yaml,
                                            const std::string& file_name) = 0;
  // How the running configuration differs from a text, or for want of one from the file it came
  // from. Any thread; reads files. `done` is called once, here or in the app's thread; an error
  // says that the file could not be read.
  struct Comparison {
    std::string file_name;
    Validation validation;  // with errors, nothing was compared
    std::vector<ConfigDifference> differences;
  };
  using Compared = std::function<void(const Result<Comparison>&)>;
  virtual void Compare(const std::optional<std::string>& yaml, const std::string& file_name,
                       Compared done) = 0;
};

}  // namespace sstpgw::cp
