// Compiled with exceptions, unlike the rest of this layer: yaml-cpp reports errors by throwing.
#include "controlplane/config/yaml_document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <exception>
#include <optional>
#include <sstream>

#include "proto/base/text.h"

namespace sstpgw::cp {
namespace {

// Leaves the library's parser in the middle of a document; never leaves this file.
struct Refusal {
  Issue issue;
};

Issue IssueAt(std::size_t line, std::size_t column, std::string reason, std::string remedy = {}) {
  Issue issue;
  issue.line = static_cast<std::uint32_t>(line);
  issue.column = static_cast<std::uint32_t>(column);
  issue.reason = std::move(reason);
  issue.remedy = std::move(remedy);
  return issue;
}

[[noreturn]] void Refuse(const YAML::Mark& mark, std::string reason, std::string remedy = {}) {
  throw Refusal{IssueAt(static_cast<std::size_t>(mark.line) + 1,
                        static_cast<std::size_t>(mark.column) + 1, std::move(reason),
                        std::move(remedy))};
}

// Builds the tree from the library's events. Its own stack has at most kMaxYamlDepth entries.
class TreeBuilder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add(mark, {}, anchor, YamlNode::Kind::kNull);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    Refuse(mark, "aliases are not supported", "Write the value out.");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (value.find('\0') != std::string::npos) Refuse(mark, "a value may not contain NUL");
    const bool plain = tag == "?";
    if (AwaitsKey()) {
      CheckPlainFeatures(mark, tag, anchor);
      pending_key_ = value;
      key_mark_ = mark;
      if (!plain) last_quoted_ = mark;
      Count(mark);
      return;
    }
    YamlNode* node = Add(mark, tag, anchor, YamlNode::Kind::kScalar);
    node->scalar = value;
    node->quoted = !plain;
    if (!plain) last_quoted_ = mark;
    // "~" and its relatives reach here as plain scalars when they are written out.
    if (plain && (value == "~" || value == "null" || value == "Null" || value == "NULL")) {
      node->kind = YamlNode::Kind::kNull;
    }
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    Open(mark, tag, anchor, YamlNode::Kind::kSequence);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    Open(mark, tag, anchor, YamlNode::Kind::kMapping);
  }
  void OnMapEnd() override { open_.pop_back(); }

  YamlNode TakeRoot() { return std::move(root_); }
  // Where the last scalar that is not plain begins.
  [[nodiscard]] const std::optional<YAML::Mark>& last_quoted() const { return last_quoted_; }

 private:
  [[nodiscard]] bool AwaitsKey() const {
    return !open_.empty() && open_.back()->kind == YamlNode::Kind::kMapping && !pending_key_;
  }

  static void CheckPlainFeatures(const YAML::Mark& mark, const std::string& tag,
                                 YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor)
      Refuse(mark, "anchors are not supported", "Write the value out.");
    if (!tag.empty() && tag != "?" && tag != "!") Refuse(mark, "tags are not supported");
  }

  void Count(const YAML::Mark& mark) {
    if (++nodes_ > kMaxYamlNodes) Refuse(mark, "too many values");
  }

  void Open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            YamlNode::Kind kind) {
    if (open_.size() >= kMaxYamlDepth) Refuse(mark, "nested too deeply");
    open_.push_back(Add(mark, tag, anchor, kind));
  }

  // The new node's address is good until its parent gets another child; by then it is closed.
  YamlNode* Add(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                YamlNode::Kind kind) {
    CheckPlainFeatures(mark, tag, anchor);
    Count(mark);
    if (AwaitsKey())
      Refuse(mark, "a key must be plain text", "Look for a missing bracket, brace or quote.");
    YamlNode* node = &root_;
    if (!open_.empty()) {
      YamlNode::Child& child = open_.back()->children.emplace_back();
      if (pending_key_) {
        child.key = std::move(*pending_key_);
        child.key_line = static_cast<std::uint32_t>(key_mark_.line) + 1;
        child.key_column = static_cast<std::uint32_t>(key_mark_.column) + 1;
        pending_key_.reset();
      }
      node = &child.value;
    }
    node->kind = kind;
    node->line = static_cast<std::uint32_t>(mark.line) + 1;
    node->column = static_cast<std::uint32_t>(mark.column) + 1;
    return node;
  }

  YamlNode root_;
  std::vector<YamlNode*> open_;  // from the root to the innermost open container
  std::optional<std::string> pending_key_;
  YAML::Mark key_mark_;
  std::optional<YAML::Mark> last_quoted_;
  std::size_t nodes_ = 0;
};

