// Client: which server a request is at, and what is sent to it when.
#include <algorithm>
#include <utility>

#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/attribute_values.h"
#include "controlplane/radius/client.h"
#include "proto/base/text.h"

namespace sstpgw::cp::radius {
namespace {

using Phase = Transaction::Phase;
using Standing = ServerHealth::Standing;

Attribute* FindDelay(RequestBody& body) {
  for (Attribute& attribute : body.attributes) {
    if (attribute.key() == kAcctDelayTime) return &attribute;
  }
  return nullptr;
}

// What Acct-Delay-Time should be now; nullopt: there is none.
std::optional<Bytes> DelayAt(const Transaction& transaction, TimePoint now) {
  if (!transaction.delay) return std::nullopt;
  const auto passed = std::chrono::floor<std::chrono::seconds>(now - transaction.submitted).count();
  const std::uint64_t delay = *transaction.delay + static_cast<std::uint64_t>(passed);
  return IntegerValue(static_cast<std::uint32_t>(std::min<std::uint64_t>(delay, UINT32_MAX)));
}

Traffic& TrafficOf(ServerService& service, const Transaction& transaction) {
  return transaction.request.interim ? service.interims : service.requests;
}

}  // namespace

// ---- Choosing

// The servers it has not been at, in the operator's order.
std::vector<Client::Option> Client::Options(const Transaction& transaction, TimePoint now) {
  std::vector<Option> options;
  for (const ServerId id : order_) {
    const auto& tried = transaction.tried;
    if (std::find(tried.begin(), tried.end(), id) != tried.end()) continue;
    if (transaction.request.only && *transaction.request.only != id) continue;
    Server& server = servers_.at(id);
    const ServerService& service = server.service(transaction.service);
    if (!service.offered) continue;
    Candidate candidate;
    candidate.backup = server.settings.backup;
    candidate.weight = server.weight();
    candidate.load = service.in_flight + service.queue.size();
    candidate.full = !service.CanSend(now) && service.queue.size() >= settings_.max_queue;
    candidate.standing = service.health.StandingAt(now);
    candidate.penalty_end = service.health.failed() ? service.health.penalty_end() : TimePoint{};
    options.push_back({&server, candidate});
  }
  return options;
}

// Whether there is a server for it that is known to work.
bool Client::HasOther(const Transaction& transaction, TimePoint now) {
  const auto options = Options(transaction, now);
  return std::any_of(options.begin(), options.end(), [](const Option& option) {
    return option.candidate.standing == Standing::kUsable && !option.candidate.full;
  });
}

// `transaction` is at no server. It may be gone when this returns.
void Client::Assign(Transaction& transaction, Turn turn) {
  const std::vector<Option> options = Options(transaction, turn.now);
  std::vector<Candidate> candidates;
  candidates.reserve(options.size());
  for (const Option& option : options) candidates.push_back(option.candidate);
  const auto choice = Choose(candidates, spread_);
  if (choice && turn.now < transaction.give_up_at) {
    Begin(transaction, options[*choice], turn);
  } else if (!options.empty() && !choice && transaction.tried.empty()) {
    Fail(transaction, FailureReason::kOverloaded, "the queues of all servers are full", turn);
  } else if (transaction.tried.empty()) {
    Fail(transaction, FailureReason::kNoServers, "no servers available", turn);
  } else {
    Fail(transaction, FailureReason::kNoAnswer, AskedServers(transaction), turn);
  }
}

void Client::Begin(Transaction& transaction, const Option& option, Turn turn) {
  Server& server = *option.server;
  ServerService& service = server.service(transaction.service);
  transaction.tried.push_back(server.id);
  transaction.server = server.id;
  transaction.leave_at =
      std::min(turn.now + settings_.timeout * settings_.max_try, transaction.give_up_at);
  transaction.transmissions = 0;
  transaction.trial = option.candidate.standing == Standing::kTrialDue;
  if (transaction.trial) service.health.TrialStarted();
  if (service.CanSend(turn.now)) {
    Ask(transaction, turn);
    return;
  }
  Enqueue(transaction);
}

void Client::Enqueue(Transaction& transaction) {
  ServerService& service = ServiceAt({transaction.server, transaction.service});
  transaction.phase = Phase::kQueued;
  service.queue.emplace(transaction.request.priority, transaction.id);
  transactions_.SetTimer(transaction, transaction.leave_at);
}

// ---- Sending

// A packet of its own: Identifier, authenticator, everything made with the server's secret. There
// is an identifier. The transaction may be gone when this returns.
void Client::Ask(Transaction& transaction, Turn turn) {
  const Place place{transaction.server, transaction.service};
  Server& server = servers_.at(place.server);
  ServerService& service = server.service(place.service);
  if (service.identifiers.WantsSocket(turn.now)) AddSocketTo(place, turn);
  const auto slot = service.identifiers.Take();
  if (!slot) return Fail(transaction, FailureReason::kOverloaded, "no identifier is free", turn);

  RequestBody& body = transaction.request.body;
  if (const auto delay = DelayAt(transaction, turn.now)) FindDelay(body)->value = *delay;
  Envelope envelope;
  envelope.identifier = slot->identifier;
  envelope.secret = server.settings.secret.Reveal();
  if (body.code != Code::kAccountingRequest) entropy_.Fill(envelope.authenticator);
  auto sealed = Seal(body, envelope, formats());
  if (!sealed) {
    service.identifiers.Release(*slot, turn.now);
    return Fail(transaction, FailureReason::kUnsendable, Escape(sealed.error().message), turn);
  }
  transaction.datagram = std::move(*sealed);
  transaction.slot = *slot;
  transaction.held.push_back({place.server, *slot});
  *service.identifiers.Find(*slot) = SlotUse{SlotUse::Fate::kOpen, body.code, transaction.id,
                                             AuthenticatorOf(transaction.datagram), turn.now};
  if (transaction.phase != Phase::kAsked) {
    transaction.phase = Phase::kAsked;
    transaction.counts_from = turn.now;
    ++service.in_flight;
  }
  SendOnce(transaction, turn);
}

void Client::Repeat(Transaction& transaction, Turn turn) {
  ServerService& service = ServiceAt({transaction.server, transaction.service});
  const auto delay = DelayAt(transaction, turn.now);
  const bool other = delay && FindDelay(transaction.request.body)->value != *delay;
  // Without a free identifier the packet as it was is still right but for a delay that is too
  // small.
  if ((other || !transaction.slot) && service.identifiers.CanTake(turn.now)) {
    Ask(transaction, turn);
  } else if (transaction.slot) {
    SendOnce(transaction, turn);
  } else {
    MoveOn(transaction, turn);
  }
}

void Client::SendOnce(Transaction& transaction, Turn turn) {
  const Server& server = servers_.at(transaction.server);
  ServerService& service = ServiceAt({transaction.server, transaction.service});
  ++transaction.transmissions;
  transaction.last_sent = turn.now;
  if (transaction.probe) {
    ++service.counters.status_sent;
  } else {
    SendCounters& counters = TrafficOf(service, transaction).total;
    ++counters.sent;
    if (transaction.transmissions > 1) ++counters.retries;
  }
  LogPacket(Direction::kSend, server, transaction.datagram, turn);
  turn.actions.push_back(
      SendDatagram{transaction.slot->socket, service.endpoint, transaction.datagram});
  const Duration patience =
      transaction.trial ? std::min(kTrialPatience, settings_.timeout) : settings_.timeout;
  transactions_.SetTimer(transaction,
                         std::min(transaction.counts_from + patience, transaction.leave_at));
}

// ---- Waiting in vain

// `due`: when the timer was set for. What follows counts from there, not from now, so that small
// delays of the caller do not add up to a transmission less.
void Client::TimerFired(Transaction& transaction, TimePoint due, Turn turn) {
  const Place place{transaction.server, transaction.service};
  ServerService& service = ServiceAt(place);
  if (transaction.phase != Phase::kAsked) {
    ++service.counters.queue_expired;
    return MoveOn(transaction, turn);
  }
  if (transaction.probe) return EndProbe(transaction, turn);
  if (transaction.trial) return TrialOver(transaction, turn);

  Traffic& traffic = TrafficOf(service, transaction);
  ++traffic.total.lost;
  traffic.lost.Add(turn.now);
  // Who came out of the queue late did not wait long enough to blame the server.
  if (turn.now - transaction.last_sent >= settings_.timeout / 2) Unanswered(place, turn);

  const bool late = turn.now - due > settings_.timeout / 4;
  transaction.counts_from = late ? turn.now : due;
  const bool again = transaction.transmissions < settings_.max_try &&
                     transaction.leave_at - transaction.counts_from >= settings_.timeout / 2;
  if (again && !(service.health.failed() && HasOther(transaction, turn.now))) {
    Repeat(transaction, turn);
  } else {
    MoveOn(transaction, turn);
  }
}

void Client::TrialOver(Transaction& transaction, Turn turn) {
  const Place place{transaction.server, transaction.service};
  ServerService& service = ServiceAt(place);
  transaction.trial = false;
  service.health.TrialEnded();
  if (!HasOther(transaction, turn.now)) {
    transactions_.SetTimer(
        transaction, std::min(transaction.counts_from + settings_.timeout, transaction.leave_at));
    return;
  }
  Traffic& traffic = TrafficOf(service, transaction);
  ++traffic.total.lost;
  traffic.lost.Add(turn.now);
  Unanswered(place, turn);
  MoveOn(transaction, turn);
}

void Client::Unanswered(Place place, Turn turn) {
  Server& server = servers_.at(place.server);
  ServerService& service = server.service(place.service);
  if (!service.health.Unanswered(turn.now)) return;
  const std::string what_now =
      service.health.failed()
          ? "left alone for " + std::to_string(server.settings.fail_time.count()) + " s"
          : "asked again each time, since it has no fail-time";
  turn.actions.push_back(WriteLog{
      LogLevel::kWarning,
      "radius: " + server.Name() + " not responding: " + ToString(service.endpoint) + ", " +
          ToString(place.service) + ", " + std::to_string(service.health.fail_count()) +
          " packets unanswered; " + what_now});
  if (!service.health.failed()) return;
  const auto queue = service.queue;
  for (const auto& [priority, id] : queue) {
    Transaction* const transaction = transactions_.Find(id);
    if (transaction == nullptr || transaction->phase != Phase::kQueued) continue;
    if (HasOther(*transaction, turn.now)) MoveOn(*transaction, turn);
  }
}

// ---- Going on

// It is at no server from here on; what was sent stays valid.
void Client::Leave(Transaction& transaction) {
  const auto server = servers_.find(transaction.server);
  if (server == servers_.end()) return;  // it never was at one, or has left it
  ServerService& service = server->second.service(transaction.service);
  if (transaction.phase == Phase::kQueued) {
    service.queue.erase({transaction.request.priority, transaction.id});
  } else if (transaction.phase == Phase::kAsked) {
    --service.in_flight;
  }
  if (transaction.trial || transaction.probe) service.health.TrialEnded();
  transaction.trial = false;
  transaction.phase = Phase::kIdle;
  transaction.slot.reset();
  transaction.datagram.clear();
}

// The transaction may be gone when this returns.
void Client::MoveOn(Transaction& transaction, Turn turn) {
  ++ServiceAt({transaction.server, transaction.service}).counters.moved_on;
  Leave(transaction);
  Assign(transaction, turn);
}

// Room that has become free, here or anywhere, is given to those who wait for it. Ends every step
// that may have freed some: a request that is over frees identifiers of all servers it was at.
void Client::Settle(Turn turn) {
  for (bool again = true; std::exchange(again, false);) {
    for (auto& [id, server] : servers_) {
      for (ServerService& service : server.services) {
        while (!service.queue.empty() && service.CanSend(turn.now)) {
          ServeFirst(service, turn);
          again = true;
        }
      }
    }
  }
}

void Client::ServeFirst(ServerService& service, Turn turn) {
  Transaction& transaction = *transactions_.Find(service.queue.begin()->second);
  if (transaction.leave_at <= turn.now) {  // its timer is due as well
    ++service.counters.queue_expired;
    MoveOn(transaction, turn);
    return;
  }
  service.queue.erase(service.queue.begin());
  transaction.phase = Phase::kIdle;
  Ask(transaction, turn);
}

// ---- Status-Server

void Client::SendProbes(Turn turn) {
  for (const ServerId id : order_) {
    for (const Service which : {Service::kAuthentication, Service::kAccounting}) {
      ServerService& service = servers_.at(id).service(which);
      const auto at = service.health.ProbeAt();
      if (!service.offered || !at || *at > turn.now) continue;
      if (!service.identifiers.CanTake(turn.now)) {
        Unanswered({id, which}, turn);
        continue;
      }
      Transaction& probe = transactions_.Add(RequestId(++last_request_));
      probe.probe = true;
      probe.service = which;
      probe.server = id;
      probe.tried.push_back(id);
      probe.request.body.code = Code::kStatusServer;
      probe.request.body.attributes = settings_.identity;
      probe.submitted = turn.now;
      probe.give_up_at = probe.leave_at = turn.now + settings_.timeout;
      service.health.TrialStarted();
      Ask(probe, turn);
    }
  }
}

void Client::EndProbe(Transaction& transaction, Turn turn) {
  const Place place{transaction.server, transaction.service};
  Close(transaction, turn.now);
  Unanswered(place, turn);
}

// ---- The end

// Everything about it is given up, and itself; nobody is told.
void Client::Close(Transaction& transaction, TimePoint now) {
  Leave(transaction);
  for (const Transaction::Held& held : transaction.held) {
    IdentifierPool& identifiers = ServiceAt({held.server, transaction.service}).identifiers;
    SlotUse* const use = identifiers.Find(held.slot);
    if (use != nullptr && use->fate == SlotUse::Fate::kOpen) use->fate = SlotUse::Fate::kGivenUp;
    identifiers.Release(held.slot, now);
  }
  transactions_.Remove(transaction.id);
}

void Client::Finish(Transaction& transaction, std::variant<Answered, Failed> outcome, Turn turn) {
  const RequestId id = transaction.id;
  const bool probe = transaction.probe;
  Close(transaction, turn.now);
  if (!probe) turn.actions.push_back(RequestDone{id, std::move(outcome)});
}

void Client::Fail(Transaction& transaction, FailureReason reason, std::string text, Turn turn) {
  if (transaction.probe) return EndProbe(transaction, turn);
  if (reason != FailureReason::kNoAnswer) ++refused_;
  Finish(transaction, Failed{reason, std::move(text)}, turn);
}

std::string Client::AskedServers(const Transaction& transaction) const {
  std::string text = "no answer from";
  for (const ServerId id : transaction.tried) {
    const auto server = servers_.find(id);
    if (server != servers_.end()) text += " " + server->second.Name();
  }
  if (!transaction.trouble.empty()) text += " (" + transaction.trouble + ")";
  return text;
}

}  // namespace sstpgw::cp::radius
