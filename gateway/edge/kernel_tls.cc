#include "gateway/edge/kernel_tls.h"

#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>

#include "gateway/edge/kernel_tls_key.h"

namespace sstpgw::edge {
namespace {

constexpr int kSolTls = 282;  // SOL_TLS, which libc's headers lack
// Less room than this is not offered to the kernel: a control record should fit.
constexpr std::size_t kControlRoom = 256;

// Calls of recvmsg in one Receive, if there is anything to show for them.
constexpr int kReceives = 16;

// Handshake types (RFC 8446 4).
constexpr std::uint8_t kClientHello = 1;
constexpr std::uint8_t kKeyUpdate = 24;
// update_not_requested, update_requested (RFC 8446 4.6.3).
constexpr std::array<std::uint8_t, 5> kOurKeyUpdate{kKeyUpdate, 0, 0, 1, 0};
constexpr std::array<std::uint8_t, 5> kAskingKeyUpdate{kKeyUpdate, 0, 0, 1, 1};

constexpr const char* kNoNextKey =
    "TLS: the peer wants new keys (KeyUpdate), which this kernel cannot be given";

std::string Words(int errno_value) { return std::generic_category().message(errno_value); }

bool Equal(ByteView a, ByteView b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

// Whether the record holds one ClientHello and nothing else.
bool IsWholeClientHello(ByteView content) {
  if (content.size() < 4 || content[0] != kClientHello) return false;
  const std::size_t length = (std::size_t{content[1]} << 16) | (content[2] << 8) | content[3];
  return length == content.size() - 4;
}

// The content type that the kernel put beside the data; data if none.
RecordType TypeIn(msghdr& message, bool& told) {
  told = false;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != kSolTls || part->cmsg_type != TLS_GET_RECORD_TYPE) continue;
    told = true;
    std::uint8_t type = 0;
    std::memcpy(&type, CMSG_DATA(part), 1);
    return static_cast<RecordType>(type);
  }
  return RecordType::kData;
}

}  // namespace

KernelTls::KernelTls(Kernel& kernel, int fd, const Parameters& parameters)
    : kernel_(kernel), fd_(fd), parameters_(parameters), budget_(parameters.budget) {}

// ---- Keys
// --------------------------------------------------------------------------------------

KernelResult<void> KernelTls::Attach() {
  constexpr std::string_view kName = "tls";
  return kernel_.SetSocketOption(
      fd_, IPPROTO_TCP, TCP_ULP,
      ByteView(reinterpret_cast<const std::uint8_t*>(kName.data()), kName.size()));
}

KernelResult<void> KernelTls::Install(TlsDirection direction, Start start) {
  const KernelTlsKey key(parameters_.version, parameters_.aead, start.key, start.sequence);
  if (key.value().empty()) return sstpgw::Fail(Errno(EINVAL));
  const bool send = direction == TlsDirection::kSend;
  const auto done = kernel_.SetSocketOption(fd_, kSolTls, send ? TLS_TX : TLS_RX, key.value());
  if (!done) return done;
  if (parameters_.new_keys) {
    (send ? send_secret_ : receive_secret_) = std::move(start.traffic_secret);
  }
  (send ? sends_ : receives_) = true;
  return {};
}

bool KernelTls::Renew(TlsDirection direction) {
  const bool send = direction == TlsDirection::kSend;
  Secret& secret = send ? send_secret_ : receive_secret_;
  if (secret.empty()) return false;
  Secret next = crypto::NextTrafficSecret(parameters_.aead, secret.Reveal());
  const crypto::TlsRecordKey key = crypto::DeriveRecordKey(parameters_.aead, next.Reveal());
  if (!Install(direction, {key, 0, std::move(next)})) return false;
  if (send) budget_.Renew();
  return true;
}

// ---- The end
// -----------------------------------------------------------------------------------

