// IPv6: prefix pools, interface identifiers, Router Advertisements, DHCPv6 (features 3.8, 4; rules
// V8, V9, W1).
#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "controlplane/config/interpret.h"

namespace sstpgw::cp {
namespace {

constexpr std::string_view kPools = "sstp.client-ipv6-pool";
constexpr std::string_view kDefaultPool = "sstp.default-ipv6-pool";
constexpr std::size_t kMaxOverlapWarnings = 20;
constexpr std::uint32_t kMinIpv6Mtu = 1280;             // RFC 8200 5
constexpr std::uint32_t kLongestRouterLifetime = 9000;  // RFC 4861 6.2.1

// ---- Pools

struct NamedNetwork {
  Ipv6Prefix network;
  std::string path;
};

bool IsUnicast(const Ipv6Prefix& network) {
  const auto& octets = network.address.octets();
  const bool multicast = octets[0] == 0xff;
  const bool link_local = octets[0] == 0xfe && (octets[1] & 0xc0) == 0x80;
  return network.length > 0 && network.address != Ipv6Address() && !multicast && !link_local;
}

// What is no prefix is refused by the schema.
std::optional<PrefixRange> RangeOf(const std::string& address, std::uint32_t length,
                                   const std::string& path, const char* length_key,
                                   Report& report) {
  const auto network = Ipv6Prefix::Parse(address);
  if (!network) {
    if (!report.Faulty(path)) {
      report.Error(Below(path, "address"), "has bits behind its length", "Set them to zero.");
    }
    return std::nullopt;
  }
  if (!IsUnicast(*network)) {
    report.Error(Below(path, "address"), "holds addresses that no host can have");
    return std::nullopt;
  }
  if (length < network->length) {
    if (!report.Faulty(path)) {
      report.Error(Below(path, length_key),
                   "is less than the " + std::to_string(network->length) + " bits of the network");
    }
    return std::nullopt;
  }
  return PrefixRange{*network, static_cast<std::uint8_t>(std::min<std::uint32_t>(length, 128))};
}

class PoolReader {
 public:
  PoolReader(const v1::SstpConfig& config, Report& report, ControlConfig& result)
      : config_(config), report_(report), result_(result) {}

  void Read();

 private:
  void ReadPool(const std::string& name, const v1::ClientIpv6Pool& written);
  void CheckPool(const Ipv6PoolConfig& pool);
  void CheckDefault();
  void WarnOfOverlaps();

