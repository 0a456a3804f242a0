#include "controlplane/radius/access_request.h"

#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/secret_values.h"

namespace sstpgw::cp::radius {
namespace {

constexpr std::size_t kEapHeader = 4;
constexpr std::size_t kReserved = 8;  // zeros between peer challenge and NT response

auto Invalid(std::string what) { return Fail(Error{ErrorCode::kInvalidArgument, std::move(what)}); }

void Join(Bytes& to, ByteView octets) { to.insert(to.end(), octets.begin(), octets.end()); }

struct CopyEvidence {
  AuthEvidence operator()(const PapEvidence& pap) const {
    return PapEvidence{pap.user, pap.password.Copy()};
  }
  AuthEvidence operator()(const EapEvidence& eap) const {
    return EapEvidence{eap.user, eap.message.Copy(), eap.state};
  }
  template <class Evidence>
  AuthEvidence operator()(const Evidence& evidence) const {
    return evidence;
  }
};

std::string UserName(const std::string& user, const UserNameRules& rules) {
  const std::size_t at = user.rfind('@');
  if (at == std::string::npos) {
    return rules.default_realm.empty() || user.empty() ? user : user + "@" + rules.default_realm;
  }
  return rules.strip_realm ? user.substr(0, at) : user;
}

bool KeepsName(const AuthEvidence& credentials) {
  return std::holds_alternative<MsChapV2Evidence>(credentials) ||
         std::holds_alternative<EapEvidence>(credentials);
}

// Appends what proves who the user is.
struct AppendCredentials {
  RequestBody& body;

  Result<void> operator()(const PapEvidence& pap) const {
    if (pap.password.size() > kMaxPasswordSize) {
      return Invalid("a password of " + std::to_string(pap.password.size()) +
                     " octets, RADIUS carries at most 128");
    }
    body.password = pap.password.Copy();
    return {};
  }
  Result<void> operator()(const ChapMd5Evidence& chap) const {
    Bytes password{chap.identifier};
    Join(password, chap.response);
    Append(kChapPassword, std::move(password), body.attributes);
    Append(kChapChallenge, OctetsValue(chap.challenge), body.attributes);
    return {};
  }
  Result<void> operator()(const MsChapV1Evidence& chap) const {
    Append(kMsChapChallenge, OctetsValue(chap.challenge), body.attributes);
    Bytes response{chap.identifier, chap.flags};
    Join(response, chap.lm_response);
    Join(response, chap.nt_response);
    Append(kMsChapResponse, std::move(response), body.attributes);
    return {};
  }
  Result<void> operator()(const MsChapV2Evidence& chap) const {
    Append(kMsChapChallenge, OctetsValue(chap.challenge), body.attributes);
    Bytes response{chap.identifier, chap.flags};
    Join(response, chap.peer_challenge);
    response.resize(response.size() + kReserved);
    Join(response, chap.nt_response);
    Append(kMsChap2Response, std::move(response), body.attributes);
    return {};
  }
  Result<void> operator()(const EapEvidence& eap) const {
    if (eap.message.size() < kEapHeader || eap.message.size() > kMaxEapSize) {
      return Invalid("an EAP packet of " + std::to_string(eap.message.size()) +
                     " octets, RADIUS carries 4.." + std::to_string(kMaxEapSize));
    }
    Append(kEapMessage, OctetsValue(eap.message.Reveal()), body.attributes);
    return {};
  }
};

}  // namespace

AccessRequest RequestOf(const AuthorizeQuestion& question) {
  AccessRequest request;
  request.credentials = std::visit(CopyEvidence{}, question.evidence);
  request.session = question.session;
  request.port.calling_station = question.calling_station;
  request.port.called_station = question.called_station;
  const bool eap = std::holds_alternative<EapEvidence>(question.evidence);
  if (eap && question.mtu > 0) request.framed_mtu = question.mtu;
  return request;
}

std::string SentUserName(const AuthEvidence& credentials, const UserNameRules& rules) {
  const std::string& given = UserOf(credentials);
  return KeepsName(credentials) ? given : UserName(given, rules);
}

Result<RequestBody> AccessRequestBody(const AccessRequest& request, const NasIdentity& nas,
                                      const UserNameRules& rules) {
  const std::string user = SentUserName(request.credentials, rules);
  if (user.empty()) return Invalid("an empty user name, RADIUS needs one");
  if (user.size() > kMaxValueSize) {
    return Invalid("a user name of " + std::to_string(user.size()) +
                   " octets, RADIUS carries at most 253");
  }
  RequestBody body;
  AppendText(kUserName, user, body.attributes);
  AppendPlace(nas, request.port, body.attributes);
  AppendText(kAcctSessionId, request.session, body.attributes);
  if (request.framed_mtu) AppendInteger(kFramedMtu, *request.framed_mtu, body.attributes);
  for (const Bytes& octets : request.classes) Append(kClass, octets, body.attributes);
  if (request.state) Append(kState, *request.state, body.attributes);
  SG_RETURN_IF_ERROR(std::visit(AppendCredentials{body}, request.credentials));
  return body;
}

}  // namespace sstpgw::cp::radius
