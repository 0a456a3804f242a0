// Answers the server's authentication: PAP, CHAP-MD5, MS-CHAPv1 and MS-CHAPv2, the last one with a
// check that the server knows the password as well (RFC 2759 5), and EAP (eap_peer.h). Pure;
// randomness is handed in.
#pragma once

#include <optional>
#include <string>

#include "proto/base/entropy.h"
#include "tests/client/client_crypto.h"
#include "tests/client/client_options.h"
#include "tests/client/eap_peer.h"
#include "tests/client/mppe.h"
#include "tests/client/wire.h"

namespace sstpgw::client {

class Authenticator {
 public:
  Authenticator(AuthProtocol protocol, const ClientOptions& options, Entropy& entropy)
      : protocol_(protocol), options_(options), entropy_(entropy), eap_(options, entropy) {}

  // What to send first: PAP's request; nothing else, where the server begins.
  [[nodiscard]] std::optional<PppControl> Begin();
  // The answer to a packet of the PAP, CHAP or EAP protocol.
  [[nodiscard]] std::optional<PppControl> Receive(std::uint16_t ppp_protocol,
                                                  const PppControl& packet);

  [[nodiscard]] AuthOutcome outcome() const { return IsEap() ? eap_.outcome() : outcome_; }
  // Text of the Success or Failure packet.
  [[nodiscard]] const std::string& message() const { return IsEap() ? eap_.message() : message_; }
  // Known once the response is sent; zeros with PAP, CHAP-MD5 and EAP-MD5.
  [[nodiscard]] const Hlak& hlak() const { return IsEap() ? eap_.hlak() : hlak_; }
  // Likewise; empty where there are none.
  [[nodiscard]] const MppeStartKeys& mppe_keys() const {
    return IsEap() ? eap_.mppe_keys() : mppe_keys_;
  }
  // The answer given last is the one that is judged: with EAP, not each is.
  [[nodiscard]] bool gave_proof() const { return !IsEap() || eap_.gave_proof(); }
  [[nodiscard]] std::uint16_t ppp_protocol() const {
    if (IsEap()) return kEap;
    return protocol_ == AuthProtocol::kPap ? kPap : kChap;
  }

 private:
  [[nodiscard]] bool IsEap() const { return protocol_ == AuthProtocol::kEap; }
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
  MppeStartKeys mppe_keys_;
  EapPeer eap_;
};

// The value of LCP option 3 for a protocol, and back; nullopt for anything we do not speak.
[[nodiscard]] Bytes AuthOptionValue(AuthProtocol protocol);
[[nodiscard]] std::optional<AuthProtocol> AuthFromOption(const Bytes& value);

}  // namespace sstpgw::client
