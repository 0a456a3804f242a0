#include "tests/client/network_layers.h"

#include <algorithm>
#include <utility>

namespace sstpgw::client {
namespace {

// IPCP options, RFC 1332 and RFC 1877.
constexpr std::uint8_t kAddress = 3;
constexpr std::uint8_t kDns1 = 129;
constexpr std::uint8_t kWins1 = 130;
constexpr std::uint8_t kDns2 = 131;
constexpr std::uint8_t kWins2 = 132;
// IPv6CP option, RFC 5072 4.1.
constexpr std::uint8_t kInterfaceIdentifier = 1;

Ipv4Address Address(const Bytes& value) {
  if (value.size() != 4) return {};
  return Ipv4Address::FromOctets({value[0], value[1], value[2], value[3]});
}

InterfaceId Identifier(const Bytes& value) {
  InterfaceId id{};
  if (value.size() == id.size()) std::copy(value.begin(), value.end(), id.begin());
  return id;
}

InterfaceId IdentifierIn(const std::vector<PppOption>& options) {
  for (const PppOption& option : options) {
    if (option.type == kInterfaceIdentifier) return Identifier(option.value);
  }
  return {};
}

Bytes AsBytes(const InterfaceId& id) { return {id.begin(), id.end()}; }

}  // namespace

NetworkLayers::NetworkLayers(const ClientOptions& options, Entropy& entropy, Facts& facts,
                             Events events)
    : options_(options),
      entropy_(entropy),
      facts_(facts),
      events_(std::move(events)),
      ipcp_(kIpcp, options.max_transmissions,
            {[this](const PppOption& option) { return JudgeIpcp(option); },
             [](const PppOption& option) { return std::optional<Bytes>(option.value); },
             [this](std::uint16_t protocol, const PppControl& packet) {
               events_.send(protocol, packet);
             }}),
      ipv6cp_(kIpv6cp, options.max_transmissions,
              {[this](const PppOption& option) { return JudgeIpv6cp(option); },
               [this](const PppOption& option) { return AdoptIpv6cp(option); },
               [this](std::uint16_t protocol, const PppControl& packet) {
                 events_.send(protocol, packet);
               }}) {}

OptionJudgement NetworkLayers::JudgeIpcp(const PppOption& option) const {
  if (options_.deviations.reject_ipcp_options || option.type != kAddress ||
      Address(option.value).is_zero()) {
    return RejectOption{};
  }
  return AcceptOption{};
}

OptionJudgement NetworkLayers::JudgeIpv6cp(const PppOption& option) {
  if (options_.deviations.reject_ipv6cp_options || option.type != kInterfaceIdentifier ||
      option.value.size() != InterfaceId{}.size()) {
    return RejectOption{};
  }
  const InterfaceId theirs = Identifier(option.value);
  if (theirs == InterfaceId{} || theirs == IdentifierIn(ipv6cp_.wanted())) {
    return NakOption{AsBytes(MakeInterfaceId())};
  }
  return AcceptOption{};
}

std::optional<Bytes> NetworkLayers::AdoptIpv6cp(const PppOption& option) const {
  if (options_.deviations.insist_on_interface_id) return std::nullopt;
  if (option.value.size() != InterfaceId{}.size()) return std::nullopt;
  return option.value;
}

InterfaceId NetworkLayers::MakeInterfaceId() {
  InterfaceId id{};
  entropy_.Fill(id);
  id[0] = static_cast<std::uint8_t>(id[0] & ~0x02u);  // not universal (RFC 5072 4.1)
  if (id == InterfaceId{}) id.back() = 1;
  return id;
}

Negotiator* NetworkLayers::LayerOf(std::uint16_t protocol) {
  if (protocol == kIpcp) {
    return options_.ipv4 && !options_.deviations.reject_ipcp ? &ipcp_ : nullptr;
  }
  return protocol == kIpv6cp && options_.ipv6 ? &ipv6cp_ : nullptr;
}

void NetworkLayers::StartIpcp(TimePoint now) {
  if (options_.deviations.never_ask_ipcp) {
    ipcp_.Listen();
    return;
  }
  std::vector<PppOption> wishes{{kAddress, Bytes(4, 0)}};
  for (const std::uint8_t type : {kDns1, kWins1, kDns2, kWins2}) {
    const bool dns = type == kDns1 || type == kDns2;
    if (dns ? options_.request_dns : options_.request_wins) wishes.push_back({type, Bytes(4, 0)});
  }
  ipcp_.Start(std::move(wishes), now, options_.retransmit);
}

void NetworkLayers::Start(TimePoint now) {
  if (LayerOf(kIpcp) != nullptr) StartIpcp(now);
  if (LayerOf(kIpv6cp) == nullptr) return;
  if (options_.deviations.never_ask_ipv6cp || options_.deviations.ask_ipv6cp_late) {
    ipv6cp_.Listen();
  } else {
    AskIpv6(now);
  }
}

void NetworkLayers::AskIpv6(TimePoint now) {
  if (LayerOf(kIpv6cp) == nullptr || ipv6cp_.asking()) return;
  const InterfaceId id = options_.interface_id.value_or(MakeInterfaceId());
  ipv6cp_.Start({{kInterfaceIdentifier, AsBytes(id)}}, now, options_.retransmit);
}

void NetworkLayers::Terminate(std::uint16_t protocol) {
  Negotiator* layer = LayerOf(protocol);
  if (layer == nullptr || !layer->running()) return;
  layer->Stop();
  events_.send(protocol, {kTermReq, next_id_++, {}});
  Evaluate();
}

bool NetworkLayers::Receive(std::uint16_t protocol, const PppControl& packet, TimePoint now) {
  Negotiator* layer = LayerOf(protocol);
  if (layer == nullptr) return false;
  layer->Receive(packet, now);
  if (packet.code == kTermReq) {
    events_.send(protocol, {kTermAck, packet.id, {}});
    layer->Stop();
    (protocol == kIpcp ? why_no_ipcp_ : why_no_ipv6cp_) = "the server ended it";
  }
  Evaluate();
  return true;
}

void NetworkLayers::ProtocolRejected(std::uint16_t protocol) {
  Negotiator* layer = LayerOf(protocol);
  if (layer == nullptr) return;
  layer->Stop();
  if (protocol == kIpcp) why_no_ipcp_ = "the server refused IPCP";
  if (protocol == kIpv6cp) why_no_ipv6cp_ = "the server refused IPv6CP";
  Evaluate();
}

void NetworkLayers::Hold(bool held) {
  held_ = held;
  Evaluate();
}

void NetworkLayers::TakeIpcp() {
  facts_.ipv4_up = true;
  facts_.dns.clear();
  facts_.wins.clear();
  for (const PppOption& option : ipcp_.wanted()) {
    const Ipv4Address value = Address(option.value);
    if (option.type == kAddress) facts_.address = value;
    if (value.is_zero()) continue;
    if (option.type == kDns1 || option.type == kDns2) facts_.dns.push_back(value);
    if (option.type == kWins1 || option.type == kWins2) facts_.wins.push_back(value);
  }
  for (const PppOption& option : ipcp_.requested()) {
    if (option.type == kAddress) facts_.gateway = Address(option.value);
  }
}

void NetworkLayers::TakeIpv6cp() {
  facts_.ipv6_up = true;
  facts_.interface_id = IdentifierIn(ipv6cp_.wanted());
  facts_.peer_interface_id = IdentifierIn(ipv6cp_.requested());
}

void NetworkLayers::Evaluate() {
  if (ipcp_.opened() && !facts_.ipv4_up) TakeIpcp();
  if (ipv6cp_.opened() && !facts_.ipv6_up) TakeIpv6cp();
  facts_.ipv4_up = ipcp_.opened();
  facts_.ipv6_up = ipv6cp_.opened();
  if (ipcp_.exhausted() && !ipcp_.opened()) why_no_ipcp_ = "IPCP came to no agreement";
  if (ipv6cp_.exhausted() && !ipv6cp_.opened()) why_no_ipv6cp_ = "IPv6CP came to no agreement";
  if (decided_) return;
  const bool no_ipcp = LayerOf(kIpcp) == nullptr || !why_no_ipcp_.empty();
  const bool no_ipv6cp = LayerOf(kIpv6cp) == nullptr || !why_no_ipv6cp_.empty();
  if (no_ipcp && no_ipv6cp && (!why_no_ipcp_.empty() || !why_no_ipv6cp_.empty())) {
    decided_ = true;
    events_.failed(FailureKind::kNoAddress, !why_no_ipcp_.empty() ? why_no_ipcp_ : why_no_ipv6cp_);
    return;
  }
  const auto undecided = [](const Negotiator& layer) {
    return layer.asking() && !layer.opened() && !layer.exhausted();
  };
  if (held_ || undecided(ipcp_) || undecided(ipv6cp_)) return;
  if (!facts_.ipv4_up && !facts_.ipv6_up) return;
  decided_ = true;
  events_.up();
}

void NetworkLayers::Tick(TimePoint now) {
  ipcp_.Tick(now);
  ipv6cp_.Tick(now);
  if (ipcp_.exhausted() || ipv6cp_.exhausted()) Evaluate();
}

std::optional<TimePoint> NetworkLayers::Deadline() const {
  std::optional<TimePoint> first = ipcp_.deadline();
  const std::optional<TimePoint> other = ipv6cp_.deadline();
  if (other && (!first || *other < *first)) first = other;
  return first;
}

}  // namespace sstpgw::client
