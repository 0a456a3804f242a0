// CCP on the client's side (RFC 1962), which here means MPPE and nothing else (RFC 3078 3). Sits
// inside PppClient. Pure. What our request says holds for what we receive, the server's for what
// we send.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "tests/client/client_options.h"
#include "tests/client/mppe.h"
#include "tests/client/negotiator.h"

namespace sstpgw::client {

class CcpLayer {
 public:
  struct Events {
    std::function<void(std::uint16_t, const PppControl&)> send;
    std::function<void(const MppeMode& sending, const MppeMode& receiving)> opened;
    std::function<void()> closed;
    std::function<void()> reset_requested;
    std::function<void(const std::string&)> failed;  // required, and not to be had
  };
  CcpLayer(const ClientOptions& options, Events events);

  // The user is authenticated; `keys`: in a way that makes keys.
  void Start(TimePoint now, bool keys);
  // False: CCP is not wanted, answer with Protocol-Reject.
  [[nodiscard]] bool Receive(const PppControl& packet, TimePoint now);
  void ProtocolRejected();
  void Terminate();
  void SendResetRequest();
  void Tick(TimePoint now);
  [[nodiscard]] std::optional<TimePoint> Deadline() const { return negotiator_.deadline(); }
  // Asked for and neither open nor refused.
  [[nodiscard]] bool undecided() const;

 private:
  [[nodiscard]] bool Wanted() const { return options_.mppe != MppeWish::kNone; }
  [[nodiscard]] MppeMode Wish() const { return {options_.mppe_bits, !options_.mppe_stateful}; }
  [[nodiscard]] OptionJudgement Judge(const PppOption& option);
  [[nodiscard]] std::optional<Bytes> Adopt(const PppOption& option) const;
  void Evaluate();
  void GiveUp(const std::string& why);

  const ClientOptions& options_;
  Events events_;
  Negotiator negotiator_;
  bool keys_ = false;
  bool open_ = false;
  bool given_up_ = false;
  std::uint8_t next_id_ = 64;
};

}  // namespace sstpgw::client
