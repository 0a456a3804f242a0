// What a client wants, and in which ways it is made to misbehave. A default-constructed
// ClientOptions is a polite client that takes every authentication protocol.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proto/base/ip.h"
#include "proto/base/messages.h"
#include "tests/client/eap_tls.h"
#include "tests/client/wire.h"

namespace sstpgw::client {

// [MS-SSTP] 2.2.6 Hash Protocol of the crypto binding.
enum class BindingHash : std::uint8_t { kSha1 = 1, kSha256 = 2 };

// What the client answers with when EAP was agreed on.
enum class EapMethod { kMd5, kMsChapV2, kTls, kPeap };  // kPeap: with MSCHAPv2 inside

// What the client does about CCP, of which it knows MPPE alone.
enum class MppeWish {
  kNone,     // Protocol-Rejects CCP
  kDeny,     // Configure-Rejects the option
  kAllow,    // takes it when asked, with any strength
  kPrefer,   // asks, does without
  kRequire,  // asks, gives up without
};

// When CALL_CONNECTED leaves.
enum class BindingTime {
  kAfterAuthentication,   // as [MS-SSTP] 3.2.5.3 wants it
  kBeforeTheResult,       // together with the last authentication packet of ours (sstpc does that)
  kBeforeAuthentication,  // as soon as LCP is open; keys are not there, so it is right only for PAP
  kTwice,
  kNever,
};

// Each is something a real or hostile client does; all off by default.
struct Deviations {
  // Windows: MRU 4091, PFC, ACFC and Callback in LCP, Identification after LCP opens, IPv6CP and
  // CCP Configure-Requests before IPCP.
  bool windows_opening = false;
  std::vector<PppOption> extra_lcp_options;
  bool keep_asking_same_mru = false;            // ignores Configure-Nak of MRU
  std::optional<std::uint16_t> nak_server_mru;  // Open SSTP Client: Naks our MRU with this once
  bool refuse_every_auth = false;               // Configure-Rejects the authentication option
  bool swallow_first_lcp_request = false;  // the page's client: answers only the retransmission
  bool silent_lcp = false;                 // never answers nor sends LCP
  bool silent_auth = false;                // LCP opens, no authentication packet ever
  bool never_ask_ipcp = false;             // waits for the server's IPCP request
  bool reject_ipcp = false;                // Protocol-Rejects IPCP
  bool reject_ipcp_options = false;        // Configure-Rejects what the server asks for in IPCP
  bool never_ask_ipv6cp = false;           // answers the server's IPv6CP requests, makes none
  bool ask_ipv6cp_late = false;            // likewise until ClientSession::AskIpv6
  bool reject_ipv6cp_options = false;      // Configure-Rejects the server's interface identifier
  bool insist_on_interface_id = false;     // ignores Configure-Nak of ours
  bool silent_ccp = false;                 // neither answers nor rejects CCP
  std::uint32_t lose_every = 0;            // of N encrypted packets the last is never sent; 0: none
  bool plaintext_beside_mppe = false;      // sends IP packets in plaintext though MPPE is on
  bool ignore_lcp_echo = false;
  bool ignore_sstp_echo = false;
  bool ignore_terminate = false;  // neither LCP Terminate-Ack nor CALL_DISCONNECT_ACK
  bool flip_mac_bit = false;      // one bit of the Compound MAC
  bool flip_cert_hash_bit = false;
  bool flip_nonce_bit = false;
  std::optional<std::uint8_t> hash_protocol;  // the field's value, whatever is computed
  std::optional<std::string> http_target;     // instead of the SSTP URI
  std::optional<std::string> http_method;
};

struct ClientOptions {
  std::string host = "vpn.example.com";  // HTTP Host
  std::string correlation_id = "{48B82435-099A-4158-A987-052E7570CFAA}";
  std::string user;
  std::string password;
  // What the client takes. An offer outside the list is Nak'ed with the first entry.
  std::vector<AuthProtocol> auth{AuthProtocol::kMsChapV2, AuthProtocol::kMsChapV1,
                                 AuthProtocol::kChapMd5, AuthProtocol::kPap};
  EapMethod eap = EapMethod::kMsChapV2;
  EapTlsOptions eap_tls;  // for kTls and kPeap
  bool ipv4 = true;       // false: never asks for IPCP and Protocol-Rejects it
  bool ipv6 = false;      // likewise for IPv6CP
  // Asked for in IPv6CP; nullopt: one made up. Zero asks the server for one (RFC 5072 4.1).
  std::optional<InterfaceId> interface_id;
  MppeWish mppe = MppeWish::kNone;
  int mppe_bits = 128;  // 40, 56, 128
  bool mppe_stateful = false;
  bool request_dns = true;
  bool request_wins = true;
  std::optional<std::uint16_t> mru;  // asked in LCP; nullopt: the option is not sent
  BindingHash hash = BindingHash::kSha256;
  BindingTime binding = BindingTime::kAfterAuthentication;
  std::chrono::milliseconds retransmit{3000};  // RFC 1661 restart timer
  std::uint32_t max_transmissions = 10;
  std::chrono::milliseconds setup_timeout{60000};  // from the start until up
  bool keep_trace = true;  // packets of both directions, at most kTraceLimit
  Deviations deviations;
};

}  // namespace sstpgw::client
