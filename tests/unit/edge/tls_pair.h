// A TlsStream and an OpenSSL client on the two ends of a socket pair, driven by one thread.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>

#include "gateway/edge/tls_context.h"
#include "gateway/edge/tls_stream.h"
#include "gateway/edge/unique_fd.h"
#include "tests/support/pki.h"

namespace sstpgw::edge {

inline TlsSettings SettingsOf(const testing::Identity& identity) {
  TlsSettings settings;
  settings.certificate_chain_pem = identity.chain_pem;
  settings.private_key_pem = Secret(identity.key_pem);
  return settings;
}

struct ClientOptions {
  std::optional<std::string> sni;
  std::string alpn;  // one protocol name; empty: none offered
  int min_version = 0;
  int max_version = 0;
  std::string ciphers;
  std::string ciphersuites;     // TLS 1.3
  int max_fragment_length = 0;  // TLSEXT_max_fragment_length_512, ...
  std::string root_pem;         // the client trusts this alone; empty: no check
};

// Non-blocking. Not a model of any product's client: plain OpenSSL.
class TlsClient {
 public:
  TlsClient(UniqueFd fd, const ClientOptions& options)
      : fd_(std::move(fd)), context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_min_proto_version(context_.get(), options.min_version);
    SSL_CTX_set_max_proto_version(context_.get(), options.max_version);
    if (!options.ciphers.empty()) SSL_CTX_set_cipher_list(context_.get(), options.ciphers.c_str());
    if (!options.ciphersuites.empty()) {
      SSL_CTX_set_ciphersuites(context_.get(), options.ciphersuites.c_str());
    }
    if (options.max_fragment_length != 0) {
      SSL_CTX_set_tlsext_max_fragment_length(
          context_.get(), static_cast<std::uint8_t>(options.max_fragment_length));
    }
    if (!options.root_pem.empty()) Trust(options.root_pem);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), fd_.get());
    SSL_set_connect_state(ssl_.get());
    if (options.sni) SSL_set_tlsext_host_name(ssl_.get(), options.sni->c_str());
    if (!options.alpn.empty()) {
      std::string wire(1, static_cast<char>(options.alpn.size()));
      wire += options.alpn;
      SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(wire.data()),
                          static_cast<unsigned>(wire.size()));
    }
  }

  // One step. True once the client's side is done.
  bool Handshake() {
    ERR_clear_error();
    if (connected_) return true;
    Note(SSL_connect(ssl_.get()));
    connected_ = SSL_is_init_finished(ssl_.get()) != 0;
    return connected_;
  }
  // Octets taken, 0 when it has to wait.
  std::size_t Write(ByteView bytes) {
    ERR_clear_error();
    std::size_t written = 0;
    Note(SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written));
    return written;
  }
  // Whatever has arrived.
  Bytes Read() {
    ERR_clear_error();
    Bytes all;
    std::array<std::uint8_t, 16384> buffer{};
    std::size_t got = 0;
    while (SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &got) == 1) {
      all.insert(all.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got));
    }
    Note(0);
    return all;
  }
  void Shutdown() { SSL_shutdown(ssl_.get()); }
  void CloseTcp() { fd_.Reset(); }
  [[nodiscard]] SSL* ssl() const { return ssl_.get(); }
  // The alert the server sent, -1 if none.
  [[nodiscard]] int alert() const { return alert_; }
  [[nodiscard]] bool got_close_notify() const {
    return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
  }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] std::string alpn() const {
    const unsigned char* name = nullptr;
    unsigned length = 0;
    SSL_get0_alpn_selected(ssl_.get(), &name, &length);
    return {reinterpret_cast<const char*>(name), length};
  }

 private:
  struct Deleter {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  void Trust(const std::string& root_pem) {
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    const Bytes der = testing::DerOfPem(root_pem);
    const unsigned char* position = der.data();
    X509* const root = d2i_X509(nullptr, &position, static_cast<long>(der.size()));
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), root);
    X509_free(root);
  }
  void Note(int result) {
    const int error = SSL_get_error(ssl_.get(), result);
    if (error != SSL_ERROR_SSL) return;
    failed_ = true;
    const int reason = ERR_GET_REASON(ERR_peek_error());
    if (reason > SSL_AD_REASON_OFFSET) alert_ = reason - SSL_AD_REASON_OFFSET;
  }

  UniqueFd fd_;
  std::unique_ptr<SSL_CTX, Deleter> context_;
  std::unique_ptr<SSL, Deleter> ssl_;
  bool connected_ = false;
  bool failed_ = false;
  int alert_ = -1;
};

struct TlsPair {
  std::unique_ptr<TlsStream> server;
  std::unique_ptr<TlsClient> client;
  HandshakeStatus status = HandshakeStatus::kWantRead;

  // `send_buffer`: SO_SNDBUF of both ends, 0: the system's.
  TlsPair(const TlsContext& context, const ClientOptions& options, int send_buffer = 0,
          Kernel& kernel = LinuxKernel()) {
    std::array<int, 2> fds{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()) != 0) {
      return;
    }
    for (const int fd : fds) {
      if (send_buffer > 0) {
        ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof(send_buffer));
      }
    }
    server = std::move(TlsStream::Create(context, UniqueFd(fds[0]), kernel)).value();
    client = std::make_unique<TlsClient>(UniqueFd(fds[1]), options);
  }
  // Both sides in turn until the server is done or failed and the client has seen the outcome.
  bool Connect() {
    for (int i = 0; i < 200; ++i) {
      const bool client_done = client->Handshake();
      if (status != HandshakeStatus::kDone && status != HandshakeStatus::kFailed) {
        status = server->Handshake();
      } else if (status == HandshakeStatus::kFailed || client_done) {
        break;
      }
    }
    return status == HandshakeStatus::kDone && SSL_is_init_finished(client->ssl()) != 0;
  }
};

}  // namespace sstpgw::edge
