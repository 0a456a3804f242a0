// The kernel's half of one TLS connection: keys given to it per direction, records sent and
// received through it with their types, and what the protocol asks of whoever does the records
// (RFC 8446 4.6.3, 5, 6; RFC 5246 6, 7.2).
//
//   sent      data; close_notify and other alerts; KeyUpdate when asked for or when our key is used
//             up (TLS 1.3, where the kernel takes new keys)
//   received  data; close_notify: end; other alerts: failure, TLS 1.2 warnings ignored; KeyUpdate:
//             the next key, or the end where the kernel cannot; a TLS 1.2 ClientHello: answered
//             with no_renegotiation; anything else: unexpected_message and failure
//
// A handshake message must fill its record, as those do that exist (KeyUpdate has 5 octets).
// Whatever is said to the peer at the end goes out as far as the socket takes it.
// Threads: one at a time. Everything in it is plain values but the kernel's side of the socket.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "gateway/crypto/tls_key_schedule.h"
#include "gateway/edge/housekeeping_bucket.h"
#include "gateway/edge/kernel.h"
#include "gateway/edge/kernel_tls_support.h"
#include "gateway/edge/key_budget.h"
#include "gateway/edge/record_queue.h"
#include "gateway/edge/tls_outcome.h"
#include "proto/base/secret.h"
#include "proto/base/types.h"

namespace sstpgw::edge {

enum class TlsDirection : std::uint8_t { kSend, kReceive };
enum class AlertLevel : std::uint8_t { kWarning = 1, kFatal = 2 };
enum class Cork : std::uint8_t { kOff, kOn };

class KernelTls {
 public:
  struct Parameters {
    crypto::TlsVersion version = crypto::TlsVersion::kTls13;
    crypto::TlsAead aead = crypto::TlsAead::kAes128Gcm;
    bool new_keys = false;       // as KernelTlsSupport
    bool early_wakeups = false;  // likewise
    KeyBudget budget;            // of one key
  };
  // One direction's key as the handshake left it.
  struct Start {
    const crypto::TlsRecordKey& key;
    std::uint64_t sequence = 0;  // records done under this key before
    Secret traffic_secret;       // TLS 1.3: what the next key is made of
  };

  // `kernel` and the connected TCP socket `fd` must outlive it.
  KernelTls(Kernel& kernel, int fd, const Parameters& parameters);

  // Makes the socket one that takes keys. Without them nothing changes for its users.
  KernelResult<void> Attach();
  // From now on the kernel does this direction's records. On failure nothing has changed.
  KernelResult<void> Install(TlsDirection direction, Start start);
  [[nodiscard]] bool sends() const { return sends_; }
  [[nodiscard]] bool receives() const { return receives_; }
  [[nodiscard]] bool early_wakeups() const { return parameters_.early_wakeups; }
  [[nodiscard]] crypto::TlsVersion version() const { return parameters_.version; }
  [[nodiscard]] crypto::TlsAead aead() const { return parameters_.aead; }

  // ---- Only if sends(). All return false when the connection is broken: see failure().

  // One record. What the socket does not take is kept and goes first the next time; kOn: all of it.
  bool Send(const PlainRecord& record, Cork cork);
  bool SendAlert(AlertLevel level, std::uint8_t description, Cork cork = Cork::kOff);
  bool Flush();
  // Octets kept, as plaintext.
  [[nodiscard]] std::size_t pending_bytes() const { return queue_.bytes(); }
  // A handshake message by which the peer asks for a KeyUpdate of ours.
  [[nodiscard]] static bool AsksForKeyUpdate(ByteView message);
  // A KeyUpdate, asking or not.
  [[nodiscard]] static bool IsKeyUpdate(ByteView message);
  // The answer to it. Fails where there is no next key.
  bool AnswerKeyUpdate();

  // ---- Only if receives().

  // As TlsStream::Read. With early_wakeups, kDrained means that the socket was asked and had
  // nothing, so that waiting edge-triggered is safe.
  ReadOutcome Receive(std::span<std::uint8_t> out);
  // The peer asked for a KeyUpdate of ours and somebody else sends. Once.
  [[nodiscard]] bool TakeKeyUpdateOwed() { return std::exchange(key_update_owed_, false); }

  // The first failure; kNone: none.
  [[nodiscard]] TlsFailure failed() const { return failed_; }
  [[nodiscard]] const std::string& failure() const { return failure_; }

 private:
  enum class Taken : std::uint8_t { kAll, kPart, kNothing, kBroken };
  struct Received {
    std::size_t bytes = 0;
    RecordType type = RecordType::kData;
    bool end_of_tcp = false;
    int error = 0;  // errno; then nothing else counts
  };

  // Always false; the first reason stays.
  bool Fail(TlsFailure kind, std::string reason);
  // Likewise, after telling the peer.
  bool FailWithAlert(TlsFailure kind, std::string reason, std::uint8_t description);
  // Likewise, with close_notify.
  bool FailInOrder(TlsFailure kind, std::string reason);
  // Gives one record to the socket. Sets `sent` with kAll and kPart.
  Taken Transmit(const PlainRecord& record, std::size_t& sent);
  Taken TransmitAsIs(const PlainRecord& record, std::size_t& sent);
  // As Send, also after a failure.
  bool Emit(const PlainRecord& record, Cork cork);
  bool QueueKeyUpdate();
  // The next key of a direction. False: there is none, or the kernel does not take it.
  bool Renew(TlsDirection direction);
  Received ReceiveOnce(std::span<std::uint8_t> out);
  // False: the connection is over, `status` says how.
  bool OnControlRecord(RecordType type, ByteView content, ReadStatus& status);
  bool OnAlert(ByteView content, ReadStatus& status);
  bool OnHandshakeRecord(ByteView content);
  void FailReceive(int errno_value);

  Kernel& kernel_;
  const int fd_;
  Parameters parameters_;
  HousekeepingBucket housekeeping_;
  KeyBudget budget_;
  RecordQueue queue_;
  Secret send_secret_;     // of the key in use; empty: there is no next one
  Secret receive_secret_;  // likewise
  bool sends_ = false;
  bool receives_ = false;
  bool closed_ = false;  // the peer said close_notify
  bool key_update_queued_ = false;
  bool key_update_owed_ = false;
  TlsFailure failed_ = TlsFailure::kNone;
  std::string failure_;
};

}  // namespace sstpgw::edge
