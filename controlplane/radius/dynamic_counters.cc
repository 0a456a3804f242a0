#include "controlplane/radius/dynamic_counters.h"

#include <string>

namespace sstpgw::cp::radius {

const char* ToString(DynamicCount count) {
  switch (count) {
    case DynamicCount::kSourceNotAllowed:
      return "dropped_source";
    case DynamicCount::kMalformed:
      return "dropped_malformed";
    case DynamicCount::kWrongCode:
      return "dropped_code";
    case DynamicCount::kWrongAuthenticator:
      return "dropped_authenticator";
    case DynamicCount::kWrongMessageAuthenticator:
      return "dropped_message_authenticator";
    case DynamicCount::kMissingMessageAuthenticator:
      return "dropped_without_message_authenticator";
    case DynamicCount::kTooLarge:
      return "dropped_too_large";
    case DynamicCount::kDuplicateInProgress:
      return "dropped_duplicate_in_progress";
    case DynamicCount::kOutsideWindow:
      return "dropped_event_timestamp";
    case DynamicCount::kReplayed:
      return "dropped_replayed";
    case DynamicCount::kSessionInRequest:
      return "dropped_session_in_request";
    case DynamicCount::kDuplicateAnswered:
      return "duplicates_answered";
    case DynamicCount::kDisconnectRequest:
      return "disconnect_requests";
    case DynamicCount::kDisconnectAck:
      return "disconnect_acks";
    case DynamicCount::kDisconnectNak:
      return "disconnect_naks";
    case DynamicCount::kCoaRequest:
      return "coa_requests";
    case DynamicCount::kCoaAck:
      return "coa_acks";
    case DynamicCount::kCoaNak:
      return "coa_naks";
    case DynamicCount::kOverflow:
      return "overflows";
    case DynamicCount::kTimeout:
      return "timeouts";
    case DynamicCount::kNotSigned:
      return "answers_not_signed";
    case DynamicCount::kLate:
      return "late_outcomes";
    case DynamicCount::kAbandoned:
      return "abandoned";
    case DynamicCount::kLast:
      break;
  }
  return "";
}

const char* WhyDropped(DynamicCount count) {
  switch (count) {
    case DynamicCount::kSourceNotAllowed:
      return "it is not one of the sources allowed";
    case DynamicCount::kMalformed:
      return "it is no RADIUS packet";
    case DynamicCount::kWrongCode:
      return "it is neither Disconnect- nor CoA-Request";
    case DynamicCount::kWrongAuthenticator:
      return "its authenticator is wrong; the key is another one, or it is forged";
    case DynamicCount::kWrongMessageAuthenticator:
      return "its Message-Authenticator is wrong";
    case DynamicCount::kMissingMessageAuthenticator:
      return "it has no Message-Authenticator, which is required";
    case DynamicCount::kTooLarge:
      return "no answer has room for its Proxy-States";
    case DynamicCount::kOutsideWindow:
      return "its Event-Timestamp is missing or too far from our clock";
    case DynamicCount::kReplayed:
      return "it has taken effect before; somebody may have recorded it";
    default:
      return "";
  }
}

std::vector<NamedCounter> DynamicCounters::Named() const {
  const std::string prefix = "dynamic_author_";
  std::vector<NamedCounter> named;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    named.push_back({prefix + ToString(static_cast<DynamicCount>(i)), counts_[i]});
  }
  for (const auto& [cause, value] : naks_) {
    named.push_back({prefix + "nak_" + std::to_string(static_cast<unsigned>(cause)), value});
  }
  return named;
}

}  // namespace sstpgw::cp::radius
