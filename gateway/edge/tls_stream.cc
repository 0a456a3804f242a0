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
#include <limits>
#include <system_error>

#include "gateway/edge/openssl_error.h"
#include "proto/base/text.h"

namespace sstpgw::edge {
namespace {

// Received in one piece: what a socket with default buffers holds when its reader is busy.
constexpr std::size_t kReceiveRoom = 128 * 1024;
// A record's plaintext, header and tag (RFC 8446 5.2): what a receive may bring beyond the room the
// caller has left.
constexpr std::size_t kRecordRoom = 16384 + 256 + 5;
// Messages after the handshake that carry no data (KeyUpdate, a refused ClientHello): this many at
// once, and one more per kHousekeepingInterval. An honest peer sends one in hours.
constexpr int kHousekeepingBurst = 32;
constexpr Duration kHousekeepingInterval = std::chrono::seconds(1);
// A thread's send buffer that grew beyond this is given back.
constexpr std::size_t kSendRoomKept = 1024 * 1024;

// Borrowed by one Turn at a time; nothing survives in them between calls.
struct ThreadBuffers {
  Bytes receive = Bytes(kReceiveRoom);
  Bytes send;
};

ThreadBuffers& BuffersOfThisThread() {
  thread_local ThreadBuffers buffers;
  return buffers;
}

}  // namespace

class TlsStream::Turn {
 public:
  // `room`: how much plaintext the caller can take.
  Turn(TlsStream& stream, std::size_t room)
      : stream_(stream), buffers_(BuffersOfThisThread()), input_(stream.held_) {
    buffers_.send.clear();
    receive_limit_ = std::min(kReceiveRoom, room + kRecordRoom);
    stream_.turn_ = this;
    ERR_clear_error();
  }
  ~Turn() { stream_.turn_ = nullptr; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  // Octets copied; 0: nothing now; -1: nothing ever: stream_.end_of_tcp_ or receive_errno_ says
  // why, or the stream has failed.
  int Pull(std::span<std::uint8_t> out) {
    if (stream_.failed_ || (input_.empty() && !Receive())) return -1;
    const std::size_t length = std::min(out.size(), input_.size());
    std::copy_n(input_.begin(), length, out.begin());
    input_ = input_.subspan(length);
    return static_cast<int>(length);
  }
  void Push(ByteView ciphertext) {
    buffers_.send.insert(buffers_.send.end(), ciphertext.begin(), ciphertext.end());
  }

  // Keeps unread input, sends output. False: the connection is broken.
  bool Finish() {
    if (input_.data() != stream_.held_.data() || input_.size() != stream_.held_.size()) {
      stream_.held_ = Bytes(input_.begin(), input_.end());
      stream_.held_.shrink_to_fit();
    }
    input_ = {};
    const bool ok = buffers_.send.empty() || stream_.SendOut(buffers_.send);
    if (buffers_.send.capacity() > kSendRoomKept) Bytes().swap(buffers_.send);
    return ok;
  }
  // The one receive of this turn filled its room, so the socket may hold more.
  [[nodiscard]] bool more_waiting() const { return more_waiting_; }

 private:
  // Once per turn: OpenSSL asks again and again as long as records bring it no data, and whoever
  // sends such records must not hold the thread.
  bool Receive() {
    if (received_) return true;
    received_ = true;
    ssize_t got = 0;
    do {
      got = ::recv(stream_.fd_.get(), buffers_.receive.data(), receive_limit_, MSG_DONTWAIT);
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
      input_ = ByteView(buffers_.receive).first(static_cast<std::size_t>(got));
      // A short count means the socket is empty for now; epoll tells when that changes.
      more_waiting_ = static_cast<std::size_t>(got) == receive_limit_;
      return true;
    }
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
    if (got == 0) {
      stream_.end_of_tcp_ = true;
    } else {
      stream_.receive_errno_ = errno;
    }
    return false;
  }

  TlsStream& stream_;
  ThreadBuffers& buffers_;
  ByteView input_;  // in held_ or in the thread's receive buffer
  std::size_t receive_limit_ = 0;
  bool received_ = false;
  bool more_waiting_ = false;
};

struct TlsStream::Bio {
  static TlsStream& StreamOf(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

  static int Read(BIO* bio, char* out, int size) {
    BIO_clear_retry_flags(bio);
    Turn* const turn = StreamOf(bio).turn_;
    if (turn == nullptr || size <= 0) return -1;
    const int got =
        turn->Pull({reinterpret_cast<std::uint8_t*>(out), static_cast<std::size_t>(size)});
    if (got == 0) BIO_set_retry_read(bio);
    return got > 0 ? got : -1;
  }
  static int Write(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    Turn* const turn = StreamOf(bio).turn_;
    if (turn == nullptr || size < 0) return -1;
    turn->Push({reinterpret_cast<const std::uint8_t*>(bytes), static_cast<std::size_t>(size)});
    return size;
  }
  static long Control(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return StreamOf(bio).end_of_tcp_ ? 1 : 0;
    return 0;
  }
  static BIO_METHOD* Method() {
    static BIO_METHOD* const method = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tls stream");
      BIO_meth_set_read(made, Read);
      BIO_meth_set_write(made, Write);
      BIO_meth_set_ctrl(made, Control);
      return made;
    }();
    return method;
  }
};

void TlsStream::SslDeleter::operator()(SSL* ssl) const { SSL_free(ssl); }

TlsStream::TlsStream(std::unique_ptr<SSL, SslDeleter> ssl, UniqueFd fd)
    : fd_(std::move(fd)), ssl_(std::move(ssl)) {}

TlsStream::~TlsStream() = default;

Result<std::unique_ptr<TlsStream>> TlsStream::Create(const TlsContext& context, UniqueFd fd) {
  ERR_clear_error();
  std::unique_ptr<SSL, SslDeleter> ssl(SSL_new(context.native()));
  BIO* const bio = ssl ? BIO_new(Bio::Method()) : nullptr;
  if (bio == nullptr) {
    return sstpgw::Fail(Error{ErrorCode::kInternal, "new TLS connection: " + TakeOpenSslError()});
  }
  SSL_set_bio(ssl.get(), bio, bio);
  SSL_set_accept_state(ssl.get());
  std::unique_ptr<TlsStream> stream(new TlsStream(std::move(ssl), std::move(fd)));
  BIO_set_data(bio, stream.get());
  BIO_set_init(bio, 1);
  SSL_set_msg_callback(stream->ssl_.get(), OnTlsMessage);
  SSL_set_msg_callback_arg(stream->ssl_.get(), stream.get());
  TlsContext::Observe(stream->ssl_.get(), &stream->facts_);
  return stream;
}

bool TlsStream::Fail(std::string reason) {
  if (!failed_) failure_ = std::move(reason);
  failed_ = true;
  return false;
}

void TlsStream::OnTlsMessage(int sent, int /*version*/, int type, const void* octets,
                             std::size_t size, SSL* /*ssl*/, void* stream) {
  // A ClientHello after a TLS 1.2 handshake shows only in the alert that refuses it.
  const bool asked = sent == 0 && type == SSL3_RT_HANDSHAKE;
  const bool refused = sent == 1 && type == SSL3_RT_ALERT && size == 2 &&
                       static_cast<const std::uint8_t*>(octets)[1] == SSL_AD_NO_RENEGOTIATION;
  if (asked || refused) static_cast<TlsStream*>(stream)->CountHousekeeping();
}

void TlsStream::CountHousekeeping() {
  if (!established_) return;
  const TimePoint now = std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
  // The bucket, written as the time at which it will be empty.
  housekeeping_paid_ = std::max(housekeeping_paid_, now) + kHousekeepingInterval;
  if (housekeeping_paid_ - now > kHousekeepingBurst * kHousekeepingInterval) {
    flooded_ = !failed_;
    Fail("TLS read: peer floods with messages that carry no data");
  }
}

bool TlsStream::FailFromOpenSsl(const char* during) {
  const std::string queue = TakeOpenSslError();
  std::string reason = queue.empty() ? "unknown error" : queue;
  if (facts_.name_refused) {
    reason = facts_.sni
                 ? "server name '" + Escape(*facts_.sni) + "' is not the configured host-name"
                 : "no server name sent, but host-name is configured";
  } else if (receive_errno_ != 0) {
    reason = std::generic_category().message(receive_errno_);
  } else if (end_of_tcp_) {
    reason = "connection closed by peer";
  }
  return Fail(std::string(during) + ": " + reason);
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
  established_ = SSL_is_init_finished(ssl_.get()) == 1;
  return established_ ? HandshakeStatus::kDone : HandshakeStatus::kWantRead;
}

ReadOutcome TlsStream::Read(std::span<std::uint8_t> out) {
  ReadOutcome outcome;
  if (failed_) return {0, ReadStatus::kFailed};
  Turn turn(*this, out.size());
  outcome.status = ReadStatus::kFull;
  while (outcome.bytes < out.size()) {
    std::size_t got = 0;
    const int result =
        SSL_read_ex(ssl_.get(), out.data() + outcome.bytes, out.size() - outcome.bytes, &got);
    if (result == 1) {
      outcome.bytes += got;
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
  if (failed_) outcome.status = ReadStatus::kFailed;
  return outcome;
}

bool TlsStream::Write(ByteView plaintext) {
  if (failed_) return false;
  if (plaintext.empty()) return true;
  Turn turn(*this, 0);
  std::size_t written = 0;
  if (SSL_write_ex(ssl_.get(), plaintext.data(), plaintext.size(), &written) != 1) {
    FailFromOpenSsl("TLS write");
  }
  turn.Finish();
  return !failed_;
}

bool TlsStream::WriteRecords(ByteView plaintext, std::span<const std::size_t> sizes) {
  if (failed_) return false;
  Turn turn(*this, 0);
  for (const std::size_t size : sizes) {
    std::size_t written = 0;
    if (SSL_write_ex(ssl_.get(), plaintext.data(), size, &written) != 1) {
      FailFromOpenSsl("TLS write");
      break;
    }
    plaintext = plaintext.subspan(size);
  }
  turn.Finish();
  return !failed_;
}

bool TlsStream::Shutdown() {
  if (failed_ || shutdown_sent_ || !SSL_is_init_finished(ssl_.get())) return Flush() && !failed_;
  shutdown_sent_ = true;
  Turn turn(*this, 0);
  if (SSL_shutdown(ssl_.get()) < 0) FailFromOpenSsl("TLS shutdown");
  turn.Finish();
  return !failed_;
}

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
      Fail("sending: " + std::generic_category().message(errno));
      return std::nullopt;
    }
  }
  return sent;
}

bool TlsStream::Flush() {
  if (pending_bytes() == 0) return true;
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

std::string TlsStream::version() const { return SSL_get_version(ssl_.get()); }

std::string TlsStream::cipher() const { return SSL_get_cipher_name(ssl_.get()); }

Result<LeafHashes> TlsStream::leaf_hashes() const {
  const X509* const leaf = SSL_get_certificate(ssl_.get());
  LeafHashes hashes;
  if (leaf == nullptr || X509_digest(leaf, EVP_sha1(), hashes.sha1.data(), nullptr) != 1 ||
      X509_digest(leaf, EVP_sha256(), hashes.sha256.data(), nullptr) != 1) {
    return sstpgw::Fail(Error{ErrorCode::kInternal, "certificate hash: " + TakeOpenSslError()});
  }
  return hashes;
}

}  // namespace sstpgw::edge
