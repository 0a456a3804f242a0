#include "controlplane/config/report.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "proto/base/text.h"

namespace sstpgw::cp {
namespace {

constexpr std::size_t kShownOctets = 64;
constexpr std::size_t kMaxKeyOctets = 255;

// Cuts the last step off `path`; a dot inside quotes only makes a step that no node has.
std::string_view Parent(std::string_view path) {
  const std::size_t cut = path.find_last_of(".[");
  return path.substr(0, cut == std::string_view::npos ? 0 : cut);
}

std::vector<Issue> Sorted(std::vector<Issue> issues) {
  std::stable_sort(issues.begin(), issues.end(), [](const Issue& a, const Issue& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  return issues;
}

}  // namespace

void Report::Note(std::string path, Place place) {
  places_.emplace(std::move(path), std::move(place));
}

void Report::Show(std::string_view path, std::string value) {
  if (const auto place = places_.find(path); place != places_.end()) {
    place->second.value = std::move(value);
  }
}

bool Report::Written(std::string_view path) const { return places_.find(path) != places_.end(); }

bool Report::Faulty(std::string_view path) const { return faulty_.find(path) != faulty_.end(); }

bool Report::Refused(std::string_view path) const {
  for (; !path.empty(); path = Parent(path)) {
    if (refused_.find(path) != refused_.end()) return true;
  }
  return false;
}

void Report::MarkFaulty(std::string_view path) {
  refused_.emplace(path);
  for (; !path.empty(); path = Parent(path)) {
    if (!faulty_.emplace(path).second) return;
  }
}

Issue Report::MakeIssue(std::string path, std::string reason, std::string remedy) const {
  Issue issue;
  std::string_view nearest = path;
  auto place = places_.find(nearest);
  if (place != places_.end()) issue.value = place->second.value;
  while (place == places_.end() && !nearest.empty()) {
    nearest = Parent(nearest);
    place = places_.find(nearest);
  }
  if (place != places_.end()) {
    issue.line = place->second.line;
    issue.column = place->second.column;
  }
  issue.path = std::move(path);
  issue.reason = std::move(reason);
  issue.remedy = std::move(remedy);
  return issue;
}

void Report::Error(std::string path, std::string reason, std::string remedy) {
  MarkFaulty(path);
  errors_.push_back(MakeIssue(std::move(path), std::move(reason), std::move(remedy)));
}

void Report::Warning(std::string path, std::string reason, std::string remedy) {
  warnings_.push_back(MakeIssue(std::move(path), std::move(reason), std::move(remedy)));
}

void Report::Error(Issue issue) {
  MarkFaulty(issue.path);
  errors_.push_back(std::move(issue));
}

std::vector<Issue> Report::TakeErrors() { return Sorted(std::exchange(errors_, {})); }

std::vector<Issue> Report::TakeWarnings() { return Sorted(std::exchange(warnings_, {})); }

std::string Below(std::string_view path, std::string_view key) {
  const bool plain = !key.empty() && key.size() <= kMaxKeyOctets &&
                     std::all_of(key.begin(), key.end(), [](char c) {
                       return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                              (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '+' ||
                              c == '@' || static_cast<unsigned char>(c) >= 0x80;
                     });
  const std::string escaped = Escape(key);
  std::string below(path);
  if (!below.empty()) below += '.';
  if (plain && escaped == key) return below + escaped;
  return below + '"' + (key.size() > kMaxKeyOctets ? Shown(key) : escaped) + '"';
}

std::string Item(std::string_view path, std::size_t index) {
  return std::string(path) + "[" + std::to_string(index) + "]";
}

std::string Shown(std::string_view text) {
  if (text.size() <= kShownOctets) return Escape(text);
  std::size_t cut = kShownOctets;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;
  return Escape(text.substr(0, cut)) + "...";
}

}  // namespace sstpgw::cp
