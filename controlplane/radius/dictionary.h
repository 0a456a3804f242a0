// Names, numbers and types of attributes, from files in FreeRADIUS's format (man 5 dictionary):
//
//   VENDOR       Accel-PPP  55999  [format=1,1]     octets of type and of length; ",c": kept whole
//   BEGIN-VENDOR Accel-PPP                          what follows is this vendor's
//   ATTRIBUTE    Accel-VRF-Name  1  string  [has_tag,encrypt=2]
//   VALUE        Service-Type  Framed-User  2       may stand before its ATTRIBUTE
//   END-VENDOR   Accel-PPP
//   $INCLUDE     other-file                         relative to this file; "$INCLUDE-": may be
//   missing
//
// Names are compared without regard to case, as FreeRADIUS does. What is inside a TLV or an
// extended attribute (dotted numbers, BEGIN-TLV) is known by name only and cannot be used alone. A
// set for the attributes this product uses is built in (dictionaries/); the operator's files come
// on top and may say the same again, with other types or more values, but not give a name another
// number.
//
// Pure: files come by a callback. Once made a Dictionary does not change; const methods may be
// called from several threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "controlplane/radius/packet.h"
#include "proto/base/result.h"

namespace sstpgw::cp::radius {

enum class ValueType : std::uint8_t {
  kString,
  kOctets,
  kInteger,
  kSigned,
  kInteger64,
  kShort,
  kByte,
  kDate,
  kIpv4Address,
  kIpv4Prefix,
  kIpv6Address,
  kIpv6Prefix,
  kComboIp,
  kInterfaceId,
  kEthernet,
  kBinaryFilter,
  kNested,  // vsa, tlv, extended and its like: attributes inside an attribute
};
[[nodiscard]] const char* ToString(ValueType type);  // "string", "ipaddr", as in the files

enum class Encryption : std::uint8_t {
  kNone = 0,
  kPassword = 1,  // RFC 2865 5.2
  kSalted = 2,    // RFC 2868 3.5
  kAscend = 3,
};

struct DictionaryAttribute {
  std::string name;
  AttributeKey key;  // meaningless if not on_wire
  ValueType value_type = ValueType::kOctets;
  Encryption encryption = Encryption::kNone;
  bool has_tag = false;
  bool array = false;   // several values in one attribute
  bool concat = false;  // one value over several attributes
  bool secret = false;
  bool on_wire = true;  // false: inside another attribute, or a server's own (number > 255)
};

// One thing wrong in a dictionary file.
struct DictionaryIssue {
  std::string file;
  std::uint32_t line = 0;  // from 1; 0: the file as a whole
  std::string what;
  std::string remedy;  // a sentence of advice
};
// "file:12: what. Remedy." One line, no line break, escaped.
[[nodiscard]] std::string Render(const DictionaryIssue& issue);

// The text of a file; kNotFound if there is none.
using ReadFile = std::function<Result<std::string>(const std::string& path)>;

class Dictionary {
 public:
  static constexpr std::size_t kMaxFileSize = 1U << 20;   // octets of one file
  static constexpr std::size_t kMaxTotalSize = 4U << 20;  // of all, includes counted each time
  static constexpr std::size_t kMaxFiles = 1000;
  static constexpr std::size_t kMaxIncludeDepth = 16;
  static constexpr std::size_t kMaxIssues = 50;  // more are not looked for

  // The built-in set alone.
  [[nodiscard]] static Dictionary BuiltIn();
  // The built-in set and then these files in order. All errors found, at least one, or none.
  [[nodiscard]] static Result<Dictionary, std::vector<DictionaryIssue>> Load(
      const std::vector<std::string>& files, const ReadFile& read);

  // ---- Attributes. Pointers are valid as long as this object is not moved or destroyed.
  // Null: not known.
  [[nodiscard]] const DictionaryAttribute* Find(std::string_view name) const;
  [[nodiscard]] const DictionaryAttribute* Find(AttributeKey key) const;
  // kNotFound names what is nearest.
  [[nodiscard]] Result<const DictionaryAttribute*> Require(std::string_view name) const;
  // What an operator wrote as attribute (name or number) and vendor (name, number, or empty: a
  // standard attribute). kNotFound: not known; kInvalidArgument: not of this vendor, or it does not
  // stand in packets by itself. A number need not be known.
  [[nodiscard]] Result<AttributeKey> Resolve(std::string_view attribute,
                                             std::string_view vendor) const;
  [[nodiscard]] std::size_t attribute_count() const { return attributes_.size(); }

  // ---- Vendors
  [[nodiscard]] Result<std::uint32_t> RequireVendor(std::string_view name_or_number) const;
  [[nodiscard]] std::string_view VendorName(std::uint32_t vendor) const;  // empty: not known
  // For Decode and Encode.
  [[nodiscard]] const VendorFormats& vendor_formats() const { return formats_; }

  // ---- Named values of integers
  [[nodiscard]] std::string_view ValueName(AttributeKey key, std::uint64_t number) const;
  [[nodiscard]] Result<std::uint64_t> RequireValue(AttributeKey key, std::string_view name) const;

  // ---- For the reader of files. Errors are a clause without file and line.
  [[nodiscard]] Result<void> AddVendor(std::string_view name, std::uint32_t number,
                                       VendorFormat format);
  [[nodiscard]] Result<void> AddAttribute(DictionaryAttribute attribute);
  [[nodiscard]] Result<void> AddValue(std::string_view attribute, std::string_view name,
                                      std::uint64_t number);

 private:
  struct Values {
    std::unordered_map<std::string, std::uint64_t> by_name;  // in lower case
    std::map<std::uint64_t, std::string> by_number;
  };
  [[nodiscard]] std::vector<std::string> AttributeNames() const;

  std::vector<DictionaryAttribute> attributes_;
  std::unordered_map<std::string, std::size_t> by_name_;  // in lower case; index of attributes_
  std::map<AttributeKey, std::size_t> by_key_;            // only what is on the wire
  std::unordered_map<std::size_t, Values> values_;        // by index of attributes_
  std::map<std::string, std::uint32_t, std::less<>> vendor_numbers_;  // in lower case
  std::map<std::uint32_t, std::string> vendor_names_;
  VendorFormats formats_;
};

}  // namespace sstpgw::cp::radius
