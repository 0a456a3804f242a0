// What the gateway is told: listening, SSTP, PPP (features 1.7, 3.2.3, 3.3).
#include <algorithm>
#include <array>

#include "controlplane/config/interpret.h"
#include "controlplane/config/patterns.h"

namespace sstpgw::cp {
namespace {

constexpr std::uint16_t kPppMaxMtu = 1500;  // what PPP carries without being asked

constexpr std::uint8_t kHashSha1 = 1;  // [MS-SSTP] 2.2.6 Hash Protocol Bitmask
constexpr std::uint8_t kHashSha256 = 2;

AuthProtocol AuthProtocolOf(const std::string& name) {
  if (name == "pap") return AuthProtocol::kPap;
  if (name == "chap") return AuthProtocol::kChapMd5;
  if (name == "eap") return AuthProtocol::kEap;
  return name == "mschap" ? AuthProtocol::kMsChapV1 : AuthProtocol::kMsChapV2;
}

NcpPreference NcpPreferenceOf(const std::string& name) {
  if (name == "deny") return NcpPreference::kDeny;
  if (name == "prefer") return NcpPreference::kPrefer;
  return name == "require" ? NcpPreference::kRequire : NcpPreference::kAllow;
}

MppePreference MppePreferenceOf(const std::string& name) {
  if (name == "deny") return MppePreference::kDeny;
  if (name == "allow") return MppePreference::kAllow;
  return name == "require" ? MppePreference::kRequire : MppePreference::kPrefer;
}

// Bounded by the schema to at most 65535.
std::uint16_t Octets(std::uint32_t value) { return static_cast<std::uint16_t>(value); }

template <std::size_t Size>
std::optional<std::array<std::uint8_t, Size>> HashOf(const std::string& hex) {
  const std::string octets = HexToOctets(hex);
  if (octets.size() != Size) return std::nullopt;
  std::array<std::uint8_t, Size> hash{};
  std::copy(octets.begin(), octets.end(), hash.begin());
  return hash;
}

void InterpretSstp(const v1::SstpConfig& config, SstpSettings& sstp) {
  const v1::ProtocolConfig& protocol = config.protocol();
  sstp.negotiation_timeout = std::chrono::seconds(protocol.timeout());
  sstp.hello_interval = std::chrono::seconds(protocol.hello_interval());
  sstp.hash_mask = 0;
  for (const std::string& name : protocol.cert_hash_proto()) {
    sstp.hash_mask =
        static_cast<std::uint8_t>(sstp.hash_mask | (name == "sha1" ? kHashSha1 : kHashSha256));
  }
  sstp.cert_hash_sha1 = HashOf<20>(protocol.cert_hash_sha1());
  sstp.cert_hash_sha256 = HashOf<32>(protocol.cert_hash_sha256());
  if (protocol.http_error() == "deny") {
    sstp.http_error = HttpErrorPolicy::kDeny;
  } else if (protocol.http_error() != "allow" && !protocol.http_error().empty()) {
    sstp.http_error = HttpErrorPolicy::kRedirect;
    sstp.http_redirect_url = protocol.http_error();
  }
  sstp.host_name = config.host_name();
}

// features 3.2.3: the ceiling is never exceeded, and min-mtu never lies above it.
void InterpretMtu(const v1::SstpConfig& config, Report& report, PppSettings& ppp) {
  ppp.mtu = Octets(config.mtu());
  ppp.mtu_configured = report.Written("sstp.mtu");
  ppp.ppp_max_mtu = Octets(config.protocol().ppp_max_mtu());
  ppp.min_mtu = Octets(config.ppp_options().min_mtu());
  std::uint16_t ceiling = std::min(ppp.ppp_max_mtu, kPppMaxMtu);
  if (ppp.mtu_configured) ceiling = std::min(ceiling, ppp.mtu);
  if (config.ppp_options().has_mru()) {
    ppp.mru = Octets(config.ppp_options().mru());
    if (*ppp.mru > ppp.ppp_max_mtu) {
      report.Warning("sstp.ppp-options.mru", "is more than protocol.ppp-max-mtu, " +
                                                 std::to_string(ppp.ppp_max_mtu) + " is used");
    } else {
      ceiling = std::min(ceiling, *ppp.mru);
    }
  }
  if (ppp.min_mtu > ceiling) {
    report.Warning("sstp.ppp-options.min-mtu",
                   "is more than the MTU can be, " + std::to_string(ceiling) + " is used");
    ppp.min_mtu = ceiling;
  }
}

// features 3.5: disable-ccp wins, and keys are made by methods with a shared secret behind them.
void InterpretMppe(const v1::PppOptionsConfig& options, Report& report, PppSettings& ppp) {
  const std::string path = "sstp.ppp-options.mppe";
  ppp.disable_ccp = options.disable_ccp();
  ppp.mppe = MppePreferenceOf(options.mppe());
  if (ppp.disable_ccp) {
    if (report.Written(path) && ppp.mppe != MppePreference::kDeny) {
      report.Warning(path, "has no effect because of disable-ccp");
    }
    return;
  }
  const auto makes_keys = [](AuthProtocol protocol) {
    return protocol != AuthProtocol::kPap && protocol != AuthProtocol::kChapMd5;
  };
  const auto& protocols = ppp.auth_protocols;
  if (ppp.mppe == MppePreference::kRequire &&
      !std::all_of(protocols.begin(), protocols.end(), makes_keys)) {
    report.Warning(path,
                   "ends sessions that log in with pap or chap, since these make no keys for it",
                   "Leave them out of authentication.protocols.");
  }
}

void InterpretPpp(const v1::SstpConfig& config, Report& report, PppSettings& ppp) {
  const v1::PppOptionsConfig& options = config.ppp_options();
  InterpretMtu(config, report, ppp);
  for (const std::string& name : config.authentication().protocols()) {
    ppp.auth_protocols.push_back(AuthProtocolOf(name));
  }
  ppp.ipv4 = NcpPreferenceOf(options.ipv4());
  ppp.ipv6 = NcpPreferenceOf(options.ipv6());
  InterpretMppe(options, report, ppp);
  ppp.echo_interval = std::chrono::seconds(options.lcp_echo_interval());
  ppp.echo_failure = options.lcp_echo_failure();
  ppp.echo_timeout = std::chrono::seconds(options.lcp_echo_timeout());
  ppp.restart_timeout = std::chrono::seconds(options.timeout());
  ppp.max_configure = options.max_configure();
  ppp.max_terminate = options.max_terminate();
  ppp.max_failure = options.max_failure();
  if (ppp.echo_timeout.count() > 0 && ppp.echo_interval.count() == 0) {
    report.Warning("sstp.ppp-options.lcp-echo-timeout",
                   "has no effect because lcp-echo-interval is 0");
  }
  if (ppp.ipv4 == NcpPreference::kDeny && ppp.ipv6 == NcpPreference::kDeny) {
    report.Warning("sstp.ppp-options.ipv4", "leaves clients without any network protocol");
  }
}

void InterpretDataPath(const v1::SstpConfig& config, DataPathSettings& data_path) {
  const v1::DataPathConfig& written = config.data_path();
  data_path.kernel_tls_send = written.kernel_tls_send();
  data_path.kernel_tls_receive = written.kernel_tls_receive();
  data_path.super_packets = written.super_packets();
  data_path.fill_records = written.fill_records();
  data_path.interface_cache = config.ppp_options().interface_cache();
}

}  // namespace

void InterpretGateway(const v1::SstpConfig& config, Report& report, ControlConfig& result) {
  GatewaySettings& gateway = result.gateway;
  gateway.listen_addresses.assign(config.listen().begin(), config.listen().end());
  gateway.port = Octets(config.port());
  gateway.interface_name = config.ifname();
  gateway.log_level = static_cast<LogLevel>(std::min<std::uint32_t>(config.log().level(), 5));
  gateway.max_sessions = config.max_sessions();
  InterpretSstp(config, gateway.sstp);
  InterpretDataPath(config, gateway.data_path);
  InterpretPpp(config, report, gateway.ppp);
  gateway.ppp.gateway_address = result.gateway_address;
}

}  // namespace sstpgw::cp
