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

}  // namespace sstpgw::cp
