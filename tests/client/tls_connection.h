// A TLS client connection on a non-blocking descriptor, for one thread. Verifies the server against
// a CA file and a name unless told not to. Errors are sentences in Error; a peer cannot make it
// grow: nothing is buffered here beyond OpenSSL's own record, except ciphertext after UseBuffers:
// ours, which the caller bounds by looking at unsent(), and one read of the peer's.
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
  // Octets read, of one record at most; 0: nothing there now. Error: the peer closed ("closed by
  // peer") or the connection broke.
  Result<std::size_t> Read(std::span<std::uint8_t> buffer);
  // Octets taken; 0: the kernel's buffer is full. After UseBuffers everything is taken.
  Result<std::size_t> Write(ByteView bytes);
  // From now on records are gathered here until Flush sends them, and up to `read_size` octets (0:
  // no more than the record in question) are taken from the kernel at one time. Call after the
  // handshake.
  void UseBuffers(std::size_t read_size);
  // Sends what has been gathered; true when nothing is left, false when the kernel is full.
  Result<bool> Flush();
  // Octets of ciphertext not yet taken by the kernel.
  [[nodiscard]] std::size_t unsent() const { return buffers_ ? buffers_->unsent() : 0; }
  // close_notify, best effort.
  void Shutdown();

  [[nodiscard]] int fd() const { return fd_; }
  // DER of the leaf the server presented; empty before the handshake is done.
  [[nodiscard]] Bytes CertificateDer() const;
  [[nodiscard]] std::string version() const;
  [[nodiscard]] std::string cipher() const;
  // Received octets that wait here: the descriptor need not be readable for them.
  [[nodiscard]] bool has_pending() const;
  // Records with application data received so far.
  [[nodiscard]] std::uint64_t records_received() const { return *records_; }

 private:
  // Ciphertext between OpenSSL and the kernel after UseBuffers. (OpenSSL's own read-ahead moves
  // all that it holds for each record.) OpenSSL knows its address.
  struct Buffers {
    int fd = -1;
    std::vector<std::uint8_t> out;
    std::size_t sent = 0;
    std::vector<std::uint8_t> in;
    std::size_t taken = 0;  // octets [taken, filled) of `in` are still to be decrypted
    std::size_t filled = 0;
    [[nodiscard]] std::size_t unsent() const { return out.size() - sent; }
  };
  static int WriteToBuffer(bio_st* bio, const char* octets, int size);
  static int ReadFromBuffer(bio_st* bio, char* octets, int size);

  ssl_st* ssl_;
  int fd_;
  std::unique_ptr<Buffers> buffers_;
  std::unique_ptr<std::uint64_t> records_;  // OpenSSL keeps its address
};

// Starts a TCP connection to a literal address; non-blocking, TCP_NODELAY, close-on-exec.
Result<int> StartConnect(const std::string& address, std::uint16_t port);

}  // namespace sstpgw::client
