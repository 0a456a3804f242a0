#include "proto/base/messages.h"

namespace sstpgw {

const char* ToString(TerminateCause cause) {
  switch (cause) {
    case TerminateCause::kNone:
      return "None";
    case TerminateCause::kUserRequest:
      return "User-Request";
    case TerminateCause::kLostCarrier:
      return "Lost-Carrier";
    case TerminateCause::kIdleTimeout:
      return "Idle-Timeout";
    case TerminateCause::kSessionTimeout:
      return "Session-Timeout";
    case TerminateCause::kAdminReset:
      return "Admin-Reset";
    case TerminateCause::kNasError:
      return "NAS-Error";
    case TerminateCause::kNasRequest:
      return "NAS-Request";
    case TerminateCause::kNasReboot:
      return "NAS-Reboot";
    case TerminateCause::kUserError:
      return "User-Error";
  }
  return "Unknown";
}

const char* ToString(DownLimiter limiter) {
  switch (limiter) {
    case DownLimiter::kAuto:
      return "auto";
    case DownLimiter::kTbf:
      return "tbf";
    case DownLimiter::kHtb:
      return "htb";
    case DownLimiter::kClsact:
      return "clsact";
    case DownLimiter::kEdt:
      return "edt";
    case DownLimiter::kPace:
      return "pace";
  }
  return "unknown";
}

const char* ToString(UpLimiter limiter) {
  switch (limiter) {
    case UpLimiter::kAuto:
      return "auto";
    case UpLimiter::kPolice:
      return "police";
    case UpLimiter::kPace:
      return "pace";
  }
  return "unknown";
}

const char* ToString(SessionState state) {
  switch (state) {
    case SessionState::kStarting:
      return "start";
    case SessionState::kActive:
      return "active";
    case SessionState::kFinishing:
      return "finish";
  }
  return "unknown";
}

}  // namespace sstpgw
