#include "controlplane/radius/dynamic_authorization.h"

#include <algorithm>
#include <utility>

#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/attribute_values.h"
#include "controlplane/radius/authenticators.h"
#include "controlplane/radius/packet_text.h"

namespace sstpgw::cp::radius {
namespace {

constexpr std::uint32_t kAuthorizeOnly = 17;  // Service-Type, RFC 5176 3
// What an answer may hold besides Proxy-States: Message-Authenticator and Error-Cause.
constexpr std::size_t kOwnAttributes = 2;
constexpr std::size_t kOwnOctets = 18 + 6;

std::string ToString(const DynamicAuthorization::Peer& peer) {
  const std::string address = sstpgw::ToString(peer.address);
  const bool ipv6 = std::holds_alternative<Ipv6Address>(peer.address);
  return (ipv6 ? "[" + address + "]" : address) + ":" + std::to_string(peer.port);
}

DynamicCount CountOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kWrongAuthenticator:
      return DynamicCount::kWrongAuthenticator;
    case Verdict::kWrongMessageAuthenticator:
      return DynamicCount::kWrongMessageAuthenticator;
    case Verdict::kMissingMessageAuthenticator:
      return DynamicCount::kMissingMessageAuthenticator;
    case Verdict::kGenuine:
    case Verdict::kMalformed:
      break;
  }
  return DynamicCount::kMalformed;
}

bool IsDisconnect(Code code) { return code == Code::kDisconnectRequest; }

Code AnswerCode(Code request, bool acknowledge) {
  if (IsDisconnect(request)) return acknowledge ? Code::kDisconnectAck : Code::kDisconnectNak;
  return acknowledge ? Code::kCoaAck : Code::kCoaNak;
}

bool AnswerHasRoom(const std::vector<Bytes>& proxy_states) {
  std::size_t octets = kHeaderSize + kOwnOctets;
  for (const Bytes& state : proxy_states) octets += state.size() + 2;
  return octets <= kMaxPacketSize && proxy_states.size() + kOwnAttributes <= kMaxAttributes;
}

// Every attribute of this key says `own`. None: that holds, too.
template <class Read, class T>
std::optional<Refusal> Compare(const Packet& packet, AttributeKey key, Read read, const T& own,
                               const char* name) {
  for (const Attribute* attribute : packet.FindAll(key)) {
    const auto value = read(attribute->value);
    if (!value) {
      return Refusal{ErrorCause::kInvalidRequest, std::string(name) + " does not have its shape"};
    }
    if (*value != own) {
      return Refusal{ErrorCause::kNasIdentificationMismatch, std::string(name) + " is not ours"};
    }
  }
  return std::nullopt;
}

std::optional<std::string_view> AnyText(ByteView value) { return ReadText(value); }

}  // namespace

struct DynamicAuthorization::Genuine {
  Request request;
  Packet packet;
  std::optional<std::uint32_t> event_timestamp;
};

DynamicAuthorization::DynamicAuthorization(Settings settings, Limits limits)
    : settings_(std::move(settings)), limits_(limits), answers_(limits.answers) {}

// ---- Steps that drop ----------------------------------------------------------------------------

std::optional<DynamicCount> DynamicAuthorization::CheckOrigin(ByteView datagram,
                                                              const Peer& from) const {
  const bool allowed =
      std::any_of(settings_.allowed_from.begin(), settings_.allowed_from.end(),
                  [&](const IpPrefix& prefix) { return prefix.Contains(from.address); });
  if (!allowed) return DynamicCount::kSourceNotAllowed;
  const auto octets = PacketOctets(datagram);
  if (!octets) return DynamicCount::kMalformed;
  const auto code = static_cast<Code>((*octets)[0]);
  if (code != Code::kDisconnectRequest && code != Code::kCoaRequest) {
    return DynamicCount::kWrongCode;
  }
  const Verdict verdict =
      VerifyRequest(*octets, settings_.secret.Reveal(),
                    settings_.require_message_authenticator ? MessageAuthenticatorRule::kRequired
                                                            : MessageAuthenticatorRule::kIfPresent);
  if (verdict != Verdict::kGenuine) return CountOf(verdict);
  return std::nullopt;
}