  const v1::SstpConfig& config_;
  Report& report_;
  ControlConfig& result_;
  std::vector<NamedNetwork> all_;
};

void PoolReader::ReadPool(const std::string& name, const v1::ClientIpv6Pool& written) {
  Ipv6PoolConfig pool;
  pool.name = name;
  const auto take = [&](const std::string& address, std::uint32_t length, const std::string& path,
                        const char* key, std::vector<PrefixRange>& ranges) {
    const auto range = RangeOf(address, length, path, key, report_);
    if (!range) return;
    ranges.push_back(*range);
    all_.push_back({range->network, path});
  };
  std::size_t index = 0;
  for (const auto& prefix : written.prefix()) {
    take(prefix.address(), prefix.mask(), Item(Below(Below(kPools, name), "prefix"), index++),
         "mask", pool.prefixes);
  }
  index = 0;
  for (const auto& delegate : written.delegate()) {
    take(delegate.address(), delegate.delegation_prefix(),
         Item(Below(Below(kPools, name), "delegate"), index++), "delegation-prefix",
         pool.delegates);
  }
  CheckPool(pool);
  result_.ipv6_pools.emplace(name, std::move(pool));
}

void PoolReader::CheckPool(const Ipv6PoolConfig& pool) {
  const std::string path = Below(kPools, pool.name);
  if (report_.Faulty(path)) return;
  if (pool.prefixes.empty() && pool.delegates.empty()) {
    report_.Error(path, "has neither prefix nor delegate", "Write one of them.");
  } else if (pool.prefixes.empty()) {
    report_.Warning(path,
                    "has delegate but no prefix, so that its clients get prefixes for the networks "
                    "behind them and none for the link",
                    "Write prefix under the same name if they are to have one; capital and small "
                    "letters differ.");
  }
}

void PoolReader::WarnOfOverlaps() {
  std::sort(all_.begin(), all_.end(),
            [](const NamedNetwork& a, const NamedNetwork& b) { return a.network < b.network; });
  std::size_t warnings = 0;
  const NamedNetwork* around = nullptr;  // of those before, the one that reaches furthest
  for (const NamedNetwork& one : all_) {
    const bool inside =
        around != nullptr &&
        MakeIpv6Prefix(one.network.address, around->network.length) == around->network;
    if (inside && ++warnings <= kMaxOverlapWarnings) {
      report_.Warning(one.path, "overlaps " + around->path,
                      "No address is given twice, but the pools are smaller than they look.");
    }
    if (!inside) around = &one;
  }
}

void PoolReader::CheckDefault() {
  const std::string& name = result_.default_ipv6_pool;
  const bool denied = result_.gateway.ppp.ipv6 == NcpPreference::kDeny;
  if (!name.empty()) {
    if (result_.ipv6_pools.find(name) == result_.ipv6_pools.end() &&
        !report_.Refused(Below(kPools, name))) {
      report_.Error(std::string(kDefaultPool), "there is no such pool in client-ipv6-pool",
                    "Capital and small letters differ.");
    } else if (denied) {
      report_.Warning(std::string(kDefaultPool),
                      "has no effect because ppp-options.ipv6 is deny, which is the default");
    }
  } else if (!result_.ipv6_pools.empty() && !report_.Faulty(kDefaultPool)) {
    report_.Warning(std::string(kDefaultPool),
                    UsersAreLocal(config_, report_)
                        ? "is missing, so nobody gets an IPv6 prefix"
                        : "is missing, so only users that RADIUS names a pool or a prefix for get "
                          "one");
  } else if (!denied && UsersAreLocal(config_, report_) && !report_.Faulty(kDefaultPool) &&
             !report_.Faulty(kPools)) {
    report_.Warning(std::string(kDefaultPool),
                    result_.gateway.ppp.ipv6 == NcpPreference::kRequire
                        ? "is missing, and ppp-options.ipv6 is require, so every login is ended"
                        : "is missing, so clients have no IPv6 addresses but link-local ones");
  }
}

void PoolReader::Read() {
  // Protobuf keeps no order; messages come in the order of places.
  for (const auto& entry : config_.client_ipv6_pool()) ReadPool(entry.first, entry.second);
  result_.default_ipv6_pool = config_.default_ipv6_pool();
  CheckDefault();
  WarnOfOverlaps();
}

// ---- Identifiers

// "a:b:c:d", as the schema has checked.
std::optional<InterfaceId> ParseInterfaceId(std::string_view text) {
  InterfaceId id{};
  for (std::size_t group = 0; group < 4; ++group) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (error != std::errc() || value > 0xffff) return std::nullopt;
    id[2 * group] = static_cast<std::uint8_t>(value >> 8);
    id[2 * group + 1] = static_cast<std::uint8_t>(value);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!text.empty()) text.remove_prefix(1);
  }
  return id;
}

InterfaceIdChoice ChoiceOf(const std::string& text, const std::string& path, Report& report) {
  using Kind = InterfaceIdChoice::Kind;
  if (text == "random") return {Kind::kRandom, {}};
  if (text == "ipv4-addr") return {Kind::kIpv4Address, {}};
  if (text == "calling-sid") return {Kind::kCallingStation, {}};
  const auto id = ParseInterfaceId(text);
  if (id && *id == InterfaceId{}) report.Error(path, "may not be zero");
  return {Kind::kFixed, id.value_or(InterfaceId{})};
}

void InterpretIds(const v1::PppOptionsConfig& options, Report& report, PppSettings& ppp) {
  const std::string ours = "sstp.ppp-options.ipv6-interface-id";
  const std::string peers = "sstp.ppp-options.ipv6-peer-interface-id";
  ppp.interface_id = ChoiceOf(options.ipv6_interface_id(), ours, report);
  ppp.peer_interface_id = ChoiceOf(options.ipv6_peer_interface_id(), peers, report);
  ppp.accept_peer_interface_id = options.ipv6_accept_peer_interface_id();
  const bool fixed = ppp.interface_id.kind == InterfaceIdChoice::Kind::kFixed;
  if (fixed && ppp.interface_id == ppp.peer_interface_id && !report.Faulty(ours) &&
      !report.Faulty(peers)) {
    report.Error(report.Written(peers) ? peers : ours,
                 "is that of the other side as well: ipv6-interface-id and ipv6-peer-interface-id "
                 "are the same",
                 "Change one of them.");
  }
}

// ---- Router Advertisements and DHCPv6

