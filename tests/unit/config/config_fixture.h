// What the configuration tests share: files that are not files, and a configuration that is valid
// and as small as can be.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "controlplane/config/load.h"
#include "tests/support/pki.h"

namespace sstpgw::cp {

class FakeFiles final : public FileReader {
 public:
  Result<std::string> ReadFile(const std::string& path) override {
    read_paths.push_back(path);
    const auto file = files.find(path);
    if (file == files.end()) return Fail(Error{ErrorCode::kNotFound, "No such file"});
    return file->second;
  }
  Result<std::string> ReadEnvironment(const std::string& name) override {
    const auto variable = environment.find(name);
    if (variable == environment.end()) return Fail(Error{ErrorCode::kNotFound, "is not set"});
    return variable->second;
  }

  std::map<std::string, std::string> files;
  std::map<std::string, std::string> environment;
  std::vector<std::string> read_paths;
};

// An authority and a server certificate of it; made once.
inline const testing::CertificateAuthority& TestAuthority() {
  static const testing::CertificateAuthority authority("Test CA");
  return authority;
}
inline const testing::Identity& TestIdentity() {
  static const testing::Identity identity = TestAuthority().Issue({});
  return identity;
}

inline FakeFiles TestFiles() {
  FakeFiles files;
  files.files = {{"/etc/sstp/ca.pem", TestAuthority().certificate_pem()},
                 {"/etc/sstp/server.pem", TestIdentity().certificate_pem},
                 {"/etc/sstp/server.key", TestIdentity().key_pem}};
  return files;
}

// ffdhe2048 (RFC 7919).
inline const std::string kDhParameters =
    "-----BEGIN DH PARAMETERS-----\n"
    "MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz\n"
    "+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a\n"
    "87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7\n"
    "YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi\n"
    "7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD\n"
    "ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==\n"
    "-----END DH PARAMETERS-----\n";

// The lines of `ssl`, four blanks deep.
inline const std::string kSsl =
    "  ssl:\n"
    "    ca-certificate: /etc/sstp/ca.pem\n"
    "    certificate: /etc/sstp/server.pem\n"
    "    key: /etc/sstp/server.key\n";
inline const std::string kUsers =
    "  authentication:\n"
    "    local-users:\n"
    "      vyos: { password: vyos }\n";
inline const std::string kPool =
    "  gateway-address: 192.0.2.1\n"
    "  client-ip-pool:\n"
    "    P: { range: [192.0.2.0/24] }\n"
    "  default-pool: P\n";

// Valid (statement T1 of features 11.2), with `more` lines under `sstp` at the end.
inline std::string Minimal(const std::string& more = {}) {
  return "sstp:\n" + kSsl + kUsers + kPool + more;
}

inline LoadResult Load(const std::string& yaml) {
  FakeFiles files = TestFiles();
  return LoadConfig(yaml, "sstp.yaml", files);
}

// "path: reason" of each issue, for matchers.
inline std::vector<std::string> Brief(const std::vector<Issue>& issues) {
  std::vector<std::string> brief;
  for (const Issue& issue : issues) brief.push_back(issue.path + ": " + issue.reason);
  return brief;
}

}  // namespace sstpgw::cp
