// Which source addresses a session's packets may have. Nearly every session has one address and one
// prefix, and these are looked at without a loop; whatever there is besides comes after them.
//
// Pure values, no allocation per packet. Addresses are read as they lie in packets.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "proto/base/ip.h"
#include "proto/base/types.h"

namespace sstpgw::datapath {

// Bits behind the length do not matter.
struct Ipv4Prefix {
  Ipv4Address address;
  std::uint8_t length = 32;  // 0..32; more counts as 32
  friend bool operator==(const Ipv4Prefix&, const Ipv4Prefix&) = default;
};

// Which protocols are negotiated.
struct Families {
  bool ipv4 = true;
  bool ipv6 = false;
  friend bool operator==(const Families&, const Families&) = default;
};

class SourceCheck {
 public:
  // Nothing may pass.
  SourceCheck() = default;
  // IPv4 alone.
  explicit SourceCheck(Ipv4Address address)
      : SourceCheck({.ipv4 = true, .ipv6 = false}, {{address, 32}}, {}) {}
  // `peer_id`: of the peer's link-local address. Prefixes of a family that is not negotiated are of
  // no effect.
  // `ours`: never a source of the peer's, though they lie in a prefix of the link.
  SourceCheck(Families families, const std::vector<Ipv4Prefix>& ipv4,
              const std::vector<Ipv6Prefix>& ipv6, InterfaceId peer_id = {},
              const std::vector<Ipv6Address>& ours = {});

  [[nodiscard]] const Families& families() const { return families_; }
  // `source`: 4 octets.
  [[nodiscard]] bool AllowsIpv4(const std::uint8_t* source) const;
  // `source`: 16 octets. Knows nothing of scopes: a link-local address is one as any other.
  [[nodiscard]] bool AllowsIpv6(const std::uint8_t* source) const;
  // `source`, 16 octets, is the peer's link-local address.
  [[nodiscard]] bool IsPeerLinkLocal(const std::uint8_t* source) const;

 private:
  struct Ipv4Match {
    std::uint32_t network = 0;
    std::uint32_t mask = 0;
    [[nodiscard]] bool Fits(std::uint32_t address) const { return (address & mask) == network; }
  };
  struct Ipv6Match {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    std::uint64_t high_mask = 0;
    std::uint64_t low_mask = 0;
    [[nodiscard]] bool Fits(std::uint64_t address_high, std::uint64_t address_low) const {
      return (((address_high & high_mask) ^ high) | ((address_low & low_mask) ^ low)) == 0;
    }
  };
  static Ipv4Match MatchOf(const Ipv4Prefix& prefix);
  static Ipv6Match MatchOf(const Ipv6Prefix& prefix);

  [[nodiscard]] bool IsOurs(std::uint64_t high, std::uint64_t low) const {
    if (first_ours_.Fits(high, low)) return true;
    for (const Ipv6Match& match : more_ours_) {
      if (match.Fits(high, low)) return true;
    }
    return false;
  }

  // A network that no masked address can be.
  static constexpr Ipv4Match kNoIpv4{1, 0};
  static constexpr Ipv6Match kNoIpv6{1, 0, 0, 0};

  Families families_{.ipv4 = false, .ipv6 = false};
  Ipv4Match first_ipv4_ = kNoIpv4;
  Ipv6Match first_ipv6_ = kNoIpv6;
  std::uint64_t peer_id_ = 0;
  std::vector<Ipv4Match> more_ipv4_;
  std::vector<Ipv6Match> more_ipv6_;
  Ipv6Match first_ours_ = kNoIpv6;
  std::vector<Ipv6Match> more_ours_;
};

}  // namespace sstpgw::datapath
