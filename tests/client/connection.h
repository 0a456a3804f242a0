// A client session on its TLS connection: moves octets between both, non-blocking, for one thread.
// Shared by the TUN mode, the many-sessions mode and the network tests.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "proto/base/entropy.h"
#include "proto/base/result.h"
#include "tests/client/client_session.h"
#include "tests/client/tls_connection.h"

namespace sstpgw::client {

// The kernel's random source.
class SystemEntropy final : public Entropy {
 public:
  void Fill(std::span<std::uint8_t> out) override;
};

[[nodiscard]] TimePoint Now();

class Connection {
 public:
  // Takes `fd` (see StartConnect). `options`, `context` and `entropy` must outlive this.
  Connection(const TlsClientContext& context, int fd, const ClientOptions& options,
             Entropy& entropy);

  // Makes all progress that is possible without waiting. Call when the descriptor is ready, when
  // the deadline passed and after every call on session().
  void Run();
  // What to wait for: poll(2) events of fd(), and until when.
  [[nodiscard]] short wanted_events() const;
  [[nodiscard]] std::optional<TimePoint> Deadline() const;
  [[nodiscard]] int fd() const { return tls_.fd(); }

  // Null until the TLS handshake is done.
  [[nodiscard]] ClientSession* session() { return session_ ? &*session_ : nullptr; }
  [[nodiscard]] const TlsConnection& tls() const { return tls_; }
  // For a test that goes on by itself instead of Run.
  [[nodiscard]] TlsConnection& tls() { return tls_; }
  [[nodiscard]] bool tls_up() const { return tls_up_; }
  // Nothing more will happen: refused, closed, or broken.
  [[nodiscard]] bool finished() const;
  // kNone after a clean end that we asked for.
  [[nodiscard]] Failure failure() const;
  // Octets waiting for the kernel; a sender stops when this grows.
  [[nodiscard]] std::size_t backlog() const { return output_.size() - written_ + tls_.unsent(); }
  // Something to read that the descriptor does not tell of: Run again without waiting.
  [[nodiscard]] bool has_pending() const { return session_ && !finished() && tls_.has_pending(); }

  // Once the session is up: gathers records until they are flushed, and takes up to `read_size`
  // octets (0: a record) at one time.
  void BeginBulk(std::size_t read_size);
  // Octets of the stream, at most 16384, in a TLS record of their own. After BeginBulk, and only
  // while backlog() is 0 or Flush() or Run() will follow.
  void WriteRecord(ByteView frames);
  void Flush();

  // Set before the first Run: called for each IP packet received; then, before the views of these
  // become invalid, on_receive_end (may be empty).
  std::function<void(ByteView)> on_ip_packet;
  std::function<void()> on_receive_end;
  // The plaintext of each record received, before its packets.
  std::function<void(ByteView)> on_record;
  // Set before the first Run: no session; the connection is finished once TLS is up and the server
  // has closed it.
  bool handshake_only = false;

 private:
  void Handshake();
  void AwaitEnd();
  void ReadAll();
  // Decrypts into `buffer` until that has less room than a record or there is no more; the octets.
  std::size_t Fill(std::span<std::uint8_t> buffer);
  void WriteAll();
  void TakeOutput();
  void Broken(FailureKind kind, const std::string& detail);

  TlsConnection tls_;
  const ClientOptions& options_;
  Entropy& entropy_;
  TimePoint handshake_deadline_;
  std::optional<ClientSession> session_;
  Failure early_failure_;
  bool broken_ = false;
  bool tls_up_ = false;
  std::optional<std::string> ended_;  // why there is nothing more to read
  bool want_write_ = true;
  Bytes output_;
  std::size_t written_ = 0;
  Bytes bulk_buffer_;  // empty before BeginBulk
};

// Runs `connection` with poll(2) until `done` says so; false when `timeout` passed first or the
// connection finished without.
bool DriveUntil(Connection& connection, const std::function<bool(Connection&)>& done,
                Duration timeout);

}  // namespace sstpgw::client
