// Router Advertisements of one session's link (RFC 4861 6.2, RFC 8106; features 4.3): some at once
// and in short order, then now and again; an answer to each Router Solicitation, up to a rate; a
// last one with lifetimes of zero.
//
//   Start   now, then each `initial_interval` until there were `initial_count`, then at random
//   times
//           between `min_interval` and `max_interval`
//   Update  what has changed is announced as at the start; prefixes that are gone with lifetimes of
//           zero meanwhile
//   Stop    one with lifetimes of zero
//
// The source is fe80::<our identifier>. A prefix that is one address (/128) is announced as its /64
// without autonomous configuration: the address itself comes by DHCPv6. Without any prefix the
// flags M and O still say that there is something to delegate.
//
// Threads: one worker, not thread-safe. Errors: what is no Router Solicitation is dropped and
// counted (kNdMalformed); so is what comes faster than it is answered, uncounted.
#pragma once

#include <cstdint>
#include <vector>

#include "gateway/codec/neighbour_discovery.h"
#include "gateway/fsm/outbox.h"
#include "proto/base/entropy.h"
#include "proto/base/ip.h"
#include "proto/base/network_settings.h"

namespace sstpgw::fsm {

// What is true of this session's link; the rest is in the settings.
struct AdvertisedLink {
  InterfaceId our_id{};
  std::vector<Ipv6Prefix> prefixes{};
  std::vector<Ipv6Address> dns{};  // three are announced
  bool dhcpv6 = false;             // there is something to give by DHCPv6
  std::uint16_t mtu = 0;           // the interface's, octets
  friend bool operator==(const AdvertisedLink&, const AdvertisedLink&) = default;
};

class RouterAdvertiser {
 public:
  // Both must outlive this object.
  RouterAdvertiser(const RouterAdvertisementSettings& settings, Entropy& entropy)
      : settings_(settings), entropy_(entropy) {}

  // The link can carry packets now.
  void Start(AdvertisedLink link, Outbox& out);
  // Nothing before Start, and nothing if it is the same.
  void Update(AdvertisedLink link, Outbox& out);
  // `packet`: ICMPv6 from the peer.
  void Receive(ByteView packet, TimePoint now, Outbox& out);
  // Of kRouterAdvertisement.
  void TimerExpired(Outbox& out);
  // While the link still carries packets; nothing before Start.
  void Stop(Outbox& out);

  [[nodiscard]] bool running() const { return running_; }
  [[nodiscard]] bool IsConsistent(const Outbox& out) const {
    return out.Runs(TimerId::kRouterAdvertisement) == running_;
  }

 private:
  void Announce(Outbox& out);
  void Send(const Ipv6Address& destination, bool last, Outbox& out) const;
  [[nodiscard]] codec::RouterAdvertisement Content(bool last) const;
  [[nodiscard]] codec::PrefixInformation Information(const Ipv6Prefix& prefix, bool gone) const;
  [[nodiscard]] Duration RandomInterval();
  [[nodiscard]] bool MayAnswer(TimePoint now);

  const RouterAdvertisementSettings& settings_;
  Entropy& entropy_;
  bool running_ = false;
  AdvertisedLink link_;
  std::vector<Ipv6Prefix> gone_;  // announced before, no longer
  std::uint32_t announced_ = 0;   // of the initial ones
  TimePoint answers_due_{};       // when all answers so far would have been due at the steady rate
};

}  // namespace sstpgw::fsm