std::optional<DynamicCount> DynamicAuthorization::CheckTime(const Packet& packet,
                                                            Moment moment) const {
  const std::vector<const Attribute*> stamps = packet.FindAll(kEventTimestamp);
  if (stamps.empty()) {
    return settings_.require_event_timestamp ? std::optional(DynamicCount::kOutsideWindow)
                                             : std::nullopt;
  }
  if (settings_.event_window.count() == 0) return std::nullopt;
  for (const Attribute* stamp : stamps) {
    const auto seconds = ReadInteger(stamp->value);
    if (!seconds) return DynamicCount::kOutsideWindow;
    const std::int64_t window = settings_.event_window.count();
    const std::int64_t ahead = std::int64_t{*seconds} - moment.unix_seconds;
    if (ahead > window || ahead < -window) return DynamicCount::kOutsideWindow;
  }
  if (used_.Contains(packet.authenticator)) return DynamicCount::kReplayed;
  return std::nullopt;
}

std::optional<DynamicAuthorization::Genuine> DynamicAuthorization::Accept(ByteView datagram,
                                                                          const Peer& from,
                                                                          Moment moment,
                                                                          ActionList& actions) {
  const auto drop = [&](DynamicCount count) -> std::optional<Genuine> {
    Drop(count, from, moment.now, actions);
    return std::nullopt;
  };
  if (const auto count = CheckOrigin(datagram, from)) return drop(*count);
  auto packet = Decode(datagram, settings_.dictionary->vendor_formats());
  if (!packet) return drop(DynamicCount::kMalformed);
  if (settings_.trace) {
    actions.emplace_back(
        WriteLog{LogLevel::kTrace, LogLine(Direction::kReceive, "RADIUS(" + ToString(from) + ")",
                                           *packet, *settings_.dictionary)});
  }
  Genuine genuine;
  genuine.request.key = {from.address, from.port, packet->identifier, packet->authenticator};
  genuine.request.from = from;
  genuine.request.code = packet->code;
  genuine.request.message_authenticator = packet->Find(kMessageAuthenticator) != nullptr;
  for (const Attribute* state : packet->FindAll(kProxyState)) {
    genuine.request.proxy_states.push_back(state->value);
  }
  if (!AnswerHasRoom(genuine.request.proxy_states)) return drop(DynamicCount::kTooLarge);

  if (const Bytes* answer = answers_.Find(genuine.request.key)) {
    counters_.Add(DynamicCount::kDuplicateAnswered);
    actions.emplace_back(Reply{from, *answer});
    return std::nullopt;
  }
  if (keys_.find(genuine.request.key) != keys_.end()) {
    return drop(DynamicCount::kDuplicateInProgress);
  }
  if (const auto count = CheckTime(*packet, moment)) return drop(*count);
  if (const Attribute* stamp = packet->Find(kEventTimestamp)) {
    genuine.event_timestamp = ReadInteger(stamp->value);
  }
  genuine.packet = *std::move(packet);
  return genuine;
}

void DynamicAuthorization::Drop(DynamicCount count, const Peer& from, TimePoint now,
                                ActionList& actions) {
  counters_.Add(count);
  const std::string why = WhyDropped(count);
  if (why.empty()) return;
  const auto left_out = drop_lines_.Ask(count, now);
  if (!left_out) return;
  std::string text = "radius: a datagram of " + ToString(from) + " was dropped: " + why;
  if (*left_out > 0) text += " (" + std::to_string(*left_out) + " more such lines left out)";
  actions.emplace_back(WriteLog{LogLevel::kWarning, std::move(text)});
}

// ---- Steps that answer --------------------------------------------------------------------------

DynamicAuthorization::ActionList DynamicAuthorization::Receive(ByteView datagram, const Peer& from,
                                                               Moment moment,
                                                               const SessionDirectory& sessions) {
  ActionList actions;
  answers_.Expire(moment.now);
  used_.Expire(moment.now);
  const Peer peer{Unmapped(from.address), from.port, from.to};
  auto genuine = Accept(datagram, peer, moment, actions);
  if (genuine) Decide(*std::move(genuine), moment, sessions, actions);
  return actions;
}

std::optional<Refusal> DynamicAuthorization::CheckNas(const Packet& packet) const {
  const bool named = packet.Find(kNasIdentifier) != nullptr ||
                     packet.Find(kNasIpAddress) != nullptr ||
                     packet.Find(kNasIpv6Address) != nullptr;
  if (!named && settings_.require_nas_identification) {
    return Refusal{ErrorCause::kMissingAttribute,
                   "neither NAS-Identifier nor NAS-IP-Address is there"};
  }
  std::optional<Refusal> refusal;
  if (!settings_.nas_identifier.empty()) {
    refusal = Compare(packet, kNasIdentifier, AnyText, settings_.nas_identifier, "NAS-Identifier");
  }
  if (!refusal && settings_.nas_ip_address) {
    refusal = Compare(packet, kNasIpAddress, ReadIpv4, *settings_.nas_ip_address, "NAS-IP-Address");
  }
  if (!refusal && settings_.nas_ipv6_address) {
    refusal =
        Compare(packet, kNasIpv6Address, ReadIpv6, *settings_.nas_ipv6_address, "NAS-IPv6-Address");
  }
  return refusal;
}

