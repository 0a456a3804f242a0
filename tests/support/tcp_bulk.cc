#include "tests/support/tcp_bulk.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <system_error>
#include <vector>

#include "proto/base/text.h"
#include "tests/support/packet_builder.h"

namespace sstpgw::test {
namespace {

constexpr std::size_t kPiece = 65536;
using Clock = std::chrono::steady_clock;

std::string Errno(const char* what) {
  return std::string(what) + ": " + std::generic_category().message(errno);
}

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
  }
  void Add(ByteView octets) { EVP_DigestUpdate(context_.get(), octets.data(), octets.size()); }
  std::string Finish() {
    Bytes digest(32);
    EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr);
    return ToHex(digest);
  }

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

// A connected pair; both -1 with a reason if it did not work.
struct Pair {
  int sender = -1;
  int receiver = -1;
  std::string error;
};

Pair Connect(const Namespace& from, const Namespace& to, const std::string& address,
             std::chrono::seconds timeout) {
  Pair pair;
  int listener = -1;
  from.Run([&] { pair.sender = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); });
  to.Run([&] { listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); });
  const timeval patience{timeout.count(), 0};
  for (const int fd : {pair.sender, listener}) {
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }
  sockaddr_in where{};
  where.sin_family = AF_INET;
  inet_pton(AF_INET, address.c_str(), &where.sin_addr);
  socklen_t length = sizeof where;
  auto* const plain = reinterpret_cast<sockaddr*>(&where);
  if (bind(listener, plain, length) != 0 || listen(listener, 1) != 0 ||
      getsockname(listener, plain, &length) != 0) {
    pair.error = Errno("listen");
  } else if (connect(pair.sender, plain, length) != 0) {
    pair.error = Errno("connect");
  } else if ((pair.receiver = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)) < 0) {
    pair.error = Errno("accept");
  } else {
    setsockopt(pair.receiver, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  close(listener);
  return pair;
}

std::string SendAll(int fd, ByteView octets) {
  while (!octets.empty()) {
    const ssize_t sent = send(fd, octets.data(), octets.size(), MSG_NOSIGNAL);
    if (sent <= 0) return Errno("send");
    octets = octets.subspan(static_cast<std::size_t>(sent));
  }
  return {};
}

}  // namespace

BulkResult TransferTcp(const Namespace& from, const Namespace& to, const std::string& address,
                       std::uint64_t octets, std::chrono::seconds timeout) {
  BulkResult result;
  const auto began = Clock::now();
  const Pair pair = Connect(from, to, address, timeout);
  result.error = pair.error;
  if (!result.error.empty()) return result;
  std::string sending_error;
  std::thread sending([&] {
    Sha256 hash;
    for (std::uint64_t at = 0; at < octets && sending_error.empty(); at += kPiece) {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, octets - at));
      const Bytes piece = Filler(at + 1, size);
      hash.Add(piece);
      sending_error = SendAll(pair.sender, piece);
    }
    shutdown(pair.sender, SHUT_WR);
    result.sent_sha256 = hash.Finish();
  });
  Sha256 hash;
  Bytes buffer(kPiece);
  ssize_t got = 0;
  while ((got = recv(pair.receiver, buffer.data(), buffer.size(), 0)) > 0) {
    hash.Add(ByteView(buffer).first(static_cast<std::size_t>(got)));
    result.received += static_cast<std::uint64_t>(got);
  }
  if (got < 0) result.error = Errno("receive");
  sending.join();
  if (result.error.empty()) result.error = sending_error;
  result.received_sha256 = hash.Finish();
  result.seconds = std::chrono::duration<double>(Clock::now() - began).count();
  close(pair.sender);
  close(pair.receiver);
  return result;
}

TcpFlow::TcpFlow(const Namespace& from, const Namespace& to, const std::string& address) {
  const Pair pair = Connect(from, to, address, std::chrono::seconds(30));
  sender_ = pair.sender;
  receiver_ = pair.receiver;
  EXPECT_EQ(pair.error, "");
  if (!pair.error.empty()) return;
  sending_ = std::thread([this] {
    const Bytes piece = Filler(1, kPiece);
    while (!stop_ && SendAll(sender_, piece).empty()) {
    }
  });
  receiving_ = std::thread([this] {
    Bytes buffer(kPiece);
    ssize_t got = 0;
    while (!stop_ && (got = recv(receiver_, buffer.data(), buffer.size(), 0)) > 0) {
      received_ += static_cast<std::uint64_t>(got);
    }
  });
}

TcpFlow::~TcpFlow() {
  stop_ = true;
  for (const int fd : {sender_, receiver_}) shutdown(fd, SHUT_RDWR);
  if (sending_.joinable()) sending_.join();
  if (receiving_.joinable()) receiving_.join();
  for (const int fd : {sender_, receiver_}) {
    if (fd >= 0) close(fd);
  }
}

bool TcpFlow::WaitProgress(std::uint64_t octets, std::chrono::milliseconds timeout) const {
  const std::uint64_t wanted = received_ + octets;
  return WaitUntil([&] { return received_ >= wanted; }, timeout);
}

double TcpFlow::Rate(std::chrono::milliseconds watched) const {
  const std::uint64_t before = received_;
  const auto began = Clock::now();
  std::this_thread::sleep_for(watched);
  return static_cast<double>(received_ - before) /
         std::chrono::duration<double>(Clock::now() - began).count();
}

}  // namespace sstpgw::test
