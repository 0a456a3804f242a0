#include "controlplane/radius/error_cause.h"

namespace sstpgw::cp::radius {

const char* ToString(ErrorCause cause) {
  switch (cause) {
    case ErrorCause::kResidualContextRemoved:
      return "residual session context removed";
    case ErrorCause::kUnsupportedAttribute:
      return "unsupported attribute";
    case ErrorCause::kMissingAttribute:
      return "missing attribute";
    case ErrorCause::kNasIdentificationMismatch:
      return "NAS identification mismatch";
    case ErrorCause::kInvalidRequest:
      return "invalid request";
    case ErrorCause::kUnsupportedService:
      return "unsupported service";
    case ErrorCause::kInvalidAttributeValue:
      return "invalid attribute value";
    case ErrorCause::kAdministrativelyProhibited:
      return "administratively prohibited";
    case ErrorCause::kSessionContextNotFound:
      return "session context not found";
    case ErrorCause::kSessionContextNotRemovable:
      return "session context not removable";
    case ErrorCause::kResourcesUnavailable:
      return "resources unavailable";
    case ErrorCause::kMultipleSessionSelectionUnsupported:
      return "multiple session selection unsupported";
  }
  return "unknown cause";
}

}  // namespace sstpgw::cp::radius
