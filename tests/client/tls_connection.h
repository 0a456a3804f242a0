// A TLS client connection on a non-blocking descriptor, for one thread. Verifies the server against
// a CA file and a name unless told not to. Errors are sentences in Error; a peer cannot make it
// grow: nothing is buffered here beyond OpenSSL's own record, except ciphertext of ours after
// BufferWrites, which the caller bounds by looking at unsent().
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "proto/base/result.h"
#include "proto/base/types.h"

struct bio_st;
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
  std::string suites;       // TLS 1.3 cipher suites, empty: the library's
  // Octets to take from the kernel at one time, for bulk; 0: one record, and no buffer while idle.
  std::size_t read_ahead = 0;
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
  // Octets taken; 0: the kernel's buffer is full. After BufferWrites everything is taken.
  Result<std::size_t> Write(ByteView bytes);
  // From now on records are gathered here until Flush sends them. Call after the handshake.
  void BufferWrites();
  // Sends what has been gathered; true when nothing is left, false when the kernel is full.
  Result<bool> Flush();
  // Octets of ciphertext not yet taken by the kernel.
  [[nodiscard]] std::size_t unsent() const { return gathered_ ? gathered_->unsent() : 0; }
  // close_notify, best effort.
  void Shutdown();

  [[nodiscard]] int fd() const { return fd_; }
  // DER of the leaf the server presented; empty before the handshake is done.
  [[nodiscard]] Bytes CertificateDer() const;
  [[nodiscard]] std::string version() const;
  [[nodiscard]] std::string cipher() const;
  // Received octets that wait inside OpenSSL: the descriptor need not be readable for them.
  [[nodiscard]] bool has_pending() const;

 private:
  // Where OpenSSL puts its records after BufferWrites; it has a stable address for that.
  struct Gathered {
    std::vector<std::uint8_t> octets;
    std::size_t sent = 0;
    [[nodiscard]] std::size_t unsent() const { return octets.size() - sent; }
  };
  static int GatherRecord(bio_st* bio, const char* octets, int size);

  ssl_st* ssl_;
  int fd_;
  std::unique_ptr<Gathered> gathered_;
};

// Starts a TCP connection to a literal address; non-blocking, TCP_NODELAY, close-on-exec.
Result<int> StartConnect(const std::string& address, std::uint16_t port);

}  // namespace sstpgw::client
