// IPv6 in sessions, as an operator meets it: a client of the test's own whose packets the test
// makes and reads one by one, with just enough of an IPv6 host in it (RFC 4861, 8415).
//
//   client (test's own thread) ──── server: both daemons
//     fe80::2, 2001:db8:1:x::2        sstpN fe80::1, 2001:db8:1:x::1/64
//     behind it: 2001:db8:40xx::/56   route to it via fe80::2
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/client/dhcpv6_wire.h"
#include "tests/client/ipv6_wire.h"
#include "tests/client/router_discovery.h"
#include "tests/netns/lab_suite.h"

namespace sstpgw::test {

inline constexpr const char* kIpv6Pools =
    "client-ipv6-pool:\n"
    "  V6: { prefix: [{ address: \"2001:db8:1::/48\" }],"
    " delegate: [{ address: \"2001:db8:4000::/40\", delegation-prefix: 56 }] }\n"
    "default-ipv6-pool: V6\n";

// `ppp`: lines under ppp-options; `more`: further nodes under sstp.
inline LabConfig Ipv6Config(const std::string& ppp = "ipv6: allow", const std::string& more = "") {
  LabConfig config;
  config.ppp_options = ppp;
  config.extra = kIpv6Pools + more;
  return config;
}

// A polite client that wants IPv6 as well.
inline client::ClientOptions Ipv6User(client::ClientOptions options = TestUser()) {
  options.ipv6 = true;
  return options;
}

inline Ipv6Address Address6(const std::string& text) { return Ipv6Address::Parse(text).value(); }
inline client::Ipv6Packet Between(const Ipv6Address& source, const Ipv6Address& destination,
                                  std::uint8_t hop_limit = 64) {
  client::Ipv6Packet packet;
  packet.source = source;
  packet.destination = destination;
  packet.hop_limit = hop_limit;
  return packet;
}
// "a:b:c:d", hexadecimal groups.
inline std::string IdText(const InterfaceId& id) {
  std::string text;
  for (std::size_t i = 0; i < id.size(); i += 2) {
    char group[8];
    std::snprintf(group, sizeof group, "%x", (id[i] << 8) | id[i + 1]);
    text += (text.empty() ? "" : ":") + std::string(group);
  }
  return text;
}

class Ipv6Peer {
 public:
  explicit Ipv6Peer(Lab& lab, client::ClientOptions options = Ipv6User())
      : dialer_(lab.client(), lab.address(), std::move(options)) {
    dialer_.connection().on_ip_packet = [this](ByteView packet) { Take(packet); };
  }
  Ipv6Peer(const Ipv6Peer&) = delete;
  Ipv6Peer& operator=(const Ipv6Peer&) = delete;

  bool DialUp() { return dialer_.DialUntil(client::Phase::kUp); }
  [[nodiscard]] Dialer& dialer() { return dialer_; }
  [[nodiscard]] const client::Facts& facts() { return dialer_.facts(); }
  [[nodiscard]] Ipv6Address link_local() { return client::LinkLocal(facts().interface_id); }
  [[nodiscard]] Ipv6Address router() { return client::LinkLocal(facts().peer_interface_id); }

  void Send(const Bytes& packet) { dialer_.session().SendIpPacket(packet); }
  // True once `fact` is there, whether the connection brings it or not.
  bool ServeUntil(const std::function<bool()>& fact,
                  std::chrono::milliseconds timeout = kPatience) {
    return WaitUntil(
        [&] {
          dialer_.Drive([](client::ClientSession&) { return false; }, std::chrono::milliseconds(1));
          return fact();
        },
        timeout);
  }

  // The answer to a Router Solicitation: sent to this host alone.
  std::optional<client::RouterAdvertisement> Solicit() {
    const std::size_t from = received.size();
    Send(client::MakeRouterSolicitation(link_local()));
    return Advertisement(from, [this](const client::Ipv6Packet& packet) {
      return packet.destination == link_local();
    });
  }
  // One that came to all, at or after place `from` in what was received.
  std::optional<client::RouterAdvertisement> Unsolicited(std::size_t from = 0) {
    return Advertisement(from, [](const client::Ipv6Packet& packet) {
      return packet.destination == client::AllNodes();
    });
  }

