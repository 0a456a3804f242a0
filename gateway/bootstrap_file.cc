#include "gateway/bootstrap_file.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "proto/base/suggest.h"
#include "proto/base/text.h"

namespace sstpgw::gateway {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view Trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// Up to the first of `ends` that is not inside quotes.
std::string_view UpTo(std::string_view text, std::string_view ends) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && ends.find(c) != std::string_view::npos) return text.substr(0, i);
    if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    }
  }
  return text;
}

std::string Unquoted(std::string_view text) {
  text = Trimmed(text);
  const bool quoted =
      text.size() >= 2 && (text[0] == '"' || text[0] == '\'') && text.back() == text[0];
  return std::string(quoted ? text.substr(1, text.size() - 2) : text);
}

std::string OneOf(const std::vector<std::string>& keys, std::string_view wrong) {
  std::string all;
  for (const std::string& key : keys) all += (all.empty() ? "" : ", ") + key;
  const std::string nearest = Nearest(wrong, keys);
  return (nearest.empty() ? "" : ", did you mean '" + nearest + "'?") + " (there are " + all + ")";
}

// The values of one line; empty: one is missing, or the list does not end.
std::vector<std::string> ValuesOf(std::string_view text) {
  if (!text.empty() && text.front() == '[') {
    if (text.back() != ']') return {};
    text = text.substr(1, text.size() - 2);
  }
  std::vector<std::string> values;
  while (true) {
    const std::string_view item = UpTo(text, ",");
    values.push_back(Unquoted(item));
    if (values.back().empty()) return {};
    if (item.size() == text.size()) return values;
    text.remove_prefix(item.size() + 1);
  }
}

// Adds what one line says; its reason if it is wrong, otherwise "".
std::string TakeLine(std::string_view line, const std::vector<std::string>& known_keys,
                     std::vector<BootstrapEntry>& entries) {
  line = Trimmed(UpTo(line, "#"));
  if (line.empty() || line.front() == ';') return "";
  const std::size_t equals = line.find('=');
  if (equals == std::string_view::npos) {
    return "'" + Escape(line) + "' is no `key = value`";
  }
  const std::string key(Trimmed(line.substr(0, equals)));
  if (std::find(known_keys.begin(), known_keys.end(), key) == known_keys.end()) {
    return "unknown key '" + Escape(key) + "'" + OneOf(known_keys, key);
  }
  std::vector<std::string> values = ValuesOf(Trimmed(line.substr(equals + 1)));
  if (values.empty()) return key + " has no value, or a list without its end on this line";
  const auto known = std::find_if(entries.begin(), entries.end(),
                                  [&key](const BootstrapEntry& entry) { return entry.key == key; });
  if (known == entries.end()) {
    entries.push_back({key, std::move(values)});
  } else {
    std::move(values.begin(), values.end(), std::back_inserter(known->values));
  }
  return "";
}

}  // namespace

Result<std::vector<BootstrapEntry>> ParseBootstrap(std::string_view text, const std::string& file,
                                                   const std::vector<std::string>& known_keys) {
  std::vector<BootstrapEntry> entries;
  std::string errors;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::string reason = TakeLine(line, known_keys, entries);
    if (reason.empty()) continue;
    errors +=
        (errors.empty() ? "" : "\n") + Escape(file) + ":" + std::to_string(number) + ": " + reason;
  }
  if (!errors.empty()) return Fail(Error{ErrorCode::kInvalidArgument, std::move(errors)});
  return entries;
}

}  // namespace sstpgw::gateway
