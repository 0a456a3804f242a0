// Servers that end sessions or change them while they run: Disconnect- and CoA-Request (RFC 5176,
// features 6.6). Pure: datagrams in, actions out.
//
//   Receive ──▶ Reply (refused: NAK at once; the same datagram again: the same answer)
//          └──▶ Disconnect{id} or Change{id} ──▶ somebody does it ──▶ Conclude(id) ──▶ Reply
//
// The steps, in this order, and what happens to a request that fails there:
//   1. source allowed; header and attributes well framed; Disconnect- or CoA-Request: dropped
//   2. Request Authenticator; Message-Authenticator, if there or required: dropped
//   3. the same datagram as one of the last 30 s: answered again; while in progress: dropped
//   4. Event-Timestamp, if there or required, near the wall clock; no request that took effect
//      already: dropped
//   5. NAS-Identifier, NAS-IP-Address, NAS-IPv6-Address, where both sides have one, equal: NAK 403
//   6. Service-Type is not Authorize-Only: NAK 405
//   7. at least one attribute that identifies a session, each as it should be: NAK 402, 404
//   8. all of them fit one session: of none NAK 503, of several NAK 508
//   9. no other request for this session in progress: dropped
//  10. all that a CoA-Request asks for is understood (session_change.h): NAK 401, 404, 407
//  11. not too many requests in progress: NAK 506
//  12. whoever does it says so in time: CoA NAK 506, Disconnect NAK 504
// Whatever else stands in a Disconnect-Request is not looked at: servers send their whole record of
// a session, where RFC 5176 3 would have only what identifies it.
//
// An ACK means that it was done, a NAK that nothing was. Answers carry the request's Proxy-States,
// an Error-Cause with a NAK, and a Message-Authenticator if the request did. Everything is bounded;
// nothing is queued. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "controlplane/radius/dictionary.h"
#include "controlplane/radius/dynamic_counters.h"
#include "controlplane/radius/log_allowance.h"
#include "controlplane/radius/packet.h"
#include "controlplane/radius/request_memory.h"
#include "controlplane/radius/session_change.h"
#include "controlplane/radius/session_directory.h"
#include "proto/base/ip_prefix.h"
#include "proto/base/log_level.h"
#include "proto/base/secret.h"

namespace sstpgw::cp::radius {

struct DynamicAuthorizationSettings {
  Secret secret;
  std::vector<IpPrefix> allowed_from;  // empty: nobody
  bool require_message_authenticator = false;
  bool require_event_timestamp = false;
  bool require_nas_identification = false;  // else NAK 402
  std::chrono::seconds event_window{300};   // on either side of now; 0: time stamps do not count
  std::string nas_identifier;               // empty: not compared
  std::optional<Ipv4Address> nas_ip_address;
  std::optional<Ipv6Address> nas_ipv6_address;
  SessionChangeSettings change;
  // Names for the log, vendors' formats for packets; never null.
  std::shared_ptr<const Dictionary> dictionary;
  bool trace = false;  // every packet as a line of the log
};

struct DynamicAuthorizationLimits {
  std::size_t in_progress = 256;
  Duration answer_within = std::chrono::seconds(5);
  AnswerLimits answers;
};

class DynamicAuthorization {
 public:
  // Names one request in progress; never used twice.
  using RequestId = Strong<struct DynamicRequestTag, std::uint64_t>;

  struct Peer {
    IpAddress address;
    std::uint16_t port = 0;
    std::optional<IpAddress> to = std::nullopt;  // ours that the request came to, for its Reply
    friend bool operator==(const Peer&, const Peer&) = default;
  };
  struct Moment {
    TimePoint now;
    std::int64_t unix_seconds = 0;  // wall clock
  };

  // A datagram, from the socket that the request came to.
  struct Reply {
    Peer to;
    Bytes octets;
  };
  // End the session softly with cause Admin-Reset, then Conclude: as soon as its gateway has been
  // told is soon enough.
  struct Disconnect {
    RequestId id;
    SessionName session;
  };
  // Have all of it applied or nothing, then Conclude.
  struct Change {
    RequestId id;
    SessionName session;
    SessionChange change;
  };
  // Nobody concluded this Change in time and the server was told that nothing is done: see to it
  // that nothing is.
  struct Withdraw {
    RequestId id;
    SessionName session;
  };
  struct WriteLog {
    LogLevel level = LogLevel::kInfo;
    std::string text;
  };
  using Action = std::variant<Reply, Disconnect, Change, Withdraw, WriteLog>;
  using ActionList = std::vector<Action>;