OrRefusal<SessionName> DynamicAuthorization::Choose(Genuine& genuine,
                                                    const SessionDirectory& sessions) {
  const auto keys = ReadSessionKeys(genuine.packet);
  if (keys) genuine.request.about = keys->ToString();
  if (auto refusal = CheckNas(genuine.packet)) return Fail(*std::move(refusal));
  for (const Attribute* type : genuine.packet.FindAll(kServiceType)) {
    if (ReadInteger(type->value) == kAuthorizeOnly) {
      return Refuse(ErrorCause::kUnsupportedService, "it wants the session authorized anew");
    }
  }
  if (!keys) return Fail(keys.error());
  if (keys->empty()) {
    return Refuse(ErrorCause::kMissingAttribute, "it does not say which session it means");
  }
  std::vector<SessionIdentity> found = sessions.Find(*keys, 2);
  if (found.empty()) {
    return Refuse(ErrorCause::kSessionContextNotFound, "there is no such session");
  }
  if (found.size() > 1) {
    return Refuse(ErrorCause::kMultipleSessionSelectionUnsupported,
                  "more than one session is like that");
  }
  return std::move(found.front().name);
}

void DynamicAuthorization::Decide(Genuine genuine, Moment moment, const SessionDirectory& sessions,
                                  ActionList& actions) {
  const bool disconnect = IsDisconnect(genuine.request.code);
  auto session = Choose(genuine, sessions);
  if (session && sessions_.find(*session) != sessions_.end()) {
    Drop(DynamicCount::kSessionInRequest, genuine.request.from, moment.now, actions);
    return;
  }
  counters_.Add(disconnect ? DynamicCount::kDisconnectRequest : DynamicCount::kCoaRequest);
  if (!session) {
    Answer(genuine.request, session.error(), moment.now, actions);
    return;
  }
  SessionChange change;
  if (!disconnect) {
    auto wanted = ReadSessionChange(genuine.packet, settings_.change, *settings_.dictionary);
    if (!wanted) {
      Answer(genuine.request, wanted.error(), moment.now, actions);
      return;
    }
    change = *std::move(wanted);
  }
  if (in_progress_.size() >= limits_.in_progress) {
    counters_.Add(DynamicCount::kOverflow);
    Answer(genuine.request,
           Refusal{ErrorCause::kResourcesUnavailable, "too many requests are in progress"},
           moment.now, actions);
    return;
  }
  Begin(std::move(genuine), *std::move(session), std::move(change), moment, actions);
}

void DynamicAuthorization::Begin(Genuine genuine, SessionName session, SessionChange change,
                                 Moment moment, ActionList& actions) {
  const RequestId id(++last_id_);
  if (genuine.event_timestamp && settings_.event_window.count() > 0) {
    const std::chrono::seconds left(std::int64_t{*genuine.event_timestamp} +
                                    settings_.event_window.count() - moment.unix_seconds);
    used_.Put(genuine.packet.authenticator, moment.now + left + std::chrono::seconds(1));
  }
  if (IsDisconnect(genuine.request.code)) {
    actions.emplace_back(Disconnect{id, session});
  } else {
    actions.emplace_back(Change{id, session, std::move(change)});
  }
  keys_.emplace(genuine.request.key, id);
  sessions_.emplace(session, id);
  in_progress_.emplace(id, InProgress{std::move(genuine.request), std::move(session),
                                      moment.now + limits_.answer_within});
}

// ---- The end of a request -----------------------------------------------------------------------

DynamicAuthorization::ActionList DynamicAuthorization::Conclude(RequestId id,
                                                                const OrRefusal<void>& outcome,
                                                                TimePoint now) {
  ActionList actions;
  if (in_progress_.find(id) == in_progress_.end()) {
    counters_.Add(DynamicCount::kLate);
    return actions;
  }
  Finish(id, outcome ? std::nullopt : std::optional<Refusal>(outcome.error()), now, actions);
  return actions;
}

