// What a gateway's shaper is told, how sessions are limited and what their limiters did.
#include "proto/contract/convert.h"
#include "proto/contract/wire_check.h"

namespace sstpgw::contract {
namespace {

constexpr std::uint32_t kMaxMark = 2'147'483'647;
constexpr std::uint32_t kMaxMpu = 65'535;
constexpr std::uint32_t kMaxBurstMilliseconds = 1'000'000;
constexpr std::uint32_t kMaxLatencyMilliseconds = 10'000;
constexpr std::uint32_t kMaxLeafMicroseconds = 60'000'000;

pb::LeafQdisc ToProto(const LeafQdisc& leaf) {
  pb::LeafQdisc out;
  out.set_kind(contract::ToProto(leaf.kind));
  out.set_limit_packets(leaf.limit);
  out.set_flows(leaf.flows);
  out.set_quantum_octets(leaf.quantum);
  out.set_perturb_seconds(leaf.perturb);
  out.set_target_microseconds(WireMicroseconds(leaf.target));
  out.set_interval_microseconds(WireMicroseconds(leaf.interval));
  out.set_ecn(leaf.ecn);
  return out;
}

Result<LeafQdisc> FromProto(const pb::LeafQdisc& in) {
  SG_RETURN_IF_ERROR(CheckRange("settings.shaper.leaf.target_microseconds",
                                in.target_microseconds(), 0, kMaxLeafMicroseconds));
  SG_RETURN_IF_ERROR(CheckRange("settings.shaper.leaf.interval_microseconds",
                                in.interval_microseconds(), 0, kMaxLeafMicroseconds));
  LeafQdisc out;
  SG_ASSIGN_OR_RETURN(out.kind, contract::FromProto(in.kind()));
  out.limit = in.limit_packets();
  out.flows = in.flows();
  out.quantum = in.quantum_octets();
  out.perturb = in.perturb_seconds();
  out.target = std::chrono::microseconds(in.target_microseconds());
  out.interval = std::chrono::microseconds(in.interval_microseconds());
  out.ecn = in.ecn();
  return out;
}

void Put(const DirectionLimit& limit, pb::DirectionLimit& out) {
  out.set_rate_bits_per_second(limit.rate.value());
  out.set_burst_octets(limit.burst.value());
}

Result<DirectionLimit> FromProto(const pb::DirectionLimit& in) {
  SG_RETURN_IF_ERROR(CheckRange("policy.rate_limit.rate_bits_per_second", in.rate_bits_per_second(),
                                0, kMaxRate.value()));
  SG_RETURN_IF_ERROR(
      CheckRange("policy.rate_limit.burst_octets", in.burst_octets(), 0, kMaxBurst.value()));
  return DirectionLimit{BitsPerSecond{in.rate_bits_per_second()}, BurstOctets{in.burst_octets()}};
}

void Put(const ShaperCounters& counters, pb::ShaperCounters& out) {
  out.set_passed_packets(counters.passed_packets);
  out.set_passed_octets(counters.passed_octets);
  out.set_dropped_packets(counters.dropped_packets);
  out.set_dropped_octets(counters.dropped_octets);
  out.set_marked_packets(counters.marked_packets);
  out.set_marked_octets(counters.marked_octets);
  out.set_signalled_packets(counters.signalled_packets);
}

ShaperCounters FromProto(const pb::ShaperCounters& in) {
  return {.passed_packets = in.passed_packets(),
          .passed_octets = in.passed_octets(),
          .dropped_packets = in.dropped_packets(),
          .dropped_octets = in.dropped_octets(),
          .marked_packets = in.marked_packets(),
          .marked_octets = in.marked_octets(),
          .signalled_packets = in.signalled_packets()};
}

}  // namespace

pb::ShaperSettings ToProto(const ShaperSettings& shaper) {
  pb::ShaperSettings out;
  out.set_down_limiter(ToProto(shaper.down));
  out.set_up_limiter(ToProto(shaper.up));
  out.set_fwmark(shaper.fwmark);
  out.set_required(shaper.required);
  out.set_verbose(shaper.verbose);
  out.set_count(ToProto(shaper.count));
  out.set_mpu_octets(shaper.mpu);
  out.set_down_burst_milliseconds(WireMilliseconds(shaper.down_burst));
  out.set_up_burst_milliseconds(WireMilliseconds(shaper.up_burst));
  out.set_latency_milliseconds(WireMilliseconds(shaper.latency));
  *out.mutable_leaf() = ToProto(shaper.leaf);
  out.set_r2q(shaper.r2q);
  out.set_quantum_octets(shaper.quantum);
  out.set_moderate_quantum(shaper.moderate_quantum);
  out.set_cburst_octets(shaper.cburst);
  return out;
}

Result<ShaperSettings> FromProto(const pb::ShaperSettings& in) {
  SG_RETURN_IF_ERROR(CheckRange("settings.shaper.fwmark", in.fwmark(), 0, kMaxMark));
  SG_RETURN_IF_ERROR(CheckRange("settings.shaper.mpu_octets", in.mpu_octets(), 0, kMaxMpu));
  SG_RETURN_IF_ERROR(CheckRange("settings.shaper.down_burst_milliseconds",
                                in.down_burst_milliseconds(), 0, kMaxBurstMilliseconds));
  SG_RETURN_IF_ERROR(CheckRange("settings.shaper.up_burst_milliseconds", in.up_burst_milliseconds(),
                                0, kMaxBurstMilliseconds));
  SG_RETURN_IF_ERROR(CheckRange("settings.shaper.latency_milliseconds", in.latency_milliseconds(),
                                1, kMaxLatencyMilliseconds));
  SG_RETURN_IF_ERROR(CheckRange("settings.shaper.r2q", in.r2q(), 1, UINT32_MAX));
  ShaperSettings out;
  SG_ASSIGN_OR_RETURN(out.down, FromProto(in.down_limiter()));
  SG_ASSIGN_OR_RETURN(out.up, FromProto(in.up_limiter()));
  SG_ASSIGN_OR_RETURN(out.count, FromProto(in.count()));
  SG_ASSIGN_OR_RETURN(out.leaf, FromProto(in.leaf()));
  out.fwmark = in.fwmark();
  out.required = in.required();
  out.verbose = in.verbose();
  out.mpu = in.mpu_octets();
  out.down_burst = std::chrono::milliseconds(in.down_burst_milliseconds());
  out.up_burst = std::chrono::milliseconds(in.up_burst_milliseconds());
  out.latency = std::chrono::milliseconds(in.latency_milliseconds());
  out.r2q = in.r2q();
  out.quantum = in.quantum_octets();
  out.moderate_quantum = in.moderate_quantum();
  out.cburst = in.cburst_octets();
  return out;
}

pb::RateLimit ToProto(const RateLimit& limit) {
  pb::RateLimit out;
  Put(limit.down, *out.mutable_down());
  Put(limit.up, *out.mutable_up());
  return out;
}

Result<RateLimit> FromProto(const pb::RateLimit& in) {
  RateLimit out;
  SG_ASSIGN_OR_RETURN(out.down, FromProto(in.down()));
  SG_ASSIGN_OR_RETURN(out.up, FromProto(in.up()));
  return out;
}

pb::ShaperRecord ToProto(const ShaperRecord& record) {
  pb::ShaperRecord out;
  out.set_down_limiter(ToProto(record.down));
  out.set_up_limiter(ToProto(record.up));
  Put(record.down_counters, *out.mutable_down());
  Put(record.up_counters, *out.mutable_up());
  return out;
}

Result<ShaperRecord> FromProto(const pb::ShaperRecord& in) {
  ShaperRecord out;
  SG_ASSIGN_OR_RETURN(out.down, FromProto(in.down_limiter()));
  SG_ASSIGN_OR_RETURN(out.up, FromProto(in.up_limiter()));
  out.down_counters = FromProto(in.down());
  out.up_counters = FromProto(in.up());
  return out;
}

}  // namespace sstpgw::contract