// RFC 4861 6.2.1: what the other values allow. Values that are not written follow the others.
void FitIntervals(Report& report, RouterAdvertisementSettings& nd) {
  const std::string min_path = "sstp.ipv6-nd.min-rtr-adv-interval";
  const std::int64_t longest = nd.max_interval.count();
  const std::int64_t most = std::max<std::int64_t>(3, longest * 3 / 4);
  if (!report.Written(min_path)) {
    nd.min_interval = std::chrono::seconds(std::max<std::int64_t>(3, longest * 33 / 100));
  } else if (nd.min_interval.count() > most) {
    report.Warning(min_path, "is more than three quarters of max-rtr-adv-interval, " +
                                 std::to_string(most) + " is used");
    nd.min_interval = std::chrono::seconds(most);
  }
  const std::string life_path = "sstp.ipv6-nd.default-lifetime";
  if (!report.Written(life_path)) {
    nd.default_lifetime =
        std::chrono::seconds(std::min<std::int64_t>(3 * longest, kLongestRouterLifetime));
  } else if (nd.default_lifetime.count() > 0 && nd.default_lifetime < nd.max_interval) {
    report.Warning(life_path,
                   "is less than max-rtr-adv-interval, so the gateway would be no "
                   "router at times; " +
                       std::to_string(longest) + " is used");
    nd.default_lifetime = nd.max_interval;
  }
  // Never over before three announcements were due (RFC 8106 5.1), where the interval is another
  // one.
  if (report.Written("sstp.ipv6-nd.max-rtr-adv-interval") &&
      !report.Written("sstp.ipv6-nd.rdnss-lifetime")) {
    nd.rdnss_lifetime_seconds =
        std::max(nd.rdnss_lifetime_seconds, static_cast<std::uint32_t>(3 * longest));
  }
}

void FitLifetimes(std::string_view node, Report& report, std::uint32_t valid,
                  std::uint32_t& preferred) {
  if (preferred <= valid) return;
  const std::string path = Below(node, "preferred-lifetime");
  if (report.Written(path)) {
    report.Warning(path,
                   "is more than valid-lifetime, " + std::to_string(valid) + " is used instead");
  }
  preferred = valid;
}

void InterpretNd(const v1::Ipv6NdConfig& written, Report& report, RouterAdvertisementSettings& nd) {
  nd.max_interval = std::chrono::seconds(written.max_rtr_adv_interval());
  nd.min_interval = std::chrono::seconds(written.min_rtr_adv_interval());
  nd.initial_count = written.max_initial_rtr_adv_count();
  nd.initial_interval = std::chrono::seconds(written.max_initial_rtr_adv_interval());
  nd.managed = written.managed_flag();
  nd.other_config = written.other_config_flag();
  nd.link_mtu = static_cast<std::uint16_t>(written.link_mtu());
  nd.reachable_time_ms = written.reachable_time();
  nd.retrans_timer_ms = written.retrans_timer();
  nd.cur_hop_limit = static_cast<std::uint8_t>(written.cur_hop_limit());
  nd.default_lifetime = std::chrono::seconds(written.default_lifetime());
  nd.valid_lifetime_seconds = written.valid_lifetime();
  nd.preferred_lifetime_seconds = written.preferred_lifetime();
  nd.on_link = written.on_link_flag();
  nd.autonomous = written.autonomous_flag();
  nd.rdnss_lifetime_seconds = written.rdnss_lifetime();
  nd.dnssl.assign(written.dnssl().begin(), written.dnssl().end());
  FitIntervals(report, nd);
  FitLifetimes("sstp.ipv6-nd", report, nd.valid_lifetime_seconds, nd.preferred_lifetime_seconds);
  if (nd.link_mtu > 0 && nd.link_mtu < kMinIpv6Mtu) {
    report.Warning("sstp.ipv6-nd.link-mtu",
                   "is less than IPv6 needs, " + std::to_string(kMinIpv6Mtu) + " is used");
    nd.link_mtu = kMinIpv6Mtu;
  }
}

void InterpretDhcp(const v1::Ipv6DhcpConfig& written, Report& report, Dhcpv6Settings& dhcp) {
  dhcp.server_id = ParseInterfaceId(written.server_id()).value_or(dhcp.server_id);
  dhcp.valid_lifetime_seconds = written.valid_lifetime();
  dhcp.preferred_lifetime_seconds = written.preferred_lifetime();
  dhcp.route_via_gateway = written.route_via_gw();
  dhcp.domain_search.assign(written.domain_search().begin(), written.domain_search().end());
  dhcp.aftr_name = written.aftr_name();
  FitLifetimes("sstp.ipv6-dhcp", report, dhcp.valid_lifetime_seconds,
               dhcp.preferred_lifetime_seconds);
}

}  // namespace

void InterpretIpv6(const v1::SstpConfig& config, Report& report, ControlConfig& result) {
  PppSettings& ppp = result.gateway.ppp;
  InterpretIds(config.ppp_options(), report, ppp);
  InterpretNd(config.ipv6_nd(), report, ppp.router_advertisement);
  InterpretDhcp(config.ipv6_dhcp(), report, ppp.dhcpv6);
  PoolReader(config, report, result).Read();
}

}  // namespace sstpgw::cp
