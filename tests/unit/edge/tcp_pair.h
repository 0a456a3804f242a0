// Both ends of a TCP connection over loopback; both block.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <utility>

#include "gateway/edge/unique_fd.h"

namespace sstpgw::edge {

struct TcpPair {
  UniqueFd client;
  UniqueFd server;
};

inline TcpPair ConnectTcpPair() {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(here);
  auto* const address = reinterpret_cast<sockaddr*>(&here);
  EXPECT_EQ(::bind(listener.get(), address, length), 0);
  EXPECT_EQ(::listen(listener.get(), 1), 0);
  EXPECT_EQ(::getsockname(listener.get(), address, &length), 0);
  UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(client.get(), address, length), 0);
  UniqueFd server(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  EXPECT_GE(server.get(), 0);
  return {std::move(client), std::move(server)};
}

}  // namespace sstpgw::edge
