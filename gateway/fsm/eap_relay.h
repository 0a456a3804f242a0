// EAP between the client and whoever judges it: the pass-through authenticator of RFC 3748 2.3.
// Asks for the identity itself; then each Response is evidence, and each challenge is the next
// Request. Looks at code, identifier, length and the identity only, so that every method works.
//
//   Begin -> Request/Identity out -> Receive -> evidence -> Challenge -> Request out -> Receive ...
//
// Timers and the verdict are the business of Authenticator (auth.h).
// Threads: one worker, not thread-safe. Secrets: Responses are handed out at once and not kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "gateway/codec/eap.h"
#include "gateway/codec/ppp_control.h"
#include "proto/base/messages.h"

namespace sstpgw::fsm {

// Requests behind that for the identity; PEAP and EAP-TLS with long certificates need some twenty.
inline constexpr std::uint32_t kMaxEapRounds = 100;

class EapRelay {
 public:
  // `identifier`: random (RFC 3748 4.1). The Request for the identity is out.
  explicit EapRelay(std::uint8_t identifier);

  // The Request that waits for its Response, whole; sent again when there is none.
  [[nodiscard]] const Bytes& request() const { return request_; }

  // Whether a packet is the Response to it. What is not is dropped (RFC 3748 4.1).
  [[nodiscard]] bool IsResponse(const codec::ControlPacket& packet) const;
  // Of such a packet. nullopt: there is no identity in it that anybody could be asked about.
  [[nodiscard]] std::optional<EapEvidence> Receive(const codec::ControlPacket& packet);

  // Goes on with the Request in it. `mtu`: what the client receives at most. nullopt: well; else
  // why it cannot be.
  [[nodiscard]] std::optional<std::string> Challenge(const AuthorizeChallenge& challenge,
                                                     std::uint16_t mtu);
  [[nodiscard]] bool TooManyRounds() const { return rounds_ > kMaxEapRounds; }

  // The Success or Failure packet: `theirs`, unless it is none of that code (RFC 3579 2.6.3: the
  // verdict counts, not what comes with it).
  [[nodiscard]] Bytes Result(codec::EapCode code, const Bytes& theirs) const;

 private:
  Bytes request_;
  std::uint8_t identifier_;  // of the Request; also of its Response
  bool identified_ = false;
  std::string identity_;
  Bytes state_;
  std::uint32_t rounds_ = 0;
};

}  // namespace sstpgw::fsm
