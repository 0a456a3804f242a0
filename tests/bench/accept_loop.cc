// The least that a TLS server does with a client: accept, handshake, close_notify, close; blocking,
// one connection after the other per thread. The measure for what a session's set-up costs beyond
// TLS (tests/bench/setup.py); its SSL_CTX is the gateway's own, so that the settings are the same.
//
//   sstp-bench-accept-loop PORT CERTIFICATE.pem KEY.pem THREADS
//
// Prints "listening" and goes on until it is killed.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "gateway/edge/tls_context.h"

namespace {

using sstpgw::edge::TlsContext;

std::string Contents(const char* file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

int Listen(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  if (!bound || listen(fd, SOMAXCONN) != 0) {
    std::perror("accept_loop: listen");
    std::exit(1);
  }
  return fd;
}

void Serve(SSL_CTX* context, int listener) {
  while (true) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    SSL* const ssl = SSL_new(context);
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1) SSL_shutdown(ssl);
    SSL_free(ssl);
    close(fd);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: sstp-bench-accept-loop PORT CERTIFICATE KEY THREADS\n", stderr);
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  sstpgw::TlsSettings settings;
  settings.certificate_chain_pem = Contents(argv[2]);
  settings.private_key_pem = sstpgw::Secret(Contents(argv[3]));
  const auto context = TlsContext::Create(settings, "");
  if (!context) {
    std::fprintf(stderr, "accept_loop: %s\n", context.error().message.c_str());
    return 1;
  }
  const int listener = Listen(static_cast<std::uint16_t>(std::atoi(argv[1])));
  std::puts("listening");
  std::fflush(stdout);
  std::vector<std::thread> threads;
  for (int i = std::atoi(argv[4]); i > 0; --i) {
    threads.emplace_back([&] { Serve((*context)->native(), listener); });
  }
  for (std::thread& thread : threads) thread.join();
  return 0;
}
