// The bench of the network tests: both daemons in one namespace, clients in others, a host behind.
//
//   client                      server                               inside
//   wan0 192.168.10.100/24 ──── wan0 192.168.10.1/24
//                               sstp-controlplane, sstp-gateway :443
//                               sstpN 10.0.0.1 ── peer 10.0.0.x
//                               lan0 10.20.0.1/24 ──────────────── lan0 10.20.0.2/24
//
// Sockets, certificates and configuration live in a temporary directory. Log level 5.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/client/connection.h"
#include "tests/support/json.h"
#include "tests/support/namespaces.h"
#include "tests/support/pki.h"
#include "tests/support/process.h"
#include "tests/support/raw_peer.h"
#include "tests/support/temp_dir.h"

namespace sstpgw::test {

// Pieces of the YAML file; each is YAML text that is put under its node, one entry per line.
struct LabConfig {
  std::string mode = "local";
  std::string radius;  // under sstp.authentication.radius
  std::string users = "test: { password: test }\nwitness: { password: witness }";
  std::string protocols;  // "[pap, chap]"; empty: not written
  std::string pools = "SSTP-POOL: { range: [10.0.0.2-10.0.0.100] }";
  std::string default_pool = "SSTP-POOL";  // empty: not written
  std::string gateway_address = "10.0.0.1";
  std::string ppp_options;  // "lcp-echo-interval: 1\nmru: 1300"
  std::string protocol;     // under sstp.protocol
  std::string ssl;          // under sstp.ssl, beside certificate and key
  sstpgw::testing::KeyType key_type = sstpgw::testing::KeyType::kEcdsaP256;
  std::string extra;  // further nodes under sstp
  int log_level = 5;
  // The gateway's command line: what runs it ("setpriv ..."), and further arguments.
  std::vector<std::string> gateway_wrapper;
  std::vector<std::string> gateway_arguments;
  // What runs the control plane, whose last argument is its folder. It must become it, not fork.
  std::vector<std::string> control_wrapper;
};

class Lab {
 public:
  static constexpr const char* kServer = "192.168.10.1";
  static constexpr const char* kClient = "192.168.10.100";
  static constexpr const char* kInside = "10.20.0.2";

  // Makes the namespaces and certificates and writes the configuration; starts nothing.
  explicit Lab(const LabConfig& config = {});
  ~Lab();
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

  // Both daemons; true once the gateway serves with the configuration.
  bool Start();
  bool StartControlPlane();
  bool StartGateway();
  // Does not wait until it listens.
  void LaunchGateway();
  // True once the gateway said that it runs with the newest settings; also after a restart of the
  // control plane.
  bool WaitApplied();
  void WriteConfig(const LabConfig& config);
  // WriteConfig and "sstpctl reload"; true once every gateway has applied it.
  bool Reload(const LabConfig& config);
  // The whole YAML text for these pieces and this lab's certificates.
  [[nodiscard]] std::string ConfigText(const LabConfig& config) const;

  [[nodiscard]] Namespace& server() { return server_; }
  [[nodiscard]] Namespace& client() { return client_; }
  [[nodiscard]] Namespace& inside() { return inside_; }
  [[nodiscard]] Veth& wan() { return wan_; }
  [[nodiscard]] Process& gateway() { return *gateway_; }
  [[nodiscard]] Process& control_plane() { return *control_plane_; }
  [[nodiscard]] const TempDir& directory() const { return directory_; }
  [[nodiscard]] std::string config_file() const { return directory_.File("sstp.yaml"); }
  [[nodiscard]] std::string ca_file() const { return directory_.File("ca.pem"); }
  [[nodiscard]] std::string operator_socket() const { return directory_.File("operator.sock"); }
  [[nodiscard]] const sstpgw::testing::CertificateAuthority& authority() const { return ca_; }
  [[nodiscard]] ServerAddress address(std::uint16_t port = 443) const { return {kServer, port}; }

  // sstpctl with these arguments.
  Finished Ctl(const std::vector<std::string>& arguments);
  // The same with --json, parsed; a null value (and a failure of the test) if it is none.
  Json CtlJson(std::vector<std::string> arguments);
  // Rows of "show sessions --json".
  std::vector<Json> Sessions();
  // The row with this value in this column, if there is one.
  std::optional<Json> SessionWith(const std::string& column, const std::string& value);
  // A number of "show statistics --json" by its name; -1 if it is not there.
  double Statistic(const std::string& name);
  // True once the statistic is at least `value`.
  bool WaitStatistic(const std::string& name, double value,
                     std::chrono::milliseconds timeout = kPatience);
  // True once the table shows this user's session as active.
  bool WaitActive(const std::string& user);
  // True once there are exactly `count` sessions in the table.
  bool WaitSessions(std::size_t count, std::chrono::milliseconds timeout = kPatience);
  // A line of the gateway's log, at or after `from`.
  std::optional<std::string> WaitLog(const std::string& pattern, std::size_t from = 0,
                                     std::chrono::milliseconds timeout = kPatience);
  // Everything both daemons wrote, for messages of failing tests.
  [[nodiscard]] std::string Logs() const;

 private:
  static void StopCleanly(Process& process);

  const std::vector<std::string> gateway_wrapper_;
  const std::vector<std::string> gateway_arguments_;
  const std::vector<std::string> control_wrapper_;
  TempDir directory_;
  sstpgw::testing::CertificateAuthority ca_;
  Namespace server_;
  Namespace client_;
  Namespace inside_;
  Veth wan_;
  Veth lan_;
  std::unique_ptr<Process> control_plane_;
  std::unique_ptr<Process> gateway_;
};

// The path of a program that this build made, or of the same in the folder that the environment
// variable SG_BIN_DIR names (another build's). In the guest those that are no daemons come from
// SG_GUEST_TOOL_DIR, if it is set.
[[nodiscard]] std::string Program(const std::string& name);
// The daemons are built with sanitizers: several times slower, and memory that they gave back stays
// theirs.
[[nodiscard]] bool DaemonsAreInstrumented();
// Puts blanks in front of every line of `text`.
[[nodiscard]] std::string Indent(const std::string& text, int blanks);

}  // namespace sstpgw::test
