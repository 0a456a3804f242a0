// One client's TLS connection over a non-blocking socket. OpenSSL does the handshake. Its records
// are done by OpenSSL as well, or by the kernel, for each direction apart: sending from the
// handshake on (EnableKernelTls), receiving from when the peer is known (EnableKernelReceive). The
// kernel passes over records without data in silence and without end, OpenSSL does not, so nobody
// may send to the kernel who has not logged in.
//
// OpenSSL sees only memory: ciphertext is received and sent in large pieces through buffers of the
// calling thread, so an idle stream holds no buffer, and there is no "retry the same write" rule.
// During the handshake, and until receiving has gone to the kernel if it will, it gets exactly the
// octets it asks for (a record's header, then its body), so that what follows stays in the socket,
// for the kernel to decrypt.
//
// Waiting: register fd(), edge-triggered if edge_triggered(), else level-triggered. Ask for reading
// while the session accepts input, for writing while wants_write(). When writable: Flush().
// Edge-triggered means that Read must be called until it says something else than kFull before the
// descriptor is waited for again.
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

#include "gateway/crypto/tls_key_schedule.h"
#include "gateway/edge/housekeeping_bucket.h"
#include "gateway/edge/kernel.h"
#include "gateway/edge/kernel_tls.h"
#include "gateway/edge/kernel_tls_support.h"
#include "gateway/edge/key_budget.h"
#include "gateway/edge/record_cursor.h"
#include "gateway/edge/tls_context.h"
#include "gateway/edge/tls_outcome.h"
#include "gateway/edge/unique_fd.h"
#include "proto/base/error.h"
#include "proto/base/result.h"
#include "proto/base/types.h"

namespace sstpgw::edge {

// SHA-1 and SHA-256 of the DER of a certificate ([MS-SSTP] 2.2.7).
struct LeafHashes {
  std::array<std::uint8_t, 20> sha1{};
  std::array<std::uint8_t, 32> sha256{};
};

struct KernelTlsWish {
  bool send = true;
  bool receive = true;
};
// Why a direction that was wished for stays with OpenSSL.
enum class KernelTlsFallback : std::uint8_t {
  kNone,
  kNoKernelSupport,
  kVersion,   // older than TLS 1.2
  kCipher,    // CBC, CCM, ...
  kUnusable,  // short records were agreed on (RFC 6066 4), or OpenSSL does not tell its keys
  kRefused,   // the kernel does not take the key; an algorithm may be missing there
  kLast = kRefused,
};
inline constexpr std::size_t kKernelTlsFallbacks = 6;
struct KernelTlsOutcome {
  bool send = false;  // the kernel does it
  bool receive = false;
  KernelTlsFallback fallback = KernelTlsFallback::kNone;
};

class TlsStream {
 public:
  // A non-blocking connected socket, accepted side. `kernel` must outlive it.
  static Result<std::unique_ptr<TlsStream>> Create(const TlsContext& context, UniqueFd fd,
                                                   Kernel& kernel = LinuxKernel());
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // Call until kDone or kFailed, waiting on fd() as told between calls. On failure the alert has
  // been given to the socket as far as it takes it.
  HandshakeStatus Handshake();

  // Lets the kernel send the records from now on, if that is wanted and possible, and prepares what
  // EnableKernelReceive does; what is not possible stays with OpenSSL and is no failure. Once,
  // after kDone and before anything is read or written.
  // TLS 1.2 and 1.3 with AES-GCM or ChaCha20-Poly1305. For TLS 1.3 the context must note traffic
  // secrets (TlsContext::NoteTrafficSecrets). `support` must outlive the call.
  KernelTlsOutcome EnableKernelTls(const KernelTlsWish& wish, const KernelTlsSupport& support);
  // Lets the kernel receive them as well, if that waits for it. Between calls of Read, any number
  // of times: nullopt means that it still waits, since something of a record is inside; from then
  // on Read ends between records, so that after one that says kDrained or kFull there is another
  // chance. A fallback is told once in the life of a stream. With both directions in the kernel the
  // OpenSSL object is gone.
  std::optional<KernelTlsOutcome> EnableKernelReceive();
  // It was wished for, nothing speaks against it, and it is not done yet.
  [[nodiscard]] bool kernel_receive_waits() const { return receive_waits_; }

