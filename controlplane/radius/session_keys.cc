#include "controlplane/radius/session_keys.h"

#include <algorithm>
#include <array>
#include <utility>

#include "controlplane/radius/attribute_numbers.h"
#include "proto/base/text.h"

namespace sstpgw::cp::radius {
namespace {

constexpr std::array kKeys = {kUserName,        kNasPort,          kFramedIpAddress,
                              kCalledStationId, kCallingStationId, kAcctSessionId,
                              kNasPortId,       kFramedIpv6Prefix, kFramedInterfaceId};

constexpr std::size_t kEnoughText = 300;

// RFC 2865 5.8: let the user, let the NAS select an address.
bool NamesAnAddress(Ipv4Address address) { return address.value() < 0xfffffffe; }

std::optional<std::string> NonEmptyText(ByteView value) {
  const std::string_view text = ReadText(value);
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

// Takes `value` as what `key` must be; `name` for the log.
template <class T>
OrRefusal<void> Take(const char* name, std::optional<T> value, std::optional<T>& key) {
  if (!value) {
    return Refuse(ErrorCause::kInvalidRequest, std::string(name) + " does not have its shape");
  }
  if (key && *key != *value) {
    return Refuse(ErrorCause::kInvalidRequest, std::string(name) + " is there twice");
  }
  key = std::move(value);
  return {};
}

OrRefusal<void> TakeAddress(ByteView value, SessionKeys& keys) {
  const std::optional<Ipv4Address> address = ReadIpv4(value);
  if (address && !NamesAnAddress(*address)) return {};
  return Take("Framed-IP-Address", address, keys.address);
}

OrRefusal<void> TakePrefix(ByteView value, SessionKeys& keys) {
  std::optional<Ipv6Prefix> prefix;
  SG_RETURN_IF_ERROR(Take("Framed-IPv6-Prefix", ReadIpv6Prefix(value), prefix));
  keys.ipv6_prefixes.push_back(*prefix);
  return {};
}

OrRefusal<void> TakeKey(const Attribute& attribute, SessionKeys& keys) {
  const ByteView value = attribute.value;
  const AttributeKey key = attribute.key();
  if (key == kAcctSessionId) return Take("Acct-Session-Id", NonEmptyText(value), keys.session);
  if (key == kUserName) return Take("User-Name", NonEmptyText(value), keys.user);
  if (key == kNasPortId) return Take("NAS-Port-Id", NonEmptyText(value), keys.interface_name);
  if (key == kNasPort) return Take("NAS-Port", ReadInteger(value), keys.nas_port);
  if (key == kFramedIpAddress) return TakeAddress(value, keys);
  if (key == kCallingStationId) {
    return Take("Calling-Station-Id", NonEmptyText(value), keys.calling_station);
  }
  if (key == kCalledStationId) {
    return Take("Called-Station-Id", NonEmptyText(value), keys.called_station);
  }
  if (key == kFramedIpv6Prefix) return TakePrefix(value, keys);
  if (key == kFramedInterfaceId) {
    return Take("Framed-Interface-Id", ReadInterfaceId(value), keys.interface_id);
  }
  return {};
}

// Absent keys fit everything.
bool Fits(const std::optional<std::string>& key, const std::string& value) {
  return !key || *key == value;
}
template <class T>
bool Fits(const std::optional<T>& key, const std::optional<T>& value) {
  return !key || key == value;
}

}  // namespace

bool IsSessionKey(AttributeKey key) {
  return std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end();
}

OrRefusal<SessionKeys> ReadSessionKeys(const Packet& request) {
  SessionKeys keys;
  for (const Attribute& attribute : request.attributes) {
    SG_RETURN_IF_ERROR(TakeKey(attribute, keys));
  }
  return keys;
}

bool SessionKeys::empty() const {
  return !session && !user && !interface_name && !nas_port && !address && !calling_station &&
         ipv6_prefixes.empty() && !interface_id;
}

bool SessionKeys::Fit(const SessionIdentity& other) const {
  // The name that accounting uses is the one a server knows; the client's still is the client's.
  const bool same_user =
      !user || *user == other.user || (!user->empty() && *user == other.accounting_user);
  const auto has_prefix = [&](const Ipv6Prefix& prefix) {
    return std::find(other.ipv6_prefixes.begin(), other.ipv6_prefixes.end(), prefix) !=
           other.ipv6_prefixes.end();
  };
  return Fits(session, other.name.session) && same_user &&
         Fits(interface_name, other.interface_name) && Fits(nas_port, other.nas_port) &&
         Fits(address, other.address) && Fits(calling_station, other.calling_station) &&
         Fits(called_station, other.called_station) &&
         std::all_of(ipv6_prefixes.begin(), ipv6_prefixes.end(), has_prefix) &&
         Fits(interface_id, other.interface_id);
}

std::string SessionKeys::ToString() const {
  std::string text;
  bool more = false;  // than a line of a log should hold
  const auto add = [&](const char* name, const std::string& value) {
    more = more || text.size() > kEnoughText;
    if (!more) text += (text.empty() ? "" : ", ") + std::string(name) + " " + value;
  };
  const auto add_text = [&add](const char* name, const std::optional<std::string>& value) {
    if (value) add(name, '"' + Escape(*value) + '"');
  };
  add_text("Acct-Session-Id", session);
  add_text("User-Name", user);
  add_text("NAS-Port-Id", interface_name);
  if (nas_port) add("NAS-Port", std::to_string(*nas_port));
  if (address) add("Framed-IP-Address", address->ToString());
  add_text("Calling-Station-Id", calling_station);
  for (const Ipv6Prefix& prefix : ipv6_prefixes) add("Framed-IPv6-Prefix", prefix.ToString());
  if (interface_id) add("Framed-Interface-Id", ToHex(*interface_id));
  add_text("Called-Station-Id", called_station);
  return more ? text + ", ..." : text;
}

}  // namespace sstpgw::cp::radius
