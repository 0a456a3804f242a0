// The simplest TLS client there is: blocking, one connection, no certificate check.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <string>
#include <string_view>

#include "proto/base/types.h"

namespace sstpgw::gateway {

class TlsPeer {
 public:
  // TCP and TLS; connected() says whether both went well. `receive_buffer`: SO_RCVBUF, 0: the
  // system's.
  TlsPeer(const std::string& address, std::uint16_t port, int receive_buffer = 0)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    // A server that closes during the handshake must not end the test program.
    std::signal(SIGPIPE, SIG_IGN);
    const timeval patience{30, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (receive_buffer > 0) {
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    inet_pton(AF_INET, address.c_str(), &to.sin_addr);
    if (connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return;
    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_read_ahead(context_.get(), 1);  // many small records in one receive
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_fd(ssl_.get(), fd_);
    connected_ = SSL_connect(ssl_.get()) == 1;
  }
  ~TlsPeer() {
    ssl_.reset();
    close(fd_);
  }
  TlsPeer(const TlsPeer&) = delete;
  TlsPeer& operator=(const TlsPeer&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  bool Send(std::string_view bytes) {
    return connected_ && SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) ==
                             static_cast<int>(bytes.size());
  }
  // Says close_notify and ends its half of TCP; what the server says can still be received.
  void FinishSending() {
    SSL_shutdown(ssl_.get());
    shutdown(fd_, SHUT_WR);
  }
  // `bytes` and close_notify, in one segment of TCP, which stays open.
  bool SendLast(std::string_view bytes) {
    const auto cork = [this](int on) { setsockopt(fd_, IPPROTO_TCP, TCP_CORK, &on, sizeof on); };
    cork(1);
    const bool sent = Send(bytes) && SSL_shutdown(ssl_.get()) >= 0;
    cork(0);
    return sent;
  }
  // Throws away what comes, inside TLS or not. True: the server ended TCP.
  bool AwaitTcpEnd() {
    char octets[4096];
    ssize_t got = 1;
    while (got > 0) got = recv(fd_, octets, sizeof octets, 0);
    return got == 0;
  }
  // With the next Send, TLS 1.3: new keys of ours, and the server is asked for new ones.
  void UpdateKeys() { SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED); }
  // Exactly `size` octets, fewer if the server ends the connection first.
  std::string Receive(std::size_t size) {
    std::string out(size, '\0');
    std::size_t have = 0;
    while (connected_ && have < size) {
      const int got = SSL_read(ssl_.get(), out.data() + have, static_cast<int>(size - have));
      if (got <= 0) break;
      have += static_cast<std::size_t>(got);
    }
    out.resize(have);
    return out;
  }
  // Up to and including the blank line.
  std::string ReceiveHead() {
    std::string head;
    while (head.find("\r\n\r\n") == std::string::npos) {
      const std::string octet = Receive(1);
      if (octet.empty()) break;
      head += octet;
    }
    return head;
  }
  // True: the server said close_notify (or closed) with nothing left to read.
  bool ReceiveEnd() { return Receive(1).empty() && SSL_get_shutdown(ssl_.get()) != 0; }

 private:
  struct ContextDeleter {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  struct SslDeleter {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  int fd_;
  std::unique_ptr<SSL_CTX, ContextDeleter> context_;
  std::unique_ptr<SSL, SslDeleter> ssl_;
  bool connected_ = false;
};

// A TCP connection that says nothing.
class SilentPeer {
 public:
  SilentPeer(const std::string& address, std::uint16_t port)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval patience{30, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    inet_pton(AF_INET, address.c_str(), &to.sin_addr);
    connected_ = connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  ~SilentPeer() { close(fd_); }
  SilentPeer(const SilentPeer&) = delete;
  SilentPeer& operator=(const SilentPeer&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  // True: the server closed without a word.
  [[nodiscard]] bool AwaitEnd() const {
    char octet = 0;
    return recv(fd_, &octet, 1, 0) == 0;
  }

 private:
  int fd_;
  bool connected_ = false;
};

}  // namespace sstpgw::gateway
