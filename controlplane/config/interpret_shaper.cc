// Rate limits (features 7): what gateways' limiters are told, and what sessions get by default.
#include <algorithm>
#include <cmath>
#include <set>

#include "controlplane/config/interpret.h"
#include "controlplane/shaper/leaf_qdisc.h"
#include "controlplane/shaper/operator_rate.h"

namespace sstpgw::cp {
namespace {

constexpr double kUpToDownBurst = 10;  // burst-factor

DownLimiter DownLimiterOf(const std::string& name) {
  for (const DownLimiter limiter : {DownLimiter::kTbf, DownLimiter::kHtb, DownLimiter::kClsact,
                                    DownLimiter::kEdt, DownLimiter::kPace}) {
    if (name == ToString(limiter)) return limiter;
  }
  return DownLimiter::kAuto;
}

UpLimiter UpLimiterOf(const std::string& name) {
  for (const UpLimiter limiter : {UpLimiter::kPolice, UpLimiter::kPace}) {
    if (name == ToString(limiter)) return limiter;
  }
  return UpLimiter::kAuto;
}

// A factor is so many seconds; the schema bounds it.
std::chrono::milliseconds BurstTime(double factor) {
  return std::chrono::milliseconds(std::llround(factor * 1000));
}

void InterpretBursts(const v1::ShaperConfig& written, const Report& report,
                     ShaperSettings& shaper) {
  double down = written.down_burst_factor();
  double up = written.up_burst_factor();
  if (written.has_burst_factor()) {
    // What is said of one direction alone stands above it.
    if (!report.Written("sstp.shaper.down-burst-factor")) down = written.burst_factor();
    if (!report.Written("sstp.shaper.up-burst-factor")) {
      up = written.burst_factor() * kUpToDownBurst;
    }
  }
  shaper.down_burst = BurstTime(down);
  shaper.up_burst = BurstTime(up);
}

void InterpretLimiters(const v1::ShaperConfig& written, Report& report, ShaperSettings& shaper) {
  shaper.down = DownLimiterOf(written.down_limiter());
  shaper.up = UpLimiterOf(written.up_limiter());
  shaper.fwmark = written.fwmark();
  shaper.required = written.required();
  shaper.verbose = written.verbose();
  shaper.count = written.count() == "packet" ? RateCount::kPacket : RateCount::kPayload;
  shaper.mpu = written.mpu();
  shaper.latency = std::chrono::milliseconds(written.latency());
  shaper.r2q = written.r2q();
  shaper.quantum = written.quantum();
  shaper.moderate_quantum = written.moderate_quantum();
  shaper.cburst = written.cburst();
  InterpretBursts(written, report, shaper);
  if (written.has_leaf_qdisc()) {
    const auto leaf = ReadLeafQdisc(written.leaf_qdisc());
    if (leaf) shaper.leaf = *leaf;
    const bool has_leaf = shaper.down == DownLimiter::kAuto || shaper.down == DownLimiter::kTbf ||
                          shaper.down == DownLimiter::kHtb;
    if (!has_leaf) {
      report.Warning("sstp.shaper.leaf-qdisc",
                     "has no effect with down-limiter " + written.down_limiter());
    }
  }
  if (report.Written("sstp.shaper.mtu")) {
    report.Warning("sstp.shaper.mtu", "has no effect", "Limiters take packets of any size.");
  }
}

}  // namespace

void InterpretShaper(const v1::SstpConfig& config, Report& report, ControlConfig& result) {
  const v1::ShaperConfig& written = config.shaper();
  InterpretLimiters(written, report, result.gateway.shaper);
  std::set<std::uint32_t> known{0};
  for (const std::string& text : written.time_range()) {
    const auto range = ReadTimeRange(text);
    if (!range) continue;  // refused by the schema
    known.insert(range->id);
    result.time_ranges.push_back(*range);
  }
  std::set<std::uint32_t> given;
  for (int i = 0; i < written.rate_limit_size(); ++i) {
    const auto reading = ReadOperatorRate(written.rate_limit(i));
    if (!reading) continue;  // likewise
    const std::string path = Item("sstp.shaper.rate-limit", static_cast<std::size_t>(i));
    const std::string id = std::to_string(reading->time_range);
    if (!given.insert(reading->time_range).second) {
      report.Error(path,
                   reading->time_range == 0 ? std::string("is the second limit for all times")
                                            : "is the second limit for time range " + id,
                   "Remove one of them.");
    } else if (known.count(reading->time_range) == 0 && !report.Faulty("sstp.shaper.time-range")) {
      report.Warning(path, "is for time range " + id + ", which is not in time-range");
    }
    result.default_rates.Set(*reading);
  }
}

}  // namespace sstpgw::cp
