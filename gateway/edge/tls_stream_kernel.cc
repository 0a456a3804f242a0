// The part of TlsStream that hands records over to the kernel and lives with it.
#include <openssl/ssl.h>
#include <openssl/tls1.h>

#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "gateway/edge/tls_stream.h"
#include "gateway/edge/tls_turn.h"

namespace sstpgw::edge {
namespace {

std::optional<crypto::TlsVersion> VersionOf(const SSL* ssl) {
  switch (SSL_version(ssl)) {
    case TLS1_2_VERSION:
      return crypto::TlsVersion::kTls12;
    case TLS1_3_VERSION:
      return crypto::TlsVersion::kTls13;
    default:
      return std::nullopt;
  }
}

std::optional<crypto::TlsAead> AeadOf(const SSL* ssl) {
  const SSL_CIPHER* const cipher = SSL_get_current_cipher(ssl);
  switch (cipher == nullptr ? NID_undef : SSL_CIPHER_get_cipher_nid(cipher)) {
    case NID_aes_128_gcm:
      return crypto::TlsAead::kAes128Gcm;
    case NID_aes_256_gcm:
      return crypto::TlsAead::kAes256Gcm;
    case NID_chacha20_poly1305:
      return crypto::TlsAead::kChaCha20Poly1305;
    default:
      return std::nullopt;
  }
}

// The kernel does not know that the client asked for records below 16 KiB (RFC 6066 4).
bool ShortRecordsAgreed(const SSL* ssl) {
  const std::uint8_t mode = SSL_SESSION_get_max_fragment_length(SSL_get_session(ssl));
  return mode >= TLSEXT_max_fragment_length_512 && mode <= TLSEXT_max_fragment_length_4096;
}

}  // namespace

// ---- Handing over
// ------------------------------------------------------------------------------

KernelTlsOutcome TlsStream::EnableKernelTls(const KernelTlsWish& wish,
                                            const KernelTlsSupport& support) {
  KernelTlsOutcome outcome;
  if (established_ && !failed_ && (wish.send || wish.receive)) {
    outcome.fallback = MoveToKernel(wish, support);
  }
  fallback_told_ = outcome.fallback != KernelTlsFallback::kNone;
  outcome.send = kernel_sends();
  records_.server = {};
  if (receive_waits_) return outcome;
  counting_records_ = false;
  records_ = {};
  if (!outcome.send) kernel_tls_.reset();
  return outcome;
}

KernelTlsFallback TlsStream::MoveToKernel(const KernelTlsWish& wish,
                                          const KernelTlsSupport& support) {
  if (!support.available) return KernelTlsFallback::kNoKernelSupport;
  const auto version = VersionOf(ssl_.get());
  if (!version) return KernelTlsFallback::kVersion;
  const auto aead = AeadOf(ssl_.get());
  if (!aead) return KernelTlsFallback::kCipher;
  // Nothing may be between: neither read from the socket already nor still to be written to it.
  if (!NothingInside() || wants_write() || ShortRecordsAgreed(ssl_.get())) {
    return KernelTlsFallback::kUnusable;
  }
  std::optional<crypto::TlsRecordKey> key;
  if (wish.send) key = DeriveKey(TlsDirection::kSend, *version, *aead);
  const bool told =
      (key || !wish.send) && (!wish.receive || DeriveKey(TlsDirection::kReceive, *version, *aead));
  if (!told) return KernelTlsFallback::kUnusable;
  kernel_tls_ = std::make_unique<KernelTls>(
      kernel_, fd_.get(),
      KernelTls::Parameters{*version, *aead, support.new_keys, support.early_wakeups, budget_});
  if (const auto attached = kernel_tls_->Attach(); !attached) {
    // Who has left already lacks nothing.
    return attached.error().value() == ENOTCONN ? KernelTlsFallback::kNone
                                                : KernelTlsFallback::kRefused;
  }
  receive_waits_ = wish.receive;
  if (!key) return KernelTlsFallback::kNone;
  const bool taken = kernel_tls_
                         ->Install(TlsDirection::kSend, {*key, records_.server.records,
                                                         std::move(records_.server.traffic_secret)})
                         .has_value();
  return taken ? KernelTlsFallback::kNone : KernelTlsFallback::kRefused;
}

std::optional<KernelTlsOutcome> TlsStream::EnableKernelReceive() {
  KernelTlsOutcome outcome{kernel_sends(), kernel_receives(), KernelTlsFallback::kNone};
  if (failed_ || !receive_waits_) return outcome;
  receive_due_ = true;
  if (!NothingInside()) return std::nullopt;
  const KernelTlsFallback fallback = MoveReceivingToKernel();
  if (!std::exchange(fallback_told_, true)) outcome.fallback = fallback;
  outcome.receive = kernel_receives();
  receive_waits_ = false;
  receive_due_ = false;
  counting_records_ = false;
  records_ = {};
  if (outcome.send && outcome.receive) DropOpenSsl();
  if (!outcome.send && !outcome.receive) kernel_tls_.reset();
  return outcome;
}

KernelTlsFallback TlsStream::MoveReceivingToKernel() {
  const auto key = DeriveKey(TlsDirection::kReceive, kernel_tls_->version(), kernel_tls_->aead());
  if (!key) return KernelTlsFallback::kUnusable;
  const bool taken =
      kernel_tls_
          ->Install(TlsDirection::kReceive,
                    {*key, records_.client.records, std::move(records_.client.traffic_secret)})
          .has_value();
  return taken ? KernelTlsFallback::kNone : KernelTlsFallback::kRefused;
}

// What has ended is as little the kernel's business as half a record.
bool TlsStream::NothingInside() const {
  return held_.empty() && received_.between_records() && SSL_has_pending(ssl_.get()) == 0 &&
         (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) == 0 && !end_of_tcp_ &&
         receive_errno_ == 0;
}

// The client's next records are under the key that follows (RFC 8446 7.2).
void TlsStream::OnClientKeyUpdate() {
  RecordFacts& client = records_.client;
  client.traffic_secret =
      crypto::NextTrafficSecret(kernel_tls_->aead(), client.traffic_secret.Reveal());
  client.records = 0;
}

std::optional<crypto::TlsRecordKey> TlsStream::DeriveKey(TlsDirection direction,
                                                         crypto::TlsVersion version,
                                                         crypto::TlsAead aead) const {
  const bool send = direction == TlsDirection::kSend;
  if (version == crypto::TlsVersion::kTls13) {
    const ByteView secret = (send ? records_.server : records_.client).traffic_secret.Reveal();
    if (secret.size() != crypto::HashSize(aead)) return std::nullopt;
    return crypto::DeriveRecordKey(aead, secret);
  }
  std::array<std::uint8_t, SSL_MAX_MASTER_KEY_LENGTH> master{};
  std::array<std::uint8_t, SSL3_RANDOM_SIZE> client_random{};
  std::array<std::uint8_t, SSL3_RANDOM_SIZE> server_random{};
  const std::size_t size =
      SSL_SESSION_get_master_key(SSL_get_session(ssl_.get()), master.data(), master.size());
  const bool told = size == master.size() &&
                    SSL_get_client_random(ssl_.get(), client_random.data(), client_random.size()) ==
                        client_random.size() &&
                    SSL_get_server_random(ssl_.get(), server_random.data(), server_random.size()) ==
                        server_random.size();
  crypto::TlsKeyBlock keys;
  if (told) keys = crypto::DeriveKeyBlock(aead, master, {client_random, server_random});
  SecureWipe(master);
  if (!told) return std::nullopt;
  return std::move(send ? keys.server : keys.client);
}

void TlsStream::DropOpenSsl() {
  if (const auto hashes = leaf_hashes()) leaf_hashes_ = *hashes;
  ssl_.reset();
  Bytes().swap(held_);
}

// ---- Records of the kernel
// -------------------------------------------------------------------------

bool TlsStream::FailFromKernel() {
  const TlsFailure kind = kernel_tls_->failed();
  Fail(kind, kernel_tls_->failure());
  const bool theirs = kind == TlsFailure::kGone || kind == TlsFailure::kAlert;
  if (kernel_sends() || theirs) return false;
  // OpenSSL cannot be asked for another alert.
  Turn turn(*this, 0);
  SendCloseNotifyByOpenSsl();
  turn.Finish();
  return false;
}

ReadOutcome TlsStream::ReadByKernel(std::span<std::uint8_t> out) {
  ReadOutcome outcome = kernel_tls_->Receive(out);
  if (kernel_tls_->TakeKeyUpdateOwed()) SendKeyUpdateByOpenSsl();
  if (outcome.status == ReadStatus::kFailed) FailFromKernel();
  if (failed_) outcome.status = ReadStatus::kFailed;
  return outcome;
}

bool TlsStream::WriteByKernel(ByteView record) {
  return kernel_tls_->Send({RecordType::kData, record}, corked_ ? Cork::kOn : Cork::kOff) ||
         FailFromKernel();
}

bool TlsStream::SayForOpenSsl() {
  if (const auto alert = std::exchange(unsaid_alert_, std::nullopt)) {
    const auto level = static_cast<AlertLevel>((*alert)[0]);
    if (!kernel_tls_->SendAlert(level, (*alert)[1])) return FailFromKernel();
  }
  if (std::exchange(unsaid_key_update_, false) && !kernel_tls_->AnswerKeyUpdate()) {
    return FailFromKernel();
  }
  return true;
}

}  // namespace sstpgw::edge
