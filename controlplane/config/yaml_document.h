// YAML text as a bounded tree with the place of every node. The one file that knows the YAML
// library; no exception of it leaves yaml_document.cc. Refused: more than kMaxYamlDepth levels,
// more than kMaxYamlNodes nodes, a second document, anchors, aliases, tags, NUL, text that is not
// UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "controlplane/config/issue.h"
#include "proto/base/result.h"

namespace sstpgw::cp {

inline constexpr std::size_t kMaxYamlDepth = 24;
inline constexpr std::size_t kMaxYamlNodes = 250'000;

struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMapping };
  // Children of a mapping have a key, those of a sequence an empty one.
  struct Child;

  Kind kind = Kind::kNull;
  bool quoted = false;       // a scalar in quotes or block style: text, whatever it looks like
  std::uint32_t line = 0;    // from 1
  std::uint32_t column = 0;  // from 1
  std::string scalar;
  std::vector<Child> children;
};

struct YamlNode::Child {
  std::string key;
  std::uint32_t key_line = 0;
  std::uint32_t key_column = 0;
  YamlNode value;
};

// The document's root; kNull if there is none. The error's path is empty.
[[nodiscard]] Result<YamlNode, Issue> ParseYaml(std::string_view text);

}  // namespace sstpgw::cp
