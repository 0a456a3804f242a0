// Client: what comes in, and whether to believe it.
#include <utility>

#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/client.h"
#include "controlplane/radius/packet_text.h"

namespace sstpgw::cp::radius {
namespace {

// Whether `reply` can be an answer to `asked` (RFC 2865 4, RFC 2866 4, RFC 5997 3).
bool Answers(Code reply, Code asked, Service service) {
  if (asked == Code::kStatusServer) {
    return reply ==
           (service == Service::kAuthentication ? Code::kAccessAccept : Code::kAccountingResponse);
  }
  if (asked == Code::kAccountingRequest) return reply == Code::kAccountingResponse;
  return reply == Code::kAccessAccept || reply == Code::kAccessReject ||
         reply == Code::kAccessChallenge;
}

// The answer to a Status-Server decides about nobody, and old servers send none with it.
MessageAuthenticatorRule RuleFor(const Server& server, Service which, Code asked) {
  if (which == Service::kAccounting || asked == Code::kStatusServer) {
    return MessageAuthenticatorRule::kIfPresent;
  }
  const MessageAuthenticatorPolicy policy = server.settings.message_authenticator;
  const bool required = policy == MessageAuthenticatorPolicy::kYes ||
                        (policy == MessageAuthenticatorPolicy::kAuto &&
                         server.service(which).message_authenticator_seen);
  return required ? MessageAuthenticatorRule::kRequired : MessageAuthenticatorRule::kIfPresent;
}

BadReply ReasonOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kWrongAuthenticator:
      return BadReply::kWrongAuthenticator;
    case Verdict::kWrongMessageAuthenticator:
      return BadReply::kWrongMessageAuthenticator;
    case Verdict::kMissingMessageAuthenticator:
      return BadReply::kMissingMessageAuthenticator;
    case Verdict::kGenuine:
    case Verdict::kMalformed:
      break;
  }
  return BadReply::kMalformed;
}

// What an operator can do about it; null: nothing, it is noise.
const char* Remedy(BadReply reason) {
  switch (reason) {
    case BadReply::kWrongSource:
      return "does the server answer from another address than it is asked at?";
    case BadReply::kWrongAuthenticator:
    case BadReply::kWrongMessageAuthenticator:
      return "is the shared secret the same on both sides?";
    case BadReply::kMissingMessageAuthenticator:
      return "let the server send Message-Authenticator, or relax require-message-authenticator";
    case BadReply::kMalformed:
    case BadReply::kUnknownIdentifier:
    case BadReply::kUnexpectedCode:
      break;
  }
  return nullptr;
}

void CountKind(ServiceView& counters, Code code, bool probe) {
  if (probe) {
    ++counters.status_answered;
  } else if (code == Code::kAccessAccept) {
    ++counters.accepts;
  } else if (code == Code::kAccessReject) {
    ++counters.rejects;
  } else if (code == Code::kAccessChallenge) {
    ++counters.challenges;
  } else {
    ++counters.accounting_responses;
  }
}

}  // namespace

const VendorFormats& Client::formats() const {
  static const VendorFormats kNone;
  return settings_.dictionary ? settings_.dictionary->vendor_formats() : kNone;
}

void Client::LogPacket(Direction direction, const Server& server, ByteView octets,
                       Turn turn) const {
  if (!log_packets_ || !settings_.dictionary) return;
  const auto packet = Decode(octets, formats());
  if (!packet) return;
  const std::string peer = "RADIUS(" + std::to_string(server.number) + ")";
  turn.actions.push_back(
      WriteLog{LogLevel::kTrace, LogLine(direction, peer, *packet, *settings_.dictionary)});
}

void Client::DatagramArrived(SocketId socket, const IpEndpoint& from, ByteView datagram,
                             TimePoint now, ActionList& actions) {
  const auto found = sockets_.find(socket);
  if (found == sockets_.end()) {
    ++strays_;
    return;
  }
  const Place place = found->second;
  auto verdict = Judge(place, socket, from, datagram);
  if (const auto* reason = std::get_if<BadReply>(&verdict)) {
    Drop(place, from, *reason, {now, actions});
    return;
  }
  LogPacket(Direction::kReceive, servers_.at(place.server), datagram, {now, actions});
  TakeReply(place, std::move(std::get<Genuine>(verdict)), {now, actions});
}

std::variant<Client::Genuine, BadReply> Client::Judge(Place place, SocketId socket,
                                                      const IpEndpoint& from, ByteView datagram) {
  Server& server = servers_.at(place.server);
  ServerService& service = server.service(place.service);
  if (from != service.endpoint) return BadReply::kWrongSource;
  const auto octets = PacketOctets(datagram);
  if (!octets) return BadReply::kMalformed;
  SlotUse* const use = service.identifiers.Find({socket, (*octets)[1]});
  if (use == nullptr || use->fate == SlotUse::Fate::kUnused) return BadReply::kUnknownIdentifier;
  if (!Answers(static_cast<Code>((*octets)[0]), use->asked, place.service)) {
    return BadReply::kUnexpectedCode;
  }
  const Verdict verdict = VerifyReply(*octets, use->authenticator, server.settings.secret.Reveal(),
                                      RuleFor(server, place.service, use->asked));
  if (verdict != Verdict::kGenuine) return ReasonOf(verdict);
  auto packet = Decode(*octets, formats());
  if (!packet) return BadReply::kMalformed;
  return Genuine{std::move(*packet), use};
}

void Client::Drop(Place place, const IpEndpoint& from, BadReply reason, Turn turn) {
  Server& server = servers_.at(place.server);
  ServerService& service = server.service(place.service);
  ++service.counters.bad[static_cast<std::size_t>(reason)];
  const char* const remedy = Remedy(reason);
  if (remedy == nullptr) return;
  Warn(service, LogLevel::kWarning,
       "radius: " + server.Name() + ": reply from " + ToString(from) + " ignored, " +
           ToString(reason) + ": " + remedy,
       turn);
}

void Client::TakeReply(Place place, Genuine genuine, Turn turn) {
  Server& server = servers_.at(place.server);
  ServerService& service = server.service(place.service);
  SlotUse& use = *genuine.use;
  if (use.fate == SlotUse::Fate::kAnswered) {
    // Also a copy that somebody kept: it proves nothing about the server now.
    ++service.counters.duplicates;
    return;
  }
  const bool wanted = use.fate == SlotUse::Fate::kOpen;
  use.fate = SlotUse::Fate::kAnswered;
  if (genuine.packet.Find(kMessageAuthenticator) != nullptr) {
    service.message_authenticator_seen = true;
  }
  if (service.health.Answered()) {
    turn.actions.push_back(
        WriteLog{LogLevel::kInfo, "radius: " + server.Name() + " responds again: " +
                                      ToString(service.endpoint) + ", " + ToString(place.service)});
  }
  if (!wanted) {
    ++service.counters.late;
    return;
  }

  Transaction& transaction = *transactions_.Find(use.request);
  CountKind(service.counters, genuine.packet.code, transaction.probe);
  if (!transaction.probe) {
    service.CountRoundTrip(transaction.request.interim, turn.now - use.sent, turn.now);
  }
  Answered answer;
  answer.server = server.id;
  answer.server_number = server.number;
  answer.request_authenticator = use.authenticator;
  answer.reply = std::move(genuine.packet);
  answer.secret = server.settings.secret.Copy();
  Finish(transaction, std::move(answer), turn);
  Settle(turn);
}

}  // namespace sstpgw::cp::radius
