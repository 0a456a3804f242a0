// Numbers as people read them (features 10.2, 10.3). Pure.
#pragma once

#include <cstdint>
#include <string>

namespace sstpgw::cli {

// "210 B", "16.3 KiB", "1.0 MiB", "2.5 GiB": base 1024, one decimal, nothing above GiB.
[[nodiscard]] std::string HumanBytes(std::uint64_t bytes);

// "00:15:46"; from one day on "1.00:15:46". Negative counts as 0.
[[nodiscard]] std::string Uptime(std::int64_t seconds);

// Always with days: "0.01:21:54".
[[nodiscard]] std::string UptimeWithDays(std::int64_t seconds);

}  // namespace sstpgw::cli
