// What became of the packets of data protocols that came from a client. Pure.
#pragma once

#include <cstdint>

namespace sstpgw::datapath {

struct UplinkCounters {
  std::uint64_t packets = 0;  // given to OnIpPacket and not refused
  std::uint64_t bytes = 0;
  // Data protocols: before the crypto binding was valid; after it, but before the data path was
  // ever open; after the data path was shut.
  std::uint64_t dropped_before_binding = 0;
  std::uint64_t dropped_before_activation = 0;
  std::uint64_t dropped_closed = 0;
  std::uint64_t dropped_spoofed = 0;
  std::uint64_t dropped_malformed = 0;
  std::uint64_t dropped_interface = 0;       // refused by the interface
  std::uint64_t dropped_limit = 0;           // by the session's pacer, as a signal to their senders
  std::uint64_t dropped_not_negotiated = 0;  // IPv4 or IPv6, and the session has only the other
  std::uint64_t dropped_link_local = 0;      // of the link alone, and nobody here listens
  std::uint64_t dropped_unencrypted = 0;     // plain, while MPPE is on
  std::uint64_t dropped_mppe = 0;            // that could not be decrypted, or MPPE is off
  std::uint64_t ipv6_control = 0;            // given to OnIpv6Control

  // All there were, whatever became of them.
  [[nodiscard]] std::uint64_t data_packets() const {
    return packets + dropped_before_binding + dropped_before_activation + dropped_closed +
           dropped_spoofed + dropped_malformed + dropped_interface + dropped_limit +
           dropped_not_negotiated + dropped_link_local + dropped_unencrypted + dropped_mppe +
           ipv6_control;
  }
  UplinkCounters& operator+=(const UplinkCounters& other);
};

}  // namespace sstpgw::datapath
