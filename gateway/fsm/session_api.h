// What goes into a session's brain and what comes out: the events a worker feeds to
// fsm::Session::Step and the actions it has to carry out, in order. Values only; no clock, socket
// or log.
//
// Lifetime: views inside events are valid during Step only. Actions own what they carry.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gateway/fsm/link_plan.h"
#include "proto/base/messages.h"
#include "proto/base/types.h"

namespace sstpgw::fsm {

// Hashes of the DER of the leaf certificate presented on this very TLS connection
// ([MS-SSTP] 3.2.5.2).
struct CertificateHashes {
  std::array<std::uint8_t, 20> sha1{};
  std::array<std::uint8_t, 32> sha256{};
};

// Facts about the connection, known when TLS is up.
struct ConnectionInfo {
  std::string peer;             // "192.168.10.100:49852"
  std::string calling_station;  // "192.168.10.100"
  std::string called_station;   // our address
  CertificateHashes certificate;
  std::string tls_version;
  std::string tls_cipher;
};

// One per purpose; starting one that runs restarts it.
enum class TimerId : std::uint8_t {
  kNegotiation,  // [MS-SSTP] 3.3.2: until HTTP reply, then again until Connected
  kHello,        // 3.1.2.3
  kTeardown,     // abort 1/2, disconnect 1/2: one runs at a time
  kLcpRestart,
  kAuth,  // PAP: wait for request; CHAP: challenge retransmission
  kIpcpRestart,
  kNetworkWait,  // a network layer opens in time; then, whether another one follows
  kLcpEcho,
  kSession,  // Session-Timeout
  kReject,   // delay between an authentication failure and its packet
  kIdle,     // Idle-Timeout: looks now and again whether the client has sent anything
  kHold,     // SessionPolicy::hold: how long the control plane may take
  kCcpRestart,
  kIpv6cpRestart,
  kRouterAdvertisement,
};
inline constexpr std::size_t kTimerCount = 15;

// ---- Events
// ------------------------------------------------------------------------------------------

// The stream's first bytes up to and including the blank line (no limit is exceeded).
struct HttpHeadReceived {
  ByteView head;
};
// No blank line within 8 KiB.
struct HttpHeadTooLong {};
// One whole SSTP packet with its header (version 0x10, 4 <= length <= 4095) that is not an IP
// packet on an open data path.
struct SstpPacketReceived {
  ByteView packet;
};
// Version byte wrong or length < 4 (control: < 8): the stream has no packet boundaries any more.
struct StreamUndelineated {};
// TCP or TLS ended or failed. `reason` for the log.
struct TransportClosed {
  std::string reason;
  bool flooded = false;  // by us, because of what the peer did inside TLS
};
// `last_receive`: when the last octet came from the peer; `data_packets`: packets of data protocols
// from the peer so far, whatever became of them.
struct TimerExpired {
  TimerId timer{};
  TimePoint last_receive{};
  std::uint64_t data_packets = 0;
};
// Answer to the Authorize action with the same attempt; an older attempt's answer is ignored.
struct AuthorizeAnswered {
  AttemptId attempt;
  AuthorizeVerdict verdict;
};
// No answer: control plane away, deadline passed. `reason` for the log.
struct AuthorizeFailed {
  AttemptId attempt;
  std::string reason;
};
struct InterfaceCreated {
  std::string name;          // what it is called until it is activated, "ppp0"
  std::string final_name;    // "sstp0"
  std::string warning = {};  // why it is not the one that was wanted; empty: it is
};
struct InterfaceActivated {
  std::string name;  // final name, "sstp0"
};
// Creating or activating it failed; whatever was half made is released by the worker.
struct InterfaceFailed {
  std::string reason;
};
// An IPv6 packet from the peer that may be for us and not for the network behind: a Router
// Solicitation or DHCPv6 (UDP to port 547). On an open data path only; 40..4087 octets, version 6,
// the payload length fits.
struct Ipv6ControlReceived {
  ByteView packet;
};
// A change of the link in use (ChangeLink) could not be carried out; what there was before is.
struct LinkChangeFailed {
  std::string reason;
};
// MPPE has lost packets and cannot decrypt until the peer has started its key anew (stateful).
struct MppeOutOfStep {};
struct TerminateRequested {
  Termination termination = Termination::kSoft;
  TerminateCause cause = TerminateCause::kNasRequest;
  std::string reason;
};
// Its rate limits are in force already, if the interface is.
struct PolicyReplaced {
  SessionPolicy policy;
};

using Event =
    std::variant<HttpHeadReceived, HttpHeadTooLong, SstpPacketReceived, StreamUndelineated,
                 TransportClosed, TimerExpired, AuthorizeAnswered, AuthorizeFailed,
                 InterfaceCreated, InterfaceActivated, InterfaceFailed, Ipv6ControlReceived,
                 LinkChangeFailed, MppeOutOfStep, TerminateRequested, PolicyReplaced>;

// ---- Actions
// -----------------------------------------------------------------------------------------

// Plaintext for the TLS connection: one HTTP reply or one whole SSTP packet.
struct SendBytes {
  Bytes bytes;
};
struct StartTimer {
  TimerId timer{};
  Duration after{};
};
struct StopTimer {
  TimerId timer{};
};
// Ask the control plane. The answer comes back as AuthorizeAnswered or AuthorizeFailed.
struct AskAuthorize {
  AuthorizeQuestion question;
};
// Make an interface, or take one from an ended session (down, no address). Comes back as
// InterfaceCreated, with the name it has for people until it is activated, or InterfaceFailed.
struct CreateInterface {
  std::string name;  // as LinkPlan::name
};
// What may come from the peer: its addresses, the networks behind it. Link-local sources are for
// us alone and never forwarded.
struct SourceFilter {
  std::vector<Ipv4Route> ipv4;  // destination and length only
  std::vector<Ipv6Prefix> ipv6;
  friend bool operator==(const SourceFilter&, const SourceFilter&) = default;
};
// Final name, VRF, MTU, rate limits, addresses and routes, link up. InterfaceActivated or
// InterfaceFailed. The data path is open from then on: the worker forwards IP packets in both
// directions, from the peer only those that `sources` has.
struct ActivateInterface {
  LinkPlan plan;
  SourceFilter sources;
  std::uint16_t mtu = 0;
  RateLimit rate_limit{};  // in force before the first packet
};
// Of the interface in use: another state is wanted. LinkChangeFailed if it cannot be had; the
// sources are then those of before.
struct ChangeLink {
  LinkPlan plan;
  SourceFilter sources;
};
// A packet of our own to the peer; the data path frames it, and encrypts it where MPPE is on.
struct SendIpv6Packet {
  Bytes packet;
};
// MPPE both ways from the next packet on (CCP has opened).
struct StartMppe {
  std::uint8_t key_bits = 128;  // 40, 56 or 128
  bool stateless = true;
  Secret send_key;     // start key (RFC 3079): 16 octets, with 40 and 56 bits 8
  Secret receive_key;  // likewise
};
// No MPPE from the next packet on; packets from the peer that are encrypted are dropped.
struct StopMppe {};
// The peer cannot follow (Reset-Request): our next packet starts the key anew.
struct FlushMppe {};
// The peer has changed what it receives: MTU of the interface in use.
struct SetInterfaceMtu {
  std::uint16_t mtu = 0;
};
// Data path shut, link down, final counters taken, interface given back. Before the last Report.
struct ReleaseInterface {};
// Tell the control plane. The worker completes the record (uptime, counters).
struct Report {
  SessionEventKind kind = SessionEventKind::kStarting;
  TerminateCause cause = TerminateCause::kNone;
  std::string reason;
};
// One log line; the worker puts "<ifname>:<user>: " in front, as they are after this Step's actions
// so far, unless `bare`: before there is an interface, what is written by default says
// "sstp(<ip>:<port>): " itself. Foreign text is already escaped.
struct WriteLog {
  LogLevel level = LogLevel::kInfo;
  std::string text;
  bool bare = false;
};
// The log prefix changes from here on.
struct SetLogPrefix {
  std::string interface_name;
  std::string user;
};
// Send what is pending (bounded: give up after 1 s or when the kernel buffer stays full),
// close_notify, close. The session object is dropped after this. Exactly once, the last action of a
// session's life.
struct CloseTransport {};

// Names for GatewayStatistics.counters; the text is the metric's name.
enum class Counter : std::uint8_t {
  kHttpTooLong,
  kHttpBadRequest,
  kHttpNotFound,
  kHttpNotImplemented,
  kHttpRedirected,
  kHttpRefusedSilently,
  kHttpOk,
  kTlsHousekeepingFlood,  // cut off: KeyUpdates or renegotiations without end
  kSstpUndelineated,
  kSstpMalformed,  // attributes that cannot be told apart
  kSstpNakSent,
  kSstpRetryExceeded,  // the 4th unacceptable CALL_CONNECT_REQUEST
  kSstpAbortSent,
  kSstpAbortReceived,
  kSstpDisconnectReceived,
  kSstpUnknownMessage,
  kSstpUnexpectedMessage,
  kSstpNegotiationTimeout,
  kSstpHelloTimeout,
  kBindingBadNonce,
  kBindingBadCertHash,
  kBindingBadMac,
  kBindingBadHashProtocol,
  kBindingMalformed,
  kBindingNeverSent,
  kPppMalformed,
  kPppProtocolRejectSent,
  kPppCodeRejectSent,
  kPppRejectedByPeer,      // a protocol or code that a session cannot do without
  kPppNoAgreement,         // on options other than the authentication protocol, Max-Failure
  kPppBadRequestInOpened,  // an unacceptable Configure-Request when all had been agreed on
  kLcpNoAnswer,
  kLcpEchoTimeout,
  kLcpLoop,
  kAuthNoAgreement,  // every protocol was refused
  kAuthTimeout,      // no evidence in time: not a failure, nothing was judged
  kAuthChangePassword,
  kAuthSucceeded,
  kAuthFailed,  // evidence was judged wrong, or malformed
  kAuthMalformed,
  kAuthEapDiscarded,  // EAP packets that answer nothing
  kAuthEapRounds,     // ended for its length
  kAuthBadChallenge,  // from the control plane
  kAuthorizeUnavailable,
  kIpcpNoAddress,
  kIpcpTimeout,     // the peer never asked, or never answered
  kIpcpFailed,      // required, and refused or lost
  kIpv6cpFailed,    // likewise
  kIpv6cpNoPrefix,  // required, and there is none for it
  kMppeNoKeys,      // required, and the login gave none
  kMppeNoProvider,  // required, and this system's OpenSSL has no RC4
  kMppeRefused,     // required, and the peer does not want it
  kNdMalformed,
  kNdAnswered,
  kDhcpv6Malformed,
  kDhcpv6Discarded,  // well-formed, but nothing to answer
  kDhcpv6Answered,
  kInterfaceFailed,
  kLinkChangeFailed,
  kHoldTimeout,
  kSessionsEnded,
};
inline constexpr std::size_t kCounterCount = static_cast<std::size_t>(Counter::kSessionsEnded) + 1;
[[nodiscard]] const char* ToString(Counter counter);  // "http_too_long"

struct CountEvent {
  Counter counter{};
};

using Action =
    std::variant<SendBytes, StartTimer, StopTimer, AskAuthorize, CreateInterface, ActivateInterface,
                 ChangeLink, SetInterfaceMtu, SendIpv6Packet, StartMppe, StopMppe, FlushMppe,
                 ReleaseInterface, Report, WriteLog, SetLogPrefix, CloseTransport, CountEvent>;
using ActionList = std::vector<Action>;

// std::visit with one lambda per alternative; a missing one does not compile.
template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace sstpgw::fsm
