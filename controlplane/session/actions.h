// What the control plane's core wants done, in order. Values only; the app carries them out.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "controlplane/auth/authenticator.h"
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
// Have accounting remember a login that may be let in. The login is answered when AccountingOpened
// or AccountingRefused says so. Only with AuthorizerSettings::accounting.
struct OpenAccounting {
  SessionKey session;
  std::string boot;  // of its gateway
  std::string user;  // as the client gave it
  std::string calling_station;
  std::string called_station;
  Ipv4Address address;                      // zero: none
  std::chrono::seconds session_timeout{0};  // 0: none
  AccountingFacts facts;
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

// Reports up to this one are taken in: to be acknowledged as soon as nothing of them can be lost.
struct Acknowledge {
  std::string gateway;
  std::uint64_t sequence = 0;
};

using Action = std::variant<JudgeCredentials, Answer, OpenAccounting, Send, Acknowledge,
                            ConcludeChange, Announce, WriteLog>;
using ActionList = std::vector<Action>;

}  // namespace sstpgw::cp
