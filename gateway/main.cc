// sstp-gateway: see options.cc for its use and gateway_app.h for what it does.
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "gateway/edge/event_loop.h"
#include "gateway/edge/instance_lock.h"
#include "gateway/edge/signals.h"
#include "gateway/gateway_app.h"
#include "gateway/options.h"
#include "proto/base/log.h"

namespace {

using sstpgw::LogLevel;

std::string HostName() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : "";
}

// Two descriptors per session: take what the system allows.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return;
}

int Fail(const sstpgw::Error& error) {
  sstpgw::Log(LogLevel::kError, error.message);
  return EXIT_FAILURE;
}

int Run(const sstpgw::gateway::GatewayOptions& options) {
  namespace edge = sstpgw::edge;
  sstpgw::StartLog("sstp-gateway", options.log_level.value_or(LogLevel::kInfo));
  // Level 0 keeps quiet about everything, but a gateway that cannot start says why.
  RaiseDescriptorLimit();
  const std::vector<int> signals{SIGTERM, SIGINT};
  if (const auto blocked = edge::BlockSignals(signals); !blocked) return Fail(blocked.error());
  std::signal(SIGPIPE, SIG_IGN);
  const auto alone = edge::InstanceLock::Take("sstp-gateway");
  if (!alone) return Fail(alone.error());
  auto loop = edge::EventLoop::Create();
  if (!loop) return Fail(loop.error());
  auto app = sstpgw::gateway::GatewayApp::Create(options, **loop);
  if (!app) return Fail(app.error());
  bool stopping = false;
  const auto on_signal = [&](int /*signal*/) {
    if (stopping) std::_Exit(EXIT_FAILURE);
    stopping = true;
    (*app)->RequestStop();
  };
  auto watcher = edge::SignalWatcher::Create(**loop, signals, on_signal);
  if (!watcher) return Fail(watcher.error());
  (*app)->Start();
  (*loop)->Run();
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto command = sstpgw::gateway::ParseCommandLine(arguments, HostName(), SG_VERSION);
  if (command.exit_code) {
    std::fputs(command.text.c_str(), *command.exit_code == 0 ? stdout : stderr);
    return *command.exit_code;
  }
  return Run(command.options);
}
