#include "gateway/edge/tls_context.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "gateway/edge/openssl_error.h"

namespace sstpgw::edge {
namespace {

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct X509Deleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct KeyDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using UniqueX509 = std::unique_ptr<X509, X509Deleter>;
using UniqueKey = std::unique_ptr<EVP_PKEY, KeyDeleter>;

// ---- Callbacks. The required host name hangs on the SSL_CTX, the facts on the SSL: both live as
// long as they may be called.

void FreeHostName(void* /*parent*/, void* pointer, CRYPTO_EX_DATA* /*data*/, int /*index*/,
                  long /*argl*/, void* /*argp*/) {
  delete static_cast<std::string*>(pointer);
}

int HostNameIndex() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, FreeHostName);
  return index;
}

int FactsIndex() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

int RecordsIndex() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// A line of the NSS key log format: label, client random and secret, the latter two in hex. Called
// when the key of the secret begins to be used.
void OnKeyLog(const SSL* ssl, const char* line) {
  auto* const records = static_cast<ConnectionRecords*>(SSL_get_ex_data(ssl, RecordsIndex()));
  if (records == nullptr) return;
  const std::string_view text(line);
  const bool client = text.starts_with("CLIENT_TRAFFIC_SECRET_0 ");
  if (!client && !text.starts_with("SERVER_TRAFFIC_SECRET_0 ")) return;
  const char* const hex = line + text.rfind(' ') + 1;
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> octets{};
  std::size_t size = 0;
  const bool decoded = OPENSSL_hexstr2buf_ex(octets.data(), octets.size(), &size, hex, '\0') == 1;
  RecordFacts& facts = client ? records->client : records->server;
  facts.traffic_secret = decoded ? Secret(ByteView(octets).first(size)) : Secret();
  facts.records = 0;
  SecureWipe(octets);
}

char LowerAscii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return LowerAscii(x) == LowerAscii(y); });
}