// Octets of the well-formed UTF-8 character at the start of `text`, 0 if there is none (RFC 3629).
std::size_t CharacterLength(std::string_view text) {
  const auto octet = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = octet(0);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  std::uint8_t second_min = 0x80;
  std::uint8_t second_max = 0xbf;
  if (first >= 0xc2 && first <= 0xdf) {
    length = 2;
  } else if (first >= 0xe0 && first <= 0xef) {
    length = 3;
    if (first == 0xe0) second_min = 0xa0;
    if (first == 0xed) second_max = 0x9f;
  } else if (first >= 0xf0 && first <= 0xf4) {
    length = 4;
    if (first == 0xf0) second_min = 0x90;
    if (first == 0xf4) second_max = 0x8f;
  }
  if (length == 0 || text.size() < length) return 0;
  if (octet(1) < second_min || octet(1) > second_max) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if (octet(i) < 0x80 || octet(i) > 0xbf) return 0;
  }
  return length;
}

// The library guesses other encodings and replaces what it cannot read; we want neither.
std::optional<Issue> CheckOctets(std::string_view text) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '\0') return IssueAt(line, column, "the text contains NUL");
    const std::size_t length = CharacterLength(text.substr(i));
    if (length == 0) return IssueAt(line, column, "the text is not UTF-8");
    ++column;
    if (text[i] == '\n') {
      ++line;
      column = 1;
    }
    i += length;
  }
  return std::nullopt;
}

// The library takes the end of the text for a missing closing quote.
bool QuoteIsOpen(std::string_view text, const YAML::Mark& mark) {
  std::size_t i = 0;
  for (int line = 0; line < mark.line; ++line) {
    const std::size_t end = text.find('\n', i);
    if (end == std::string_view::npos) return false;
    i = end + 1;
  }
  if (mark.line == 0 && text.substr(0, 3) == "\xef\xbb\xbf") i += 3;
  i += static_cast<std::size_t>(mark.column);
  if (i >= text.size() || (text[i] != '\'' && text[i] != '"')) return false;
  const char quote = text[i];
  for (++i; i < text.size(); ++i) {
    if (text[i] == quote) {
      if (quote == '"' || i + 1 >= text.size() || text[i + 1] != quote) return false;
      ++i;  // '' stands for one quote
    } else if (quote == '"' && text[i] == '\\') {
      ++i;
    }
  }
  return true;
}

Issue SyntaxIssue(const YAML::Exception& exception) {
  if (exception.mark.is_null()) return IssueAt(0, 0, "is not YAML: " + Escape(exception.msg));
  Issue issue = IssueAt(static_cast<std::size_t>(exception.mark.line) + 1,
                        static_cast<std::size_t>(exception.mark.column) + 1,
                        "is not YAML: " + Escape(exception.msg));
  issue.remedy = "Indent with blanks, not tabs; put text with special characters in quotes.";
  return issue;
}

}  // namespace

Result<YamlNode, Issue> ParseYaml(std::string_view text) {
  if (std::optional<Issue> issue = CheckOctets(text)) return Fail(*std::move(issue));
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder;
    if (!parser.HandleNextDocument(builder)) return YamlNode{};
    TreeBuilder second;
    if (parser.HandleNextDocument(second)) {
      const YamlNode extra = second.TakeRoot();
      return Fail(IssueAt(extra.line, extra.column, "a second document is not supported"));
    }
    if (builder.last_quoted() && QuoteIsOpen(text, *builder.last_quoted())) {
      return Fail(IssueAt(static_cast<std::size_t>(builder.last_quoted()->line) + 1,
                          static_cast<std::size_t>(builder.last_quoted()->column) + 1,
                          "the closing quote is missing"));
    }
    return builder.TakeRoot();
  } catch (const Refusal& refusal) {
    return Fail(refusal.issue);
  } catch (const YAML::Exception& exception) {
    return Fail(SyntaxIssue(exception));
  } catch (const std::exception& exception) {
    return Fail(IssueAt(0, 0, std::string("cannot be read: ") + exception.what()));
  }
}

}  // namespace sstpgw::cp
