#include "controlplane/config/interpret.h"

#include <optional>

#include "proto/base/ip.h"

namespace sstpgw::cp {
namespace {

constexpr std::size_t kMaxDns = 2;
constexpr std::size_t kMaxIpv6Dns = 3;

// Texts have been checked against their patterns; an empty one is "not configured".
Ipv4Address AddressOf(const std::string& text) {
  return Ipv4Address::Parse(text).value_or(Ipv4Address());
}

void InterpretNameServers(const v1::SstpConfig& config, Report& report, ControlConfig& result) {
  for (int i = 0; i < config.name_server_size(); ++i) {
    const std::string path = Item("sstp.name-server", static_cast<std::size_t>(i));
    if (const auto ipv6 = Ipv6Address::Parse(config.name_server(i))) {
      result.ipv6_dns.push_back(*ipv6);
      if (result.ipv6_dns.size() > kMaxIpv6Dns) {
        report.Error(path,
                     "is IPv6 name server number " + std::to_string(result.ipv6_dns.size()) +
                         ", there may be three",
                     "Remove it.");
      }
      continue;
    }
    const std::optional<Ipv4Address> address = Ipv4Address::Parse(config.name_server(i));
    if (!address) continue;  // refused by the schema
    result.dns.push_back(*address);
    if (result.dns.size() > kMaxDns) {
      report.Error(
          path,
          "is IPv4 name server number " + std::to_string(result.dns.size()) + ", there may be two",
          "Remove it.");
    }
  }
  for (const std::string& text : config.wins_server()) result.wins.push_back(AddressOf(text));
}

DirectionLimit KilobitLimit(std::uint32_t kilobits) {
  return {BitsPerSecond{std::uint64_t{kilobits} * 1000}, {}};
}

SingleSession SingleSessionOf(const std::string& text) {
  if (text == "none") return SingleSession::kNone;
  return text == "deny" ? SingleSession::kDeny : SingleSession::kReplace;
}

}  // namespace

bool UsersAreLocal(const v1::SstpConfig& config, const Report& report) {
  return config.authentication().mode() == "local" && !report.Refused("sstp.authentication.mode");
}

ControlConfig Interpret(const v1::SstpConfig& config, const std::string& directory,
                        FileReader& reader, Report& report) {
  ControlConfig result;
  result.description = config.description();
  result.gateway_address = AddressOf(config.gateway_address());
  result.single_session = SingleSessionOf(config.single_session());
  result.operator_socket = config.cli().socket();
  result.link_listen = config.link().listen();
  InterpretNameServers(config, report, result);
  InterpretUsers(config, report, result);
  InterpretRadius(config, directory, reader, report, result);
  InterpretGateway(config, report, result);
  InterpretIpv6(config, report, result);
  InterpretPools(config, report, result);
  InterpretShaper(config, report, result);
  InterpretTls(config, directory, reader, report, result);
  const bool ipv4 = result.gateway.ppp.ipv4 != NcpPreference::kDeny;
  if (ipv4 && !report.Written("sstp.gateway-address") && !report.Faulty("sstp.gateway-address")) {
    report.Warning("sstp.gateway-address", "is missing, so no client gets an IPv4 address");
  }
  return result;
}

void InterpretUsers(const v1::SstpConfig& config, Report& report, ControlConfig& result) {
  const std::string users_path = "sstp.authentication.local-users";
  std::map<Ipv4Address, std::string> owners;
  // Protobuf keeps no order; messages come in the order of names.
  std::map<std::string_view, const v1::LocalUser*> users;
  for (const auto& user : config.authentication().local_users()) {
    users.emplace(user.first, &user.second);
  }
  for (const auto& [name, settings] : users) {
    LocalUser user;
    user.password = Secret(std::string_view(settings->password()));
    user.disabled = settings->disable();
    if (settings->has_rate_limit() && settings->rate_limit().has_download()) {
      user.rates.Set({.time_range = 0,
                      .down = KilobitLimit(settings->rate_limit().download()),
                      .up = KilobitLimit(settings->rate_limit().upload())});
    }
    if (settings->has_static_ip() && settings->static_ip() != "*") {
      const std::string path = Below(Below(users_path, name), "static-ip");
      user.static_ip = AddressOf(settings->static_ip());
      if (*user.static_ip == result.gateway_address) {
        report.Error(path, "is the gateway-address");
      }
      const auto [owner, is_new] = owners.emplace(*user.static_ip, name);
      if (!is_new) {
        report.Warning(path, "belongs to user " + Shown(owner->second) + " as well",
                       "Only one of them can be connected at a time.");
      }
    }
    result.local_users.emplace(name, std::move(user));
  }
  if (users.empty() && UsersAreLocal(config, report) && !report.Faulty(users_path)) {
    report.Error(users_path, "is missing: mode local needs at least one user",
                 "Add a user with a password.");
  }
}

}  // namespace sstpgw::cp
