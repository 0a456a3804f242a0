// Sets of IPv4 packets in which a gateway that cuts and merges may go wrong, and the comparison of
// what was sent with what arrived. Every packet is the same in every run.
#pragma once

#include <string>
#include <vector>

#include "tests/support/packet_builder.h"
#include "tests/support/packet_port.h"

namespace sstpgw::test {

struct Ends {
  Ipv4Address source;
  Ipv4Address destination;
};

inline constexpr std::size_t kTunnelMtu = 1452;

// UDP and ICMP of all sizes from 28 to 1452, TCP from 40, one after the other.
[[nodiscard]] std::vector<Bytes> EverySize(const Ends& ends);
// Runs of TCP segments that continue each other, each broken by one thing that cannot be merged.
[[nodiscard]] std::vector<Bytes> TcpRuns(const Ends& ends);
// TCP that is unlike anything a stack sends: handshakes with data, overlaps, wraps, wrong offsets.
[[nodiscard]] std::vector<Bytes> OddTcp(const Ends& ends);
// Runs of UDP of one size, with short and long ones, without checksums, with wrong ones.
[[nodiscard]] std::vector<Bytes> UdpRuns(const Ends& ends);
// ICMP, fragments, IPv4 options and other protocols, between packets of flows.
[[nodiscard]] std::vector<Bytes> NoFlows(const Ends& ends);
// All of the above kinds at random, of all sizes, from `flows` flows of TCP and as many of UDP.
[[nodiscard]] std::vector<Bytes> Mixture(const Ends& ends, std::uint64_t seed, std::size_t count,
                                         std::size_t flows = 4);

// Super-packets, each with the packets that a router at the far end must see.
struct SuperCase {
  SuperPacket super;
  std::vector<Bytes> segments;
};
[[nodiscard]] std::vector<SuperCase> SuperCases(const Ends& ends);

[[nodiscard]] std::vector<Bytes> AllForwarded(std::vector<Bytes> packets);

// "" if `received` is `sent`: the same packets octet by octet; those of one TCP or UDP flow in
// their order; and what belongs to no flow in its place among all others. Otherwise what differs.
[[nodiscard]] std::string Difference(const std::vector<Bytes>& sent,
                                     const std::vector<Bytes>& received);

}  // namespace sstpgw::test
