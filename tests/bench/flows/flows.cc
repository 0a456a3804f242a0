// Loads a path with TCP flows or a stream of UDP packets and tells how much payload arrived,
// counted at the receiving end between two instants of its clock, after a warm-up.
//
//   sstp-bench-flows server [--port 5401]
//   sstp-bench-flows client --host ADDRESS [--control ADDRESS] [--port 5401] [--direction up|down]
//                           [--flows N] [--bind ADDRESS ...] [--warm-up 2] [--seconds 10]
//                           [--udp-rate BIT/S [--warm-rate BIT/S] [--payload 1200]]
//
// Up is from the client. `--control`: another address of the server, so that what both ends say to
// each other does not take the loaded path. `--bind`: the flows go from these addresses in turn.
// The server serves one load after the other, on the next port the data connections of TCP. UDP:
// `--udp-rate` counts payload; `--warm-rate` holds during the warm-up, to use up what a limit lets
// pass at once.
//
// The client prints "begin" and "end" at the two instants, then one JSON object: seconds between
// them, octets of each flow and of each second, packets sent (TCP: segments, and retransmitted
// ones); UDP: packets of the whole load that were sent, arrived, and arrived behind a later one.
#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "tests/bench/flows/control.h"
#include "tests/bench/flows/receiver.h"
#include "tests/bench/flows/sender.h"

namespace sstpgw::bench {
namespace {

struct Options {
  std::string host, control, direction = "up";
  std::vector<std::string> bind;
  double warm_up = 2, seconds = 10;
  std::uint32_t flows = 1, payload = 1200;
  std::uint64_t udp_rate = 0, warm_rate = 0;
  std::uint16_t port = 5401;
};

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// Of IPv4 or IPv6, numeric.
Address Resolve(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    errno = EINVAL;
    Die(host.c_str());
  }
  Address address;
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.length = found->ai_addrlen;
  freeaddrinfo(found);
  return address;
}

int Open(const Address& family_of, int type) {
  const int fd = socket(family_of.get()->sa_family, type | SOCK_CLOEXEC, 0);
  if (fd < 0) Die("socket");
  return fd;
}

// What most clients have, whatever this machine prefers: BBR would hide what a limit does to
// others. Where that is not there, the machine's own stays.
void UseCubic(int fd) {
  [[maybe_unused]] const int done = setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
}

std::string CongestionControl(int fd) {
  std::array<char, 16> name{};
  socklen_t length = name.size();
  if (getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name.data(), &length) < 0) return "none";
  return name.data();
}

int Connect(const std::string& host, std::uint16_t port, const std::string& from) {
  const Address peer = Resolve(host, port);
  const int fd = Open(peer, SOCK_STREAM);
  UseCubic(fd);
  if (!from.empty()) {
    const Address own = Resolve(from, 0);
    if (bind(fd, own.get(), own.length) < 0) Die(from.c_str());
  }
  if (connect(fd, peer.get(), peer.length) < 0) Die(host.c_str());
  return fd;
}

int Listen(std::uint16_t port) {
  const Address own = Resolve("::", port);  // IPv4, too
  const int fd = Open(own, SOCK_STREAM);
  const int on = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
      bind(fd, own.get(), own.length) < 0 || listen(fd, 128) < 0) {
    Die("listen");
  }
  return fd;
}

int DatagramSocket(const std::string& host) {
  const Address own = Resolve(host, 0);
  const int fd = Open(own, SOCK_DGRAM);
  const int room = 8 * 1024 * 1024;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0 ||
      setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)) < 0 ||
      bind(fd, own.get(), own.length) < 0) {
    Die("UDP socket");
  }
  return fd;
}

bool Readable(int fd, int timeout_ms) {
  pollfd waiting{fd, POLLIN, 0};
  return poll(&waiting, 1, timeout_ms) > 0;
}

// One packet with number 0, until the server has said that it knows where we are.
int GreetByUdp(int control, const Options& options) {
  const Address peer = Resolve(options.host, Hear<std::uint16_t>(control));
  const bool v6 = peer.get()->sa_family == AF_INET6;
  const int fd = DatagramSocket(options.bind.empty() ? (v6 ? "::" : "0.0.0.0") : options.bind[0]);
  if (connect(fd, peer.get(), peer.length) < 0) Die(options.host.c_str());
  const std::uint64_t greeting = 0;
  do {
    if (send(fd, &greeting, sizeof(greeting), 0) < 0) Die("send");
  } while (!Readable(control, 200));
  return fd;
}

