#include "controlplane/app/config_source.h"

#include "controlplane/app/masked_config.h"
#include "controlplane/edge/files.h"

namespace sstpgw::cp {

Result<std::string> HostFileReader::ReadFile(const std::string& path) {
  return ReadWholeFile(path);
}

Result<std::string> HostFileReader::ReadEnvironment(const std::string& name) {
  return ReadEnvironmentVariable(name);
}

Result<LoadedFile> LoadConfigFile(const std::string& path) {
  SG_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(path));
  HostFileReader reader;
  LoadedFile loaded;
  loaded.result = LoadConfig(text, path, reader);
  if (loaded.result.config) loaded.masked_yaml = MaskSecrets(text);
  return loaded;
}

}  // namespace sstpgw::cp
