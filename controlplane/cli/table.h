// The page's table: names centred, "|" between columns, a line of "-" and "+" below, cells left
// aligned with one blank on both sides, every column as wide as its widest cell. Pure.
//
//    ifname | username |    ip
//   --------+----------+----------
//    sstp0  | test     | 10.0.0.2
//
// A name that is one shorter than its column stays left; longer gaps are split, the greater half of
// an odd one on the left if the column is even and the name odd. No line ends with a blank.
#pragma once

#include <string>
#include <vector>

namespace sstpgw::cli {

using Row = std::vector<std::string>;

// Every row has as many cells as there are names. Each line ends with a line feed.
[[nodiscard]] std::string RenderTable(const Row& names, const std::vector<Row>& rows);

// Columns on a terminal: UTF-8 sequences count once.
[[nodiscard]] std::size_t DisplayWidth(const std::string& text);

}  // namespace sstpgw::cli
