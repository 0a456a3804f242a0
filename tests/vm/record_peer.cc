#include "tests/vm/record_peer.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>

#include "tests/client/connection.h"
#include "tests/support/dialer.h"

namespace sstpgw::test {

void RecordPeer::Deleter::operator()(SSL* ssl) const { SSL_free(ssl); }
void RecordPeer::Deleter::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

RecordPeer::RecordPeer(const Namespace& where, const ServerAddress& server,
                       const std::string& version)
    : context_(SSL_CTX_new(TLS_client_method())) {
  const int number = version == "1.2" ? TLS1_2_VERSION : TLS1_3_VERSION;
  SSL_CTX_set_min_proto_version(context_.get(), number);
  SSL_CTX_set_max_proto_version(context_.get(), number);
  ssl_.reset(SSL_new(context_.get()));
  in_ = BIO_new(BIO_s_mem());
  out_ = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl_.get(), in_, out_);
  SSL_set_connect_state(ssl_.get());
  std::optional<Result<int>> connected;
  where.Run([&] { connected = client::StartConnect(server.address, server.port); });
  if (!connected || !*connected) {
    ADD_FAILURE() << "connect: " << (connected ? connected->error().message : "no namespace");
    return;
  }
  fd_ = **connected;
  pollfd writable{fd_, POLLOUT, 0};
  ::poll(&writable, 1, static_cast<int>(kPatience.count()));
}

RecordPeer::~RecordPeer() {
  if (fd_ >= 0) ::close(fd_);
}

void RecordPeer::NoteEnd(int result) {
  if (end_ != End::kNone) return;
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_ZERO_RETURN) end_ = End::kCloseNotify;
  if (error == SSL_ERROR_SSL) {
    const int reason = ERR_GET_REASON(ERR_peek_last_error());
    end_ = reason > SSL_AD_REASON_OFFSET ? End::kAlert : End::kTcp;
    if (end_ == End::kAlert) alert_ = reason - SSL_AD_REASON_OFFSET;
  }
  ERR_clear_error();
}

bool RecordPeer::Fill(Deadline deadline) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      deadline - std::chrono::steady_clock::now());
  pollfd readable{fd_, POLLIN, 0};
  if (left.count() <= 0 || ::poll(&readable, 1, static_cast<int>(left.count())) != 1) return false;
  std::array<std::uint8_t, 16384> buffer;
  const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got <= 0) {
    tcp_ended_ = true;
    return false;
  }
  BIO_write(in_, buffer.data(), static_cast<int>(got));
  return true;
}

bool RecordPeer::Handshake(bool hold) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!SSL_is_init_finished(ssl_.get())) {
    const int result = SSL_connect(ssl_.get());
    NoteEnd(result);
    if (end_ != End::kNone) return false;
    const bool done = SSL_is_init_finished(ssl_.get()) == 1;
    if (!(done && hold) && !Push()) return false;
    if (!done && !Fill(deadline)) return false;
  }
  return true;
}

void RecordPeer::Write(std::string_view text) {
  std::size_t written = 0;
  EXPECT_EQ(SSL_write_ex(ssl_.get(), text.data(), text.size(), &written), 1);
}

void RecordPeer::UpdateKey(bool ask_for_answer) {
  EXPECT_EQ(SSL_key_update(ssl_.get(), ask_for_answer ? SSL_KEY_UPDATE_REQUESTED
                                                      : SSL_KEY_UPDATE_NOT_REQUESTED),
            1);
  EXPECT_EQ(SSL_do_handshake(ssl_.get()), 1);
}

void RecordPeer::Close() { SSL_shutdown(ssl_.get()); }

std::size_t RecordPeer::waiting() const { return output_.size() + BIO_ctrl_pending(out_); }

bool RecordPeer::Push(std::size_t octets) {
  Bytes more(BIO_ctrl_pending(out_));
  BIO_read(out_, more.data(), static_cast<int>(more.size()));
  output_.insert(output_.end(), more.begin(), more.end());
  octets = std::min(octets, output_.size());
  if (octets == 0) return true;
  const ssize_t sent = ::send(fd_, output_.data(), octets, MSG_NOSIGNAL);
  if (sent < 0) return false;
  output_.erase(output_.begin(), output_.begin() + sent);
  return static_cast<std::size_t>(sent) == octets;
}

std::string RecordPeer::Read(Deadline deadline) {
  std::array<char, 16384> buffer;
  std::size_t got = 0;
  for (;;) {
    const int result = SSL_read_ex(ssl_.get(), buffer.data(), buffer.size(), &got);
    if (result == 1) return {buffer.data(), got};
    NoteEnd(result);
    // Reading may have made an answer, to a KeyUpdate for example.
    if (!Push() || end_ != End::kNone || !Fill(deadline)) return {};
  }
}

std::string RecordPeer::ReadUntil(const std::string& mark, std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::string text;
  while (mark.empty() || text.find(mark) == std::string::npos) {
    const std::string more = Read(deadline);
    if (more.empty()) break;
    text += more;
  }
  return text;
}

bool RecordPeer::LogIn() {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  const client::ClientOptions options = TestUser();
  client::SystemEntropy entropy;
  const std::unique_ptr<X509, void (*)(X509*)> certificate(SSL_get1_peer_certificate(ssl_.get()),
                                                           X509_free);
  Bytes der(static_cast<std::size_t>(i2d_X509(certificate.get(), nullptr)));
  std::uint8_t* end = der.data();
  i2d_X509(certificate.get(), &end);
  client::ClientSession session(options, der, entropy, client::Now());
  for (;;) {
    const Bytes words = session.TakeOutput();
    if (!words.empty()) Write({reinterpret_cast<const char*>(words.data()), words.size()});
    if (!Push()) return false;
    if (session.phase() >= client::Phase::kUp) return session.phase() == client::Phase::kUp;
    const std::string answer = Read(deadline);
    if (answer.empty()) return false;
    session.Receive({reinterpret_cast<const std::uint8_t*>(answer.data()), answer.size()},
                    client::Now());
  }
}

RecordPeer::End RecordPeer::AwaitEnd(std::chrono::milliseconds timeout) {
  ReadUntil("", timeout);
  return end_ == End::kNone && tcp_ended_ ? End::kTcp : end_;
}

}  // namespace sstpgw::test
