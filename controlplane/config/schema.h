// The configuration tree as data: every node of proto/sstpgw/v1/config.proto with what is allowed
// in it. Help texts, documentation and line-by-line editing are made from this, nothing is written
// twice.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sstpgw::cp {

enum class NodeKind {
  kGroup,  // a mapping with fixed keys
  kTable,  // a mapping whose keys the operator chooses (users, pools); path ends in "<name>"
  kBoolean,
  kInteger,
  kNumber,  // with fraction
  kText,
};
[[nodiscard]] const char* ToString(NodeKind kind);  // "group", "table", "boolean", ...

struct SchemaNode {
  std::string path;  // "sstp.client-ip-pool.<name>.range[]"; "[]" marks a list
  NodeKind kind = NodeKind::kText;
  bool list = false;
  std::string allowed;       // for people: "68..1500", "pap | chap", "IPv4 address"; may be empty
  std::string default_text;  // empty: none
  std::string unit;          // "s", "octets"; may be empty
  std::string help;          // a sentence
  bool required = false;
  bool secret = false;
  bool supported = true;                         // false: refused unless it says "off"
  std::string unsupported_reason;                // why, if not supported
  std::vector<std::string> choices;              // the complete vocabulary, if it is one
  std::vector<std::string> unsupported_choices;  // those of them that are refused for now
};

// In the order of the schema, depth first, parents before children.
[[nodiscard]] std::vector<SchemaNode> DescribeSchema();

}  // namespace sstpgw::cp
