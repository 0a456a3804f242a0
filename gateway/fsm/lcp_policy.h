// What LCP's options mean to us (RFC 1661 6; features 3.2.1 to 3.2.3, 3.3): MRU and MTU rules, the
// list of authentication protocols, magic numbers. Options in our Configure-Request: auth, mru,
// magic, in this order.
//
// Threads: one worker, not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/fsm/control_protocol.h"
#include "proto/base/entropy.h"

namespace sstpgw::fsm {

// The numbers of features 3.2.3, in octets of the PPP information field.
struct MtuRules {
  std::uint16_t ceiling = 0;      // largest MRU that a peer may ask for
  std::uint16_t floor = 0;        // smallest
  std::uint16_t initial = 0;      // in our Nak, and the interface MTU if the peer asks for none
  std::uint16_t our_request = 0;  // MRU that we ask for
  std::uint16_t our_ceiling = 0;  // largest that we take over from the peer's Nak
};
[[nodiscard]] MtuRules MtuRulesOf(const PppSettings& settings);

// Every protocol of our list was refused, or there is none.
[[nodiscard]] Ending NoAuthAgreement();

class LcpPolicy final : public OptionPolicy {
 public:
  // `settings` and `entropy` must outlive this object.
  LcpPolicy(const PppSettings& settings, Entropy& entropy);

  [[nodiscard]] Bytes BuildRequest() override;
  [[nodiscard]] Judgement Judge(const OptionList& options) override;
  void PeerRequestAcknowledged() override { mtu_ = judged_mru_.value_or(rules_.initial); }
  [[nodiscard]] ReplyEffect OnNak(const OptionList& options) override;
  [[nodiscard]] ReplyEffect OnReject(const OptionList& options) override;

  // Proposed now, agreed on once LCP is open. nullopt: the list is used up (or empty).
  [[nodiscard]] std::optional<AuthProtocol> auth() const { return auth_; }
  // What the peer receives at most: MTU of the interface.
  [[nodiscard]] std::uint16_t mtu() const { return mtu_; }
  // 0: the peer refused to use one.
  [[nodiscard]] std::uint32_t magic() const { return magic_; }
  // True once: the peer sent us our own magic number since the last call.
  [[nodiscard]] bool TakeLoopSeen();

 private:
  [[nodiscard]] std::uint32_t RandomMagic();
  void JudgeMru(const codec::ConfigOption& option, Judgement& judgement);
  void JudgeMagic(const codec::ConfigOption& option, Judgement& judgement);
  // The protocol proposed now was refused; `hint`: what the peer would like.
  [[nodiscard]] std::optional<Ending> NextAuth(std::optional<AuthProtocol> hint);
  [[nodiscard]] std::optional<Ending> TakeMagic(std::uint32_t suggested);

  Entropy& entropy_;
  MtuRules rules_;
  std::vector<AuthProtocol> untried_;
  std::optional<AuthProtocol> auth_;
  std::optional<std::uint16_t> our_mru_;  // nullopt: option dropped
  std::uint32_t magic_ = 0;
  std::uint16_t mtu_;
  std::optional<std::uint16_t> judged_mru_;  // of the request judged last
  bool loop_seen_ = false;
};

}  // namespace sstpgw::fsm
