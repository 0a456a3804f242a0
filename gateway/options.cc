#include "gateway/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <memory>
#include <sstream>

#include "gateway/bootstrap_file.h"

namespace sstpgw::gateway {
namespace {

constexpr char kDefaultControlPlane[] = "unix:/run/sstpgw/link.sock";
constexpr char kPins[] = "/sys/fs/bpf/sstp-gateway";
constexpr std::size_t kMaxThreads = 256;
constexpr std::uint32_t kMaxShaped = 1U << 20;

// A gateway's name as the control plane accepts it: host names fit, other characters become '-'.
std::string NameFrom(std::string host_name) {
  for (char& c : host_name) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '_' || c == '-';
    if (!fits) c = '-';
  }
  return host_name.empty() ? "gateway" : host_name.substr(0, 64);
}

std::string CheckName(const std::string& name) {
  if (!name.empty() && NameFrom(name) == name) return "";
  return "must be 1..64 letters, digits, '.', '_' or '-'";
}

// Everything but what the app itself is told.
struct Texts {
  int log_level = -1;
  std::string pins = kPins;
};

// Reads the bootstrap file for CLI11, which ignores what it does not know.
class BootstrapReader final : public CLI::ConfigBase {
 public:
  // `app` must outlive it.
  explicit BootstrapReader(CLI::App& app) : app_(app) {}

  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    const std::string text{std::istreambuf_iterator<char>(input), {}};
    std::vector<std::string> keys;
    for (const CLI::Option* option : std::as_const(app_).get_options()) {
      const bool key = option->get_configurable() && option != app_.get_help_ptr() &&
                       option != app_.get_version_ptr();
      if (key) keys.push_back(option->get_single_name());
    }
    auto entries = ParseBootstrap(text, app_.get_config_ptr()->as<std::string>(), keys);
    if (!entries) throw CLI::ConfigError(entries.error().message);
    std::vector<CLI::ConfigItem> given;
    for (BootstrapEntry& entry : *entries) {
      given.push_back({{}, std::move(entry.key), std::move(entry.values)});
    }
    return given;
  }

 private:
  CLI::App& app_;
};

void Describe(CLI::App& app, GatewayOptions& options, Texts& texts, const std::string& version) {
  app.description(
      "SSTP access gateway: takes clients in over TLS and forwards their packets. Users, addresses "
      "and all other\nsettings come from sstp-controlplane, which this program dials and keeps "
      "dialling.\nNeeds CAP_NET_ADMIN (interfaces), CAP_BPF and CAP_PERFMON (rate limits) and, for "
      "ports below 1024, CAP_NET_BIND_SERVICE.");
  app.set_version_flag("--version", "sstp-gateway " + version, "print the version and exit");
  app.set_help_flag("-h,--help", "print this help and exit");
  app.set_config("--config", "",
                 "bootstrap file with any of the options below, one `key = value` per line:\n"
                 "name = edge1\ncontrolplane = [\"unix:/run/sstpgw/link.sock\"]");
  app.config_formatter(std::make_shared<BootstrapReader>(app));
  app.add_option("--name", options.name, "name of this gateway, unique for the control plane")
      ->capture_default_str()
      ->check(CLI::Validator(CheckName, "NAME"));
  app.add_option("--controlplane", options.control_addresses,
                 "where to reach the control plane, unix:/path; may be repeated: tried in order")
      ->capture_default_str();
  app.add_option("--workers", options.workers, "threads that forward packets; 0: one per core")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{0}, kMaxThreads));
  app.add_option("--handshake-threads", options.handshake_threads,
                 "threads for TLS handshakes; 0: half as many as cores, at least one")
      ->capture_default_str()
      ->check(CLI::Range(std::size_t{0}, kMaxThreads));
  app.add_option("--shaped-sessions", options.max_shaped,
                 "sessions that can have a rate limit at one time")
      ->capture_default_str()
      ->check(CLI::Range(1U, kMaxShaped));
  app.add_option("--bpf-pins", texts.pins,
                 "folder on a bpffs where the programs and maps of rate limits are shown, below it "
                 "one of this\ngateway's name; empty: nowhere")
      ->capture_default_str();
  app.add_option("--log-level", texts.log_level,
                 "0 off, 1 error, 2 warning, 3 info, 4 protocol trace, 5 debug; not given: the "
                 "control plane's log.level")
      ->check(CLI::Range(0, 5));
  app.footer(
      "Signals: SIGTERM and SIGINT end all sessions, softly for up to 5 s, then hard, and exit "
      "within 11 s;\na second one exits at once.\nExit codes: 0 stopped by a signal, 1 cannot run "
      "(the reason is on standard error), "
      "2 wrong use.");
}

}  // namespace

CommandLine ParseCommandLine(const std::vector<std::string>& arguments,
                             const std::string& host_name, const std::string& version) {
  CommandLine result;
  result.options.name = NameFrom(host_name);
  result.options.version = version;
  result.options.control_addresses = {kDefaultControlPlane};
  Texts texts;
  CLI::App app("", "sstp-gateway");
  Describe(app, result.options, texts, version);
  // CLI11 reports through exceptions; none leaves this function.
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    const int code = app.exit(error, out, out);
    result.exit_code = code == 0 ? 0 : 2;
    result.text = out.str();
    return result;
  }
  if (!texts.pins.empty()) {
    result.options.pin_folder = texts.pins + "/" + result.options.name;
  }
  if (texts.log_level >= 0) result.options.log_level = static_cast<LogLevel>(texts.log_level);
  return result;
}

}  // namespace sstpgw::gateway
