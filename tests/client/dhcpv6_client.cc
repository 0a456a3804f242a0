#include "tests/client/dhcpv6_client.h"

#include <algorithm>
#include <array>
#include <utility>

#include "tests/client/wire.h"

namespace sstpgw::client {
namespace {

bool NamesServer(Dhcpv6Type type) {
  return type == Dhcpv6Type::kRequest || type == Dhcpv6Type::kRenew ||
         type == Dhcpv6Type::kRelease || type == Dhcpv6Type::kDecline;
}

bool HasLease(const std::vector<Association>& associations) {
  return std::any_of(associations.begin(), associations.end(), [](const Association& one) {
    return std::any_of(one.leases.begin(), one.leases.end(),
                       [](const Lease& lease) { return lease.valid > 0; });
  });
}

// An empty one, unless `known` has one of this kind and IAID.
Association Known(const std::vector<Association>& known, bool delegation, std::uint32_t iaid) {
  for (const Association& one : known) {
    if (one.delegation == delegation && one.iaid == iaid) return one;
  }
  Association fresh;
  fresh.delegation = delegation;
  fresh.iaid = iaid;
  return fresh;
}

}  // namespace

Dhcpv6Client::Dhcpv6Client(const Dhcpv6Options& options, const InterfaceId& id, Entropy& entropy,
                           Events events)
    : options_(options),
      entropy_(entropy),
      events_(std::move(events)),
      client_id_(options.client_id) {
  // DUID-LL, hardware type 27: EUI-64 (RFC 8415 11.4).
  if (client_id_.empty()) client_id_ = Concat({{0, 3, 0, 27}, Bytes(id.begin(), id.end())});
}

void Dhcpv6Client::Start(TimePoint now) {
  if (options_.any()) Ask(Dhcpv6Type::kSolicit, now);
}

bool Dhcpv6Client::Command(std::string_view name, TimePoint now) {
  for (const Dhcpv6Type type : {Dhcpv6Type::kSolicit, Dhcpv6Type::kRequest, Dhcpv6Type::kRenew,
                                Dhcpv6Type::kRebind, Dhcpv6Type::kRelease, Dhcpv6Type::kConfirm,
                                Dhcpv6Type::kDecline, Dhcpv6Type::kInformationRequest}) {
    if (ToString(type) != name) continue;
    Ask(type, now);
    return true;
  }
  return false;
}

void Dhcpv6Client::Ask(Dhcpv6Type type, TimePoint now) {
  asked_ = type;
  std::array<std::uint8_t, 3> random{};
  entropy_.Fill(random);
  transaction_ = (std::uint32_t{random[0]} << 16) | (std::uint32_t{random[1]} << 8) | random[2];
  sent_ = 0;
  first_sent_ = now;
  wait_ = options_.retransmit;
  Send(now);
}

void Dhcpv6Client::Send(TimePoint now) {
  ++sent_;
  resend_at_ = now + wait_;
  wait_ *= 2;
  Dhcpv6Message message = Make(asked_);
  const auto elapsed =
      std::chrono::duration_cast<std::chrono::milliseconds>(now - first_sent_).count() / 10;
  const auto capped = static_cast<std::uint16_t>(std::min<std::int64_t>(elapsed, 0xffff));
  message.options.push_back({kOptionElapsed, Be16(capped)});
  events_.send(Encode(message));
}

std::vector<Association> Dhcpv6Client::Wanted(Dhcpv6Type type) const {
  const std::vector<Association>& known = type == Dhcpv6Type::kRequest ? offered_ : bound_;
  std::vector<Association> wanted;
  for (const bool delegation : {false, true}) {
    if (delegation ? !options_.prefix : !options_.address) continue;
    if (type == Dhcpv6Type::kConfirm && delegation) continue;  // 18.2.3: addresses alone
    for (std::uint32_t iaid = 1; iaid <= (options_.second_association ? 2u : 1u); ++iaid) {
      Association one = Known(known, delegation, iaid);
      one.t1 = one.t2 = 0;
      if (iaid == 1 && !delegation && options_.foreign_address) {
        one.leases.push_back({{*options_.foreign_address, 128}, 0, 0, {}});
      }
      if (iaid == 1 && delegation && options_.foreign_prefix) {
        one.leases.push_back({*options_.foreign_prefix, 0, 0, {}});
      }
      wanted.push_back(std::move(one));
    }
  }
  return wanted;
}

Dhcpv6Message Dhcpv6Client::Make(Dhcpv6Type type) const {
  Dhcpv6Message message{type, transaction_, {}};
  if (!options_.no_client_id) message.options.push_back({kOptionClientId, client_id_});
  if (NamesServer(type)) {
    Bytes server = server_id_;
    if (options_.wrong_server_id && !server.empty()) server.back() ^= 0x55;
    message.options.push_back({kOptionServerId, std::move(server)});
  }
  if (type != Dhcpv6Type::kInformationRequest) {
    for (const Association& one : Wanted(type)) message.options.push_back(EncodeAssociation(one));
  }
  if (type == Dhcpv6Type::kSolicit && options_.rapid_commit) {
    message.options.push_back({kOptionRapidCommit, {}});
  }
  const bool gives_back = type == Dhcpv6Type::kRelease || type == Dhcpv6Type::kDecline;
  if (!gives_back && type != Dhcpv6Type::kConfirm) {
    message.options.push_back(
        {kOptionRequest, Concat({Be16(kOptionDns), Be16(kOptionSearch), Be16(kOptionAftrName)})});
  }
  return message;
}

std::string Dhcpv6Client::Fault(const Dhcpv6Message& message) const {
  if (!resend_at_) return "nothing was asked";
  if (message.transaction != transaction_) return "another transaction";
  const Bytes* client = message.Find(kOptionClientId);
  if (options_.no_client_id ? client != nullptr : client == nullptr || *client != client_id_) {
    return "another client";
  }
  const Bytes* server = message.Find(kOptionServerId);
  if (server == nullptr || server->empty()) return "no server identifier";
  if (NamesServer(asked_) && *server != server_id_) return "another server";
  const bool solicited = asked_ == Dhcpv6Type::kSolicit;
  if (message.type == Dhcpv6Type::kAdvertise) return solicited ? "" : "an advertise";
  if (message.type != Dhcpv6Type::kReply) return ToString(message.type);
  const bool rapid = message.Find(kOptionRapidCommit) != nullptr;
  if (solicited && !(rapid && options_.rapid_commit)) return "a reply without rapid commit";
  return "";
}

void Dhcpv6Client::Receive(ByteView octets, TimePoint now) {
  const auto message = ParseDhcpv6(octets);
  const auto answer = message ? Interpret(*message) : std::nullopt;
  const std::string fault = answer ? Fault(*message) : "malformed";
  if (!fault.empty()) {
    events_.say("wrong reply to " + ToString(asked_) + ": " + fault);
    return;
  }
  resend_at_.reset();
  events_.say(ToString(message->type) + " to " + ToString(asked_) + " " + ToString(*answer));
  Take(*message, *answer, now);
}

void Dhcpv6Client::Take(const Dhcpv6Message& message, const Dhcpv6Answer& answer, TimePoint now) {
  if (message.type == Dhcpv6Type::kAdvertise) {
    server_id_ = *message.Find(kOptionServerId);
    offered_ = answer.associations;
    if (HasLease(offered_)) Ask(Dhcpv6Type::kRequest, now);
    return;
  }
  switch (asked_) {
    case Dhcpv6Type::kSolicit:
    case Dhcpv6Type::kRequest:
    case Dhcpv6Type::kRenew:
    case Dhcpv6Type::kRebind:
      server_id_ = *message.Find(kOptionServerId);
      bound_ = answer.associations;
      for (Association& one : bound_) {
        std::erase_if(one.leases, [](const Lease& lease) { return lease.valid == 0; });
      }
      break;
    case Dhcpv6Type::kRelease:
    case Dhcpv6Type::kDecline:
      bound_.clear();
      break;
    default:
      return;
  }
  events_.bound(bound_);
}

void Dhcpv6Client::Tick(TimePoint now) {
  if (!resend_at_ || now < *resend_at_) return;
  if (sent_ < options_.max_transmissions) {
    Send(now);
    return;
  }
  resend_at_.reset();
  events_.say("no answer to " + ToString(asked_));
}

}  // namespace sstpgw::client
