// What the control plane's core wants done, in order. Values only; the app carries them out.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "controlplane/session/policy_tickets.h"
#include "controlplane/session/registry.h"
#include "controlplane/session/session_key.h"
#include "proto/base/link.h"
#include "proto/base/log_level.h"
#include "proto/base/messages.h"
#include "proto/base/result.h"

namespace sstpgw::cp {

// Names one asker of an Authorize question (one unary call); given by whoever asks.
using AskId = Strong<struct AskIdTag, std::uint64_t>;

// Have the credentials judged; the outcome comes back as CredentialsJudged with the same key.
struct JudgeCredentials {
  AttemptKey attempt;
  AuthorizeQuestion question;
};
// Answer an asker. kUnavailable: nobody could decide.
struct Answer {
  AskId ask;
  Result<AuthorizeVerdict> verdict;
};
// To an attached gateway.
struct Send {
  std::string gateway;
  ToGatewayMessage message;
};
// Tell an asker how his order for policies ended.
struct ConcludeChange {
  ChangeId id;
  PolicyOutcome outcome;
};
// For those who watch.
struct Announce {
  SessionUpdate update;
};
struct WriteLog {
  LogLevel level = LogLevel::kInfo;
  std::string text;  // foreign text in it is escaped
};

using Action = std::variant<JudgeCredentials, Answer, Send, ConcludeChange, Announce, WriteLog>;
using ActionList = std::vector<Action>;

}  // namespace sstpgw::cp
