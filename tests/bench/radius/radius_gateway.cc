// Plays a gateway to a real control plane (bench_gateway.h).
//
//   sstp-bench-radius-gateway --link unix:LINK logins [--seconds 3] [--concurrency 32]
//                             [--protocol pap|mschap-v2] [--until-up]
//   sstp-bench-radius-gateway --link unix:LINK hold [--sessions 1000] [--concurrency 32]
//                             [--traffic 100]
//
// logins: as many as it can for so many seconds; prints one JSON object. hold: sessions up, says
// "holding: N up, F failed, set up at R per second", then tells every second what so many of them
// have moved, until SIGTERM; then one JSON object.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "proto/base/log.h"
#include "tests/bench/radius/bench_gateway.h"

namespace sstpgw::bench {
namespace {

double Milliseconds(Duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

// The smallest sample that so many percent do not exceed; 0 without samples.
double Percentile(std::vector<Duration>& samples, std::size_t percent) {
  if (samples.empty()) return 0;
  const std::size_t rank = (samples.size() * percent + 99) / 100;
  const auto nth =
      samples.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::nth_element(samples.begin(), nth, samples.end());
  return Milliseconds(*nth);
}

double RateOf(const Tally& tally) {
  const double seconds = Milliseconds(tally.elapsed) / 1000;
  return seconds > 0 ? static_cast<double>(tally.accepted) / seconds : 0;
}

void Print(Tally tally) {
  std::printf("{\"accepted\": %llu, \"refused\": %llu, \"rate_per_second\": %.1f, ",
              static_cast<unsigned long long>(tally.accepted),
              static_cast<unsigned long long>(tally.refused), RateOf(tally));
  std::printf("\"answer_p50_ms\": %.3f, \"answer_p99_ms\": %.3f, \"up\": %zu, ",
              Percentile(tally.answered, 50), Percentile(tally.answered, 99), tally.up.size());
  std::printf("\"up_p50_ms\": %.3f, \"up_p99_ms\": %.3f, \"policies\": %llu, \"ended\": %llu}\n",
              Percentile(tally.up, 50), Percentile(tally.up, 99),
              static_cast<unsigned long long>(tally.policies),
              static_cast<unsigned long long>(tally.ended));
  for (const auto& [reason, count] : tally.failures) {
    std::fprintf(stderr, "%llu: %s\n", static_cast<unsigned long long>(count), reason.c_str());
  }
  std::fflush(stdout);
}

void Hold(BenchGateway& gateway, std::size_t traffic, const sigset_t& signals) {
  const Tally tally = gateway.tally();
  std::printf("holding: %zu up, %llu failed, set up at %.1f per second\n", tally.up.size(),
              static_cast<unsigned long long>(tally.refused + tally.ended), RateOf(tally));
  std::fflush(stdout);
  const timespec second{1, 0};
  while (sigtimedwait(&signals, nullptr, &second) < 0) gateway.Traffic(traffic);
}

int Main(int argc, char** argv) {
  Plan plan;
  std::string protocol = "mschap-v2";
  double seconds = 3;
  bool until_up = false;
  std::uint32_t sessions = 1000;
  std::size_t traffic = 100;
  CLI::App app("A gateway without clients, for benchmarks of the control plane");
  app.add_option("--link", plan.link, "of the control plane: unix:PATH")->required();
  app.require_subcommand(1);
  CLI::App* const logins = app.add_subcommand("logins", "logins one after the other");
  CLI::App* const hold = app.add_subcommand("hold", "sessions that stay");
  for (CLI::App* const command : {logins, hold}) {
    command->add_option("--concurrency", plan.concurrency, "logins in progress")
        ->check(CLI::Range(1, 4096));
    command->add_option("--protocol", protocol)->check(CLI::IsMember({"pap", "mschap-v2"}));
  }
  logins->add_option("--seconds", seconds, "how long")->check(CLI::Range(0.1, 3600.0));
  logins->add_flag("--until-up", until_up, "each goes on until its session is up");
  hold->add_option("--sessions", sessions, "how many")->check(CLI::Range(1, 100'000));
  hold->add_option("--traffic", traffic, "sessions that have moved something in each second");
  CLI11_PARSE(app, argc, argv);

  plan.pap = protocol == "pap";
  if (hold->parsed()) {
    plan.reach = Reach::kStay;
    plan.logins = sessions;
  } else {
    plan.reach = until_up ? Reach::kUp : Reach::kAnswer;
    plan.time = std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
  }
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  if (hold->parsed()) pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before there are threads

  SetLogLevel(LogLevel::kOff);  // the link writes a line for each session's end
  BenchGateway gateway(std::move(plan));
  gateway.Run();
  if (hold->parsed()) Hold(gateway, traffic, signals);
  if (!hold->parsed()) gateway.AwaitReports(std::chrono::seconds(10));
  Print(gateway.tally());
  return 0;
}

}  // namespace
}  // namespace sstpgw::bench

int main(int argc, char** argv) { return sstpgw::bench::Main(argc, argv); }
