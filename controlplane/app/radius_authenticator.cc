#include "controlplane/app/radius_authenticator.h"

#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "controlplane/app/radius_identity.h"
#include "controlplane/edge/task_loop.h"
#include "controlplane/radius/login.h"
#include "controlplane/radius/settings_of.h"
#include "proto/base/log.h"

namespace sstpgw::cp {
namespace {

// As many as all gateways together may have sessions; of one more nothing is remembered.
constexpr std::size_t kMaxRemembered = 200'000;

void Conclude(radius::LoginEnd end, const std::function<void(AuthOutcome)>& done) {
  for (const radius::WriteLog& line : end.log) Log(line.level, line.text);
  done(std::move(end.outcome));
}

}  // namespace

struct RadiusAuthenticator::Rules {
  bool configured = false;
  radius::LoginSettings login;
  radius::UserNameRules names;
  RadiusIdentity identity;
  bool tell_session = true;
  struct Remembered {
    std::string user;
    radius::Reminder reminder;
    std::optional<TimePoint> until;  // absent: as long as its session
  };
  std::unordered_map<SessionId, Remembered> remembered;
  // Of those with an end, and of some that have none any more.
  std::deque<std::pair<TimePoint, SessionId>> ends;
  struct Open {
    std::size_t logins = 0;
    bool over = false;  // its session
  };
  std::unordered_map<SessionId, Open> open;  // with a server

  // The password in it is the only copy that outlives this call.
  [[nodiscard]] Result<radius::ClientRequest> RequestOf(const AuthorizeQuestion& question) {
    if (!configured) {
      return Fail(Error{ErrorCode::kUnavailable, "RADIUS is not configured"});
    }
    SG_ASSIGN_OR_RETURN(radius::LoginRequest asked, radius::LoginRequestOf(question));
    const auto again = remembered.find(question.session);
    if (again != remembered.end() && again->second.user == UserOf(question.evidence)) {
      asked.request.classes = again->second.reminder.classes;
      if (!asked.request.state) asked.request.state = again->second.reminder.state;
    }
    if (!tell_session) asked.request.session.clear();
    radius::ClientRequest request;
    SG_ASSIGN_OR_RETURN(request.body,
                        radius::AccessRequestBody(asked.request, identity.Get(), names));
    request.only = asked.only;
    return request;
  }

  // What an Access-Accept said last holds.
  void Remember(const SessionId& session, const std::string& user, radius::LoginEnd& end) {
    if (!std::holds_alternative<AuthGranted>(end.outcome)) return;
    remembered.erase(session);
    if (!end.reminder || session.empty() || remembered.size() >= kMaxRemembered) return;
    const TimePoint now = TaskLoop::Now();
    Expire(now);
    const TimePoint until = now + kUnreported;
    remembered.emplace(session, Remembered{user, std::move(*end.reminder), until});
    ends.emplace_back(until, session);
  }

  // True: nobody is left who could use an answer.
  [[nodiscard]] bool Close(const SessionId& session) {
    const auto asked = open.find(session);
    const bool over = asked->second.over;
    if (--asked->second.logins == 0) open.erase(asked);
    return over;
  }

  void Expire(TimePoint now) {
    for (; !ends.empty() && ends.front().first <= now; ends.pop_front()) {
      const auto entry = remembered.find(ends.front().second);
      if (entry != remembered.end() && entry->second.until == ends.front().first) {
        remembered.erase(entry);
      }
    }
  }
};

RadiusAuthenticator::RadiusAuthenticator(RadiusLink& link)
    : link_(link), rules_(std::make_shared<Rules>()) {}
RadiusAuthenticator::~RadiusAuthenticator() = default;

void RadiusAuthenticator::Configure(const RadiusConfig& config) {
  rules_->configured = true;
  rules_->login = radius::LoginSettingsOf(config);
  rules_->names = radius::UserNameRulesOf(config);
  rules_->identity = RadiusIdentity(config);
  rules_->tell_session = config.session_id_in_access_request;
}

void RadiusAuthenticator::Authenticate(const AuthorizeQuestion& question,
                                       std::function<void(AuthOutcome)> done) {
  radius::AskedLogin asked = radius::AskedLoginOf(question);
  auto request = rules_->RequestOf(question);
  if (!request) return Conclude(radius::RefuseUnasked(asked, request.error().message), done);
  ++rules_->open[question.session].logins;
  link_.Submit(*std::move(request),
               [rules = rules_, asked = std::move(asked), session = question.session,
                sent_name = radius::SentUserName(question.evidence, rules_->names),
                done = std::move(done)](const RadiusLink::Outcome& outcome) {
                 const bool over = rules->Close(session);
                 const auto* answer = std::get_if<radius::Answered>(&outcome);
                 if (answer == nullptr) {
                   Conclude(radius::JudgeFailure(asked, std::get<radius::Failed>(outcome)), done);
                   return;
                 }
                 radius::LoginEnd end = radius::JudgeReply(asked, *answer, rules->login);
                 // Records of the session name the user as its login did.
                 auto* granted = std::get_if<AuthGranted>(&end.outcome);
                 if (granted != nullptr && granted->accounting.user_name.empty() &&
                     sent_name != asked.user) {
                   granted->accounting.user_name = sent_name;
                 }
                 if (!over) rules->Remember(session, asked.user, end);
                 Conclude(std::move(end), done);
               });
}

void RadiusAuthenticator::LetIn(const SessionId& session) {
  const auto entry = rules_->remembered.find(session);
  if (entry != rules_->remembered.end()) entry->second.until.reset();
}

void RadiusAuthenticator::Forget(const SessionId& session) {
  rules_->remembered.erase(session);
  const auto asked = rules_->open.find(session);
  if (asked != rules_->open.end()) asked->second.over = true;
}

void RadiusAuthenticator::Tick(TimePoint now) { rules_->Expire(now); }

std::size_t RadiusAuthenticator::remembered() const { return rules_->remembered.size(); }

}  // namespace sstpgw::cp
