#include "controlplane/radius/dictionary_reader.h"

#include <algorithm>
#include <optional>

#include "controlplane/radius/dictionary_syntax.h"
#include "proto/base/suggest.h"

namespace sstpgw::cp::radius {
namespace {

constexpr std::size_t kMaxLine = 1024;
constexpr std::size_t kMaxName = 128;
constexpr std::size_t kMaxShown = 60;  // of a wrong word, in an error

std::string Shown(std::string_view word) {
  return word.size() <= kMaxShown ? std::string(word)
                                  : std::string(word.substr(0, kMaxShown)) + "...";
}

class Reader {
 public:
  Reader(const ReadFile& read, Dictionary& into) : read_(read), into_(into) {}

  // `from` and `line`: who wants the file, for errors; empty and 0: the operator's configuration.
  void File(const std::string& path, bool may_be_missing, const std::string& from,
            std::uint32_t line);
  void Text(const std::string& path, std::string_view text);
  // VALUEs whose ATTRIBUTE came later; then all that was wrong.
  std::vector<DictionaryIssue> Finish();

 private:
  // What a file has opened; an included file begins anew, as in FreeRADIUS.
  struct Place {
    const std::string& file;
    std::uint32_t line = 0;
    std::uint32_t vendor = 0;
    std::string vendor_name;
    bool extended = false;          // BEGIN-VENDOR inside an extended attribute
    std::vector<std::string> tlvs;  // open BEGIN-TLVs
  };
  struct PendingValue {
    std::string file;
    std::uint32_t line = 0;
    std::string attribute;
    std::string name;
    std::uint64_t number = 0;
  };
  using Arguments = std::vector<std::string_view>;  // keyword first

  void Line(Place& place, std::string_view line);
  void Statement(Place& place, const Arguments& words);
  void Include(Place& place, const Arguments& words);
  void Vendor(Place& place, const Arguments& words);
  void BeginVendor(Place& place, const Arguments& words);
  void EndVendor(Place& place, const Arguments& words);
  void Attribute(Place& place, const Arguments& words);
  bool AttributeNumber(Place& place, std::string_view text, DictionaryAttribute& attribute);
  bool Options(Place& place, std::string_view text, DictionaryAttribute& attribute);
  bool Option(Place& place, std::string_view option, DictionaryAttribute& attribute);
  void Value(Place& place, const Arguments& words);
  void Tlv(Place& place, const Arguments& words);
  void AtEnd(Place& place);
  // False, with an issue, unless there are as many words as wanted.
  bool Count(const Place& place, const Arguments& words, std::size_t least, std::size_t most,
             const char* form);
  void Wrong(const Place& place, std::string what, std::string remedy) {
    Wrong(place.file, place.line, std::move(what), std::move(remedy));
  }
  void Wrong(const std::string& file, std::uint32_t line, std::string what, std::string remedy);
  [[nodiscard]] bool full() const { return issues_.size() >= Dictionary::kMaxIssues; }

