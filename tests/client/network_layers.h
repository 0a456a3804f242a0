// The network control protocols on the client's side: IPCP (RFC 1332, 1877) and IPv6CP (RFC 5072).
// Sits inside PppClient. Pure; randomness is handed in.
//
// A layer that the options do not want is none of ours: Receive says so, and the caller answers
// with Protocol-Reject.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "proto/base/entropy.h"
#include "tests/client/client_options.h"
#include "tests/client/client_session.h"
#include "tests/client/negotiator.h"

namespace sstpgw::client {

class NetworkLayers {
 public:
  struct Events {
    std::function<void(std::uint16_t, const PppControl&)> send;
    // Once: a layer is open, and none that is asked for is undecided.
    std::function<void()> up;
    // Once, before: no layer is left.
    std::function<void(FailureKind, const std::string&)> failed;
  };

  NetworkLayers(const ClientOptions& options, Entropy& entropy, Facts& facts, Events events);

  // The user is authenticated.
  void Start(TimePoint now);
  // Asks for IPv6CP, if that has not been done.
  void AskIpv6(TimePoint now);
  // Sends Terminate-Request for a layer that runs, and forgets it.
  void Terminate(std::uint16_t protocol);
  // False: not a protocol of a layer that is wanted.
  [[nodiscard]] bool Receive(std::uint16_t protocol, const PppControl& packet, TimePoint now);
  void ProtocolRejected(std::uint16_t protocol);
  // `held`: something else is to be decided before the session may be up. Call again when it is.
  void Hold(bool held);
  void Tick(TimePoint now);
  [[nodiscard]] std::optional<TimePoint> Deadline() const;

 private:
  [[nodiscard]] OptionJudgement JudgeIpcp(const PppOption& option) const;
  [[nodiscard]] OptionJudgement JudgeIpv6cp(const PppOption& option);
  [[nodiscard]] std::optional<Bytes> AdoptIpv6cp(const PppOption& option) const;
  [[nodiscard]] Negotiator* LayerOf(std::uint16_t protocol);
  [[nodiscard]] InterfaceId MakeInterfaceId();
  void StartIpcp(TimePoint now);
  // Takes down what became of the layers.
  void Evaluate();
  void TakeIpcp();
  void TakeIpv6cp();

  const ClientOptions& options_;
  Entropy& entropy_;
  Facts& facts_;
  Events events_;
  Negotiator ipcp_;
  Negotiator ipv6cp_;
  bool held_ = false;
  bool decided_ = false;     // up or failed was said
  std::string why_no_ipcp_;  // refused or used up; empty: not yet
  std::string why_no_ipv6cp_;
  std::uint8_t next_id_ = 128;
};

}  // namespace sstpgw::client