// Called for every ClientHello, with SNI or without.
int OnServerName(SSL* ssl, int* alert, void* /*argument*/) {
  const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const auto* required =
      static_cast<const std::string*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), HostNameIndex()));
  const bool refused = required != nullptr && !required->empty() &&
                       (name == nullptr || !EqualIgnoringCase(name, *required));
  if (auto* facts = static_cast<ClientHelloFacts*>(SSL_get_ex_data(ssl, FactsIndex()))) {
    facts->seen = true;
    if (name != nullptr) facts->sni = name;
    facts->name_refused = refused;
  }
  if (refused) {
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  return name != nullptr ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

// `offered`: each protocol with a length octet in front (RFC 7301 3.1); checked by OpenSSL.
int OnAlpn(SSL* /*ssl*/, const unsigned char** selected, unsigned char* selected_length,
           const unsigned char* offered, unsigned int offered_length, void* /*argument*/) {
  static constexpr std::string_view kHttp11 = "http/1.1";
  std::string_view rest(reinterpret_cast<const char*>(offered), offered_length);
  while (!rest.empty()) {
    const std::size_t length = static_cast<unsigned char>(rest.front());
    const std::string_view name = rest.substr(1, length);
    if (name.size() != length) break;
    if (name == kHttp11) {
      *selected = reinterpret_cast<const unsigned char*>(name.data());
      *selected_length = static_cast<unsigned char>(length);
      return SSL_TLSEXT_ERR_OK;
    }
    rest.remove_prefix(1 + length);
  }
  return SSL_TLSEXT_ERR_NOACK;
}

// Encrypted keys are refused instead of asking on the terminal.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*rwflag*/, void* /*argument*/) { return -1; }

// ---- Settings

Error Invalid(const std::string& what) {
  const std::string reason = TakeOpenSslError();
  return Error{ErrorCode::kInvalidArgument, reason.empty() ? what : what + ": " + reason};
}

std::unique_ptr<BIO, BioDeleter> ReaderOf(std::string_view pem) {
  return std::unique_ptr<BIO, BioDeleter>(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

struct Version {
  std::string_view name;
  int number;
  std::uint64_t off_option;
};
constexpr std::array<Version, 4> kVersions{{{"tls1", TLS1_VERSION, SSL_OP_NO_TLSv1},
                                            {"tls1.1", TLS1_1_VERSION, SSL_OP_NO_TLSv1_1},
                                            {"tls1.2", TLS1_2_VERSION, SSL_OP_NO_TLSv1_2},
                                            {"tls1.3", TLS1_3_VERSION, SSL_OP_NO_TLSv1_3}}};

Result<void> ApplyVersions(SSL_CTX* context, const std::vector<std::string>& names,
                           std::vector<std::string>& warnings) {
  if (names.empty()) {
    return Fail(Error{ErrorCode::kInvalidArgument, "no TLS protocol version is enabled"});
  }
  for (const std::string& name : names) {
    const bool known = std::any_of(kVersions.begin(), kVersions.end(),
                                   [&](const Version& version) { return version.name == name; });
    if (!known) {
      return Fail(Error{
          ErrorCode::kInvalidArgument,
          "unknown TLS protocol '" + name + "'; possible are tls1, tls1.1, tls1.2 and tls1.3"});
    }
  }
  // Both limits are opened first, since the system's openssl.cnf may have narrowed them.
  int lowest = 0;
  for (const Version& version : kVersions) {
    if (std::find(names.begin(), names.end(), version.name) == names.end()) {
      SSL_CTX_set_options(context, version.off_option);
    } else {
      SSL_CTX_clear_options(context, version.off_option);
      if (lowest == 0) lowest = version.number;
    }
  }
  if (SSL_CTX_set_min_proto_version(context, lowest) != 1 ||
      SSL_CTX_set_max_proto_version(context, 0) != 1) {
    return Fail(Invalid("setting the TLS protocol versions"));
  }
  if (lowest < TLS1_2_VERSION) {
    // Their handshake signs with MD5 and SHA-1, which level 1 and up forbid.
    SSL_CTX_set_security_level(context, 0);
    warnings.emplace_back(
        "TLS 1.0 or 1.1 is enabled: outdated protocols, and weak keys and ciphers are accepted");
  }
  return {};
}

void WarnOfValidity(const X509* leaf, std::vector<std::string>& warnings) {
  if (X509_cmp_current_time(X509_get0_notAfter(leaf)) < 0) {
    warnings.emplace_back("the TLS certificate has expired");
  }
  if (X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0) {
    warnings.emplace_back("the TLS certificate is not valid yet");
  }
}

Result<UniqueKey> ReadKey(const Secret& pem) {
  const auto reader = ReaderOf(pem.RevealText());
  UniqueKey key(PEM_read_bio_PrivateKey(reader.get(), nullptr, NoPassphrase, nullptr));
  if (key) return key;
  ERR_clear_error();  // its words could quote the file
  return Fail(Error{ErrorCode::kInvalidArgument,
                    "the TLS private key is not a readable unencrypted PEM key"});
}

Result<void> ApplyCertificate(SSL_CTX* context, const TlsSettings& settings,
                              std::vector<std::string>& warnings) {
  const auto reader = ReaderOf(settings.certificate_chain_pem);
  const UniqueX509 leaf(PEM_read_bio_X509_AUX(reader.get(), nullptr, NoPassphrase, nullptr));
  if (!leaf) return Fail(Invalid("the TLS certificate file has no certificate in PEM form"));
  SG_ASSIGN_OR_RETURN(const UniqueKey key, ReadKey(settings.private_key_pem));
  if (X509_check_private_key(leaf.get(), key.get()) != 1) {
    ERR_clear_error();
    return Fail(Error{ErrorCode::kInvalidArgument,
                      "the TLS private key does not belong to the certificate (the first one in "
                      "the chain must be the server's own)"});
  }
  if (SSL_CTX_use_certificate(context, leaf.get()) != 1) {
    return Fail(Invalid("the TLS certificate cannot be used"));
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return Fail(Invalid("the TLS private key cannot be used"));
  }
  while (UniqueX509 next{PEM_read_bio_X509(reader.get(), nullptr, NoPassphrase, nullptr)}) {
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) {
      return Fail(Invalid("a certificate of the TLS chain cannot be used"));
    }
  }
  const unsigned long last = ERR_peek_last_error();
  if (ERR_GET_LIB(last) != ERR_LIB_PEM || ERR_GET_REASON(last) != PEM_R_NO_START_LINE) {
    return Fail(Invalid("a certificate of the TLS chain is damaged"));
  }
  ERR_clear_error();  // end of file
  WarnOfValidity(leaf.get(), warnings);
  return {};
}

Result<void> ApplyCiphers(SSL_CTX* context, const TlsSettings& settings) {
  if (!settings.ciphers.empty() &&
      SSL_CTX_set_cipher_list(context, settings.ciphers.c_str()) != 1) {
    return Fail(Invalid("TLS ciphers '" + settings.ciphers + "'"));
  }
  if (!settings.ciphersuites.empty() &&
      SSL_CTX_set_ciphersuites(context, settings.ciphersuites.c_str()) != 1) {
    return Fail(Invalid("TLS 1.3 ciphersuites '" + settings.ciphersuites + "'"));
  }
  if (!settings.curves.empty() && SSL_CTX_set1_groups_list(context, settings.curves.c_str()) != 1) {
    return Fail(Invalid("TLS curves '" + settings.curves + "'"));
  }
  if (!settings.dhparam_pem.empty()) {
    const auto reader = ReaderOf(settings.dhparam_pem);
    UniqueKey parameters(PEM_read_bio_Parameters(reader.get(), nullptr));
    if (!parameters || SSL_CTX_set0_tmp_dh_pkey(context, parameters.get()) != 1) {
      return Fail(Invalid("TLS dhparam: no usable DH parameters in PEM form"));
    }
    (void)parameters.release();  // set0 took it
  }
  return {};
}

void ApplyFixedRules(SSL_CTX* context, bool prefer_server_ciphers) {
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
                                   (prefer_server_ciphers ? SSL_OP_CIPHER_SERVER_PREFERENCE : 0));
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_early_data(context, 0);
  SSL_CTX_set_recv_max_early_data(context, 0);
  // The chain comes complete; the trust store of this host has no say in it.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_tlsext_servername_callback(context, OnServerName);
  SSL_CTX_set_alpn_select_cb(context, OnAlpn, nullptr);
}

}  // namespace

