// Where and how to dial, as read from the command line; shared by both modes.
#pragma once

#include <cstdint>
#include <string>

#include "proto/base/result.h"
#include "tests/client/client_options.h"
#include "tests/client/tls_connection.h"

namespace sstpgw::client {

struct Target {
  std::string address;  // literal IP address
  std::uint16_t port = 443;
  TlsOptions tls;
  ClientOptions options;
};

// "host", "host:port", "[v6]:port"; resolves a name. Sets address, port, the HTTP Host and, unless
// given already, the name to verify.
Result<void> SetServer(Target& target, const std::string& server);

// "x:x:x:x", each up to four hex digits.
Result<InterfaceId> ParseInterfaceId(const std::string& text);

struct AuthList {
  std::vector<AuthProtocol> protocols;
  EapMethod eap = EapMethod::kMsChapV2;
};
// "pap,chap,mschap,mschap-v2,eap-mschapv2" in any order; of the EAP methods (also eap-md5, eap-tls,
// eap-peap) one.
Result<AuthList> ParseAuthList(const std::string& text);

}  // namespace sstpgw::client
