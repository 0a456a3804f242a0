#include "controlplane/cli/table.h"

#include <algorithm>

namespace sstpgw::cli {
namespace {

std::string Blanks(std::size_t count) { return std::string(count, ' '); }

std::string Centred(const std::string& name, std::size_t width) {
  const std::size_t length = DisplayWidth(name);
  const std::size_t left = width > length + 1 ? width / 2 - length / 2 : 0;
  return Blanks(left) + name + Blanks(width - length - left);
}

void AppendLine(std::string& out, std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + "\n";
}

}  // namespace

std::size_t DisplayWidth(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
  }));
}

std::string RenderTable(const Row& names, const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column < names.size(); ++column) {
    std::size_t width = DisplayWidth(names[column]);
    for (const Row& row : rows) width = std::max(width, DisplayWidth(row[column]));
    widths.push_back(width);
  }
  std::string out;
  std::string head;
  std::string rule;
  for (std::size_t column = 0; column < names.size(); ++column) {
    if (column > 0) {
      head += "|";
      rule += "+";
    }
    head += " " + Centred(names[column], widths[column]) + " ";
    rule += std::string(widths[column] + 2, '-');
  }
  AppendLine(out, head);
  AppendLine(out, rule);
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t column = 0; column < names.size(); ++column) {
      if (column > 0) line += "|";
      line += " " + row[column] + Blanks(widths[column] - DisplayWidth(row[column])) + " ";
    }
    AppendLine(out, line);
  }
  return out;
}

}  // namespace sstpgw::cli
