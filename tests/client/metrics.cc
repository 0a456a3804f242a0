#include "tests/client/metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace sstpgw::client {
namespace {

constexpr std::array<double, 4> kPercentiles{50, 90, 99, 100};
constexpr std::array<const char*, 4> kNames{"p50", "p90", "p99", "max"};

double Milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

std::string Number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

std::string Row(const std::string& name, const std::string& value) {
  std::string row = "  " + name;
  row.resize(std::max<std::size_t>(row.size() + 1, 30), ' ');
  return row + value + "\n";
}

std::string Quote(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out + "\"";
}

std::string JsonPercentiles(const std::vector<Duration>& samples) {
  std::string out = "{";
  for (std::size_t i = 0; i < kPercentiles.size(); ++i) {
    if (i > 0) out += ", ";
    out += Quote(kNames[i]) + ": " + Number(Milliseconds(Percentile(samples, kPercentiles[i])));
  }
  return out + "}";
}

std::string JsonMap(const std::map<std::string, std::uint32_t>& counts) {
  std::string out = "{";
  for (const auto& [reason, count] : counts) {
    if (out.size() > 1) out += ", ";
    out += Quote(reason) + ": " + std::to_string(count);
  }
  return out + "}";
}

}  // namespace

Duration Percentile(std::vector<Duration> samples, double percent) {
  if (samples.empty()) return {};
  std::sort(samples.begin(), samples.end());
  const double rank = std::ceil(percent / 100.0 * static_cast<double>(samples.size()));
  const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  return samples[std::min(index, samples.size() - 1)];
}

double RunReport::rate_per_second() const {
  const double seconds = std::chrono::duration<double>(setup_elapsed).count();
  return seconds > 0 ? up() / seconds : 0;
}

std::string ToTable(const RunReport& report) {
  std::string out = "sessions\n";
  out += Row("wanted", std::to_string(report.wanted));
  out += Row("concurrency", std::to_string(report.concurrency));
  out += Row("up", std::to_string(report.up()));
  out += Row("set-up rate", Number(report.rate_per_second()) + " /s");
  out += Row("closed cleanly", std::to_string(report.closed_cleanly));
  out += "set-up time, ms\n";
  for (std::size_t i = 0; i < kPercentiles.size(); ++i) {
    out += Row(kNames[i], Number(Milliseconds(Percentile(report.setup_times, kPercentiles[i]))));
  }
  if (report.ipv6) {
    out += "IPv6\n" + Row("sessions", std::to_string(report.ipv6_up));
    out += Row("advertised to", std::to_string(report.with_advertisement));
    out += Row("advertisements", std::to_string(report.router_advertisements));
  }
  if (report.pings_sent > 0) {
    out += "pings\n" + Row("sent", std::to_string(report.pings_sent));
    out += Row("answered", std::to_string(report.ping_times.size()));
    out += Row("median, ms", Number(Milliseconds(Percentile(report.ping_times, 50))));
  }
  out += "failures\n";
  if (report.failures.empty()) out += Row("none", "");
  for (const auto& [reason, count] : report.failures) out += Row(reason, std::to_string(count));
  out += "lost while held\n";
  if (report.lost.empty()) out += Row("none", "");
  for (const auto& [reason, count] : report.lost) out += Row(reason, std::to_string(count));
  return out;
}

std::string ToJson(const RunReport& report) {
  std::string out = "{\"wanted\": " + std::to_string(report.wanted);
  out += ", \"concurrency\": " + std::to_string(report.concurrency);
  out += ", \"up\": " + std::to_string(report.up());
  out += ", \"setup_rate_per_second\": " + Number(report.rate_per_second());
  out += ", \"closed_cleanly\": " + std::to_string(report.closed_cleanly);
  out += ", \"setup_milliseconds\": " + JsonPercentiles(report.setup_times);
  if (report.ipv6) {
    out += ", \"ipv6_up\": " + std::to_string(report.ipv6_up);
    out += ", \"with_advertisement\": " + std::to_string(report.with_advertisement);
    out += ", \"router_advertisements\": " + std::to_string(report.router_advertisements);
  }
  if (report.pings_sent > 0) {
    out += ", \"pings_sent\": " + std::to_string(report.pings_sent);
    out += ", \"pings_answered\": " + std::to_string(report.ping_times.size());
    out += ", \"ping_milliseconds\": " + JsonPercentiles(report.ping_times);
  }
  out += ", \"failures\": " + JsonMap(report.failures);
  out += ", \"lost\": " + JsonMap(report.lost);
  return out + "}";
}

}  // namespace sstpgw::client
