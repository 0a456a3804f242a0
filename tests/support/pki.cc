#include "tests/support/pki.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>

namespace sstpgw::testing {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using UniqueKey = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using UniqueCertificate = std::unique_ptr<X509, Deleter<X509_free>>;
using UniqueBio = std::unique_ptr<BIO, Deleter<BIO_free>>;

void Require(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "tests/support/pki: %s failed\n", what);
  ERR_print_errors_fp(stderr);
  std::abort();
}

UniqueKey MakeKey(KeyType type) {
  UniqueKey key(type == KeyType::kRsa2048 ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
  Require(key != nullptr, "key generation");
  return key;
}

template <class Writer>
std::string WriteText(Writer write) {
  const UniqueBio bio(BIO_new(BIO_s_mem()));
  Require(bio != nullptr && write(bio.get()) == 1, "PEM writing");
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

std::string PemOf(X509* certificate) {
  return WriteText([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

std::string PemOf(EVP_PKEY* key) {
  return WriteText([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

void AddExtension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, Deleter<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  Require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1,
          "certificate extension");
}

void SetSerial(X509* certificate) {
  unsigned char octets[8];
  Require(RAND_bytes(octets, sizeof(octets)) == 1, "serial number");
  octets[0] &= 0x7f;
  const std::unique_ptr<BIGNUM, Deleter<BN_free>> number(
      BN_bin2bn(octets, sizeof(octets), nullptr));
  Require(BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr,
          "serial number");
}

// Everything but extensions and signature.
UniqueCertificate MakeCertificate(const CertificateRequest& request, EVP_PKEY* key) {
  UniqueCertificate certificate(X509_new());
  Require(certificate != nullptr, "X509_new");
  X509* const raw = certificate.get();
  constexpr long kDay = 24L * 3600;
  X509_set_version(raw, X509_VERSION_3);
  SetSerial(raw);
  X509_gmtime_adj(X509_getm_notBefore(raw), request.valid_from_days * kDay);
  X509_gmtime_adj(X509_getm_notAfter(raw), request.valid_to_days * kDay);
  const auto* name = reinterpret_cast<const unsigned char*>(request.common_name.c_str());
  Require(X509_NAME_add_entry_by_txt(X509_get_subject_name(raw), "CN", MBSTRING_UTF8, name, -1, -1,
                                     0) == 1,
          "subject name");
  Require(X509_set_pubkey(raw, key) == 1, "public key");
  return certificate;
}

void Sign(X509* certificate, EVP_PKEY* issuer_key) {
  Require(X509_sign(certificate, issuer_key, EVP_sha256()) > 0, "signature");
}

void AddAuthorityExtensions(X509* certificate, X509* issuer) {
  AddExtension(certificate, issuer, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(certificate, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
  AddExtension(certificate, issuer, NID_subject_key_identifier, "hash");
}

}  // namespace

struct CertificateAuthority::Parts {
  UniqueKey key;
  UniqueCertificate certificate;
  std::string chain_pem;  // of what it issues: itself and upward, without the root
};

CertificateAuthority::CertificateAuthority(std::unique_ptr<Parts> parts)
    : parts_(std::move(parts)) {}
CertificateAuthority::~CertificateAuthority() = default;
CertificateAuthority::CertificateAuthority(CertificateAuthority&& other) noexcept = default;
CertificateAuthority& CertificateAuthority::operator=(CertificateAuthority&& other) noexcept =
    default;

CertificateAuthority::CertificateAuthority(const std::string& common_name)
    : parts_(std::make_unique<Parts>()) {
  CertificateRequest request;
  request.common_name = common_name;
  parts_->key = MakeKey(KeyType::kEcdsaP256);
  parts_->certificate = MakeCertificate(request, parts_->key.get());
  X509* const raw = parts_->certificate.get();
  X509_set_issuer_name(raw, X509_get_subject_name(raw));
  AddAuthorityExtensions(raw, raw);
  Sign(raw, parts_->key.get());
}

CertificateAuthority CertificateAuthority::MakeIntermediate(const std::string& common_name) const {
  CertificateRequest request;
  request.common_name = common_name;
  auto parts = std::make_unique<Parts>();
  parts->key = MakeKey(KeyType::kEcdsaP256);
  parts->certificate = MakeCertificate(request, parts->key.get());
  X509* const raw = parts->certificate.get();
  X509_set_issuer_name(raw, X509_get_subject_name(parts_->certificate.get()));
  AddAuthorityExtensions(raw, parts_->certificate.get());
  Sign(raw, parts_->key.get());
  parts->chain_pem = PemOf(raw) + parts_->chain_pem;
  return CertificateAuthority(std::move(parts));
}

Identity CertificateAuthority::Issue(const CertificateRequest& request) const {
  const UniqueKey key = MakeKey(request.key_type);
  const UniqueCertificate certificate = MakeCertificate(request, key.get());
  X509* const raw = certificate.get();
  X509* const issuer = parts_->certificate.get();
  X509_set_issuer_name(raw, X509_get_subject_name(issuer));
  AddExtension(raw, issuer, NID_basic_constraints, "critical,CA:FALSE");
  AddExtension(raw, issuer, NID_ext_key_usage, request.usage);
  std::string names;
  for (const std::string& name : request.dns_names) names += ",DNS:" + name;
  for (const std::string& address : request.ip_addresses) names += ",IP:" + address;
  if (!names.empty()) AddExtension(raw, issuer, NID_subject_alt_name, names.substr(1));
  Sign(raw, parts_->key.get());
  Identity identity;
  identity.certificate_pem = PemOf(raw);
  identity.chain_pem = identity.certificate_pem + parts_->chain_pem;
  identity.key_pem = PemOf(key.get());
  return identity;
}

std::string CertificateAuthority::certificate_pem() const {
  return PemOf(parts_->certificate.get());
}

Bytes DerOfPem(const std::string& pem) {
  const std::string head = "-----BEGIN CERTIFICATE-----\n";
  const std::size_t begin = pem.find(head);
  const std::size_t end = pem.find("-----END CERTIFICATE-----");
  Require(begin != std::string::npos && end != std::string::npos, "finding a PEM certificate");
  std::string base64;
  for (const char c : pem.substr(begin + head.size(), end - begin - head.size())) {
    if (c != '\n') base64 += c;
  }
  Bytes der(base64.size());
  const int length = EVP_DecodeBlock(der.data(), reinterpret_cast<unsigned char*>(base64.data()),
                                     static_cast<int>(base64.size()));
  Require(length > 0, "Base64");
  std::size_t padding = 0;
  while (padding < base64.size() && base64[base64.size() - 1 - padding] == '=') ++padding;
  der.resize(static_cast<std::size_t>(length) - padding);
  return der;
}

}  // namespace sstpgw::testing
