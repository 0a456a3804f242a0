// sstp-controlplane: flags, configuration, the app and its servers, signals, exit code.
#include <signal.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>

#include "controlplane/app/config_source.h"
#include "controlplane/app/control_app.h"
#include "controlplane/app/servers.h"
#include "controlplane/config/issue.h"
#include "controlplane/rpc/protobuf_log.h"
#include "proto/base/log.h"

namespace sstpgw::cp {
namespace {

constexpr const char* kVersion = SG_VERSION;
constexpr int kExitBadConfig = 1;
constexpr int kExitCannotServe = 2;

constexpr const char* kFooter = R"(Signals:
  SIGHUP            read the configuration again; a broken one leaves the running one as it is
  SIGTERM, SIGINT   end; sessions stay with their gateways and come back with the next start

Exit codes:
  0  ended as told, or --check found no error
  1  the configuration is not valid; every error is printed, one per line
  2  a socket or the directory of the state cannot be used
  100 and more  wrong flags

Examples:
  sstp-controlplane --config /etc/sstpgw/sstp.yaml --check
  sstp-controlplane --config sstp.yaml --link unix:/run/sstpgw/link.sock --operator /run/sstpgw/operator.sock
)";

struct Flags {
  std::string config = "/etc/sstpgw/sstp.yaml";
  bool check = false;
  std::string link;
  std::string operator_path;
  std::string state_directory = AppOptions{}.state_directory;
  std::optional<int> log_level;
};

// "1 error", "2 errors".
std::string Counted(std::size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// True if there are no errors. Everything goes to standard error, one line each.
bool PrintIssues(const std::string& path, const LoadResult& result) {
  for (const Issue& error : result.errors) {
    std::fprintf(stderr, "error: %s\n", Render(path, error).c_str());
  }
  for (const Issue& warning : result.warnings) {
    std::fprintf(stderr, "warning: %s\n", Render(path, warning).c_str());
  }
  return result.errors.empty() && result.config.has_value();
}

std::optional<LoadedFile> Load(const std::string& path) {
  auto file = LoadConfigFile(path);
  if (!file) {
    std::fprintf(stderr, "error: cannot read the configuration: %s\n",
                 file.error().message.c_str());
    return std::nullopt;
  }
  if (!PrintIssues(path, file->result)) {
    std::fprintf(stderr, "%s: %s, %s\n", path.c_str(),
                 Counted(file->result.errors.size(), "error").c_str(),
                 Counted(file->result.warnings.size(), "warning").c_str());
    return std::nullopt;
  }
  return std::move(*file);
}

sigset_t HandledSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGHUP, SIGTERM, SIGINT}) sigaddset(&signals, signal);
  return signals;
}

// Nobody else hears what is odd about a configuration that was taken over by signal; what is wrong
// with one that was not has been logged by Reload.
void LogWarnings(const std::string& path, const OperatorApi::ReloadResult& result) {
  if (!result) return;
  for (const Issue& warning : result->warnings) {
    Log(LogLevel::kWarning, "configuration: " + Render(path, warning));
  }
}

// Until told to end. All threads have these signals blocked; this one fetches them.
void ServeSignals(const sigset_t& signals, const std::string& path, ControlApp& app) {
  for (;;) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (signal != SIGHUP) return;
    app.Run([path](OperatorApi& api) {
      api.Reload([path](const OperatorApi::ReloadResult& result) { LogWarnings(path, result); });
    });
  }
}

int Serve(const Flags& flags, LoadedFile file) {
  const sigset_t signals = HandledSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  AppOptions options;
  options.version = kVersion;
  options.config_file = flags.config;
  options.state_directory = flags.state_directory;
  if (flags.log_level) options.log_level = static_cast<LogLevel>(*flags.log_level);
  options.started_unix_seconds = std::chrono::duration_cast<std::chrono::seconds>(
                                     std::chrono::system_clock::now().time_since_epoch())
                                     .count();
  ServerAddresses addresses{file.result.config->link_listen, file.result.config->operator_socket};
  if (!flags.link.empty()) addresses.link = flags.link;
  if (!flags.operator_path.empty()) addresses.operator_path = flags.operator_path;

  StartLog("sstp-controlplane", options.log_level.value_or(file.result.config->gateway.log_level));
  LogLibraryMessages();
  ControlApp app(std::move(options), std::move(file));
  if (auto started = app.Start(); !started) {
    std::fprintf(stderr, "error: %s\n", started.error().message.c_str());
    return kExitCannotServe;
  }
  auto servers = Servers::Start(addresses, app);
  if (!servers) {
    std::fprintf(stderr, "error: %s\n", servers.error().message.c_str());
    return kExitCannotServe;
  }
  Log(LogLevel::kInfo, std::string("sstp-controlplane ") + kVersion + " serves gateways on " +
                           addresses.link + " and operators on " + addresses.operator_path);
  ServeSignals(signals, flags.config, app);
  Log(LogLevel::kInfo, "ending");
  (*servers)->Stop();
  app.Stop();
  return 0;
}

int Main(int argc, char** argv) {
  CLI::App cli{
      "The control plane of the SSTP gateway: users, address pools, sessions, the operator's API."};
  cli.set_version_flag("--version", std::string("sstp-controlplane ") + kVersion);
  cli.footer(kFooter);
  Flags flags;
  cli.add_option("--config", flags.config, "Configuration file (YAML)")
      ->type_name("FILE")
      ->capture_default_str();
  cli.add_flag("--check", flags.check,
               "Say everything that is wrong with the configuration and exit (1 on errors)");
  cli.add_option("--link", flags.link,
                 "Listen here for gateways instead of link.listen: unix:/path")
      ->type_name("ADDRESS");
  cli.add_option("--operator", flags.operator_path,
                 "Socket for sstpctl instead of cli.socket: /path")
      ->type_name("PATH");
  cli.add_option("--state-directory", flags.state_directory,
                 "What must survive a restart is kept here: accounting records that no server has "
                 "acknowledged yet; made when mode radius needs it")
      ->type_name("DIR")
      ->capture_default_str();
  cli.add_option("--log-level", flags.log_level,
                 "Instead of log.level: 0 off, 1 error, 2 warning, 3 information, 4 protocol "
                 "trace, 5 debug")
      ->type_name("N")
      ->check(CLI::Range(0, 5));
  CLI11_PARSE(cli, argc, argv);

  auto file = Load(flags.config);
  if (!file) return kExitBadConfig;
  if (flags.check) {
    std::printf("%s: valid, %s\n", flags.config.c_str(),
                Counted(file->result.warnings.size(), "warning").c_str());
    return 0;
  }
  return Serve(flags, std::move(*file));
}

}  // namespace
}  // namespace sstpgw::cp

int main(int argc, char** argv) { return sstpgw::cp::Main(argc, argv); }
