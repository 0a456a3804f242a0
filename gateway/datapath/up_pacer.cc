#include "gateway/datapath/up_pacer.h"

#include <algorithm>

#include "gateway/datapath/congestion_mark.h"
#include "gateway/datapath/pace_limit.h"
#include "gateway/datapath/packet_fields.h"

namespace sstpgw::datapath {
namespace {

constexpr std::uint64_t kRoomNs = 5'000'000;
// Signals in a row that had no effect; then so much more is shed with each look, in 256ths of the
// packets, until it has one, and so large a part of it less afterwards.
constexpr std::uint16_t kDeafAfter = 32;
constexpr std::uint32_t kShedAll = 256;
constexpr std::uint32_t kShedEase = 48;
constexpr std::uint64_t kWindowNs = 50'000'000;
constexpr std::uint64_t kLongestRoundTripNs = 1'000'000'000;
// Packets of the Internet are no larger, even where the interface's own could be.
constexpr std::size_t kLargestUsual = 1500;

}  // namespace

UpPacer::UpPacer(const sg_limit& limit, const ChargeRule& rule) : limit_(limit), rule_(rule) {
  bucket_.octets = static_cast<std::int64_t>(limit.burst);
  Apply(limit);
}

std::size_t UpPacer::ReadRoom(TimePoint now) {
  if (limit_.rate == 0) return kMostRoom;
  Fill(now);
  if (bucket_.octets <= 0) return 0;
  return std::clamp(static_cast<std::size_t>(bucket_.octets), room_, kMostRoom);
}

Duration UpPacer::Wait(TimePoint now) {
  if (ReadRoom(now) > 0) return Duration{};
  return Duration(sg_bucket_wait_ns(&bucket_, &limit_, quantum_, Nanoseconds(now)));
}

void UpPacer::Resume(std::size_t unread, TimePoint now) {
  const bool above = limit_.interval_ns != 0 && unread > room_ + limit_.target;
  if (sg_codel_signal(&codel_, above ? 1 : 0, limit_.interval_ns, Nanoseconds(now)) != 0) {
    signal_ = true;
  }
  if (!above) signal_ = false;
  const bool deaf = above && unread >= full_ && codel_.active != 0 && codel_.count >= kDeafAfter;
  if (deaf) {
    shed_ = std::min(shed_ + 1, kShedAll);
  } else {
    shed_ -= (shed_ + kShedEase - 1) / kShedEase;
  }
}

UpPacer::Verdict UpPacer::Judge(ByteView packet) {
  if (limit_.rate == 0) return Verdict::kPass;
  const sg_cost cost = CostOf(packet, rule_);
  Verdict verdict = Verdict::kPass;
  if ((signal_ || shed_ > 0) && MaySignal(packet)) verdict = Tell(packet);
  if (verdict == Verdict::kDrop) {
    ++counters_.dropped_packets;
    counters_.dropped_octets += cost.octets;
    return verdict;
  }
  if (verdict == Verdict::kMark) ++counters_.signalled_packets;
  bucket_.octets -= static_cast<std::int64_t>(std::min<std::uint64_t>(cost.octets, SG_MAX_CHARGE));
  return verdict;
}

UpPacer::Verdict UpPacer::Tell(ByteView packet) {
  shed_due_ += shed_;
  if (shed_due_ >= kShedAll) {
    shed_due_ -= kShedAll;
    return Verdict::kDrop;
  }
  if (!signal_) return Verdict::kPass;
  signal_ = false;
  return EcnOf(packet) == kNotEct ? Verdict::kDrop : Verdict::kMark;
}

std::uint64_t UpPacer::WindowClamp(Duration round_trip) const {
  if (limit_.rate == 0) return 0;
  const auto trip = static_cast<std::uint64_t>(std::max<Duration::rep>(round_trip.count(), 0));
  const std::uint64_t ns = kWindowNs + std::min(trip, kLongestRoundTripNs);
  const std::uint64_t window = sg_ns_octets(ns, limit_.rate, SG_MAX_BURST);
  return window > kMostWindow ? 0 : std::max(window, kLeastWindow);
}

void UpPacer::Change(const sg_limit& limit, TimePoint now) {
  Fill(now);
  Apply(limit);
  Fill(now);
}

void UpPacer::Fill(TimePoint now) {
  if (limit_.rate != 0) sg_bucket_fill(&bucket_, &limit_, Nanoseconds(now));
}

void UpPacer::Apply(const sg_limit& limit) {
  limit_ = limit;
  room_ = std::max<std::size_t>(sg_ns_octets(kRoomNs, limit.rate, kMostRoom), kLeastRoom);
  quantum_ = PaceQuantum(limit);
  full_ = sg_max(sg_ns_octets(kWindowNs, limit.rate, SG_MAX_BURST), kLeastWindow) * 3 / 4;
  if (limit.rate == 0) {
    shed_ = 0;
    codel_ = {};
    signal_ = false;
  }
}

bool UpPacer::MaySignal(ByteView packet) const {
  const std::size_t full = std::min<std::size_t>(limit_.floor / 2, kLargestUsual);
  if (packet.size() < SG_HEAD || packet.size() <= full / 2) return false;
  // A fragment's loss is that of all others as well.
  if (IpVersion(packet) == 4 && (Load16(&packet[kIpv4Fragment]) & kIpv4FragmentMask) != 0) {
    return false;
  }
  const std::uint8_t protocol = sg_ip_protocol(packet.data());
  return protocol == kProtocolTcp || protocol == kProtocolUdp;
}

}  // namespace sstpgw::datapath
