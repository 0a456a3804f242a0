// sstp-test-client: dials an SSTP server, for tests, demonstrations and measurements.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "tests/client/many_sessions.h"
#include "tests/client/network_arguments.h"
#include "tests/client/target.h"
#include "tests/client/tun_mode.h"

namespace {

using sstpgw::client::ManyOptions;
using sstpgw::client::ManyPurpose;
using sstpgw::client::NetworkArguments;
using sstpgw::client::Target;
using sstpgw::client::TunOptions;

struct CommandLine {
  std::string server;
  std::string auth = "mschap-v2,mschap,chap,pap";
  std::string hash = "sha256";
  bool insecure = false;
  unsigned mru = 0;
  double hold_seconds = 0;
  double timeout_seconds = 60;
  Target target;
  TunOptions tun;
  ManyOptions many;
  NetworkArguments network{target, tun};
};

void DescribeCommon(CLI::App& app, CommandLine& line) {
  app.add_option("--server", line.server, "host, host:port or [IPv6]:port; port 443")->required();
  app.add_option("--user", line.target.options.user,
                 "user name; 'many' replaces %d by the session's number")
      ->required();
  app.add_option("--password", line.target.options.password, "password")->required();
  app.add_option(
         "--auth", line.auth,
         "accepted protocols, best first: pap, chap, mschap, mschap-v2, eap-md5, eap-mschapv2, "
         "eap-tls, eap-peap, comma separated")
      ->capture_default_str();
  auto& eap = line.target.options.eap_tls;
  app.add_option("--eap-certificate", eap.certificate, "PEM file: our certificate for EAP-TLS");
  app.add_option("--eap-key", eap.key, "PEM file: its key");
  app.add_option("--eap-ca", eap.ca,
                 "PEM file: who signed the certificate of the EAP server (default: not verified)");
  app.add_option("--eap-tls-version", eap.version, "TLS inside EAP: 1.2 or 1.3 (default: both)")
      ->check(CLI::IsMember({"1.2", "1.3"}));
  app.add_option("--eap-fragment", eap.fragment, "octets of TLS in one EAP packet")
      ->check(CLI::Range(1, 4000))
      ->capture_default_str();
  app.add_option("--ca", line.target.tls.ca_file,
                 "PEM file of the CA that signed the server's certificate (default: the system's)");
  app.add_flag("--insecure", line.insecure, "do not verify the server's certificate");
  app.add_option("--sni", line.target.tls.sni, "TLS server name to send (default: none)");
  app.add_option("--verify-name", line.target.tls.verify_name,
                 "name or address the certificate must carry (default: --sni, else the host)");
  app.add_option("--tls", line.target.tls.version, "TLS version: 1.2 or 1.3 (default: both)")
      ->check(CLI::IsMember({"1.2", "1.3"}));
  app.add_option("--ciphers", line.target.tls.ciphers, "TLS 1.2 ciphers, an OpenSSL list");
  app.add_option("--ciphersuites", line.target.tls.suites, "TLS 1.3 cipher suites, best first");
  app.add_option("--binding-hash", line.hash, "hash of the crypto binding: sha1 or sha256")
      ->check(CLI::IsMember({"sha1", "sha256"}))
      ->capture_default_str();
  app.add_option("--mru", line.mru, "MRU to ask for in LCP (default: none asked)")
      ->check(CLI::Range(1, 65535));
  app.add_option("--timeout", line.timeout_seconds, "seconds a set-up may take")
      ->capture_default_str();
  app.add_flag("--windows", line.target.options.deviations.windows_opening,
               "open like Windows: MRU 4091, PFC, ACFC, Callback, Identification, IPv6CP, CCP");
  app.add_flag("--ignore-lcp-echo", line.target.options.deviations.ignore_lcp_echo,
               "never answer LCP Echo-Requests");
  app.add_flag("--ignore-sstp-echo", line.target.options.deviations.ignore_sstp_echo,
               "never answer SSTP echo requests");
  line.network.Describe(app);
}

int Finish(CommandLine& line) {
  const auto auth = sstpgw::client::ParseAuthList(line.auth);
  if (!auth) {
    std::fprintf(stderr, "--auth: %s\n", auth.error().message.c_str());
    return 2;
  }
  line.target.options.auth = auth->protocols;
  line.target.options.eap = auth->eap;
  line.target.options.hash = line.hash == "sha1" ? sstpgw::client::BindingHash::kSha1
                                                 : sstpgw::client::BindingHash::kSha256;
  line.target.options.setup_timeout =
      std::chrono::milliseconds(static_cast<std::int64_t>(line.timeout_seconds * 1000));
  if (line.mru != 0) line.target.options.mru = static_cast<std::uint16_t>(line.mru);
  line.many.hold = std::chrono::milliseconds(static_cast<std::int64_t>(line.hold_seconds * 1000));
  line.target.tls.verify = !line.insecure;
  if (const auto done = line.network.Finish(); !done) {
    std::fprintf(stderr, "%s\n", done.error().message.c_str());
    return 2;
  }
  if (const auto done = SetServer(line.target, line.server); !done) {
    std::fprintf(stderr, "--server: %s\n", done.error().message.c_str());
    return 2;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CommandLine line;
  CLI::App app("SSTP test client and load generator");
  app.set_help_flag("");
  app.set_help_all_flag("-h,--help", "all options and both modes");
  app.require_subcommand(1);
  app.fallthrough();
  DescribeCommon(app, line);
  CLI::App* tun = app.add_subcommand(
      "tun", "one session with a TUN interface; prints facts, one per line; ends on SIGTERM");
  tun->add_option("--ifname", line.tun.interface_name, "interface name template")
      ->capture_default_str();
  tun->add_option("--route", line.tun.routes,
                  "IPv4 or IPv6 prefix to send through the tunnel; repeatable");
  tun->add_flag("--no-interface", line.tun.no_interface, "negotiate only, make no interface");
  tun->add_flag("--packet-at-a-time", line.tun.packet_at_a_time,
                "one packet per read, write and TLS record, no offloads, as ordinary clients do");
  tun->add_flag("--trace", line.tun.trace, "print the negotiation's packets in hex to stderr");
  line.network.DescribeTun(*tun);
  CLI::App* many = app.add_subcommand(
      "many", "many sessions in one process; prints set-up rate, failures and percentiles");
  many->add_option("--sessions", line.many.sessions, "how many")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  many->add_option("--concurrency", line.many.concurrency, "set-ups in progress at one time")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  many->add_option("--hold", line.hold_seconds, "seconds to hold them after the last set-up")
      ->capture_default_str();
  many->add_flag("--hold-until-signal", line.many.hold_until_signal,
                 "hold until SIGTERM or SIGINT");
  many->add_option("--pings", line.many.pings,
                   "echo requests to the gateway's address, one through each of as many sessions");
  CLI::Option* churn = many->add_flag_callback(
      "--churn", [&line] { line.many.purpose = ManyPurpose::kChurn; },
      "close each session as soon as it is up; --concurrency then counts open ones");
  many->add_flag_callback(
          "--tls-only", [&line] { line.many.purpose = ManyPurpose::kTlsOnly; },
          "only TLS: handshake, then wait for the server to close")
      ->excludes(churn);
  many->add_flag("--json", line.many.json, "report as one JSON object");
  CLI11_PARSE(app, argc, argv);
  if (const int code = Finish(line); code != 0) return code;
  return tun->parsed() ? RunTunMode(line.target, line.tun)
                       : RunManySessions(line.target, line.many);
}
