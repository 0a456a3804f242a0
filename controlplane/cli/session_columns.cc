#include "controlplane/cli/session_columns.h"

#include <algorithm>
#include <regex>
#include <utility>

#include "controlplane/cli/format.h"
#include "controlplane/cli/render_shaper.h"
#include "controlplane/cli/table.h"
#include "proto/base/ip.h"
#include "proto/base/text.h"

namespace sstpgw::cli {
namespace {

namespace pb = ::sstpgw::v1;

std::string Foreign(const std::string& text, bool raw) { return raw ? text : Escape(text); }

std::string Address(const pb::Session& session) {
  const Ipv4Address address(session.record().policy().address());
  const pb::NetworkRecord& network = session.record().network();
  const bool ipv6_only = network.ipv6() && !network.ipv4();
  return address.is_zero() || ipv6_only ? session.inner_ip6() : address.ToString();
}

std::string State(pb::SessionState state) {
  switch (state) {
    case pb::SESSION_STATE_STARTING:
      return "start";
    case pb::SESSION_STATE_ACTIVE:
      return "active";
    case pb::SESSION_STATE_FINISHING:
      return "finish";
    default:
      return "unknown";
  }
}

std::string Protocol(pb::AuthProtocol protocol) {
  switch (protocol) {
    case pb::AUTH_PROTOCOL_PAP:
      return "PAP";
    case pb::AUTH_PROTOCOL_CHAP_MD5:
      return "CHAP";
    case pb::AUTH_PROTOCOL_MSCHAP_V1:
      return "MSCHAP-v1";
    case pb::AUTH_PROTOCOL_MSCHAP_V2:
      return "MSCHAP-v2";
    case pb::AUTH_PROTOCOL_EAP:
      return "EAP";
    default:
      return {};
  }
}

std::string Mode(pb::TlsMode mode) {
  switch (mode) {
    case pb::TLS_MODE_USER:
      return "user";
    case pb::TLS_MODE_SOFTWARE:
      return "sw";
    case pb::TLS_MODE_HARDWARE:
      return "hw";
    default:
      return {};
  }
}

using S = const pb::Session&;

const std::vector<Column>& Table() {
  static const std::vector<Column> columns{
      {"ifname", "interface",
       [](S s, bool raw) { return Foreign(s.record().interface_name(), raw); }, false},
      {"username", "user name", [](S s, bool raw) { return Foreign(s.record().user(), raw); },
       false},
      {"ip", "inner IPv4 address", [](S s, bool) { return Address(s); }, false},
      {"ip6", "inner IPv6 address and length of its prefix",
       [](S s, bool) { return s.inner_ip6(); }, false},
      {"ip6-dp", "delegated IPv6 prefix", [](S s, bool) { return s.delegated_prefix(); }, false},
      {"type", "kind of tunnel", [](S, bool) { return std::string("sstp"); }, false},
      {"rate-limit", "down/up in kbit/s", [](S s, bool) { return s.rate_limit(); }, false},
      {"state", "start, active or finish", [](S s, bool) { return State(s.record().state()); },
       false},
      {"uptime", "[D.]HH:MM:SS", [](S s, bool) { return Uptime(s.record().uptime_seconds()); },
       false},
      {"uptime-raw", "seconds",
       [](S s, bool) { return std::to_string(s.record().uptime_seconds()); }, true},
      {"calling-sid", "client's address",
       [](S s, bool raw) { return Foreign(s.record().calling_station(), raw); }, false},
      {"called-sid", "our address",
       [](S s, bool raw) { return Foreign(s.record().called_station(), raw); }, false},
      {"sid", "session id", [](S s, bool raw) { return Foreign(s.record().session_id(), raw); },
       false},
      {"comp", "mppe: what is inside PPP is encrypted",
       [](S s, bool) { return std::string(s.record().network().mppe() ? "mppe" : ""); }, false},
      {"rx-bytes", "octets from the client",
       [](S s, bool) { return HumanBytes(s.record().counters().rx_bytes()); }, false},
      {"tx-bytes", "octets to the client",
       [](S s, bool) { return HumanBytes(s.record().counters().tx_bytes()); }, false},
      {"rx-bytes-raw", "octets from the client, number",
       [](S s, bool) { return std::to_string(s.record().counters().rx_bytes()); }, true},
      {"tx-bytes-raw", "octets to the client, number",
       [](S s, bool) { return std::to_string(s.record().counters().tx_bytes()); }, true},
      {"rx-pkts", "packets from the client",
       [](S s, bool) { return std::to_string(s.record().counters().rx_packets()); }, true},
      {"tx-pkts", "packets to the client",
       [](S s, bool) { return std::to_string(s.record().counters().tx_packets()); }, true},
      {"netns", "network namespace", [](S, bool) { return std::string(); }, false},
      {"vrf", "VRF",
       [](S s, bool raw) { return Foreign(s.record().policy().network().vrf(), raw); }, false},
      {"inbound-if", "always empty", [](S, bool) { return std::string(); }, false},
      {"service-name", "always empty", [](S, bool) { return std::string(); }, false},
      {"gateway", "gateway that carries it",
       [](S s, bool raw) { return Foreign(s.gateway_id(), raw); }, false},
      {"mtu", "MTU of the interface",
       [](S s, bool) { return std::to_string(s.record().mtu_octets()); }, true},
      {"auth", "authentication protocol",
       [](S s, bool) { return Protocol(s.record().auth_protocol()); }, false},
      {"tls", "TLS version", [](S s, bool raw) { return Foreign(s.record().tls_version(), raw); },
       false},
      {"cipher", "TLS cipher", [](S s, bool raw) { return Foreign(s.record().tls_cipher(), raw); },
       false},
      {"tls-send", "who encrypts: user (OpenSSL), sw (the kernel) or hw (the network card)",
       [](S s, bool) { return Mode(s.record().tls_send()); }, false},
      {"limiter", "what keeps the rate limit, down/up; see show shaper",
       [](S s, bool) { return LimiterText(s.record().shaper()); }, false},
      {"rate-source", "who decided the rate limit: default, user, changed or temporary",
       [](S s, bool) { return RateSourceText(s); }, false},
      {"tls-receive", "who decrypts, likewise",
       [](S s, bool) { return Mode(s.record().tls_receive()); }, false},
      {"session-timeout", "longest life, seconds of uptime; 0: no limit",
       [](S s, bool) { return std::to_string(s.record().policy().session_timeout_seconds()); },
       true},
      {"idle-timeout", "longest time without a packet from the client, seconds; 0: no limit",
       [](S s, bool) { return std::to_string(s.record().policy().idle_timeout_seconds()); }, true},
  };
  return columns;
}

const std::vector<std::string>& PageColumns() {
  static const std::vector<std::string> names{"ifname", "username",    "ip",         "ip6",
                                              "ip6-dp", "calling-sid", "rate-limit", "state",
                                              "uptime", "rx-bytes",    "tx-bytes"};
  return names;
}

// What an operator asks for who looks into one session.
const std::vector<std::string>& WideColumns() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all = PageColumns();
    for (const char* more : {"sid", "gateway", "mtu", "auth", "tls", "cipher", "tls-send",
                             "tls-receive", "rate-source", "limiter", "comp", "vrf"}) {
      all.emplace_back(more);
    }
    return all;
  }();
  return names;
}

