#include "controlplane/radius/client.h"

#include <algorithm>
#include <set>
#include <utility>

#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/attribute_values.h"
#include "proto/base/text.h"

namespace sstpgw::cp::radius {
namespace {

constexpr Duration kHousekeeping = std::chrono::seconds(10);
constexpr Duration kComplaintPause = std::chrono::minutes(1);

std::optional<Service> ServiceFor(Code code) {
  if (code == Code::kAccessRequest) return Service::kAuthentication;
  if (code == Code::kAccountingRequest) return Service::kAccounting;
  return std::nullopt;
}

void KeepEarlier(std::optional<TimePoint>& earliest, std::optional<TimePoint> other) {
  if (other && (!earliest || *other < *earliest)) earliest = other;
}

}  // namespace

// ---- Requests

RequestId Client::Submit(ClientRequest request, TimePoint now, ActionList& actions) {
  Turn turn{now, actions};
  const RequestId id(++last_request_);
  const auto refuse = [&](FailureReason reason, std::string text) {
    ++refused_;
    actions.push_back(RequestDone{id, Failed{reason, std::move(text)}});
    return id;
  };
  const auto service = ServiceFor(request.body.code);
  if (!service) return refuse(FailureReason::kUnsendable, ToString(request.body.code));
  if (transactions_.size() >= settings_.max_requests) {
    return refuse(FailureReason::kOverloaded,
                  std::to_string(transactions_.size()) + " requests wait for an answer already");
  }

  Transaction& transaction = transactions_.Add(id);
  transaction.request = std::move(request);
  transaction.service = *service;
  transaction.submitted = now;
  if (*service == Service::kAccounting) {
    const auto& attributes = transaction.request.body.attributes;
    const auto delay =
        std::find_if(attributes.begin(), attributes.end(),
                     [](const Attribute& attribute) { return attribute.key() == kAcctDelayTime; });
    if (delay != attributes.end()) transaction.delay = ReadInteger(delay->value);
  }
  const auto servers = static_cast<Duration::rep>(Options(transaction, now).size());
  if (servers == 0) {
    transactions_.Remove(id);
    return refuse(FailureReason::kNoServers,
                  "no servers available for " + std::string(ToString(*service)));
  }
  transaction.give_up_at = now + settings_.timeout * settings_.max_try * servers;
  Assign(transaction, turn);
  return id;
}

void Client::Cancel(RequestId request, TimePoint now, ActionList& actions) {
  Transaction* const transaction = transactions_.Find(request);
  if (transaction == nullptr) return;
  Close(*transaction, now);
  Settle({now, actions});
}

void Client::Tick(TimePoint now, ActionList& actions) {
  Turn turn{now, actions};
  for (auto next = transactions_.NextTimer(); next && *next <= now;
       next = transactions_.NextTimer()) {
    TimerFired(*transactions_.PopDue(now), *next, turn);
  }
  SendProbes(turn);
  Settle(turn);
  if (house_at_ && *house_at_ <= now) KeepHouse(turn);
}

std::optional<TimePoint> Client::NextDeadline() const {
  std::optional<TimePoint> earliest = transactions_.NextTimer();
  KeepEarlier(earliest, NextProbe());
  KeepEarlier(earliest, house_at_);
  return earliest;
}

std::optional<TimePoint> Client::NextProbe() const {
  std::optional<TimePoint> earliest;
  for (const auto& [id, server] : servers_) {
    for (const ServerService& service : server.services) {
      if (service.offered) KeepEarlier(earliest, service.health.ProbeAt());
    }
  }
  return earliest;
}

// ---- Sockets

void Client::KeepHouse(Turn turn) {
  for (auto& [id, server] : servers_) {
    for (ServerService& service : server.services) {
      for (const SocketId socket : service.identifiers.RemoveIdle(turn.now)) {
        sockets_.erase(socket);
        turn.actions.push_back(CloseSocket{socket});
      }
    }
  }
  house_at_.reset();
  if (!sockets_.empty()) house_at_ = turn.now + kHousekeeping;
}

void Client::AddSocketTo(Place place, Turn turn) {
  ServerService& service = ServiceAt(place);
  const SocketId socket(++last_socket_);
  service.identifiers.AddSocket(socket, entropy_, turn.now);
  sockets_[socket] = place;
  if (!house_at_) house_at_ = turn.now + kHousekeeping;

  OpenSocket open{socket, std::nullopt, service.endpoint};
  if (IsIpv4(service.endpoint.address)) {
    if (settings_.source_v4) open.source = *settings_.source_v4;
  } else if (settings_.source_v6) {
    open.source = *settings_.source_v6;
  }
  turn.actions.push_back(open);
}

void Client::SocketFailed(SocketId socket, std::string_view why, TimePoint now,
                          ActionList& actions) {
  const auto found = sockets_.find(socket);
  if (found == sockets_.end()) return;
  Turn turn{now, actions};
  const Place place = found->second;
  ServerService& service = ServiceAt(place);
  SocketTrouble(socket, why);
  Warn(service, LogLevel::kError,
       "radius: " + servers_.at(place.server).Name() + ": " + service.counters.last_error, turn);
  service.identifiers.SocketFailed(socket, now);
  sockets_.erase(found);

  for (const RequestId id : transactions_.Ids()) {
    Transaction* const transaction = transactions_.Find(id);
    if (transaction == nullptr) continue;
    const std::size_t before = transaction->held.size();
    std::erase_if(transaction->held,
                  [socket](const Transaction::Held& held) { return held.slot.socket == socket; });
    if (before == transaction->held.size()) continue;
    if (!transaction->slot || transaction->slot->socket != socket) continue;
    transaction->slot.reset();
    transaction->trouble = service.counters.last_error;
    if (transaction->probe) {
      EndProbe(*transaction, turn);
    } else if (service.identifiers.socket_count() == 0) {
      MoveOn(*transaction, turn);
    } else {
      --transaction->transmissions;  // that one did not leave
      Leave(*transaction);
      Enqueue(*transaction);
    }
  }
  Settle(turn);
}

void Client::SocketTrouble(SocketId socket, std::string_view why) {
  const auto found = sockets_.find(socket);
  if (found == sockets_.end()) return;
  ServiceView& counters = ServiceAt(found->second).counters;
  ++counters.socket_errors;
  counters.last_error = Escape(why);
}

void Client::Warn(ServerService& service, LogLevel level, std::string text, Turn turn) {
  if (turn.now < service.next_complaint) return;
  service.next_complaint = turn.now + kComplaintPause;
  turn.actions.push_back(WriteLog{level, std::move(text)});
}

// ---- Configuration

ServerService& Client::ServiceAt(Place place) {
  return servers_.at(place.server).service(place.service);
}

// For every server of the new configuration the one it was; each at most once.
std::vector<std::optional<ServerId>> Client::Match(const ClientSettings& fresh) const {
  const bool same_v4 = fresh.source_v4 == settings_.source_v4;
  const bool same_v6 = fresh.source_v6 == settings_.source_v6;
  std::set<ServerId> taken;
  std::vector<std::optional<ServerId>> kept;
  for (const ServerSettings& wanted : fresh.servers) {
    std::optional<ServerId> match;
    for (const auto& [id, server] : servers_) {
      if (match || taken.contains(id) || !SameServer(server.settings, wanted)) continue;
      if (IsIpv4(wanted.address) ? same_v4 : same_v6) match = id;
    }
    if (match) taken.insert(*match);
    kept.push_back(match);
  }
  return kept;
}

// Where nothing may be sent to any more, or not from there.
std::vector<Client::Place> Client::Departing(
    const ClientSettings& fresh, const std::vector<std::optional<ServerId>>& kept) const {
  std::vector<Place> departing;
  for (const auto& [id, server] : servers_) {
    const auto match = std::find(kept.begin(), kept.end(), std::optional(id));
    const bool gone = match == kept.end();
    const ServerSettings* settings =
        gone ? nullptr : &fresh.servers[static_cast<std::size_t>(match - kept.begin())];
    if (gone || settings->disabled) departing.push_back({id, Service::kAuthentication});
    if (gone || settings->disabled || !settings->accounting) {
      departing.push_back({id, Service::kAccounting});
    }
  }
  return departing;
}

void Client::Depart(Place place, Turn turn) {
  ServerService& service = ServiceAt(place);
  for (const SocketId socket : service.identifiers.Sockets()) {
    sockets_.erase(socket);
    turn.actions.push_back(CloseSocket{socket});
  }
  service.identifiers = IdentifierPool();
}

void Client::Configure(ClientSettings settings, TimePoint now, ActionList& actions) {
  Turn turn{now, actions};
  const auto kept = Match(settings);
  const std::vector<Place> departing = Departing(settings, kept);
  const auto departs = [&](Place place) {
    return std::find(departing.begin(), departing.end(), place) != departing.end();
  };
  std::vector<RequestId> homeless;
  for (const RequestId id : transactions_.Ids()) {
    Transaction& transaction = *transactions_.Find(id);
    const Service service = transaction.service;
    if (departs({transaction.server, service})) {
      Leave(transaction);
      homeless.push_back(id);
    }
    std::erase_if(transaction.held, [&](const Transaction::Held& held) {
      return departs({held.server, service});
    });
  }
  for (const Place place : departing) Depart(place, turn);

  std::map<ServerId, Server> old = std::exchange(servers_, {});
  order_.clear();
  spread_ = Spread::kInOrder;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const ServerId id = kept[i] ? *kept[i] : ServerId(++last_server_);
    Server& server = servers_[id];
    if (kept[i]) server = std::move(old.at(id));
    server.id = id;
    if (settings.servers[i].priority) spread_ = Spread::kByWeight;
    server.Configure(static_cast<std::uint32_t>(i + 1), std::move(settings.servers[i]),
                     settings.max_try);
    order_.push_back(id);
  }
  settings_ = std::move(settings);
  settings_.servers.clear();

  for (const RequestId id : homeless) {
    Transaction& transaction = *transactions_.Find(id);
    if (transaction.probe) {
      Close(transaction, now);
    } else {
      Assign(transaction, turn);
    }
  }
  Settle(turn);
}

// ---- For people

ClientView Client::View(TimePoint now) const {
  ClientView view;
  for (const ServerId id : order_) view.servers.push_back(servers_.at(id).ViewAt(now));
  view.open_requests = transactions_.size();
  view.refused_requests = refused_;
  view.stray_datagrams = strays_;
  return view;
}

}  // namespace sstpgw::cp::radius
