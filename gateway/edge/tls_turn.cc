#include "gateway/edge/tls_turn.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace sstpgw::edge {
namespace {

// Received in one piece: what a socket with default buffers holds when its reader is busy.
constexpr std::size_t kReceiveRoom = 128 * 1024;
// A record's plaintext, header and tag (RFC 8446 5.2): what a receive may bring beyond the room the
// caller has left.
constexpr std::size_t kRecordRoom = 16384 + 256 + 5;
// What one call of Handshake takes in, and about what such a Read does, so that nobody who sends
// without end holds the thread. The longest honest client needs two.
constexpr std::size_t kHandshakeRoom = 32 * 1024;
// Calls of recv, two for a record, that one Read of an established connection may make while only
// whole records are taken out of the socket. A login needs a dozen.
constexpr int kPulls = 128;
// A thread's send buffer that grew beyond this is given back.
constexpr std::size_t kSendRoomKept = 1024 * 1024;

}  // namespace

// Borrowed by one Turn at a time; nothing survives in them between calls.
struct TlsStream::Turn::Buffers {
  Bytes receive = Bytes(kReceiveRoom);
  Bytes send;
};

TlsStream::Turn::Buffers& TlsStream::Turn::OfThisThread() {
  thread_local Buffers buffers;
  return buffers;
}

TlsStream::Turn::Turn(TlsStream& stream, std::size_t room)
    : stream_(stream), buffers_(OfThisThread()), input_(stream.held_) {
  buffers_.send.clear();
  receive_limit_ = std::min(kReceiveRoom, room + kRecordRoom);
  stream_.turn_ = this;
  ERR_clear_error();
}

int TlsStream::Turn::Pull(std::span<std::uint8_t> out) {
  if (!stream_.established_) return PullFromSocket(out);
  if (stream_.receive_waits_) return PullRecords(out);
  if (stream_.failed_ || (input_.empty() && !Receive())) return -1;
  const std::size_t length = std::min(out.size(), input_.size());
  std::copy_n(input_.begin(), length, out.begin());
  input_ = input_.subspan(length);
  return static_cast<int>(length);
}

void TlsStream::Turn::Push(ByteView ciphertext) {
  // Not by the kernel's keys and sequence: what it says is sent by SayForOpenSsl.
  if (stream_.kernel_sends()) return;
  buffers_.send.insert(buffers_.send.end(), ciphertext.begin(), ciphertext.end());
}

bool TlsStream::Turn::Finish() {
  if (input_.data() != stream_.held_.data() || input_.size() != stream_.held_.size()) {
    stream_.held_ = Bytes(input_.begin(), input_.end());
    stream_.held_.shrink_to_fit();
  }
  input_ = {};
  const bool ok = buffers_.send.empty() || stream_.SendOut(buffers_.send);
  if (buffers_.send.capacity() > kSendRoomKept) Bytes().swap(buffers_.send);
  return ok;
}

bool TlsStream::Turn::Receive() {
  if (received_) return true;
  received_ = true;
  const ssize_t got = ReceiveInto(std::span(buffers_.receive).first(receive_limit_));
  if (got <= 0) return got == 0;
  input_ = ByteView(buffers_.receive).first(static_cast<std::size_t>(got));
  // A short count means the socket is empty for now; epoll tells when that changes.
  more_waiting_ = static_cast<std::size_t>(got) == receive_limit_;
  return true;
}

int TlsStream::Turn::PullFromSocket(std::span<std::uint8_t> out) {
  if (pulled_ >= kHandshakeRoom) return 0;
  const ssize_t got = ReceiveInto(out);
  if (got > 0) pulled_ += static_cast<std::size_t>(got);
  return static_cast<int>(got);
}

int TlsStream::Turn::PullRecords(std::span<std::uint8_t> out) {
  if (stream_.failed_) return -1;
  // Never in the middle of a record, so that there is a time at which nothing of one is inside.
  if (stream_.received_.between_records() && (pulled_ >= kHandshakeRoom || pulls_ >= kPulls)) {
    more_waiting_ = true;
    return 0;
  }
  ++pulls_;
  const ssize_t got = ReceiveInto(out);
  if (got <= 0) return static_cast<int>(got);
  const auto octets = static_cast<std::size_t>(got);
  pulled_ += octets;
  stream_.received_.Advance(out.first(octets));
  return static_cast<int>(got);
}

ssize_t TlsStream::Turn::ReceiveInto(std::span<std::uint8_t> out) {
  ssize_t got = 0;
  do {
    got = ::recv(stream_.fd_.get(), out.data(), out.size(), MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  if (got > 0) return got;
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return 0;
  if (got == 0) {
    stream_.end_of_tcp_ = true;
  } else {
    stream_.receive_errno_ = errno;
  }
  return -1;
}

int TlsStream::Bio::Read(BIO* bio, char* out, int size) {
  BIO_clear_retry_flags(bio);
  Turn* const turn = StreamOf(bio).turn_;
  if (turn == nullptr || size <= 0) return -1;
  const int got =
      turn->Pull({reinterpret_cast<std::uint8_t*>(out), static_cast<std::size_t>(size)});
  if (got == 0) BIO_set_retry_read(bio);
  return got > 0 ? got : -1;
}

int TlsStream::Bio::Write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  Turn* const turn = StreamOf(bio).turn_;
  if (turn == nullptr || size < 0) return -1;
  turn->Push({reinterpret_cast<const std::uint8_t*>(bytes), static_cast<std::size_t>(size)});
  return size;
}

long TlsStream::Bio::Control(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return StreamOf(bio).end_of_tcp_ ? 1 : 0;
  return 0;
}

const BIO_METHOD* TlsStream::Bio::Method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tls stream");
    BIO_meth_set_read(made, Read);
    BIO_meth_set_write(made, Write);
    BIO_meth_set_ctrl(made, Control);
    return made;
  }();
  return method;
}

}  // namespace sstpgw::edge
