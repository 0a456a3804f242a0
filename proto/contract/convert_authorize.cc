// Authorize: the question with its evidence, and the verdict.
#include "proto/contract/convert.h"
#include "proto/contract/wire_check.h"

namespace sstpgw::contract {
namespace {

void Put(const PapEvidence& evidence, pb::AuthorizeRequest& out) {
  out.mutable_pap()->set_password(std::string(evidence.password.RevealText()));
}
void Put(const ChapMd5Evidence& evidence, pb::AuthorizeRequest& out) {
  pb::ChapMd5Evidence& to = *out.mutable_chap_md5();
  to.set_identifier(evidence.identifier);
  to.set_challenge(ToOctets(evidence.challenge));
  to.set_response(ToOctets(evidence.response));
}
void Put(const MsChapV1Evidence& evidence, pb::AuthorizeRequest& out) {
  pb::MsChapV1Evidence& to = *out.mutable_mschap_v1();
  to.set_identifier(evidence.identifier);
  to.set_challenge(ToOctets(evidence.challenge));
  to.set_lm_response(ToOctets(evidence.lm_response));
  to.set_nt_response(ToOctets(evidence.nt_response));
  to.set_flags(evidence.flags);
}
void Put(const MsChapV2Evidence& evidence, pb::AuthorizeRequest& out) {
  pb::MsChapV2Evidence& to = *out.mutable_mschap_v2();
  to.set_identifier(evidence.identifier);
  to.set_challenge(ToOctets(evidence.challenge));
  to.set_peer_challenge(ToOctets(evidence.peer_challenge));
  to.set_nt_response(ToOctets(evidence.nt_response));
  to.set_flags(evidence.flags);
}
void Put(const EapEvidence& evidence, pb::AuthorizeRequest& out) {
  out.mutable_eap()->set_message(std::string(evidence.message.RevealText()));
  out.mutable_eap()->set_state(ToOctets(evidence.state));
}

// One whole EAP packet; what its own length says is for those who speak EAP.
Result<bool> CheckEap(std::string_view field, const std::string& packet) {
  return CheckLength(field, packet.size(), kMinEap, kMaxEap);
}
Result<bool> CheckEapOrNone(std::string_view field, const std::string& packet) {
  if (packet.empty()) return true;
  return CheckEap(field, packet);
}
Bytes FromOctets(const std::string& octets) { return {octets.begin(), octets.end()}; }

Result<AuthEvidence> Take(const std::string& user, const pb::PapEvidence& in) {
  SG_RETURN_IF_ERROR(CheckLength("pap.password", in.password().size(), 0, kMaxPassword));
  return PapEvidence{user, Secret(std::string_view(in.password()))};
}
Result<AuthEvidence> Take(const std::string& user, const pb::ChapMd5Evidence& in) {
  SG_RETURN_IF_ERROR(CheckRange("chap_md5.identifier", in.identifier(), 0, 255));
  ChapMd5Evidence out;
  out.user = user;
  out.identifier = static_cast<std::uint8_t>(in.identifier());
  SG_ASSIGN_OR_RETURN(out.challenge, TakeOctets<16>("chap_md5.challenge", in.challenge()));
  SG_ASSIGN_OR_RETURN(out.response, TakeOctets<16>("chap_md5.response", in.response()));
  return out;
}
Result<AuthEvidence> Take(const std::string& user, const pb::MsChapV1Evidence& in) {
  SG_RETURN_IF_ERROR(CheckRange("mschap_v1.identifier", in.identifier(), 0, 255));
  SG_RETURN_IF_ERROR(CheckRange("mschap_v1.flags", in.flags(), 0, 255));
  MsChapV1Evidence out;
  out.user = user;
  out.identifier = static_cast<std::uint8_t>(in.identifier());
  out.flags = static_cast<std::uint8_t>(in.flags());
  SG_ASSIGN_OR_RETURN(out.challenge, TakeOctets<8>("mschap_v1.challenge", in.challenge()));
  SG_ASSIGN_OR_RETURN(out.lm_response, TakeOctets<24>("mschap_v1.lm_response", in.lm_response()));
  SG_ASSIGN_OR_RETURN(out.nt_response, TakeOctets<24>("mschap_v1.nt_response", in.nt_response()));
  return out;
}
Result<AuthEvidence> Take(const std::string& user, const pb::MsChapV2Evidence& in) {
  SG_RETURN_IF_ERROR(CheckRange("mschap_v2.identifier", in.identifier(), 0, 255));
  SG_RETURN_IF_ERROR(CheckRange("mschap_v2.flags", in.flags(), 0, 255));
  MsChapV2Evidence out;
  out.user = user;
  out.identifier = static_cast<std::uint8_t>(in.identifier());
  out.flags = static_cast<std::uint8_t>(in.flags());
  SG_ASSIGN_OR_RETURN(out.challenge, TakeOctets<16>("mschap_v2.challenge", in.challenge()));
  SG_ASSIGN_OR_RETURN(out.peer_challenge,
                      TakeOctets<16>("mschap_v2.peer_challenge", in.peer_challenge()));
  SG_ASSIGN_OR_RETURN(out.nt_response, TakeOctets<24>("mschap_v2.nt_response", in.nt_response()));
  return out;
}

Result<AuthEvidence> Take(const std::string& user, const pb::EapEvidence& in) {
  SG_RETURN_IF_ERROR(CheckEap("eap.message", in.message()));
  SG_RETURN_IF_ERROR(CheckLength("eap.state", in.state().size(), 0, kMaxEapState));
  return EapEvidence{user, Secret(std::string_view(in.message())), FromOctets(in.state())};
}

Result<AuthEvidence> TakeEvidence(const pb::AuthorizeRequest& in) {
  switch (in.evidence_case()) {
    case pb::AuthorizeRequest::kPap:
      return Take(in.user(), in.pap());
    case pb::AuthorizeRequest::kChapMd5:
      return Take(in.user(), in.chap_md5());
    case pb::AuthorizeRequest::kMschapV1:
      return Take(in.user(), in.mschap_v1());
    case pb::AuthorizeRequest::kMschapV2:
      return Take(in.user(), in.mschap_v2());
    case pb::AuthorizeRequest::kEap:
      return Take(in.user(), in.eap());
    case pb::AuthorizeRequest::EVIDENCE_NOT_SET:
      break;
  }
  return Refuse("evidence", "is missing or of an unknown kind");
}

pb::MppeKeys ToProto(const MppeKeys& keys) {
  pb::MppeKeys out;
  out.set_send(std::string(keys.send.RevealText()));
  out.set_receive(std::string(keys.receive.RevealText()));
  out.set_lan_manager(std::string(keys.lan_manager.RevealText()));
  return out;
}

// A key, or none.
Result<Secret> TakeKey(std::string_view field, const std::string& octets, std::size_t size) {
  if (!octets.empty()) SG_RETURN_IF_ERROR(CheckLength(field, octets.size(), size, size));
  return Secret(std::string_view(octets));
}

Result<MppeKeys> Take(const pb::MppeKeys& in) {
  MppeKeys out;
  SG_ASSIGN_OR_RETURN(out.send, TakeKey("accept.mppe.send", in.send(), 16));
  SG_ASSIGN_OR_RETURN(out.receive, TakeKey("accept.mppe.receive", in.receive(), 16));
  SG_ASSIGN_OR_RETURN(out.lan_manager, TakeKey("accept.mppe.lan_manager", in.lan_manager(), 8));
  if (out.send.empty() != out.receive.empty()) return Refuse("accept.mppe", "has one key of two");
  return out;
}

Result<AuthorizeVerdict> Take(const pb::AuthorizeAccept& in) {
  if (!in.has_policy()) return Refuse("accept.policy", "is missing");
  SG_RETURN_IF_ERROR(CheckLength("accept.hlak", in.hlak().size(), 32, 32));
  SG_RETURN_IF_ERROR(
      CheckLength("accept.success_message", in.success_message().size(), 0, kMaxText));
  SG_RETURN_IF_ERROR(CheckEapOrNone("accept.eap_message", in.eap_message()));
  AuthorizeAccept out;
  SG_ASSIGN_OR_RETURN(out.policy, FromProto(in.policy()));
  out.hlak = Secret(std::string_view(in.hlak()));
  out.success_message = in.success_message();
  out.eap_message = FromOctets(in.eap_message());
  SG_ASSIGN_OR_RETURN(out.mppe, Take(in.mppe()));
  return out;
}

Result<AuthorizeVerdict> Take(const pb::AuthorizeReject& in) {
  SG_RETURN_IF_ERROR(CheckRange("reject.mschap_error", in.mschap_error(), 1, 9999));
  SG_RETURN_IF_ERROR(CheckLength("reject.message", in.message().size(), 0, kMaxText));
  SG_RETURN_IF_ERROR(CheckLength("reject.log_reason", in.log_reason().size(), 0, kMaxText));
  SG_RETURN_IF_ERROR(CheckEapOrNone("reject.eap_message", in.eap_message()));
  return AuthorizeReject{in.mschap_error(), in.message(), in.log_reason(),
                         FromOctets(in.eap_message())};
}

Result<AuthorizeVerdict> Take(const pb::AuthorizeChallenge& in) {
  SG_RETURN_IF_ERROR(CheckEap("challenge.eap_message", in.eap_message()));
  SG_RETURN_IF_ERROR(CheckLength("challenge.state", in.state().size(), 0, kMaxEapState));
  return AuthorizeChallenge{FromOctets(in.eap_message()), FromOctets(in.state()),
                            std::chrono::seconds(in.timeout_seconds())};
}

}  // namespace

pb::AuthorizeRequest ToProto(const AuthorizeCall& call) {
  const AuthorizeQuestion& question = call.question;
  pb::AuthorizeRequest out;
  out.set_gateway_id(call.gateway_id);
  out.set_boot_id(call.boot_id);
  out.set_attempt_id(question.attempt.value());
  out.set_session_id(question.session);
  out.set_calling_station(FitText(question.calling_station, kMaxName));
  out.set_called_station(FitText(question.called_station, kMaxName));
  out.set_peer(FitText(question.peer, kMaxName));
  out.set_mtu_octets(question.mtu);
  out.set_user(UserOf(question.evidence));
  std::visit([&](const auto& evidence) { Put(evidence, out); }, question.evidence);
  return out;
}

Result<AuthorizeCall> FromProto(const pb::AuthorizeRequest& in) {
  SG_RETURN_IF_ERROR(CheckIdentifier("gateway_id", in.gateway_id()));
  SG_RETURN_IF_ERROR(CheckIdentifier("boot_id", in.boot_id()));
  SG_RETURN_IF_ERROR(CheckSessionId("session_id", in.session_id()));
  SG_RETURN_IF_ERROR(CheckLength("calling_station", in.calling_station().size(), 0, kMaxName));
  SG_RETURN_IF_ERROR(CheckLength("called_station", in.called_station().size(), 0, kMaxName));
  SG_RETURN_IF_ERROR(CheckLength("peer", in.peer().size(), 0, kMaxName));
  SG_RETURN_IF_ERROR(CheckLength("user", in.user().size(), 0, kMaxUser));
  SG_RETURN_IF_ERROR(CheckRange("mtu_octets", in.mtu_octets(), 0, 65535));
  AuthorizeCall out;
  SG_ASSIGN_OR_RETURN(out.question.evidence, TakeEvidence(in));
  out.gateway_id = in.gateway_id();
  out.boot_id = in.boot_id();
  out.question.attempt = AttemptId(in.attempt_id());
  out.question.session = in.session_id();
  out.question.calling_station = in.calling_station();
  out.question.called_station = in.called_station();
  out.question.peer = in.peer();
  out.question.mtu = static_cast<std::uint16_t>(in.mtu_octets());
  return out;
}

pb::AuthorizeResponse ToProto(const AuthorizeVerdict& verdict) {
  pb::AuthorizeResponse out;
  if (const auto* accept = std::get_if<AuthorizeAccept>(&verdict)) {
    *out.mutable_accept()->mutable_policy() = ToProto(accept->policy);
    out.mutable_accept()->set_hlak(std::string(accept->hlak.RevealText()));
    out.mutable_accept()->set_success_message(FitText(accept->success_message, kMaxText));
    out.mutable_accept()->set_eap_message(ToOctets(accept->eap_message));
    if (!accept->mppe.send.empty() || !accept->mppe.lan_manager.empty()) {
      *out.mutable_accept()->mutable_mppe() = ToProto(accept->mppe);
    }
  } else if (const auto* reject = std::get_if<AuthorizeReject>(&verdict)) {
    out.mutable_reject()->set_mschap_error(reject->mschap_error);
    out.mutable_reject()->set_message(FitText(reject->message, kMaxText));
    out.mutable_reject()->set_log_reason(FitText(reject->log_reason, kMaxText));
    out.mutable_reject()->set_eap_message(ToOctets(reject->eap_message));
  } else if (const auto* challenge = std::get_if<AuthorizeChallenge>(&verdict)) {
    out.mutable_challenge()->set_eap_message(ToOctets(challenge->eap_message));
    out.mutable_challenge()->set_state(ToOctets(challenge->state));
    out.mutable_challenge()->set_timeout_seconds(WireSeconds(challenge->timeout));
  }
  return out;
}

Result<AuthorizeVerdict> FromProto(const pb::AuthorizeResponse& in) {
  switch (in.verdict_case()) {
    case pb::AuthorizeResponse::kAccept:
      return Take(in.accept());
    case pb::AuthorizeResponse::kReject:
      return Take(in.reject());
    case pb::AuthorizeResponse::kChallenge:
      return Take(in.challenge());
    case pb::AuthorizeResponse::VERDICT_NOT_SET:
      break;
  }
  return Refuse("verdict", "is missing or of an unknown kind");
}

}  // namespace sstpgw::contract
