#include "gateway/datapath/down_pacer.h"

#include <algorithm>

#include "gateway/datapath/pace_limit.h"

namespace sstpgw::datapath {
namespace {

constexpr std::uint64_t kLongestOldRateNs = 1'000'000'000;

}  // namespace

DownPacer::DownPacer(const sg_limit& limit) : limit_(limit) {
  bucket_.octets = static_cast<std::int64_t>(limit.burst);
  Apply(limit);
}

std::uint64_t DownPacer::Allowance(TimePoint now) {
  Fill(now);
  return Allowance();
}

std::uint64_t DownPacer::Allowance() const {
  if (limit_.rate == 0) return kNoLimit;
  const std::int64_t all = bucket_.octets + static_cast<std::int64_t>(credit_ + late_);
  return all > 0 ? static_cast<std::uint64_t>(all) : 0;
}

// The bucket is in debt only when the extras are used up.
void DownPacer::Charge(std::uint64_t octets) {
  empty_ = false;
  if (limit_.rate == 0) return;
  octets = std::min<std::uint64_t>(octets, SG_MAX_CHARGE);
  for (std::uint64_t* const extra : {&credit_, &late_}) {
    const std::uint64_t paid = std::min(*extra, octets);
    *extra -= paid;
    octets -= paid;
  }
  bucket_.octets -= static_cast<std::int64_t>(octets);
}

void DownPacer::Credit(std::uint64_t octets) {
  if (limit_.rate == 0) return;
  octets = std::min<std::uint64_t>(octets, SG_MAX_BURST);
  if (bucket_.octets < 0) {
    const std::uint64_t paid = std::min(octets, static_cast<std::uint64_t>(-bucket_.octets));
    bucket_.octets += static_cast<std::int64_t>(paid);
    octets -= paid;
  }
  credit_ = std::min<std::uint64_t>(credit_ + octets, SG_MAX_BURST);
}

void DownPacer::Drained() {
  credit_ = 0;
  late_ = 0;
  empty_ = true;
  if (pending_) Apply(next_);
}

void DownPacer::Hold(TimePoint now) {
  Fill(now);
  empty_ = false;
}

Duration DownPacer::Wait(TimePoint now) {
  if (Allowance(now) > 0) return Duration{};
  return Duration(sg_bucket_wait_ns(&bucket_, &limit_, quantum_, Nanoseconds(now)));
}

void DownPacer::Change(const sg_limit& limit, TimePoint now) {
  if (limit_.rate == 0) {
    // There was nothing to be late for.
    bucket_ = {static_cast<std::int64_t>(limit.burst), Nanoseconds(now), 0, limit.rate};
  }
  Fill(now);
  if (!empty_ && limit_.queue != 0 && limit.rate != 0 && limit.rate < limit_.rate) {
    if (!pending_) {
      next_ns_ = Nanoseconds(now) + std::min<std::uint64_t>(sg_octets_ns(limit_.queue, limit_.rate),
                                                            kLongestOldRateNs);
    }
    pending_ = true;
    next_ = limit;
    return;
  }
  Apply(limit);
  Fill(now);
}

void DownPacer::Fill(TimePoint now) {
  const std::uint64_t now_ns = Nanoseconds(now);
  if (pending_ && now_ns >= next_ns_) {
    sg_bucket_fill(&bucket_, &limit_, next_ns_);
    Apply(next_);
  }
  if (limit_.rate == 0) return;
  if (!empty_ && limit_.queue != 0) CountLate(now_ns);
  sg_bucket_fill(&bucket_, &limit_, now_ns);
}

// What the bucket will have no room for.
void DownPacer::CountLate(std::uint64_t now_ns) {
  const std::int64_t room = static_cast<std::int64_t>(limit_.burst) - bucket_.octets;
  const auto fits = static_cast<std::uint64_t>(std::max<std::int64_t>(room, 0));
  if (now_ns <= bucket_.last_ns || fits > limit_.burst + SG_MAX_CHARGE) return;
  const std::uint64_t gained =
      sg_ns_octets(now_ns - bucket_.last_ns, limit_.rate, fits + limit_.queue);
  if (gained > fits) late_ = std::min<std::uint64_t>(late_ + gained - fits, limit_.queue);
}

void DownPacer::Apply(const sg_limit& limit) {
  limit_ = limit;
  pending_ = false;
  late_ = std::min<std::uint64_t>(late_, limit.queue);
  quantum_ = PaceQuantum(limit);
}

}  // namespace sstpgw::datapath
