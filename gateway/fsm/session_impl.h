// The composition behind fsm::Session: owns the machines, routes events to them and turns their
// signals into the next step of a session's life (features Annex A). Split over session.cc (public
// face, life cycle, end), session_invariants.cc, session_steps.cc (connection, SSTP, PPP),
// session_auth.cc, session_network.cc (CCP, IPCP, IPv6CP), session_link.cc (interface, activation,
// orders) and session_timeouts.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/fsm/auth.h"
#include "gateway/fsm/ccp.h"
#include "gateway/fsm/dhcpv6_server.h"
#include "gateway/fsm/http.h"
#include "gateway/fsm/ipcp.h"
#include "gateway/fsm/ipv6cp.h"
#include "gateway/fsm/lcp.h"
#include "gateway/fsm/link_plan_of.h"
#include "gateway/fsm/outbox.h"
#include "gateway/fsm/router_advertiser.h"
#include "gateway/fsm/session.h"
#include "gateway/fsm/sstp_server.h"

namespace sstpgw::fsm {

class Session::Impl {
 public:
  Impl(const SessionSettings& settings, ConnectionInfo connection, SessionId id, Entropy& entropy,
       std::int64_t wall_clock_seconds, TimePoint now);

  ActionList Start();
  ActionList Step(TimePoint now, const Event& event);

  void set_log_level(LogLevel level) { out_.set_log_level(level); }
  [[nodiscard]] bool bound() const { return bound_; }
  [[nodiscard]] bool TakesPolicy(Generation generation) const;
  [[nodiscard]] const SessionPolicy& policy() const { return policy_; }
  [[nodiscard]] bool closed() const { return phase_ == Phase::kClosed; }
  [[nodiscard]] bool finishing() const { return phase_ == Phase::kFinishing; }
  [[nodiscard]] bool call_established() const {
    return phase_ != Phase::kFinishing && sstp_.call_established();
  }
  [[nodiscard]] std::optional<LinkPlan> LinkUnder(const SessionPolicy& policy) const;
  [[nodiscard]] SessionRecord Snapshot(TimePoint now) const;
  [[nodiscard]] bool IsConsistent() const;

 private:
  enum class Phase : std::uint8_t {
    kHttp,          // waiting for the request
    kCall,          // waiting for CALL_CONNECT_REQUEST
    kEstablish,     // LCP
    kAuthenticate,  // until the control plane has accepted
    kInterface,     // accepted, waiting for the interface
    kNetwork,       // CCP and NCPs; crypto binding may come before or after
    kHeld,          // both done, waiting for a policy without hold
    kActivate,      // both done, waiting for the interface to be up
    kActive,
    kFinishing,  // an end has begun; LCP or SSTP takes its leave
    kClosed,
  };
  enum class NetworkLayer : std::uint8_t { kIpv4, kIpv6 };
  enum class Interface : std::uint8_t { kNone, kCreating, kCreated, kActivating, kUp, kReleased };

  // ---- Events
  void On(const HttpHeadReceived& event);
  void On(const HttpHeadTooLong& event);
  void On(const SstpPacketReceived& event);
  void On(const StreamUndelineated& event);
  void On(const TransportClosed& event);
  void On(const TimerExpired& event);
  void On(const AuthorizeAnswered& event);
  void On(const AuthorizeFailed& event);
  void On(const InterfaceCreated& event);
  void On(const InterfaceActivated& event);
  void On(const InterfaceFailed& event);
  void On(const Ipv6ControlReceived& event);
  void On(const LinkChangeFailed& event);
  void On(const MppeOutOfStep& event);
  void On(const TerminateRequested& event);
  void On(const PolicyReplaced& event);

  // ---- What signals lead to
  void AnswerHttp(const HttpDecision& decision);
  void Handle(SstpSignals signals);
  void HandleLcp(LayerSignals signals);
  void HandleCcp(LayerSignals signals);
  void HandleNetwork(NetworkLayer layer, LayerSignals signals);
  void HandleAuth(AuthSignals signals);
  void ReceiveFrame(ByteView bytes);
  void ReceiveUnspoken(const codec::PppFrame& frame);
  [[nodiscard]] bool IsSpoken(codec::PppProtocol protocol) const;
  [[nodiscard]] bool MayNegotiateNetwork() const;
  void ReceiveNetwork(const codec::PppFrame& frame, const codec::ControlPacket& packet);
  void ReceiveIpcp(const codec::PppFrame& frame, const codec::ControlPacket& packet);
  void RejectProtocol(const codec::PppFrame& frame);
  void RejectedByPeer(codec::PppProtocol protocol);
  void StartPpp();
  void Accept(const AuthorizeAccept& accept);
  void AcceptAgain(const AuthorizeAccept& accept);
  void Reject(const AuthorizeReject& reject);
  // Of the question that is open, in whichever phase it was asked.
  [[nodiscard]] bool IsAnswer(AttemptId attempt) const;
  void TakePolicy(SessionPolicy policy);
  void StartNetwork();
  void StartNetworkLayers();
  void StartIpcp();
  void StartIpv6cp();
  // The request that came while CCP had to come first, as if it came now.
  void TakeWithheld(Bytes& packet, codec::PppProtocol protocol);
  [[nodiscard]] bool Ipv4Possible() const;
  [[nodiscard]] bool Ipv6Possible() const;
  // Nothing is under negotiation that activation waits for.
  [[nodiscard]] bool LayersSettled() const;
  [[nodiscard]] bool RequiredLayersOpen() const;
  void LayersChanged();
  void NetworkWaitExpired();
  // Why IPv4 cannot be given to this session; nullopt: it can. Logs it once.
  [[nodiscard]] std::optional<Ending> Ipv4Obstacle();
  void ActivateWhenReady();
  [[nodiscard]] std::uint16_t LinkMtu() const;
  void LinkMtuChanged();
  void FollowPeersMru();
  [[nodiscard]] LinkPlan PlanUnder(const SessionPolicy& policy) const;
  // The interface in use becomes what the layers have agreed on, and what is spoken on it starts or
  // stops.
  void FollowLayers();
  void ManageIpv6();
  [[nodiscard]] LinkFacts Facts() const;
  [[nodiscard]] InterfaceIds Ids() const;