int AwaitGreeting(int control, const Request& request) {
  const int fd = DatagramSocket(request.host.data());
  Address own;
  own.length = sizeof(own.storage);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&own.storage), &own.length) < 0) Die("port");
  Tell(control, ntohs(reinterpret_cast<const sockaddr_in*>(own.get())->sin_port));  // as in IPv6
  Address peer;
  peer.length = sizeof(peer.storage);
  char greeting = 0;
  if (!Readable(fd, 10000) ||
      recvfrom(fd, &greeting, 1, 0, reinterpret_cast<sockaddr*>(&peer.storage), &peer.length) < 0 ||
      connect(fd, peer.get(), peer.length) < 0) {
    Die("no packet from the client");
  }
  return fd;
}

// Each tells which of the flows it is.
std::vector<int> ConnectAll(const Options& options) {
  std::vector<int> fds;
  for (std::uint32_t i = 0; i < options.flows; ++i) {
    const auto data_port = static_cast<std::uint16_t>(options.port + 1);
    fds.push_back(Connect(options.host, data_port,
                          options.bind.empty() ? "" : options.bind[i % options.bind.size()]));
    Tell(fds.back(), i);
  }
  return fds;
}

std::vector<int> AcceptAll(int listener, std::uint32_t flows) {
  std::vector<int> fds(flows, -1);
  for (std::uint32_t i = 0; i < flows; ++i) {
    if (!Readable(listener, 10000)) Die("not all flows have come");
    const int fd = accept(listener, nullptr, nullptr);
    UseCubic(fd);
    fds.at(Hear<std::uint32_t>(fd)) = fd;
  }
  return fds;
}

void TellReceived(int control, const Received& received) {
  Tell(control, received.seconds);
  Tell(control, received.all);
  Tell(control, received.disordered);
  for (const auto* list : {&received.octets, &received.of_each_second}) {
    Tell(control, list->size());
    for (const std::uint64_t value : *list) Tell(control, value);
  }
}

Received HearReceived(int control) {
  Received received;
  received.seconds = Hear<double>(control);
  received.all = Hear<std::uint64_t>(control);
  received.disordered = Hear<std::uint64_t>(control);
  for (auto* list : {&received.octets, &received.of_each_second}) {
    list->resize(Hear<std::size_t>(control));
    for (std::uint64_t& value : *list) value = Hear<std::uint64_t>(control);
  }
  return received;
}

Sent SendAll(int control, const Request& request, const std::vector<int>& fds,
             const OnMark& on_mark) {
  return request.udp != 0 ? SendUdp(control, fds[0], request, on_mark)
                          : SendTcp(control, fds, on_mark);
}

Received ReceiveAll(int control, const Request& request, const std::vector<int>& fds,
                    const OnMark& on_mark, Sent& sent) {
  if (request.udp == 0) {
    Connections connections(fds);
    Received received = Receive(control, request, connections, on_mark);
    sent = Hear<Sent>(control);
    return received;
  }
  Datagrams datagrams(fds[0]);
  Received received = Receive(control, request, datagrams, on_mark);
  sent = Hear<Sent>(control);
  datagrams.TakeRest(sent.all);
  received.all = datagrams.packets();
  received.disordered = datagrams.disordered();
  return received;
}

// What is still in the sender's buffer is not sent.
void Discard(const std::vector<int>& fds) {
  const linger at_once{1, 0};
  for (const int fd : fds) {
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(fd);
  }
}

void ServeOne(int control, int listener) {
  const auto request = Hear<Request>(control);
  const std::vector<int> fds = request.udp != 0 ? std::vector<int>{AwaitGreeting(control, request)}
                                                : AcceptAll(listener, request.flows);
  Tell(control, kReady);
  const OnMark nothing = [](Mark) {};
  if (request.down != 0) {
    Tell(control, SendAll(control, request, fds, nothing));
  } else {
    Sent sent;
    TellReceived(control, ReceiveAll(control, request, fds, nothing, sent));
  }
  Discard(fds);
}

