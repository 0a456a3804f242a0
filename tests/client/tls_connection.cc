#include "tests/client/tls_connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sstpgw::client {
namespace {

Error TlsError(const std::string& what) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return {ErrorCode::kUnavailable, what + ": " + (reason == nullptr ? "unknown reason" : reason)};
}

bool IsAddress(const std::string& text) {
  in6_addr storage{};
  return inet_pton(AF_INET, text.c_str(), &storage) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &storage) == 1;
}

// What OpenSSL asks of a BIO beyond writing: that a flush is fine, nothing else is known.
long ControlBuffers(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

// SSL_set_msg_callback's form. TLS 1.3 tells the real type of a record apart from its header, which
// claims TLS 1.2; that has it in the header.
void CountRecord(int sent, int /*version*/, int type, const void* octets, std::size_t size,
                 SSL* ssl, void* counter) {
  const bool apart = SSL_version(ssl) == TLS1_3_VERSION;
  const int where = apart ? SSL3_RT_INNER_CONTENT_TYPE : SSL3_RT_HEADER;
  if (sent != 0 || type != where || size == 0) return;
  if (*static_cast<const std::uint8_t*>(octets) != SSL3_RT_APPLICATION_DATA) return;
  ++*static_cast<std::uint64_t*>(counter);
}

}  // namespace

TlsClientContext::TlsClientContext(ssl_ctx_st* context, TlsOptions options)
    : context_(context), options_(std::move(options)) {}
TlsClientContext::TlsClientContext(TlsClientContext&& other) noexcept
    : context_(std::exchange(other.context_, nullptr)), options_(std::move(other.options_)) {}
TlsClientContext::~TlsClientContext() { SSL_CTX_free(context_); }

Result<TlsClientContext> TlsClientContext::Make(const TlsOptions& options) {
  TlsClientContext made(SSL_CTX_new(TLS_client_method()), options);
  SSL_CTX* context = made.context_;
  if (context == nullptr) return Fail(TlsError("TLS context"));
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  if (options.version == "1.2" || options.version == "1.3") {
    const int version = options.version == "1.2" ? TLS1_2_VERSION : TLS1_3_VERSION;
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
  } else if (!options.version.empty()) {
    return Fail(Error{ErrorCode::kInvalidArgument, "TLS version must be 1.2 or 1.3"});
  }
  if (!options.ciphers.empty() && SSL_CTX_set_cipher_list(context, options.ciphers.c_str()) != 1) {
    return Fail(TlsError("TLS ciphers " + options.ciphers));
  }
  if (!options.suites.empty() && SSL_CTX_set_ciphersuites(context, options.suites.c_str()) != 1) {
    return Fail(TlsError("TLS 1.3 cipher suites " + options.suites));
  }
  if (!options.verify) return made;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  const int loaded = options.ca_file.empty()
                         ? SSL_CTX_set_default_verify_paths(context)
                         : SSL_CTX_load_verify_file(context, options.ca_file.c_str());
  if (loaded != 1) return Fail(TlsError("CA file " + options.ca_file));
  return made;
}

TlsConnection::TlsConnection(const TlsClientContext& context, int fd)
    : ssl_(SSL_new(context.get())), fd_(fd), records_(std::make_unique<std::uint64_t>(0)) {
  SSL_set_msg_callback(ssl_, CountRecord);
  SSL_set_msg_callback_arg(ssl_, records_.get());
  const TlsOptions& options = context.options();
  SSL_set_fd(ssl_, fd);
  SSL_set_connect_state(ssl_);
  if (!options.sni.empty()) SSL_set_tlsext_host_name(ssl_, options.sni.c_str());
  if (!options.verify || options.verify_name.empty()) return;
  if (IsAddress(options.verify_name)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), options.verify_name.c_str());
  } else {
    SSL_set1_host(ssl_, options.verify_name.c_str());
  }
}

TlsConnection::TlsConnection(TlsConnection&& other) noexcept
    : ssl_(std::exchange(other.ssl_, nullptr)),
      fd_(std::exchange(other.fd_, -1)),
      buffers_(std::move(other.buffers_)),
      records_(std::move(other.records_)) {}

TlsConnection::~TlsConnection() {
  SSL_free(ssl_);
  if (fd_ >= 0) close(fd_);
}

Result<TlsConnection::Progress> TlsConnection::Handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_);
  if (result == 1) return Progress::kDone;
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
      return Progress::kWantRead;
    case SSL_ERROR_WANT_WRITE:
      return Progress::kWantWrite;
    case SSL_ERROR_SYSCALL:
      if (ERR_peek_error() == 0) {
        return Fail(Error{ErrorCode::kUnavailable,
                          std::string("TLS handshake: ") +
                              (errno == 0 ? "closed by peer" : std::strerror(errno))});
      }
      break;
    default:
      break;
  }
  const long verdict = SSL_get_verify_result(ssl_);
  if (verdict != X509_V_OK) {
    ERR_clear_error();
    return Fail(Error{ErrorCode::kPermissionDenied, std::string("server certificate: ") +
                                                        X509_verify_cert_error_string(verdict)});
  }
  return Fail(TlsError("TLS handshake"));
}