bool KernelTls::Fail(TlsFailure kind, std::string reason) {
  if (failed_ == TlsFailure::kNone) {
    failed_ = kind;
    failure_ = std::move(reason);
  }
  return false;
}

bool KernelTls::FailWithAlert(TlsFailure kind, std::string reason, std::uint8_t description) {
  Fail(kind, std::move(reason));
  const std::array<std::uint8_t, 2> alert{static_cast<std::uint8_t>(AlertLevel::kFatal),
                                          description};
  if (sends_) static_cast<void>(Emit({RecordType::kAlert, alert}, Cork::kOff));
  return false;
}

bool KernelTls::FailInOrder(TlsFailure kind, std::string reason) {
  Fail(kind, std::move(reason));
  constexpr std::array<std::uint8_t, 2> kGoodBye{static_cast<std::uint8_t>(AlertLevel::kWarning),
                                                 SSL_AD_CLOSE_NOTIFY};
  if (sends_) static_cast<void>(Emit({RecordType::kAlert, kGoodBye}, Cork::kOff));
  return false;
}

// ---- Sending
// -----------------------------------------------------------------------------------

KernelTls::Taken KernelTls::TransmitAsIs(const PlainRecord& record, std::size_t& sent) {
  iovec piece{const_cast<std::uint8_t*>(record.plaintext.data()), record.plaintext.size()};
  // Zeroed: the padding behind the type is handed over, too.
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(1)> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (record.type != RecordType::kData) {
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = kSolTls;
    header->cmsg_type = TLS_SET_RECORD_TYPE;
    header->cmsg_len = CMSG_LEN(1);
    std::memcpy(CMSG_DATA(header), &record.type, 1);
  }
  const auto taken = kernel_.SendMessage(fd_, message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (!taken) {
    const int error = taken.error().value();
    if (error == EAGAIN || error == EWOULDBLOCK) return Taken::kNothing;
    // What the receiving side stumbled over is told to whoever calls first.
    const bool received = error == EBADMSG || error == EMSGSIZE || error == EINVAL;
    if (receives_ && received && failed_ == TlsFailure::kNone) {
      FailReceive(error);
    } else {
      Fail(TlsFailure::kGone, "sending: " + Words(error));
    }
    return Taken::kBroken;
  }
  if (*taken == 0) return Taken::kNothing;
  sent = *taken;
  budget_.Take(sent);
  return sent < record.plaintext.size() ? Taken::kPart : Taken::kAll;
}

KernelTls::Taken KernelTls::Transmit(const PlainRecord& record, std::size_t& sent) {
  if (record.type == RecordType::kData && !budget_.Allows(record.plaintext.size())) {
    if (send_secret_.empty()) {
      queue_.Clear();  // nothing of it may be encrypted any more
      FailInOrder(TlsFailure::kKeyLimit, "TLS write: the key's AEAD limit is reached");
      return Taken::kBroken;
    }
    std::size_t update = 0;
    const Taken taken = TransmitAsIs({RecordType::kHandshake, kOurKeyUpdate}, update);
    if (taken != Taken::kAll) return taken == Taken::kBroken ? taken : Taken::kNothing;
    if (!Renew(TlsDirection::kSend)) {
      Fail(TlsFailure::kKeyLimit, "TLS write: the kernel refuses the next key");
      return Taken::kBroken;
    }
  }
  const Taken taken = TransmitAsIs(record, sent);
  if (taken == Taken::kAll && record.type == RecordType::kHandshake) {
    // A KeyUpdate is the only such record of ours: the next one is under the next key.
    key_update_queued_ = false;
    if (!Renew(TlsDirection::kSend)) {
      Fail(TlsFailure::kKeyUpdate, "TLS write: the kernel refuses the next key");
      return Taken::kBroken;
    }
  }
  return taken;
}

bool KernelTls::Emit(const PlainRecord& record, Cork cork) {
  if (cork == Cork::kOff && !queue_.empty() && !Flush()) return false;
  PlainRecord rest = record;
  while (cork == Cork::kOff && queue_.empty() && !rest.plaintext.empty()) {
    std::size_t sent = 0;
    const Taken taken = Transmit(rest, sent);
    if (taken == Taken::kBroken) return false;
    if (taken == Taken::kNothing) break;
    rest.plaintext = rest.plaintext.subspan(sent);
  }
  queue_.Add(rest);
  return true;
}

bool KernelTls::Send(const PlainRecord& record, Cork cork) {
  return failed_ == TlsFailure::kNone && Emit(record, cork);
}

bool KernelTls::SendAlert(AlertLevel level, std::uint8_t description, Cork cork) {
  const std::array<std::uint8_t, 2> alert{static_cast<std::uint8_t>(level), description};
  return Send({RecordType::kAlert, alert}, cork);
}

bool KernelTls::Flush() {
  while (!queue_.empty()) {
    std::size_t sent = 0;
    const Taken taken = Transmit(queue_.front(), sent);
    if (taken == Taken::kNothing) return true;
    if (taken == Taken::kBroken) {
      queue_.Clear();  // nobody will ever get it
      return false;
    }
    queue_.RemoveFront(sent);
  }
  return true;
}

bool KernelTls::QueueKeyUpdate() {
  if (send_secret_.empty()) return FailInOrder(TlsFailure::kKeyUpdate, kNoNextKey);
  key_update_queued_ = true;
  queue_.Add({RecordType::kHandshake, kOurKeyUpdate});
  return Flush();
}

bool KernelTls::AsksForKeyUpdate(ByteView message) { return Equal(message, kAskingKeyUpdate); }

bool KernelTls::IsKeyUpdate(ByteView message) {
  return AsksForKeyUpdate(message) || Equal(message, kOurKeyUpdate);
}

bool KernelTls::AnswerKeyUpdate() {
  // One answer does for all that was asked before it leaves.
  return key_update_queued_ || QueueKeyUpdate();
}

// ---- Receiving
// ---------------------------------------------------------------------------------

KernelTls::Received KernelTls::ReceiveOnce(std::span<std::uint8_t> out) {
  iovec piece{out.data(), out.size()};
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(1)> control{};
  msghdr message{};
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  Received received;
  const auto got = kernel_.ReceiveMessage(fd_, message, MSG_DONTWAIT);
  if (!got) {
    received.error = got.error().value();
    return received;
  }
  bool told = false;
  received.bytes = *got;
  received.type = TypeIn(message, told);
  received.end_of_tcp = *got == 0 && !told;
  return received;
}

ReadOutcome KernelTls::Receive(std::span<std::uint8_t> out) {
  ReadOutcome outcome{0, ReadStatus::kFull};
  if (failed_ != TlsFailure::kNone) return {0, ReadStatus::kFailed};
  if (closed_) return {0, ReadStatus::kClosed};
  for (int calls = 0; outcome.bytes == 0 || out.size() - outcome.bytes >= kControlRoom; ++calls) {
    // Whoever sends little at a time, all the time, gets a further turn.
    if (calls >= kReceives && outcome.bytes > 0) break;
    const std::span<std::uint8_t> room = out.subspan(outcome.bytes);
    const Received received = ReceiveOnce(room);
    if (received.error == EAGAIN || received.error == EWOULDBLOCK) {
      outcome.status = ReadStatus::kDrained;
      break;
    }
    if (received.error != 0) {
      FailReceive(received.error);
      break;
    }
    if (received.end_of_tcp) {
      Fail(TlsFailure::kGone, "TLS read: connection closed by peer");
      break;
    }
    if (received.type != RecordType::kData || received.bytes == 0) {
      if (!OnControlRecord(received.type, room.first(received.bytes), outcome.status)) break;
      continue;
    }
    outcome.bytes += received.bytes;
    // Less than there was room for is all that there was; what comes later is told.
    if (!parameters_.early_wakeups && received.bytes < room.size()) {
      outcome.status = ReadStatus::kDrained;
      break;
    }
  }
  if (failed_ != TlsFailure::kNone) outcome.status = ReadStatus::kFailed;
  return outcome;
}

void KernelTls::FailReceive(int errno_value) {
  // The error stays on the socket and would refuse our alert.
  std::array<std::uint8_t, sizeof(int)> cleared{};
  static_cast<void>(kernel_.GetSocketOption(fd_, SOL_SOCKET, SO_ERROR, cleared));
  switch (errno_value) {
    case EBADMSG:
      FailWithAlert(TlsFailure::kBadRecord, "TLS read: a record does not decrypt (bad record MAC)",
                    SSL_AD_BAD_RECORD_MAC);
      return;
    case EMSGSIZE:
      FailWithAlert(TlsFailure::kBadRecord, "TLS read: a record is too long",
                    SSL_AD_RECORD_OVERFLOW);
      return;
    case EINVAL:
      FailWithAlert(TlsFailure::kBadRecord, "TLS read: a record's header is malformed",
                    SSL_AD_PROTOCOL_VERSION);
      return;
    case EKEYEXPIRED:
      FailInOrder(TlsFailure::kKeyUpdate, kNoNextKey);
      return;
    default:
      Fail(TlsFailure::kGone, "TLS read: " + Words(errno_value));
  }
}

bool KernelTls::OnControlRecord(RecordType type, ByteView content, ReadStatus& status) {
  if (!housekeeping_.Take(std::chrono::steady_clock::now())) {
    return Fail(TlsFailure::kFlood, "TLS read: peer floods with messages that carry no data");
  }
  switch (type) {
    case RecordType::kData:  // an empty one
      return true;
    case RecordType::kAlert:
      return OnAlert(content, status);
    case RecordType::kHandshake:
      return OnHandshakeRecord(content);
    default:
      return FailWithAlert(
          TlsFailure::kProtocol,
          "TLS read: unexpected record of type " + std::to_string(static_cast<unsigned>(type)),
          SSL_AD_UNEXPECTED_MESSAGE);
  }
}

bool KernelTls::OnAlert(ByteView content, ReadStatus& status) {
  if (content.size() != 2) {
    return FailWithAlert(TlsFailure::kProtocol, "TLS read: malformed alert", SSL_AD_DECODE_ERROR);
  }
  if (content[1] == SSL_AD_CLOSE_NOTIFY) {
    closed_ = true;
    status = ReadStatus::kClosed;
    return false;
  }
  // RFC 8446 6: levels mean nothing any more, but this one is followed by close_notify.
  const bool harmless = parameters_.version == crypto::TlsVersion::kTls13
                            ? content[1] == SSL_AD_USER_CANCELLED
                            : content[0] == static_cast<std::uint8_t>(AlertLevel::kWarning);
  if (harmless) return true;
  return Fail(TlsFailure::kAlert,
              std::string("TLS read: peer sent alert: ") + SSL_alert_desc_string_long(content[1]));
}

bool KernelTls::OnHandshakeRecord(ByteView content) {
  if (parameters_.version == crypto::TlsVersion::kTls12 && IsWholeClientHello(content)) {
    return !sends_ || SendAlert(AlertLevel::kWarning, SSL_AD_NO_RENEGOTIATION);
  }
  const bool asking = AsksForKeyUpdate(content);
  if (parameters_.version == crypto::TlsVersion::kTls12 || !IsKeyUpdate(content)) {
    return FailWithAlert(TlsFailure::kProtocol, "TLS read: unexpected handshake message",
                         SSL_AD_UNEXPECTED_MESSAGE);
  }
  if (!Renew(TlsDirection::kReceive)) return FailInOrder(TlsFailure::kKeyUpdate, kNoNextKey);
  if (!asking) return true;
  if (sends_) return AnswerKeyUpdate();
  key_update_owed_ = true;
  return true;
}

}  // namespace sstpgw::edge
