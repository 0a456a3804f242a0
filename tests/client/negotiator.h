// The client's half of an RFC 1661 negotiation, for LCP and the network control protocols: asks,
// answers, retransmits. A small one on purpose: a client needs neither passive nor stopped states.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "tests/client/wire.h"

namespace sstpgw::client {

struct AcceptOption {};
struct RejectOption {};
struct NakOption {
  Bytes value;
};
using OptionJudgement = std::variant<AcceptOption, RejectOption, NakOption>;

class Negotiator {
 public:
  struct Callbacks {
    // What to say to an option of the server's request.
    std::function<OptionJudgement(const PppOption&)> judge;
    // The server suggests another value: the new one to ask for, nullopt: keep asking the old one.
    std::function<std::optional<Bytes>(const PppOption&)> adopt;
    std::function<void(std::uint16_t, const PppControl&)> send;
  };

  Negotiator(std::uint16_t protocol, std::uint32_t max_transmissions, Callbacks callbacks)
      : protocol_(protocol),
        max_transmissions_(max_transmissions),
        callbacks_(std::move(callbacks)) {}

  // Starts asking for `wanted`, or begins again.
  void Start(std::vector<PppOption> wanted, TimePoint now, Duration retransmit);
  // Answers the server's requests without asking.
  void Listen();
  // Stops asking and answering.
  void Stop() { running_ = asking_ = false; }
  // Codes Configure-Request .. Configure-Reject; others are left to the caller.
  void Receive(const PppControl& packet, TimePoint now);
  // Retransmits if it is time.
  void Tick(TimePoint now);

  [[nodiscard]] bool running() const { return running_; }
  // Makes requests, or did until they were used up.
  [[nodiscard]] bool asking() const { return running_ && asking_; }
  [[nodiscard]] bool opened() const { return running_ && ours_acked_ && theirs_acked_; }
  [[nodiscard]] bool exhausted() const { return exhausted_; }
  [[nodiscard]] std::optional<TimePoint> deadline() const;
  [[nodiscard]] const std::vector<PppOption>& wanted() const { return wanted_; }
  // The server's request as last seen, agreed or not.
  [[nodiscard]] const std::vector<PppOption>& requested() const { return requested_; }

 private:
  void Ask(TimePoint now, bool new_content);
  void AnswerRequest(const PppControl& packet);
  void TakeRefusal(const PppControl& packet, TimePoint now);

  std::uint16_t protocol_;
  std::uint32_t max_transmissions_;
  Callbacks callbacks_;
  std::vector<PppOption> wanted_;
  std::vector<PppOption> requested_;
  bool running_ = false;
  bool asking_ = false;
  bool ours_acked_ = false;
  bool theirs_acked_ = false;
  bool exhausted_ = false;
  std::uint8_t id_ = 0;
  std::uint32_t transmissions_ = 0;
  std::uint32_t refusals_ = 0;
  Duration retransmit_{};
  TimePoint resend_at_{};
};

}  // namespace sstpgw::client
