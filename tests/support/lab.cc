#include "tests/support/lab.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <utility>

#include "tests/support/wait_until.h"

namespace sstpgw::test {

using sstpgw::testing::CertificateRequest;
using sstpgw::testing::Identity;

std::string Program(const std::string& name) {
  const bool daemon = name == "sstp-gateway" || name == "sstp-controlplane";
  const char* elsewhere = std::getenv("SG_BIN_DIR");
  const char* tools = std::getenv("SG_GUEST_TOOL_DIR");
  if (tools != nullptr && !daemon && std::getenv("SG_GUEST") != nullptr) elsewhere = tools;
  return std::string(elsewhere != nullptr ? elsewhere : SG_BIN_DIR) + "/" + name;
}

bool DaemonsAreInstrumented() {
  static const bool found = RunProcess({"grep", "-q", "-a", "-e", "__asan_init", "-e",
                                        "__tsan_init", Program("sstp-gateway")})
                                .exit_code == 0;
  return found;
}

std::string Indent(const std::string& text, int blanks) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    out += std::string(static_cast<std::size_t>(blanks), ' ') + text.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return out;
}

Lab::Lab(const LabConfig& config)
    : gateway_wrapper_(config.gateway_wrapper),
      gateway_arguments_(config.gateway_arguments),
      control_wrapper_(config.control_wrapper),
      server_("server"),
      client_("client"),
      inside_("inside"),
      wan_({server_, "wan0", std::string(kServer) + "/24"},
           {client_, "wan0", std::string(kClient) + "/24"}),
      lan_({server_, "lan0", "10.20.0.1/24"}, {inside_, "lan0", std::string(kInside) + "/24"}) {
  server_.Shell(
      "sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 "
      "net.ipv4.conf.default.rp_filter=0");
  // Others make no sense of a cable without delay.
  for (const Namespace* where : {&server_, &client_, &inside_}) {
    where->Shell("sysctl -qw net.ipv4.tcp_congestion_control=cubic");
  }
  inside_.Ip("route add default via 10.20.0.1");
  CertificateRequest request;
  request.ip_addresses = {kServer};
  request.key_type = config.key_type;
  const Identity identity = ca_.Issue(request);
  directory_.Write("ca.pem", ca_.certificate_pem());
  directory_.Write("server.pem", identity.chain_pem);
  directory_.Write("server.key", identity.key_pem);
  WriteConfig(config);
}

// Sanitizers speak in the log; some of what they find they tell only at the end, by the exit code.
void Lab::StopCleanly(Process& process) {
  const int code = process.Stop(3 * kPatience);
  const bool reported = !process.Matching("Sanitizer|: runtime error: ").empty();
  if (code != 0 || reported) {
    ADD_FAILURE() << "a daemon ended with exit code " << code << ":\n" << process.Output();
  }
}

Lab::~Lab() {
  // The gateway first: it says good-bye to its sessions while somebody listens.
  for (auto* process : {&gateway_, &control_plane_}) {
    if (*process && (*process)->running()) StopCleanly(**process);
    process->reset();
  }
}

std::string Lab::ConfigText(const LabConfig& config) const {
  std::string yaml = "sstp:\n  authentication:\n    mode: " + config.mode + "\n";
  if (!config.protocols.empty()) yaml += "    protocols: " + config.protocols + "\n";
  if (!config.users.empty()) yaml += "    local-users:\n" + Indent(config.users, 6);
  if (!config.radius.empty()) yaml += "    radius:\n" + Indent(config.radius, 6);
  if (!config.pools.empty()) yaml += "  client-ip-pool:\n" + Indent(config.pools, 4);
  if (!config.default_pool.empty()) yaml += "  default-pool: " + config.default_pool + "\n";
  if (!config.gateway_address.empty()) {
    yaml += "  gateway-address: " + config.gateway_address + "\n";
  }
  yaml += "  ssl:\n";
  yaml += "    ca-certificate: " + directory_.File("ca.pem") + "\n";
  yaml += "    certificate: " + directory_.File("server.pem") + "\n";
  yaml += "    key: " + directory_.File("server.key") + "\n" + Indent(config.ssl, 4);
  if (!config.ppp_options.empty()) yaml += "  ppp-options:\n" + Indent(config.ppp_options, 4);
  if (!config.protocol.empty()) yaml += "  protocol:\n" + Indent(config.protocol, 4);
  yaml += "  log: { level: " + std::to_string(config.log_level) + " }\n";
  return yaml + Indent(config.extra, 2);
}

void Lab::WriteConfig(const LabConfig& config) {
  directory_.Write("sstp.yaml", ConfigText(config));
}

bool Lab::Reload(const LabConfig& config) {
  WriteConfig(config);
  const Finished done = Ctl({"reload"});
  if (done.exit_code != 0) {
    ADD_FAILURE() << "reload: " << done.output;
    return false;
  }
  return WaitApplied();
}

