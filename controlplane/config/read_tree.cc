#include "controlplane/config/read_tree.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "controlplane/config/field_rules.h"
#include "controlplane/config/patterns.h"
#include "controlplane/config/secret_source.h"
#include "proto/base/suggest.h"
#include "proto/base/text.h"

namespace sstpgw::cp {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Message;

constexpr std::size_t kMaxSuggestions = 100;  // looking for them takes time

// What was found in the part of the tree that belongs to a node not supported yet.
struct Usage {
  std::size_t off = 0;        // values that say "off"
  std::size_t active = 0;     // values that want the feature
  std::size_t faulty = 0;     // values already refused for another reason
  std::size_t maybe_off = 0;  // those of them that may have been meant to say "off"

  void Add(const Usage& other) {
    off += other.off;
    active += other.active;
    faulty += other.faulty;
    maybe_off += other.maybe_off;
  }
};

const char* NameOf(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kScalar:
      return "a single value";
    case YamlNode::Kind::kSequence:
      return "a list";
    case YamlNode::Kind::kMapping:
      return "a mapping";
  }
  return "";
}

const YamlNode* Find(const YamlNode& mapping, std::string_view key) {
  for (const YamlNode::Child& child : mapping.children) {
    if (child.key == key) return &child.value;
  }
  return nullptr;
}

