#include "controlplane/app/config_source.h"

#include "controlplane/app/masked_config.h"
#include "controlplane/edge/files.h"
#include "proto/contract/convert.h"
#include "proto/contract/wipe.h"

namespace sstpgw::cp {
namespace {

// The issue that it becomes names the file or variable itself.
Result<std::string> WithoutName(Result<std::string> text, const std::string& prefix) {
  if (text || text.error().message.rfind(prefix, 0) != 0) return text;
  return Fail(Error{text.error().code, text.error().message.substr(prefix.size())});
}

}  // namespace

Result<std::string> HostFileReader::ReadFile(const std::string& path) {
  return WithoutName(ReadWholeFile(path), path + ": ");
}

Result<std::string> HostFileReader::ReadEnvironment(const std::string& name) {
  return WithoutName(ReadEnvironmentVariable(name), "environment variable " + name + " ");
}

void CheckForGateways(LoadResult& result) {
  if (!result.config) return;
  auto settings = contract::ToProto(result.config->gateway);
  settings.set_generation(1);  // whoever sends them numbers them
  const auto accepted = contract::FromProto(settings);
  contract::WipeSecrets(&settings);
  if (accepted) return;
  Issue issue;
  issue.path = "sstp";
  issue.reason = "gateways would refuse it: " + accepted.error().message;
  issue.remedy = "Change the setting; that no other check found it is a mistake of this program.";
  result.errors.push_back(std::move(issue));
  result.config.reset();
}

LoadedFile LoadConfigText(const std::string& text, const std::string& path) {
  HostFileReader reader;
  LoadedFile loaded;
  loaded.result = LoadConfig(text, path, reader);
  CheckForGateways(loaded.result);
  if (loaded.result.config) loaded.masked_yaml = MaskSecrets(text);
  return loaded;
}

Result<LoadedFile> LoadConfigFile(const std::string& path) {
  SG_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(path));
  return LoadConfigText(text, path);
}

}  // namespace sstpgw::cp
