#include "controlplane/app/accounting_values.h"

#include <algorithm>
#include <chrono>

namespace sstpgw::cp {
namespace {

bool TakesAccounting(const RadiusServerConfig& server) {
  return !server.disabled && server.acct_port != 0;
}

radius::AcctStatus StatusOf(accounting::RecordStatus status) {
  switch (status) {
    case accounting::RecordStatus::kStart:
      return radius::AcctStatus::kStart;
    case accounting::RecordStatus::kStop:
      return radius::AcctStatus::kStop;
    case accounting::RecordStatus::kInterim:
      return radius::AcctStatus::kInterim;
    case accounting::RecordStatus::kOn:
      return radius::AcctStatus::kOn;
    case accounting::RecordStatus::kOff:
      return radius::AcctStatus::kOff;
  }
  return radius::AcctStatus::kInterim;
}

}  // namespace

accounting::AccountingSettings AccountingSettingsOf(const RadiusConfig* config, AuthMode mode) {
  accounting::AccountingSettings settings;
  if (config == nullptr) return settings;
  settings.enabled = mode == AuthMode::kRadius &&
                     std::any_of(config->servers.begin(), config->servers.end(), TakesAccounting);
  settings.interim_interval = config->interim_interval;
  settings.interim_jitter = config->interim_jitter;
  settings.acct_timeout = config->acct_timeout;
  settings.start_delay = config->acct_delay_start;
  // What waits for room at a server counts as unanswered, so no more is offered than goes at once.
  std::size_t room = 0;
  bool limited = true;
  for (const RadiusServerConfig& server : config->servers) {
    if (!TakesAccounting(server) || server.backup) continue;
    limited = limited && server.req_limit > 0;
    room += server.req_limit;
  }
  if (limited && room > 0) {
    settings.spool.in_flight = std::min<std::size_t>(settings.spool.in_flight, 2 * room);
  }
  return settings;
}

std::vector<std::string> AccountingServersOf(const RadiusConfig& config) {
  std::vector<std::string> names;
  for (const RadiusServerConfig& server : config.servers) {
    if (!TakesAccounting(server)) continue;
    names.push_back(AccountingServerName({server.address, server.acct_port}));
  }
  return names;
}

std::string AccountingServerName(const IpEndpoint& accounting) { return ToString(accounting); }

accounting::AccountedLogin LoginOf(const OpenAccounting& open) {
  accounting::AccountedLogin login;
  login.key = open.session;
  login.boot = open.boot;
  accounting::AccountingRecord& record = login.record;
  record.session_id = open.session.session;
  record.user_name = open.facts.user_name.empty() ? open.user : open.facts.user_name;
  record.classes = open.facts.classes;
  record.calling_station = open.calling_station;
  record.called_station = open.called_station;
  record.port = open.facts.nas_port;
  record.addresses.ipv4 = open.address;
  if (open.facts.interim_interval) {
    login.interim_interval =
        std::clamp(*open.facts.interim_interval, std::chrono::seconds(0), accounting::kMaxSeconds);
  }
  login.session_timeout =
      std::clamp(open.session_timeout, std::chrono::seconds(0), accounting::kMaxSeconds);
  return login;
}

bool HasAllAddresses(const SessionRecord& record) {
  const NetworkPolicy& network = record.policy.network;
  const bool none_of_ipv6 = network.framed_ipv6_prefixes.empty() &&
                            network.delegated_ipv6_prefixes.empty() &&
                            network.framed_ipv6_addresses.empty();
  return record.network.ipv6 || none_of_ipv6;
}

radius::AccountingRecord RadiusRecordOf(const accounting::AccountingRecord& record,
                                        std::int64_t unix_seconds) {
  radius::AccountingRecord out;
  out.status = StatusOf(record.status);
  out.session = record.session_id;
  out.user = record.user_name;
  out.port = {record.calling_station, record.called_station, record.port, record.port_id};
  const accounting::Addresses& addresses = record.addresses;
  if (!addresses.ipv4.is_zero()) out.framed_address = addresses.ipv4;
  out.framed_interface_id = addresses.interface_id;
  if (addresses.ipv6) out.framed_ipv6_addresses.push_back(*addresses.ipv6);
  out.framed_ipv6_prefixes = addresses.prefixes;
  out.delegated_ipv6_prefixes = addresses.delegated;
  out.classes = record.classes;
  out.counters = record.counters;
  out.session_time = std::chrono::seconds(
      std::min<std::uint64_t>(record.session_seconds, accounting::kMaxSeconds.count()));
  if (record.status == accounting::RecordStatus::kStop) {
    out.cause = static_cast<TerminateCause>(record.terminate_cause);
  }
  out.event_unix_seconds = record.event_unix_seconds;
  out.delay =
      std::chrono::seconds(std::max<std::int64_t>(unix_seconds - record.event_unix_seconds, 0));
  return out;
}

}  // namespace sstpgw::cp
