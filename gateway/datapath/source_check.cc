#include "gateway/datapath/source_check.h"

#include <algorithm>

#include "gateway/datapath/packet_fields.h"

namespace sstpgw::datapath {
namespace {

constexpr std::uint64_t kLinkLocalHigh = 0xfe80'0000'0000'0000U;  // fe80::/64 (RFC 4291 2.5.6)

// The upper `length` of 64 bits; `length` may be anything.
std::uint64_t UpperBits(int length) {
  if (length <= 0) return 0;
  return length >= 64 ? ~std::uint64_t{0} : ~(~std::uint64_t{0} >> length);
}

}  // namespace

SourceCheck::Ipv4Match SourceCheck::MatchOf(const Ipv4Prefix& prefix) {
  const auto mask = static_cast<std::uint32_t>(UpperBits(std::min<int>(prefix.length, 32)) >> 32);
  return {prefix.address.value() & mask, mask};
}

SourceCheck::Ipv6Match SourceCheck::MatchOf(const Ipv6Prefix& prefix) {
  const std::uint64_t high_mask = UpperBits(prefix.length);
  const std::uint64_t low_mask = UpperBits(int{prefix.length} - 64);
  const std::uint8_t* const octets = prefix.address.octets().data();
  return {Load64(octets) & high_mask, Load64(octets + 8) & low_mask, high_mask, low_mask};
}

SourceCheck::SourceCheck(Families families, const std::vector<Ipv4Prefix>& ipv4,
                         const std::vector<Ipv6Prefix>& ipv6, InterfaceId peer_id,
                         const std::vector<Ipv6Address>& ours)
    : families_(families), peer_id_(Load64(peer_id.data())) {
  if (families.ipv4) {
    for (const Ipv4Prefix& prefix : ipv4) more_ipv4_.push_back(MatchOf(prefix));
  }
  if (families.ipv6) {
    for (const Ipv6Prefix& prefix : ipv6) more_ipv6_.push_back(MatchOf(prefix));
    for (const Ipv6Address& address : ours) {
      more_ours_.push_back(MatchOf(Ipv6Prefix{address, 128}));
    }
  }
  if (!more_ipv4_.empty()) {
    first_ipv4_ = more_ipv4_.front();
    more_ipv4_.erase(more_ipv4_.begin());
  }
  if (!more_ipv6_.empty()) {
    first_ipv6_ = more_ipv6_.front();
    more_ipv6_.erase(more_ipv6_.begin());
  }
  if (!more_ours_.empty()) {
    first_ours_ = more_ours_.front();
    more_ours_.erase(more_ours_.begin());
  }
}

bool SourceCheck::AllowsIpv4(const std::uint8_t* source) const {
  const std::uint32_t address = Load32(source);
  if (first_ipv4_.Fits(address)) return true;
  return std::any_of(more_ipv4_.begin(), more_ipv4_.end(),
                     [address](const Ipv4Match& match) { return match.Fits(address); });
}

bool SourceCheck::AllowsIpv6(const std::uint8_t* source) const {
  const std::uint64_t high = Load64(source);
  const std::uint64_t low = Load64(source + 8);
  if (IsOurs(high, low)) return false;
  if (first_ipv6_.Fits(high, low)) return true;
  return std::any_of(more_ipv6_.begin(), more_ipv6_.end(),
                     [high, low](const Ipv6Match& match) { return match.Fits(high, low); });
}

bool SourceCheck::IsPeerLinkLocal(const std::uint8_t* source) const {
  return families_.ipv6 && Load64(source) == kLinkLocalHigh && Load64(source + 8) == peer_id_;
}

}  // namespace sstpgw::datapath
