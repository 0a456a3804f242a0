// One thing wrong (or odd) in a configuration: where, which value, why, and what to do about it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sstpgw::cp {

struct Issue {
  std::string path;          // "sstp.client-ip-pool.SSTP-POOL.range[0]"; empty: the file as a whole
  std::uint32_t line = 0;    // from 1; 0: unknown (nothing is written where something should be)
  std::uint32_t column = 0;  // from 1; 0: unknown
  std::string value;         // as written, shortened and escaped; "***" if secret; may be empty
  std::string reason;        // a clause: "must be 68..1500"
  std::string remedy;        // a sentence of advice, may be empty
  friend bool operator==(const Issue&, const Issue&) = default;
};

// "file.yaml:12:5: sstp.mtu: 9000: must be 68..1500. Use ...". One line, no line break.
[[nodiscard]] std::string Render(std::string_view file_name, const Issue& issue);

// One Render() per line.
[[nodiscard]] std::string Render(std::string_view file_name, const std::vector<Issue>& issues);

}  // namespace sstpgw::cp
