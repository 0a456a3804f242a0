// Certificates made on the spot for tests: authorities, intermediates, server identities, in PEM.
// Ends the test program with a message if OpenSSL refuses: a test cannot go on without.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <vector>

#include "proto/base/types.h"

namespace sstpgw::testing {

enum class KeyType { kEcdsaP256, kRsa2048 };

struct CertificateRequest {
  std::string common_name = "vpn.example.com";
  std::vector<std::string> dns_names{"vpn.example.com"};
  std::vector<std::string> ip_addresses;  // SAN entries, "192.0.2.1"
  KeyType key_type = KeyType::kEcdsaP256;
  int valid_from_days = -1;  // relative to now
  int valid_to_days = 30;
  std::string usage = "serverAuth";  // or "clientAuth"
};

// The certificate and key of a server or client.
struct Identity {
  std::string certificate_pem;  // the leaf alone
  std::string chain_pem;        // leaf first, then intermediates; no root
  std::string key_pem;          // PKCS#8, unencrypted
};

class CertificateAuthority {
 public:
  // Self-signed root.
  explicit CertificateAuthority(const std::string& common_name = "Test Root");
  ~CertificateAuthority();
  CertificateAuthority(CertificateAuthority&& other) noexcept;
  CertificateAuthority& operator=(CertificateAuthority&& other) noexcept;

  // An authority signed by this one; what it issues carries its certificate in chain_pem.
  [[nodiscard]] CertificateAuthority MakeIntermediate(const std::string& common_name) const;
  [[nodiscard]] Identity Issue(const CertificateRequest& request) const;
  [[nodiscard]] std::string certificate_pem() const;

 private:
  struct Parts;
  explicit CertificateAuthority(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// DER of the first certificate in `pem`, decoded from the Base64 text itself.
[[nodiscard]] Bytes DerOfPem(const std::string& pem);

}  // namespace sstpgw::testing
