// What reading found out about the file besides its values: where each node stands, and what is
// wrong. Every later check reports against a path and gets line, column and value from here.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "controlplane/config/issue.h"

namespace sstpgw::cp {

// What the file says at a path.
struct Place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string value;  // as messages show it: shortened, escaped, "***" if secret
};

class Report {
 public:
  void Note(std::string path, Place place);
  // How messages show the value at a path that was noted.
  void Show(std::string_view path, std::string value);
  // The file has this node, right or wrong.
  [[nodiscard]] bool Written(std::string_view path) const;
  // Something in or below this node was refused, so that what is missing there is no news.
  [[nodiscard]] bool Faulty(std::string_view path) const;
  // This node itself or one above it was refused, so that nobody knows what it says.
  [[nodiscard]] bool Refused(std::string_view path) const;
  // The node was probably meant by something that was refused.
  void MarkFaulty(std::string_view path);

  // At `path`, or for want of it in the file at its nearest parent.
  void Error(std::string path, std::string reason, std::string remedy = {});
  void Warning(std::string path, std::string reason, std::string remedy = {});
  // For what has no place of its own in the tree.
  void Error(Issue issue);

  // Ordered by place.
  [[nodiscard]] std::vector<Issue> TakeErrors();
  [[nodiscard]] std::vector<Issue> TakeWarnings();
  [[nodiscard]] bool has_errors() const { return !errors_.empty(); }

 private:
  [[nodiscard]] Issue MakeIssue(std::string path, std::string reason, std::string remedy) const;

  std::map<std::string, Place, std::less<>> places_;
  std::set<std::string, std::less<>> refused_;
  std::set<std::string, std::less<>> faulty_;  // refused_, closed under Parent
  std::vector<Issue> errors_;
  std::vector<Issue> warnings_;
};

// One more step of a path; a key that could be mistaken for something else is put in quotes.
[[nodiscard]] std::string Below(std::string_view path, std::string_view key);
[[nodiscard]] std::string Item(std::string_view path, std::size_t index);

// Text from the file as messages show it: at most 64 octets, escaped.
[[nodiscard]] std::string Shown(std::string_view text);

}  // namespace sstpgw::cp
