#include "controlplane/app/dynamic_author_desk.h"

#include <utility>

#include "controlplane/edge/local_clock.h"
#include "controlplane/edge/task_loop.h"
// Behind dictionary.h, whose enumerators its constants would shadow.
#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/dynamic_settings.h"
#include "proto/base/log.h"
#include "proto/base/text.h"

namespace sstpgw::cp {
namespace {

using radius::DynamicAuthorization;
using radius::ErrorCause;

SessionKey KeyOf(const radius::SessionName& name) { return {name.gateway, name.session}; }
radius::SessionName NameOf(const SessionKey& key) { return {key.gateway, key.session}; }

radius::DynamicAuthorizationLimits Limits() {
  radius::DynamicAuthorizationLimits limits;
  limits.answer_within = DynamicAuthorDesk::kAnswerWithin;
  return limits;
}

radius::DynamicAuthorizationSettings SettingsOf(const RadiusConfig* config,
                                                radius::RateJudge judge) {
  if (config == nullptr || !config->dynamic_author) return {};  // nobody may ask
  return radius::DynamicSettingsOf(*config, std::move(judge));
}

radius::SessionIdentity IdentityOf(const SessionEntry& entry,
                                   const DynamicAuthorDesk::Facts& facts) {
  const SessionRecord& record = entry.record;
  radius::SessionIdentity session;
  session.name = NameOf(entry.key);
  session.user = record.user;
  session.accounting_user = facts.accounting_user;
  session.interface_name = record.interface_name;
  session.nas_port = facts.nas_port;
  const NetworkRecord& network = record.network;
  const bool ipv4 = network.ipv4 || !network.ipv6;
  if (ipv4 && !record.policy.address.is_zero()) session.address = record.policy.address;
  session.calling_station = record.calling_station;
  session.called_station = record.called_station;
  // Those that it really has: what IPv6CP has not agreed on is only what it could have.
  if (network.ipv6) {
    session.ipv6_prefixes = record.policy.network.framed_ipv6_prefixes;
    if (network.peer_interface_id != InterfaceId{})
      session.interface_id = network.peer_interface_id;
  }
  return session;
}

std::string RemedyFor(ErrorCode code) {
  switch (code) {
    case ErrorCode::kAlreadyExists:
      return "Stop whoever has it (ss -lunp shows who), or set another dynamic-author port.";
    case ErrorCode::kInvalidArgument:
      return "Give this host the address, or set another dynamic-author server.";
    case ErrorCode::kPermissionDenied:
      return "Set a dynamic-author port above 1023.";
    default:
      return "Nobody can end or change sessions by RADIUS until it is.";
  }
}

Error CannotListen(const std::optional<IpAddress>& address, std::uint16_t port,
                   const Error& reason) {
  const std::string place =
      address ? ToString(IpEndpoint{*address, port}) : "*:" + std::to_string(port);
  return {reason.code, "radius dynamic-author cannot listen at " + place + ": " + reason.message +
                           ". " + RemedyFor(reason.code)};
}

}  // namespace

// ---- Answers

DynamicAuthorDesk::Outcome AnswerOf(const PolicyOutcome& outcome, bool with_vrf) {
  if (!outcome.found) return AnswerOf(Error{ErrorCode::kNotFound, "the session has ended"});
  if (!outcome.refused.empty()) {
    // Of all that can be changed only a VRF can be one that a gateway does not have.
    const bool no_such_vrf = with_vrf && outcome.refused[0].by_gateway;
    return radius::Refuse(
        no_such_vrf ? ErrorCause::kInvalidAttributeValue : ErrorCause::kResourcesUnavailable,
        Escape(outcome.refused[0].reason));
  }
  if (!outcome.unanswered.empty()) {
    return radius::Refuse(ErrorCause::kResourcesUnavailable, Escape(outcome.unanswered[0].reason));
  }
  return {};
}

DynamicAuthorDesk::Outcome AnswerOf(const Error& error) {
  const ErrorCause cause = error.code == ErrorCode::kNotFound ? ErrorCause::kSessionContextNotFound
                           : error.code == ErrorCode::kInvalidArgument
                               ? ErrorCause::kInvalidAttributeValue
                               : ErrorCause::kResourcesUnavailable;
  return radius::Refuse(cause, Escape(error.message));
}

// ---- Settings

DynamicAuthorDesk::DynamicAuthorDesk(Poller& poller, Callbacks callbacks)
    : callbacks_(std::move(callbacks)),
      core_({}, Limits()),
      listener_(poller, [this](const DatagramListener::Asked& by, ByteView datagram) {
        Arrived(by, datagram);
      }) {}

Result<void> DynamicAuthorDesk::Configure(const RadiusConfig* config, radius::RateJudge judge) {
  if (config == nullptr || !config->dynamic_author) {
    listener_.Close();
    place_.reset();
    ending_.clear();
    core_.Abandon();
  } else {
    const DynamicAuthorConfig& author = *config->dynamic_author;
    Place place{std::nullopt, author.port};
    if (author.listen) place.address = *author.listen;
    SG_RETURN_IF_ERROR(MoveTo(place));
  }
  core_.Configure(SettingsOf(config, std::move(judge)));
  return {};
}

// The port that is left may be the very one that is wanted, at fewer addresses or more; so the old
// socket goes first, and comes back where the new one cannot be had.
Result<void> DynamicAuthorDesk::MoveTo(const Place& place) {
  if (place_ == place) return {};
  listener_.Close();
  const auto opened = listener_.Open(place.address, place.port);
  if (opened) {
    place_ = place;
    return {};
  }
  Error error = CannotListen(place.address, place.port, opened.error());
  if (place_ && !listener_.Open(place_->address, place_->port)) {
    error.message += " The port of before is gone, too.";
    place_.reset();
  }
  return Fail(std::move(error));
}

std::optional<IpEndpoint> DynamicAuthorDesk::listening() const {
  if (!place_) return std::nullopt;
  return IpEndpoint{place_->address.value_or(Ipv4Address()), listener_.port()};
}

// ---- Sessions

void DynamicAuthorDesk::SessionChanged(const SessionEntry& entry, const Facts& facts) {
  if (entry.record.policy.generation.value() == 0) return;
  sessions_.Put(IdentityOf(entry, facts));
}

void DynamicAuthorDesk::SessionEnding(const SessionKey& key) {
  const auto order = ending_.find(key);
  if (order == ending_.end()) return;
  const auto id = order->second;
  ending_.erase(order);
  Execute(core_.Conclude(id, Outcome(), TaskLoop::Now()));
}

void DynamicAuthorDesk::SessionGone(const SessionKey& key) {
  sessions_.Remove(NameOf(key));
  SessionEnding(key);
}

// ---- Requests

void DynamicAuthorDesk::Arrived(const DatagramListener::Asked& by, ByteView datagram) {
  core_.LogPackets(LogEnabled(LogLevel::kTrace));
  const DynamicAuthorization::Peer peer{by.from.address, by.from.port, by.to};
  Execute(core_.Receive(datagram, peer, {TaskLoop::Now(), UnixSeconds()}, sessions_));
}

void DynamicAuthorDesk::Tick() { Execute(core_.Tick(TaskLoop::Now())); }

void DynamicAuthorDesk::Execute(DynamicAuthorization::ActionList actions) {
  for (DynamicAuthorization::Action& action : actions) to_do_.push_back(std::move(action));
  if (executing_) return;
  executing_ = true;
  while (!to_do_.empty()) {
    DynamicAuthorization::Action action = std::move(to_do_.front());
    to_do_.pop_front();
    Obey(action);
  }
  executing_ = false;
}

void DynamicAuthorDesk::Obey(DynamicAuthorization::Action& action) {
  if (const auto* reply = std::get_if<DynamicAuthorization::Reply>(&action)) {
    Send(*reply);
  } else if (const auto* end = std::get_if<DynamicAuthorization::Disconnect>(&action)) {
    Disconnect(*end);
  } else if (auto* change = std::get_if<DynamicAuthorization::Change>(&action)) {
    Change(*change);
  } else if (const auto* late = std::get_if<DynamicAuthorization::Withdraw>(&action)) {
    // Whoever changes sessions gives up before we do and takes back what was not applied.
    Log(LogLevel::kError, "radius: the change of session " + Escape(late->session.session) +
                              " was not concluded in time");
  } else if (const auto* line = std::get_if<DynamicAuthorization::WriteLog>(&action)) {
    Log(line->level, line->text);
  }
}

void DynamicAuthorDesk::Send(const DynamicAuthorization::Reply& reply) {
  const DatagramListener::Asked asked{{reply.to.address, reply.to.port},
                                      reply.to.to.value_or(reply.to.address)};
  const auto sent = listener_.Send(asked, reply.octets);
  if (sent) return;
  ++unsent_;  // the server asks again and gets the answer that is remembered
  if (const auto left_out = lines_.Ask(Line::kUnsent, TaskLoop::Now())) {
    std::string text =
        "radius: cannot answer " + ToString(asked.from) + ": " + sent.error().message;
    if (*left_out > 0) text += " (" + std::to_string(*left_out) + " more such lines left out)";
    Log(LogLevel::kWarning, text);
  }
}

void DynamicAuthorDesk::Disconnect(const DynamicAuthorization::Disconnect& order) {
  if (!callbacks_.attached(order.session.gateway)) {
    const Outcome outcome =
        radius::Refuse(ErrorCause::kSessionContextNotRemovable,
                       "gateway '" + Escape(order.session.gateway) + "' is not attached");
    Execute(core_.Conclude(order.id, outcome, TaskLoop::Now()));
    return;
  }
  const SessionKey key = KeyOf(order.session);
  // Of a former request whose time is over, nobody waits any more.
  ending_[key] = order.id;
  callbacks_.disconnect(key, "Disconnect-Request of a RADIUS server");
}

void DynamicAuthorDesk::Change(DynamicAuthorization::Change& order) {
  callbacks_.change(
      KeyOf(order.session), std::move(order.change),
      [this, id = order.id, session = order.session](const Outcome& outcome) {
        // Whatever went wrong: of a session that is over, that is what the server is told.
        const bool over = !outcome && !sessions_.Contains(session);
        Execute(core_.Conclude(
            id, over ? AnswerOf(Error{ErrorCode::kNotFound, "the session has ended"}) : outcome,
            TaskLoop::Now()));
      });
}

}  // namespace sstpgw::cp
