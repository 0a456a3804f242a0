#include "controlplane/config/issue.h"

namespace sstpgw::cp {

std::string Render(std::string_view file_name, const Issue& issue) {
  std::string line(file_name);
  if (issue.line > 0) {
    line += ':' + std::to_string(issue.line);
    if (issue.column > 0) line += ':' + std::to_string(issue.column);
  }
  if (!issue.path.empty()) line += ": " + issue.path;
  if (!issue.value.empty()) line += ": " + issue.value;
  line += ": " + issue.reason;
  if (!issue.remedy.empty()) line += ". " + issue.remedy;
  return line;
}

std::string Render(std::string_view file_name, const std::vector<Issue>& issues) {
  std::string text;
  for (const Issue& issue : issues) text += Render(file_name, issue) + '\n';
  return text;
}

}  // namespace sstpgw::cp
