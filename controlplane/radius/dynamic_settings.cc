#include "controlplane/radius/dynamic_settings.h"

#include <utility>

namespace sstpgw::cp::radius {

DynamicAuthorizationSettings DynamicSettingsOf(const RadiusConfig& config, RateJudge judge) {
  DynamicAuthorizationSettings settings;
  settings.nas_identifier = config.nas_identifier;
  settings.nas_ip_address = config.nas_ip_address;
  settings.dictionary = config.dictionary;
  settings.change.judge = std::move(judge);
  if (config.rate_limit) {
    const RadiusAttribute& attribute = config.rate_limit->attribute;
    settings.change.rate_limits.push_back({attribute.vendor, attribute.type});
  }
  if (!config.dynamic_author) return settings;
  const DynamicAuthorConfig& author = *config.dynamic_author;
  settings.secret = author.key.Copy();
  settings.allowed_from = author.allowed_from;
  settings.require_message_authenticator = author.require_message_authenticator;
  settings.require_event_timestamp = author.require_event_timestamp;
  settings.require_nas_identification = author.require_nas_identification;
  settings.event_window = author.event_timestamp_window;
  return settings;
}

}  // namespace sstpgw::cp::radius
