// The client's side of EAP-TLS (RFC 5216, RFC 9190) and of PEAPv0's outer part (MS-PEAP): TLS in
// fragments, by OpenSSL over memory, which also makes the random numbers. What is inside of PEAP's
// tunnel is answered by the caller.
//
// Type data: flags(1) L 80, M 40, S 20, version in the low bits | with L: TLS length(4) | octets
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "proto/base/types.h"

struct ssl_ctx_st;
struct ssl_st;

namespace sstpgw::client {

struct EapTlsOptions {
  std::string certificate;      // PEM file of the client's, with chain; empty: none
  std::string key;              // PEM file
  std::string ca;               // PEM file of who signed the server's; empty: it is not verified
  std::size_t fragment = 1000;  // octets of TLS in one packet
  std::string version;          // "1.2", "1.3"; empty: both
};

class EapTls {
 public:
  // The answer to what came through the tunnel; empty: nothing to say.
  using Inner = std::function<std::optional<Bytes>(ByteView)>;

  // `type`: 13 EAP-TLS, 25 PEAP. `inner` may be empty.
  EapTls(std::uint8_t type, const EapTlsOptions& options, Inner inner);
  ~EapTls();
  EapTls(const EapTls&) = delete;
  EapTls& operator=(const EapTls&) = delete;

  // Type data of the response to a request's; nullopt: none.
  [[nodiscard]] std::optional<Bytes> Answer(ByteView data);
  // TLS is up: the server has proved itself, if it was to be verified.
  [[nodiscard]] bool established() const { return !msk_.empty(); }
  // 64 octets once established.
  [[nodiscard]] const Bytes& msk() const { return msk_; }
  // What went wrong in TLS; empty: nothing. `refused`: it was us who did not go on.
  [[nodiscard]] const std::string& fault() const { return fault_; }
  [[nodiscard]] bool refused() const { return refused_; }

 private:
  void Begin();
  void Advance();
  void ReadTunnel();
  void CollectOutput();
  void DeriveKeys();
  [[nodiscard]] Bytes NextFragment();
  [[nodiscard]] Bytes Acknowledge() const;

  std::uint8_t type_;
  EapTlsOptions options_;
  Inner inner_;
  ssl_ctx_st* context_ = nullptr;
  ssl_st* tls_ = nullptr;
  Bytes received_;  // of a message in fragments
  Bytes output_;
  std::size_t sent_ = 0;
  Bytes msk_;
  std::string fault_;
  bool refused_ = false;
};

}  // namespace sstpgw::client
