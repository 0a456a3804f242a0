// The part of TlsStream that hands records over to the kernel and lives with it.
#include <openssl/ssl.h>
#include <openssl/tls1.h>

#include <array>
#include <optional>
#include <utility>

#include "gateway/edge/tls_stream.h"

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
  counting_records_ = false;
  records_ = {};
  outcome.send = kernel_sends();
  outcome.receive = kernel_receives();
  if (outcome.send && outcome.receive) DropOpenSsl();
  if (!outcome.send && !outcome.receive) kernel_tls_.reset();
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
  const bool clean = held_.empty() && !wants_write() && SSL_has_pending(ssl_.get()) == 0;
  crypto::TlsKeyBlock keys;
  if (!clean || ShortRecordsAgreed(ssl_.get()) || !DeriveKeys(*version, *aead, keys)) {
    return KernelTlsFallback::kUnusable;
  }
  kernel_tls_ = std::make_unique<KernelTls>(
      kernel_, fd_.get(),
      KernelTls::Parameters{*version, *aead, support.new_keys, support.early_wakeups, budget_});
  if (!kernel_tls_->Attach()) return KernelTlsFallback::kRefused;
  bool taken = true;
  if (wish.receive) {
    taken = kernel_tls_
                ->Install(TlsDirection::kReceive, {keys.client, records_.client.records,
                                                   std::move(records_.client.traffic_secret)})
                .has_value();
  }
  if (wish.send) {
    taken = kernel_tls_
                ->Install(TlsDirection::kSend, {keys.server, records_.server.records,
                                                std::move(records_.server.traffic_secret)})
                .has_value() &&
            taken;
  }
  return taken ? KernelTlsFallback::kNone : KernelTlsFallback::kRefused;
}

bool TlsStream::DeriveKeys(crypto::TlsVersion version, crypto::TlsAead aead,
                           crypto::TlsKeyBlock& keys) const {
  if (version == crypto::TlsVersion::kTls13) {
    const ByteView client = records_.client.traffic_secret.Reveal();
    const ByteView server = records_.server.traffic_secret.Reveal();
    if (client.size() != crypto::HashSize(aead) || server.size() != client.size()) return false;
    keys = {crypto::DeriveRecordKey(aead, client), crypto::DeriveRecordKey(aead, server)};
    return true;
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
  if (told) keys = crypto::DeriveKeyBlock(aead, master, {client_random, server_random});
  SecureWipe(master);
  return told;
}

void TlsStream::DropOpenSsl() {
  if (const auto hashes = leaf_hashes()) leaf_hashes_ = *hashes;
  ssl_.reset();
  Bytes().swap(held_);
}

// ---- Records of the kernel
// -------------------------------------------------------------------------

bool TlsStream::FailFromKernel() { return Fail(kernel_tls_->failed(), kernel_tls_->failure()); }

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
