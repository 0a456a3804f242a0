// Why a Disconnect- or CoA-Request is refused, as the server is told (RFC 5176 3.5). Pure.
#pragma once

#include <cstdint>

namespace sstpgw::cp::radius {

// Values of Error-Cause.
enum class ErrorCause : std::uint32_t {
  kResidualContextRemoved = 201,
  kUnsupportedAttribute = 401,
  kMissingAttribute = 402,
  kNasIdentificationMismatch = 403,
  kInvalidRequest = 404,
  kUnsupportedService = 405,
  kInvalidAttributeValue = 407,
  kAdministrativelyProhibited = 501,
  kSessionContextNotFound = 503,
  kSessionContextNotRemovable = 504,
  kResourcesUnavailable = 506,
  kMultipleSessionSelectionUnsupported = 508,
};
[[nodiscard]] const char* ToString(ErrorCause cause);  // "session context not found"

}  // namespace sstpgw::cp::radius
