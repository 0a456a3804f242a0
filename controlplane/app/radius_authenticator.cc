#include "controlplane/app/radius_authenticator.h"

#include <string>
#include <unordered_map>
#include <utility>

#include "controlplane/app/radius_identity.h"
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
  };
  std::unordered_map<SessionId, Remembered> remembered;

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
    remembered.emplace(session, Remembered{user, std::move(*end.reminder)});
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
  link_.Submit(*std::move(request),
               [rules = rules_, asked = std::move(asked), session = question.session,
                sent_name = radius::SentUserName(question.evidence, rules_->names),
                done = std::move(done)](const RadiusLink::Outcome& outcome) {
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
                 rules->Remember(session, asked.user, end);
                 Conclude(std::move(end), done);
               });
}

void RadiusAuthenticator::Forget(const SessionId& session) { rules_->remembered.erase(session); }

std::size_t RadiusAuthenticator::remembered() const { return rules_->remembered.size(); }

}  // namespace sstpgw::cp
