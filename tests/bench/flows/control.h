// What both ends of a load say to each other over a TCP connection of its own, and how they fail.
// Both run on one machine and are the same program: values go as they are in memory.
//
// The client sends a Request; data connections are made (or the UDP sockets found each other); the
// server answers kReady. The receiving end counts by its own clock and says kBegin and kEnough at
// the two instants; the sending end answers kEnough with what it has Sent. A server that received
// then tells what it Received.
#pragma once

#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <vector>

namespace sstpgw::bench {

using Clock = std::chrono::steady_clock;

enum Mark : char { kReady = 'r', kBegin = 'b', kEnough = 'e' };

struct Request {
  std::uint32_t udp = 0, down = 0;
  std::uint32_t flows = 1;      // TCP
  std::uint32_t payload = 0;    // UDP: octets per packet
  std::uint64_t rate = 0;       // UDP: bit/s of payload
  std::uint64_t warm_rate = 0;  // likewise until kBegin
  std::uint32_t warm_ms = 0, ms = 0;
  std::array<char, 48> host{};  // of the server, numeric
};

struct Sent {
  std::uint64_t packets = 0;        // between the instants; TCP: segments with data
  std::uint64_t retransmitted = 0;  // TCP: of these
  std::uint64_t all = 0;            // UDP: before and after the instants, too
};

struct Received {
  double seconds = 0;                         // between the instants
  std::vector<std::uint64_t> octets;          // of payload, per flow, between the instants
  std::vector<std::uint64_t> of_each_second;  // likewise, of all flows
  std::uint64_t all = 0;                      // UDP: packets, before and after the instants, too
  std::uint64_t disordered = 0;               // UDP: of these, behind a later one
};

// Called at both instants.
using OnMark = std::function<void(Mark)>;

[[noreturn]] inline void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

template <typename T>
void Tell(int control, const T& value) {
  if (send(control, &value, sizeof(value), MSG_NOSIGNAL) != sizeof(value)) {
    Die("control connection");
  }
}

template <typename T>
T Hear(int control) {
  T value;
  if (recv(control, &value, sizeof(value), MSG_WAITALL) != sizeof(value)) Die("control connection");
  return value;
}

}  // namespace sstpgw::bench
