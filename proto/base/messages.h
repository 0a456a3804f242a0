// What the two daemons say to each other, as plain values: the meaning of sstpgw/v1/session.proto
// without protobuf. proto/contract converts; everything else in either daemon knows only these
// types.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "proto/base/ip.h"
#include "proto/base/log_level.h"
#include "proto/base/network_settings.h"
#include "proto/base/secret.h"
#include "proto/base/session_policy.h"
#include "proto/base/types.h"

namespace sstpgw {

// ---- Settings: desired state of a whole gateway
// ------------------------------------------------------

// In the order of preference they are put in LCP's Authentication-Protocol option.
enum class AuthProtocol { kPap, kChapMd5, kMsChapV1, kMsChapV2, kEap };

// ppp-options ipv4 / ipv6 (features 3.7).
enum class NcpPreference { kDeny, kAllow, kPrefer, kRequire };

// protocol.http-error (features 1.2).
enum class HttpErrorPolicy { kAllow, kDeny, kRedirect };

struct TlsSettings {
  std::string certificate_chain_pem;  // leaf first; already completed from the CA file
  Secret private_key_pem;
  std::string ciphers;       // TLS <= 1.2, OpenSSL syntax; empty: library default
  std::string ciphersuites;  // TLS 1.3; empty: library default
  std::string curves;        // empty: library default
  std::string dhparam_pem;   // empty: none
  std::vector<std::string> protocols{"tls1.2", "tls1.3"};  // also tls1, tls1.1
  bool prefer_server_ciphers = false;
};

struct SstpSettings {
  std::chrono::seconds negotiation_timeout{60};
  std::chrono::seconds hello_interval{60};  // 0: off
  std::uint8_t hash_mask = 3;  // CRYPTO_BINDING_REQ Hash Protocol Bitmask: 1 SHA1, 2 SHA256
  HttpErrorPolicy http_error = HttpErrorPolicy::kAllow;
  std::string http_redirect_url;  // only with kRedirect
  std::string host_name;          // empty: any SNI and Host accepted
  // Override of the certificate's hashes (external TLS termination), empty: from the connection.
  std::optional<std::array<std::uint8_t, 20>> cert_hash_sha1;
  std::optional<std::array<std::uint8_t, 32>> cert_hash_sha256;
};

struct PppSettings {
  std::uint16_t mtu = 1500;          // option `mtu`; limits the peer's MRU (features 3.2.3)
  std::optional<std::uint16_t> mru;  // ppp-options.mru
  std::uint16_t min_mtu = 100;       // ppp-options.min-mtu
  std::uint16_t ppp_max_mtu = 1452;  // protocol.ppp-max-mtu
  bool mtu_configured = false;  // the operator wrote `mtu`, so it also is the ceiling for the peer
  std::vector<AuthProtocol> auth_protocols;
  NcpPreference ipv4 = NcpPreference::kAllow;
  NcpPreference ipv6 = NcpPreference::kDeny;
  bool disable_ccp = false;  // wins over `mppe`
  MppePreference mppe = MppePreference::kPrefer;
  InterfaceIdChoice interface_id{InterfaceIdChoice::Kind::kFixed, {0, 0, 0, 0, 0, 0, 0, 1}};
  InterfaceIdChoice peer_interface_id{InterfaceIdChoice::Kind::kFixed, {0, 0, 0, 0, 0, 0, 0, 2}};
  bool accept_peer_interface_id = false;
  RouterAdvertisementSettings router_advertisement{};
  Dhcpv6Settings dhcpv6{};
  Ipv4Address gateway_address;             // zero: not configured
  std::chrono::seconds echo_interval{30};  // 0: off
  std::uint32_t echo_failure = 3;
  std::chrono::seconds echo_timeout{0};  // > 0: adaptive mode, echo_failure is not used
  std::chrono::seconds restart_timeout{3};
  std::uint32_t max_configure = 10;
  std::uint32_t max_terminate = 2;
  std::uint32_t max_failure = 10;
  std::string server_name = "sstp-gateway";  // name in CHAP challenges
};

// How octets and packets are moved. Everything works with each of them off, at a higher price.
struct DataPathSettings {
  bool kernel_tls_send = true;        // the kernel encrypts, where kernel and cipher allow it
  bool kernel_tls_receive = true;     // the kernel decrypts, likewise
  bool super_packets = true;          // segments of a flow cross the interface in one read or write
  bool fill_records = true;           // many packets per TLS record and per turn; false: one
  std::uint32_t interface_cache = 0;  // interfaces of ended sessions kept for reuse
  friend bool operator==(const DataPathSettings&, const DataPathSettings&) = default;
};

// How the limit to the client is kept (features 7.1).
enum class DownLimiter : std::uint8_t {
  kAuto,    // the best that the gateway's kernel has
  kTbf,     // as kHtb, with the burst and the queue of a token bucket
  kHtb,     // the kernel's sch_htb
  kClsact,  // what is above the limit is dropped, nothing waits
  kEdt,     // each packet gets its time of departure, and the kernel's sch_fq keeps it
  kPace,    // the gateway reads the interface no faster
};
[[nodiscard]] const char* ToString(DownLimiter limiter);  // "auto", "tbf"
// And that from the client.
enum class UpLimiter : std::uint8_t {
  kAuto,
  kPolice,  // what is above the limit is dropped
  kPace,    // the gateway reads the connection no faster; nothing is lost
};
[[nodiscard]] const char* ToString(UpLimiter limiter);

// What a rate counts.
enum class RateCount : std::uint8_t {
  kPayload,  // octets behind the IP header: within 3 % what a transfer shows
  kPacket,   // whole IP packets
};

// The queue under tbf and htb. Numbers of 0 are the kernel's own defaults.
struct LeafQdisc {
  enum class Kind : std::uint8_t { kAuto, kFifo, kSfq, kFqCodel };
  Kind kind = Kind::kAuto;                // fq_codel where the kernel has it
  std::uint32_t limit = 0;                // packets
  std::uint32_t flows = 0;                // fq_codel
  std::uint32_t quantum = 0;              // octets
  std::uint32_t perturb = 0;              // sfq: seconds
  std::chrono::microseconds target{0};    // fq_codel
  std::chrono::microseconds interval{0};  // fq_codel
  bool ecn = true;                        // fq_codel
  friend bool operator==(const LeafQdisc&, const LeafQdisc&) = default;
};

// How sessions with a limit are limited; the limits themselves are in their policies.
struct ShaperSettings {
  DownLimiter down = DownLimiter::kAuto;
  UpLimiter up = UpLimiter::kAuto;
  std::uint32_t fwmark = 0;  // packets with this firewall mark are not limited; 0: none
  // A session whose limit cannot be kept is refused; false: it comes up without, and says so.
  bool required = false;
  bool verbose = true;  // changes are logged
  RateCount count = RateCount::kPayload;
  std::uint32_t mpu = 0;  // octets that the smallest packet counts as
  // Octets that may pass at once after a pause, as a time at the rate; never below two packets.
  std::chrono::milliseconds down_burst{100};
  std::chrono::milliseconds up_burst{1000};
  std::chrono::milliseconds latency{50};  // longest wait in the queue to the client
  LeafQdisc leaf;
  // htb
  std::uint32_t r2q = 10;
  std::uint32_t quantum = 0;  // octets; 0: rate / r2q
  bool moderate_quantum = false;
  std::uint32_t cburst = 1534;  // octets
  friend bool operator==(const ShaperSettings&, const ShaperSettings&) = default;
};

struct GatewaySettings {
  Generation generation;
  std::vector<std::string> listen_addresses;  // IPv4 or IPv6; empty: dual stack, all
  std::uint16_t port = 443;
  TlsSettings tls;
  SstpSettings sstp;
  PppSettings ppp;
  std::string interface_name = "sstp%d";  // template: lowest free number
  LogLevel log_level = LogLevel::kInfo;
  std::uint32_t max_sessions = 0;  // 0: no limit
  DataPathSettings data_path;
  ShaperSettings shaper{};
};

// ---- Authorize: one question, one answer
// -------------------------------------------------------------

struct PapEvidence {
  std::string user;
  Secret password;
};
struct ChapMd5Evidence {
  std::string user;
  std::uint8_t identifier = 0;
  std::array<std::uint8_t, 16> challenge{};
  std::array<std::uint8_t, 16> response{};
};
struct MsChapV1Evidence {
  std::string user;
  std::uint8_t identifier = 0;
  std::array<std::uint8_t, 8> challenge{};
  std::array<std::uint8_t, 24> lm_response{};
  std::array<std::uint8_t, 24> nt_response{};
  std::uint8_t flags = 0;
};
struct MsChapV2Evidence {
  std::string user;
  std::uint8_t identifier = 0;
  std::array<std::uint8_t, 16> challenge{};  // ours
  std::array<std::uint8_t, 16> peer_challenge{};
  std::array<std::uint8_t, 24> nt_response{};
  std::uint8_t flags = 0;
};
// One packet of the client in a conversation of several rounds (RFC 3748); each is a question of
// its own. The message may hold a password (EAP-GTC).
struct EapEvidence {
  std::string user;  // the identity it gave, in every round
  Secret message;    // one whole EAP packet: a Response
  Bytes state;       // of the challenge that it answers; empty: the first round
};
using AuthEvidence =
    std::variant<PapEvidence, ChapMd5Evidence, MsChapV1Evidence, MsChapV2Evidence, EapEvidence>;

[[nodiscard]] inline const std::string& UserOf(const AuthEvidence& evidence) {
  return std::visit([](const auto& e) -> const std::string& { return e.user; }, evidence);
}

struct AuthorizeQuestion {
  AttemptId attempt;
  SessionId session;
  std::string calling_station;  // client's IP address
  std::string called_station;   // our IP address
  std::string peer;             // "ip:port"
  std::uint16_t mtu = 0;        // what the client receives at most, octets of a PPP packet
  AuthEvidence evidence;
};

// Start keys of MPPE (RFC 3079), from our point of view. All empty: the method gives none.
struct MppeKeys {
  Secret send;     // 16 octets; of these the first 8 for 40 and 56 bits
  Secret receive;  // likewise
  // 8 octets: instead of those for 40 and 56 bits, both ways (MS-CHAPv1, whose short keys come from
  // the LM hash); empty: as above.
  Secret lan_manager;
};
struct AuthorizeAccept {
  SessionPolicy policy;
  Secret hlak;                  // 32 octets, [MS-SSTP] 3.2.5.2.1; zeros for PAP and CHAP
  std::string success_message;  // MS-CHAPv2: "S=<40 hex> M=..."; else "Authentication succeeded"
  Bytes eap_message = {};       // EAP-Success for the client; empty: the gateway makes it
  MppeKeys mppe = {};
};
struct AuthorizeReject {
  std::uint32_t mschap_error = 691;  // E= of the MS-CHAP Failure packet
  std::string message;     // for the client: PAP, CHAP, M= of MS-CHAPv2; empty: that it failed
  std::string log_reason;  // for the gateway's log only, e.g. "unknown user or wrong password"
  Bytes eap_message = {};  // EAP-Failure for the client; empty: the gateway makes it
};
// EAP goes on: the client's answer is the next question, with another attempt.
struct AuthorizeChallenge {
  Bytes eap_message;                // one whole EAP packet for the client: a Request
  Bytes state;                      // opaque; comes back with the answer
  std::chrono::seconds timeout{0};  // how long the client may take; 0: as the gateway likes
};
using AuthorizeVerdict = std::variant<AuthorizeAccept, AuthorizeReject, AuthorizeChallenge>;

// ---- Session life, reported upward
// -------------------------------------------------------------------

// Acct-Terminate-Cause, RFC 2866 5.10 (features 6.4).
enum class TerminateCause : std::uint8_t {
  kNone = 0,
  kUserRequest = 1,
  kLostCarrier = 2,
  kIdleTimeout = 4,
  kSessionTimeout = 5,
  kAdminReset = 6,
  kNasError = 9,
  kNasRequest = 10,
  kNasReboot = 11,
  kUserError = 17,
};
[[nodiscard]] const char* ToString(TerminateCause cause);  // "Lost-Carrier"

enum class SessionState : std::uint8_t { kStarting, kActive, kFinishing };
[[nodiscard]] const char* ToString(SessionState state);  // "start", "active", "finish"

enum class Termination : std::uint8_t { kSoft, kHard };

// From the client is rx, to the client is tx; inner IP octets, no PPP, SSTP or TLS overhead.
struct TrafficCounters {
  std::uint64_t rx_bytes = 0;
  std::uint64_t tx_bytes = 0;
  std::uint64_t rx_packets = 0;
  std::uint64_t tx_packets = 0;
  friend bool operator==(const TrafficCounters&, const TrafficCounters&) = default;
};

// What a session's limiter did in one direction. Packets as they are on the way to or from the
// client: a super-packet counts as those that it becomes; octets as ShaperSettings::count says.
struct ShaperCounters {
  std::uint64_t passed_packets = 0;  // marked and signalled ones too
  std::uint64_t passed_octets = 0;
  std::uint64_t dropped_packets = 0;  // by the limit, or to make a sender slow down
  std::uint64_t dropped_octets = 0;
  std::uint64_t marked_packets = 0;  // passed unlimited for their firewall mark
  std::uint64_t marked_octets = 0;
  std::uint64_t signalled_packets = 0;  // told to slow down by a mark in the packet (ECN)
  friend bool operator==(const ShaperCounters&, const ShaperCounters&) = default;
};

// How a session is limited. A limiter of kAuto: that direction has no limit. Counters go on when
// limits come, change and go.
struct ShaperRecord {
  DownLimiter down = DownLimiter::kAuto;
  UpLimiter up = UpLimiter::kAuto;
  ShaperCounters down_counters;
  ShaperCounters up_counters;
  friend bool operator==(const ShaperRecord&, const ShaperRecord&) = default;
};

// Who does the TLS records of one direction: OpenSSL in the gateway, the kernel, the network card.
enum class TlsMode : std::uint8_t { kUser, kSoftware, kHardware };

// What the network layers have agreed on.
struct NetworkRecord {
  bool ipv4 = false;                // IPCP is open
  bool ipv6 = false;                // IPv6CP is open
  bool mppe = false;                // packets are encrypted inside the tunnel
  InterfaceId peer_interface_id{};  // with ipv6; zero: none
  bool delegated = false;           // the client has taken its delegated prefixes by DHCPv6
  friend bool operator==(const NetworkRecord&, const NetworkRecord&) = default;
};

// All the control plane has to know of a session; enough to rebuild its table and leases from
// nothing.
struct SessionRecord {
  SessionId session;
  SessionState state = SessionState::kStarting;
  std::string interface_name;  // empty before authentication
  std::string user;            // empty before authentication
  std::string calling_station;
  std::string called_station;
  std::string peer;  // "ip:port"
  SessionPolicy policy;
  AuthProtocol auth_protocol = AuthProtocol::kPap;
  std::uint16_t mtu = 0;
  // The network layers are open and the crypto binding is checked; only SessionPolicy::hold keeps
  // the session from being active.
  bool held = false;
  NetworkRecord network{};
  std::int64_t started_unix_seconds = 0;  // CALL_CONNECT_REQUEST
  std::int64_t uptime_seconds = 0;        // at the time of this record
  TrafficCounters counters;
  std::string tls_version;  // "TLSv1.3"
  std::string tls_cipher;
  TlsMode tls_send = TlsMode::kUser;     // as the kernel told at the time of this record
  TlsMode tls_receive = TlsMode::kUser;  // likewise
  ShaperRecord shaper{};
};

// kHeld: SessionRecord::held became true.
enum class SessionEventKind : std::uint8_t { kStarting, kAuthorized, kHeld, kUp, kChange, kDown };

struct SessionReport {
  SessionEventKind kind = SessionEventKind::kStarting;
  SessionRecord record;
  TerminateCause cause = TerminateCause::kNone;  // only with kDown
  std::string reason;                            // only with kDown: words for the log
};

// What changes in a session without an event.
struct CountersReport {
  SessionId session;
  TrafficCounters counters;
  TlsMode tls_send = TlsMode::kUser;     // as the kernel told at most 30 s ago
  TlsMode tls_receive = TlsMode::kUser;  // likewise
  ShaperRecord shaper{};
};

// One named counter of a gateway, total since its start ("http_bad_request", "sstp_abort_sent").
struct NamedCounter {
  std::string name;
  std::uint64_t value = 0;
};

// The gateway process as a whole, sent with every batch of counters (show statistics).
struct GatewayStatistics {
  std::uint64_t uptime_seconds = 0;
  std::uint32_t cpu_percent = 0;
  std::uint64_t rss_kib = 0;
  std::uint64_t virtual_kib = 0;
  std::uint64_t heap_allocated_bytes = 0;
  std::uint64_t heap_available_bytes = 0;
  std::uint32_t threads = 0;
  std::uint32_t threads_active = 0;
  std::uint32_t connections = 0;  // TCP connections, any phase
  std::uint32_t descriptors = 0;
  std::uint32_t timers = 0;
  std::uint32_t timers_pending = 0;
  std::uint32_t sstp_starting = 0;  // TCP accepted .. CALL_CONNECT_REQUEST
  std::uint32_t sstp_active = 0;    // after CALL_CONNECT_ACK
  std::vector<NamedCounter> counters;
};

// ---- Orders downward
// ---------------------------------------------------------------------------------

struct DisconnectOrder {
  SessionId session;
  Termination termination = Termination::kSoft;
  TerminateCause cause = TerminateCause::kNasRequest;
  std::string reason;
};

struct PolicyOrder {
  SessionId session;
  SessionPolicy policy;
};

}  // namespace sstpgw
