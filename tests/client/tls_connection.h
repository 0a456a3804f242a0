// A TLS client connection on a non-blocking descriptor, for one thread. Verifies the server against
// a CA file and a name unless told not to. Errors are sentences in Error; a peer cannot make it
// grow: nothing is buffered here beyond OpenSSL's own record.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "proto/base/result.h"
#include "proto/base/types.h"

struct ssl_st;
struct ssl_ctx_st;

namespace sstpgw::client {

struct TlsOptions {
  std::string ca_file;      // PEM; empty: the system's store
  bool verify = true;       // chain and name
  std::string verify_name;  // host name or IP address in the certificate; empty: not compared
  std::string sni;          // empty: none is sent
  std::string version;      // "1.2", "1.3", empty: both
  std::string ciphers;      // TLS 1.2 list, empty: the library's
};

// Shared by all connections of a process.
class TlsClientContext {
 public:
  static Result<TlsClientContext> Make(const TlsOptions& options);
  TlsClientContext(TlsClientContext&& other) noexcept;
  TlsClientContext& operator=(TlsClientContext&&) = delete;
  ~TlsClientContext();

  [[nodiscard]] const TlsOptions& options() const { return options_; }
  [[nodiscard]] ssl_ctx_st* get() const { return context_; }

 private:
  TlsClientContext(ssl_ctx_st* context, TlsOptions options);
  ssl_ctx_st* context_;
  TlsOptions options_;
};

class TlsConnection {
 public:
  enum class Progress { kDone, kWantRead, kWantWrite };

  // Takes ownership of `fd`, a connected or connecting non-blocking stream socket.
  TlsConnection(const TlsClientContext& context, int fd);
  TlsConnection(TlsConnection&& other) noexcept;
  TlsConnection& operator=(TlsConnection&&) = delete;
  // Closes the descriptor without close_notify.
  ~TlsConnection();

  // Call until kDone, whenever the descriptor is ready for what is wanted.
  Result<Progress> Handshake();
  // Octets read; 0: nothing there now. Error: the peer closed ("closed by peer") or the connection
  // broke.
  Result<std::size_t> Read(std::span<std::uint8_t> buffer);
  // Octets taken; 0: the kernel's buffer is full.
  Result<std::size_t> Write(ByteView bytes);
  // close_notify, best effort.
  void Shutdown();

  [[nodiscard]] int fd() const { return fd_; }
  // DER of the leaf the server presented; empty before the handshake is done.
  [[nodiscard]] Bytes CertificateDer() const;
  [[nodiscard]] std::string version() const;
  [[nodiscard]] std::string cipher() const;
  [[nodiscard]] std::size_t pending() const;

 private:
  ssl_st* ssl_;
  int fd_;
};

// Starts a TCP connection to a literal address; non-blocking, TCP_NODELAY, close-on-exec.
Result<int> StartConnect(const std::string& address, std::uint16_t port);

}  // namespace sstpgw::client