  // ---- Timeouts, from activation on
  void StartTimeouts();
  void ChangeTimeouts(const SessionPolicy& old);
  void StartSessionTimer();
  void StartIdleTimer(Duration after);
  void IdleTimerExpired(std::uint64_t data_packets);
  void HoldTimerExpired();
  void SessionTimerExpired();

  // ---- The end
  void End(const Ending& ending);  // with whatever farewell the state allows
  void BeginFinish(const Ending& ending);
  void PppDown();       // lower layer down, exactly once
  void FarewellSstp();  // PPP is over: CALL_DISCONNECT
  void GiveBackInterface();
  void ReportDown();
  void Close();

  [[nodiscard]] std::int64_t UnixSeconds(TimePoint now) const;
  [[nodiscard]] std::string LogUser() const;
  [[nodiscard]] bool NetworkTimersConsistent() const;
  [[nodiscard]] bool PhaseConsistent() const;
  [[nodiscard]] bool LayerOpen() const { return ipcp_.opened() || ipv6cp_.opened(); }

  const SessionSettings& settings_;
  const ConnectionInfo connection_;
  const SessionId id_;
  Entropy& entropy_;
  const std::int64_t accepted_unix_seconds_;
  const TimePoint accepted_at_;

  Outbox out_;
  SstpServer sstp_;
  Lcp lcp_;
  Authenticator auth_;
  Ccp ccp_;
  Ipcp ipcp_;
  Ipv6cp ipv6cp_;
  RouterAdvertiser advertiser_;
  Dhcpv6Server dhcpv6_;

  TimePoint now_;           // of the running Step
  TimePoint last_frame_{};  // when the last PPP frame came that is no IP packet
  Phase phase_ = Phase::kHttp;
  Interface interface_ = Interface::kNone;
  std::string interface_name_;  // for the log
  std::string final_name_;
  std::string user_;            // as sent; bound to the session by the verdict
  std::string candidate_user_;  // of the evidence that is being judged
  AttemptId attempt_;
  SessionPolicy policy_;
  Secret hlak_;                           // between verdict and success packet
  MppeKeys mppe_keys_;                    // likewise
  std::string success_message_;           // likewise
  Bytes success_eap_;                     // likewise
  std::optional<TimePoint> started_at_;   // CALL_CONNECT_REQUEST
  std::optional<TimePoint> finished_at_;  // uptime is frozen from here on
  TimePoint idle_since_{};                // no later than the client's last packet was noticed
  std::uint64_t idle_packets_ = 0;        // how many there were then
  std::uint16_t interface_mtu_ = 0;       // from activation on: what LCP has agreed on last
  std::uint32_t mtu_changes_ = 0;
  std::uint32_t ipv4_openings_ = 0;
  TimePoint dhcpv6_due_{};        // when all messages so far would have been due at the steady rate
  std::optional<Ending> ending_;  // the first one
  bool bound_ = false;            // crypto binding verified
  bool ipv4_refused_ = false;     // Ipv4Obstacle was logged
  bool ipv4_gone_ = false;        // IPCP has failed or was closed by the peer
  bool ipv6_gone_ = false;        // likewise
  bool layers_started_ = false;   // the NCPs; not before CCP if MPPE is required
  bool layers_settled_ = false;   // activation waits for the binding only
  bool other_awaited_ = false;    // one layer is open, another one may follow
  bool ipv6_running_ = false;     // RA and DHCPv6
  Bytes withheld_ipcp_;           // a Configure-Request that came while CCP had to come first
  Bytes withheld_ipv6cp_;
  FramedRoutes routes_;  // of the policy
  LinkPlan link_;        // of the interface in use
  SourceFilter sources_;
  bool ppp_down_ = false;
  bool down_reported_ = false;
};

}  // namespace sstpgw::fsm