  using Settings = DynamicAuthorizationSettings;
  using Limits = DynamicAuthorizationLimits;
  explicit DynamicAuthorization(Settings settings, Limits limits = {});

  // Requests in progress are answered with the new secret.
  void Configure(Settings settings) { settings_ = std::move(settings); }
  // Nobody is listened to any more: requests in progress get no answer, since none could be sent,
  // and what their orders come to is ignored (kLate). Answers given before stay.
  void Abandon();
  // Whether every packet is written to the log, from now on.
  void LogPackets(bool enabled) { settings_.trace = enabled; }

  [[nodiscard]] ActionList Receive(ByteView datagram, const Peer& from, Moment moment,
                                   const SessionDirectory& sessions);
  // It was done, or why not: kSessionContextNotFound if the session ended meanwhile,
  // kUnsupportedAttribute, kInvalidAttributeValue, kAdministrativelyProhibited,
  // kResourcesUnavailable. Nothing happens if `id` is not in progress (any more).
  [[nodiscard]] ActionList Conclude(RequestId id, const OrRefusal<void>& outcome, TimePoint now);
  // Requests that waited too long.
  [[nodiscard]] ActionList Tick(TimePoint now);
  [[nodiscard]] std::optional<TimePoint> NextDeadline() const;

  [[nodiscard]] std::size_t in_progress() const { return in_progress_.size(); }
  [[nodiscard]] const DynamicCounters& counters() const { return counters_; }

 private:
  // What an answer needs of its request.
  struct Request {
    RequestKey key;
    Peer from;
    Code code = Code::kDisconnectRequest;
    bool message_authenticator = false;
    std::vector<Bytes> proxy_states;
    std::string about;  // "User-Name \"ann\"": for the log
  };
  struct InProgress {
    Request request;
    SessionName session;
    TimePoint deadline;
  };
  struct Genuine;  // a request that got past the steps that drop

  [[nodiscard]] std::optional<DynamicCount> CheckOrigin(ByteView datagram, const Peer& from) const;
  [[nodiscard]] std::optional<DynamicCount> CheckTime(const Packet& packet, Moment moment) const;
  [[nodiscard]] std::optional<Refusal> CheckNas(const Packet& packet) const;
  // nullopt: dropped or answered, as `actions` say.
  [[nodiscard]] std::optional<Genuine> Accept(ByteView datagram, const Peer& from, Moment moment,
                                              ActionList& actions);
  void Decide(Genuine genuine, Moment moment, const SessionDirectory& sessions,
              ActionList& actions);
  // The session that is meant.
  [[nodiscard]] OrRefusal<SessionName> Choose(Genuine& genuine, const SessionDirectory& sessions);
  void Begin(Genuine genuine, SessionName session, SessionChange change, Moment moment,
             ActionList& actions);
  void Answer(const Request& request, const std::optional<Refusal>& refusal, TimePoint now,
              ActionList& actions);
  void Finish(RequestId id, const std::optional<Refusal>& refusal, TimePoint now,
              ActionList& actions);
  void Drop(DynamicCount count, const Peer& from, TimePoint now, ActionList& actions);
  void Tell(const Request& request, const std::optional<Refusal>& refusal, TimePoint now,
            ActionList& actions);

  Settings settings_;
  Limits limits_;
  DynamicCounters counters_;
  AnswerMemory answers_;
  UsedRequests used_;
  std::map<RequestId, InProgress> in_progress_;
  std::map<RequestKey, RequestId> keys_;       // of in_progress_
  std::map<SessionName, RequestId> sessions_;  // of in_progress_
  std::uint64_t last_id_ = 0;
  LogAllowance<DynamicCount> drop_lines_;
  LogAllowance<ErrorCause> refusal_lines_;
};

}  // namespace sstpgw::cp::radius
