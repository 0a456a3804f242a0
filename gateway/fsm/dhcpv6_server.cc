#include "gateway/fsm/dhcpv6_server.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "gateway/codec/byte_writer.h"
#include "gateway/fsm/ipv6_addressing.h"

namespace sstpgw::fsm {
namespace {

using codec::Dhcpv6Ia;
using codec::Dhcpv6Lease;
using codec::Dhcpv6Message;
using codec::Dhcpv6Option;
using codec::Dhcpv6Reply;
using codec::Dhcpv6Status;
using codec::Dhcpv6Type;

constexpr std::uint8_t kPreference = 255;  // take this server at once (RFC 8415 18.2.1)
constexpr std::uint16_t kDuidLinkLayer = 3;
constexpr std::uint16_t kHardwareEui64 = 27;
// With these the longest reply to what the parser lets through fits the smallest MTU.
constexpr std::size_t kMaxGiven = 8;
constexpr std::size_t kMaxForeign = 4;

bool Same(ByteView a, ByteView b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

// A client that has no wish names none, or only a length (RFC 8415 18.2.4).
bool IsHint(const Dhcpv6Lease& lease) { return codec::IsUnspecified(lease.prefix.address); }

std::uint32_t PartOf(std::uint32_t lifetime, std::uint64_t numerator, std::uint64_t denominator) {
  if (lifetime == codec::kDhcpv6Infinite) return lifetime;
  return static_cast<std::uint32_t>(lifetime * numerator / denominator);
}

Dhcpv6Status NothingAvailable(Dhcpv6Option kind) {
  return kind == Dhcpv6Option::kIaPd ? Dhcpv6Status::kNoPrefixAvail : Dhcpv6Status::kNoAddrsAvail;
}

Dhcpv6Ia Refused(const Dhcpv6Ia& asked, Dhcpv6Status status) {
  Dhcpv6Ia ia;
  ia.kind = asked.kind;
  ia.iaid = asked.iaid;
  ia.status = status;
  return ia;
}

std::string TraceLine(const char* direction, Dhcpv6Type type,
                      const codec::Dhcpv6Transaction& transaction) {
  std::string line = std::string(direction) + " [DHCPv6 " + codec::ToString(type) + " xid=";
  constexpr char kDigits[] = "0123456789abcdef";
  for (const std::uint8_t octet : transaction) {
    line += kDigits[octet >> 4];
    line += kDigits[octet & 15];
  }
  return line + "]";
}

}  // namespace

void Dhcpv6Server::Start(LeasedLink link) {
  running_ = true;
  link_ = std::move(link);
}

Dhcpv6Outcome Dhcpv6Server::Update(LeasedLink link) {
  if (!running_) return {};
  link_ = std::move(link);
  if (link_.addresses.empty()) addresses_.reset();
  const bool released = link_.delegated.empty() && delegation_.has_value();
  if (released) delegation_.reset();
  ForgetClientWithoutBinding();
  return {.delegation_taken = false, .delegation_released = released};
}

Dhcpv6Outcome Dhcpv6Server::Receive(ByteView packet, TimePoint now, Outbox& out) {
  if (!running_) return {};
  const auto drop = [&out](Counter counter, const char* why) {
    out.Log(LogLevel::kTrace, std::string("dhcpv6: packet dropped: ") + why);
    out.Count(counter);
    return Dhcpv6Outcome{};
  };
  const auto ip = codec::ParseIpv6Packet(packet);
  if (!ip) return drop(Counter::kDhcpv6Malformed, codec::ToString(ip.error().code));
  const auto datagram = codec::ParseUdp(*ip);
  if (!datagram) return drop(Counter::kDhcpv6Malformed, codec::ToString(datagram.error().code));
  const bool for_us = ip->ends.destination == codec::AllDhcpServersAndRelays() ||
                      ip->ends.destination == LinkLocalAddress(link_.our_id);
  if (!for_us || datagram->destination_port != codec::kDhcpv6ServerPort ||
      !codec::IsLinkLocal(ip->ends.source)) {
    return drop(Counter::kDhcpv6Discarded, "not from a client on the link");
  }
  const auto message = codec::ParseDhcpv6(datagram->payload);
  if (!message) {
    const codec::ParseErrc code = message.error().code;
    return drop(code == codec::ParseErrc::kWrongType ? Counter::kDhcpv6Discarded
                                                     : Counter::kDhcpv6Malformed,
                codec::ToString(code));
  }
  out.Log(LogLevel::kTrace, TraceLine("recv", message->type, message->transaction));

  const bool before = delegated();
  DropExpired(now);
  auto reply = Serve(*message, now);
  std::optional<Bytes> payload;
  const Bytes server_id = ServerId();
  if (reply) {
    reply->transaction = message->transaction;
    reply->client_id = message->client_id;
    reply->server_id = server_id;
    reply->preference = kPreference;
    if (message->Requests(Dhcpv6Option::kDnsServers)) reply->dns = link_.dns;
    if (message->Requests(Dhcpv6Option::kDomainList)) reply->domains = settings_.domain_search;
    if (message->Requests(Dhcpv6Option::kAftrName)) reply->aftr_name = settings_.aftr_name;
    payload = codec::EncodeDhcpv6(*reply);
  }
  if (payload) {
    out.Log(LogLevel::kTrace, TraceLine("send", reply->type, reply->transaction));
    out.Add(SendIpv6Packet{codec::EncodeUdpPacket(
        {.source = LinkLocalAddress(link_.our_id), .destination = ip->ends.source},
        {.source = codec::kDhcpv6ServerPort, .destination = codec::kDhcpv6ClientPort}, *payload)});
    out.Count(Counter::kDhcpv6Answered);
  } else {
    drop(Counter::kDhcpv6Discarded, "nothing to answer");
  }
  return {.delegation_taken = !before && delegated(),
          .delegation_released = before && !delegated()};
}

// RFC 8415 16: which identifiers a message must and must not have.
bool Dhcpv6Server::IsAnswerable(const Dhcpv6Message& message) const {
  const bool has_client = !message.client_id.empty();
  const bool has_server = !message.server_id.empty();
  const bool names_us = has_server && Same(message.server_id, ServerId());
  const bool is_our_client =
      has_client && (client_id_.empty() || Same(message.client_id, client_id_));
  switch (message.type) {
    case Dhcpv6Type::kSolicit:
    case Dhcpv6Type::kConfirm:
    case Dhcpv6Type::kRebind:
      return is_our_client && !has_server;
    case Dhcpv6Type::kRequest:
    case Dhcpv6Type::kRenew:
    case Dhcpv6Type::kRelease:
    case Dhcpv6Type::kDecline:
      return is_our_client && names_us;
    case Dhcpv6Type::kInformationRequest:
      return (!has_server || names_us) && message.ias.empty();
    case Dhcpv6Type::kAdvertise:
    case Dhcpv6Type::kReply:
    case Dhcpv6Type::kReconfigure:
      break;
  }
  return false;
}

std::optional<Dhcpv6Reply> Dhcpv6Server::Serve(const Dhcpv6Message& message, TimePoint now) {
  if (!IsAnswerable(message)) return std::nullopt;
  Dhcpv6Reply reply;
  switch (message.type) {
    case Dhcpv6Type::kSolicit:
      reply.rapid_commit = message.rapid_commit;
      if (!message.rapid_commit) reply.type = Dhcpv6Type::kAdvertise;
      reply.ias = Grant(message, message.rapid_commit, now);
      break;
    case Dhcpv6Type::kRequest:
      reply.ias = Grant(message, true, now);
      break;
    case Dhcpv6Type::kRenew:
    case Dhcpv6Type::kRebind:
      reply.ias = Extend(message, now);
      break;
    case Dhcpv6Type::kConfirm:
      reply.status = Confirm(message);
      if (!reply.status) return std::nullopt;
      break;
    case Dhcpv6Type::kRelease:
    case Dhcpv6Type::kDecline:
      reply.ias = Release(message);
      reply.status = Dhcpv6Status::kSuccess;
      break;
    case Dhcpv6Type::kInformationRequest:
    case Dhcpv6Type::kAdvertise:
    case Dhcpv6Type::kReply:
    case Dhcpv6Type::kReconfigure:
      break;
  }
  return reply;
}

std::vector<Dhcpv6Ia> Dhcpv6Server::Grant(const Dhcpv6Message& message, bool commit,
                                          TimePoint now) {
  std::vector<Dhcpv6Ia> granted;
  bool addresses_given = false;
  bool prefixes_given = false;
  std::size_t foreign = 0;
  for (const Dhcpv6Ia& asked : message.ias) {
    bool& given = asked.kind == Dhcpv6Option::kIaPd ? prefixes_given : addresses_given;
    if (asked.kind == Dhcpv6Option::kIaTa || given || Given(asked.kind).empty()) {
      granted.push_back(Refused(asked, NothingAvailable(asked.kind)));
      continue;
    }
    given = true;
    granted.push_back(Filled(asked, foreign));
    if (commit) Bind(message, asked, now);
  }
  return granted;
}

std::vector<Dhcpv6Ia> Dhcpv6Server::Extend(const Dhcpv6Message& message, TimePoint now) {
  std::vector<Dhcpv6Ia> extended;
  bool addresses_given = false;
  bool prefixes_given = false;
  std::size_t foreign = 0;
  for (const Dhcpv6Ia& asked : message.ias) {
    bool& given = asked.kind == Dhcpv6Option::kIaPd ? prefixes_given : addresses_given;
    const auto& binding = BindingOf(asked.kind);
    const bool possible = asked.kind != Dhcpv6Option::kIaTa && !given;
    const bool known = possible && binding && binding->iaid == asked.iaid;
    // A client that has slept through the end of its last session and got the same again.
    const bool adopted =
        possible && !binding && message.type == Dhcpv6Type::kRebind && NamesWhatWeGive(asked);
    if (!known && !adopted) {
      extended.push_back(Refused(asked, Dhcpv6Status::kNoBinding));
      continue;
    }
    given = true;
    extended.push_back(Filled(asked, foreign));
    Bind(message, asked, now);
  }
  return extended;
}

std::vector<Dhcpv6Ia> Dhcpv6Server::Release(const Dhcpv6Message& message) {
  std::vector<Dhcpv6Ia> unknown;
  for (const Dhcpv6Ia& named : message.ias) {
    auto& binding = BindingOf(named.kind);
    const bool known = named.kind != Dhcpv6Option::kIaTa && binding && binding->iaid == named.iaid;
    if (!known) {
      unknown.push_back(Refused(named, Dhcpv6Status::kNoBinding));
      continue;
    }
    // Prefixes cannot be declined (RFC 8415 18.2.8).
    if (message.type == Dhcpv6Type::kRelease || named.kind == Dhcpv6Option::kIaNa) binding.reset();
  }
  ForgetClientWithoutBinding();
  return unknown;
}

std::optional<Dhcpv6Status> Dhcpv6Server::Confirm(const Dhcpv6Message& message) const {
  bool any = false;
  bool all_here = true;
  for (const Dhcpv6Ia& ia : message.ias) {
    if (ia.kind == Dhcpv6Option::kIaPd) continue;
    for (const Dhcpv6Lease& lease : ia.leases) {
      const Ipv6Address& address = lease.prefix.address;
      any = true;
      all_here &= std::find(link_.addresses.begin(), link_.addresses.end(), address) !=
                      link_.addresses.end() ||
                  std::any_of(link_.prefixes.begin(), link_.prefixes.end(),
                              [&](const Ipv6Prefix& prefix) { return Contains(prefix, address); });
    }
  }
  if (!any) return std::nullopt;  // RFC 8415 18.3.3
  return all_here ? Dhcpv6Status::kSuccess : Dhcpv6Status::kNotOnLink;
}

Dhcpv6Ia Dhcpv6Server::Filled(const Dhcpv6Ia& asked, std::size_t& foreign) const {
  Dhcpv6Ia ia;
  ia.kind = asked.kind;
  ia.iaid = asked.iaid;
  const std::uint32_t valid = settings_.valid_lifetime_seconds;
  const std::uint32_t preferred = std::min(settings_.preferred_lifetime_seconds, valid);
  ia.t1 = PartOf(preferred, 1, 2);
  ia.t2 = PartOf(preferred, 4, 5);
  const std::vector<Ipv6Prefix> given = Given(asked.kind);
  for (const Ipv6Prefix& prefix : given) {
    ia.leases.push_back(
        {.prefix = prefix, .preferred_lifetime = preferred, .valid_lifetime = valid});
  }
  for (const Dhcpv6Lease& lease : asked.leases) {
    const bool ours = std::find(given.begin(), given.end(), lease.prefix) != given.end();
    if (ours || IsHint(lease) || foreign == kMaxForeign) continue;
    ++foreign;
    ia.leases.push_back({.prefix = lease.prefix, .status = Dhcpv6Status::kNotOnLink});
  }
  return ia;
}

std::vector<Ipv6Prefix> Dhcpv6Server::Given(Dhcpv6Option kind) const {
  std::vector<Ipv6Prefix> given;
  if (kind == Dhcpv6Option::kIaPd) {
    given = link_.delegated;
  } else {
    for (const Ipv6Address& address : link_.addresses) given.push_back({address, 128});
  }
  if (given.size() > kMaxGiven) given.resize(kMaxGiven);
  return given;
}

bool Dhcpv6Server::NamesWhatWeGive(const Dhcpv6Ia& ia) const {
  const std::vector<Ipv6Prefix> given = Given(ia.kind);
  return !ia.leases.empty() &&
         std::all_of(ia.leases.begin(), ia.leases.end(), [&given](const Dhcpv6Lease& lease) {
           return std::find(given.begin(), given.end(), lease.prefix) != given.end();
         });
}

std::optional<Dhcpv6Server::Binding>& Dhcpv6Server::BindingOf(Dhcpv6Option kind) {
  return kind == Dhcpv6Option::kIaPd ? delegation_ : addresses_;
}

void Dhcpv6Server::Bind(const Dhcpv6Message& message, const Dhcpv6Ia& ia, TimePoint now) {
  client_id_.assign(message.client_id.begin(), message.client_id.end());
  Binding binding{.iaid = ia.iaid, .expires = std::nullopt};
  const std::uint32_t valid = settings_.valid_lifetime_seconds;
  if (valid != codec::kDhcpv6Infinite) binding.expires = now + std::chrono::seconds(valid);
  BindingOf(ia.kind) = binding;
}

void Dhcpv6Server::DropExpired(TimePoint now) {
  for (auto* binding : {&addresses_, &delegation_}) {
    if (*binding && (*binding)->expires && *(*binding)->expires <= now) binding->reset();
  }
  ForgetClientWithoutBinding();
}

void Dhcpv6Server::ForgetClientWithoutBinding() {
  if (!addresses_ && !delegation_) client_id_.clear();
}

// DUID-LL (RFC 8415 11.4) with the configured EUI-64: the same after every start.
Bytes Dhcpv6Server::ServerId() const {
  Bytes duid;
  codec::ByteWriter writer(duid);
  writer.U16(kDuidLinkLayer);
  writer.U16(kHardwareEui64);
  writer.Raw(settings_.server_id);
  return duid;
}

}  // namespace sstpgw::fsm