// Stable: programs rely on these keys. New ones may be added at the end.
const std::vector<std::string>& JsonColumns() {
  static const std::vector<std::string> names{"ifname",       "username",     "ip",
                                              "ip6",          "ip6-dp",       "type",
                                              "rate-limit",   "state",        "uptime-raw",
                                              "calling-sid",  "called-sid",   "sid",
                                              "comp",         "rx-bytes-raw", "tx-bytes-raw",
                                              "rx-pkts",      "tx-pkts",      "gateway",
                                              "mtu",          "auth",         "tls",
                                              "cipher",       "tls-send",     "tls-receive",
                                              "rate-source",  "limiter",      "session-timeout",
                                              "idle-timeout", "vrf"};
  return names;
}

Error UnknownColumn(const std::string& name) {
  return Error{ErrorCode::kInvalidArgument, "unknown column " + Escape(name)};
}

Result<std::vector<const Column*>> Resolve(const std::vector<std::string>& names) {
  std::vector<const Column*> columns;
  for (const std::string& name : names) {
    const Column* column = FindColumn(name);
    if (column == nullptr) return Fail(UnknownColumn(name));
    columns.push_back(column);
  }
  return columns;
}

struct Match {
  const Column* column;
  std::regex pattern;
};

Result<std::vector<Match>> ParseMatches(const std::vector<std::string>& texts) {
  std::vector<Match> matches;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (equals == std::string::npos) {
      return Fail(
          Error{ErrorCode::kInvalidArgument, "'" + Escape(text) + "' must be column=expression"});
    }
    const Column* column = FindColumn(name);
    if (column == nullptr) return Fail(UnknownColumn(name));
    try {
      matches.push_back({column, std::regex(text.substr(equals + 1))});
    } catch (const std::regex_error& error) {
      return Fail(
          Error{ErrorCode::kInvalidArgument, "'" + Escape(text.substr(equals + 1)) +
                                                 "' is not a regular expression: " + error.what()});
    }
  }
  return matches;
}