void SslCtxDeleter::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

TlsContext::TlsContext(std::unique_ptr<SSL_CTX, SslCtxDeleter> context)
    : context_(std::move(context)) {}

Result<std::unique_ptr<TlsContext>> TlsContext::Create(const TlsSettings& settings,
                                                       const std::string& host_name) {
  ERR_clear_error();
  std::unique_ptr<SSL_CTX, SslCtxDeleter> native(SSL_CTX_new(TLS_server_method()));
  if (!native) return Fail(Error{ErrorCode::kInternal, "SSL_CTX_new: " + TakeOpenSslError()});
  std::unique_ptr<TlsContext> context(new TlsContext(std::move(native)));
  SSL_CTX* const raw = context->native();

  SG_RETURN_IF_ERROR(ApplyVersions(raw, settings.protocols, context->warnings_));
  ApplyFixedRules(raw, settings.prefer_server_ciphers);
  SG_RETURN_IF_ERROR(ApplyCiphers(raw, settings));
  SG_RETURN_IF_ERROR(ApplyCertificate(raw, settings, context->warnings_));
  auto name = std::make_unique<std::string>(host_name);
  if (SSL_CTX_set_ex_data(raw, HostNameIndex(), name.get()) != 1) {
    return Fail(Error{ErrorCode::kInternal, "SSL_CTX_set_ex_data: " + TakeOpenSslError()});
  }
  (void)name.release();  // FreeHostName has it now
  return context;
}

void TlsContext::Observe(SSL* ssl, ClientHelloFacts* facts, ConnectionRecords* records) {
  SSL_set_ex_data(ssl, FactsIndex(), facts);
  SSL_set_ex_data(ssl, RecordsIndex(), records);
}

void TlsContext::NoteTrafficSecrets() { SSL_CTX_set_keylog_callback(context_.get(), OnKeyLog); }

}  // namespace sstpgw::edge
