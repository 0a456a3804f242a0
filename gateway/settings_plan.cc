#include "gateway/settings_plan.h"

#include <algorithm>

namespace sstpgw::gateway {

ListenPlace ListenPlaceOf(const GatewaySettings& settings) {
  ListenPlace place{settings.listen_addresses, settings.port};
  // The order of addresses has no meaning, and one named twice is one.
  std::sort(place.addresses.begin(), place.addresses.end());
  place.addresses.erase(std::unique(place.addresses.begin(), place.addresses.end()),
                        place.addresses.end());
  return place;
}

SettingsVerdict JudgeSettings(Generation applied, Generation offered) {
  if (offered < applied) return SettingsVerdict::kOlder;
  if (offered == applied) return SettingsVerdict::kCurrent;
  return SettingsVerdict::kApply;
}

}  // namespace sstpgw::gateway
