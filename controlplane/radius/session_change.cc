#include "controlplane/radius/session_change.h"

#include <algorithm>
#include <array>
#include <utility>

#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/attribute_values.h"
#include "controlplane/radius/session_keys.h"

namespace sstpgw::cp::radius {
namespace {

constexpr std::size_t kMaxInterfaceName = 15;  // IFNAMSIZ without the NUL

// They say who asks and who is asked, or describe what is already so; nothing is to be done.
constexpr std::array kNoChange = {
    kNasIpAddress,         kNasIdentifier, kNasIpv6Address, kProxyState,  kEventTimestamp,
    kMessageAuthenticator, kServiceType,   kFramedProtocol, kNasPortType, kReplyMessage};

template <class List>
bool Contains(const List& keys, AttributeKey key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

bool IsDeviceName(std::string_view text) {
  return !text.empty() && text.size() <= kMaxInterfaceName && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c < 0x7f && c != '/' && c != ':'; });
}

// Takes the attributes of one request.
class ChangeReader {
 public:
  ChangeReader(const SessionChangeSettings& settings, const Dictionary& dictionary)
      : settings_(settings), dictionary_(dictionary) {}

  OrRefusal<void> Take(const Attribute& attribute);
  SessionChange change;

 private:
  OrRefusal<void> TakeSeconds(const Attribute& attribute,
                              std::optional<std::chrono::seconds>& seconds);
  OrRefusal<void> TakeRateLimit(const Attribute& attribute);
  OrRefusal<void> TakeVrf(const Attribute& attribute);
  OrRefusal<void> TakeClass(const Attribute& attribute);
  [[nodiscard]] auto No(ErrorCause cause, AttributeKey key, const char* why) const {
    const DictionaryAttribute* known = dictionary_.Find(key);
    std::string name = known != nullptr ? known->name : "attribute " + std::to_string(key.type);
    if (known == nullptr && key.vendor != 0) name += " of vendor " + std::to_string(key.vendor);
    return Refuse(cause, name + " " + why);
  }

  const SessionChangeSettings& settings_;
  const Dictionary& dictionary_;
};

OrRefusal<void> ChangeReader::TakeSeconds(const Attribute& attribute,
                                          std::optional<std::chrono::seconds>& seconds) {
  const std::optional<std::uint32_t> value = ReadInteger(attribute.value);
  if (!value) return No(ErrorCause::kInvalidRequest, attribute.key(), "is not 4 octets long");
  if (seconds) return No(ErrorCause::kInvalidRequest, attribute.key(), "is there twice");
  seconds = std::chrono::seconds(*value);
  return {};
}

OrRefusal<void> ChangeReader::TakeVrf(const Attribute& attribute) {
  const std::string_view text = ReadText(attribute.value);
  if (!IsDeviceName(text)) {
    return No(ErrorCause::kInvalidAttributeValue, attribute.key(), "is not the name of a VRF");
  }
  if (change.vrf) return No(ErrorCause::kInvalidRequest, attribute.key(), "is there twice");
  change.vrf = text == "0" ? std::string() : std::string(text);
  return {};
}

OrRefusal<void> ChangeReader::TakeClass(const Attribute& attribute) {
  if (attribute.value.empty()) {
    return No(ErrorCause::kInvalidRequest, attribute.key(), "is empty");
  }
  change.classes.push_back(attribute.value);
  return {};
}

OrRefusal<void> ChangeReader::TakeRateLimit(const Attribute& attribute) {
  RawRateLimit limit{attribute.key(), attribute.value};
  RateVerdict verdict = limit.value.empty() ? RateVerdict::kWrong : RateVerdict::kTaken;
  if (verdict == RateVerdict::kTaken && settings_.judge) verdict = settings_.judge(limit);
  switch (verdict) {
    case RateVerdict::kTaken:
      change.rate_limits.push_back(std::move(limit));
      return {};
    case RateVerdict::kOther:
      return No(ErrorCause::kUnsupportedAttribute, limit.key, "does not speak of a rate limit");
    case RateVerdict::kWrong:
      break;
  }
  return No(ErrorCause::kInvalidAttributeValue, limit.key, "is not a rate limit");
}

OrRefusal<void> ChangeReader::Take(const Attribute& attribute) {
  const AttributeKey key = attribute.key();
  if (!Contains(settings_.not_applied, key)) {
    if (Contains(settings_.rate_limits, key)) return TakeRateLimit(attribute);
    if (key == kSessionTimeout) return TakeSeconds(attribute, change.session_timeout);
    if (key == kIdleTimeout) return TakeSeconds(attribute, change.idle_timeout);
    if (key == kAcctInterimInterval) return TakeSeconds(attribute, change.interim_interval);
    if (key == kAccelVrfName) return TakeVrf(attribute);
    if (key == kClass) return TakeClass(attribute);
    if (IsSessionKey(key) || Contains(kNoChange, key)) return {};
  }
  return No(ErrorCause::kUnsupportedAttribute, key, "cannot be changed");
}

}  // namespace

OrRefusal<SessionChange> ReadSessionChange(const Packet& request,
                                           const SessionChangeSettings& settings,
                                           const Dictionary& dictionary) {
  ChangeReader reader(settings, dictionary);
  for (const Attribute& attribute : request.attributes) {
    SG_RETURN_IF_ERROR(reader.Take(attribute));
  }
  if (reader.change.empty()) {
    return Refuse(ErrorCause::kMissingAttribute, "it asks for no change");
  }
  return std::move(reader.change);
}

}  // namespace sstpgw::cp::radius
