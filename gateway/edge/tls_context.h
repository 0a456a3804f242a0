// What all TLS connections of one settings generation share: certificate, key, versions, ciphers
// (features 2.1 to 2.3). Server side; no client certificate is asked for.
//
// Always off: compression, renegotiation, session tickets and resumption, 0-RTT. ALPN: http/1.1 is
// selected if offered, otherwise none; it never fails a handshake. With `host_name` set, a
// ClientHello whose SNI is absent or different is refused with the fatal alert unrecognized_name.
//
// Ownership: every TlsStream shares the SSL_CTX by its own reference count, so a context may be
// replaced and dropped while its connections live. Threads: any, once made.
#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto/base/error.h"
#include "proto/base/messages.h"
#include "proto/base/result.h"
#include "proto/base/secret.h"

namespace sstpgw::edge {

struct SslCtxDeleter {
  void operator()(SSL_CTX* context) const;
};

// What the handshake callbacks learn of one connection; kept by its TlsStream.
struct ClientHelloFacts {
  bool seen = false;               // a ClientHello was read
  std::optional<std::string> sni;  // raw, as sent: escape before printing
  bool name_refused = false;       // host_name is set and sni is not it
};

// What is known of the records of one direction, for whoever takes them over from OpenSSL.
struct RecordFacts {
  Secret traffic_secret;      // TLS 1.3, of application data; empty: none yet, or not wanted
  std::uint64_t records = 0;  // under the key in use
};
struct ConnectionRecords {
  RecordFacts client;  // what the client encrypts
  RecordFacts server;
};

class TlsContext {
 public:
  // kInvalidArgument with the reason if any setting is unusable: bad PEM, key does not match the
  // certificate, unknown protocol, cipher or curve. Neither key nor passphrase is ever in a
  // message.
  static Result<std::unique_ptr<TlsContext>> Create(const TlsSettings& settings,
                                                    const std::string& host_name);

  // For the log at level warning: outdated protocols enabled, ...
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
  [[nodiscard]] SSL_CTX* native() const { return context_.get(); }
  // Makes the callbacks of `ssl` write to `facts` and `records`, which must outlive the handshake.
  static void Observe(SSL* ssl, ClientHelloFacts* facts, ConnectionRecords* records);
  // From now on handshakes note their TLS 1.3 traffic secrets in ConnectionRecords and count its
  // records from there. Otherwise secrets never leave OpenSSL.
  void NoteTrafficSecrets();

 private:
  explicit TlsContext(std::unique_ptr<SSL_CTX, SslCtxDeleter> context);

  std::unique_ptr<SSL_CTX, SslCtxDeleter> context_;
  std::vector<std::string> warnings_;
};

}  // namespace sstpgw::edge
