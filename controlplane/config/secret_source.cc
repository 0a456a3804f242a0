#include "controlplane/config/secret_source.h"

#include <utility>

#include "proto/base/text.h"

namespace sstpgw::cp {

std::string ResolvePath(const std::string& directory, const std::string& path) {
  if (directory.empty() || path.empty() || path.front() == '/') return path;
  return directory.back() == '/' ? directory + path : directory + "/" + path;
}

std::optional<std::string> FetchSecret(const YamlNode& node, const std::string& path,
                                       const std::string& directory, FileReader& reader,
                                       Report& report) {
  constexpr std::string_view kForms = "must be text, {file: path} or {env: NAME}";
  if (node.kind == YamlNode::Kind::kNull) {
    report.Error(path, "has no value");
    return std::nullopt;
  }
  report.Show(path, "***");
  if (node.kind == YamlNode::Kind::kScalar) return node.scalar;
  if (node.kind != YamlNode::Kind::kMapping || node.children.size() != 1 ||
      node.children.front().value.kind != YamlNode::Kind::kScalar) {
    report.Error(path, std::string(kForms));
    return std::nullopt;
  }
  const std::string& source = node.children.front().key;
  const std::string& name = node.children.front().value.scalar;
  if (source != "file" && source != "env") {
    report.Error(path, std::string(kForms));
    return std::nullopt;
  }
  report.Show(path, source + " " + Shown(name));
  Result<std::string> text = source == "file" ? reader.ReadFile(ResolvePath(directory, name))
                                              : reader.ReadEnvironment(name);
  if (!text) {
    report.Error(path, "cannot be read: " + Escape(text.error().message));
    return std::nullopt;
  }
  std::string secret = *std::move(text);
  if (source == "file") {  // an editor's line end is not part of it
    if (!secret.empty() && secret.back() == '\n') secret.pop_back();
    if (!secret.empty() && secret.back() == '\r') secret.pop_back();
  }
  return secret;
}

}  // namespace sstpgw::cp