bool Contains(const google::protobuf::RepeatedPtrField<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool IsUnsupportedValue(const v1::FieldRules& rules, std::string_view text) {
  if (Contains(rules.unsupported_choices(), text)) return true;
  const Pattern* pattern = FindPattern(rules.unsupported_pattern());
  return pattern != nullptr && pattern->check(text).empty();
}

class TreeReader {
 public:
  TreeReader(const std::string& directory, FileReader& reader, Report& report)
      : directory_(directory), reader_(reader), report_(report) {}

  // `usage` counts the leaves below, if the caller wants to know.
  void ReadGroup(const YamlNode& node, Message& message, const std::string& path, Usage& usage);

 private:
  void ReadField(const YamlNode& node, Message& message, const Field& field,
                 const std::string& path, Usage& usage);
  void ReadTable(const YamlNode& node, Message& message, const Field& field,
                 const std::string& path, Usage& usage);
  void ReadList(const YamlNode& node, Message& message, const Field& field, const std::string& path,
                Usage& usage);
  void ReadLeaf(const YamlNode& node, Message& message, const Field& field, const std::string& path,
                Usage& usage);
  void ReadSecret(const YamlNode& node, Message& message, const Field& field,
                  const std::string& path, Usage& usage);
  void CheckUnsupportedValue(const Field& field, std::string_view text, const std::string& path);
  void CheckRequired(const YamlNode& node, const Descriptor& group, const std::string& path);
  void RefuseUnknownKey(const YamlNode::Child& child, const Descriptor& group,
                        const std::string& path);
  // Reports a key that was there before; false if so.
  bool CheckFirst(const YamlNode::Child& child, const std::string& path,
                  std::map<std::string_view, std::uint32_t>& lines);
  void Refuse(const std::string& path, std::string reason, Usage& usage, std::string remedy = {}) {
    ++usage.faulty;
    report_.Error(path, std::move(reason), std::move(remedy));
  }

  const std::string& directory_;
  FileReader& reader_;
  Report& report_;
  std::size_t suggestions_ = 0;
  std::size_t unsupported_depth_ = 0;  // nodes around the current one that are not supported
};

bool TreeReader::CheckFirst(const YamlNode::Child& child, const std::string& path,
                            std::map<std::string_view, std::uint32_t>& lines) {
  const auto [first, is_new] = lines.emplace(child.key, child.key_line);
  if (is_new) return true;
  Issue issue;
  issue.path = Below(path, child.key);
  issue.line = child.key_line;
  issue.column = child.key_column;
  issue.reason = "is written twice, first at line " + std::to_string(first->second);
  issue.remedy = "Keep one of them.";
  report_.Error(std::move(issue));
  return false;
}

void TreeReader::RefuseUnknownKey(const YamlNode::Child& child, const Descriptor& group,
                                  const std::string& path) {
  Issue issue;
  issue.path = Below(path, child.key);
  issue.line = child.key_line;
  issue.column = child.key_column;
  issue.reason = "is not a known key";
  if (++suggestions_ <= kMaxSuggestions) {
    std::vector<std::string> keys;
    for (int i = 0; i < group.field_count(); ++i) keys.push_back(KeyOf(*group.field(i)));
    const std::string nearest = Nearest(child.key, keys);
    if (!nearest.empty()) {
      issue.remedy = "Did you mean " + nearest + "?";
      report_.MarkFaulty(Below(path, nearest));
    } else {
      std::string elsewhere;
      for (const SchemaNode& node : DescribeSchema()) {
        const std::string ending = "." + child.key + (node.list ? "[]" : "");
        if (node.path.size() > ending.size() && node.path.ends_with(ending)) {
          elsewhere += (elsewhere.empty() ? "" : " or ") + node.path;
        }
      }
      if (!elsewhere.empty()) issue.remedy = "There is " + elsewhere + ".";
    }
  }
  report_.Error(std::move(issue));
}

void TreeReader::ReadGroup(const YamlNode& node, Message& message, const std::string& path,
                           Usage& usage) {
  if (node.kind != YamlNode::Kind::kMapping && node.kind != YamlNode::Kind::kNull) {
    Refuse(path, std::string("must be a mapping, not ") + NameOf(node.kind), usage);
    return;
  }
  const Descriptor& group = *message.GetDescriptor();
  std::map<std::string, const Field*, std::less<>> fields;
  for (int i = 0; i < group.field_count(); ++i) {
    fields.emplace(KeyOf(*group.field(i)), group.field(i));
  }
  std::map<std::string_view, std::uint32_t> lines;
  for (const YamlNode::Child& child : node.children) {
    const auto field = fields.find(child.key);
    if (field == fields.end()) {
      ++usage.faulty;
      RefuseUnknownKey(child, group, path);
      continue;
    }
    if (!CheckFirst(child, path, lines)) continue;
    std::string child_path = Below(path, child.key);
    report_.Note(child_path, {child.key_line, child.key_column, {}});
    ReadField(child.value, message, *field->second, child_path, usage);
  }
  CheckRequired(node, group, path);
}

void TreeReader::CheckRequired(const YamlNode& node, const Descriptor& group,
                               const std::string& path) {
  if (unsupported_depth_ > 0) return;  // refused anyway
  for (int i = 0; i < group.field_count(); ++i) {
    const Field& field = *group.field(i);
    std::string child_path = Below(path, KeyOf(field));
    if (!RulesOf(field).required() || Find(node, KeyOf(field)) != nullptr) continue;
    if (report_.Faulty(child_path)) continue;  // a misspelt key, reported as such
    std::string remedy = "It is required: " + RulesOf(field).help();
    report_.Error(std::move(child_path), "is missing", std::move(remedy));
  }
}

void TreeReader::ReadField(const YamlNode& node, Message& message, const Field& field,
                           const std::string& path, Usage& usage) {
  const std::string& unsupported = RulesOf(field).unsupported();
  if (!unsupported.empty()) ++unsupported_depth_;
  Usage below;
  if (field.is_map()) {
    ReadTable(node, message, field, path, below);
  } else if (field.is_repeated()) {
    ReadList(node, message, field, path, below);
  } else if (KindOf(field) == NodeKind::kGroup) {
    ReadGroup(node, *message.GetReflection()->MutableMessage(&message, &field), path, below);
  } else {
    ReadLeaf(node, message, field, path, below);
  }
  if (below.faulty > 0 && RulesOf(field).off_values_size() > 0) ++below.maybe_off;
  if (!unsupported.empty()) {
    --unsupported_depth_;
    // Whatever else is corrected below, the node stays refused. A single wrong value is told once.
    const bool single = KindOf(field) != NodeKind::kGroup && !field.is_map();
    const bool never_off = below.off + below.maybe_off == 0 && !(single && below.faulty > 0);
    if (below.active > 0 || never_off) {
      report_.Error(path, "is not supported yet (" + unsupported + ")", "Remove it.");
    }
  }
  usage.Add(below);
}

void TreeReader::ReadTable(const YamlNode& node, Message& message, const Field& field,
                           const std::string& path, Usage& usage) {
  if (node.kind != YamlNode::Kind::kMapping && node.kind != YamlNode::Kind::kNull) {
    Refuse(path, std::string("must be a mapping of names, not ") + NameOf(node.kind), usage);
    return;
  }
  const Pattern* key_pattern = FindPattern(RulesOf(field).key_pattern());
  std::map<std::string_view, std::uint32_t> lines;
  for (const YamlNode::Child& child : node.children) {
    std::string child_path = Below(path, child.key);
    if (!CheckFirst(child, path, lines)) continue;
    report_.Note(child_path, {child.key_line, child.key_column, {}});
    const std::string reason = key_pattern == nullptr ? "" : key_pattern->check(child.key);
    const Descriptor& entry_type = *field.message_type();
    if (!reason.empty()) {
      Refuse(child_path, "the name " + reason, usage);
      // What is below it is examined all the same, and goes nowhere.
      const std::unique_ptr<Message> nowhere(
          google::protobuf::MessageFactory::generated_factory()
              ->GetPrototype(entry_type.map_value()->message_type())
              ->New());
      ReadGroup(child.value, *nowhere, child_path, usage);
      WipeSecrets(*nowhere);
      continue;
    }
    Message* entry = message.GetReflection()->AddMessage(&message, &field);
    entry->GetReflection()->SetString(entry, entry_type.map_key(), child.key);
    ReadGroup(child.value, *entry->GetReflection()->MutableMessage(entry, entry_type.map_value()),
              child_path, usage);
  }
}

void TreeReader::ReadList(const YamlNode& node, Message& message, const Field& field,
                          const std::string& path, Usage& usage) {
  const v1::FieldRules& rules = RulesOf(field);
  const bool groups = KindOf(field) == NodeKind::kGroup;
  // One value is a list of one.
  YamlNode::Child single;
  const std::vector<YamlNode::Child>* items = &node.children;
  std::vector<YamlNode::Child> one;
  if (node.kind == YamlNode::Kind::kScalar && !groups) {
    single.value = node;
    one.push_back(std::move(single));
    items = &one;
  } else if (node.kind != YamlNode::Kind::kSequence) {
    Refuse(path, std::string("must be a list, not ") + NameOf(node.kind), usage);
    return;
  }
  if (items->size() < rules.min_items()) {
    Refuse(path, "must have at least " + std::to_string(rules.min_items()) + " entry", usage);
  }
  if (rules.max_items() > 0 && items->size() > rules.max_items()) {
    Refuse(path,
           "may have at most " + std::to_string(rules.max_items()) + " entries, has " +
               std::to_string(items->size()),
           usage);
  }
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < items->size(); ++i) {
    const YamlNode& item = (*items)[i].value;
    const std::string item_path = Item(path, i);
    report_.Note(item_path, {item.line, item.column, {}});
    if (groups) {
      ReadGroup(item, *message.GetReflection()->AddMessage(&message, &field), item_path, usage);
      continue;
    }
    if (item.kind == YamlNode::Kind::kScalar && !seen.insert(item.scalar).second) {
      report_.Show(item_path, Shown(item.scalar));
      Refuse(item_path, "is in the list already", usage);
    } else {
      ReadLeaf(item, message, field, item_path, usage);
    }
    // An empty text stands for a refused one, so that indices in the message are those of the file.
    if (message.GetReflection()->FieldSize(message, &field) == static_cast<int>(i)) {
      message.GetReflection()->AddString(&message, &field, {});
    }
  }
}

