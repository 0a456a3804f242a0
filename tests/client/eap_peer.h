// The client's side of EAP (RFC 3748): identity, notification, and one method; every other is
// answered with Nak. Methods: MD5-Challenge (5.4) and MSCHAPv2 (draft-kamath-pppext-eap-mschapv2),
// which also checks that the server knows the password. Pure; randomness is handed in.
#pragma once

#include <optional>
#include <string>

#include "proto/base/entropy.h"
#include "tests/client/client_crypto.h"
#include "tests/client/client_options.h"
#include "tests/client/wire.h"

namespace sstpgw::client {

enum class AuthOutcome { kPending, kSucceeded, kFailed, kServerNotGenuine };

class EapPeer {
 public:
  EapPeer(const ClientOptions& options, Entropy& entropy) : options_(options), entropy_(entropy) {}

  // The answer to a packet of EAP.
  [[nodiscard]] std::optional<PppControl> Receive(const PppControl& packet);

  [[nodiscard]] AuthOutcome outcome() const { return outcome_; }
  // What MSCHAPv2's Success or Failure says.
  [[nodiscard]] const std::string& message() const { return message_; }
  // The first 32 octets of the MSK, once the proof is given; MD5 makes no keys: zeros.
  [[nodiscard]] const Hlak& hlak() const { return hlak_; }
  // The answer given last is the one that is judged.
  [[nodiscard]] bool gave_proof() const { return gave_proof_; }

 private:
  [[nodiscard]] std::optional<Bytes> Answer(std::uint8_t id, const Bytes& data);
  [[nodiscard]] std::optional<Bytes> AnswerMd5(std::uint8_t id, const Bytes& data);
  [[nodiscard]] std::optional<Bytes> AnswerMsChapV2(const Bytes& data);
  [[nodiscard]] std::optional<Bytes> ProveMsChapV2(const Bytes& data);
  void Conclude(bool success);

  const ClientOptions& options_;
  Entropy& entropy_;
  AuthOutcome outcome_ = AuthOutcome::kPending;
  std::string message_;
  std::string expected_authenticator_;
  bool server_genuine_ = false;
  bool gave_proof_ = false;
  Hlak hlak_{};
  std::optional<PppControl> last_answer_;  // a repeated Request gets the same one
};

}  // namespace sstpgw::client