bool Fits(const pb::Session& session, const std::vector<Match>& matches) {
  try {
    return std::all_of(matches.begin(), matches.end(), [&](const Match& match) {
      return std::regex_search(match.column->text(session, false), match.pattern);
    });
  } catch (const std::regex_error&) {
    return false;  // too complex for this text
  }
}

Result<std::vector<const pb::Session*>> Choose(const std::vector<pb::Session>& sessions,
                                               const TableRequest& request) {
  SG_ASSIGN_OR_RETURN(const std::vector<Match> matches, ParseMatches(request.matches));
  std::vector<const pb::Session*> chosen;
  for (const pb::Session& session : sessions) {
    if (Fits(session, matches)) chosen.push_back(&session);
  }
  if (!request.order.empty()) {
    const Column* order = FindColumn(request.order);
    if (order == nullptr) return Fail(UnknownColumn(request.order));
    std::stable_sort(chosen.begin(), chosen.end(), [&](const pb::Session* a, const pb::Session* b) {
      return order->text(*a, false) < order->text(*b, false);
    });
  }
  return chosen;
}

void WriteColumns(JsonWriter& json, const pb::Session& session,
                  const std::vector<const Column*>& columns) {
  json.BeginObject();
  for (const Column* column : columns) {
    const std::string text = column->text(session, true);
    json.Key(column->name);
    if (column->number) {
      json.Number(static_cast<std::uint64_t>(std::strtoull(text.c_str(), nullptr, 10)));
    } else {
      json.String(text);
    }
  }
  json.EndObject();
}

}  // namespace

const std::vector<Column>& AllColumns() { return Table(); }

const Column* FindColumn(const std::string& name) {
  for (const Column& column : Table()) {
    if (name == column.name) return &column;
  }
  return nullptr;
}

Result<std::string> RenderSessions(const std::vector<pb::Session>& sessions,
                                   const TableRequest& request) {
  const std::vector<std::string>& usual = request.wide ? WideColumns() : PageColumns();
  SG_ASSIGN_OR_RETURN(const auto columns,
                      Resolve(request.columns.empty() ? usual : request.columns));
  SG_ASSIGN_OR_RETURN(const auto chosen, Choose(sessions, request));
  Row names;
  for (const Column* column : columns) names.emplace_back(column->name);
  std::vector<Row> rows;
  for (const pb::Session* session : chosen) {
    Row row;
    for (const Column* column : columns) row.push_back(column->text(*session, false));
    rows.push_back(std::move(row));
  }
  return RenderTable(names, rows);
}

Result<std::string> RenderSessionsJson(const std::vector<pb::Session>& sessions,
                                       const TableRequest& request) {
  SG_ASSIGN_OR_RETURN(const auto columns,
                      Resolve(request.columns.empty() ? JsonColumns() : request.columns));
  SG_ASSIGN_OR_RETURN(const auto chosen, Choose(sessions, request));
  JsonWriter json;
  json.BeginArray();
  for (const pb::Session* session : chosen) WriteColumns(json, *session, columns);
  json.EndArray();
  return json.Take();
}

void WriteSession(JsonWriter& json, const pb::Session& session) {
  const auto columns = Resolve(JsonColumns());
  if (columns) WriteColumns(json, session, *columns);
}

}  // namespace sstpgw::cli
