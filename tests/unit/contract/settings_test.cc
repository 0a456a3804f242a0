#include <functional>

#include "tests/unit/contract/refusal.h"

namespace sstpgw::contract {
namespace {

using ::testing::ElementsAre;

GatewaySettings Full() {
  GatewaySettings settings;
  settings.generation = Generation(42);
  settings.listen_addresses = {"192.0.2.1", "2001:db8::1"};
  settings.port = 8443;
  settings.tls.certificate_chain_pem = "chain";
  settings.tls.private_key_pem = Secret(std::string_view("key"));
  settings.tls.ciphers = "HIGH";
  settings.tls.ciphersuites = "TLS_AES_128_GCM_SHA256";
  settings.tls.curves = "P-256";
  settings.tls.dhparam_pem = "dh";
  settings.tls.protocols = {"tls1.2"};
  settings.tls.prefer_server_ciphers = true;
  settings.sstp.negotiation_timeout = std::chrono::seconds(61);
  settings.sstp.hello_interval = std::chrono::seconds(0);
  settings.sstp.hash_mask = 2;
  settings.sstp.http_error = HttpErrorPolicy::kRedirect;
  settings.sstp.http_redirect_url = "https://example.com/";
  settings.sstp.host_name = "vpn.example.com";
  settings.sstp.cert_hash_sha1.emplace().fill(1);
  settings.sstp.cert_hash_sha256.emplace().fill(2);
  settings.ppp.mtu = 1400;
  settings.ppp.mru = 1300;
  settings.ppp.min_mtu = 576;
  settings.ppp.ppp_max_mtu = 1452;
  settings.ppp.mtu_configured = true;
  settings.ppp.auth_protocols = {AuthProtocol::kMsChapV2, AuthProtocol::kPap};
  settings.ppp.ipv4 = NcpPreference::kRequire;
  settings.ppp.gateway_address = Ipv4Address(0x0a000001);
  settings.ppp.echo_interval = std::chrono::seconds(5);
  settings.ppp.echo_failure = 4;
  settings.ppp.echo_timeout = std::chrono::seconds(20);
  settings.ppp.restart_timeout = std::chrono::seconds(2);
  settings.ppp.max_configure = 11;
  settings.ppp.max_terminate = 3;
  settings.ppp.max_failure = 6;
  settings.ppp.server_name = "edge";
  settings.interface_name = "vpn%d";
  settings.log_level = LogLevel::kDebug;
  settings.max_sessions = 1000;
  settings.data_path = {false, true, false, true, 256'000};
  settings.shaper.down = DownLimiter::kEdt;
  settings.shaper.fwmark = 5;
  return settings;
}

TEST(Settings, RoundTrip) {
  const GatewaySettings in = Full();
  const auto out = FromProto(ToProto(in));
  ASSERT_TRUE(out.has_value()) << out.error().message;
  EXPECT_EQ(out->generation, in.generation);
  EXPECT_EQ(out->listen_addresses, in.listen_addresses);
  EXPECT_EQ(out->port, in.port);
  EXPECT_EQ(out->tls.certificate_chain_pem, "chain");
  EXPECT_EQ(out->tls.private_key_pem.RevealText(), "key");
  EXPECT_EQ(out->tls.ciphers, in.tls.ciphers);
  EXPECT_EQ(out->tls.ciphersuites, in.tls.ciphersuites);
  EXPECT_EQ(out->tls.curves, in.tls.curves);
  EXPECT_EQ(out->tls.dhparam_pem, in.tls.dhparam_pem);
  EXPECT_THAT(out->tls.protocols, ElementsAre("tls1.2"));
  EXPECT_TRUE(out->tls.prefer_server_ciphers);
  EXPECT_EQ(out->interface_name, in.interface_name);
  EXPECT_EQ(out->log_level, in.log_level);
  EXPECT_EQ(out->max_sessions, in.max_sessions);
  EXPECT_EQ(out->data_path, in.data_path);
  EXPECT_EQ(out->shaper, in.shaper);
}

TEST(Settings, SstpRoundTrip) {
  const SstpSettings in = Full().sstp;
  const auto settings = FromProto(ToProto(Full()));
  ASSERT_TRUE(settings.has_value());
  const SstpSettings& out = settings->sstp;
  EXPECT_EQ(out.negotiation_timeout, in.negotiation_timeout);
  EXPECT_EQ(out.hello_interval, in.hello_interval);
  EXPECT_EQ(out.hash_mask, in.hash_mask);
  EXPECT_EQ(out.http_error, in.http_error);
  EXPECT_EQ(out.http_redirect_url, in.http_redirect_url);
  EXPECT_EQ(out.host_name, in.host_name);
  EXPECT_EQ(out.cert_hash_sha1, in.cert_hash_sha1);
  EXPECT_EQ(out.cert_hash_sha256, in.cert_hash_sha256);
}

TEST(Settings, PppRoundTrip) {
  const PppSettings in = Full().ppp;
  const auto settings = FromProto(ToProto(Full()));
  ASSERT_TRUE(settings.has_value());
  const PppSettings& out = settings->ppp;
  EXPECT_EQ(out.mtu, in.mtu);
  EXPECT_EQ(out.mru, in.mru);
  EXPECT_EQ(out.min_mtu, in.min_mtu);
  EXPECT_EQ(out.ppp_max_mtu, in.ppp_max_mtu);
  EXPECT_EQ(out.mtu_configured, in.mtu_configured);
  EXPECT_EQ(out.auth_protocols, in.auth_protocols);
  EXPECT_EQ(out.ipv4, in.ipv4);
  EXPECT_EQ(out.gateway_address, in.gateway_address);
  EXPECT_EQ(out.echo_interval, in.echo_interval);
  EXPECT_EQ(out.echo_failure, in.echo_failure);
  EXPECT_EQ(out.echo_timeout, in.echo_timeout);
  EXPECT_EQ(out.restart_timeout, in.restart_timeout);
  EXPECT_EQ(out.max_configure, in.max_configure);
  EXPECT_EQ(out.max_terminate, in.max_terminate);
  EXPECT_EQ(out.max_failure, in.max_failure);
  EXPECT_EQ(out.server_name, in.server_name);
}

TEST(Settings, EachSwitchOfTheDataPathIsItsOwn) {
  for (const DataPathSettings& in :
       {DataPathSettings{}, DataPathSettings{true, false, false, false, 0},
        DataPathSettings{false, true, false, false, 0},
        DataPathSettings{false, false, true, false, 0},
        DataPathSettings{false, false, false, true, 0},
        DataPathSettings{false, false, false, false, 1}}) {
    GatewaySettings settings = Full();
    settings.data_path = in;
    const auto out = FromProto(ToProto(settings));
    ASSERT_TRUE(out.has_value()) << out.error().message;
    EXPECT_EQ(out->data_path, in);
  }
}

TEST(Settings, AbsentPartsStayAbsent) {
  GatewaySettings in = Full();
  in.listen_addresses.clear();
  in.sstp.cert_hash_sha1.reset();
  in.sstp.cert_hash_sha256.reset();
  in.sstp.http_error = HttpErrorPolicy::kAllow;
  in.sstp.http_redirect_url.clear();
  in.ppp.mru.reset();
  const auto out = FromProto(ToProto(in));
  ASSERT_TRUE(out.has_value()) << out.error().message;
  EXPECT_TRUE(out->listen_addresses.empty());
  EXPECT_FALSE(out->sstp.cert_hash_sha1);
  EXPECT_FALSE(out->sstp.cert_hash_sha256);
  EXPECT_FALSE(out->ppp.mru);
}

TEST(Settings, PrivateKeyIsInNoMessage) {
  pb::GatewaySettings message = ToProto(Full());
  message.mutable_tls()->set_private_key_pem(std::string(kMaxPem + 1, 'K'));
  const auto result = FromProto(message);
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().message.find("KKK"), std::string::npos);
}

struct BadField {
  const char* field;
  std::function<void(pb::GatewaySettings&)> spoil;
};

TEST(Settings, EachInvalidFieldIsRefused) {
  const std::vector<BadField> cases{
      {"generation", [](auto& m) { m.set_generation(0); }},
      {"listen_addresses", [](auto& m) { m.add_listen_addresses("localhost"); }},
      {"listen_addresses", [](auto& m) { m.add_listen_addresses("192.0.2.256"); }},
      {"listen_addresses",
       [](auto& m) {
         for (int i = 0; i < 64; ++i) m.add_listen_addresses("192.0.2.1");
       }},
      {"port", [](auto& m) { m.set_port(0); }},
      {"port", [](auto& m) { m.set_port(65536); }},
      {"interface_name", [](auto& m) { m.set_interface_name("sstp"); }},
      {"interface_name", [](auto& m) { m.set_interface_name("%d"); }},
      {"interface_name", [](auto& m) { m.set_interface_name("a%d%s"); }},
      {"interface_name", [](auto& m) { m.set_interface_name("a/%d"); }},
      {"interface_name", [](auto& m) { m.set_interface_name("abcdefghijklmn%d"); }},
      {"log_level", [](auto& m) { m.set_log_level(6); }},
      {"data_path", [](auto& m) { m.clear_data_path(); }},
      {"interface_cache", [](auto& m) { m.mutable_data_path()->set_interface_cache(256'001); }},
      {"shaper", [](auto& m) { m.clear_shaper(); }},
      {"settings.shaper.r2q", [](auto& m) { m.mutable_shaper()->set_r2q(0); }},
      {"certificate_chain_pem", [](auto& m) { m.mutable_tls()->clear_certificate_chain_pem(); }},
      {"private_key_pem", [](auto& m) { m.mutable_tls()->clear_private_key_pem(); }},
      {"dhparam_pem",
       [](auto& m) { m.mutable_tls()->set_dhparam_pem(std::string(kMaxPem + 1, 'a')); }},
      {"tls.ciphers", [](auto& m) { m.mutable_tls()->set_ciphers(std::string(4097, 'a')); }},
      {"ciphersuites", [](auto& m) { m.mutable_tls()->set_ciphersuites(std::string(4097, 'a')); }},
      {"curves", [](auto& m) { m.mutable_tls()->set_curves(std::string(4097, 'a')); }},
      {"tls.protocols", [](auto& m) { m.mutable_tls()->clear_protocols(); }},
      {"tls.protocols", [](auto& m) { m.mutable_tls()->add_protocols("ssl3"); }},
      {"negotiation_timeout",
       [](auto& m) { m.mutable_sstp()->set_negotiation_timeout_seconds(0); }},
      {"hello_interval", [](auto& m) { m.mutable_sstp()->set_hello_interval_seconds(86401); }},
      {"hash_mask", [](auto& m) { m.mutable_sstp()->set_hash_mask(0); }},
      {"hash_mask", [](auto& m) { m.mutable_sstp()->set_hash_mask(4); }},
      {"HttpErrorPolicy", [](auto& m) { m.mutable_sstp()->clear_http_error(); }},
      {"HttpErrorPolicy",
       [](auto& m) { m.mutable_sstp()->set_http_error(static_cast<pb::HttpErrorPolicy>(9)); }},
      {"http_redirect_url", [](auto& m) { m.mutable_sstp()->clear_http_redirect_url(); }},
      {"http_redirect_url",
       [](auto& m) { m.mutable_sstp()->set_http_redirect_url("http://a/\r\nX: y"); }},
      {"http_redirect_url",
       [](auto& m) { m.mutable_sstp()->set_http_error(pb::HTTP_ERROR_POLICY_DENY); }},
      {"host_name", [](auto& m) { m.mutable_sstp()->set_host_name(std::string(254, 'a')); }},
      {"cert_hash_sha1", [](auto& m) { m.mutable_sstp()->set_cert_hash_sha1("short"); }},
      {"cert_hash_sha256",
       [](auto& m) { m.mutable_sstp()->set_cert_hash_sha256(std::string(33, 'a')); }},
      {"mtu_octets", [](auto& m) { m.mutable_ppp()->set_mtu_octets(67); }},
      {"mtu_octets", [](auto& m) { m.mutable_ppp()->set_mtu_octets(1501); }},
      {"mru_octets", [](auto& m) { m.mutable_ppp()->set_mru_octets(67); }},
      {"min_mtu_octets", [](auto& m) { m.mutable_ppp()->set_min_mtu_octets(65536); }},
      {"ppp_max_mtu_octets", [](auto& m) { m.mutable_ppp()->set_ppp_max_mtu_octets(4088); }},
      {"auth_protocols", [](auto& m) { m.mutable_ppp()->clear_auth_protocols(); }},
      {"auth_protocols",
       [](auto& m) { m.mutable_ppp()->add_auth_protocols(pb::AUTH_PROTOCOL_PAP); }},
      {"AuthProtocol",
       [](auto& m) { m.mutable_ppp()->add_auth_protocols(pb::AUTH_PROTOCOL_UNSPECIFIED); }},
      {"NcpPreference", [](auto& m) { m.mutable_ppp()->clear_ipv4(); }},
      {"echo_interval", [](auto& m) { m.mutable_ppp()->set_echo_interval_seconds(86401); }},
      {"echo_failure", [](auto& m) { m.mutable_ppp()->set_echo_failure(0); }},
      {"echo_timeout", [](auto& m) { m.mutable_ppp()->set_echo_timeout_seconds(86401); }},
      {"restart_timeout", [](auto& m) { m.mutable_ppp()->set_restart_timeout_seconds(0); }},
      {"max_configure", [](auto& m) { m.mutable_ppp()->set_max_configure(0); }},
      {"max_terminate", [](auto& m) { m.mutable_ppp()->set_max_terminate(1001); }},
      {"max_failure", [](auto& m) { m.mutable_ppp()->set_max_failure(0); }},
      {"server_name", [](auto& m) { m.mutable_ppp()->clear_server_name(); }},
  };
  const pb::GatewaySettings good = ToProto(Full());
  ExpectAccepted(good);
  for (const BadField& bad : cases) {
    pb::GatewaySettings message = good;
    bad.spoil(message);
    ExpectRefused(message, bad.field);
  }
}

}  // namespace
}  // namespace sstpgw::contract
