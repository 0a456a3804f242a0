// A small JSON writer (RFC 8259) with stable key order: the order of the calls. Two blanks of
// indentation per level. Octets that are not UTF-8 become U+FFFD. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sstpgw::cli {

[[nodiscard]] bool IsUtf8(std::string_view text);

// With the quotes.
[[nodiscard]] std::string JsonQuote(std::string_view text);

class JsonWriter {
 public:
  JsonWriter& BeginObject();
  JsonWriter& EndObject();
  JsonWriter& BeginArray();
  JsonWriter& EndArray();
  // Inside an object, before its value.
  JsonWriter& Key(std::string_view name);
  JsonWriter& String(std::string_view value);
  JsonWriter& Number(std::int64_t value);
  JsonWriter& Number(std::uint64_t value);
  // As a decimal: 1'500'000 is 1.5.
  JsonWriter& Millionths(std::uint64_t value);
  JsonWriter& Bool(bool value);

  JsonWriter& Member(std::string_view name, std::string_view value) {
    return Key(name).String(value);
  }
  JsonWriter& Member(std::string_view name, const char* value) { return Key(name).String(value); }
  JsonWriter& Member(std::string_view name, std::uint64_t value) { return Key(name).Number(value); }
  JsonWriter& Member(std::string_view name, std::uint32_t value) {
    return Key(name).Number(std::uint64_t{value});
  }
  JsonWriter& Member(std::string_view name, std::int64_t value) { return Key(name).Number(value); }
  JsonWriter& Member(std::string_view name, bool value) { return Key(name).Bool(value); }

  // Everything, with a line feed at the end. Every Begin has had its End.
  [[nodiscard]] std::string Take();

 private:
  void BeforeValue();
  void Break();
  JsonWriter& Raw(std::string_view text);
  JsonWriter& Begin(char bracket);
  JsonWriter& End(char bracket);

  std::string out_;
  std::vector<bool> filled_;  // per open bracket: does it hold something
  bool after_key_ = false;
};

}  // namespace sstpgw::cli