bool Lab::WaitApplied() {
  return WaitUntil(
      [this] {
        const Json gateways = CtlJson({"show", "gateways"});
        if (gateways.list().empty()) return false;
        const Json& gateway = gateways.list().front();
        return gateway.at("applied-generation").text() == gateway.at("desired-generation").text();
      },
      kPatience);
}

bool Lab::Start() {
  if (!StartControlPlane() || !StartGateway()) return false;
  // The gateway's counters come with its first figures, and cases read them before they count.
  const bool counted =
      WaitUntil([this] { return Statistic("connections_accepted") >= 0; }, kPatience);
  EXPECT_TRUE(counted) << "no figures of the gateway: " << Logs();
  return counted;
}

bool Lab::StartControlPlane() {
  control_plane_.reset();
  std::vector<std::string> argv = control_wrapper_;
  argv.insert(argv.end(), {Program("sstp-controlplane"), "--config", config_file(), "--link",
                           "unix:" + directory_.File("link.sock"), "--operator", operator_socket(),
                           "--state-directory", directory_.File("state")});
  control_plane_ =
      std::make_unique<Process>(std::move(argv), ProcessOptions{&server_, {}, "sstp-controlplane"});
  const bool answers = WaitUntil(
      [this] {
        return !control_plane_->running() || Ctl({"show", "statistics"}).exit_code == 0;
      },
      kPatience);
  const bool well = answers && control_plane_->running();
  if (!well) ADD_FAILURE() << "the control plane does not serve:\n" << control_plane_->Output();
  return well;
}

void Lab::LaunchGateway() {
  gateway_.reset();
  std::vector<std::string> argv = gateway_wrapper_;
  argv.insert(argv.end(), {Program("sstp-gateway"), "--name", "gw1", "--controlplane",
                           "unix:" + directory_.File("link.sock")});
  argv.insert(argv.end(), gateway_arguments_.begin(), gateway_arguments_.end());
  gateway_ =
      std::make_unique<Process>(std::move(argv), ProcessOptions{&server_, {}, "sstp-gateway"});
}

bool Lab::StartGateway() {
  LaunchGateway();
  // It listens a little before the rest of its settings is in force, the log's level for example.
  const bool ready =
      gateway_->WaitForLine("\\]: listening on \\S+$", kPatience).has_value() && WaitApplied();
  if (!ready) ADD_FAILURE() << "the gateway does not serve:\n" << Logs();
  return ready;
}

Finished Lab::Ctl(const std::vector<std::string>& arguments) {
  std::vector<std::string> argv{Program("sstpctl"), "--socket", operator_socket()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return RunProcess(std::move(argv));
}

Json Lab::CtlJson(std::vector<std::string> arguments) {
  arguments.emplace_back("--json");
  const Finished done = Ctl(arguments);
  auto json = Json::Parse(done.output);
  if (!json) ADD_FAILURE() << "sstpctl " << arguments.front() << ": no JSON: " << done.output;
  return json.value_or(Json{});
}

std::vector<Json> Lab::Sessions() {
  const Json json = CtlJson({"show", "sessions"});
  if (json.kind() == Json::Kind::kList) return json.list();
  const Json* rows = json.Find("sessions");
  return rows == nullptr ? std::vector<Json>{} : rows->list();
}

std::optional<Json> Lab::SessionWith(const std::string& column, const std::string& value) {
  for (const Json& row : Sessions()) {
    if (row.at(column).text() == value) return row;
  }
  return std::nullopt;
}

double Lab::Statistic(const std::string& name) {
  const Json json = CtlJson({"show", "statistics"});
  const Json* found = json.Find(name);
  return found == nullptr ? -1 : found->number();
}

bool Lab::WaitStatistic(const std::string& name, double value, std::chrono::milliseconds timeout) {
  return WaitUntil([&] { return Statistic(name) >= value; }, timeout);
}

bool Lab::WaitActive(const std::string& user) {
  return WaitUntil(
      [&] {
        const Json row = SessionWith("username", user).value_or(Json{});
        return row.at("state").text() == "active";
      },
      kPatience);
}

bool Lab::WaitSessions(std::size_t count, std::chrono::milliseconds timeout) {
  return WaitUntil([&] { return Sessions().size() == count; }, timeout);
}

std::optional<std::string> Lab::WaitLog(const std::string& pattern, std::size_t from,
                                        std::chrono::milliseconds timeout) {
  return gateway_->WaitForLine(pattern, timeout, from);
}

std::string Lab::Logs() const {
  std::string text;
  if (control_plane_) text += "---- sstp-controlplane\n" + control_plane_->Output();
  if (gateway_) text += "---- sstp-gateway\n" + gateway_->Output();
  return text;
}

}  // namespace sstpgw::test
