#include "gateway/edge/openssl_error.h"

#include <openssl/err.h>

namespace sstpgw::edge {

std::string TakeOpenSslError() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    const char* const known = ERR_SYSTEM_ERROR(code) ? nullptr : ERR_reason_error_string(code);
    std::string reason = known != nullptr ? known : "";
    if (ERR_SYSTEM_ERROR(code)) reason = "system error " + std::to_string(ERR_GET_REASON(code));
    if (reason.empty()) reason = "error " + std::to_string(ERR_GET_REASON(code));
    if (!text.empty()) text += ", ";
    text += reason;
  }
  return text;
}

}  // namespace sstpgw::edge
