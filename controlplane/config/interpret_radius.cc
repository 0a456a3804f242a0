// `authentication.radius` (features 6, 11.3; rules V5, V6): servers, dictionaries, the attribute of
// rate limits, who may send Disconnect- and CoA-Requests. Checked in every mode, so that a mistake
// is not found only when the mode is changed.
#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "controlplane/config/interpret.h"
#include "controlplane/config/secret_source.h"
#include "controlplane/radius/dictionary.h"
#include "proto/base/text.h"

namespace sstpgw::cp {
namespace {

constexpr const char* kRadius = "sstp.authentication.radius";
constexpr const char* kMode = "sstp.authentication.mode";
constexpr std::size_t kMaxAttributeOctets = 253;
constexpr std::uint32_t kShortInterim = 60;  // RFC 2869 5.16
constexpr std::uint32_t kVendorCisco = 9;

std::string Node(std::string_view key) { return Below(kRadius, key); }

// Texts have been checked against their patterns; an empty one is "not written", or refused.
std::optional<Ipv4Address> Ipv4Of(const std::string& text) { return Ipv4Address::Parse(text); }

// `word` has been checked against its choices.
MessageAuthenticatorDemand DemandOf(std::string_view word) {
  if (word == "auto") return MessageAuthenticatorDemand::kOnceSeen;
  return word == "false" ? MessageAuthenticatorDemand::kNever : MessageAuthenticatorDemand::kAlways;
}

// Whether values of this type can say a rate.
bool HoldsRate(radius::ValueType type) {
  switch (type) {
    case radius::ValueType::kString:
    case radius::ValueType::kOctets:
    case radius::ValueType::kInteger:
    case radius::ValueType::kInteger64:
    case radius::ValueType::kShort:
    case radius::ValueType::kByte:
      return true;
    default:
      return false;
  }
}

class RadiusReader {
 public:
  RadiusReader(const v1::SstpConfig& config, Report& report)
      : written_(config.authentication().radius()),
        mode_(config.authentication().mode()),
        negotiation_seconds_(config.protocol().timeout()),
        report_(report) {}

  void ReadDictionaries(const std::string& directory, FileReader& reader, RadiusConfig& result);
  void ReadServers(RadiusConfig& result);
  void ReadTimes(RadiusConfig& result);
  void ReadIdentity(RadiusConfig& result);
  void ReadRateLimit(RadiusConfig& result);
  void ReadDynamicAuthor(RadiusConfig& result);
  void CheckMode() const;

 private:
  [[nodiscard]] bool radius_mode() const { return mode_ == "radius"; }
  RadiusServerConfig ServerOf(const v1::RadiusConfig::Server& written);
  void CheckServers(const RadiusConfig& result);
  void CheckDuplicates(const RadiusConfig& result);
  void CheckMessageAuthenticators();
  // Tells what the dictionary says at `path`.
  void TellUnknown(const std::string& path, const Error& error);
  [[nodiscard]] std::optional<RadiusAttribute> Resolve(const radius::Dictionary& dictionary,
                                                       const std::string& path,
                                                       std::string_view attribute,
                                                       std::string_view vendor);