Result<std::size_t> TlsConnection::Read(std::span<std::uint8_t> buffer) {
  ERR_clear_error();
  std::size_t size = 0;
  if (SSL_read_ex(ssl_, buffer.data(), buffer.size(), &size) == 1) return size;
  const int kind = SSL_get_error(ssl_, 0);
  if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) return std::size_t{0};
  if (kind == SSL_ERROR_ZERO_RETURN) {
    return Fail(Error{ErrorCode::kUnavailable, "closed by peer"});
  }
  if (kind == SSL_ERROR_SYSCALL && errno != 0) {
    return Fail(Error{ErrorCode::kUnavailable, std::strerror(errno)});
  }
  return Fail(TlsError("TLS read"));
}

Result<std::size_t> TlsConnection::Write(ByteView bytes) {
  if (bytes.empty()) return std::size_t{0};
  ERR_clear_error();
  std::size_t size = 0;
  if (SSL_write_ex(ssl_, bytes.data(), bytes.size(), &size) == 1) return size;
  const int kind = SSL_get_error(ssl_, 0);
  if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) return std::size_t{0};
  if (kind == SSL_ERROR_SYSCALL && errno != 0) {
    return Fail(Error{ErrorCode::kUnavailable, std::strerror(errno)});
  }
  return Fail(TlsError("TLS write"));
}

int TlsConnection::WriteToBuffer(bio_st* bio, const char* octets, int size) {
  std::vector<std::uint8_t>& out = static_cast<Buffers*>(BIO_get_data(bio))->out;
  out.insert(out.end(), octets, octets + size);
  return size;
}

int TlsConnection::ReadFromBuffer(bio_st* bio, char* octets, int size) {
  Buffers& buffers = *static_cast<Buffers*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (buffers.taken == buffers.filled) {
    const ssize_t received = recv(buffers.fd, buffers.in.data(), buffers.in.size(), 0);
    if (received <= 0) {
      if (received < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
      return static_cast<int>(received);
    }
    buffers.taken = 0;
    buffers.filled = static_cast<std::size_t>(received);
  }
  const std::size_t take = std::min(static_cast<std::size_t>(size), buffers.filled - buffers.taken);
  std::memcpy(octets, buffers.in.data() + buffers.taken, take);
  buffers.taken += take;
  return static_cast<int>(take);
}

void TlsConnection::UseBuffers(std::size_t read_size) {
  static const struct Method {
    Method() : value(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ciphertext")) {
      BIO_meth_set_write(value, WriteToBuffer);
      BIO_meth_set_read(value, ReadFromBuffer);
      BIO_meth_set_ctrl(value, ControlBuffers);
    }
    BIO_METHOD* value;
  } method;
  if (buffers_) return;
  buffers_ = std::make_unique<Buffers>();
  buffers_->fd = fd_;
  BIO* bio = BIO_new(method.value);
  BIO_set_data(bio, buffers_.get());
  BIO_set_init(bio, 1);
  if (read_size > 0) {
    buffers_->in.resize(read_size);
    SSL_clear_mode(ssl_, SSL_MODE_RELEASE_BUFFERS);
    BIO_up_ref(bio);
    SSL_set0_rbio(ssl_, bio);
  }
  SSL_set0_wbio(ssl_, bio);
}

Result<bool> TlsConnection::Flush() {
  while (unsent() > 0) {
    const ssize_t size =
        send(fd_, buffers_->out.data() + buffers_->sent, buffers_->unsent(), MSG_NOSIGNAL);
    if (size < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return false;
      return Fail(Error{ErrorCode::kUnavailable, std::strerror(errno)});
    }
    buffers_->sent += static_cast<std::size_t>(size);
  }
  if (buffers_) {
    buffers_->out.clear();
    buffers_->sent = 0;
  }
  return true;
}

void TlsConnection::Shutdown() {
  ERR_clear_error();
  if (ssl_ == nullptr) return;
  SSL_shutdown(ssl_);
  [[maybe_unused]] const Result<bool> best_effort = Flush();
}

Bytes TlsConnection::CertificateDer() const {
  X509* certificate = SSL_get0_peer_certificate(ssl_);
  if (certificate == nullptr) return {};
  const int size = i2d_X509(certificate, nullptr);
  if (size <= 0) return {};
  Bytes der(static_cast<std::size_t>(size));
  unsigned char* out = der.data();
  i2d_X509(certificate, &out);
  return der;
}

std::string TlsConnection::version() const { return SSL_get_version(ssl_); }
std::string TlsConnection::cipher() const {
  const char* name = SSL_get_cipher_name(ssl_);
  return name == nullptr ? "" : name;
}
bool TlsConnection::has_pending() const {
  return SSL_has_pending(ssl_) == 1 || (buffers_ && buffers_->taken != buffers_->filled);
}

Result<int> StartConnect(const std::string& address, std::uint16_t port) {
  sockaddr_storage storage{};
  socklen_t length = 0;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    length = sizeof(*v4);
  } else if (inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    length = sizeof(*v6);
  } else {
    return Fail(Error{ErrorCode::kInvalidArgument, address + " is no IP address"});
  }
  const int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return Fail(SystemError("socket", errno));
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (connect(fd, reinterpret_cast<sockaddr*>(&storage), length) < 0 && errno != EINPROGRESS) {
    const Error error = SystemError("connect " + address, errno);
    close(fd);
    return Fail(error);
  }
  return fd;
}

}  // namespace sstpgw::client
