// GatewaySettings.
#include <algorithm>
#include <string_view>

#include "proto/contract/convert.h"
#include "proto/contract/wire_check.h"

namespace sstpgw::contract {
namespace {

constexpr std::uint32_t kDaySeconds = 86'400;
constexpr std::size_t kMaxListenAddresses = 64;
constexpr std::size_t kMaxCipherList = 4096;
constexpr std::size_t kMaxUrl = 2048;
constexpr std::size_t kMaxHostName = 253;
constexpr std::uint32_t kMaxInterfaceCache = 256'000;  // as ppp-options.interface-cache has it

pb::TlsSettings ToProto(const TlsSettings& tls) {
  pb::TlsSettings out;
  out.set_certificate_chain_pem(tls.certificate_chain_pem);
  out.set_private_key_pem(std::string(tls.private_key_pem.RevealText()));
  out.set_ciphers(tls.ciphers);
  out.set_ciphersuites(tls.ciphersuites);
  out.set_curves(tls.curves);
  out.set_dhparam_pem(tls.dhparam_pem);
  for (const std::string& protocol : tls.protocols) out.add_protocols(protocol);
  out.set_prefer_server_ciphers(tls.prefer_server_ciphers);
  return out;
}

Result<TlsSettings> FromProto(const pb::TlsSettings& in) {
  SG_RETURN_IF_ERROR(CheckLength("settings.tls.certificate_chain_pem",
                                 in.certificate_chain_pem().size(), 1, kMaxPem));
  SG_RETURN_IF_ERROR(
      CheckLength("settings.tls.private_key_pem", in.private_key_pem().size(), 1, kMaxPem));
  SG_RETURN_IF_ERROR(CheckLength("settings.tls.ciphers", in.ciphers().size(), 0, kMaxCipherList));
  SG_RETURN_IF_ERROR(
      CheckLength("settings.tls.ciphersuites", in.ciphersuites().size(), 0, kMaxCipherList));
  SG_RETURN_IF_ERROR(CheckLength("settings.tls.curves", in.curves().size(), 0, kMaxCipherList));
  SG_RETURN_IF_ERROR(CheckLength("settings.tls.dhparam_pem", in.dhparam_pem().size(), 0, kMaxPem));
  SG_RETURN_IF_ERROR(CheckRange("settings.tls.protocols", in.protocols().size(), 1, 4));
  for (const std::string& protocol : in.protocols()) {
    if (protocol != "tls1" && protocol != "tls1.1" && protocol != "tls1.2" &&
        protocol != "tls1.3") {
      return Refuse("settings.tls.protocols", "must be tls1, tls1.1, tls1.2 or tls1.3");
    }
  }
  TlsSettings out;
  out.certificate_chain_pem = in.certificate_chain_pem();
  out.private_key_pem = Secret(std::string_view(in.private_key_pem()));
  out.ciphers = in.ciphers();
  out.ciphersuites = in.ciphersuites();
  out.curves = in.curves();
  out.dhparam_pem = in.dhparam_pem();
  out.protocols.assign(in.protocols().begin(), in.protocols().end());
  out.prefer_server_ciphers = in.prefer_server_ciphers();
  return out;
}

pb::SstpSettings ToProto(const SstpSettings& sstp) {
  pb::SstpSettings out;
  out.set_negotiation_timeout_seconds(WireSeconds(sstp.negotiation_timeout));
  out.set_hello_interval_seconds(WireSeconds(sstp.hello_interval));
  out.set_hash_mask(sstp.hash_mask);
  out.set_http_error(contract::ToProto(sstp.http_error));
  out.set_http_redirect_url(sstp.http_redirect_url);
  out.set_host_name(sstp.host_name);
  if (sstp.cert_hash_sha1) out.set_cert_hash_sha1(ToOctets(*sstp.cert_hash_sha1));
  if (sstp.cert_hash_sha256) out.set_cert_hash_sha256(ToOctets(*sstp.cert_hash_sha256));
  return out;
}

// The URL becomes part of an HTTP header: visible ASCII only.
Result<bool> CheckRedirect(HttpErrorPolicy policy, const std::string& url) {
  const bool wanted = policy == HttpErrorPolicy::kRedirect;
  SG_RETURN_IF_ERROR(CheckLength("settings.sstp.http_redirect_url", url.size(), wanted ? 1 : 0,
                                 wanted ? kMaxUrl : 0));
  const bool visible =
      std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (!visible) return Refuse("settings.sstp.http_redirect_url", "must be visible ASCII");
  return true;
}

Result<SstpSettings> FromProto(const pb::SstpSettings& in) {
  SG_RETURN_IF_ERROR(CheckRange("settings.sstp.negotiation_timeout_seconds",
                                in.negotiation_timeout_seconds(), 1, kDaySeconds));
  SG_RETURN_IF_ERROR(CheckRange("settings.sstp.hello_interval_seconds", in.hello_interval_seconds(),
                                0, kDaySeconds));
  SG_RETURN_IF_ERROR(CheckRange("settings.sstp.hash_mask", in.hash_mask(), 1, 3));
  SstpSettings out;
  SG_ASSIGN_OR_RETURN(out.http_error, contract::FromProto(in.http_error()));
  SG_RETURN_IF_ERROR(CheckRedirect(out.http_error, in.http_redirect_url()));
  SG_RETURN_IF_ERROR(
      CheckLength("settings.sstp.host_name", in.host_name().size(), 0, kMaxHostName));
  out.negotiation_timeout = std::chrono::seconds(in.negotiation_timeout_seconds());
  out.hello_interval = std::chrono::seconds(in.hello_interval_seconds());
  out.hash_mask = static_cast<std::uint8_t>(in.hash_mask());
  out.http_redirect_url = in.http_redirect_url();
  out.host_name = in.host_name();
  if (!in.cert_hash_sha1().empty()) {
    SG_ASSIGN_OR_RETURN(out.cert_hash_sha1,
                        TakeOctets<20>("settings.sstp.cert_hash_sha1", in.cert_hash_sha1()));
  }
  if (!in.cert_hash_sha256().empty()) {
    SG_ASSIGN_OR_RETURN(out.cert_hash_sha256,
                        TakeOctets<32>("settings.sstp.cert_hash_sha256", in.cert_hash_sha256()));
  }
  return out;
}

pb::DataPathSettings ToProto(const DataPathSettings& data_path) {
  pb::DataPathSettings out;
  out.set_kernel_tls_send(data_path.kernel_tls_send);
  out.set_kernel_tls_receive(data_path.kernel_tls_receive);
  out.set_super_packets(data_path.super_packets);
  out.set_fill_records(data_path.fill_records);
  out.set_interface_cache(data_path.interface_cache);
  return out;
}

Result<DataPathSettings> FromProto(const pb::DataPathSettings& in) {
  SG_RETURN_IF_ERROR(CheckRange("settings.data_path.interface_cache", in.interface_cache(), 0,
                                kMaxInterfaceCache));
  return DataPathSettings{in.kernel_tls_send(), in.kernel_tls_receive(), in.super_packets(),
                          in.fill_records(), in.interface_cache()};
}

// "sstp%d": what the kernel takes as a name template, 15 octets at most with its number.
Result<bool> CheckInterfaceTemplate(const std::string& name) {
  SG_RETURN_IF_ERROR(CheckLength("settings.interface_name", name.size(), 3, 15));
  const std::size_t mark = name.find("%d");
  if (mark == std::string::npos) return Refuse("settings.interface_name", "must contain %d");
  std::string rest = name;
  rest.erase(mark, 2);
  return CheckIdentifier("settings.interface_name", rest);
}

}  // namespace

pb::GatewaySettings ToProto(const GatewaySettings& settings) {
  pb::GatewaySettings out;
  out.set_generation(settings.generation.value());
  for (const std::string& address : settings.listen_addresses) out.add_listen_addresses(address);
  out.set_port(settings.port);
  *out.mutable_tls() = ToProto(settings.tls);
  *out.mutable_sstp() = ToProto(settings.sstp);
  *out.mutable_ppp() = contract::ToProto(settings.ppp);
  out.set_interface_name(settings.interface_name);
  out.set_log_level(static_cast<std::uint32_t>(settings.log_level));
  out.set_max_sessions(settings.max_sessions);
  *out.mutable_data_path() = ToProto(settings.data_path);
  *out.mutable_shaper() = contract::ToProto(settings.shaper);
  return out;
}

Result<GatewaySettings> FromProto(const pb::GatewaySettings& in) {
  SG_RETURN_IF_ERROR(CheckRange("settings.generation", in.generation(), 1, UINT64_MAX));
  SG_RETURN_IF_ERROR(CheckRange("settings.listen_addresses", in.listen_addresses().size(), 0,
                                kMaxListenAddresses));
  for (const std::string& address : in.listen_addresses()) {
    if (!Ipv4Address::Parse(address) && !Ipv6Address::Parse(address)) {
      return Refuse("settings.listen_addresses", "must be IPv4 or IPv6 addresses");
    }
  }
  SG_RETURN_IF_ERROR(CheckRange("settings.port", in.port(), 1, 65535));
  SG_RETURN_IF_ERROR(CheckInterfaceTemplate(in.interface_name()));
  SG_RETURN_IF_ERROR(CheckRange("settings.log_level", in.log_level(), 0, 5));
  // Absent, they would read as everything off.
  if (!in.has_data_path()) return Refuse("settings.data_path", "is missing");
  if (!in.has_shaper()) return Refuse("settings.shaper", "is missing");
  GatewaySettings out;
  SG_ASSIGN_OR_RETURN(out.tls, FromProto(in.tls()));
  SG_ASSIGN_OR_RETURN(out.sstp, FromProto(in.sstp()));
  SG_ASSIGN_OR_RETURN(out.ppp, contract::FromProto(in.ppp()));
  SG_ASSIGN_OR_RETURN(out.data_path, FromProto(in.data_path()));
  SG_ASSIGN_OR_RETURN(out.shaper, contract::FromProto(in.shaper()));
  out.generation = Generation(in.generation());
  out.listen_addresses.assign(in.listen_addresses().begin(), in.listen_addresses().end());
  out.port = static_cast<std::uint16_t>(in.port());
  out.interface_name = in.interface_name();
  out.log_level = static_cast<LogLevel>(in.log_level());
  out.max_sessions = in.max_sessions();
  return out;
}

}  // namespace sstpgw::contract
