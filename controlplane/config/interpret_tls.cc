// `ssl`: files are read and fitted together (features 2.1, 2.2; rule V12).
#include <algorithm>
#include <optional>

#include "controlplane/config/certificates.h"
#include "controlplane/config/interpret.h"
#include "controlplane/config/secret_source.h"
#include "proto/base/text.h"
#include "proto/contract/convert.h"

namespace sstpgw::cp {
namespace {

constexpr const char* kCertificatePath = "sstp.ssl.certificate";
constexpr const char* kKeyPath = "sstp.ssl.key";
constexpr const char* kAuthorityPath = "sstp.ssl.ca-certificate";
constexpr const char* kDhParametersPath = "sstp.ssl.dhparam";

// Reads the files that settings name; an unreadable one is reported and absent.
class SettingFiles {
 public:
  SettingFiles(const std::string& directory, FileReader& reader, Report& report)
      : directory_(directory), reader_(reader), report_(report) {}

  std::optional<std::string> Read(const char* setting, const std::string& path) {
    Result<std::string> text = reader_.ReadFile(ResolvePath(directory_, path));
    if (text) return *std::move(text);
    report_.Error(setting, "cannot be read: " + Escape(text.error().message));
    return std::nullopt;
  }
  std::optional<Secret> ReadKey(const char* setting, const std::string& path) {
    std::optional<std::string> text = Read(setting, path);
    if (!text) return std::nullopt;
    Secret key{std::string_view(*text)};
    SecureWipe({reinterpret_cast<std::uint8_t*>(text->data()), text->size()});
    if (!key.empty()) return key;
    report_.Error(setting, "is an empty file");
    return std::nullopt;
  }

 private:
  const std::string& directory_;
  FileReader& reader_;
  Report& report_;
};

// What goes to the gateway has an end there.
void CheckSize(const char* setting, std::size_t octets, Report& report, std::string what = {}) {
  if (octets <= contract::kMaxPem) return;
  report.Error(setting, std::move(what) + "has " + std::to_string(octets) +
                            " octets, may have at most " + std::to_string(contract::kMaxPem));
}

const char* SettingOf(IdentityPart part, bool key_has_own_file) {
  switch (part) {
    case IdentityPart::kCertificate:
      return kCertificatePath;
    case IdentityPart::kKey:
      return key_has_own_file ? kKeyPath : kCertificatePath;
    case IdentityPart::kAuthority:
      return kAuthorityPath;
  }
  return kCertificatePath;
}

void InterpretIdentity(const v1::SstpConfig& config, SettingFiles& files, Report& report,
                       TlsSettings& tls) {
  const v1::SslConfig& ssl = config.ssl();
  IdentityFiles identity_files;
  if (ssl.has_certificate()) {
    identity_files.certificate_pem = files.Read(kCertificatePath, ssl.certificate());
  }
  if (ssl.has_ca_certificate()) {
    identity_files.ca_pem = files.Read(kAuthorityPath, ssl.ca_certificate());
  }
  // A key whose path was refused is not looked for in the certificate's file.
  const bool separate_key = ssl.has_key() || report.Faulty(kKeyPath);
  if (!separate_key) {
    identity_files.key_pem.emplace();
  } else if (ssl.has_key()) {
    identity_files.key_pem = files.ReadKey(kKeyPath, ssl.key());
  }
  auto identity = BuildServerIdentity(identity_files, config.host_name());
  if (!identity) {
    for (const IdentityIssue& issue : identity.error()) {
      const bool lacks_key = issue.part == IdentityPart::kKey && !separate_key;
      report.Error(SettingOf(issue.part, separate_key), issue.reason,
                   lacks_key ? "Name the key's file in ssl.key." : "");
    }
    return;
  }
  for (const IdentityIssue& issue : identity->warnings) {
    report.Warning(SettingOf(issue.part, separate_key), issue.reason);
  }
  CheckSize(kCertificatePath, identity->chain_pem.size(), report, "the chain sent to clients ");
  CheckSize(SettingOf(IdentityPart::kKey, separate_key), identity->private_key_pem.size(), report,
            "the key ");
  tls.certificate_chain_pem = std::move(identity->chain_pem);
  tls.private_key_pem = std::move(identity->private_key_pem);
}

void CheckSetting(const char* setting, const std::string& text,
                  std::string (*check)(const std::string&), Report& report) {
  if (text.empty()) return;
  std::string reason = check(text);
  if (!reason.empty()) report.Error(setting, std::move(reason));
}

void InterpretDhParameters(std::optional<std::string> pem, Report& report, TlsSettings& tls) {
  if (!pem) return;
  std::string reason = CheckDhParameters(*pem);
  if (!reason.empty()) report.Error(kDhParametersPath, std::move(reason));
  CheckSize(kDhParametersPath, pem->size(), report);
  tls.dhparam_pem = *std::move(pem);
}

}  // namespace

void InterpretTls(const v1::SstpConfig& config, const std::string& directory, FileReader& reader,
                  Report& report, ControlConfig& result) {
  const v1::SslConfig& ssl = config.ssl();
  TlsSettings& tls = result.gateway.tls;
  SettingFiles files(directory, reader, report);
  InterpretIdentity(config, files, report, tls);
  tls.protocols.assign(ssl.protocols().begin(), ssl.protocols().end());
  tls.ciphers = ssl.ciphers();
  tls.ciphersuites = ssl.ciphersuites();
  tls.curves = ssl.curves();
  tls.prefer_server_ciphers = ssl.prefer_server_ciphers();
  CheckSetting("sstp.ssl.ciphers", tls.ciphers, CheckCiphers, report);
  CheckSetting("sstp.ssl.ciphersuites", tls.ciphersuites, CheckCiphersuites, report);
  CheckSetting("sstp.ssl.curves", tls.curves, CheckCurves, report);
  if (ssl.has_dhparam()) {
    InterpretDhParameters(files.Read(kDhParametersPath, ssl.dhparam()), report, tls);
  }
  const bool old = std::any_of(tls.protocols.begin(), tls.protocols.end(),
                               [](const auto& name) { return name == "tls1" || name == "tls1.1"; });
  if (old) {
    report.Warning("sstp.ssl.protocols", "offers TLS versions before 1.2, which are not safe",
                   "Use them only for clients that have nothing better.");
  }
}

}  // namespace sstpgw::cp
