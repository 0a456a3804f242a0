#include "tests/client/connection.h"

#include <poll.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace sstpgw::client {
namespace {

constexpr std::size_t kRecord = 16384;  // RFC 8446 5.1
constexpr int kReadsPerTurn = 64;       // a flood cannot keep others from their turn

}  // namespace

void SystemEntropy::Fill(std::span<std::uint8_t> out) {
  if (getentropy(out.data(), out.size()) != 0) std::abort();
}

TimePoint Now() { return std::chrono::steady_clock::now(); }

Connection::Connection(const TlsClientContext& context, int fd, const ClientOptions& options,
                       Entropy& entropy)
    : tls_(context, fd),
      options_(options),
      entropy_(entropy),
      handshake_deadline_(Now() + options.setup_timeout) {}

short Connection::wanted_events() const {
  return static_cast<short>(POLLIN | (want_write_ || backlog() > 0 ? POLLOUT : 0));
}

std::optional<TimePoint> Connection::Deadline() const {
  if (finished()) return std::nullopt;
  return session_ ? session_->Deadline() : std::optional<TimePoint>(handshake_deadline_);
}

bool Connection::finished() const {
  return broken_ || (session_ && session_->phase() == Phase::kClosed && backlog() == 0);
}

Failure Connection::failure() const { return session_ ? session_->failure() : early_failure_; }

void Connection::Broken(FailureKind kind, const std::string& detail) {
  broken_ = true;
  if (session_) {
    session_->ConnectionLost(detail);
  } else {
    early_failure_ = {kind, detail};
  }
}

void Connection::Handshake() {
  const Result<TlsConnection::Progress> progress = tls_.Handshake();
  if (!progress) {
    Broken(FailureKind::kConnectionLost, progress.error().message);
    return;
  }
  want_write_ = *progress == TlsConnection::Progress::kWantWrite;
  if (*progress != TlsConnection::Progress::kDone) {
    if (Now() >= handshake_deadline_) Broken(FailureKind::kTimeout, "TLS handshake");
    return;
  }
  tls_up_ = true;
  if (handshake_only) return;
  session_.emplace(options_, tls_.CertificateDer(), entropy_, Now());
  if (on_ip_packet) session_->OnIpPacket(on_ip_packet);
}

void Connection::AwaitEnd() {
  std::array<std::uint8_t, 256> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  if (tls_.Read(buffer)) {
    if (Now() >= handshake_deadline_) Broken(FailureKind::kTimeout, "the server's close");
    return;
  }
  tls_.Shutdown();
  broken_ = true;
}

std::size_t Connection::Fill(std::span<std::uint8_t> buffer) {
  std::size_t filled = 0;
  while (buffer.size() - filled >= kRecord) {
    const Result<std::size_t> size = tls_.Read(buffer.subspan(filled));
    if (!size) {
      ended_ = size.error().message;
      break;
    }
    if (*size == 0) break;
    if (on_record) on_record(buffer.subspan(filled, *size));
    filled += *size;
  }
  return filled;
}

void Connection::ReadAll() {
  std::array<std::uint8_t, kRecord> record;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  const bool bulk = !bulk_buffer_.empty();
  const std::span<std::uint8_t> buffer = bulk ? std::span(bulk_buffer_) : std::span(record);
  for (int reads = 0; reads < (bulk ? 1 : kReadsPerTurn); ++reads) {
    const std::size_t size = Fill(buffer);
    if (size > 0) {
      session_->Receive(buffer.first(size), Now());
      if (on_receive_end) on_receive_end();
    }
    if (ended_) Broken(FailureKind::kConnectionLost, *ended_);
    if (ended_ || size == 0) return;
  }
}

void Connection::BeginBulk(std::size_t read_size) {
  if (read_size > 0) bulk_buffer_.resize(std::max(read_size, kRecord));
  tls_.UseBuffers(read_size);
}

void Connection::WriteRecord(ByteView frames) {
  if (broken_) return;
  const Result<std::size_t> size = tls_.Write(frames);
  if (!size) Broken(FailureKind::kConnectionLost, size.error().message);
}

void Connection::Flush() {
  if (broken_) return;
  const Result<bool> done = tls_.Flush();
  if (!done) Broken(FailureKind::kConnectionLost, done.error().message);
}

void Connection::TakeOutput() {
  if (written_ == output_.size()) {
    output_ = session_->TakeOutput();
    written_ = 0;
    return;
  }
  const Bytes more = session_->TakeOutput();
  output_.insert(output_.end(), more.begin(), more.end());
}

void Connection::WriteAll() {
  TakeOutput();
  while (written_ < output_.size() && !broken_) {
    const Result<std::size_t> size = tls_.Write(ByteView(output_).subspan(written_));
    if (!size) {
      Broken(FailureKind::kConnectionLost, size.error().message);
      return;
    }
    if (*size == 0) return;
    written_ += *size;
  }
  Flush();
  if (session_->phase() == Phase::kClosed) tls_.Shutdown();
}

void Connection::Run() {
  if (finished()) return;
  if (!tls_up_) Handshake();
  if (tls_up_ && handshake_only) AwaitEnd();
  if (!session_ || broken_) return;
  const std::optional<TimePoint> due = session_->Deadline();
  if (due && Now() >= *due) session_->Tick(Now());
  WriteAll();
  if (!broken_ && session_->phase() != Phase::kClosed) ReadAll();
  if (!broken_) WriteAll();
}

bool DriveUntil(Connection& connection, const std::function<bool(Connection&)>& done,
                Duration timeout) {
  const TimePoint end = Now() + timeout;
  while (true) {
    connection.Run();
    if (done(connection)) return true;
    const TimePoint now = Now();
    if (connection.finished() || now >= end) return false;
    TimePoint wake = end;
    if (const auto due = connection.Deadline()) wake = std::min(wake, *due);
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(wake - now).count();
    pollfd waiting{connection.fd(), connection.wanted_events(), 0};
    poll(&waiting, 1, static_cast<int>(std::clamp<std::int64_t>(wait, 0, 60000)));
  }
}

}  // namespace sstpgw::client
