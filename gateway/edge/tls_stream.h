// One client's TLS connection over a non-blocking socket. OpenSSL sees only memory: ciphertext is
// received and sent in large pieces through buffers of the calling thread, so an idle stream holds
// no buffer, and there is no "retry the same write" rule.
//
// Waiting: register fd() level-triggered. Ask for reading while the session accepts input, for
// writing while wants_write(). When writable: Flush().
// Threads: one at a time; may be handed from a handshake thread to a worker between calls.
// Errors: a status; failure() has the words. After kFailed only Flush, pending_bytes and the
// accessors make sense.
#pragma once

#include <openssl/types.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "gateway/edge/tls_context.h"
#include "gateway/edge/unique_fd.h"
#include "proto/base/error.h"
#include "proto/base/result.h"
#include "proto/base/types.h"

namespace sstpgw::edge {

enum class HandshakeStatus : std::uint8_t { kDone, kWantRead, kWantWrite, kFailed };

enum class ReadStatus : std::uint8_t {
  kDrained,  // nothing more now; wait until fd() is readable
  kFull,     // `out` is full, or as much was taken in as one call may: there may be more, perhaps
             // inside; call again (after giving others their turn), do not wait
  kClosed,   // the peer said close_notify; nothing more will come
  kFailed,   // protocol error, reset, or end of TCP without close_notify
};
struct ReadOutcome {
  std::size_t bytes = 0;  // valid whatever the status
  ReadStatus status = ReadStatus::kDrained;
};

// SHA-1 and SHA-256 of the DER of a certificate ([MS-SSTP] 2.2.7).
struct LeafHashes {
  std::array<std::uint8_t, 20> sha1{};
  std::array<std::uint8_t, 32> sha256{};
};

class TlsStream {
 public:
  // A non-blocking connected socket, accepted side.
  static Result<std::unique_ptr<TlsStream>> Create(const TlsContext& context, UniqueFd fd);
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // Call until kDone or kFailed, waiting on fd() as told between calls. On failure the alert has
  // been given to the socket as far as it takes it.
  // After kDone call Read at once: application data that came along with the client's Finished is
  // already inside and does not make fd() readable any more.
  HandshakeStatus Handshake();

  // Decrypts as many records as fit into `out` (not empty), out of what is inside and at most one
  // receive, so that no client holds the thread. Answers what the protocol asks (KeyUpdate) by
  // itself; a peer that asks all the time fails.
  ReadOutcome Read(std::span<std::uint8_t> out);

  // Encrypts all of `plaintext`, in records of up to 16,384 octets, and sends what the socket
  // takes. What it does not take is kept; a caller that minds memory looks at pending_bytes() and
  // stops producing. False: failed.
  bool Write(ByteView plaintext);
  // The same in records of exactly these sizes, which add up to `plaintext` and are 1 to 16,384
  // octets each.
  bool WriteRecords(ByteView plaintext, std::span<const std::size_t> sizes);
  // Sends kept ciphertext. False: the connection is broken.
  bool Flush();
  // Between the two, what Write and Shutdown produce is kept, so that many records leave in one
  // send.
  void Cork() { corked_ = true; }
  bool Uncork() {
    corked_ = false;
    return Flush();
  }
  // Queues and sends close_notify, once; the peer's is not waited for. False: broken.
  bool Shutdown();

  [[nodiscard]] std::size_t pending_bytes() const { return pending_.size() - pending_sent_; }
  [[nodiscard]] bool wants_write() const { return pending_bytes() > 0; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  // It failed because the peer sent too many messages that carry no data.
  [[nodiscard]] bool flooded() const { return flooded_; }
  // Why it failed, for the log; foreign text in it is escaped.
  [[nodiscard]] const std::string& failure() const { return failure_; }

  // From here on: valid after the handshake (sni and client_hello_seen also after its failure).
  [[nodiscard]] bool client_hello_seen() const { return facts_.seen; }
  // As sent, nullopt if none: escape before printing.
  [[nodiscard]] const std::optional<std::string>& sni() const { return facts_.sni; }
  [[nodiscard]] std::string version() const;  // "TLSv1.3"
  [[nodiscard]] std::string cipher() const;   // "TLS_AES_256_GCM_SHA384"
  // Of the leaf presented on this very connection.
  [[nodiscard]] Result<LeafHashes> leaf_hashes() const;

 private:
  struct SslDeleter {
    void operator()(SSL* ssl) const;
  };
  // One call into OpenSSL: lends the calling thread's buffers, then keeps what is left in them.
  class Turn;
  // The BIO through which OpenSSL reaches the current Turn.
  struct Bio;

  TlsStream(std::unique_ptr<SSL, SslDeleter> ssl, UniqueFd fd);
  // SSL_set_msg_callback's form; `stream` is the TlsStream.
  static void OnTlsMessage(int sent, int version, int type, const void* octets, std::size_t size,
                           SSL* ssl, void* stream);
  void CountHousekeeping();
  // Always false; the first reason stays.
  bool Fail(std::string reason);
  bool FailFromOpenSsl(const char* during);
  // Sends, or keeps behind what is kept already. False: the connection is broken.
  bool SendOut(ByteView ciphertext);
  // Sends from `ciphertext` until the socket is full; octets sent. nullopt: broken, Fail was
  // called.
  std::optional<std::size_t> SendSome(ByteView ciphertext);

  UniqueFd fd_;
  ClientHelloFacts facts_;
  std::unique_ptr<SSL, SslDeleter> ssl_;
  Turn* turn_ = nullptr;
  Bytes held_;                     // ciphertext received but not yet read by OpenSSL
  Bytes pending_;                  // ciphertext the socket did not take yet
  std::size_t pending_sent_ = 0;   // octets at the front of pending_ already sent
  TimePoint housekeeping_paid_{};  // see CountHousekeeping
  bool corked_ = false;
  bool flooded_ = false;
  bool established_ = false;
  bool end_of_tcp_ = false;
  int receive_errno_ = 0;
  bool failed_ = false;
  bool shutdown_sent_ = false;
  std::string failure_;
};

}  // namespace sstpgw::edge
