#include "controlplane/config/certificates.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <limits>
#include <memory>

namespace sstpgw::cp {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free>>;
using X509Ptr = std::unique_ptr<X509, Deleter<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;
using Certificates = std::vector<X509Ptr>;

constexpr std::size_t kMaxCertificates = 1000;
constexpr std::size_t kMaxChain = 10;
constexpr int kWeakRsaBits = 2048;

// Reads from `octets`, which must outlive it.
BioPtr OpenBuffer(std::string_view octets) {
  constexpr std::size_t kMax = std::numeric_limits<int>::max();
  if (octets.empty() || octets.size() > kMax) return BioPtr(BIO_new(BIO_s_mem()));
  return BioPtr(BIO_new_mem_buf(octets.data(), static_cast<int>(octets.size())));
}

std::string_view Contents(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string_view(data, static_cast<std::size_t>(size)) : std::string_view();
}

// Without it the library would ask on the terminal.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
  if (asked != nullptr) *static_cast<bool*>(asked) = true;
  return -1;
}

// All certificates of a PEM text, other blocks skipped; the error is a clause.
Result<Certificates, std::string> ParseCertificates(std::string_view pem) {
  ERR_clear_error();
  Certificates certificates;
  const BioPtr bio = OpenBuffer(pem);
  while (certificates.size() < kMaxCertificates) {
    X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr));
    if (certificate == nullptr) break;
    certificates.push_back(std::move(certificate));
  }
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  const bool at_end = error == 0 || (ERR_GET_LIB(error) == ERR_LIB_PEM &&
                                     ERR_GET_REASON(error) == PEM_R_NO_START_LINE);
  if (!at_end) {
    return Fail("has a certificate that cannot be read (number " +
                std::to_string(certificates.size() + 1) + ")");
  }
  if (certificates.empty()) return Fail(std::string("holds no PEM certificate"));
  return certificates;
}

Result<KeyPtr, std::string> ParseKey(std::string_view pem) {
  ERR_clear_error();
  bool asked = false;
  const BioPtr bio = OpenBuffer(pem);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, &asked));
  ERR_clear_error();
  if (asked) return Fail(std::string("is protected by a passphrase"));
  if (key == nullptr) return Fail(std::string("holds no PEM private key"));
  const int type = EVP_PKEY_get_base_id(key.get());
  if (type != EVP_PKEY_RSA && type != EVP_PKEY_EC && type != EVP_PKEY_ED25519) {
    return Fail(std::string("is not an RSA, ECDSA or Ed25519 key"));
  }
  return key;
}

bool Issued(X509* issuer, X509* subject) {
  const bool named = X509_check_issued(issuer, subject) == X509_V_OK;
  const bool signed_by = named && X509_verify(subject, X509_get0_pubkey(issuer)) == 1;
  ERR_clear_error();
  return signed_by;
}

bool IsSelfSigned(X509* certificate) { return Issued(certificate, certificate); }

X509* FindIssuer(X509* subject, const Certificates& authorities) {
  for (const X509Ptr& authority : authorities) {
    if (Issued(authority.get(), subject)) return authority.get();
  }
  return nullptr;
}

// The certificates to send: what the file holds, or the leaf and the way up to the root.
std::vector<X509*> CompleteChain(const Certificates& own, const Certificates& authorities) {
  std::vector<X509*> chain;
  for (const X509Ptr& certificate : own) chain.push_back(certificate.get());
  if (own.size() > 1) return chain;
  while (chain.size() < kMaxChain && !IsSelfSigned(chain.back())) {
    X509* issuer = FindIssuer(chain.back(), authorities);
    if (issuer == nullptr || IsSelfSigned(issuer)) break;
    chain.push_back(issuer);
  }
  return chain;
}

std::string ToPem(const std::vector<X509*>& chain) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  for (X509* certificate : chain) PEM_write_bio_X509(bio.get(), certificate);
  return std::string(Contents(bio.get()));
}

Secret ToPem(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return Secret(Contents(bio.get()));  // the buffer is cleared when it is freed
}

bool Matches(X509* certificate, EVP_PKEY* key) {
  const bool matches = X509_check_private_key(certificate, key) == 1;
  ERR_clear_error();
  return matches;
}