void TreeReader::ReadLeaf(const YamlNode& node, Message& message, const Field& field,
                          const std::string& path, Usage& usage) {
  const v1::FieldRules& rules = RulesOf(field);
  if (rules.secret()) {
    ReadSecret(node, message, field, path, usage);
    return;
  }
  if (node.kind == YamlNode::Kind::kNull) {
    Refuse(path, "has no value", usage, "Write " + AllowedText(field) + ".");
    return;
  }
  if (node.kind != YamlNode::Kind::kScalar) {
    Refuse(path, std::string("must be a single value, not ") + NameOf(node.kind), usage);
    return;
  }
  report_.Show(path, Shown(node.scalar));
  std::string reason = StoreText(message, field, node.scalar);
  if (!reason.empty()) {
    Refuse(path, std::move(reason), usage, rules.remedy());
    return;
  }
  ++(Contains(rules.off_values(), node.scalar) ? usage.off : usage.active);
  CheckUnsupportedValue(field, node.scalar, path);
}

void TreeReader::CheckUnsupportedValue(const Field& field, std::string_view text,
                                       const std::string& path) {
  const v1::FieldRules& rules = RulesOf(field);
  if (!IsUnsupportedValue(rules, text)) return;
  report_.Error(path, "is not supported yet (" + rules.unsupported_feature() + ")");
}

void TreeReader::ReadSecret(const YamlNode& node, Message& message, const Field& field,
                            const std::string& path, Usage& usage) {
  std::optional<std::string> text = FetchSecret(node, path, directory_, reader_, report_);
  if (!text) {
    ++usage.faulty;
    return;
  }
  std::string reason;
  if (text->empty()) {
    reason = "may not be empty";
  } else if (text->find('\0') != std::string::npos) {
    reason = "may not contain NUL";
  } else {
    reason = StoreText(message, field, *text);
  }
  SecureWipe({reinterpret_cast<std::uint8_t*>(text->data()), text->size()});
  if (reason.empty()) {
    ++usage.active;
  } else {
    Refuse(path, std::move(reason), usage);
  }
}

}  // namespace

v1::Config ReadTree(const YamlNode& root, const std::string& directory, FileReader& reader,
                    Report& report) {
  v1::Config config;
  Usage usage;
  TreeReader(directory, reader, report).ReadGroup(root, config, {}, usage);
  ApplyDefaults(config);
  return config;
}

}  // namespace sstpgw::cp
