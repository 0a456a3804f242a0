#include "gateway/datapath/pace_limit.h"

#include "gateway/datapath/read_room.h"

namespace sstpgw::datapath {
namespace {

constexpr std::uint64_t kBurstNs = 50'000'000;
constexpr std::uint64_t kLateNs = 100'000'000;
constexpr std::uint64_t kQuantumNs = 2'000'000;

std::uint64_t Count(Duration duration) {
  return duration > Duration{} ? static_cast<std::uint64_t>(duration.count()) : 0;
}

}  // namespace

sg_limit PaceLimit(const PaceWish& wish) {
  const std::uint64_t rate = wish.rate.value();
  const std::uint64_t burst =
      wish.burst.value() != 0 ? wish.burst.value() : sg_ns_octets(kBurstNs, rate, SG_MAX_BURST);
  sg_limit limit = sg_limit_make(SG_KIND_PACE, rate, burst, Count(wish.latency), wish.mtu.value());
  sg_limit_manage(&limit, Count(wish.target), Count(wish.interval));
  return limit;
}

sg_limit BackstopLimit(const sg_limit& pace) {
  const std::uint64_t late = sg_ns_octets(kLateNs, pace.rate, SG_MAX_BURST);
  return sg_limit_make(SG_KIND_POLICE, pace.rate, pace.burst + ReadRoom::kMost + late, 0,
                       pace.floor / 2);
}

std::uint64_t PaceQuantum(const sg_limit& limit) {
  const std::uint64_t time = sg_ns_octets(kQuantumNs, limit.rate, SG_MAX_BURST);
  return sg_min(sg_max(time, limit.floor / 2), limit.burst);
}

}  // namespace sstpgw::datapath
