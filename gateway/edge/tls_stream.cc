#include "gateway/edge/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "gateway/edge/openssl_error.h"
#include "gateway/edge/tls_turn.h"
#include "proto/base/text.h"

namespace sstpgw::edge {
namespace {

// Of the newest error in this thread's queue: older ones are of the layers below.
TlsFailure KindOfOpenSslError() {
  const unsigned long error = ERR_peek_last_error();
  if (ERR_GET_LIB(error) != ERR_LIB_SSL) return TlsFailure::kInternal;
  const int reason = ERR_GET_REASON(error);
  if (reason >= SSL_AD_REASON_OFFSET) return TlsFailure::kAlert;
  switch (reason) {
    case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_PACKET_LENGTH_TOO_LONG:
    case SSL_R_ENCRYPTED_LENGTH_TOO_LONG:
    case SSL_R_DATA_LENGTH_TOO_LONG:
    case SSL_R_LENGTH_TOO_SHORT:
      return TlsFailure::kBadRecord;
    default:
      return TlsFailure::kProtocol;
  }
}

}  // namespace

void TlsStream::SslDeleter::operator()(SSL* ssl) const { SSL_free(ssl); }

TlsStream::TlsStream(std::unique_ptr<SSL, SslDeleter> ssl, UniqueFd fd, Kernel& kernel)
    : fd_(std::move(fd)), kernel_(kernel), ssl_(std::move(ssl)) {}

TlsStream::~TlsStream() = default;

Result<std::unique_ptr<TlsStream>> TlsStream::Create(const TlsContext& context, UniqueFd fd,
                                                     Kernel& kernel) {
  ERR_clear_error();
  std::unique_ptr<SSL, SslDeleter> ssl(SSL_new(context.native()));
  BIO* const bio = ssl ? BIO_new(Bio::Method()) : nullptr;
  if (bio == nullptr) {
    return sstpgw::Fail(Error{ErrorCode::kInternal, "new TLS connection: " + TakeOpenSslError()});
  }
  SSL_set_bio(ssl.get(), bio, bio);
  SSL_set_accept_state(ssl.get());
  std::unique_ptr<TlsStream> stream(new TlsStream(std::move(ssl), std::move(fd), kernel));
  BIO_set_data(bio, stream.get());
  BIO_set_init(bio, 1);
  SSL_set_msg_callback(stream->ssl_.get(), OnTlsMessage);
  SSL_set_msg_callback_arg(stream->ssl_.get(), stream.get());
  TlsContext::Observe(stream->ssl_.get(), &stream->facts_, &stream->records_);
  return stream;
}

// ---- Failure
// -----------------------------------------------------------------------------------

bool TlsStream::Fail(TlsFailure kind, std::string reason) {
  if (!failed_) {
    failure_ = std::move(reason);
    failure_kind_ = kind;
  }
  failed_ = true;
  return false;
}

void TlsStream::FailAsFlood() {
  Fail(TlsFailure::kFlood, "TLS read: peer floods with messages that carry no data");
}

void TlsStream::CountHousekeeping() {
  if (established_ && !housekeeping_.Take(std::chrono::steady_clock::now())) FailAsFlood();
}

bool TlsStream::FailFromOpenSsl(const char* during) {
  TlsFailure kind = KindOfOpenSslError();
  const std::string queue = TakeOpenSslError();
  std::string reason = queue.empty() ? "unknown error" : queue;
  if (facts_.name_refused) {
    reason = facts_.sni
                 ? "server name '" + Escape(*facts_.sni) + "' is not the configured host-name"
                 : "no server name sent, but host-name is configured";
  } else if (receive_errno_ != 0) {
    reason = std::generic_category().message(receive_errno_);
    kind = TlsFailure::kGone;
  } else if (end_of_tcp_) {
    reason = "connection closed by peer";
    kind = TlsFailure::kGone;
  }
  if (!established_) kind = TlsFailure::kHandshake;
  return Fail(kind, std::string(during) + ": " + reason);
}

// ---- What OpenSSL tells
// ----------------------------------------------------------------------------

void TlsStream::OnTlsMessage(int sent, int /*version*/, int type, const void* octets,
                             std::size_t size, SSL* /*ssl*/, void* stream) {
  auto& self = *static_cast<TlsStream*>(stream);
  const ByteView message(static_cast<const std::uint8_t*>(octets), size);
  if (type == SSL3_RT_HEADER) {
    if (self.counting_records_ && !message.empty()) self.OnRecordHeader(sent == 1, message[0]);
    return;
  }
  const bool alert = sent == 1 && type == SSL3_RT_ALERT && size == 2;
  // A ClientHello after a TLS 1.2 handshake shows only in the alert that refuses it.
  const bool asked = sent == 0 && type == SSL3_RT_HANDSHAKE;
  if (asked || (alert && message[1] == SSL_AD_NO_RENEGOTIATION)) self.CountHousekeeping();
  if (asked && self.receive_waits_ && KernelTls::IsKeyUpdate(message)) self.OnClientKeyUpdate();
  if (!self.kernel_sends()) return;
  if (alert) self.unsaid_alert_ = {message[0], message[1]};
  if (asked && KernelTls::AsksForKeyUpdate(message)) self.unsaid_key_update_ = true;
}

void TlsStream::OnRecordHeader(bool sent, std::uint8_t type) {
  std::uint64_t& records = sent ? records_.server.records : records_.client.records;
  // In TLS 1.2 the next key begins behind it; in TLS 1.3 it means nothing, and the count begins
  // later (TlsContext::NoteTrafficSecrets).
  records = type == SSL3_RT_CHANGE_CIPHER_SPEC ? 0 : records + 1;
}

void TlsStream::NoteEstablished() {
  if (established_) return;
  established_ = true;
  version_ = SSL_get_version(ssl_.get());
  cipher_ = SSL_get_cipher_name(ssl_.get());
  const SSL_CIPHER* const cipher = SSL_get_current_cipher(ssl_.get());
  const bool limited = cipher != nullptr && SSL_CIPHER_is_aead(cipher) == 1 &&
                       SSL_CIPHER_get_cipher_nid(cipher) != NID_chacha20_poly1305;
  if (!limited) budget_ = KeyBudget();
}

HandshakeStatus TlsStream::Handshake() {
  if (failed_ || !Flush()) return HandshakeStatus::kFailed;
  if (!SSL_is_init_finished(ssl_.get())) {
    Turn turn(*this, 0);
    const int result = SSL_accept(ssl_.get());
    const int error = SSL_get_error(ssl_.get(), result);
    if (result != 1 && error != SSL_ERROR_WANT_READ) FailFromOpenSsl("TLS handshake");
    turn.Finish();
  }
  if (failed_) return HandshakeStatus::kFailed;
  if (wants_write()) return HandshakeStatus::kWantWrite;
  if (SSL_is_init_finished(ssl_.get()) != 1) return HandshakeStatus::kWantRead;
  NoteEstablished();
  return HandshakeStatus::kDone;
}

// ---- Reading
// -----------------------------------------------------------------------------------

ReadOutcome TlsStream::Read(std::span<std::uint8_t> out) {
  if (failed_) return {0, ReadStatus::kFailed};
  return kernel_receives() ? ReadByKernel(out) : ReadByOpenSsl(out);
}

ReadOutcome TlsStream::ReadByOpenSsl(std::span<std::uint8_t> out) {
  ReadOutcome outcome;
  Turn turn(*this, out.size());
  outcome.status = ReadStatus::kFull;
  while (outcome.bytes < out.size()) {
    std::size_t got = 0;
    const int result =
        SSL_read_ex(ssl_.get(), out.data() + outcome.bytes, out.size() - outcome.bytes, &got);
    if (result == 1) {
      outcome.bytes += got;
      // Of the next record a part would stay inside.
      if (receive_due_ && out.size() - outcome.bytes < kMaxRecord) break;
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_WANT_READ) {
      outcome.status = turn.more_waiting() ? ReadStatus::kFull : ReadStatus::kDrained;
    } else if (error == SSL_ERROR_ZERO_RETURN) {
      outcome.status = ReadStatus::kClosed;
    } else {
      FailFromOpenSsl("TLS read");
    }
    break;
  }
  turn.Finish();
  if (kernel_sends()) SayForOpenSsl();
  if (failed_) outcome.status = ReadStatus::kFailed;
  return outcome;
}

// ---- Writing
// -----------------------------------------------------------------------------------

bool TlsStream::Write(ByteView plaintext) { return WriteSome(plaintext, {}); }

bool TlsStream::WriteRecords(ByteView plaintext, std::span<const std::size_t> record_sizes) {
  return WriteSome(plaintext, record_sizes);
}

// Beyond `record_sizes`: full records.
bool TlsStream::WriteSome(ByteView plaintext, std::span<const std::size_t> record_sizes) {
  if (failed_) return false;
  if (plaintext.empty()) return true;
  std::optional<Turn> turn;
  if (!kernel_sends()) turn.emplace(*this, 0);
  while (!plaintext.empty() && !failed_) {
    std::size_t size = kMaxRecord;
    if (!record_sizes.empty()) {
      size = std::min(size, record_sizes.front());
      record_sizes = record_sizes.subspan(1);
    }
    const ByteView record = plaintext.first(std::min(size, plaintext.size()));
    plaintext = plaintext.subspan(record.size());
    if (record.empty()) continue;
    if (turn) {
      WriteByOpenSsl(record);
    } else {
      WriteByKernel(record);
    }
  }
  if (turn) turn->Finish();
  return !failed_;
}

void TlsStream::WriteByOpenSsl(ByteView record) {
  if (!RenewKeyIfUsedUp(record.size())) return;
  budget_.Take(record.size());
  std::size_t written = 0;
  if (SSL_write_ex(ssl_.get(), record.data(), record.size(), &written) != 1) {
    FailFromOpenSsl("TLS write");
  }
}

bool TlsStream::RenewKeyIfUsedUp(std::size_t record) {
  if (budget_.Allows(record)) return true;
  // The next write sends the KeyUpdate before its data.
  if (SSL_version(ssl_.get()) == TLS1_3_VERSION &&
      SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_NOT_REQUESTED) == 1) {
    budget_.Renew();
    return true;
  }
  SendCloseNotifyByOpenSsl();
  return Fail(TlsFailure::kKeyLimit, "TLS write: the key's AEAD limit is reached");
}

