#include "controlplane/config/load.h"

#include "controlplane/config/field_rules.h"
#include "controlplane/config/interpret.h"
#include "controlplane/config/read_tree.h"
#include "controlplane/config/report.h"
#include "controlplane/config/yaml_document.h"

namespace sstpgw::cp {
namespace {

LoadResult Refused(Issue issue) {
  LoadResult result;
  result.errors.push_back(std::move(issue));
  return result;
}

std::string DirectoryOf(std::string_view file_name) {
  const std::size_t slash = file_name.rfind('/');
  return slash == std::string_view::npos ? std::string()
                                         : std::string(file_name.substr(0, slash + 1));
}

}  // namespace

LoadResult LoadConfig(std::string_view yaml_text, std::string_view file_name, FileReader& reader) {
  if (yaml_text.size() > kMaxConfigOctets) {
    Issue issue;
    issue.reason = "has " + std::to_string(yaml_text.size()) + " octets, more than " +
                   std::to_string(kMaxConfigOctets);
    return Refused(std::move(issue));
  }
  Result<YamlNode, Issue> root = ParseYaml(yaml_text);
  if (!root) return Refused(std::move(root).error());
  const std::string directory = DirectoryOf(file_name);
  Report report;
  v1::Config config = ReadTree(*root, directory, reader, report);
  LoadResult result;
  if (report.Written("sstp")) {
    ControlConfig meaning = Interpret(config.sstp(), directory, reader, report);
    if (!report.has_errors()) result.config = std::move(meaning);
  }
  WipeSecrets(config);
  result.errors = report.TakeErrors();
  result.warnings = report.TakeWarnings();
  return result;
}

}  // namespace sstpgw::cp
