// DHCPv6: the parser on any octets, and a server that a hostile client talks to for a while.
// Whatever comes, a reply is well-formed, fits the smallest MTU and names none but the session's
// addresses and prefixes with a lifetime; what is told about the delegation fits what it was.
//
// Input: messages of 1 octet "what else" (bit 0: the packet is given whole; bits 1 to 7: so many
// times 2 % of the valid lifetime pass before), 2 octets length, then that many octets of a UDP
// payload or packet.
#include <algorithm>
#include <cstdint>
#include <variant>

#include "gateway/codec/byte_reader.h"
#include "gateway/codec/dhcpv6.h"
#include "gateway/codec/ipv6_packet.h"
#include "gateway/fsm/dhcpv6_server.h"
#include "tests/fuzz/require.h"

namespace sstpgw::fuzz {
namespace {

constexpr std::uint32_t kValid = 1000;
const Ipv6Prefix kAddress{Ipv6Address({0x20, 1, 0x0d, 0xb8, 0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2}),
                          128};
const Ipv6Prefix kDelegated{Ipv6Address({0x20, 1, 0x0d, 0xb8, 0xff}), 56};
const Ipv6Address kClient({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2});

void JudgeReply(const Bytes& packet) {
  Require(packet.size() <= codec::kMinIpv6Mtu);
  const auto ip = codec::ParseIpv6Packet(packet);
  Require(ip.has_value());
  const auto datagram = codec::ParseUdp(*ip);
  Require(datagram && datagram->destination_port == codec::kDhcpv6ClientPort);
  Require(codec::IsLinkLocal(ip->ends.destination));
  // More leases than a client may name can be in a reply; those are of no other kind.
  const auto reply = codec::ParseDhcpv6(datagram->payload);
  if (!reply) return;
  for (const codec::Dhcpv6Ia& ia : reply->ias) {
    for (const codec::Dhcpv6Lease& lease : ia.leases) {
      Require(lease.valid_lifetime == 0 || lease.prefix == kAddress || lease.prefix == kDelegated);
    }
  }
}

class Play {
 public:
  Play() {
    settings_.valid_lifetime_seconds = kValid;
    settings_.domain_search = {"vpn.example"};
    settings_.aftr_name = "aftr.example";
    server_.Start({.our_id = {0, 0, 0, 0, 0, 0, 0, 1},
                   .prefixes = {MakeIpv6Prefix(kAddress.address, 64)},
                   .addresses = {kAddress.address},
                   .delegated = {kDelegated},
                   .dns = {kAddress.address}});
  }
  void Message(std::uint8_t what, ByteView octets) {
    now_ += std::chrono::seconds(kValid / 50 * (what >> 1));
    // A copy of its own, so that reading beyond it is seen.
    Bytes packet(octets.begin(), octets.end());
    if ((what & 1) == 0) {
      CheckParser(packet);
      packet = codec::EncodeUdpPacket(
          {kClient, codec::AllDhcpServersAndRelays()},
          {.source = codec::kDhcpv6ClientPort, .destination = codec::kDhcpv6ServerPort}, packet);
    }
    const bool before = server_.delegated();
    const fsm::Dhcpv6Outcome outcome = server_.Receive(packet, now_, out_);
    Require(outcome.delegation_taken == (!before && server_.delegated()));
    Require(outcome.delegation_released == (before && !server_.delegated()));
    int replies = 0;
    for (const fsm::Action& action : out_.Take()) {
      const auto* send = std::get_if<fsm::SendIpv6Packet>(&action);
      if (send == nullptr) continue;
      Require(++replies == 1);
      JudgeReply(send->packet);
    }
  }

 private:
  static void CheckParser(const Bytes& payload) {
    const auto message = codec::ParseDhcpv6(payload);
    if (!message) return;
    RequireInside(message->client_id, payload);
    RequireInside(message->server_id, payload);
    Require(message->ias.size() <= codec::kMaxDhcpv6Ias);
    std::size_t leases = 0;
    for (const codec::Dhcpv6Ia& ia : message->ias) {
      leases += ia.leases.size();
      for (const codec::Dhcpv6Lease& lease : ia.leases) {
        Require(lease.prefix == MakeIpv6Prefix(lease.prefix.address, lease.prefix.length));
      }
    }
    Require(leases <= codec::kMaxDhcpv6Leases);
  }

  Dhcpv6Settings settings_;
  fsm::Dhcpv6Server server_{settings_};
  fsm::Outbox out_;
  TimePoint now_ = TimePoint(std::chrono::hours(1));
};

}  // namespace
}  // namespace sstpgw::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sstpgw;
  fuzz::Play play;
  codec::ByteReader reader(ByteView(data, size));
  while (reader.remaining() >= 3) {
    const std::uint8_t what = reader.U8();
    const std::size_t length = reader.U16();
    play.Message(what, reader.Take(std::min(length, reader.remaining())));
  }
  return 0;
}
