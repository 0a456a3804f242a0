// One SSTP client as a pure machine: octets of the TLS stream in, octets out, time as a value.
// Order: HTTP, CALL_CONNECT_REQUEST, LCP, authentication, CALL_CONNECTED, IPCP, IP packets.
// Whatever the server sends, nothing grows without bound and nothing throws.
//
// Threads: not thread-safe. Lifetime: `options` and `entropy` must outlive the session.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "proto/base/entropy.h"
#include "proto/base/ip.h"
#include "proto/base/types.h"
#include "tests/client/client_options.h"
#include "tests/client/mppe.h"
#include "tests/client/wire.h"

namespace sstpgw::client {

enum class Phase {
  kHttp,           // request sent, no reply yet
  kCallRequested,  // CALL_CONNECT_REQUEST sent
  kLink,           // LCP
  kAuthentication,
  kNetwork,  // authenticated, network layers not decided
  kUp,       // IPCP or IPv6CP open, nothing else that we ask for is undecided, and (unless
             // deviating) CALL_CONNECTED sent
  kClosing,  // our CALL_DISCONNECT or LCP Terminate-Request is out
  kClosed,   // nothing more to say; see failure()
};
[[nodiscard]] const char* ToString(Phase phase);

// Why a session ended without being asked to. kNone: it did not, or we closed it.
enum class FailureKind {
  kNone,
  kHttpRefused,       // status other than 200
  kCallRefused,       // CALL_CONNECT_NAK
  kAborted,           // CALL_ABORT received
  kDisconnected,      // CALL_DISCONNECT received
  kAuthentication,    // refused by the server
  kServerNotGenuine,  // MS-CHAPv2 authenticator wrong
  kNegotiation,       // LCP or IPCP came to no agreement
  kNoAddress,         // IPCP refused
  kTimeout,           // retransmissions used up
  kProtocol,          // the server broke the protocol
  kConnectionLost,    // TLS or TCP ended
};
[[nodiscard]] const char* ToString(FailureKind kind);

struct Failure {
  FailureKind kind = FailureKind::kNone;
  std::string detail;
};

// What became of MPPE. Packets of the server, but for the last two.
struct MppeFacts {
  bool up = false;  // CCP is open
  MppeMode sending;
  MppeMode receiving;
  std::uint64_t received = 0;            // decrypted, with an IP packet in them
  std::uint64_t out_of_step = 0;         // with a gap before them that costs a reset
  std::uint64_t discarded = 0;           // waiting for the reset, or late
  std::uint64_t malformed = 0;           // wrong bits, no IP packet in them, or MPPE is off
  std::uint64_t plaintext_received = 0;  // though MPPE is on
  std::uint64_t resets_asked_of_us = 0;  // CCP Reset-Requests
  std::uint64_t resets_asked_by_us = 0;  // likewise
};

// What the server told. Everything here came from outside.
struct Facts {
  std::string http_status;                // "HTTP/1.1 200 OK"
  std::vector<std::string> http_headers;  // "Date: ..."
  std::array<std::uint8_t, 32> nonce{};
  std::uint8_t hash_mask = 0;
  std::vector<PppOption> server_lcp_options;  // of its last Configure-Request
  std::vector<std::uint16_t> auth_offers;     // PPP protocols offered, in order: c023, c223
  AuthProtocol auth = AuthProtocol::kPap;     // the one agreed on
  std::string auth_message;                   // text of the success or failure packet
  Ipv4Address address;
  Ipv4Address gateway;   // zero until the server's IPCP request was acked
  bool ipv4_up = false;  // IPCP is open
  bool ipv6_up = false;  // IPv6CP is open
  // As agreed on; zero before, and where a side went without the option.
  InterfaceId interface_id{};
  InterfaceId peer_interface_id{};
  std::vector<Ipv4Address> dns;
  std::vector<Ipv4Address> wins;
  std::uint16_t mtu = 1500;          // what we may send: the server's MRU
  std::optional<std::uint16_t> mru;  // what we asked and the server acked
  std::uint32_t lcp_echo_requests = 0;
  std::uint32_t sstp_echo_requests = 0;
  std::uint64_t ip_packets_received = 0;
  MppeFacts mppe;
};

struct TraceEntry {
  bool from_server = false;
  TimePoint at;
  SstpPacket packet;
};
inline constexpr std::size_t kTraceLimit = 2000;

class ClientSession {
 public:
  // `certificate_der`: the leaf that the server presented on this connection.
  ClientSession(const ClientOptions& options, Bytes certificate_der, Entropy& entropy,
                TimePoint now);
  ~ClientSession();
  ClientSession(ClientSession&&) noexcept;
  ClientSession& operator=(ClientSession&&) noexcept;

  // Octets decrypted from the connection.
  void Receive(ByteView bytes, TimePoint now);
  // The connection ended.
  void ConnectionLost(const std::string& reason);
  // Call when Deadline() has passed.
  void Tick(TimePoint now);
  [[nodiscard]] std::optional<TimePoint> Deadline() const;
  // What has to be written to the connection, since the last call.
  [[nodiscard]] Bytes TakeOutput();

  // Called with each IP packet of the server, in Receive. The views stay valid until the next call
  // of Receive, as long as the octets given to this one do. IPv4 packets that arrive whole in one
  // call are not copied.
  void OnIpPacket(std::function<void(ByteView)> sink);
  // Wraps an IP packet; nothing happens unless the session is up.
  void SendIpPacket(ByteView packet);
  // For those who frame packets where they lie; only while the session is up. The room that a
  // header needs in front of a packet, and what makes a frame of both, see DataFrames::Finish.
  [[nodiscard]] std::size_t frame_header_size() const;
  [[nodiscard]] bool FinishFrame(std::span<std::uint8_t> frame);
  // CCP Reset-Request, though nothing was lost.
  void SendResetRequest(TimePoint now);
  // Any packet, as if the client had made it; kept in the trace.
  void SendPacket(Bytes sstp_packet, TimePoint now);
  // CALL_DISCONNECT, then closed after the acknowledgement or 5 s.
  void Disconnect(TimePoint now);
  // Asks for IPv6CP now, with Deviations::ask_ipv6cp_late; the phase does not change.
  void AskIpv6(TimePoint now);
  // Terminate-Request of a control protocol that is open: kIpcp, kIpv6cp or kCcp.
  void TerminateLayer(std::uint16_t protocol, TimePoint now);
  // LCP Terminate-Request instead; the server ends the call.
  void TerminateLcp(TimePoint now);

  [[nodiscard]] Phase phase() const;
  [[nodiscard]] const Facts& facts() const;
  [[nodiscard]] const Failure& failure() const;
  [[nodiscard]] const std::deque<TraceEntry>& trace() const;
  // The 32 octets the binding was made with; zeros before authentication and with PAP and CHAP.
  [[nodiscard]] const std::array<std::uint8_t, 32>& hlak() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sstpgw::client
