// What TLS itself can do over a path: one stream of full records, nothing else. The server serves
// one connection after the other; the client says which way the octets go.
//
//   sstp-bench-tls-pump server --port 4433 --cert server.pem --key server.key
//   sstp-bench-tls-pump client --host 192.168.10.1 --port 4433 --ca ca.pem --cipher NAME
//                        --direction up|down --seconds 5 [--record 16384]
//
// Both print one JSON object per connection: octets of payload, seconds, CPU seconds of the
// process. Blocking sockets, default buffers, TCP_NODELAY. The client verifies the server's chain.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string certificate, key;  // server
  std::string host, ca, cipher;  // client; the cipher of TLS 1.2 or suite of TLS 1.3
  std::string direction = "up";  // "up": client to server
  double seconds = 5;
  std::size_t record = 16384;
  std::uint16_t port = 4433;
};

// The first octet of a connection, from the client.
constexpr char kUp = 'U';
constexpr char kDown = 'D';

[[noreturn]] void Die(const std::string& what) {
  const int saved = errno;
  std::fprintf(stderr, "sstp-bench-tls-pump: %s: %s\n", what.c_str(), std::strerror(saved));
  ERR_print_errors_fp(stderr);
  std::exit(1);
}

double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

struct Stopwatch {
  Clock::time_point begin = Clock::now();
  double cpu = CpuSeconds();

  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  }
  void Print(unsigned long long octets) const {
    std::printf("{\"octets\": %llu, \"seconds\": %.6f, \"cpu_seconds\": %.6f}\n", octets, seconds(),
                CpuSeconds() - cpu);
    std::fflush(stdout);
  }
};

void Send(SSL* ssl, const Options& options, double seconds) {
  const std::vector<char> record(options.record, 'x');
  const Stopwatch watch;
  unsigned long long octets = 0;
  while (watch.seconds() < seconds) {
    for (int i = 0; i < 16; ++i) {
      if (SSL_write(ssl, record.data(), static_cast<int>(record.size())) <= 0) {
        watch.Print(octets);  // the client has seen enough
        return;
      }
      octets += record.size();
    }
  }
  SSL_shutdown(ssl);
  watch.Print(octets);
}

void Receive(SSL* ssl, double seconds) {
  std::vector<char> buffer(16384);
  const Stopwatch watch;
  unsigned long long octets = 0;
  while (watch.seconds() < seconds) {
    const int size = SSL_read(ssl, buffer.data(), static_cast<int>(buffer.size()));
    if (size <= 0) break;
    octets += static_cast<unsigned long long>(size);
  }
  watch.Print(octets);
}

SSL* Wrap(SSL_CTX* context, int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  SSL* ssl = SSL_new(context);
  SSL_set_fd(ssl, fd);
  return ssl;
}

int Serve(const Options& options) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(context, options.certificate.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, options.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    Die("certificate or key");
  }
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.port);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)) < 0 ||
      listen(listener, 8) < 0) {
    Die("listen");
  }
  while (true) {
    const int fd = accept(listener, nullptr, nullptr);
    if (fd < 0) Die("accept");
    SSL* ssl = Wrap(context, fd);
    char direction = 0;
    if (SSL_accept(ssl) == 1 && SSL_read(ssl, &direction, 1) == 1) {
      direction == kUp ? Receive(ssl, 1e9) : Send(ssl, options, 1e9);
    }
    SSL_free(ssl);
    close(fd);
  }
}

int Dial(const Options& options) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  if (!options.ca.empty()) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    if (SSL_CTX_load_verify_file(context, options.ca.c_str()) != 1) Die("CA file");
  }
  if (!options.cipher.empty()) {
    const bool suite = options.cipher.rfind("TLS_", 0) == 0;
    const int version = suite ? TLS1_3_VERSION : TLS1_2_VERSION;
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
    const int set = suite ? SSL_CTX_set_ciphersuites(context, options.cipher.c_str())
                          : SSL_CTX_set_cipher_list(context, options.cipher.c_str());
    if (set != 1) Die("cipher");
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(options.port);
  if (inet_pton(AF_INET, options.host.c_str(), &address.sin_addr) != 1) Die("host");
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) < 0) Die("connect");
  SSL* ssl = Wrap(context, fd);
  if (SSL_connect(ssl) != 1) Die("TLS handshake");
  const bool up = options.direction == "up";
  if (SSL_write(ssl, up ? &kUp : &kDown, 1) != 1) Die("TLS write");
  up ? Send(ssl, options, options.seconds) : Receive(ssl, options.seconds);
  SSL_free(ssl);
  close(fd);
  SSL_CTX_free(context);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  Options options;
  CLI::App app("A bare TLS stream, for comparison");
  app.require_subcommand(1);
  CLI::App* server = app.add_subcommand("server", "serves until it is killed");
  server->add_option("--cert", options.certificate)->required();
  server->add_option("--key", options.key)->required();
  CLI::App* client = app.add_subcommand("client", "one connection");
  client->add_option("--host", options.host)->required();
  client->add_option("--ca", options.ca);
  client->add_option("--cipher", options.cipher);
  client->add_option("--direction", options.direction)->check(CLI::IsMember({"up", "down"}));
  client->add_option("--seconds", options.seconds);
  for (CLI::App* both : {server, client}) {
    both->add_option("--port", options.port);
    both->add_option("--record", options.record)->check(CLI::Range(1, 16384));
  }
  CLI11_PARSE(app, argc, argv);
  return server->parsed() ? Serve(options) : Dial(options);
}