  const v1::RadiusConfig& written_;
  const std::string& mode_;
  std::uint32_t negotiation_seconds_;
  Report& report_;
};

// ---- Servers ------------------------------------------------------------------------------------

RadiusServerConfig RadiusReader::ServerOf(const v1::RadiusConfig::Server& written) {
  RadiusServerConfig server;
  if (const auto address = ParseIpAddress(written.address())) server.address = *address;
  server.key = Secret(std::string_view(written.key()));
  server.port = static_cast<std::uint16_t>(written.port());
  server.acct_port =
      written.disable_accounting() ? 0 : static_cast<std::uint16_t>(written.acct_port());
  server.disabled = written.disable();
  server.fail_time = std::chrono::seconds(written.fail_time());
  if (written.has_priority()) server.priority = static_cast<std::uint8_t>(written.priority());
  server.backup = written.backup();
  server.require_message_authenticator = DemandOf(written.has_require_message_authenticator()
                                                      ? written.require_message_authenticator()
                                                      : written_.require_message_authenticator());
  server.status_server = written.status_server();
  server.req_limit = written.req_limit();
  server.max_fail =
      written.has_max_fail() ? written.max_fail() : written_.max_try() + written.req_limit();
  return server;
}

void RadiusReader::ReadServers(RadiusConfig& result) {
  for (const auto& server : written_.servers()) result.servers.push_back(ServerOf(server));
  result.source_address = Ipv4Of(written_.source_address());
  result.source_ipv6_address = Ipv6Address::Parse(written_.source_ipv6_address());
  CheckServers(result);
  CheckDuplicates(result);
  CheckMessageAuthenticators();
}

void RadiusReader::CheckServers(const RadiusConfig& result) {
  const std::string path = Node("servers");
  if (result.servers.empty()) {
    if (radius_mode() && !report_.Faulty(path)) {
      report_.Error(path, "names no server: mode radius needs at least one",
                    "Add a server with address and key.");
    }
    return;
  }
  const bool none_left = std::all_of(result.servers.begin(), result.servers.end(),
                                     [](const RadiusServerConfig& one) { return one.disabled; });
  if (none_left && radius_mode()) {
    report_.Warning(path, "are all disabled, so nobody can log in");
  }
  for (std::size_t i = 0; i < result.servers.size(); ++i) {
    const RadiusServerConfig& server = result.servers[i];
    if (server.acct_port == server.port) {
      report_.Warning(Below(Item(path, i), "acct-port"), "is the authentication port as well");
    }
    if (server.status_server && server.fail_time.count() == 0) {
      report_.Warning(Below(Item(path, i), "status-server"),
                      "does nothing without fail-time: a server that is never left alone is not "
                      "asked whether it is back");
    }
  }
}

void RadiusReader::CheckMessageAuthenticators() {
  const std::string key = "require-message-authenticator";
  const auto warn = [&](std::string path) {
    report_.Warning(std::move(path), "lets others forge what servers reply (CVE-2024-3596)",
                    "Switch it off only for a server that sends no Message-Authenticator.");
  };
  if (written_.require_message_authenticator() == "false") warn(Node(key));
  for (int i = 0; i < written_.servers_size(); ++i) {
    const v1::RadiusConfig::Server& server = written_.servers(i);
    if (server.require_message_authenticator() == "false") {
      warn(Below(Item(Node("servers"), static_cast<std::size_t>(i)), key));
    }
  }
}

void RadiusReader::CheckDuplicates(const RadiusConfig& result) {
  const std::string path = Node("servers");
  std::map<std::pair<IpAddress, std::uint16_t>, std::size_t> first;
  for (std::size_t i = 0; i < result.servers.size(); ++i) {
    const std::string address = Below(Item(path, i), "address");
    if (report_.Faulty(Item(path, i))) continue;
    const auto [same, is_new] =
        first.emplace(std::pair{result.servers[i].address, result.servers[i].port}, i);
    if (!is_new) {
      report_.Error(address, "is, with its port, the same as in " + Item("servers", same->second),
                    "Remove one of them.");
    }
  }
}

// ---- Times --------------------------------------------------------------------------------------

void RadiusReader::ReadTimes(RadiusConfig& result) {
  result.timeout = std::chrono::seconds(written_.timeout());
  result.max_try = written_.max_try();
  result.acct_timeout = std::chrono::seconds(written_.acct_timeout());
  result.interim_interval = std::chrono::seconds(written_.accounting_interim_interval());
  result.interim_jitter = std::chrono::seconds(written_.acct_interim_jitter());
  result.acct_delay_start = std::chrono::seconds(written_.acct_delay_start());
  result.acct_on = written_.acct_on();
  if (written_.has_accounting_interim_interval()) {
    if (result.interim_interval.count() < kShortInterim) {
      report_.Warning(Node("accounting-interim-interval"),
                      "is short: servers are meant to be spared with 60 s or more");
    }
    if (result.interim_jitter > result.interim_interval) {
      report_.Warning(Node("acct-interim-jitter"),
                      "is more than accounting-interim-interval; two Interim-Updates are never "
                      "less than 10 s apart");
    }
  }
  const auto used = std::count_if(result.servers.begin(), result.servers.end(),
                                  [](const RadiusServerConfig& one) { return !one.disabled; });
  const std::uint64_t longest =
      static_cast<std::uint64_t>(used) * written_.max_try() * written_.timeout();
  if (used > 1 && longest > negotiation_seconds_) {
    report_.Warning(Node("max-try"),
                    "with timeout and " + std::to_string(used) + " servers makes " +
                        std::to_string(longest) + " s, but clients are given up after " +
                        std::to_string(negotiation_seconds_) + " s (protocol.timeout)",
                    "The last servers may never be asked.");
  }
}

// ---- What servers are told ----------------------------------------------------------------------

void RadiusReader::ReadIdentity(RadiusConfig& result) {
  result.nas_identifier = written_.nas_identifier();
  if (result.nas_identifier.size() > kMaxAttributeOctets) {
    report_.Error(Node("nas-identifier"), "has " + std::to_string(result.nas_identifier.size()) +
                                              " octets, an attribute holds 253");
  }
  result.nas_ip_address = Ipv4Of(written_.nas_ip_address());
  result.session_id_in_access_request = written_.sid_in_auth();
  result.strip_realm = written_.strip_realm();
  result.default_realm = written_.default_realm();
  if (result.strip_realm && !result.default_realm.empty()) {
    report_.Warning(Node("default-realm"), "has no effect because of strip-realm");
  }
  const std::string path = Node("tunnel-type-attribute");
  if (!written_.has_tunnel_type_attribute() || result.dictionary == nullptr) return;
  const auto known = result.dictionary->Require(written_.tunnel_type_attribute());
  if (!known) {
    TellUnknown(path, known.error());
  } else if (!(*known)->on_wire || (*known)->value_type != radius::ValueType::kString ||
             (*known)->encryption != radius::Encryption::kNone) {
    report_.Error(path, "is not an attribute that holds plain text");
  } else {
    result.tunnel_type = RadiusAttribute{(*known)->key.vendor, (*known)->key.type};
  }
}

// ---- Dictionaries and attributes ----------------------------------------------------------------

void RadiusReader::ReadDictionaries(const std::string& directory, FileReader& reader,
                                    RadiusConfig& result) {
  std::vector<std::string> files;
  std::map<std::string, std::size_t> indices;  // of files
  for (int i = 0; i < written_.dictionary_size(); ++i) {
    if (written_.dictionary(i).empty()) continue;  // refused by the schema
    files.push_back(ResolvePath(directory, written_.dictionary(i)));
    indices.emplace(files.back(), static_cast<std::size_t>(i));
  }
  auto loaded = radius::Dictionary::Load(
      files, [&reader](const std::string& path) { return reader.ReadFile(path); });
  if (loaded) {
    result.dictionary = std::make_shared<const radius::Dictionary>(*std::move(loaded));
    return;
  }
  for (const radius::DictionaryIssue& issue : loaded.error()) {
    const auto index = indices.find(issue.file);
    const std::string path = Node("dictionary");
    std::string reason = index == indices.end() ? "in " + Escape(issue.file) + ", " : "";
    if (issue.line > 0) reason += "line " + std::to_string(issue.line) + ": ";
    report_.Error(index == indices.end() ? path : Item(path, index->second),
                  reason + Escape(issue.what), Escape(issue.remedy));
  }
}

void RadiusReader::TellUnknown(const std::string& path, const Error& error) {
  constexpr std::string_view kAdvice = ", did you mean ";
  const std::size_t advice = error.message.find(kAdvice);
  if (advice != std::string::npos) {
    report_.Error(path, error.message.substr(0, advice),
                  "Did you mean " + error.message.substr(advice + kAdvice.size()));
  } else if (error.code == ErrorCode::kNotFound) {
    report_.Error(path, error.message, "Name the file that has it in radius.dictionary.");
  } else {
    report_.Error(path, error.message);
  }
}

std::optional<RadiusAttribute> RadiusReader::Resolve(const radius::Dictionary& dictionary,
                                                     const std::string& path,
                                                     std::string_view attribute,
                                                     std::string_view vendor) {
  const auto key = dictionary.Resolve(attribute, vendor);
  if (key) return RadiusAttribute{key->vendor, key->type};
  TellUnknown(path, key.error());
  return std::nullopt;
}

void RadiusReader::ReadRateLimit(RadiusConfig& result) {
  result.framed_route_strict = written_.framed_route_strict();
  const v1::RadiusConfig::RateLimit& written = written_.rate_limit();
  const std::string node = Node("rate-limit");
  const std::string path = Below(node, "attribute");
  // Without all dictionaries nobody can tell what is unknown; nor what was meant by what is
  // refused.
  if (result.dictionary == nullptr || report_.Refused(path) ||
      report_.Refused(Below(node, "vendor"))) {
    return;
  }
  if (written.has_vendor()) {
    const auto vendor = result.dictionary->RequireVendor(written.vendor());
    if (!vendor) {
      TellUnknown(Below(node, "vendor"), vendor.error());
      return;
    }
    result.cisco_pool = *vendor == kVendorCisco;
  }
  const auto attribute = Resolve(*result.dictionary, path, written.attribute(), written.vendor());
  if (!attribute) return;
  const auto* known =
      result.dictionary->Find(radius::AttributeKey{attribute->vendor, attribute->type});
  if (known != nullptr && !HoldsRate(known->value_type)) {
    report_.Error(path,
                  std::string("holds a value of type ") + radius::ToString(known->value_type) +
                      ", which is no rate",
                  "Name an attribute with text or a number.");
    return;
  }
  if (known != nullptr && known->encryption != radius::Encryption::kNone) {
    report_.Error(path, "is encrypted in packets, rates are not", "Name another attribute.");
    return;
  }
  if (!written.enable()) {
    if (report_.Written(node)) {
      report_.Warning(node, "has no effect because rate-limit.enable is false");
    }
    return;
  }
  result.rate_limit = RadiusRateLimit{
      *attribute, static_cast<std::uint32_t>(std::lround(written.multiplier() * 1e6))};
}

// ---- Disconnect- and CoA-Requests ---------------------------------------------------------------

void RadiusReader::ReadDynamicAuthor(RadiusConfig& result) {
  const std::string node = Node("dynamic-author");
  if (!report_.Written(node)) return;
  const v1::RadiusConfig::DynamicAuthor& written = written_.dynamic_author();
  DynamicAuthorConfig author;
  author.listen = written.has_server() ? Ipv4Of(written.server()) : result.nas_ip_address;
  author.port = static_cast<std::uint16_t>(written.port());
  author.key = Secret(std::string_view(written.key()));
  author.require_message_authenticator = written.require_message_authenticator();
  author.require_event_timestamp = written.require_event_timestamp();
  author.event_timestamp_window = std::chrono::seconds(written.event_timestamp_window());
  author.require_nas_identification = written.require_nas_identification();
  for (const std::string& text : written.allow_from()) {
    if (const auto prefix = IpPrefix::Parse(text)) author.allowed_from.push_back(*prefix);
  }
  const std::string allow = Below(node, "allow-from");
  if (written.allow_from().empty() && !report_.Faulty(allow)) {
    for (const RadiusServerConfig& server : result.servers) {
      author.allowed_from.push_back(IpPrefix::Host(server.address));
    }
    if (result.servers.empty()) {
      report_.Warning(allow, "is missing, and without servers nobody may send requests");
    }
  }
  if (author.require_event_timestamp && author.event_timestamp_window.count() == 0) {
    report_.Warning(Below(node, "event-timestamp-window"),
                    "is 0, so that an old Event-Timestamp is as good as a new one");
  }
  result.dynamic_author = std::move(author);
}

void RadiusReader::CheckMode() const {
  if (mode_ == "local" && report_.Written(kRadius) && !report_.Refused(kMode)) {
    report_.Warning(kRadius, "has no effect because authentication.mode is local");
  }
}

}  // namespace

void InterpretRadius(const v1::SstpConfig& config, const std::string& directory, FileReader& reader,
                     Report& report, ControlConfig& result) {
  const bool radius_mode = config.authentication().mode() == "radius";
  if (radius_mode) result.auth_mode = AuthMode::kRadius;
  const auto& protocols = config.authentication().protocols();
  const auto eap = std::find(protocols.begin(), protocols.end(), "eap");
  if (eap != protocols.end() && !radius_mode && !report.Refused(kMode)) {
    report.Error(
        Item("sstp.authentication.protocols", static_cast<std::size_t>(eap - protocols.begin())),
        "is eap, which only a RADIUS server can judge",
        "Set authentication.mode to radius, or remove it.");
  }
  if ((!radius_mode && !report.Written(kRadius)) || report.Refused(kRadius)) return;
  RadiusReader tree(config, report);
  RadiusConfig& meaning = result.radius.emplace();
  tree.ReadDictionaries(directory, reader, meaning);
  tree.ReadServers(meaning);
  tree.ReadTimes(meaning);
  tree.ReadIdentity(meaning);
  tree.ReadRateLimit(meaning);
  tree.ReadDynamicAuthor(meaning);
  tree.CheckMode();
}

}  // namespace sstpgw::cp
