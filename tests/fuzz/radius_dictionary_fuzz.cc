// RADIUS dictionary files of any text: either all of it is understood or every issue names a file;
// what is understood can be looked up. A line "@name" begins another file, which may be included.
#include <cstdint>
#include <map>
#include <string>

#include "controlplane/radius/dictionary_reader.h"
#include "tests/fuzz/require.h"

namespace sstpgw::fuzz {
namespace {

using namespace cp::radius;

std::map<std::string, std::string> FilesOf(std::string_view text) {
  std::map<std::string, std::string> files;
  std::string name = "d";
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    if (line.starts_with('@')) {
      name = line.substr(1);
    } else {
      files[name] += std::string(line) + "\n";
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return files;
}

void LookUp(const Dictionary& dictionary) {
  for (const char* name : {"User-Name", "a", "b", "MS-MPPE-Recv-Key"}) {
    const auto found = dictionary.Require(name);
    if (!found) continue;
    Require(dictionary.Find(name) == *found);
    if (!(*found)->on_wire) continue;
    const AttributeKey key = (*found)->key;
    Require(dictionary.Find(key) != nullptr);
    Require(key.vendor != 0 || (key.type >= 1 && key.type <= 255));
    const auto resolved =
        dictionary.Resolve(name, key.vendor == 0 ? std::string() : std::to_string(key.vendor));
    Require(resolved.has_value() && *resolved == key);
  }
  for (const auto& [vendor, format] : dictionary.vendor_formats()) {
    Require(vendor != 0 && vendor <= kMaxVendor);
    Require(format.type_octets >= 1 && format.type_octets <= 4 && format.length_octets <= 2);
  }
}

}  // namespace
}  // namespace sstpgw::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sstpgw;
  const auto files = fuzz::FilesOf(std::string_view(reinterpret_cast<const char*>(data), size));
  const cp::radius::ReadFile read = [&](const std::string& path) -> Result<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return Fail(Error{ErrorCode::kNotFound, "no such file"});
    return found->second;
  };
  static const cp::radius::Dictionary kBuiltIn = cp::radius::Dictionary::BuiltIn();
  cp::radius::Dictionary dictionary = kBuiltIn;
  const auto issues = cp::radius::ReadFiles({"d"}, read, dictionary);
  fuzz::LookUp(dictionary);
  fuzz::Require(issues.size() <= cp::radius::Dictionary::kMaxIssues);
  for (const auto& issue : issues) {
    fuzz::Require(!issue.file.empty() && !issue.what.empty() && !issue.remedy.empty());
    fuzz::Require(cp::radius::Render(issue).find('\n') == std::string::npos);
  }
  return 0;
}
