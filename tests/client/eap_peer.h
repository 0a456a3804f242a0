// The client's side of EAP (RFC 3748): identity, notification, and one method; every other is
// answered with Nak. Methods: MD5-Challenge (5.4), MSCHAPv2 (draft-kamath-pppext-eap-mschapv2),
// which also checks that the server knows the password, TLS and PEAPv0 with MSCHAPv2 inside
// (eap_tls.h). Pure but for TLS; randomness is handed in.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "proto/base/entropy.h"
#include "tests/client/client_crypto.h"
#include "tests/client/client_options.h"
#include "tests/client/eap_tls.h"
#include "tests/client/mppe.h"
#include "tests/client/wire.h"

namespace sstpgw::client {

enum class AuthOutcome { kPending, kSucceeded, kFailed, kServerNotGenuine };

class EapPeer {
 public:
  EapPeer(const ClientOptions& options, Entropy& entropy)
      : EapPeer(options, entropy, options.eap) {}

  // The answer to a packet of EAP.
  [[nodiscard]] std::optional<PppControl> Receive(const PppControl& packet);

  [[nodiscard]] AuthOutcome outcome() const { return outcome_; }
  // What MSCHAPv2's Success or Failure says, or what TLS did not like.
  [[nodiscard]] const std::string& message() const { return message_; }
  // The first 32 octets of the MSK, once the proof is given; MD5 makes no keys: zeros.
  [[nodiscard]] const Hlak& hlak() const { return hlak_; }
  // From both halves of the MSK; empty likewise.
  [[nodiscard]] const MppeStartKeys& mppe_keys() const { return mppe_keys_; }
  // The answer given last is the one that is judged.
  [[nodiscard]] bool gave_proof() const { return gave_proof_; }

 private:
  // With this method, whatever the options say: the one inside a tunnel.
  EapPeer(const ClientOptions& options, Entropy& entropy, EapMethod method)
      : options_(options), entropy_(entropy), method_(method) {}
  [[nodiscard]] std::optional<Bytes> Answer(std::uint8_t id, const Bytes& data);
  [[nodiscard]] std::optional<Bytes> AnswerTls(std::uint8_t id, const Bytes& data);
  [[nodiscard]] std::optional<Bytes> AnswerInner(ByteView packet);
  [[nodiscard]] std::optional<Bytes> AnswerResult(const PppControl& packet);
  [[nodiscard]] std::optional<Bytes> AnswerMd5(std::uint8_t id, const Bytes& data);
  [[nodiscard]] std::optional<Bytes> AnswerMsChapV2(const Bytes& data);
  [[nodiscard]] std::optional<Bytes> ProveMsChapV2(const Bytes& data);
  void Conclude(bool success);

  const ClientOptions& options_;
  Entropy& entropy_;
  EapMethod method_;
  std::unique_ptr<EapTls> tls_;
  std::unique_ptr<EapPeer> inner_;  // of PEAP
  std::uint8_t outer_id_ = 0;
  AuthOutcome outcome_ = AuthOutcome::kPending;
  std::string message_;
  std::string expected_authenticator_;
  bool server_genuine_ = false;
  bool gave_proof_ = false;
  Hlak hlak_{};
  MppeStartKeys mppe_keys_;
  std::optional<PppControl> last_answer_;  // a repeated Request gets the same one
};

}  // namespace sstpgw::client
