#include "controlplane/radius/dictionary.h"

#include <optional>

#include "controlplane/radius/dictionary_reader.h"
#include "controlplane/radius/dictionary_syntax.h"
#include "proto/base/suggest.h"
#include "proto/base/text.h"

namespace sstpgw::cp::radius {
namespace {

// As an operator writes it in the configuration.
std::optional<std::uint32_t> Number(std::string_view text) {
  const auto number = NumberOf(text);
  if (!number || *number > 0xffffffffU) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

std::string DidYouMean(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string nearest = Nearest(word, candidates);
  return nearest.empty() ? std::string() : ", did you mean " + nearest + "?";
}

Error Invalid(std::string what) { return {ErrorCode::kInvalidArgument, std::move(what)}; }

std::string KeyText(const DictionaryAttribute& attribute) {
  if (!attribute.on_wire) return "an attribute inside another one, or a server's own";
  std::string text = "attribute " + std::to_string(attribute.key.type);
  if (attribute.key.vendor != 0) text += " of vendor " + std::to_string(attribute.key.vendor);
  return text;
}

}  // namespace

const char* ToString(ValueType type) {
  switch (type) {
    case ValueType::kString:
      return "string";
    case ValueType::kOctets:
      return "octets";
    case ValueType::kInteger:
      return "integer";
    case ValueType::kSigned:
      return "signed";
    case ValueType::kInteger64:
      return "integer64";
    case ValueType::kShort:
      return "short";
    case ValueType::kByte:
      return "byte";
    case ValueType::kDate:
      return "date";
    case ValueType::kIpv4Address:
      return "ipaddr";
    case ValueType::kIpv4Prefix:
      return "ipv4prefix";
    case ValueType::kIpv6Address:
      return "ipv6addr";
    case ValueType::kIpv6Prefix:
      return "ipv6prefix";
    case ValueType::kComboIp:
      return "combo-ip";
    case ValueType::kInterfaceId:
      return "ifid";
    case ValueType::kEthernet:
      return "ether";
    case ValueType::kBinaryFilter:
      return "abinary";
    case ValueType::kNested:
      return "tlv";
  }
  return "octets";
}

std::string Render(const DictionaryIssue& issue) {
  std::string text = Escape(issue.file);
  if (issue.line > 0) text += ":" + std::to_string(issue.line);
  text += ": " + Escape(issue.what);
  if (!issue.what.ends_with('?')) text += ".";
  if (!issue.remedy.empty()) text += " " + Escape(issue.remedy);
  return text;
}

Dictionary Dictionary::BuiltIn() {
  Dictionary dictionary;
  // A unit test proves that this has no issues.
  static_cast<void>(ReadBuiltIn(dictionary));
  return dictionary;
}

Result<Dictionary, std::vector<DictionaryIssue>> Dictionary::Load(
    const std::vector<std::string>& files, const ReadFile& read) {
  Dictionary dictionary = BuiltIn();
  std::vector<DictionaryIssue> issues = ReadFiles(files, read, dictionary);
  if (!issues.empty()) return Fail(std::move(issues));
  return dictionary;
}

const DictionaryAttribute* Dictionary::Find(std::string_view name) const {
  const auto found = by_name_.find(LowerCase(name));
  return found == by_name_.end() ? nullptr : &attributes_[found->second];
}

const DictionaryAttribute* Dictionary::Find(AttributeKey key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : &attributes_[found->second];
}

std::vector<std::string> Dictionary::AttributeNames() const {
  std::vector<std::string> names;
  names.reserve(attributes_.size());
  for (const DictionaryAttribute& attribute : attributes_) names.push_back(attribute.name);
  return names;
}

Result<const DictionaryAttribute*> Dictionary::Require(std::string_view name) const {
  if (const DictionaryAttribute* found = Find(name)) return found;
  return Fail(Error{ErrorCode::kNotFound, "RADIUS attribute " + Escape(name) +
                                              " is in no dictionary" +
                                              DidYouMean(name, AttributeNames())});
}

Result<AttributeKey> Dictionary::Resolve(std::string_view attribute,
                                         std::string_view vendor) const {
  std::uint32_t number_of_vendor = 0;
  if (!vendor.empty()) {
    SG_ASSIGN_OR_RETURN(number_of_vendor, RequireVendor(vendor));
  }
  if (const auto number = Number(attribute)) {
    const auto format = formats_.find(number_of_vendor);
    const unsigned octets = format == formats_.end() ? 1 : format->second.type_octets;
    const std::uint64_t most = (std::uint64_t{1} << (8 * octets)) - 1;
    const unsigned least = number_of_vendor == 0 ? 1 : 0;  // some vendors do have a 0
    if (*number < least || *number > most) {
      return Fail(Invalid("RADIUS attribute " + Escape(attribute) + " must be " +
                          std::to_string(least) + ".." + std::to_string(most)));
    }
    return AttributeKey{number_of_vendor, *number};
  }
  SG_ASSIGN_OR_RETURN(const DictionaryAttribute* found, Require(attribute));
  if (!found->on_wire) {
    return Fail(
        Invalid("RADIUS attribute " + found->name + " does not stand in packets by itself"));
  }
  if (found->key.vendor != number_of_vendor) {
    const std::string_view owner = VendorName(found->key.vendor);
    return Fail(Invalid("RADIUS attribute " + found->name +
                        (found->key.vendor == 0
                             ? " is a standard attribute, without vendor"
                             : " belongs to vendor " + std::string(owner) + ", not to " +
                                   (vendor.empty() ? "the standard attributes" : Escape(vendor)))));
  }
  return found->key;
}

Result<std::uint32_t> Dictionary::RequireVendor(std::string_view name_or_number) const {
  const auto found = vendor_numbers_.find(LowerCase(name_or_number));
  if (found != vendor_numbers_.end()) return found->second;
  const auto number = Number(name_or_number);
  if (number && *number > 0 && *number <= kMaxVendor) return *number;
  if (number) return Fail(Invalid("RADIUS vendor must be 1.." + std::to_string(kMaxVendor)));
  std::vector<std::string> names;
  for (const auto& [unused, name] : vendor_names_) names.push_back(name);
  return Fail(Error{ErrorCode::kNotFound, "RADIUS vendor " + Escape(name_or_number) +
                                              " is in no dictionary" +
                                              DidYouMean(name_or_number, names)});
}

std::string_view Dictionary::VendorName(std::uint32_t vendor) const {
  const auto found = vendor_names_.find(vendor);
  return found == vendor_names_.end() ? std::string_view() : found->second;
}

std::string_view Dictionary::ValueName(AttributeKey key, std::uint64_t number) const {
  const auto attribute = by_key_.find(key);
  if (attribute == by_key_.end()) return {};
  const auto values = values_.find(attribute->second);
  if (values == values_.end()) return {};
  const auto found = values->second.by_number.find(number);
  return found == values->second.by_number.end() ? std::string_view() : found->second;
}

Result<std::uint64_t> Dictionary::RequireValue(AttributeKey key, std::string_view name) const {
  const auto attribute = by_key_.find(key);
  std::vector<std::string> names;
  if (attribute != by_key_.end()) {
    if (const auto values = values_.find(attribute->second); values != values_.end()) {
      const auto found = values->second.by_name.find(LowerCase(name));
      if (found != values->second.by_name.end()) return found->second;
      for (const auto& [unused, known] : values->second.by_number) names.push_back(known);
    }
  }
  const std::string of =
      attribute == by_key_.end() ? "an unknown attribute" : attributes_[attribute->second].name;
  return Fail(Error{ErrorCode::kNotFound, Escape(name) + " is no value of RADIUS attribute " + of +
                                              DidYouMean(name, names)});
}

Result<void> Dictionary::AddVendor(std::string_view name, std::uint32_t number,
                                   VendorFormat format) {
  if (number == 0 || number > kMaxVendor) {
    return Fail(Invalid("the number of a vendor is 1.." + std::to_string(kMaxVendor)));
  }
  const auto [known, is_new] = vendor_numbers_.try_emplace(LowerCase(name), number);
  if (!is_new && known->second != number) {
    return Fail(Invalid("vendor " + std::string(name) + " is already number " +
                        std::to_string(known->second)));
  }
  vendor_names_.try_emplace(number, name);
  formats_[number] = format;
  return {};
}

Result<void> Dictionary::AddAttribute(DictionaryAttribute attribute) {
  const auto [known, is_new] = by_name_.try_emplace(LowerCase(attribute.name), attributes_.size());
  const std::size_t index = known->second;
  if (is_new) {
    attributes_.push_back(std::move(attribute));
  } else {
    DictionaryAttribute& former = attributes_[index];
    if (former.on_wire != attribute.on_wire || (attribute.on_wire && former.key != attribute.key)) {
      return Fail(Invalid(attribute.name + " is already " + KeyText(former)));
    }
    former = std::move(attribute);
  }
  if (attributes_[index].on_wire) by_key_[attributes_[index].key] = index;
  return {};
}

Result<void> Dictionary::AddValue(std::string_view attribute, std::string_view name,
                                  std::uint64_t number) {
  const auto found = by_name_.find(LowerCase(attribute));
  if (found == by_name_.end()) {
    return Fail(Error{ErrorCode::kNotFound, "VALUE of the unknown attribute " +
                                                std::string(attribute) +
                                                DidYouMean(attribute, AttributeNames())});
  }
  Values& values = values_[found->second];
  values.by_name[LowerCase(name)] = number;
  values.by_number[number] = name;
  return {};
}

}  // namespace sstpgw::cp::radius
