#include "tests/support/json.h"

#include <cstdlib>
#include <string_view>

namespace sstpgw::test {

// Recursive descent over RFC 8259; \u escapes above 0x7f become '?', which no test asks for.
class JsonParser {
 public:
  explicit JsonParser(std::string_view text) : text_(text) {}

  std::optional<Json> Whole() {
    auto value = Value(0);
    Blanks();
    if (at_ != text_.size()) return std::nullopt;
    return value;
  }

 private:
  static constexpr int kMaxDepth = 64;

  void Blanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
  }
  bool Take(char c) {
    Blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool TakeWord(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  std::optional<Json> Value(int depth) {
    Blanks();
    if (at_ >= text_.size() || depth > kMaxDepth) return std::nullopt;
    if (text_[at_] == '{') return Object(depth);
    if (text_[at_] == '[') return List(depth);
    Json json;
    if (text_[at_] == '"') {
      json.kind_ = Json::Kind::kText;
      auto text = Text();
      if (!text) return std::nullopt;
      json.text_ = *text;
      return json;
    }
    if (TakeWord("null")) return json;
    for (const std::string_view word : {"true", "false"}) {
      if (!TakeWord(word)) continue;
      json.kind_ = Json::Kind::kBool;
      json.text_ = word;
      json.number_ = word == "true" ? 1 : 0;
      return json;
    }
    const std::size_t end = std::min(text_.find_first_not_of("+-.0123456789eE", at_), text_.size());
    json.text_ = text_.substr(at_, end - at_);
    if (json.text_.empty()) return std::nullopt;
    at_ = end;
    json.kind_ = Json::Kind::kNumber;
    json.number_ = std::strtod(json.text_.c_str(), nullptr);
    return json;
  }

  std::optional<Json> Object(int depth) {
    Json json;
    json.kind_ = Json::Kind::kObject;
    Take('{');
    if (Take('}')) return json;
    do {
      Blanks();
      auto key = Text();
      if (!key || !Take(':')) return std::nullopt;
      auto value = Value(depth + 1);
      if (!value) return std::nullopt;
      json.object_.insert_or_assign(*key, std::move(*value));
    } while (Take(','));
    if (!Take('}')) return std::nullopt;
    return json;
  }

  std::optional<Json> List(int depth) {
    Json json;
    json.kind_ = Json::Kind::kList;
    Take('[');
    if (Take(']')) return json;
    do {
      auto value = Value(depth + 1);
      if (!value) return std::nullopt;
      json.list_.push_back(std::move(*value));
    } while (Take(','));
    if (!Take(']')) return std::nullopt;
    return json;
  }

  std::optional<std::string> Text() {
    if (at_ >= text_.size() || text_[at_] != '"') return std::nullopt;
    std::string out;
    for (++at_; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return out;
      }
      if (c != '\\') {
        out += c;
        continue;
      }
      if (++at_ >= text_.size()) break;
      out += Unescape();
    }
    return std::nullopt;
  }

  char Unescape() {
    switch (text_[at_]) {
      case 'n':
        return '\n';
      case 't':
        return '\t';
      case 'r':
        return '\r';
      case 'b':
        return '\b';
      case 'f':
        return '\f';
      case 'u': {
        const long code = std::strtol(std::string(text_.substr(at_ + 1, 4)).c_str(), nullptr, 16);
        at_ += 4;
        return code < 0x80 ? static_cast<char>(code) : '?';
      }
      default:
        return text_[at_];
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::optional<Json> Json::Parse(const std::string& text) { return JsonParser(text).Whole(); }

const Json& Json::at(const std::string& key) const {
  static const Json kNone;
  const auto found = object_.find(key);
  return found == object_.end() ? kNone : found->second;
}

const Json* Json::Find(const std::string& key) const {
  const auto found = object_.find(key);
  if (found != object_.end()) return &found->second;
  for (const auto& [name, value] : object_) {
    if (const Json* below = value.Find(key)) return below;
  }
  for (const Json& value : list_) {
    if (const Json* below = value.Find(key)) return below;
  }
  return nullptr;
}

}  // namespace sstpgw::test
