// Router Solicitations of a hostile client, and what is advertised because of them: never more than
// the smallest MTU, always with the right checksum, only so often.
//
// Input: 1 octet kind (even: the rest is a whole packet; odd: the rest is an ICMPv6 message, which
// gets a header and a checksum), then that.
#include <cstdint>
#include <variant>

#include "gateway/codec/ipv6_packet.h"
#include "gateway/codec/neighbour_discovery.h"
#include "gateway/fsm/router_advertiser.h"
#include "tests/fuzz/require.h"

namespace sstpgw::fuzz {
namespace {

class ZeroEntropy final : public Entropy {
 public:
  void Fill(std::span<std::uint8_t> out) override {
    for (std::uint8_t& octet : out) octet = 0;
  }
};

Bytes PacketOf(std::uint8_t kind, ByteView rest) {
  if (kind % 2 == 0) return Bytes(rest.begin(), rest.end());
  Bytes message(rest.begin(), rest.end());
  if (message.size() < 4) message.resize(4);
  message[2] = message[3] = 0;
  const Ipv6Address source = (kind & 2) == 0 ? Ipv6Address() : Ipv6Address({0xfe, 0x80, 0, 7});
  return codec::EncodeIcmpv6Packet({source, codec::AllRouters()}, message);
}

std::size_t Advertisements(fsm::Outbox& out) {
  std::size_t count = 0;
  for (const fsm::Action& action : out.Take()) {
    const auto* send = std::get_if<fsm::SendIpv6Packet>(&action);
    if (send == nullptr) continue;
    ++count;
    Require(send->packet.size() <= codec::kMinIpv6Mtu);
    const auto ip = codec::ParseIpv6Packet(send->packet);
    Require(ip && ip->hop_limit == 255 && codec::IsLinkLocal(ip->ends.source));
    Require(codec::UpperLayerChecksum(ip->ends, codec::kNextHeaderIcmpv6, ip->payload) == 0);
    Require(ip->payload[0] == 134);
  }
  return count;
}

}  // namespace
}  // namespace sstpgw::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sstpgw;
  if (size == 0) return 0;
  const Bytes packet = fuzz::PacketOf(data[0], ByteView(data + 1, size - 1));
  const auto parsed = codec::ParseRouterSolicitation(packet);
  if (parsed) {
    fuzz::Require(codec::IsUnspecified(parsed->source) || codec::IsLinkLocal(parsed->source));
  }

  const RouterAdvertisementSettings settings{.dnssl = {"vpn.example"}};
  fuzz::ZeroEntropy entropy;
  fsm::Outbox out;
  fsm::RouterAdvertiser advertiser(settings, entropy);
  advertiser.Start({.our_id = {0, 0, 0, 0, 0, 0, 0, 1},
                    .prefixes = {Ipv6Prefix::Parse("2001:db8::/64").value()},
                    .dhcpv6 = true,
                    .mtu = 1400},
                   out);
  fuzz::Require(fuzz::Advertisements(out) == 1);
  std::size_t answers = 0;
  for (int i = 0; i < 10; ++i) {
    advertiser.Receive(packet, TimePoint(std::chrono::hours(1)), out);
    answers += fuzz::Advertisements(out);
    fuzz::Require(advertiser.IsConsistent(out));
  }
  fuzz::Require(answers == (parsed ? 5 : 0));
  return 0;
}
