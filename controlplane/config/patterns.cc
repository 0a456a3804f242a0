#include "controlplane/config/patterns.h"

#include <algorithm>
#include <array>
#include <optional>

#include "controlplane/config/decimal.h"
#include "controlplane/config/pool_range.h"
#include "controlplane/shaper/leaf_qdisc.h"
#include "controlplane/shaper/operator_rate.h"
#include "controlplane/shaper/time_range.h"
#include "proto/base/ip.h"

namespace sstpgw::cp {
namespace {

bool IsAlnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool IsHexDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool IsGraphic(char c) { return c > ' ' && c < 0x7f; }

template <class Predicate>
bool All(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

std::string Need(bool holds, std::string_view reason) {
  return holds ? std::string() : std::string(reason);
}

// Removes `prefix` from the front of `text`; false if it is not there.
bool Consume(std::string_view& text, std::string_view prefix) {
  if (text.substr(0, prefix.size()) != prefix) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// "left<separator>right" cut at the last separator.
std::optional<std::pair<std::string_view, std::string_view>> CutLast(std::string_view text,
                                                                     char separator) {
  const std::size_t at = text.rfind(separator);
  if (at == std::string_view::npos) return std::nullopt;
  return std::pair{text.substr(0, at), text.substr(at + 1)};
}

bool InRange(std::string_view text, std::uint64_t min, std::uint64_t max) {
  const std::optional<std::uint64_t> value = ParseDecimal(text);
  return value && *value >= min && *value <= max;
}

bool IsIpv6Host(std::string_view text) {
  const std::optional<Ipv6Address> address = Ipv6Address::Parse(text);
  return address && *address != Ipv6Address() && address->octets()[0] != 0xff;
}
bool IsIpv4Host(std::string_view text) {
  const std::optional<Ipv4Address> address = Ipv4Address::Parse(text);
  return address && IsHostAddress(*address);
}
// Also of this very host.
bool IsIpv4Unicast(std::string_view text) {
  const std::optional<Ipv4Address> address = Ipv4Address::Parse(text);
  const std::uint32_t first_octet = address ? address->value() >> 24 : 0;
  return first_octet > 0 && first_octet < 224;
}
bool IsPrefix(std::string_view text, bool ipv4_too) {
  const auto cut = CutLast(text, '/');
  if (!cut) return false;
  if (Ipv6Address::Parse(cut->first)) return InRange(cut->second, 0, 128);
  return ipv4_too && Ipv4Address::Parse(cut->first) && InRange(cut->second, 0, 32);
}
// sun_path holds 107 octets and NUL.
bool IsSocketPath(std::string_view text) {
  return text.size() >= 2 && text.size() <= 107 && text.front() == '/' && text.back() != '/' &&
         All(text, [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != 0x7f; });
}
bool IsUnixAddress(std::string_view text) {
  if (!Consume(text, "unix:")) return false;
  if (IsSocketPath(text)) return true;
  return Consume(text, "@") && !text.empty() && text.size() <= 106 && All(text, IsGraphic);
}
bool IsAddressPort(std::string_view text) {
  const auto cut = CutLast(text, ':');
  if (!cut || !InRange(cut->second, 1, 65535)) return false;
  std::string_view host = cut->first;
  if (Ipv4Address::Parse(host)) return true;
  if (!Consume(host, "[") || host.empty() || host.back() != ']') return false;
  host.remove_suffix(1);
  return Ipv6Address::Parse(host).has_value();
}

std::string CheckIpv4Host(std::string_view text) {
  if (Ipv4Address::Parse(text) && !IsIpv4Host(text)) return "is not the address of a host";
  return Need(IsIpv4Host(text), "must be an IPv4 address");
}
std::string CheckIpHost(std::string_view text) {
  return Need(IsIpv4Host(text) || IsIpv6Host(text), "must be the IPv4 or IPv6 address of a host");
}
std::string CheckIpv4Unicast(std::string_view text) {
  return Need(IsIpv4Unicast(text), "must be an IPv4 address, not one of a group or of all");
}
std::string CheckIpv6Unicast(std::string_view text) {
  return Need(IsIpv6Host(text), "must be an IPv6 address, not one of a group or of all");
}
std::string CheckIpUnicast(std::string_view text) {
  return Need(IsIpv4Unicast(text) || IsIpv6Host(text),
              "must be an IPv4 or IPv6 address, not one of a group or of all");
}
std::string CheckIpv6(std::string_view text) {
  return Need(Ipv6Address::Parse(text).has_value(), "must be an IPv6 address");
}
std::string CheckIpv6Prefix(std::string_view text) {
  return Need(IsPrefix(text, false), "must be an IPv6 prefix like 2001:db8::/48");
}
std::string CheckIpPrefix(std::string_view text) {
  return Need(IsPrefix(text, true), "must be an IPv4 or IPv6 prefix like 192.0.2.0/24");
}
std::string CheckPoolRange(std::string_view text) {
  const auto range = ParsePoolRange(text);
  return range ? std::string() : range.error();
}
// VyOS: [-_a-zA-Z0-9][\w\-\.\+]*
std::string CheckPoolName(std::string_view text) {
  const auto in_name = [](char c) {
    return IsAlnum(c) || c == '_' || c == '-' || c == '.' || c == '+';
  };
  const bool good = !text.empty() && text.size() <= 255 && text.front() != '.' &&
                    text.front() != '+' && All(text, in_name);
  return Need(good,
              "must consist of letters, digits, '-', '_', '.' and '+', not beginning with "
              "'.' or '+'");
}
std::string CheckUserName(std::string_view text) {
  // What RADIUS can carry (RFC 2865 5.1); gateways refuse longer names.
  return Need(!text.empty() && text.size() <= 253, "must have 1..253 octets");
}
// VyOS: [A-Za-z0-9][-.A-Za-z0-9]*[A-Za-z0-9]
std::string CheckHostName(std::string_view text) {
  const bool good = text.size() >= 2 && IsAlnum(text.front()) && IsAlnum(text.back()) &&
                    All(text, [](char c) { return IsAlnum(c) || c == '-' || c == '.'; });
  return Need(good,
              "must be a host name: letters, digits, '-' and '.', beginning and ending with "
              "a letter or digit");
}
bool IsInterfaceText(std::string_view text) {
  return All(text, [](char c) { return IsGraphic(c) && c != '/' && c != ':' && c != '%'; });
}
bool IsTemplateText(std::string_view text) {
  return All(text, [](char c) { return IsAlnum(c) || c == '.' || c == '_' || c == '-'; });
}
// What proto/contract takes. IFNAMSIZ leaves 15 octets; five of them for the number.
std::string CheckInterfaceTemplate(std::string_view text) {
  const std::size_t number = text.find("%d");
  if (number == std::string_view::npos) return "must contain %d, where the number goes";
  const std::string_view before = text.substr(0, number);
  const std::string_view after = text.substr(number + 2);
  if (!IsTemplateText(before) || !IsTemplateText(after) || before.empty()) {
    return "must be a name of letters, digits, '.', '_' and '-' with %d once, not at its start";
  }
  return Need(before.size() + after.size() <= 10, "may have at most 10 characters besides %d");
}
std::string CheckInterfaceName(std::string_view text) {
  return Need(!text.empty() && text.size() <= 15 && IsInterfaceText(text),
              "must be an interface name of 1..15 characters");
}
std::string CheckUnixAddress(std::string_view text) {
  return Need(IsUnixAddress(text), "must be unix:/path or unix:@name");
}
std::string CheckListenAddress(std::string_view text) {
  const bool good = Ipv4Address::Parse(text) || Ipv6Address::Parse(text) || IsUnixAddress(text);
  return Need(good, "must be an IPv4 or IPv6 address without a port");
}
std::string CheckAddressPort(std::string_view text) {
  return Need(IsAddressPort(text), "must be address:port, an IPv6 address in brackets");
}
std::string CheckLinkAddress(std::string_view text) {
  std::string_view path = text;
  const bool is_path = Consume(path, "unix:") && IsSocketPath(path);
  return Need(is_path || IsAddressPort(text), "must be unix:/path, at most 107 octets of path");
}
std::string CheckSocketPath(std::string_view text) {
  return Need(IsSocketPath(text), "must be an absolute path of at most 107 octets");
}
std::string CheckFilePath(std::string_view text) {
  const bool good = !text.empty() && text.back() != '/' && All(text, [](char c) {
    return static_cast<unsigned char>(c) >= ' ' && c != 0x7f;
  });
  return Need(good, "must be the path of a file");
}
std::string CheckHex(std::string_view text, std::size_t octets) {
  return Need(HexToOctets(text).size() == octets,
              octets == 20 ? "must be 40 hex digits (SHA-1)" : "must be 64 hex digits (SHA-256)");
}
std::string CheckHex20(std::string_view text) { return CheckHex(text, 20); }
std::string CheckHex32(std::string_view text) { return CheckHex(text, 32); }
std::string CheckHttpUrl(std::string_view text) {
  std::string_view rest = text;
  const bool scheme = Consume(rest, "http://") || Consume(rest, "https://");
  const bool host = !rest.empty() && rest.front() != '/';
  return Need(scheme && host && All(rest, IsGraphic), "must be a URL like https://example.com/");
}
std::string CheckPrintable(std::string_view text) {
  return Need(!text.empty() && All(text, [](char c) { return c == ' ' || IsGraphic(c); }),
              "must be printable ASCII text");
}
// What may stand behind '@' in a User-Name (RFC 7542 2.2, loosely).
std::string CheckRealm(std::string_view text) {
  const bool good = !text.empty() && text.size() <= 128 &&
                    All(text, [](char c) { return IsGraphic(c) && c != '@'; });
  return Need(good, "must be 1..128 printable characters without blanks and without '@'");
}
std::string CheckConnectionRate(std::string_view text) {
  const auto cut = CutLast(text, '/');
  const bool good =
      cut && InRange(cut->first, 1, 1'000'000) && (cut->second == "min" || cut->second == "sec");
  return Need(good, "must be N/min or N/sec with N at least 1");
}
std::string CheckRatePair(std::string_view text) {
  const auto reading = ReadOperatorRate(text);
  return reading ? std::string() : "must be DOWN/UP like 10M/2M: " + reading.error();
}
std::string CheckLeafQdisc(std::string_view text) {
  const auto leaf = ReadLeafQdisc(text);
  return leaf ? std::string() : leaf.error();
}
std::string CheckInterfaceId(std::string_view text) {
  std::size_t groups = 0;
  std::string_view rest = text;
  bool good = true;
  while (good) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    good = end >= 1 && end <= 4 && All(rest.substr(0, end), IsHexDigit);
    ++groups;
    if (end == rest.size()) break;
    rest.remove_prefix(end + 1);
  }
  return Need(good && groups == 4, "must be four hex groups like 0:0:0:1");
}
std::string CheckTimeRange(std::string_view text) {
  const auto range = ReadTimeRange(text);
  return range ? std::string() : range.error();
}

constexpr std::array kPatterns{
    Pattern{"ipv4-host", "IPv4 address", "192.0.2.1", CheckIpv4Host},
    Pattern{"ip-host", "IPv4 or IPv6 address", "192.0.2.1", CheckIpHost},
    Pattern{"ipv4-unicast", "IPv4 address", "192.0.2.1", CheckIpv4Unicast},
    Pattern{"ipv6-unicast", "IPv6 address", "2001:db8::1", CheckIpv6Unicast},
    Pattern{"ip-unicast", "IPv4 or IPv6 address", "192.0.2.1", CheckIpUnicast},
    Pattern{"ipv6", "IPv6 address", "2001:db8::1", CheckIpv6},
    Pattern{"ipv6-prefix", "IPv6 prefix", "2001:db8::/48", CheckIpv6Prefix},
    Pattern{"ip-prefix", "IPv4 or IPv6 prefix", "192.0.2.0/24", CheckIpPrefix},
    Pattern{"pool-range", "a.b.c.d/n, a.b.c.d-e.f.g.h, a.b.c.d-e or IPv4 address", "192.0.2.0/24",
            CheckPoolRange},
    Pattern{"pool-name", "pool name", "POOL", CheckPoolName},
    Pattern{"user-name", "user name", "alice", CheckUserName},
    Pattern{"host-name", "host name", "vpn.example.com", CheckHostName},
    Pattern{"interface-template", "interface name with %d", "sstp%d", CheckInterfaceTemplate},
    Pattern{"interface-name", "interface name", "ifb0", CheckInterfaceName},
    Pattern{"unix-address", "unix:/path or unix:@name", "unix:/run/sstp.sock", CheckUnixAddress},
    Pattern{"listen-address", "IPv4 or IPv6 address", "192.0.2.1", CheckListenAddress},
    Pattern{"address-port", "address:port", "127.0.0.1:9100", CheckAddressPort},
    Pattern{"link-address", "unix:/path", "unix:/run/link.sock", CheckLinkAddress},
    Pattern{"socket-path", "absolute path", "/run/operator.sock", CheckSocketPath},
    Pattern{"file-path", "path of a file", "/etc/sstp/file", CheckFilePath},
    Pattern{"hex-20", "40 hex digits, ':' allowed", "0123456789abcdef0123456789abcdef01234567",
            CheckHex20},
    Pattern{"hex-32", "64 hex digits, ':' allowed",
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", CheckHex32},
    Pattern{"http-url", "http(s) URL", "https://example.com/", CheckHttpUrl},
    Pattern{"printable", "text", "text", CheckPrintable},
    Pattern{"realm", "realm", "example.com", CheckRealm},
    Pattern{"connection-rate", "N/min or N/sec", "1/min", CheckConnectionRate},
    Pattern{"rate-pair", "DOWN/UP or ID,DOWN/UP", "10000/5000", CheckRatePair},
    Pattern{"leaf-qdisc", "sfq, fq_codel or fifo with parameters", "fq_codel limit 1000",
            CheckLeafQdisc},
    Pattern{"interface-id", "four hex groups x:x:x:x", "0:0:0:1", CheckInterfaceId},
    Pattern{"time-range", "ID,HH:MM-HH:MM", "1,08:00-18:00", CheckTimeRange},
};

}  // namespace

const Pattern* FindPattern(std::string_view name) {
  const auto* it = std::find_if(kPatterns.begin(), kPatterns.end(),
                                [&](const Pattern& pattern) { return pattern.name == name; });
  return it == kPatterns.end() ? nullptr : it;
}

std::span<const Pattern> AllPatterns() { return kPatterns; }

std::string HexToOctets(std::string_view text) {
  std::string octets;
  while (!text.empty()) {
    if (text.size() < 2 || !IsHexDigit(text[0]) || !IsHexDigit(text[1])) return {};
    unsigned value = 0;
    std::from_chars(text.data(), text.data() + 2, value, 16);
    octets.push_back(static_cast<char>(value));
    text.remove_prefix(2);
    if (text.size() > 1 && text.front() == ':') text.remove_prefix(1);
  }
  return octets;
}

}  // namespace sstpgw::cp