  // A message of this client; its identifier and the time it has waited are put in front.
  client::Dhcpv6Message Message(client::Dhcpv6Type type,
                                std::vector<client::Dhcpv6Option> options = {}) {
    std::vector<client::Dhcpv6Option> all{{client::kOptionClientId, duid},
                                          {client::kOptionElapsed, {0, 0}}};
    for (client::Dhcpv6Option& option : options) all.push_back(std::move(option));
    return {type, ++transaction_, std::move(all)};
  }
  // The server's answer to it; nullopt: none within `timeout`.
  std::optional<client::Dhcpv6Message> Ask(const client::Dhcpv6Message& message,
                                           std::chrono::milliseconds timeout = kPatience) {
    const std::size_t from = received.size();
    Send(client::MakeUdp6(Between(link_local(), client::AllDhcpServers(), 1),
                          client::kDhcpv6ClientPort, client::kDhcpv6ServerPort,
                          client::Encode(message)));
    std::optional<client::Dhcpv6Message> answer;
    ServeUntil(
        [&] {
          for (std::size_t i = from; i < received.size() && !answer; ++i) {
            answer = AnswerIn(received[i], message.transaction);
          }
          return answer.has_value();
        },
        timeout);
    return answer;
  }
  std::optional<client::Dhcpv6Message> Ask(client::Dhcpv6Type type,
                                           std::vector<client::Dhcpv6Option> options = {}) {
    return Ask(Message(type, std::move(options)));
  }
  // Solicit and Request for an address and a prefix; what the Reply says.
  std::optional<client::Dhcpv6Answer> Lease() {
    const auto offer = Ask(client::Dhcpv6Type::kSolicit, {Na(), Pd()});
    EXPECT_TRUE(offer);
    if (!offer || offer->Find(client::kOptionServerId) == nullptr) return std::nullopt;
    EXPECT_EQ(offer->type, client::Dhcpv6Type::kAdvertise);
    server_id = *offer->Find(client::kOptionServerId);
    const auto reply = Ask(client::Dhcpv6Type::kRequest, {ServerId(), Na(), Pd(), WantsDns()});
    EXPECT_TRUE(reply);
    if (!reply) return std::nullopt;
    EXPECT_EQ(reply->type, client::Dhcpv6Type::kReply);
    return client::Interpret(*reply);
  }
  [[nodiscard]] client::Dhcpv6Option ServerId() const {
    return {client::kOptionServerId, server_id};
  }
  [[nodiscard]] static client::Dhcpv6Option Na(std::vector<client::Lease> leases = {},
                                               std::uint32_t iaid = 1) {
    return client::EncodeAssociation({false, iaid, 0, 0, std::move(leases), std::nullopt});
  }
  [[nodiscard]] static client::Dhcpv6Option Pd(std::vector<client::Lease> leases = {},
                                               std::uint32_t iaid = 1) {
    return client::EncodeAssociation({true, iaid, 0, 0, std::move(leases), std::nullopt});
  }
  [[nodiscard]] static client::Dhcpv6Option WantsDns() {
    return {client::kOptionRequest, {0, 23, 0, 24}};
  }

  std::vector<Bytes> received;         // IPv6 packets of the server, in their order
  std::vector<Ipv6Address> addresses;  // echo requests to these are answered
  Bytes duid{0, 3, 0, 27, 2, 0, 0, 0, 0, 0, 0, 1};
  Bytes server_id;

 private:
  void Take(ByteView packet) {
    if (packet.empty() || packet[0] >> 4 != 6) return;
    received.emplace_back(packet.begin(), packet.end());
    for (const Ipv6Address& self : addresses) {
      if (const auto reply = client::EchoReply6(packet, self)) Send(*reply);
    }
  }
  std::optional<client::RouterAdvertisement> Advertisement(
      std::size_t from, const std::function<bool(const client::Ipv6Packet&)>& wanted) {
    std::optional<client::RouterAdvertisement> found;
    ServeUntil([&] {
      for (; from < received.size() && !found; ++from) {
        const auto packet = client::ParseIpv6(received[from]);
        if (!packet || !client::IsRouterAdvertisement(*packet) || !wanted(*packet)) continue;
        found = client::ParseRouterAdvertisement(*packet);
        EXPECT_TRUE(found) << "an advertisement that hosts must drop";
      }
      return found.has_value();
    });
    return found;
  }
  std::optional<client::Dhcpv6Message> AnswerIn(const Bytes& octets,
                                                std::uint32_t transaction) const {
    const auto packet = client::ParseIpv6(octets);
    if (!packet || packet->next_header != client::kNextUdp) return std::nullopt;
    const auto udp = client::ParseUdp6(*packet);
    if (!udp || udp->destination_port != client::kDhcpv6ClientPort) return std::nullopt;
    EXPECT_TRUE(client::TransportSumIsRight(*packet));
    EXPECT_EQ(udp->source_port, client::kDhcpv6ServerPort);
    auto message = client::ParseDhcpv6(udp->payload);
    if (!message || message->transaction != transaction) return std::nullopt;
    const Bytes* client_id = message->Find(client::kOptionClientId);
    EXPECT_TRUE(client_id != nullptr && *client_id == duid);
    return message;
  }

  Dialer dialer_;
  std::uint32_t transaction_ = 0x5a0000;
};

// Leases of one kind in an answer.
inline std::vector<client::Lease> LeasesOf(const client::Dhcpv6Answer& answer, bool delegation) {
  std::vector<client::Lease> found;
  for (const client::Association& one : answer.associations) {
    if (one.delegation != delegation) continue;
    found.insert(found.end(), one.leases.begin(), one.leases.end());
  }
  return found;
}
// "2001:db8::/56, ..." ; "" for none.
inline std::string TextOf(const std::vector<client::Lease>& leases) {
  std::string text;
  for (const client::Lease& one : leases) {
    text += (text.empty() ? "" : ", ") + one.prefix.ToString();
  }
  return text;
}

}  // namespace sstpgw::test
