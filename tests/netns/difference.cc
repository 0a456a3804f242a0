#include <algorithm>
#include <map>

#include "proto/base/text.h"
#include "tests/netns/odd_traffic.h"

namespace sstpgw::test {
namespace {

constexpr std::size_t kShown = 64;  // octets of a packet in a message

using Packets = std::vector<Bytes>;

std::string Show(const Bytes& packet) {
  const ByteView shown = ByteView(packet).first(std::min(packet.size(), kShown));
  return std::to_string(packet.size()) + " octets " + ToHex(shown);
}

// Protocol, addresses and ports; empty for what belongs to no flow.
Bytes FlowOf(const Bytes& packet) {
  const std::size_t header = (packet[0] & 0x0fu) * std::size_t{4};
  const bool fragment = ((packet[6] & 0x3fu) | packet[7]) != 0;
  const bool ports = packet[9] == 6 || packet[9] == 17;
  if (fragment || !ports || packet.size() < header + 4) return {};
  Bytes key{packet[9]};
  const auto at = packet.begin();
  key.insert(key.end(), at + 12, at + 20);
  key.insert(key.end(), at + static_cast<std::ptrdiff_t>(header),
             at + static_cast<std::ptrdiff_t>(header) + 4);
  return key;
}

std::string FirstDifference(const std::string& where, const Packets& sent,
                            const Packets& received) {
  for (std::size_t i = 0; i < std::max(sent.size(), received.size()); ++i) {
    if (i < sent.size() && i < received.size() && sent[i] == received[i]) continue;
    return where + ", packet " + std::to_string(i) + " of " + std::to_string(sent.size()) +
           "\n  sent     " + (i < sent.size() ? Show(sent[i]) : "nothing") + "\n  received " +
           (i < received.size() ? Show(received[i]) : "nothing") + "\n";
  }
  return {};
}

std::map<Bytes, Packets> ByFlow(const Packets& packets) {
  std::map<Bytes, Packets> flows;
  for (const Bytes& packet : packets) flows[FlowOf(packet)].push_back(packet);
  return flows;
}

// The packets of flows that passed before each packet of none, sorted.
std::vector<Packets> Between(const Packets& packets) {
  std::vector<Packets> out(1);
  for (const Bytes& packet : packets) {
    if (FlowOf(packet).empty()) {
      out.emplace_back();
    } else {
      out.back().push_back(packet);
    }
  }
  for (Packets& part : out) std::sort(part.begin(), part.end());
  return out;
}

}  // namespace

std::string Difference(const std::vector<Bytes>& sent, const std::vector<Bytes>& received) {
  if (sent == received) return {};
  std::string text;
  auto sent_flows = ByFlow(sent);
  auto received_flows = ByFlow(received);
  for (const auto& [key, packets] : sent_flows) {
    text += FirstDifference(key.empty() ? "what belongs to no flow" : "flow " + ToHex(key), packets,
                            received_flows[key]);
  }
  for (const auto& [key, packets] : received_flows) {
    if (sent_flows.count(key) == 0) text += FirstDifference("never sent", {}, packets);
  }
  if (text.empty()) {
    const auto sent_parts = Between(sent);
    const auto received_parts = Between(received);
    for (std::size_t i = 0; i < sent_parts.size() && text.empty(); ++i) {
      text = FirstDifference("before packet " + std::to_string(i) + " that belongs to no flow",
                             sent_parts[i], received_parts[i]);
    }
  }
  if (text.empty()) return {};
  return std::to_string(sent.size()) + " sent, " + std::to_string(received.size()) + " received\n" +
         text;
}

}  // namespace sstpgw::test
