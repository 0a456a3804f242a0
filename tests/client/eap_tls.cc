#include "tests/client/eap_tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <utility>

#include "tests/client/wire.h"

namespace sstpgw::client {
namespace {

constexpr std::uint8_t kLength = 0x80;
constexpr std::uint8_t kMore = 0x40;
constexpr std::uint8_t kStart = 0x20;
constexpr std::size_t kMaxMessage = std::size_t{64} * 1024;
constexpr std::size_t kMskSize = 64;
constexpr std::size_t kKeyMaterial = 128;  // MSK and EMSK; TLS 1.3 makes others for another length

std::string OpensslText() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason == nullptr ? "TLS failed" : reason;
}

}  // namespace

EapTls::EapTls(std::uint8_t type, const EapTlsOptions& options, Inner inner)
    : type_(type), options_(options), inner_(std::move(inner)) {}

EapTls::~EapTls() {
  SSL_free(tls_);
  SSL_CTX_free(context_);
}

void EapTls::Begin() {
  SSL_free(std::exchange(tls_, nullptr));
  SSL_CTX_free(std::exchange(context_, SSL_CTX_new(TLS_client_method())));
  received_.clear();
  output_.clear();
  msk_.clear();
  fault_.clear();
  refused_ = false;
  sent_ = 0;
  SSL_CTX_set_min_proto_version(context_,
                                options_.version == "1.3" ? TLS1_3_VERSION : TLS1_2_VERSION);
  if (options_.version == "1.2") SSL_CTX_set_max_proto_version(context_, TLS1_2_VERSION);
  const std::string& certificate = options_.certificate;
  bool loaded = options_.ca.empty() ||
                SSL_CTX_load_verify_locations(context_, options_.ca.c_str(), nullptr) == 1;
  if (!options_.ca.empty()) SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  if (loaded && !certificate.empty()) {
    loaded = SSL_CTX_use_certificate_chain_file(context_, certificate.c_str()) == 1 &&
             SSL_CTX_use_PrivateKey_file(context_, options_.key.c_str(), SSL_FILETYPE_PEM) == 1;
  }
  if (!loaded) {
    fault_ = OpensslText();
    refused_ = true;
    return;
  }
  tls_ = SSL_new(context_);
  SSL_set_bio(tls_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_connect_state(tls_);
}

std::optional<Bytes> EapTls::Answer(ByteView data) {
  if (data.empty()) return std::nullopt;
  const std::uint8_t flags = data[0];
  const std::size_t head = (flags & kLength) != 0 ? 5 : 1;
  if (data.size() < head) return std::nullopt;
  const ByteView octets = data.subspan(head);
  if ((flags & kStart) != 0) {
    Begin();
    if (tls_ == nullptr) return std::nullopt;
    Advance();
    return NextFragment();
  }
  if (tls_ == nullptr || received_.size() + octets.size() > kMaxMessage) return std::nullopt;
  // Nothing in it: go on with what we have.
  if (octets.empty()) return sent_ < output_.size() ? NextFragment() : Acknowledge();
  received_.insert(received_.end(), octets.begin(), octets.end());
  if ((flags & kMore) != 0) return Acknowledge();
  BIO_write(SSL_get_rbio(tls_), received_.data(), static_cast<int>(received_.size()));
  received_.clear();
  Advance();
  return sent_ < output_.size() ? NextFragment() : Acknowledge();
}

void EapTls::Advance() {
  ERR_clear_error();
  if (!established() && fault_.empty()) {
    const int done = SSL_do_handshake(tls_);
    if (done == 1) {
      DeriveKeys();
    } else if (SSL_get_error(tls_, done) != SSL_ERROR_WANT_READ) {
      fault_ = OpensslText();
      refused_ = SSL_get_verify_result(tls_) != X509_V_OK;
    }
  }
  if (established()) ReadTunnel();
  CollectOutput();
}

void EapTls::ReadTunnel() {
  std::array<std::uint8_t, 16384> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  Bytes plain;
  std::size_t size = 0;
  while (plain.size() < kMaxMessage &&
         SSL_read_ex(tls_, buffer.data(), buffer.size(), &size) == 1) {
    plain.insert(plain.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
  }
  ERR_clear_error();
  if (plain.empty() || !inner_) return;
  const std::optional<Bytes> answer = inner_(plain);
  if (answer) SSL_write(tls_, answer->data(), static_cast<int>(answer->size()));
}

void EapTls::CollectOutput() {
  BIO* out = SSL_get_wbio(tls_);
  const std::size_t pending = BIO_ctrl_pending(out);
  if (pending == 0) return;
  output_.resize(pending);
  sent_ = 0;
  BIO_read(out, output_.data(), static_cast<int>(pending));
}

// RFC 5216 2.3; with TLS 1.3 RFC 9190 2.3, for PEAP RFC 9427 2.1.
void EapTls::DeriveKeys() {
  const bool new_label = SSL_version(tls_) == TLS1_3_VERSION;
  const std::string label = new_label ? "EXPORTER_EAP_TLS_Key_Material" : "client EAP encryption";
  Bytes msk(kKeyMaterial);
  const int done =
      SSL_export_keying_material(tls_, msk.data(), msk.size(), label.data(), label.size(),
                                 new_label ? &type_ : nullptr, new_label ? 1 : 0, new_label);
  msk.resize(kMskSize);
  if (done == 1) msk_ = std::move(msk);
}

Bytes EapTls::NextFragment() {
  const std::size_t size = std::min(options_.fragment, output_.size() - sent_);
  const bool first = sent_ == 0;
  const bool more = sent_ + size < output_.size();
  const bool length = first && more;  // RFC 5216 2.1.5
  const auto begin = output_.begin() + static_cast<std::ptrdiff_t>(sent_);
  sent_ += size;
  const Bytes flags{static_cast<std::uint8_t>((length ? kLength : 0) | (more ? kMore : 0))};
  return Concat({flags, length ? Be32(static_cast<std::uint32_t>(output_.size())) : Bytes{},
                 Bytes(begin, begin + static_cast<std::ptrdiff_t>(size))});
}

Bytes EapTls::Acknowledge() const { return {0}; }

}  // namespace sstpgw::client
