// Walks the schema itself, so that a node added to config.proto is tested without a new test.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "controlplane/config/field_rules.h"
#include "controlplane/config/patterns.h"
#include "controlplane/config/read_tree.h"
#include "sstpgw/v1/config.pb.h"
#include "tests/unit/config/config_fixture.h"

namespace sstpgw::cp {

// A field and how to get there: `before` and `after` are the YAML (flow style) around its value.
struct SchemaSpot {
  const Field* field = nullptr;
  std::string path;              // as messages print it, without a list's index
  std::string unsupported_path;  // of the outermost node that is not supported; empty: none
  std::string before;
  std::string after;

  [[nodiscard]] std::string Document(const std::string& value) const {
    return before + value + after;
  }
  [[nodiscard]] bool leaf() const { return field->cpp_type() != Field::CPPTYPE_MESSAGE; }
  // The value as it stands in a document: lists in brackets.
  [[nodiscard]] std::string Wrapped(const std::string& text) const {
    const std::string quoted = "\"" + text + "\"";
    return IsList(*field) ? "[" + quoted + "]" : quoted;
  }
  [[nodiscard]] std::string ValuePath() const { return IsList(*field) ? Item(path, 0) : path; }
};

inline void CollectSpots(const google::protobuf::Descriptor& group, const SchemaSpot& above,
                         std::vector<SchemaSpot>& spots) {
  for (int i = 0; i < group.field_count(); ++i) {
    const Field& field = *group.field(i);
    SchemaSpot spot = above;
    spot.field = &field;
    spot.path = Below(above.path, KeyOf(field));
    if (spot.unsupported_path.empty() && !RulesOf(field).unsupported().empty()) {
      spot.unsupported_path = spot.path;
    }
    spot.before = above.before + "{ " + KeyOf(field) + ": ";
    spot.after = " }" + above.after;
    spots.push_back(spot);
    if (spot.leaf()) continue;
    const google::protobuf::Descriptor* below = field.message_type();
    if (field.is_map()) {
      below = below->map_value()->message_type();
      spot.before += "{ NAME: ";
      spot.after = " }" + spot.after;
      spot.path += ".NAME";
    } else if (IsList(field)) {
      spot.before += "[ ";
      spot.after = " ]" + spot.after;
      spot.path += "[0]";
    }
    CollectSpots(*below, spot, spots);
  }
}

inline std::vector<SchemaSpot> AllSpots() {
  std::vector<SchemaSpot> spots;
  CollectSpots(*v1::Config::descriptor(), {}, spots);
  return spots;
}

// Values that the node's own rules accept.
inline std::vector<std::string> Samples(const Field& field) {
  const v1::FieldRules& rules = RulesOf(field);
  switch (KindOf(field)) {
    case NodeKind::kBoolean:
      return {"true", "false"};
    case NodeKind::kInteger: {
      const auto min = static_cast<std::uint64_t>(rules.min());
      const auto max = rules.has_max() ? static_cast<std::uint64_t>(rules.max()) : 4294967295U;
      return {std::to_string(min), std::to_string(max)};
    }
    case NodeKind::kNumber:
      return {std::to_string(rules.min()), std::to_string(rules.max())};
    case NodeKind::kText: {
      std::vector<std::string> samples(rules.choices().begin(), rules.choices().end());
      const Pattern* pattern = FindPattern(rules.pattern());
      if (pattern != nullptr) samples.emplace_back(pattern->example);
      if (samples.empty()) samples.emplace_back("text");
      return samples;
    }
    case NodeKind::kGroup:
    case NodeKind::kTable:
      break;
  }
  return {};
}

inline bool SaysOff(const Field& field, const std::string& text) {
  for (const std::string& off : RulesOf(field).off_values()) {
    if (off == text) return true;
  }
  return false;
}

// The walker alone, without the rules that involve several nodes.
inline std::vector<Issue> ErrorsOf(const std::string& document) {
  FakeFiles files;
  Report report;
  const auto root = ParseYaml(document);
  if (!root) return {root.error()};
  static_cast<void>(ReadTree(*root, {}, files, report));
  return report.TakeErrors();
}

// Those at `path`, without what is merely missing elsewhere.
inline std::vector<std::string> ReasonsAt(const std::string& document, const std::string& path) {
  std::vector<std::string> reasons;
  for (const Issue& issue : ErrorsOf(document)) {
    if (issue.path == path || issue.path.empty()) reasons.push_back(issue.reason);
  }
  return reasons;
}

}  // namespace sstpgw::cp
