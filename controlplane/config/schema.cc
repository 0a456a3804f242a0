#include "controlplane/config/schema.h"

#include "controlplane/config/field_rules.h"
#include "sstpgw/v1/config.pb.h"

namespace sstpgw::cp {
namespace {

using google::protobuf::Descriptor;

// Below a node that is not supported nothing is.
void Describe(const Descriptor& group, const std::string& prefix,
              const std::string& unsupported_above, std::vector<SchemaNode>& nodes) {
  for (int i = 0; i < group.field_count(); ++i) {
    const Field& field = *group.field(i);
    const v1::FieldRules& rules = RulesOf(field);
    SchemaNode node;
    node.kind = KindOf(field);
    node.list = IsList(field);
    node.path = prefix + KeyOf(field);
    if (node.list) node.path += "[]";
    if (node.kind == NodeKind::kTable) node.path += ".<name>";
    node.allowed = AllowedText(field);
    node.default_text = rules.default_text();
    node.unit = rules.unit();
    node.help = rules.help();
    node.required = rules.required();
    node.secret = rules.secret();
    node.unsupported_reason = unsupported_above.empty() ? rules.unsupported() : unsupported_above;
    node.supported = node.unsupported_reason.empty();
    node.choices.assign(rules.choices().begin(), rules.choices().end());
    node.unsupported_choices.assign(rules.unsupported_choices().begin(),
                                    rules.unsupported_choices().end());
    const std::string below = node.path + ".";
    const std::string unsupported = node.unsupported_reason;
    nodes.push_back(std::move(node));
    if (field.cpp_type() != Field::CPPTYPE_MESSAGE) continue;
    const Descriptor* message = field.message_type();
    if (field.is_map()) message = message->map_value()->message_type();
    Describe(*message, below, unsupported, nodes);
  }
}

}  // namespace

const char* ToString(NodeKind kind) {
  switch (kind) {
    case NodeKind::kGroup:
      return "group";
    case NodeKind::kTable:
      return "table";
    case NodeKind::kBoolean:
      return "boolean";
    case NodeKind::kInteger:
      return "integer";
    case NodeKind::kNumber:
      return "number";
    case NodeKind::kText:
      return "text";
  }
  return "unknown";
}

std::vector<SchemaNode> DescribeSchema() {
  std::vector<SchemaNode> nodes;
  Describe(*v1::Config::descriptor(), {}, {}, nodes);
  return nodes;
}

}  // namespace sstpgw::cp
