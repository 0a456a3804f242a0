// What the RADIUS client is asked and what it wants done, in order. Values only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "controlplane/radius/packet.h"
#include "controlplane/radius/request_body.h"
#include "proto/base/ip_endpoint.h"
#include "proto/base/log_level.h"
#include "proto/base/secret.h"
#include "proto/base/strong.h"
#include "proto/base/types.h"

namespace sstpgw::cp::radius {

// Counts up with every request, never used again.
using RequestId = Strong<struct RequestIdTag, std::uint64_t>;
using SocketId = Strong<struct SocketIdTag, std::uint32_t>;
// A server as long as its address, ports and secret stay what they are; its place in the
// configuration may change.
using ServerId = Strong<struct ServerIdTag, std::uint32_t>;

enum class Service : std::uint8_t { kAuthentication = 0, kAccounting = 1 };
inline constexpr std::size_t kServices = 2;
[[nodiscard]] const char* ToString(Service service);  // "authentication"

// Who waits for room at a server goes in this order; within one, who asked first.
enum class Priority : std::uint8_t {
  kInteractive,  // somebody waits: logins, Accounting-Start
  kBackground
};

struct ClientRequest {
  RequestBody body;  // Access-Request or Accounting-Request
  Priority priority = Priority::kInteractive;
  bool interim = false;  // counted apart
  // This server and no other: it holds the State of a conversation (EAP) that the next one would
  // know nothing of.
  std::optional<ServerId> only;
};

// ---- Outcomes
struct Answered {
  ServerId server;
  std::uint32_t server_number = 0;  // from 1, as in the log: "server(1)"
  Packet reply;                     // genuine
  // What reveals keys in it: the request's authenticator and the server's secret (SharedWith).
  Authenticator request_authenticator{};
  Secret secret;
};
enum class FailureReason : std::uint8_t {
  kNoServers,   // none is configured for this, or not disabled
  kNoAnswer,    // every server has been asked
  kOverloaded,  // too many requests at one time; nobody has been asked
  kUnsendable   // it does not fit a packet, or is none that a client sends
};
[[nodiscard]] const char* ToString(FailureReason reason);  // "no answer"
struct Failed {
  FailureReason reason = FailureReason::kNoAnswer;
  std::string text;  // for the log, escaped; without "radius: "
};

// ---- Actions
// Comes before the first datagram on it. `source`: bound to this address, else as routes say. The
// port is chosen at random. If it cannot be had: Client::SocketFailed.
struct OpenSocket {
  SocketId socket;
  std::optional<IpAddress> source;
  IpEndpoint server;  // everything on it goes there
};
struct CloseSocket {
  SocketId socket;
};
struct SendDatagram {
  SocketId socket;
  IpEndpoint server;
  Bytes octets;
};
// Once for every request that was neither cancelled nor is still open.
struct RequestDone {
  RequestId request;
  std::variant<Answered, Failed> outcome;
};
struct WriteLog {
  LogLevel level = LogLevel::kInfo;
  std::string text;  // foreign text in it is escaped
};

using Action = std::variant<OpenSocket, CloseSocket, SendDatagram, RequestDone, WriteLog>;
using ActionList = std::vector<Action>;

}  // namespace sstpgw::cp::radius
