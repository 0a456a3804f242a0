// What configuration needs of X.509 and OpenSSL: is this a usable server certificate with its key,
// which chain is sent to clients, would these TLS settings be accepted. Works on octets only; asks
// nobody for a passphrase. Validity dates are not looked at (there is no clock here).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/base/result.h"
#include "proto/base/secret.h"

namespace sstpgw::cp {

// The PEM texts that the three settings under `ssl` name. Absent: could not be had, which somebody
// has reported already; the others are examined all the same.
struct IdentityFiles {
  std::optional<std::string> certificate_pem;  // leaf first, intermediates after it
  std::optional<Secret> key_pem;  // without passphrase; empty: it is in certificate_pem
  std::optional<std::string> ca_pem;
};

enum class IdentityPart { kCertificate, kKey, kAuthority };

struct IdentityIssue {
  IdentityPart part = IdentityPart::kCertificate;
  std::string reason;  // a clause: "holds no certificate"
};

struct ServerIdentity {
  std::string
      chain_pem;  // leaf first. A leaf alone is completed from the CA file, without the root
  Secret private_key_pem;  // PKCS #8
  std::vector<IdentityIssue> warnings;
};

// `host_name` (may be empty) is only compared with the certificate, for a warning. The error lists
// everything that is wrong with what is there; it is empty if only absence stands in the way.
[[nodiscard]] Result<ServerIdentity, std::vector<IdentityIssue>> BuildServerIdentity(
    const IdentityFiles& files, const std::string& host_name);

// Each returns an empty string, or the clause that says why TLS would refuse the setting.
[[nodiscard]] std::string CheckCiphers(const std::string& ciphers);
[[nodiscard]] std::string CheckCiphersuites(const std::string& ciphersuites);
[[nodiscard]] std::string CheckCurves(const std::string& curves);
[[nodiscard]] std::string CheckDhParameters(std::string_view pem);

}  // namespace sstpgw::cp
