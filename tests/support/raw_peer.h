// A TLS client without manners: sends any octets and says what came back. For tests of how the
// gateway treats what no client should send. Blocking with deadlines; one thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/client/tls_connection.h"
#include "tests/client/wire.h"
#include "tests/support/namespaces.h"
#include "tests/support/wait_until.h"

namespace sstpgw::test {

struct ServerAddress {
  std::string address;
  std::uint16_t port = 443;
};

// Takes any certificate.
[[nodiscard]] client::TlsOptions NotVerified();

class RawPeer {
 public:
  // Connects from `where` and finishes TLS (certificate not verified); connected() says if it went
  // well.
  RawPeer(const Namespace& where, const ServerAddress& server,
          const client::TlsOptions& tls = NotVerified());
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  [[nodiscard]] bool connected() const { return connected_; }
  // Why not.
  [[nodiscard]] const std::string& error() const { return error_; }

  // True if all octets were taken by the kernel.
  bool Send(ByteView bytes);
  bool Send(std::string_view text);
  // The reply's head with its blank line; empty when nothing whole came. Octets after it stay for
  // ReadPacket.
  std::string ReadHttpReply(std::chrono::milliseconds timeout = kPatience);
  // The next SSTP packet.
  std::optional<client::SstpPacket> ReadPacket(std::chrono::milliseconds timeout = kPatience);
  // The next packet that `wanted` accepts; others are dropped.
  std::optional<client::SstpPacket> ReadPacketIf(
      const std::function<bool(const client::SstpPacket&)>& wanted,
      std::chrono::milliseconds timeout = kPatience);
  // The next control message of this type.
  std::optional<client::SstpPacket> ReadMessage(std::uint16_t type,
                                                std::chrono::milliseconds timeout = kPatience);
  // The next PPP control packet of this protocol and code.
  std::optional<client::PppControl> ReadPpp(std::uint16_t protocol, std::uint8_t code,
                                            std::chrono::milliseconds timeout = kPatience);
  // All that comes until the server closes; nullopt if it does not close in time.
  std::optional<Bytes> ReadUntilClosed(std::chrono::milliseconds timeout = kPatience);

  // HTTP, CALL_CONNECT_REQUEST, CALL_CONNECT_ACK. True if the server went along.
  bool OpenCall();
  // From CALL_CONNECT_ACK.
  [[nodiscard]] const Bytes& nonce() const { return nonce_; }
  // OpenCall, then LCP with whatever the server asks for; true when LCP is open.
  bool OpenLcp();
  // The last Configure-Request of the server that OpenLcp acknowledged.
  [[nodiscard]] const client::PppControl& server_lcp_request() const { return server_lcp_; }
  [[nodiscard]] const client::TlsConnection& tls() const { return *tls_; }

 private:
  bool Handshake();
  // Waits for octets; false on close, error or when time is up.
  bool Fill(std::chrono::steady_clock::time_point end);
  void WaitFor(short events, std::chrono::steady_clock::time_point end) const;

  client::TlsOptions options_;
  std::optional<client::TlsClientContext> context_;
  std::optional<client::TlsConnection> tls_;
  bool connected_ = false;
  bool closed_ = false;
  std::string error_;
  Bytes received_;
  client::SstpSplitter splitter_;
  Bytes nonce_;
  client::PppControl server_lcp_;
};

}  // namespace sstpgw::test
