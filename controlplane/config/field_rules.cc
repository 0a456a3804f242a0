#include "controlplane/config/field_rules.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>

#include "controlplane/config/decimal.h"
#include "controlplane/config/patterns.h"
#include "proto/base/secret.h"

namespace sstpgw::cp {
namespace {

using google::protobuf::Message;

constexpr std::size_t kDefaultMaxLength = 1024;

std::size_t MaxLength(const v1::FieldRules& rules) {
  return rules.max_length() == 0 ? kDefaultMaxLength : rules.max_length();
}

// UTF-8 characters: octets that do not continue one.
std::size_t CharacterCount(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
  }));
}

// A number of the schema without needless digits: 68, 0.001.
std::string NumberText(double value) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return error == std::errc{} ? std::string(buffer, end) : std::string();
}

std::string IntegerText(double value) { return std::to_string(static_cast<std::uint64_t>(value)); }

double IntegerMax(const v1::FieldRules& rules) {
  return rules.has_max() ? rules.max() : double{std::numeric_limits<std::uint32_t>::max()};
}

std::string RangeText(const Field& field) {
  const v1::FieldRules& rules = RulesOf(field);
  if (KindOf(field) == NodeKind::kNumber) {
    return NumberText(rules.min()) + ".." + NumberText(rules.max());
  }
  return IntegerText(rules.min()) + ".." + IntegerText(IntegerMax(rules));
}

std::string JoinWords(const google::protobuf::RepeatedPtrField<std::string>& words,
                      std::string_view separator) {
  std::string joined;
  for (const std::string& word : words) {
    if (!joined.empty()) joined += separator;
    joined += word;
  }
  return joined;
}

void SetOrAddString(Message& message, const Field& field, std::string value) {
  const auto* reflection = message.GetReflection();
  if (field.is_repeated()) {
    reflection->AddString(&message, &field, std::move(value));
  } else {
    reflection->SetString(&message, &field, std::move(value));
  }
}

std::string StoreInteger(Message& message, const Field& field, std::string_view text) {
  const v1::FieldRules& rules = RulesOf(field);
  const std::optional<std::uint64_t> value = ParseDecimal(text);
  const bool inside = value && static_cast<double>(*value) >= rules.min() &&
                      static_cast<double>(*value) <= IntegerMax(rules);
  if (!inside) return "must be a whole number " + RangeText(field);
  message.GetReflection()->SetUInt32(&message, &field, static_cast<std::uint32_t>(*value));
  return {};
}

std::string StoreNumber(Message& message, const Field& field, std::string_view text) {
  const v1::FieldRules& rules = RulesOf(field);
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  const bool inside = error == std::errc{} && end == text.data() + text.size() &&
                      value >= rules.min() && value <= rules.max();
  if (!inside) return "must be a number " + RangeText(field);
  message.GetReflection()->SetDouble(&message, &field, value);
  return {};
}

std::string StoreString(Message& message, const Field& field, std::string_view text) {
  const v1::FieldRules& rules = RulesOf(field);
  if (const std::size_t length = CharacterCount(text); length > MaxLength(rules)) {
    return "must have at most " + std::to_string(MaxLength(rules)) + " characters, has " +
           std::to_string(length);
  }
  const bool chosen =
      std::find(rules.choices().begin(), rules.choices().end(), text) != rules.choices().end();
  if (!chosen) {
    const Pattern* pattern = FindPattern(rules.pattern());
    const std::string reason = pattern == nullptr ? std::string() : pattern->check(text);
    if (rules.choices_size() > 0 && (pattern == nullptr || !reason.empty())) {
      std::string choice = rules.choices_size() == 1 ? "must be " : "must be one of ";
      choice += JoinWords(rules.choices(), ", ");
      return pattern == nullptr ? choice : choice + ", or: " + reason;
    }
    if (!reason.empty()) return reason;
  }
  SetOrAddString(message, field, std::string(text));
  return {};
}

void ApplyDefault(Message& message, const Field& field) {
  std::string_view text = RulesOf(field).default_text();
  while (!text.empty()) {
    const std::size_t end =
        field.is_repeated() ? std::min(text.find(", "), text.size()) : text.size();
    // A default that breaks its own rules is caught by the schema's test.
    static_cast<void>(StoreText(message, field, text.substr(0, end)));
    text.remove_prefix(std::min(end + 2, text.size()));
  }
}

