// Dictionary files that are not on a disk.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "controlplane/radius/dictionary.h"

namespace sstpgw::cp::radius {

using Files = std::map<std::string, std::string>;

inline ReadFile From(Files files) {
  return [files = std::move(files)](const std::string& path) -> Result<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return Fail(Error{ErrorCode::kNotFound, "no such file"});
    return found->second;
  };
}

// What is wrong in a file "d" with this text, one Render per line; empty: nothing.
inline std::string IssuesOf(const std::string& text, Files others = {}) {
  others["d"] = text;
  const auto loaded = Dictionary::Load({"d"}, From(std::move(others)));
  std::string all;
  if (!loaded) {
    for (const DictionaryIssue& issue : loaded.error()) all += Render(issue) + "\n";
  }
  return all;
}

}  // namespace sstpgw::cp::radius
