#include "controlplane/radius/login.h"

#include <algorithm>
#include <utility>

#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/settings_of.h"
#include "proto/base/text.h"

namespace sstpgw::cp::radius {
namespace {

constexpr std::size_t kMaxUserInLog = 253;
// What a gateway takes of one session.
constexpr std::size_t kMaxRoutes = 256;
constexpr std::size_t kMaxIpv6Values = 32;
constexpr std::size_t kMppeKeySize = 16;
// The words of a gateway that cannot ask anybody; 691 is the only code clients know for it.
constexpr std::uint32_t kFailure = 691;
constexpr const char* kNotNow = "The server cannot log anybody in now, try again later";

constexpr std::size_t kConversationHeader = 5;
constexpr std::uint8_t kWithoutState = 1;
constexpr std::uint8_t kWithState = 2;

auto Invalid(std::string what) { return Fail(Error{ErrorCode::kInvalidArgument, std::move(what)}); }

std::string Named(const std::string& user) {
  const bool cut = user.size() > kMaxUserInLog;
  return Escape(std::string_view(user).substr(0, kMaxUserInLog)) + (cut ? "...: " : ": ");
}

std::string NameOf(const Answered& answer) {
  return "RADIUS server(" + std::to_string(answer.server_number) + ")";
}

// "Reply-Message", or "vendor 9 attribute 1".
std::string NameOf(AttributeKey key, const Dictionary* dictionary) {
  const DictionaryAttribute* known = dictionary == nullptr ? nullptr : dictionary->Find(key);
  if (known != nullptr) return known->name;
  const std::string vendor = key.vendor == 0 ? "" : "vendor " + std::to_string(key.vendor) + " ";
  return vendor + "attribute " + std::to_string(key.type);
}

// Start keys are the first 16 octets: EAP methods make 32. What is shorter is none.
sstpgw::MppeKeys MppeOf(const AccessAccept& accept) {
  const ByteView send = accept.mppe_send_key.Reveal();
  const ByteView receive = accept.mppe_recv_key.Reveal();
  if (send.size() < kMppeKeySize || receive.size() < kMppeKeySize) return {};
  return {Secret(send.first(kMppeKeySize)), Secret(receive.first(kMppeKeySize)),
          accept.lan_manager_key.Copy()};
}

// Collects what one reply means and what is said about it.
class ReplyJudge {
 public:
  ReplyJudge(const AskedLogin& asked, const Answered& answer, const LoginSettings& settings)
      : asked_(asked), answer_(answer), settings_(settings), server_(NameOf(answer)) {}

  void Judge();
  LoginEnd Take() { return std::move(end_); }

 private:
  void Accept();
  void Reject();
  void Challenge();
  // A reply that cannot be used: nobody is let in by it.
  void Broken(const std::string& why);
  [[nodiscard]] AuthGranted Granted(AccessAccept accept);
  [[nodiscard]] NetworkPolicy Network(const SessionAttributes& session);
  void AddRates(const SessionAttributes& session, AuthGranted& granted);
  void TellUnused(const SessionAttributes& session);
  template <class T>
  [[nodiscard]] std::vector<T> Bounded(const std::vector<T>& values, const char* what,
                                       std::size_t most);

  void Say(LogLevel level, const std::string& what) {
    end_.log.push_back({level, Named(asked_.user) + what});
  }
  void Warn(const std::vector<AttributeWarning>& warnings) {
    for (const AttributeWarning& warning : warnings) {
      Say(LogLevel::kWarning, server_ + ": " + warning.what);
    }
  }

