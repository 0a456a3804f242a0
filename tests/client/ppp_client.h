// PPP on the client's side: LCP, authentication, what comes behind it (network_layers.h,
// ccp_layer.h) and the packets that real clients add. Sits
// inside ClientSession, which carries its frames and learns from it through Events.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "proto/base/entropy.h"
#include "tests/client/authenticator.h"
#include "tests/client/ccp_layer.h"
#include "tests/client/client_session.h"
#include "tests/client/negotiator.h"
#include "tests/client/network_layers.h"

namespace sstpgw::client {

class PppClient {
 public:
  struct Events {
    std::function<void(std::uint16_t, const PppControl&)> send;
    std::function<void(Phase)> entered;  // kAuthentication, kNetwork, kUp
    std::function<void()> bind;          // the moment for CALL_CONNECTED
    std::function<void(FailureKind, const std::string&)> failed;
    std::function<void()> terminated;  // the server sent LCP Terminate-Request
    std::function<void(const MppeStartKeys&, const MppeMode&, const MppeMode&)> mppe_on;
    std::function<void()> mppe_off;
    std::function<void()> mppe_flush;  // the server asked for a reset
  };

  PppClient(const ClientOptions& options, Entropy& entropy, Facts& facts, Events events);

  void Start(TimePoint now);
  void Receive(const PppFrame& frame, TimePoint now);
  void Tick(TimePoint now);
  [[nodiscard]] std::optional<TimePoint> Deadline() const;
  void Terminate();
  // See ClientSession.
  void AskIpv6(TimePoint now) { network_.AskIpv6(now); }
  void TerminateLayer(std::uint16_t protocol);
  void SendResetRequest() { ccp_.SendResetRequest(); }
  [[nodiscard]] const Hlak& hlak() const;

 private:
  void ReceiveLcp(const PppControl& packet, TimePoint now);
  [[nodiscard]] bool ReceiveNetwork(std::uint16_t protocol, const PppControl& packet,
                                    TimePoint now);
  void ReceiveProtocolReject(const PppControl& packet);
  void ReceiveAuth(std::uint16_t protocol, const PppControl& packet, TimePoint now);
  void LcpOpened(TimePoint now);
  void StartAuthentication(TimePoint now);
  void Authenticated(TimePoint now);
  void AskWindowsProtocols();
  [[nodiscard]] std::vector<PppOption> LcpWishes();
  [[nodiscard]] OptionJudgement JudgeLcp(const PppOption& option);
  [[nodiscard]] OptionJudgement JudgeAuth(const PppOption& option);
  [[nodiscard]] std::optional<Bytes> AdoptLcp(const PppOption& option) const;
  void SendLcp(std::uint8_t code, std::uint8_t id, Bytes data);

  const ClientOptions& options_;
  Entropy& entropy_;
  Facts& facts_;
  Events events_;
  Negotiator lcp_;
  NetworkLayers network_;
  CcpLayer ccp_;
  std::optional<Authenticator> auth_;
  std::optional<AuthProtocol> agreed_auth_;
  Bytes magic_;
  bool lcp_was_open_ = false;
  bool authenticated_ = false;
  bool mru_nacked_ = false;
  bool swallowed_ = false;
  std::uint8_t next_id_ = 3;
  std::optional<TimePoint> resend_pap_at_;
  std::uint32_t pap_sent_ = 0;
};

}  // namespace sstpgw::client