bool IsSet(const Message& message, const Field& field) {
  const auto* reflection = message.GetReflection();
  return field.is_repeated() ? reflection->FieldSize(message, &field) > 0
                             : reflection->HasField(message, &field);
}

void WipeText(Message& message, const Field& field) {
  const auto* reflection = message.GetReflection();
  std::string scratch;
  const std::string& value = reflection->GetStringReference(message, &field, &scratch);
  // The library hands out a reference to the message's own string, which we are free to change.
  auto* octets = reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data()));
  SecureWipe({octets, value.size()});
}

// Calls `visit` with every message directly below `message`; creates absent groups if `create`.
template <class Visit>
void ForEachGroup(Message& message, bool create, Visit visit) {
  const auto* reflection = message.GetReflection();
  const auto* descriptor = message.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const Field& field = *descriptor->field(i);
    if (field.cpp_type() != Field::CPPTYPE_MESSAGE) continue;
    if (!field.is_repeated()) {
      if (create || reflection->HasField(message, &field)) {
        visit(*reflection->MutableMessage(&message, &field));
      }
      continue;
    }
    for (int item = 0; item < reflection->FieldSize(message, &field); ++item) {
      visit(*reflection->MutableRepeatedMessage(&message, &field, item));
    }
  }
}

}  // namespace

const v1::FieldRules& RulesOf(const Field& field) {
  return field.options().GetExtension(v1::rules);
}

std::string KeyOf(const Field& field) {
  std::string key = field.name();
  std::replace(key.begin(), key.end(), '_', '-');
  return key;
}

NodeKind KindOf(const Field& field) {
  if (field.is_map()) return NodeKind::kTable;
  switch (field.cpp_type()) {
    case Field::CPPTYPE_MESSAGE:
      return NodeKind::kGroup;
    case Field::CPPTYPE_BOOL:
      return NodeKind::kBoolean;
    case Field::CPPTYPE_UINT32:
      return NodeKind::kInteger;
    case Field::CPPTYPE_DOUBLE:
      return NodeKind::kNumber;
    default:
      return NodeKind::kText;
  }
}

bool IsList(const Field& field) { return field.is_repeated() && !field.is_map(); }

std::string AllowedText(const Field& field) {
  const v1::FieldRules& rules = RulesOf(field);
  switch (KindOf(field)) {
    case NodeKind::kGroup:
    case NodeKind::kTable:
      return {};
    case NodeKind::kBoolean:
      return "true | false";
    case NodeKind::kInteger:
    case NodeKind::kNumber:
      return RangeText(field);
    case NodeKind::kText:
      break;
  }
  std::string text = JoinWords(rules.choices(), " | ");
  if (const Pattern* pattern = FindPattern(rules.pattern()); pattern != nullptr) {
    if (!text.empty()) text += " | ";
    text += pattern->what;
  }
  if (!text.empty()) return text;
  return "text of up to " + std::to_string(MaxLength(rules)) + " octets";
}

std::string StoreText(Message& message, const Field& field, std::string_view text) {
  switch (KindOf(field)) {
    case NodeKind::kBoolean:
      if (text != "true" && text != "false") return "must be true or false";
      message.GetReflection()->SetBool(&message, &field, text == "true");
      return {};
    case NodeKind::kInteger:
      return StoreInteger(message, field, text);
    case NodeKind::kNumber:
      return StoreNumber(message, field, text);
    case NodeKind::kText:
      return StoreString(message, field, text);
    case NodeKind::kGroup:
    case NodeKind::kTable:
      break;
  }
  return "must be a mapping, not a single value";
}

void ApplyDefaults(Message& message) {
  const auto* descriptor = message.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const Field& field = *descriptor->field(i);
    if (field.cpp_type() != Field::CPPTYPE_MESSAGE && !IsSet(message, field)) {
      ApplyDefault(message, field);
    }
  }
  ForEachGroup(message, true, [](Message& group) { ApplyDefaults(group); });
}

void WipeSecrets(Message& message) {
  const auto* descriptor = message.GetDescriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const Field& field = *descriptor->field(i);
    if (RulesOf(field).secret() && IsSet(message, field)) WipeText(message, field);
  }
  ForEachGroup(message, false, [](Message& group) { WipeSecrets(group); });
}

}  // namespace sstpgw::cp
