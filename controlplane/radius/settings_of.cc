#include "controlplane/radius/settings_of.h"

#include <utility>

#include "controlplane/radius/rates.h"

namespace sstpgw::cp::radius {
namespace {

MessageAuthenticatorPolicy PolicyOf(MessageAuthenticatorDemand demand) {
  switch (demand) {
    case MessageAuthenticatorDemand::kAlways:
      return MessageAuthenticatorPolicy::kYes;
    case MessageAuthenticatorDemand::kOnceSeen:
      return MessageAuthenticatorPolicy::kAuto;
    case MessageAuthenticatorDemand::kNever:
      return MessageAuthenticatorPolicy::kNo;
  }
  return MessageAuthenticatorPolicy::kYes;
}

ServerSettings ServerOf(const RadiusServerConfig& config) {
  ServerSettings server;
  server.address = config.address;
  server.auth_port = config.port;
  server.acct_port = config.acct_port;
  server.secret = config.key.Copy();
  server.disabled = config.disabled;
  server.accounting = config.acct_port != 0;
  server.fail_time = config.fail_time;
  server.max_fail = config.max_fail;
  server.priority = config.priority;
  server.backup = config.backup;
  server.request_limit = config.req_limit;
  server.message_authenticator = PolicyOf(config.require_message_authenticator);
  server.status_server = config.status_server;
  return server;
}

}  // namespace

ClientSettings ClientSettingsOf(const RadiusConfig& config) {
  ClientSettings settings;
  for (const RadiusServerConfig& server : config.servers) {
    settings.servers.push_back(ServerOf(server));
  }
  settings.timeout = config.timeout;
  settings.max_try = config.max_try;
  settings.source_v4 = config.source_address;
  settings.source_v6 = config.source_ipv6_address;
  AppendIdentity(NasIdentityOf(config), settings.identity);
  settings.dictionary = config.dictionary;
  return settings;
}

NasIdentity NasIdentityOf(const RadiusConfig& config) {
  NasIdentity nas;
  nas.identifier = config.nas_identifier;
  nas.ipv4_address = config.nas_ip_address;
  if (config.tunnel_type) nas.tunnel_type = {config.tunnel_type->vendor, config.tunnel_type->type};
  return nas;
}

SessionAttributeSettings SessionAttributeSettingsOf(const RadiusConfig& config) {
  SessionAttributeSettings settings;
  if (const auto scheme = RateSchemeOf(config)) {
    settings.rate_limits.push_back({scheme->key, scheme->type});
  }
  settings.route_host_bits = config.framed_route_strict ? HostBits::kRefuse : HostBits::kClear;
  settings.cisco_pool = config.cisco_pool;
  return settings;
}

UserNameRules UserNameRulesOf(const RadiusConfig& config) {
  return {config.strip_realm, config.default_realm};
}

}  // namespace sstpgw::cp::radius
