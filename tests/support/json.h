// Reading the JSON that sstpctl prints: just enough for tests to ask for a number or a row.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sstpgw::test {

class Json {
 public:
  enum class Kind { kNull, kBool, kNumber, kText, kList, kObject };

  // nullopt if `text` is not one JSON value.
  static std::optional<Json> Parse(const std::string& text);

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] double number() const { return number_; }
  // Text as it is; numbers and booleans as printed.
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::vector<Json>& list() const { return list_; }
  [[nodiscard]] const std::map<std::string, Json>& object() const { return object_; }
  // Member of an object, null value otherwise.
  [[nodiscard]] const Json& at(const std::string& key) const;
  // The first value with this key anywhere below.
  [[nodiscard]] const Json* Find(const std::string& key) const;

 private:
  friend class JsonParser;
  Kind kind_ = Kind::kNull;
  double number_ = 0;
  std::string text_;
  std::vector<Json> list_;
  std::map<std::string, Json> object_;
};

}  // namespace sstpgw::test