std::vector<IdentityIssue> FindOddities(const Certificates& own, const Certificates& authorities,
                                        EVP_PKEY* key, const std::string& host_name) {
  std::vector<IdentityIssue> oddities;
  for (std::size_t i = 0; i + 1 < own.size(); ++i) {
    if (!Issued(own[i + 1].get(), own[i].get())) {
      oddities.push_back({IdentityPart::kCertificate, "is not in order: certificate " +
                                                          std::to_string(i + 2) +
                                                          " did not sign the one before it"});
      break;
    }
  }
  X509* last = own.back().get();
  if (!IsSelfSigned(last) && FindIssuer(last, authorities) == nullptr) {
    oddities.push_back({IdentityPart::kAuthority, "did not sign the server certificate"});
  }
  if (!host_name.empty() &&
      X509_check_host(own.front().get(), host_name.data(), host_name.size(), 0, nullptr) != 1) {
    oddities.push_back({IdentityPart::kCertificate, "is not for host-name " + host_name});
  }
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) < kWeakRsaBits) {
    oddities.push_back({IdentityPart::kKey,
                        "has fewer than 2048 bits: many clients, and gateways at OpenSSL's "
                        "security level 2, refuse it"});
  }
  ERR_clear_error();
  return oddities;
}

// The certificates of a file, if there are any; what is wrong with it goes to `issues`.
std::optional<Certificates> Examine(const std::optional<std::string>& pem, IdentityPart part,
                                    std::vector<IdentityIssue>& issues) {
  if (!pem) return std::nullopt;
  auto certificates = ParseCertificates(*pem);
  if (certificates) return *std::move(certificates);
  issues.push_back({part, certificates.error()});
  return std::nullopt;
}

KeyPtr ExamineKey(const IdentityFiles& files, std::vector<IdentityIssue>& issues) {
  if (!files.key_pem) return nullptr;
  const bool separate = !files.key_pem->empty();
  if (!separate && !files.certificate_pem) return nullptr;
  auto key = ParseKey(separate ? files.key_pem->RevealText() : *files.certificate_pem);
  if (key) return *std::move(key);
  issues.push_back({IdentityPart::kKey, key.error()});
  return nullptr;
}

ContextPtr NewContext() { return ContextPtr(SSL_CTX_new(TLS_server_method())); }

std::string Verdict(bool accepted, std::string_view reason) {
  ERR_clear_error();
  return accepted ? std::string() : std::string(reason);
}

}  // namespace

Result<ServerIdentity, std::vector<IdentityIssue>> BuildServerIdentity(
    const IdentityFiles& files, const std::string& host_name) {
  std::vector<IdentityIssue> issues;
  const auto own = Examine(files.certificate_pem, IdentityPart::kCertificate, issues);
  const auto authorities = Examine(files.ca_pem, IdentityPart::kAuthority, issues);
  const KeyPtr key = ExamineKey(files, issues);
  if (own && key != nullptr && !Matches(own->front().get(), key.get())) {
    issues.push_back({IdentityPart::kKey, "does not belong to the (first) certificate"});
  }
  if (!own || !authorities || key == nullptr || !issues.empty()) return Fail(std::move(issues));
  ServerIdentity identity;
  identity.chain_pem = ToPem(CompleteChain(*own, *authorities));
  identity.private_key_pem = ToPem(key.get());
  identity.warnings = FindOddities(*own, *authorities, key.get(), host_name);
  return identity;
}

std::string CheckCiphers(const std::string& ciphers) {
  const ContextPtr context = NewContext();
  return Verdict(context != nullptr && SSL_CTX_set_cipher_list(context.get(), ciphers.c_str()) == 1,
                 "names no cipher that the TLS library has");
}

std::string CheckCiphersuites(const std::string& ciphersuites) {
  const ContextPtr context = NewContext();
  return Verdict(
      context != nullptr && SSL_CTX_set_ciphersuites(context.get(), ciphersuites.c_str()) == 1,
      "names a TLS 1.3 ciphersuite that the TLS library does not have");
}

std::string CheckCurves(const std::string& curves) {
  const ContextPtr context = NewContext();
  return Verdict(context != nullptr && SSL_CTX_set1_curves_list(context.get(), curves.c_str()) == 1,
                 "names a group that the TLS library does not have");
}

std::string CheckDhParameters(std::string_view pem) {
  ERR_clear_error();
  const BioPtr bio = OpenBuffer(pem);
  const KeyPtr parameters(PEM_read_bio_Parameters(bio.get(), nullptr));
  const bool good = parameters != nullptr && EVP_PKEY_get_base_id(parameters.get()) == EVP_PKEY_DH;
  return Verdict(good, "holds no PEM Diffie-Hellman parameters");
}

}  // namespace sstpgw::cp