int Serve(const Options& options) {
  const int data = Listen(static_cast<std::uint16_t>(options.port + 1));
  const int listener = Listen(options.port);
  while (true) {
    const int control = accept(listener, nullptr, nullptr);
    if (control < 0) Die("accept");
    const int on = 1;
    setsockopt(control, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    ServeOne(control, data);
    close(control);
  }
}

void PrintList(const char* name, const std::vector<std::uint64_t>& values) {
  std::printf("\"%s\": [", name);
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::printf("%s%ju", i == 0 ? "" : ", ", static_cast<std::uintmax_t>(values[i]));
  }
  std::printf("], ");
}

int Dial(const Options& options) {
  const bool udp = options.udp_rate != 0;
  Request request{.udp = udp ? 1U : 0U,
                  .down = options.direction == "down" ? 1U : 0U,
                  .flows = options.flows,
                  .payload = options.payload,
                  .rate = options.udp_rate,
                  .warm_rate = options.warm_rate != 0 ? options.warm_rate : options.udp_rate,
                  .warm_ms = static_cast<std::uint32_t>(options.warm_up * 1000),
                  .ms = static_cast<std::uint32_t>(options.seconds * 1000)};
  options.host.copy(request.host.data(), request.host.size() - 1);
  const int control =
      Connect(options.control.empty() ? options.host : options.control, options.port, "");
  const int on = 1;
  setsockopt(control, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  Tell(control, request);
  const std::vector<int> fds =
      udp ? std::vector<int>{GreetByUdp(control, options)} : ConnectAll(options);
  if (Hear<Mark>(control) != kReady) Die("the server");
  const OnMark print = [](Mark mark) {
    std::printf("%s\n", mark == kBegin ? "begin" : "end");
    std::fflush(stdout);
  };
  Sent sent;
  Received received;
  if (request.down != 0) {
    received = ReceiveAll(control, request, fds, print, sent);
  } else {
    sent = SendAll(control, request, fds, print);
    Tell(control, sent);
    received = HearReceived(control);
  }
  const std::string congestion_control = CongestionControl(fds[0]);
  Discard(fds);
  std::printf("{\"seconds\": %.6f, ", received.seconds);
  PrintList("octets", received.octets);
  PrintList("of_each_second", received.of_each_second);
  std::printf(
      "\"packets\": %ju, \"retransmitted\": %ju, \"sent\": %ju, \"arrived\": %ju, "
      "\"disordered\": %ju, \"congestion_control\": \"%s\"}\n",
      static_cast<std::uintmax_t>(sent.packets), static_cast<std::uintmax_t>(sent.retransmitted),
      static_cast<std::uintmax_t>(sent.all), static_cast<std::uintmax_t>(received.all),
      static_cast<std::uintmax_t>(received.disordered), congestion_control.c_str());
  return 0;
}

}  // namespace
}  // namespace sstpgw::bench

int main(int argc, char** argv) {
  sstpgw::bench::Options options;
  CLI::App app("Loads a path and counts what arrives");
  app.require_subcommand(1);
  CLI::App* server = app.add_subcommand("server", "serves until it is killed");
  CLI::App* client = app.add_subcommand("client", "one load");
  client->add_option("--host", options.host)->required();
  client->add_option("--control", options.control);
  client->add_option("--direction", options.direction)->check(CLI::IsMember({"up", "down"}));
  client->add_option("--flows", options.flows)->check(CLI::Range(1, 128));
  client->add_option("--bind", options.bind);
  client->add_option("--warm-up", options.warm_up)->check(CLI::Range(0.0, 3600.0));
  client->add_option("--seconds", options.seconds)->check(CLI::Range(0.1, 3600.0));
  client->add_option("--udp-rate", options.udp_rate);
  client->add_option("--warm-rate", options.warm_rate);
  client->add_option("--payload", options.payload)->check(CLI::Range(8, 1472));
  for (CLI::App* both : {server, client}) both->add_option("--port", options.port);
  CLI11_PARSE(app, argc, argv);
  return server->parsed() ? sstpgw::bench::Serve(options) : sstpgw::bench::Dial(options);
}
