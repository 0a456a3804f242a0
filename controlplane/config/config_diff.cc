#include "controlplane/config/config_diff.h"

#include <algorithm>
#include <map>
#include <utility>

#include "controlplane/config/report.h"
#include "controlplane/config/yaml_document.h"
#include "proto/base/text.h"

namespace sstpgw::cp {
namespace {

using Differences = std::map<std::string, ConfigDifference>;

// Calls `visit` with path and value of everything that has nothing below it. Bounded: ParseYaml
// refuses deep trees.
template <class Visit>
void ForEachLeaf(const YamlNode& node, const std::string& path, const Visit& visit) {
  if (node.children.empty()) visit(path, Escape(node.scalar));
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    const YamlNode::Child& child = node.children[i];
    const bool item = node.kind == YamlNode::Kind::kSequence;
    ForEachLeaf(child.value, item ? Item(path, i) : Below(path, child.key), visit);
  }
}

// Into one side of each difference.
void Collect(std::string_view yaml, std::optional<std::string> ConfigDifference::*side,
             Differences& differences) {
  const auto root = ParseYaml(yaml);
  if (!root) return;  // has been loaded, so it cannot be
  ForEachLeaf(*root, {}, [&](const std::string& path, std::string value) {
    differences[path].*side = std::move(value);
  });
}

void AddIfChanged(std::string path, const Secret& before, const Secret& after,
                  Differences& differences) {
  if (ConstantTimeEqual(before.Reveal(), after.Reveal())) return;
  differences.emplace(std::move(path), ConfigDifference{{}, "***", "***"});
}

void AddChangedPasswords(const ControlConfig& before, const ControlConfig& after,
                         Differences& differences) {
  for (const auto& [name, user] : before.local_users) {
    const auto same = after.local_users.find(name);
    if (same == after.local_users.end()) continue;
    const std::string users = "sstp.authentication.local-users";
    AddIfChanged(Below(Below(users, name), "password"), user.password, same->second.password,
                 differences);
  }
}

void AddChangedRadiusKeys(const RadiusConfig& before, const RadiusConfig& after,
                          Differences& differences) {
  const std::string radius = "sstp.authentication.radius";
  const std::string servers = Below(radius, "servers");
  for (std::size_t i = 0; i < std::min(before.servers.size(), after.servers.size()); ++i) {
    AddIfChanged(Below(Item(servers, i), "key"), before.servers[i].key, after.servers[i].key,
                 differences);
  }
  if (before.dynamic_author && after.dynamic_author) {
    AddIfChanged(Below(Below(radius, "dynamic-author"), "key"), before.dynamic_author->key,
                 after.dynamic_author->key, differences);
  }
}

}  // namespace

std::vector<ConfigDifference> DiffConfigs(const ConfigSide& before, const ConfigSide& after) {
  Differences differences;
  Collect(before.masked_yaml, &ConfigDifference::before, differences);
  Collect(after.masked_yaml, &ConfigDifference::after, differences);
  std::erase_if(differences,
                [](const auto& entry) { return entry.second.before == entry.second.after; });
  AddChangedPasswords(before.config, after.config, differences);
  if (before.config.radius && after.config.radius) {
    AddChangedRadiusKeys(*before.config.radius, *after.config.radius, differences);
  }
  std::vector<ConfigDifference> ordered;
  for (auto& [path, difference] : differences) {
    difference.path = path;
    ordered.push_back(std::move(difference));
  }
  return ordered;
}

}  // namespace sstpgw::cp
