#include "controlplane/auth/local_users.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <utility>

#include "controlplane/auth/chap.h"
#include "controlplane/auth/ms_chap.h"

namespace sstpgw::cp {
namespace {

constexpr const char* kSucceeded = "Authentication succeeded";

Secret Sha256(ByteView bytes) {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(bytes.data(), bytes.size(), digest.data());
  Secret secret{ByteView(digest)};
  SecureWipe(digest);
  return secret;
}

// An NT hash on the stack that does not outlive its use.
class BorrowedHash {
 public:
  explicit BorrowedHash(const Secret& secret) {
    std::copy_n(secret.Reveal().begin(), hash_.size(), hash_.begin());
  }
  ~BorrowedHash() { SecureWipe(hash_); }
  BorrowedHash(const BorrowedHash&) = delete;
  BorrowedHash& operator=(const BorrowedHash&) = delete;
  [[nodiscard]] const NtHash& get() const { return hash_; }

 private:
  NtHash hash_{};
};

// RFC 3079 2: one start key for both directions.
MppeKeys MppeOfMsChapV1(const NtHash& hash, const std::array<std::uint8_t, 8>& challenge,
                        ByteView password) {
  MppeKey key = MsChapV1StartKey(hash, challenge);
  MppeKeys keys{Secret(ByteView(key)), Secret(ByteView(key)), {}};
  SecureWipe(key);
  const std::string_view text(reinterpret_cast<const char*>(password.data()), password.size());
  if (auto lan_manager = LanManagerStartKey(text)) {
    keys.lan_manager = Secret(ByteView(*lan_manager));
    SecureWipe(*lan_manager);
  }
  return keys;
}

// RFC 3079 3.
MppeKeys MppeOfMsChapV2(const NtHash& hash, const NtResponse& response) {
  MppeKey master = MasterKey(hash, response);
  MppeKey send = ServerSendKey(master);
  MppeKey receive = ServerReceiveKey(master);
  MppeKeys keys{Secret(ByteView(send)), Secret(ByteView(receive)), {}};
  for (MppeKey* key : {&master, &send, &receive}) SecureWipe(*key);
  return keys;
}

AuthorizeReject Refusal() { return AuthorizeReject{691, "", "unknown user or wrong password"}; }

AuthGranted Granted(Secret hlak, std::string message) {
  AuthGranted granted;
  granted.hlak = std::move(hlak);
  granted.success_message = std::move(message);
  return granted;
}

// One overload per kind of evidence: is it right for this password? `known` is false for the
// stand-in, which is computed all the same and never right.
struct Verifier {
  ByteView password;
  ByteView password_digest;
  const Secret& nt_hash;
  bool known;

  AuthOutcome operator()(const PapEvidence& evidence) const {
    const Secret digest = Sha256(evidence.password.Reveal());
    const bool equal = ConstantTimeEqual(digest.Reveal(), password_digest);
    if (!(equal && known)) return Refusal();
    return Granted(ZeroHlak(), kSucceeded);
  }
  AuthOutcome operator()(const ChapMd5Evidence& evidence) const {
    const auto expected = ChapMd5Response(evidence.identifier, password, evidence.challenge);
    const bool equal = ConstantTimeEqual(expected, evidence.response);
    if (!(equal && known)) return Refusal();
    return Granted(ZeroHlak(), kSucceeded);
  }
  AuthOutcome operator()(const MsChapV1Evidence& evidence) const {
    const BorrowedHash hash(nt_hash);
    const NtResponse expected = MsChapV1NtResponse(evidence.challenge, hash.get());
    const bool equal = ConstantTimeEqual(expected, evidence.nt_response);
    // Without flag bit 0 only the LM response counts, and LM is not accepted (features 3.4.3).
    const bool uses_nt = (evidence.flags & 1) != 0;
    if (!(equal && known && uses_nt)) return Refusal();
    AuthGranted granted = Granted(HlakOfMsChapV1(hash.get(), evidence.challenge), kSucceeded);
    granted.mppe = MppeOfMsChapV1(hash.get(), evidence.challenge, password);
    return granted;
  }
  AuthOutcome operator()(const MsChapV2Evidence& evidence) const {
    const BorrowedHash hash(nt_hash);
    const NtResponse expected =
        MsChapV2NtResponse(evidence.challenge, evidence.peer_challenge, evidence.user, hash.get());
    const bool equal = ConstantTimeEqual(expected, evidence.nt_response);
    if (!(equal && known)) return Refusal();
    std::string message =
        AuthenticatorResponse(hash.get(), evidence.nt_response, evidence.peer_challenge,
                              evidence.challenge, evidence.user) +
        " M=" + kSucceeded;
    AuthGranted granted =
        Granted(HlakOfMsChapV2(hash.get(), evidence.nt_response), std::move(message));
    granted.mppe = MppeOfMsChapV2(hash.get(), evidence.nt_response);
    return granted;
  }
  // Nobody speaks EAP here; it needs a server that does.
  AuthOutcome operator()(const EapEvidence& /*evidence*/) const {
    return AuthorizeReject{691, "", "local users cannot log in with EAP"};
  }
};

}  // namespace

LocalUsers::Account LocalUsers::MakeAccount(std::string_view password) {
  NtHash hash = NtPasswordHash(password);
  Account account{Secret(password), {}, Secret(ByteView(hash)), std::nullopt};
  account.password_digest = Sha256(account.password.Reveal());
  SecureWipe(hash);
  return account;
}

LocalUsers::LocalUsers(const UserMap& users) : stand_in_(MakeAccount("no such account")) {
  for (const auto& [name, user] : users) {
    if (user.disabled) continue;
    Account account = MakeAccount(user.password.RevealText());
    account.static_ip = user.static_ip;
    accounts_.emplace(name, std::move(account));
  }
}

AuthOutcome LocalUsers::Verify(const AuthEvidence& evidence) const {
  const auto found = accounts_.find(UserOf(evidence));
  const bool known = found != accounts_.end();
  const Account& account = known ? found->second : stand_in_;
  AuthOutcome outcome = std::visit(
      Verifier{account.password.Reveal(), account.password_digest.Reveal(), account.nt_hash, known},
      evidence);
  if (auto* granted = std::get_if<AuthGranted>(&outcome)) granted->static_ip = account.static_ip;
  return outcome;
}

void LocalUsers::Authenticate(const AuthorizeQuestion& question,
                              std::function<void(AuthOutcome)> done) {
  done(Verify(question.evidence));
}

}  // namespace sstpgw::cp