  const AskedLogin& asked_;
  const Answered& answer_;
  const LoginSettings& settings_;
  const std::string server_;
  LoginEnd end_;
};

void ReplyJudge::Judge() {
  switch (answer_.reply.code) {
    case Code::kAccessAccept:
      return Accept();
    case Code::kAccessReject:
      return Reject();
    case Code::kAccessChallenge:
      return Challenge();
    default:
      return Broken("it answers with " + ToString(answer_.reply.code));
  }
}

void ReplyJudge::Broken(const std::string& why) {
  Say(LogLevel::kError, "login failed, " + server_ + ": " + why);
  end_.outcome = AuthorizeReject{kFailure, kNotNow, server_ + ": " + why, {}};
}

void ReplyJudge::Accept() {
  const SharedWith shared{answer_.secret.Reveal(), answer_.request_authenticator};
  auto accept = ReadAccessAccept(answer_.reply, asked_.with, shared, settings_.attributes);
  if (!accept) return Broken(accept.error().message);
  end_.outcome = Granted(*std::move(accept));
}

AuthGranted ReplyJudge::Granted(AccessAccept accept) {
  const SessionAttributes& session = accept.session;
  Warn(session.warnings);
  AuthGranted granted;
  if (session.address_choice == AddressChoice::kFixed) granted.static_ip = session.address;
  granted.pool = session.framed_pool;
  granted.hlak = std::move(accept.hlak);
  granted.mppe = MppeOf(accept);
  granted.success_message = std::move(accept.success_message);
  granted.eap_message = std::move(accept.eap_message);
  for (const auto& server : session.dns) {
    if (server) granted.dns.push_back(*server);
  }
  for (const auto& server : session.wins) {
    if (server) granted.wins.push_back(*server);
  }
  granted.session_timeout = session.session_timeout.value_or(std::chrono::seconds(0));
  granted.idle_timeout = session.idle_timeout.value_or(std::chrono::seconds(0));
  granted.reauthenticate = session.reauthenticate;
  granted.network = Network(session);
  AddRates(session, granted);
  granted.accounting = {session.user_name, session.classes, session.nas_port,
                        session.interim_interval};
  if (!session.reply_message.empty()) {
    Say(LogLevel::kDebug, server_ + " says: " + Escape(session.reply_message));
  }
  TellUnused(session);
  if (session.reauthenticate) end_.reminder = Reminder{session.state, session.classes};
  return granted;
}

template <class T>
std::vector<T> ReplyJudge::Bounded(const std::vector<T>& values, const char* what,
                                   std::size_t most) {
  if (values.size() <= most) return values;
  Say(LogLevel::kWarning, server_ + ": " + std::to_string(values.size()) + " of " + what +
                              ", only the first " + std::to_string(most) + " are taken");
  return {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(most)};
}

template <class Address>
std::string RouteText(std::string destination, const Address& gateway, std::uint32_t metric) {
  if (gateway != Address() || metric != 0) destination += " " + gateway.ToString();
  if (metric != 0) destination += " " + std::to_string(metric);
  return destination;
}

NetworkPolicy ReplyJudge::Network(const SessionAttributes& session) {
  NetworkPolicy network;
  network.interface_name = session.interface_name;
  if (session.vrf && *session.vrf != "0") network.vrf = *session.vrf;
  network.framed_mtu = session.framed_mtu.value_or(0);
  for (const FramedRoute& route : Bounded(session.routes, "Framed-Route", kMaxRoutes)) {
    network.routes.push_back(
        RouteText(route.destination.ToString() + "/" + std::to_string(route.length), route.gateway,
                  route.metric));
  }
  for (const FramedIpv6Route& route :
       Bounded(session.ipv6_routes, "Framed-IPv6-Route", kMaxRoutes)) {
    network.ipv6_routes.push_back(
        RouteText(route.destination.ToString(), route.gateway, route.metric));
  }
  network.framed_ipv6_prefixes =
      Bounded(session.framed_ipv6_prefixes, "Framed-IPv6-Prefix", kMaxIpv6Values);
  network.delegated_ipv6_prefixes =
      Bounded(session.delegated_ipv6_prefixes, "Delegated-IPv6-Prefix", kMaxIpv6Values);
  network.framed_ipv6_addresses =
      Bounded(session.framed_ipv6_addresses, "Framed-IPv6-Address", kMaxIpv6Values);
  network.framed_interface_id = session.framed_interface_id;
  network.framed_ipv6_pool = session.framed_ipv6_pool;
  network.stateful_ipv6_pool = session.stateful_ipv6_pool;
  network.delegated_ipv6_pool = session.delegated_ipv6_pool;
  network.ipv6_dns = session.ipv6_dns;
  network.mppe_policy = session.mppe_policy;
  network.mppe_types = session.mppe_types;
  return network;
}

void ReplyJudge::AddRates(const SessionAttributes& session, AuthGranted& granted) {
  if (!settings_.rates) return;
  RatesOfAccept rates = ReadRates(session.rate_limits, *settings_.rates);
  Warn(rates.warnings);
  granted.rates = std::move(rates.table);
}

void ReplyJudge::TellUnused(const SessionAttributes& session) {
  std::vector<AttributeKey> unused = session.not_used;
  const bool limits = settings_.rates && settings_.rates->key == kFilterId;
  if (!session.filter_ids.empty() && !limits) unused.push_back(kFilterId);
  if (unused.empty()) return;
  std::string names;
  for (const AttributeKey key : unused) {
    names += (names.empty() ? "" : ", ") + NameOf(key, settings_.dictionary.get());
  }
  Say(LogLevel::kDebug, server_ + " sent what has no meaning here: " + names);
}

void ReplyJudge::Reject() {
  AccessReject reject = ReadAccessReject(answer_.reply);
  Warn(reject.warnings);
  std::string why = "refused by " + server_;
  if (reject.mschap_error != kFailure) why += ", E=" + std::to_string(reject.mschap_error);
  if (!reject.message.empty()) why += ": " + reject.message;
  Say(LogLevel::kInfo, "login " + why);
  if (asked_.with.method != AuthMethod::kEap) reject.eap_message.clear();
  end_.outcome = AuthorizeReject{reject.mschap_error, std::move(reject.message), std::move(why),
                                 std::move(reject.eap_message)};
}

void ReplyJudge::Challenge() {
  if (asked_.with.method != AuthMethod::kEap) {
    return Broken("it asks for another round, which only EAP has");
  }
  auto challenge = ReadAccessChallenge(answer_.reply);
  if (!challenge) return Broken(challenge.error().message);
  if (!challenge->message.empty()) {
    Say(LogLevel::kDebug, server_ + " says: " + challenge->message);
  }
  end_.outcome = AuthorizeChallenge{std::move(challenge->eap_message),
                                    ConversationState({answer_.server, challenge->state}),
                                    challenge->session_timeout.value_or(std::chrono::seconds(0))};
}

}  // namespace

// ---- Asking

Bytes ConversationState(const Conversation& conversation) {
  Bytes octets{conversation.state ? kWithState : kWithoutState};
  const Bytes server = IntegerValue(conversation.server.value());
  octets.insert(octets.end(), server.begin(), server.end());
  if (conversation.state) {
    octets.insert(octets.end(), conversation.state->begin(), conversation.state->end());
  }
  return octets;
}

Result<Conversation> ReadConversationState(ByteView state) {
  if (state.size() < kConversationHeader || state.size() > kConversationHeader + kMaxValueSize) {
    return Invalid("an EAP conversation's state of " + std::to_string(state.size()) + " octets");
  }
  const bool with = state[0] == kWithState;
  const bool without = state[0] == kWithoutState && state.size() == kConversationHeader;
  if (!with && !without) return Invalid("an EAP conversation's state that is none of ours");
  Conversation conversation;
  conversation.server = ServerId(*ReadInteger(state.subspan(1, 4)));
  if (with) conversation.state = OctetsValue(state.subspan(kConversationHeader));
  return conversation;
}

Result<LoginRequest> LoginRequestOf(const AuthorizeQuestion& question) {
  LoginRequest login{RequestOf(question), std::nullopt};
  const auto* eap = std::get_if<EapEvidence>(&question.evidence);
  if (eap == nullptr || eap->state.empty()) return login;
  SG_ASSIGN_OR_RETURN(Conversation conversation, ReadConversationState(eap->state));
  login.only = conversation.server;
  login.request.state = std::move(conversation.state);
  return login;
}

AskedLogin AskedLoginOf(const AuthorizeQuestion& question) {
  return {UserOf(question.evidence), AskedBy(question.evidence)};
}

// ---- The end

LoginSettings LoginSettingsOf(const RadiusConfig& config) {
  return {SessionAttributeSettingsOf(config), RateSchemeOf(config), config.dictionary};
}

LoginEnd JudgeReply(const AskedLogin& asked, const Answered& answer,
                    const LoginSettings& settings) {
  ReplyJudge judge(asked, answer, settings);
  judge.Judge();
  return judge.Take();
}

LoginEnd JudgeFailure(const AskedLogin& asked, const Failed& failed) {
  LoginEnd end;
  end.log.push_back({LogLevel::kInfo, Named(asked.user) + "login failed: " + failed.text});
  end.outcome = AuthorizeReject{kFailure, kNotNow, "RADIUS: " + failed.text, {}};
  return end;
}

LoginEnd RefuseUnasked(const AskedLogin& asked, std::string_view reason) {
  const std::string why(reason);
  LoginEnd end;
  end.log.push_back({LogLevel::kInfo, Named(asked.user) + "login refused: " + why});
  end.outcome = AuthorizeReject{kFailure, "", why, {}};
  return end;
}

}  // namespace sstpgw::cp::radius
