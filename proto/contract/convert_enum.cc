// Enumerations. Each pair is a switch in both directions, so that a value added on one side does
// not compile or is refused.
#include "proto/contract/convert.h"
#include "proto/contract/wire_check.h"

namespace sstpgw::contract {

pb::AuthProtocol ToProto(AuthProtocol value) {
  switch (value) {
    case AuthProtocol::kPap:
      return pb::AUTH_PROTOCOL_PAP;
    case AuthProtocol::kChapMd5:
      return pb::AUTH_PROTOCOL_CHAP_MD5;
    case AuthProtocol::kMsChapV1:
      return pb::AUTH_PROTOCOL_MSCHAP_V1;
    case AuthProtocol::kMsChapV2:
      return pb::AUTH_PROTOCOL_MSCHAP_V2;
    case AuthProtocol::kEap:
      return pb::AUTH_PROTOCOL_EAP;
  }
  return pb::AUTH_PROTOCOL_UNSPECIFIED;
}

Result<AuthProtocol> FromProto(pb::AuthProtocol value) {
  switch (value) {
    case pb::AUTH_PROTOCOL_PAP:
      return AuthProtocol::kPap;
    case pb::AUTH_PROTOCOL_CHAP_MD5:
      return AuthProtocol::kChapMd5;
    case pb::AUTH_PROTOCOL_MSCHAP_V1:
      return AuthProtocol::kMsChapV1;
    case pb::AUTH_PROTOCOL_MSCHAP_V2:
      return AuthProtocol::kMsChapV2;
    case pb::AUTH_PROTOCOL_EAP:
      return AuthProtocol::kEap;
    default:
      return Refuse("AuthProtocol", "unknown value " + std::to_string(value));
  }
}

pb::NcpPreference ToProto(NcpPreference value) {
  switch (value) {
    case NcpPreference::kDeny:
      return pb::NCP_PREFERENCE_DENY;
    case NcpPreference::kAllow:
      return pb::NCP_PREFERENCE_ALLOW;
    case NcpPreference::kPrefer:
      return pb::NCP_PREFERENCE_PREFER;
    case NcpPreference::kRequire:
      return pb::NCP_PREFERENCE_REQUIRE;
  }
  return pb::NCP_PREFERENCE_UNSPECIFIED;
}

Result<NcpPreference> FromProto(pb::NcpPreference value) {
  switch (value) {
    case pb::NCP_PREFERENCE_DENY:
      return NcpPreference::kDeny;
    case pb::NCP_PREFERENCE_ALLOW:
      return NcpPreference::kAllow;
    case pb::NCP_PREFERENCE_PREFER:
      return NcpPreference::kPrefer;
    case pb::NCP_PREFERENCE_REQUIRE:
      return NcpPreference::kRequire;
    default:
      return Refuse("NcpPreference", "unknown value " + std::to_string(value));
  }
}

pb::MppePreference ToProto(MppePreference value) {
  switch (value) {
    case MppePreference::kDeny:
      return pb::MPPE_PREFERENCE_DENY;
    case MppePreference::kAllow:
      return pb::MPPE_PREFERENCE_ALLOW;
    case MppePreference::kPrefer:
      return pb::MPPE_PREFERENCE_PREFER;
    case MppePreference::kRequire:
      return pb::MPPE_PREFERENCE_REQUIRE;
  }
  return pb::MPPE_PREFERENCE_UNSPECIFIED;
}

Result<MppePreference> FromProto(pb::MppePreference value) {
  switch (value) {
    case pb::MPPE_PREFERENCE_DENY:
      return MppePreference::kDeny;
    case pb::MPPE_PREFERENCE_ALLOW:
      return MppePreference::kAllow;
    case pb::MPPE_PREFERENCE_PREFER:
      return MppePreference::kPrefer;
    case pb::MPPE_PREFERENCE_REQUIRE:
      return MppePreference::kRequire;
    default:
      return Refuse("MppePreference", "unknown value " + std::to_string(value));
  }
}

pb::InterfaceIdChoice::Kind ToProto(InterfaceIdChoice::Kind value) {
  switch (value) {
    case InterfaceIdChoice::Kind::kFixed:
      return pb::InterfaceIdChoice::KIND_FIXED;
    case InterfaceIdChoice::Kind::kRandom:
      return pb::InterfaceIdChoice::KIND_RANDOM;
    case InterfaceIdChoice::Kind::kIpv4Address:
      return pb::InterfaceIdChoice::KIND_IPV4_ADDRESS;
    case InterfaceIdChoice::Kind::kCallingStation:
      return pb::InterfaceIdChoice::KIND_CALLING_STATION;
  }
  return pb::InterfaceIdChoice::KIND_UNSPECIFIED;
}

Result<InterfaceIdChoice::Kind> FromProto(pb::InterfaceIdChoice::Kind value) {
  switch (value) {
    case pb::InterfaceIdChoice::KIND_FIXED:
      return InterfaceIdChoice::Kind::kFixed;
    case pb::InterfaceIdChoice::KIND_RANDOM:
      return InterfaceIdChoice::Kind::kRandom;
    case pb::InterfaceIdChoice::KIND_IPV4_ADDRESS:
      return InterfaceIdChoice::Kind::kIpv4Address;
    case pb::InterfaceIdChoice::KIND_CALLING_STATION:
      return InterfaceIdChoice::Kind::kCallingStation;
    default:
      return Refuse("InterfaceIdChoice", "unknown value " + std::to_string(value));
  }
}

pb::HttpErrorPolicy ToProto(HttpErrorPolicy value) {
  switch (value) {
    case HttpErrorPolicy::kAllow:
      return pb::HTTP_ERROR_POLICY_ALLOW;
    case HttpErrorPolicy::kDeny:
      return pb::HTTP_ERROR_POLICY_DENY;
    case HttpErrorPolicy::kRedirect:
      return pb::HTTP_ERROR_POLICY_REDIRECT;
  }
  return pb::HTTP_ERROR_POLICY_UNSPECIFIED;
}

Result<HttpErrorPolicy> FromProto(pb::HttpErrorPolicy value) {
  switch (value) {
    case pb::HTTP_ERROR_POLICY_ALLOW:
      return HttpErrorPolicy::kAllow;
    case pb::HTTP_ERROR_POLICY_DENY:
      return HttpErrorPolicy::kDeny;
    case pb::HTTP_ERROR_POLICY_REDIRECT:
      return HttpErrorPolicy::kRedirect;
    default:
      return Refuse("HttpErrorPolicy", "unknown value " + std::to_string(value));
  }
}

// Both sides carry RFC 2866's numbers.
pb::TerminateCause ToProto(TerminateCause value) {
  return static_cast<pb::TerminateCause>(static_cast<int>(value));
}

Result<TerminateCause> FromProto(pb::TerminateCause value) {
  switch (value) {
    case pb::TERMINATE_CAUSE_NONE:
    case pb::TERMINATE_CAUSE_USER_REQUEST:
    case pb::TERMINATE_CAUSE_LOST_CARRIER:
    case pb::TERMINATE_CAUSE_IDLE_TIMEOUT:
    case pb::TERMINATE_CAUSE_SESSION_TIMEOUT:
    case pb::TERMINATE_CAUSE_ADMIN_RESET:
    case pb::TERMINATE_CAUSE_NAS_ERROR:
    case pb::TERMINATE_CAUSE_NAS_REQUEST:
    case pb::TERMINATE_CAUSE_NAS_REBOOT:
    case pb::TERMINATE_CAUSE_USER_ERROR:
      return static_cast<TerminateCause>(static_cast<int>(value));
    default:
      return Refuse("TerminateCause", "unknown value " + std::to_string(value));
  }
}

pb::SessionState ToProto(SessionState value) {
  switch (value) {
    case SessionState::kStarting:
      return pb::SESSION_STATE_STARTING;
    case SessionState::kActive:
      return pb::SESSION_STATE_ACTIVE;
    case SessionState::kFinishing:
      return pb::SESSION_STATE_FINISHING;
  }
  return pb::SESSION_STATE_UNSPECIFIED;
}

Result<SessionState> FromProto(pb::SessionState value) {
  switch (value) {
    case pb::SESSION_STATE_STARTING:
      return SessionState::kStarting;
    case pb::SESSION_STATE_ACTIVE:
      return SessionState::kActive;
    case pb::SESSION_STATE_FINISHING:
      return SessionState::kFinishing;
    default:
      return Refuse("SessionState", "unknown value " + std::to_string(value));
  }
}

pb::TlsMode ToProto(TlsMode value) {
  switch (value) {
    case TlsMode::kUser:
      return pb::TLS_MODE_USER;
    case TlsMode::kSoftware:
      return pb::TLS_MODE_SOFTWARE;
    case TlsMode::kHardware:
      return pb::TLS_MODE_HARDWARE;
  }
  return pb::TLS_MODE_UNSPECIFIED;
}

Result<TlsMode> FromProto(pb::TlsMode value) {
  switch (value) {
    case pb::TLS_MODE_USER:
      return TlsMode::kUser;
    case pb::TLS_MODE_SOFTWARE:
      return TlsMode::kSoftware;
    case pb::TLS_MODE_HARDWARE:
      return TlsMode::kHardware;
    default:
      return Refuse("TlsMode", "unknown value " + std::to_string(value));
  }
}

pb::DownLimiter ToProto(DownLimiter value) {
  switch (value) {
    case DownLimiter::kAuto:
      return pb::DOWN_LIMITER_AUTO;
    case DownLimiter::kTbf:
      return pb::DOWN_LIMITER_TBF;
    case DownLimiter::kHtb:
      return pb::DOWN_LIMITER_HTB;
    case DownLimiter::kClsact:
      return pb::DOWN_LIMITER_CLSACT;
    case DownLimiter::kEdt:
      return pb::DOWN_LIMITER_EDT;
    case DownLimiter::kPace:
      return pb::DOWN_LIMITER_PACE;
  }
  return pb::DOWN_LIMITER_UNSPECIFIED;
}

Result<DownLimiter> FromProto(pb::DownLimiter value) {
  switch (value) {
    case pb::DOWN_LIMITER_AUTO:
      return DownLimiter::kAuto;
    case pb::DOWN_LIMITER_TBF:
      return DownLimiter::kTbf;
    case pb::DOWN_LIMITER_HTB:
      return DownLimiter::kHtb;
    case pb::DOWN_LIMITER_CLSACT:
      return DownLimiter::kClsact;
    case pb::DOWN_LIMITER_EDT:
      return DownLimiter::kEdt;
    case pb::DOWN_LIMITER_PACE:
      return DownLimiter::kPace;
    default:
      return Refuse("DownLimiter", "unknown value " + std::to_string(value));
  }
}

pb::UpLimiter ToProto(UpLimiter value) {
  switch (value) {
    case UpLimiter::kAuto:
      return pb::UP_LIMITER_AUTO;
    case UpLimiter::kPolice:
      return pb::UP_LIMITER_POLICE;
    case UpLimiter::kPace:
      return pb::UP_LIMITER_PACE;
  }
  return pb::UP_LIMITER_UNSPECIFIED;
}

Result<UpLimiter> FromProto(pb::UpLimiter value) {
  switch (value) {
    case pb::UP_LIMITER_AUTO:
      return UpLimiter::kAuto;
    case pb::UP_LIMITER_POLICE:
      return UpLimiter::kPolice;
    case pb::UP_LIMITER_PACE:
      return UpLimiter::kPace;
    default:
      return Refuse("UpLimiter", "unknown value " + std::to_string(value));
  }
}

pb::RateCount ToProto(RateCount value) {
  switch (value) {
    case RateCount::kPayload:
      return pb::RATE_COUNT_PAYLOAD;
    case RateCount::kPacket:
      return pb::RATE_COUNT_PACKET;
  }
  return pb::RATE_COUNT_UNSPECIFIED;
}

Result<RateCount> FromProto(pb::RateCount value) {
  switch (value) {
    case pb::RATE_COUNT_PAYLOAD:
      return RateCount::kPayload;
    case pb::RATE_COUNT_PACKET:
      return RateCount::kPacket;
    default:
      return Refuse("RateCount", "unknown value " + std::to_string(value));
  }
}

pb::LeafQdisc::Kind ToProto(LeafQdisc::Kind value) {
  switch (value) {
    case LeafQdisc::Kind::kAuto:
      return pb::LeafQdisc::KIND_AUTO;
    case LeafQdisc::Kind::kFifo:
      return pb::LeafQdisc::KIND_FIFO;
    case LeafQdisc::Kind::kSfq:
      return pb::LeafQdisc::KIND_SFQ;
    case LeafQdisc::Kind::kFqCodel:
      return pb::LeafQdisc::KIND_FQ_CODEL;
  }
  return pb::LeafQdisc::KIND_UNSPECIFIED;
}

Result<LeafQdisc::Kind> FromProto(pb::LeafQdisc::Kind value) {
  switch (value) {
    case pb::LeafQdisc::KIND_AUTO:
      return LeafQdisc::Kind::kAuto;
    case pb::LeafQdisc::KIND_FIFO:
      return LeafQdisc::Kind::kFifo;
    case pb::LeafQdisc::KIND_SFQ:
      return LeafQdisc::Kind::kSfq;
    case pb::LeafQdisc::KIND_FQ_CODEL:
      return LeafQdisc::Kind::kFqCodel;
    default:
      return Refuse("LeafQdisc::Kind", "unknown value " + std::to_string(value));
  }
}

pb::SessionEventKind ToProto(SessionEventKind value) {
  switch (value) {
    case SessionEventKind::kStarting:
      return pb::SESSION_EVENT_KIND_STARTING;
    case SessionEventKind::kAuthorized:
      return pb::SESSION_EVENT_KIND_AUTHORIZED;
    case SessionEventKind::kHeld:
      return pb::SESSION_EVENT_KIND_HELD;
    case SessionEventKind::kUp:
      return pb::SESSION_EVENT_KIND_UP;
    case SessionEventKind::kChange:
      return pb::SESSION_EVENT_KIND_CHANGE;
    case SessionEventKind::kDown:
      return pb::SESSION_EVENT_KIND_DOWN;
  }
  return pb::SESSION_EVENT_KIND_UNSPECIFIED;
}

Result<SessionEventKind> FromProto(pb::SessionEventKind value) {
  switch (value) {
    case pb::SESSION_EVENT_KIND_STARTING:
      return SessionEventKind::kStarting;
    case pb::SESSION_EVENT_KIND_AUTHORIZED:
      return SessionEventKind::kAuthorized;
    case pb::SESSION_EVENT_KIND_HELD:
      return SessionEventKind::kHeld;
    case pb::SESSION_EVENT_KIND_UP:
      return SessionEventKind::kUp;
    case pb::SESSION_EVENT_KIND_CHANGE:
      return SessionEventKind::kChange;
    case pb::SESSION_EVENT_KIND_DOWN:
      return SessionEventKind::kDown;
    default:
      return Refuse("SessionEventKind", "unknown value " + std::to_string(value));
  }
}

}  // namespace sstpgw::contract
