#include "tests/support/handshake_flood.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <memory>
#include <vector>

#include "tests/client/tls_connection.h"

namespace sstpgw::test {
namespace {

using client::TlsConnection;

// Half-open ones that are replaced in one turn.
constexpr std::size_t kReplaced = 8;
constexpr int kPollMilliseconds = 20;
// The head of a TLS record with a ClientHello of 512 octets, of which only the type comes.
constexpr std::array<std::uint8_t, 6> kBeginning{0x16, 3, 1, 2, 0, 1};

struct Slot {
  std::unique_ptr<TlsConnection> tls;
  short wanted = 0;
};

}  // namespace

HandshakeFlood::HandshakeFlood(const Namespace& where, const ServerAddress& server,
                               const Size& size)
    : where_(where), server_(server), thread_([this, size] { Run(size); }) {}

HandshakeFlood::~HandshakeFlood() {
  stop_ = true;
  thread_.join();
}

void HandshakeFlood::Run(const Size& size) {
  const auto context = client::TlsClientContext::Make(NotVerified());
  const auto connect = [this] {
    return client::StartConnect(server_.address, server_.port).value_or(-1);
  };
  where_.Run([&] {
    std::vector<Slot> slots(size.complete);
    std::deque<int> begun;
    while (!stop_) {
      for (std::size_t i = 0; i < kReplaced && size.half_open > 0; ++i) {
        begun.push_back(connect());
        if (begun.size() <= size.half_open) continue;
        // By now it is connected.
        send(begun[size.half_open / 2], kBeginning.data(), kBeginning.size(), MSG_NOSIGNAL);
        close(begun.front());
        begun.pop_front();
        ++begun_;
      }
      std::vector<pollfd> waiting;
      for (Slot& slot : slots) {
        if (!slot.tls) {
          const int fd = connect();
          if (fd >= 0) slot.tls = std::make_unique<TlsConnection>(*context, fd);
          slot.wanted = POLLOUT;
        }
        waiting.push_back({slot.tls ? slot.tls->fd() : -1, slot.wanted, 0});
      }
      poll(waiting.data(), waiting.size(), kPollMilliseconds);
      for (std::size_t i = 0; i < slots.size(); ++i) {
        if (waiting[i].revents == 0) continue;
        const auto progress = slots[i].tls->Handshake();
        const bool done = progress && *progress == TlsConnection::Progress::kDone;
        if (done) ++completed_;
        if (done || !progress) {
          slots[i].tls.reset();
        } else {
          slots[i].wanted = *progress == TlsConnection::Progress::kWantWrite ? POLLOUT : POLLIN;
        }
      }
    }
    for (const int fd : begun) close(fd);
  });
}

}  // namespace sstpgw::test
