#include "gateway/data_sources.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace sstpgw::gateway {
namespace {

// The peer's own link-local address, which may be used on the link.
Ipv6Prefix LinkLocal(const InterfaceId& id) {
  std::array<std::uint8_t, 16> octets{0xfe, 0x80};
  std::copy(id.begin(), id.end(), octets.begin() + 8);
  return {Ipv6Address(octets), 128};
}

std::uint32_t MaskOf(std::uint8_t length) {
  return length == 0 ? 0 : ~std::uint32_t{0} << (32 - std::min<unsigned>(length, 32));
}

sg_source4 SourceOf(const datapath::Ipv4Prefix& prefix) {
  const std::uint32_t mask = MaskOf(prefix.length);
  return {htonl(prefix.address.value() & mask), htonl(mask)};
}

sg_source6 SourceOf(const Ipv6Prefix& prefix) {
  sg_source6 source{};
  const Ipv6Prefix clean = MakeIpv6Prefix(prefix.address, prefix.length);
  std::memcpy(source.address, clean.address.octets().data(), sizeof source.address);
  for (unsigned word = 0; word < 4; ++word) {
    const unsigned bits = std::clamp<int>(clean.length - static_cast<int>(word) * 32, 0, 32);
    source.mask[word] = htonl(MaskOf(static_cast<std::uint8_t>(bits)));
  }
  return source;
}

}  // namespace

DataSources SourcesOf(const fsm::LinkPlan& plan, const fsm::SourceFilter& filter) {
  DataSources sources;
  sources.families = {.ipv4 = plan.ipv4.has_value(), .ipv6 = plan.ipv6.has_value()};
  if (plan.ipv4) {
    for (const fsm::Ipv4Route& network : filter.ipv4) {
      sources.ipv4.push_back({network.destination, network.length});
    }
  }
  if (plan.ipv6) {
    sources.ipv6 = filter.ipv6;
    sources.peer_id = plan.ipv6->peer_id;
    for (const fsm::Ipv6LinkAddress& address : plan.ipv6->addresses) {
      sources.ours.push_back(address.local);
    }
  }
  return sources;
}

datapath::SourceCheck CheckOf(const DataSources& sources) {
  return {sources.families, sources.ipv4, sources.ipv6, sources.peer_id, sources.ours};
}

void PutSources(const DataSources& sources, sg_policy& policy) {
  std::vector<Ipv6Prefix> ipv6 = sources.ipv6;
  if (sources.families.ipv6) ipv6.push_back(LinkLocal(sources.peer_id));
  if (sources.ipv4.size() > SG_SOURCES || ipv6.size() > SG_SOURCES) {
    policy.flags &= ~std::uint32_t{SG_CHECK_SOURCE};
    policy.source4_count = policy.source6_count = 0;
    return;
  }
  policy.flags |= SG_CHECK_SOURCE;
  policy.source4_count = static_cast<std::uint32_t>(sources.ipv4.size());
  policy.source6_count = static_cast<std::uint32_t>(ipv6.size());
  for (std::size_t i = 0; i < sources.ipv4.size(); ++i) {
    policy.source4[i] = SourceOf(sources.ipv4[i]);
  }
  for (std::size_t i = 0; i < ipv6.size(); ++i) policy.source6[i] = SourceOf(ipv6[i]);
}

}  // namespace sstpgw::gateway
