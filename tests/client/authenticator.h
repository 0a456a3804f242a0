// Answers the server's authentication: PAP, CHAP-MD5, MS-CHAPv1 and MS-CHAPv2, the last one with a
// check that the server knows the password as well (RFC 2759 5). Pure; randomness is handed in.
#pragma once

#include <optional>
#include <string>

#include "proto/base/entropy.h"
#include "tests/client/client_crypto.h"
#include "tests/client/client_options.h"
#include "tests/client/wire.h"

namespace sstpgw::client {

enum class AuthOutcome { kPending, kSucceeded, kFailed, kServerNotGenuine };

class Authenticator {
 public:
  Authenticator(AuthProtocol protocol, const ClientOptions& options, Entropy& entropy)
      : protocol_(protocol), options_(options), entropy_(entropy) {}

  // What to send first: PAP's request; nothing with CHAP, where the server begins.
  [[nodiscard]] std::optional<PppControl> Begin();
  // The answer to a packet of the PAP or CHAP protocol.
  [[nodiscard]] std::optional<PppControl> Receive(std::uint16_t ppp_protocol,
                                                  const PppControl& packet);

  [[nodiscard]] AuthOutcome outcome() const { return outcome_; }
  // Text of the Success or Failure packet.
  [[nodiscard]] const std::string& message() const { return message_; }
  // Known once the response is sent; zeros with PAP and CHAP-MD5.
  [[nodiscard]] const Hlak& hlak() const { return hlak_; }
  [[nodiscard]] std::uint16_t ppp_protocol() const {
    return protocol_ == AuthProtocol::kPap ? kPap : kChap;
  }

 private:
  [[nodiscard]] std::optional<PppControl> Respond(const PppControl& challenge);
  [[nodiscard]] Bytes ResponseValue(std::uint8_t id, const Bytes& challenge);
  void Conclude(bool success, const Bytes& text);

  AuthProtocol protocol_;
  const ClientOptions& options_;
  Entropy& entropy_;
  AuthOutcome outcome_ = AuthOutcome::kPending;
  std::string message_;
  std::string expected_authenticator_;
  Hlak hlak_{};
};

// The value of LCP option 3 for a protocol, and back; nullopt for anything we do not speak.
[[nodiscard]] Bytes AuthOptionValue(AuthProtocol protocol);
[[nodiscard]] std::optional<AuthProtocol> AuthFromOption(const Bytes& value);

}  // namespace sstpgw::client