void DynamicAuthorization::Abandon() {
  for (std::size_t left = in_progress_.size(); left > 0; --left) {
    counters_.Add(DynamicCount::kAbandoned);
  }
  in_progress_.clear();
  keys_.clear();
  sessions_.clear();
}

DynamicAuthorization::ActionList DynamicAuthorization::Tick(TimePoint now) {
  ActionList actions;
  answers_.Expire(now);
  used_.Expire(now);
  std::vector<RequestId> late;
  for (const auto& [id, one] : in_progress_) {
    if (one.deadline <= now) late.push_back(id);
  }
  for (const RequestId id : late) {
    const InProgress& one = in_progress_.at(id);
    counters_.Add(DynamicCount::kTimeout);
    const bool disconnect = IsDisconnect(one.request.code);
    if (!disconnect) actions.emplace_back(Withdraw{id, one.session});
    Finish(id,
           Refusal{disconnect ? ErrorCause::kSessionContextNotRemovable
                              : ErrorCause::kResourcesUnavailable,
                   "the gateway did not answer in time"},
           now, actions);
  }
  return actions;
}

std::optional<TimePoint> DynamicAuthorization::NextDeadline() const {
  std::optional<TimePoint> next;
  for (const auto& [unused, one] : in_progress_) {
    if (!next || one.deadline < *next) next = one.deadline;
  }
  return next;
}

void DynamicAuthorization::Finish(RequestId id, const std::optional<Refusal>& refusal,
                                  TimePoint now, ActionList& actions) {
  const auto entry = in_progress_.extract(id);
  const InProgress& one = entry.mapped();
  keys_.erase(one.request.key);
  sessions_.erase(one.session);
  Answer(one.request, refusal, now, actions);
}

void DynamicAuthorization::Answer(const Request& request, const std::optional<Refusal>& refusal,
                                  TimePoint now, ActionList& actions) {
  Tell(request, refusal, now, actions);
  const bool disconnect = IsDisconnect(request.code);
  Packet packet;
  packet.code = AnswerCode(request.code, !refusal);
  packet.identifier = request.key.identifier;
  if (refusal) {
    packet.Add(kErrorCause, IntegerValue(static_cast<std::uint32_t>(refusal->cause)));
  }
  for (const Bytes& state : request.proxy_states) packet.Add(kProxyState, state);
  auto octets = SignReply(packet, request.key.authenticator, settings_.secret.Reveal(),
                          request.message_authenticator ? WithMessageAuthenticator::kYes
                                                        : WithMessageAuthenticator::kNo);
  if (!octets) {  // no room, which was looked at before, or no MD5 in this libcrypto
    counters_.Add(DynamicCount::kNotSigned);
    actions.emplace_back(
        WriteLog{LogLevel::kError, "radius: no answer could be made: " + octets.error().message});
    return;
  }
  if (refusal) {
    counters_.Add(disconnect ? DynamicCount::kDisconnectNak : DynamicCount::kCoaNak);
    counters_.AddNak(refusal->cause);
  } else {
    counters_.Add(disconnect ? DynamicCount::kDisconnectAck : DynamicCount::kCoaAck);
  }
  const Peer to = request.from;
  if (settings_.trace) {
    actions.emplace_back(WriteLog{
        LogLevel::kTrace,
        LogLine(Direction::kSend, "RADIUS(" + ToString(to) + ")", packet, *settings_.dictionary)});
  }
  answers_.Put(request.key, *octets, now);
  actions.emplace_back(Reply{to, *std::move(octets)});
}

void DynamicAuthorization::Tell(const Request& request, const std::optional<Refusal>& refusal,
                                TimePoint now, ActionList& actions) {
  std::string text = "radius: " + radius::ToString(request.code) + " of " + ToString(request.from);
  if (!request.about.empty()) text += " for " + request.about;
  if (!refusal) {
    actions.emplace_back(WriteLog{LogLevel::kInfo, text + ": done"});
    return;
  }
  const auto left_out = refusal_lines_.Ask(refusal->cause, now);
  if (!left_out) return;
  text += " refused: " + refusal->why + " (" +
          std::to_string(static_cast<unsigned>(refusal->cause)) + " " +
          radius::ToString(refusal->cause) + ")";
  if (*left_out > 0) text += " (" + std::to_string(*left_out) + " more such lines left out)";
  actions.emplace_back(WriteLog{LogLevel::kWarning, std::move(text)});
}

}  // namespace sstpgw::cp::radius
