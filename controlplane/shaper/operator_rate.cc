#include "controlplane/shaper/operator_rate.h"

namespace sstpgw::cp {

Result<RateReading, std::string> ReadOperatorRate(std::string_view text) {
  const std::size_t blank = text.find_first_of(" \t");
  if (blank != std::string_view::npos) {
    return Fail("blank at position " + std::to_string(blank + 1));
  }
  const auto readings = ReadRateText(text, {});
  if (!readings) return Fail(ToString(readings.error()));
  if (text.find_first_of("/\\:") == std::string_view::npos) {
    return Fail(std::string("one rate only, there must be two"));
  }
  return readings->front();
}

std::string ToKilobits(BitsPerSecond rate) {
  std::string text = std::to_string(rate.value() / 1000);
  const std::string thousandths = std::to_string(1000 + rate.value() % 1000);
  const std::size_t last = thousandths.find_last_not_of('0');
  if (last > 0) text += "." + thousandths.substr(1, last);
  return text;
}

std::string ToKilobits(const RateLimit& limit) {
  return limit.any() ? ToKilobits(limit.down.rate) + "/" + ToKilobits(limit.up.rate)
                     : std::string();
}

}  // namespace sstpgw::cp
