#include "gateway/fsm/session_api.h"

namespace sstpgw::fsm {

const char* ToString(Counter counter) {
  constexpr std::array<const char*, kCounterCount> kNames = {
      "http_too_long",
      "http_bad_request",
      "http_not_found",
      "http_not_implemented",
      "http_redirected",
      "http_refused_silently",
      "http_ok",
      "tls_housekeeping_flood",
      "sstp_undelineated",
      "sstp_malformed",
      "sstp_nak_sent",
      "sstp_retry_exceeded",
      "sstp_abort_sent",
      "sstp_abort_received",
      "sstp_disconnect_received",
      "sstp_unknown_message",
      "sstp_unexpected_message",
      "sstp_negotiation_timeout",
      "sstp_hello_timeout",
      "binding_bad_nonce",
      "binding_bad_cert_hash",
      "binding_bad_mac",
      "binding_bad_hash_protocol",
      "binding_malformed",
      "binding_never_sent",
      "ppp_malformed",
      "ppp_protocol_reject_sent",
      "ppp_code_reject_sent",
      "ppp_rejected_by_peer",
      "ppp_no_agreement",
      "ppp_bad_request_in_opened",
      "lcp_no_answer",
      "lcp_echo_timeout",
      "lcp_loop",
      "auth_no_agreement",
      "auth_timeout",
      "auth_change_password",
      "auth_succeeded",
      "auth_failed",
      "auth_malformed",
      "auth_eap_discarded",
      "auth_eap_rounds",
      "auth_bad_challenge",
      "authorize_unavailable",
      "ipcp_no_address",
      "ipcp_timeout",
      "interface_failed",
      "hold_timeout",
      "sessions_ended",
  };
  const auto index = static_cast<std::size_t>(counter);
  return index < kNames.size() ? kNames[index] : "unknown";
}

}  // namespace sstpgw::fsm