  const ReadFile& read_;
  Dictionary& into_;
  std::vector<DictionaryIssue> issues_;
  std::vector<PendingValue> pending_;
  std::vector<std::string> open_;  // files being read, outermost first
  std::size_t files_ = 0;
  std::size_t octets_ = 0;
};

void Reader::Wrong(const std::string& file, std::uint32_t line, std::string what,
                   std::string remedy) {
  if (!full()) issues_.push_back({file, line, std::move(what), std::move(remedy)});
}

void Reader::File(const std::string& path, bool may_be_missing, const std::string& from,
                  std::uint32_t line) {
  if (full()) return;
  const std::string& blamed = from.empty() ? path : from;
  if (std::find(open_.begin(), open_.end(), path) != open_.end()) {
    return Wrong(blamed, line, Shown(path) + " includes itself", "Take out this $INCLUDE.");
  }
  if (open_.size() >= Dictionary::kMaxIncludeDepth || files_ >= Dictionary::kMaxFiles) {
    return Wrong(blamed, line,
                 "more than " + std::to_string(Dictionary::kMaxIncludeDepth) +
                     " files inside each other, or " + std::to_string(Dictionary::kMaxFiles) +
                     " in all",
                 "Look for files that include each other.");
  }
  const auto text = read_(path);
  if (!text) {
    if (may_be_missing && text.error().code == ErrorCode::kNotFound) return;
    return Wrong(blamed, line, Shown(path) + " cannot be read: " + text.error().message,
                 from.empty() ? "Correct the path in the configuration."
                              : "Correct the path, or write $INCLUDE- if it may be missing.");
  }
  octets_ += text->size();
  if (text->size() > Dictionary::kMaxFileSize || octets_ > Dictionary::kMaxTotalSize) {
    return Wrong(path, 0, "dictionaries of more than 1 MiB, or 4 MiB in all, are not read",
                 "Is this a dictionary?");
  }
  ++files_;
  Text(path, *text);
}

void Reader::Text(const std::string& path, std::string_view text) {
  open_.push_back(path);
  Place place{path, 0, 0, {}, false, {}};
  while (!text.empty() && !full()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    ++place.line;
    Line(place, text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  AtEnd(place);
  open_.pop_back();
}

void Reader::Line(Place& place, std::string_view line) {
  if (line.size() > kMaxLine) {
    return Wrong(place, "a line of more than " + std::to_string(kMaxLine) + " octets",
                 "Is this a dictionary?");
  }
  const Arguments words = WordsOf(line);
  if (!words.empty()) Statement(place, words);
}

void Reader::Statement(Place& place, const Arguments& words) {
  const std::string_view keyword = words[0];
  if (SameWord(keyword, "ATTRIBUTE")) return Attribute(place, words);
  if (SameWord(keyword, "VALUE")) return Value(place, words);
  if (SameWord(keyword, "VENDOR")) return Vendor(place, words);
  if (SameWord(keyword, "BEGIN-VENDOR")) return BeginVendor(place, words);
  if (SameWord(keyword, "END-VENDOR")) return EndVendor(place, words);
  if (SameWord(keyword, "BEGIN-TLV") || SameWord(keyword, "END-TLV")) return Tlv(place, words);
  if (SameWord(keyword, "$INCLUDE") || SameWord(keyword, "$INCLUDE-")) return Include(place, words);
  const std::string nearest =
      Nearest(keyword, {kDictionaryKeywords.begin(), kDictionaryKeywords.end()});
  Wrong(place, "the word " + Shown(keyword) + " is not known here",
        nearest.empty() ? "A line begins with ATTRIBUTE, VALUE, VENDOR, BEGIN-VENDOR, END-VENDOR, "
                          "$INCLUDE or #."
                        : "Did you mean " + nearest + "?");
}

bool Reader::Count(const Place& place, const Arguments& words, std::size_t least, std::size_t most,
                   const char* form) {
  const bool long_word = std::any_of(words.begin(), words.end(),
                                     [](std::string_view word) { return word.size() > kMaxName; });
  const bool is_include = words[0].starts_with('$');
  if (words.size() >= least && words.size() <= most && (!long_word || is_include)) return true;
  Wrong(place,
        long_word && !is_include ? "a word of more than " + std::to_string(kMaxName) + " octets"
                                 : std::to_string(words.size()) + " words",
        std::string("The form is: ") + form);
  return false;
}

void Reader::Include(Place& place, const Arguments& words) {
  if (!Count(place, words, 2, 2, "$INCLUDE file")) return;
  File(PathBeside(place.file, words[1]), words[0].ends_with('-'), place.file, place.line);
}

void Reader::Vendor(Place& place, const Arguments& words) {
  constexpr const char* kForm = "VENDOR name number [format=1,1]";
  if (!Count(place, words, 3, 4, kForm)) return;
  const auto number = NumberOf(words[2]);
  if (!number || *number > kMaxVendor) {
    return Wrong(place, "vendor " + Shown(words[1]) + " has the number " + Shown(words[2]),
                 "It is 1.." + std::to_string(kMaxVendor) + ".");
  }
  std::optional<VendorFormat> format = VendorFormat{};
  if (words.size() == 4) {
    constexpr std::string_view kFormat = "format=";
    format =
        words[3].starts_with(kFormat) ? FormatOf(words[3].substr(kFormat.size())) : std::nullopt;
  }
  if (!format) {
    return Wrong(place, Shown(words[3]) + " is not the format of a vendor",
                 "Octets of type 1, 2 or 4, octets of length 0, 1 or 2: format=1,1");
  }
  const auto added = into_.AddVendor(words[1], static_cast<std::uint32_t>(*number), *format);
  if (!added) Wrong(place, added.error().message, "Give it the number it has elsewhere.");
}

void Reader::BeginVendor(Place& place, const Arguments& words) {
  if (!Count(place, words, 2, 3, "BEGIN-VENDOR name")) return;
  if (!place.vendor_name.empty()) {
    Wrong(place, "BEGIN-VENDOR inside that of " + Shown(place.vendor_name),
          "Write END-VENDOR " + Shown(place.vendor_name) + " before it.");
  }
  const auto vendor = into_.RequireVendor(words[1]);
  if (!vendor) {
    Wrong(place, vendor.error().message, "Write VENDOR " + Shown(words[1]) + " number before it.");
  }
  // Also when unknown, so that the lines that follow are not blamed for it.
  place.vendor = vendor ? *vendor : kMaxVendor;
  place.vendor_name = words[1];
  place.extended = words.size() == 3;
}

void Reader::EndVendor(Place& place, const Arguments& words) {
  if (!Count(place, words, 2, 2, "END-VENDOR name")) return;
  if (place.vendor_name.empty() || !SameWord(place.vendor_name, words[1])) {
    Wrong(place, "END-VENDOR " + Shown(words[1]) + " without its BEGIN-VENDOR",
          place.vendor_name.empty() ? "Take it out." : "Open is " + Shown(place.vendor_name) + ".");
  }
  place.vendor = 0;
  place.vendor_name.clear();
  place.extended = false;
}

void Reader::Tlv(Place& place, const Arguments& words) {
  if (!Count(place, words, 2, 2, "BEGIN-TLV name")) return;
  if (SameWord(words[0], "BEGIN-TLV")) {
    if (place.tlvs.size() >= Dictionary::kMaxIncludeDepth) {
      return Wrong(place, "too many TLVs inside each other", "Write END-TLV.");
    }
    place.tlvs.emplace_back(words[1]);
  } else if (place.tlvs.empty() || !SameWord(place.tlvs.back(), words[1])) {
    Wrong(place, "END-TLV " + Shown(words[1]) + " without its BEGIN-TLV", "Take it out.");
  } else {
    place.tlvs.pop_back();
  }
}

void Reader::AtEnd(Place& place) {
  if (!place.vendor_name.empty()) {
    Wrong(place, "the file ends inside BEGIN-VENDOR " + Shown(place.vendor_name),
          "Write END-VENDOR " + Shown(place.vendor_name) + " at its end.");
  }
  if (!place.tlvs.empty()) {
    Wrong(place, "the file ends inside BEGIN-TLV " + Shown(place.tlvs.back()),
          "Write END-TLV " + Shown(place.tlvs.back()) + " at its end.");
  }
}

bool Reader::AttributeNumber(Place& place, std::string_view text, DictionaryAttribute& attribute) {
  attribute.on_wire = !place.extended && place.tlvs.empty();
  if (IsNestedNumber(text)) {
    attribute.on_wire = false;
    return true;
  }
  const auto number = NumberOf(text);
  if (!number || *number > 0xffffffffU) {
    Wrong(place, Shown(attribute.name) + " has the number " + Shown(text),
          "It is a decimal number, or hexadecimal behind 0x.");
    return false;
  }
  attribute.key.type = static_cast<std::uint32_t>(*number);
  const auto format = into_.vendor_formats().find(attribute.key.vendor);
  if (attribute.key.vendor == 0) {
    // Servers keep numbers above 255 for themselves.
    attribute.on_wire = attribute.on_wire && attribute.key.type >= 1 && attribute.key.type <= 255;
  } else if (format != into_.vendor_formats().end() && format->second.type_octets < 4 &&
             attribute.key.type >> (8 * format->second.type_octets) != 0) {
    Wrong(place, Shown(attribute.name) + " has the number " + Shown(text),
          "The vendor's format has " + std::to_string(format->second.type_octets) +
              " octet(s) for it.");
    return false;
  }
  return true;
}

bool Reader::Option(Place& place, std::string_view option, DictionaryAttribute& attribute) {
  if (SameWord(option, "has_tag")) {
    attribute.has_tag = true;
  } else if (SameWord(option, "array")) {
    attribute.array = true;
  } else if (SameWord(option, "concat")) {
    attribute.concat = true;
  } else if (SameWord(option, "secret")) {
    attribute.secret = true;
  } else if (SameWord(option, "virtual") || SameWord(option, "internal")) {
    attribute.on_wire = false;
  } else if (option.size() == 9 && SameWord(option.substr(0, 8), "encrypt=") && option[8] >= '0' &&
             option[8] <= '3') {
    attribute.encryption = static_cast<Encryption>(option[8] - '0');
  } else if (const auto vendor = into_.RequireVendor(option); vendor && !NumberOf(option)) {
    attribute.key.vendor = *vendor;  // the old form, without BEGIN-VENDOR
  } else {
    const std::string nearest =
        Nearest(option, {"has_tag", "array", "concat", "encrypt=1", "encrypt=2", "secret"});
    Wrong(place, Shown(option) + " is neither an option nor a vendor",
          nearest.empty() ? "Options are has_tag, array, concat, secret, encrypt=1, encrypt=2."
                          : "Did you mean " + nearest + "?");
    return false;
  }
  return true;
}

bool Reader::Options(Place& place, std::string_view text, DictionaryAttribute& attribute) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    if (end > 0 && !Option(place, text.substr(0, end), attribute)) return false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

void Reader::Attribute(Place& place, const Arguments& words) {
  if (!Count(place, words, 4, 5, "ATTRIBUTE name number type [has_tag,encrypt=2]")) return;
  DictionaryAttribute attribute;
  attribute.name = words[1];
  attribute.key.vendor = place.vendor;
  const auto type = TypeOf(words[3]);
  if (!type) {
    const std::string nearest = Nearest(words[3], TypeNames());
    return Wrong(place, Shown(words[1]) + " is of the unknown type " + Shown(words[3]),
                 nearest.empty() ? "Types are string, octets, integer, ipaddr, ipv6addr, "
                                   "ipv6prefix, ifid, date, byte, short, integer64 and others."
                                 : "Did you mean " + nearest + "?");
  }
  attribute.value_type = *type;
  if (words.size() == 5 && !Options(place, words[4], attribute)) return;
  const bool is_virtual = !attribute.on_wire;
  if (!AttributeNumber(place, words[2], attribute)) return;
  if (is_virtual) attribute.on_wire = false;
  const auto added = into_.AddAttribute(std::move(attribute));
  if (!added) Wrong(place, added.error().message, "Give it another name, or the number it has.");
}

void Reader::Value(Place& place, const Arguments& words) {
  if (!Count(place, words, 4, 4, "VALUE attribute name number")) return;
  const auto number = NumberOf(words[3]);
  if (!number) {
    return Wrong(place, "VALUE " + Shown(words[2]) + " is " + Shown(words[3]),
                 "It is a decimal number, or hexadecimal behind 0x.");
  }
  if (into_.Find(words[1]) == nullptr) {
    pending_.push_back(
        {place.file, place.line, std::string(words[1]), std::string(words[2]), *number});
    return;
  }
  const auto added = into_.AddValue(words[1], words[2], *number);
  if (!added) Wrong(place, added.error().message, "Take it out.");
}

std::vector<DictionaryIssue> Reader::Finish() {
  for (const PendingValue& value : pending_) {
    if (full()) break;
    const auto added = into_.AddValue(value.attribute, value.name, value.number);
    if (!added) {
      Wrong(value.file, value.line, added.error().message,
            "Write its ATTRIBUTE, or $INCLUDE the file that has it.");
    }
  }
  return std::move(issues_);
}

}  // namespace

std::vector<DictionaryIssue> ReadBuiltIn(Dictionary& into) {
  const ReadFile none = [](const std::string&) -> Result<std::string> {
    return Fail(Error{ErrorCode::kNotFound, "not built in"});
  };
  Reader reader(none, into);
  for (const EmbeddedFile& file : EmbeddedDictionaries()) {
    reader.Text(std::string(file.name), file.text);
  }
  return reader.Finish();
}

std::vector<DictionaryIssue> ReadFiles(const std::vector<std::string>& files, const ReadFile& read,
                                       Dictionary& into) {
  Reader reader(read, into);
  for (const std::string& file : files) reader.File(file, false, {}, 0);
  return reader.Finish();
}

}  // namespace sstpgw::cp::radius
