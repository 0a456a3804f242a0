// Names of phases and failures.
#include "tests/client/client_session.h"

namespace sstpgw::client {

const char* ToString(Phase phase) {
  switch (phase) {
    case Phase::kHttp:
      return "http";
    case Phase::kCallRequested:
      return "call-requested";
    case Phase::kLink:
      return "link";
    case Phase::kAuthentication:
      return "authentication";
    case Phase::kNetwork:
      return "network";
    case Phase::kUp:
      return "up";
    case Phase::kClosing:
      return "closing";
    case Phase::kClosed:
      return "closed";
  }
  return "?";
}

const char* ToString(FailureKind kind) {
  switch (kind) {
    case FailureKind::kNone:
      return "none";
    case FailureKind::kHttpRefused:
      return "http-refused";
    case FailureKind::kCallRefused:
      return "call-refused";
    case FailureKind::kAborted:
      return "aborted";
    case FailureKind::kDisconnected:
      return "disconnected";
    case FailureKind::kAuthentication:
      return "authentication";
    case FailureKind::kServerNotGenuine:
      return "server-not-genuine";
    case FailureKind::kNegotiation:
      return "negotiation";
    case FailureKind::kNoAddress:
      return "no-address";
    case FailureKind::kTimeout:
      return "timeout";
    case FailureKind::kProtocol:
      return "protocol";
    case FailureKind::kConnectionLost:
      return "connection-lost";
  }
  return "?";
}

}  // namespace sstpgw::client
