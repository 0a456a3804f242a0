// The DHCPv6 server of one session's link (RFC 8415; features 4.4): gives the client what the
// session has anyway, its addresses by IA_NA and its delegated prefixes by IA_PD, and knows which
// it has taken. There is one client on the link and no other server.
//
//   Solicit              Advertise; with Rapid Commit Reply, as to a Request
//   Request              Reply: the first IA_NA and IA_PD get all there is, others NoAddrsAvail and
//                        NoPrefixAvail, IA_TA too
//   Renew                Reply: bound IAs as to a Request, others NoBinding
//   Rebind               as Renew; an IA that names what we would give, and nothing else, is bound
//   Confirm              Reply: Success if all its addresses are of this link, else NotOnLink
//   Release, Decline     Reply: Success; unknown IAs NoBinding
//   Information-Request  Reply: options
//
// Addresses and prefixes that the client names and that are not the session's come back with
// lifetimes of zero and NotOnLink. The client is who made the first binding: other Client-IDs are
// not answered until it is released or has expired. An expired binding is noticed when the next
// message comes; a route may stay that long, it leads to nobody but this client.
//
// Threads: one worker, not thread-safe. Errors: malformed messages (kDhcpv6Malformed) and those
// that must not be answered (kDhcpv6Discarded) are dropped.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/codec/dhcpv6.h"
#include "gateway/codec/ipv6_packet.h"
#include "gateway/fsm/outbox.h"
#include "proto/base/ip.h"
#include "proto/base/network_settings.h"

namespace sstpgw::fsm {

// What is true of this session's link; the rest is in the settings.
struct LeasedLink {
  InterfaceId our_id{};
  std::vector<Ipv6Prefix> prefixes{};    // of the link
  std::vector<Ipv6Address> addresses{};  // for IA_NA; the first eight are given
  std::vector<Ipv6Prefix> delegated{};   // for IA_PD; likewise
  std::vector<Ipv6Address> dns{};
  friend bool operator==(const LeasedLink&, const LeasedLink&) = default;
};

// What a step has done to the routes of the delegated prefixes. Never both.
struct Dhcpv6Outcome {
  bool delegation_taken = false;     // they are wanted from now on
  bool delegation_released = false;  // they are not any more
  friend bool operator==(const Dhcpv6Outcome&, const Dhcpv6Outcome&) = default;
};

class Dhcpv6Server {
 public:
  // `settings` must outlive this object.
  explicit Dhcpv6Server(const Dhcpv6Settings& settings) : settings_(settings) {}

  // The link can carry packets now.
  void Start(LeasedLink link);
  // Bindings stay; what they contain is told at the next Renew. A binding of nothing goes.
  Dhcpv6Outcome Update(LeasedLink link);
  // `packet`: UDP from the peer. Before Start: nothing.
  Dhcpv6Outcome Receive(ByteView packet, TimePoint now, Outbox& out);

  // The client has taken the delegated prefixes.
  [[nodiscard]] bool delegated() const { return delegation_.has_value(); }

 private:
  struct Binding {
    std::uint32_t iaid = 0;
    std::optional<TimePoint> expires;  // nullopt: never
  };

  [[nodiscard]] std::optional<codec::Dhcpv6Reply> Serve(const codec::Dhcpv6Message& message,
                                                        TimePoint now);
  [[nodiscard]] bool IsAnswerable(const codec::Dhcpv6Message& message) const;
  [[nodiscard]] std::vector<codec::Dhcpv6Ia> Grant(const codec::Dhcpv6Message& message, bool commit,
                                                   TimePoint now);
  [[nodiscard]] std::vector<codec::Dhcpv6Ia> Extend(const codec::Dhcpv6Message& message,
                                                    TimePoint now);
  [[nodiscard]] std::vector<codec::Dhcpv6Ia> Release(const codec::Dhcpv6Message& message);
  [[nodiscard]] std::optional<codec::Dhcpv6Status> Confirm(
      const codec::Dhcpv6Message& message) const;
  // What the session has, with its lifetimes, and what of `asked` it has not.
  [[nodiscard]] codec::Dhcpv6Ia Filled(const codec::Dhcpv6Ia& asked, std::size_t& foreign) const;
  [[nodiscard]] std::vector<Ipv6Prefix> Given(codec::Dhcpv6Option kind) const;
  [[nodiscard]] bool NamesWhatWeGive(const codec::Dhcpv6Ia& ia) const;
  [[nodiscard]] std::optional<Binding>& BindingOf(codec::Dhcpv6Option kind);
  void Bind(const codec::Dhcpv6Message& message, const codec::Dhcpv6Ia& ia, TimePoint now);
  void DropExpired(TimePoint now);
  void ForgetClientWithoutBinding();
  [[nodiscard]] Bytes ServerId() const;

  const Dhcpv6Settings& settings_;
  bool running_ = false;
  LeasedLink link_;
  Bytes client_id_;  // empty: nobody's yet
  std::optional<Binding> addresses_;
  std::optional<Binding> delegation_;
};

}  // namespace sstpgw::fsm
