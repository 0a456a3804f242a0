// Packets of an interface, caught by tcpdump, and the TCP streams and UDP datagrams inside them.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "proto/base/types.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace sstpgw::test {

class Capture {
 public:
  // Starts capturing; returns when tcpdump listens.
  Capture(const Namespace& where, const std::string& interface, const std::string& filter);
  // The capture file's octets so far; the last packet may be cut off.
  [[nodiscard]] std::string SoFar() const { return ReadFile(file_); }
  // Stops and returns the capture file's octets.
  std::string Finish();

 private:
  TempDir directory_;
  std::string file_;
  Process tcpdump_;
};

// Payload of each TCP stream of IPv4 in an Ethernet capture, in sequence order, keyed
// "192.0.2.1:443>192.0.2.2:1234". Streams longer than 4 GiB are not expected.
[[nodiscard]] std::map<std::string, Bytes> TcpStreams(const std::string& pcap);

struct CapturedDatagram {
  std::chrono::microseconds time{0};  // since 1970
  std::string from;                   // "192.0.2.1:1812"
  std::string to;
  Bytes payload;
};
// Those of IPv4 in an Ethernet capture (the loopback interface is one), in their order; fragments
// are left out.
[[nodiscard]] std::vector<CapturedDatagram> UdpDatagrams(const std::string& pcap);

// True if `stream` is nothing but TLS records (the last one may be cut off).
[[nodiscard]] bool IsOnlyTls(const Bytes& stream);

}  // namespace sstpgw::test
