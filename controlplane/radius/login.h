// One login by RADIUS (features 6.3, 6.5): from the gateway's question to the request, and from
// how that ended to what the client is told and what the log says.
//
//   question -> LoginRequestOf -> (client) -> Answered -> JudgeReply   -> granted, rejected, or
//   EAP's
//                                          -> Failed   -> JudgeFailure    next round
//
// A conversation of EAP lives in one server, so the state that goes to the gateway with a
// challenge, and comes back with its answer, names that server beside the server's own State:
//
//   kind(1)  1: without State, 2: with State   server(4, big endian)   State(0..253)
//
// A server is named by its number in this process (ServerId). After a restart another server may
// have that number; it does not know the State and refuses. Pure; any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/auth/authenticator.h"
#include "controlplane/radius/access_reply.h"
#include "controlplane/radius/access_request.h"
#include "controlplane/radius/client_actions.h"
#include "controlplane/radius/dictionary.h"
#include "controlplane/radius/rates.h"
#include "controlplane/radius/session_attributes.h"
#include "proto/base/result.h"

namespace sstpgw::cp::radius {

// ---- Asking
struct LoginRequest {
  AccessRequest request;
  std::optional<ServerId> only;  // as in ClientRequest
};
// Secrets are copied. kInvalidArgument: the state of EAP evidence is none of ours.
[[nodiscard]] Result<LoginRequest> LoginRequestOf(const AuthorizeQuestion& question);

// What comes back with the answer to a challenge of this server; and what is in it,
// kInvalidArgument for anything that is not of this shape.
struct Conversation {
  ServerId server;
  std::optional<Bytes> state;
  friend bool operator==(const Conversation&, const Conversation&) = default;
};
[[nodiscard]] Bytes ConversationState(const Conversation& conversation);
[[nodiscard]] Result<Conversation> ReadConversationState(ByteView state);

// ---- The end
struct LoginSettings {
  SessionAttributeSettings attributes;
  std::optional<RateScheme> rates;               // nullopt: no limits are taken
  std::shared_ptr<const Dictionary> dictionary;  // names for the log; may be null
};
[[nodiscard]] LoginSettings LoginSettingsOf(const RadiusConfig& config);

// What is remembered of a request until it is over.
struct AskedLogin {
  std::string user;  // as the client gave it; for the log
  AskedWith with;
};
[[nodiscard]] AskedLogin AskedLoginOf(const AuthorizeQuestion& question);

// What goes back to the servers when the session has to log in again (Termination-Action
// RADIUS-Request; features 6.3).
struct Reminder {
  std::optional<Bytes> state;
  std::vector<Bytes> classes;
};

struct LoginEnd {
  AuthOutcome outcome = AuthorizeReject{};
  std::optional<Reminder> reminder;  // of a session that will log in again
  std::vector<WriteLog> log;         // in order; each names the user, foreign text is escaped
};
[[nodiscard]] LoginEnd JudgeReply(const AskedLogin& asked, const Answered& answer,
                                  const LoginSettings& settings);
// Nobody could judge: the client is told to try again later.
[[nodiscard]] LoginEnd JudgeFailure(const AskedLogin& asked, const Failed& failed);
// Likewise: it could not even be asked, for this reason. The client is refused.
[[nodiscard]] LoginEnd RefuseUnasked(const AskedLogin& asked, std::string_view reason);

}  // namespace sstpgw::cp::radius