void TlsStream::SendCloseNotifyByOpenSsl() {
  if (std::exchange(shutdown_sent_, true)) return;
  if (SSL_shutdown(ssl_.get()) < 0) FailFromOpenSsl("TLS shutdown");
}

bool TlsStream::SendKeyUpdateByOpenSsl() {
  Turn turn(*this, 0);
  if (SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_NOT_REQUESTED) != 1 ||
      SSL_do_handshake(ssl_.get()) != 1) {
    FailFromOpenSsl("TLS KeyUpdate");
  }
  budget_.Renew();
  turn.Finish();
  return !failed_;
}

bool TlsStream::Shutdown() {
  if (failed_ || shutdown_sent_ || !established_) return Flush() && !failed_;
  if (kernel_sends()) {
    shutdown_sent_ = true;
    return kernel_tls_->SendAlert(AlertLevel::kWarning, SSL_AD_CLOSE_NOTIFY,
                                  corked_ ? Cork::kOn : Cork::kOff) ||
           FailFromKernel();
  }
  Turn turn(*this, 0);
  SendCloseNotifyByOpenSsl();
  turn.Finish();
  return !failed_;
}

// ---- The socket
// --------------------------------------------------------------------------------

std::optional<std::size_t> TlsStream::SendSome(ByteView ciphertext) {
  std::size_t sent = 0;
  while (sent < ciphertext.size()) {
    const ssize_t result = ::send(fd_.get(), ciphertext.data() + sent, ciphertext.size() - sent,
                                  MSG_DONTWAIT | MSG_NOSIGNAL);
    if (result >= 0) {
      sent += static_cast<std::size_t>(result);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (errno != EINTR) {
      Fail(TlsFailure::kGone, "sending: " + std::generic_category().message(errno));
      return std::nullopt;
    }
  }
  return sent;
}

bool TlsStream::Flush() {
  if (pending_bytes() == 0) return true;
  // Nothing of OpenSSL's was left when the kernel began to send.
  if (kernel_sends()) return kernel_tls_->Flush() || FailFromKernel();
  const auto sent = SendSome(ByteView(pending_).subspan(pending_sent_));
  if (!sent) {
    Bytes().swap(pending_);  // nobody will ever get it
    pending_sent_ = 0;
    return false;
  }
  pending_sent_ += *sent;
  if (pending_bytes() == 0) {
    Bytes().swap(pending_);
    pending_sent_ = 0;
  }
  return true;
}

bool TlsStream::SendOut(ByteView ciphertext) {
  if (!corked_ && pending_bytes() > 0 && !Flush()) return false;
  if (!corked_ && pending_bytes() == 0) {
    const auto sent = SendSome(ciphertext);
    if (!sent) return false;
    ciphertext = ciphertext.subspan(*sent);
  }
  if (ciphertext.empty()) return true;
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(pending_sent_));
  pending_sent_ = 0;
  pending_.insert(pending_.end(), ciphertext.begin(), ciphertext.end());
  return true;
}

Result<LeafHashes> TlsStream::leaf_hashes() const {
  if (leaf_hashes_) return *leaf_hashes_;
  const X509* const leaf = ssl_ ? SSL_get_certificate(ssl_.get()) : nullptr;
  LeafHashes hashes;
  if (leaf == nullptr || X509_digest(leaf, EVP_sha1(), hashes.sha1.data(), nullptr) != 1 ||
      X509_digest(leaf, EVP_sha256(), hashes.sha256.data(), nullptr) != 1) {
    return sstpgw::Fail(Error{ErrorCode::kInternal, "certificate hash: " + TakeOpenSslError()});
  }
  return hashes;
}

}  // namespace sstpgw::edge
