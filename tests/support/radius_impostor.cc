#include "tests/support/radius_impostor.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <vector>

#include "tests/support/radius_wire.h"

namespace sstpgw::test {
namespace {

constexpr std::uint8_t kFramedIpAddress = 8;
constexpr std::uint8_t kMessageAuthenticator = 80;
constexpr int kLookUpMilliseconds = 50;  // how late it may hear that it is to end

sockaddr_in At(const std::string& address, std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  EXPECT_EQ(inet_pton(AF_INET, address.c_str(), &at.sin_addr), 1) << address;
  return at;
}

// An authenticator out of thin air, one that was signed with another secret, one without
// Message-Authenticator, one that is cut off, one whose attribute lies.
std::vector<Bytes> Forgeries(ByteView request) {
  const Bytes address{10, 66, 6, 6};
  const RadiusAttributes attributes{{kMessageAuthenticator, Bytes(16, 0x5a)},
                                    {kFramedIpAddress, address}};
  const std::uint8_t id = request[1];
  std::vector<Bytes> packets;
  packets.push_back(MakeRadius(kAccessAccept, id, Bytes(16, 0x11), attributes));
  packets.push_back(SignedRequest(kAccessAccept, id, attributes, "guessed"));
  packets.push_back(
      MakeRadius(kAccessAccept, id, request.subspan(4, 16), {{kFramedIpAddress, address}}));
  packets.push_back(packets[0]);
  packets.back().resize(packets.back().size() - 3);
  packets.push_back(packets[0]);
  packets.back()[21] = 0;
  return packets;
}

}  // namespace

RadiusImpostor::RadiusImpostor(const Namespace& where, const std::string& address,
                               const std::string& server, std::uint16_t port) {
  where.Run([this] {
    front_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    back_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  });
  const sockaddr_in here = At(address, port);
  const sockaddr_in there = At(server, port);
  EXPECT_EQ(bind(front_, reinterpret_cast<const sockaddr*>(&here), sizeof here), 0) << address;
  EXPECT_EQ(connect(back_, reinterpret_cast<const sockaddr*>(&there), sizeof there), 0) << server;
  thread_ = std::thread([this] { Work(); });
}

RadiusImpostor::~RadiusImpostor() {
  ending_ = true;
  thread_.join();
  close(front_);
  close(back_);
}

void RadiusImpostor::Work() {
  sockaddr_in asker{};
  std::array<std::uint8_t, 4096> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  while (!ending_) {
    std::array<pollfd, 2> waiting{{{front_, POLLIN, 0}, {back_, POLLIN, 0}}};
    poll(waiting.data(), waiting.size(), kLookUpMilliseconds);
    auto* const from = reinterpret_cast<sockaddr*>(&asker);
    if ((waiting[0].revents & POLLIN) != 0) {
      socklen_t size = sizeof asker;
      const ssize_t got = recvfrom(front_, buffer.data(), buffer.size(), 0, from, &size);
      if (got < 20) continue;
      const ByteView request(buffer.data(), static_cast<std::size_t>(got));
      for (const Bytes& packet : Forgeries(request)) {
        sendto(front_, packet.data(), packet.size(), 0, from, sizeof asker);
        ++forged_;
      }
      send(back_, request.data(), request.size(), 0);
    }
    if ((waiting[1].revents & POLLIN) != 0) {
      const ssize_t got = recv(back_, buffer.data(), buffer.size(), 0);
      if (got <= 0) continue;
      sendto(front_, buffer.data(), static_cast<std::size_t>(got), 0, from, sizeof asker);
      ++passed_;
    }
  }
}

}  // namespace sstpgw::test