  // Decrypts as many records as fit into `out` (not empty), out of what is inside and at most one
  // receive, so that no client holds the thread; in the kernel's case, out of what the socket has.
  // Answers what the protocol asks (KeyUpdate) by itself; a peer that asks all the time fails.
  ReadOutcome Read(std::span<std::uint8_t> out);

  // Encrypts all of `plaintext`, in records of up to 16,384 octets, and sends what the socket
  // takes. What it does not take is kept; a caller that minds memory looks at pending_bytes() and
  // stops producing. False: failed.
  bool Write(ByteView plaintext);
  // The same in exactly these records: their sizes, each 1 to kMaxRecord, add up to `plaintext`.
  bool WriteRecords(ByteView plaintext, std::span<const std::size_t> record_sizes);
  // Sends what is kept. False: the connection is broken.
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

  // Ciphertext, or plaintext where the kernel encrypts.
  [[nodiscard]] std::size_t pending_bytes() const {
    return pending_.size() - pending_sent_ + (kernel_tls_ ? kernel_tls_->pending_bytes() : 0);
  }
  [[nodiscard]] bool wants_write() const { return pending_bytes() > 0; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  // This kernel reports the descriptor as readable also when there is nothing to read yet. Settled
  // by EnableKernelTls and EnableKernelReceive.
  [[nodiscard]] bool edge_triggered() const {
    return kernel_receives() && kernel_tls_->early_wakeups();
  }
  // Who does the records, as settled by these two. Whether the kernel leaves them to the network
  // card only the kernel knows: see socket_diag.h.
  [[nodiscard]] bool kernel_sends() const { return kernel_tls_ && kernel_tls_->sends(); }
  [[nodiscard]] bool kernel_receives() const { return kernel_tls_ && kernel_tls_->receives(); }
  // What one AES key of ours may encrypt, for tests that cannot send terabytes. Before the
  // handshake.
  void set_key_budget(KeyBudget budget) { budget_ = budget; }
  // The peer's records carry too little for the work they make: from here on it has failed.
  void FailAsFlood();
  // kNone: it did not fail.
  [[nodiscard]] TlsFailure failure_kind() const { return failure_kind_; }
  // It failed because the peer sent too many messages that carry no data.
  [[nodiscard]] bool flooded() const { return failure_kind_ == TlsFailure::kFlood; }
  // Why it failed, for the log; foreign text in it is escaped.
  [[nodiscard]] const std::string& failure() const { return failure_; }

  // From here on: valid after the handshake (sni and client_hello_seen also after its failure).
  [[nodiscard]] bool client_hello_seen() const { return facts_.seen; }
  // As sent, nullopt if none: escape before printing.
  [[nodiscard]] const std::optional<std::string>& sni() const { return facts_.sni; }
  [[nodiscard]] std::string version() const { return version_; }  // "TLSv1.3"
  [[nodiscard]] std::string cipher() const { return cipher_; }    // "TLS_AES_256_GCM_SHA384"
  // Of the leaf presented on this very connection.
  [[nodiscard]] Result<LeafHashes> leaf_hashes() const;

 private:
  struct SslDeleter {
    void operator()(SSL* ssl) const;
  };
  // One call into OpenSSL, see tls_turn.h.
  class Turn;
  // The BIO through which OpenSSL reaches the current Turn.
  struct Bio;

  TlsStream(std::unique_ptr<SSL, SslDeleter> ssl, UniqueFd fd, Kernel& kernel);
  // SSL_set_msg_callback's form; `stream` is the TlsStream.
  static void OnTlsMessage(int sent, int version, int type, const void* octets, std::size_t size,
                           SSL* ssl, void* stream);
  void OnRecordHeader(bool sent, std::uint8_t type);
  void OnClientKeyUpdate();
  void CountHousekeeping();
  // Always false; the first reason stays.
  bool Fail(TlsFailure kind, std::string reason);
  bool FailFromOpenSsl(const char* during);
  // Takes over the failure of the kernel's half, and tells the peer where that could not.
  bool FailFromKernel();
  void NoteEstablished();
  bool WriteSome(ByteView plaintext, std::span<const std::size_t> record_sizes);

  // ---- OpenSSL's records
  ReadOutcome ReadByOpenSsl(std::span<std::uint8_t> out);
  // Within a Turn.
  void WriteByOpenSsl(ByteView record);
  // False: the key may not encrypt this much more, and there is no other; Fail was called.
  bool RenewKeyIfUsedUp(std::size_t record);
  void SendCloseNotifyByOpenSsl();
  bool SendKeyUpdateByOpenSsl();
  // Sends, or keeps behind what is kept already. False: the connection is broken.
  bool SendOut(ByteView ciphertext);
  // Sends from `ciphertext` until the socket is full; octets sent. nullopt: broken, Fail was
  // called.
  std::optional<std::size_t> SendSome(ByteView ciphertext);

  // ---- The kernel's records
  ReadOutcome ReadByKernel(std::span<std::uint8_t> out);
  bool WriteByKernel(ByteView record);
  // What OpenSSL, which reads, wanted to say while the kernel does the sending.
  bool SayForOpenSsl();
  KernelTlsFallback MoveToKernel(const KernelTlsWish& wish, const KernelTlsSupport& support);
  // nullopt: OpenSSL does not tell.
  [[nodiscard]] std::optional<crypto::TlsRecordKey> DeriveKey(TlsDirection direction,
                                                              crypto::TlsVersion version,
                                                              crypto::TlsAead aead) const;
  // Nothing of what the client sent is between the socket and Read's caller.
  [[nodiscard]] bool NothingInside() const;
  KernelTlsFallback MoveReceivingToKernel();
  void DropOpenSsl();

  UniqueFd fd_;
  Kernel& kernel_;
  ClientHelloFacts facts_;
  ConnectionRecords records_;
  std::unique_ptr<SSL, SslDeleter> ssl_;
  std::unique_ptr<KernelTls> kernel_tls_;  // absent: OpenSSL does both directions
  Turn* turn_ = nullptr;
  Bytes held_;                    // ciphertext received but not yet read by OpenSSL
  Bytes pending_;                 // ciphertext the socket did not take yet
  std::size_t pending_sent_ = 0;  // octets at the front of pending_ already sent
  HousekeepingBucket housekeeping_;
  KeyBudget budget_{KeyBudget::kGcmBlocks};
  // What OpenSSL said in vain: an alert, and a KeyUpdate that it was asked for.
  std::optional<std::array<std::uint8_t, 2>> unsaid_alert_;
  bool unsaid_key_update_ = false;
  RecordCursor received_;       // since EnableKernelTls, as long as receive_waits_
  bool receive_waits_ = false;  // OpenSSL receives until the kernel may
  bool receive_due_ = false;    // and the kernel may
  bool fallback_told_ = false;
  const char* version_ = "";  // OpenSSL's own constants
  const char* cipher_ = "";
  std::optional<LeafHashes> leaf_hashes_;
  bool corked_ = false;
  bool established_ = false;
  bool counting_records_ = true;
  bool end_of_tcp_ = false;
  int receive_errno_ = 0;
  bool failed_ = false;
  TlsFailure failure_kind_ = TlsFailure::kNone;
  bool shutdown_sent_ = false;
  std::string failure_;
};

}  // namespace sstpgw::edge
