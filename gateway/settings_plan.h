// What a new generation of settings asks of a running gateway. Pure.
#pragma once

#include <cstdint>

#include "proto/base/messages.h"

namespace sstpgw::gateway {

// The part of GatewaySettings that decides where the gateway listens.
struct ListenPlace {
  std::vector<std::string> addresses;
  std::uint16_t port = 0;
  friend bool operator==(const ListenPlace&, const ListenPlace&) = default;
};
[[nodiscard]] ListenPlace ListenPlaceOf(const GatewaySettings& settings);

enum class SettingsVerdict : std::uint8_t {
  kOlder,    // refuse: a newer generation is applied
  kCurrent,  // nothing to do, confirm again
  kApply,
};
// `applied` is 0 before the first settings.
[[nodiscard]] SettingsVerdict JudgeSettings(Generation applied, Generation offered);

}  // namespace sstpgw::gateway
