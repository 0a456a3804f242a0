#include "controlplane/app/masked_config.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <vector>

#include "controlplane/config/schema.h"

namespace sstpgw::cp {
namespace {

// "sstp.authentication.local-users.<name>.password" in its parts.
using Path = std::vector<std::string>;

Path Split(std::string_view text) {
  Path parts(1);
  for (const char c : text) {
    if (c == '.') {
      parts.emplace_back();
    } else if (c != '[' && c != ']') {
      parts.back() += c;
    }
  }
  return parts;
}

bool Fits(const Path& pattern, const Path& path) {
  return pattern.size() == path.size() &&
         std::equal(pattern.begin(), pattern.end(), path.begin(),
                    [](const std::string& wanted, const std::string& part) {
                      return wanted == part || (!wanted.empty() && wanted.front() == '<');
                    });
}

class Masker {
 public:
  Masker() {
    for (const SchemaNode& node : DescribeSchema()) {
      if (node.secret) secrets_.push_back(Split(node.path));
    }
  }
  // NOLINTNEXTLINE(misc-no-recursion): depth is bounded by the loader.
  void Mask(YAML::Node node, Path& path) const {
    if (node.IsMap()) {
      for (auto entry : node) {
        path.push_back(entry.first.as<std::string>());
        Mask(entry.second, path);
        path.pop_back();
      }
    } else if (node.IsSequence()) {
      for (auto item : node) Mask(item, path);
    } else if (node.IsScalar() && IsSecret(path)) {
      node = std::string("***");
    }
  }

 private:
  [[nodiscard]] bool IsSecret(const Path& path) const {
    return std::any_of(secrets_.begin(), secrets_.end(),
                       [&](const Path& secret) { return Fits(secret, path); });
  }
  std::vector<Path> secrets_;
};

}  // namespace

std::string MaskSecrets(std::string_view yaml) {
  try {
    const YAML::Node root = YAML::Load(std::string(yaml));
    Path path;
    Masker().Mask(root, path);
    YAML::Emitter out;
    out << root;
    return std::string(out.c_str(), out.size()) + "\n";
  } catch (const YAML::Exception&) {
    return {};
  }
}

}  // namespace sstpgw::cp
