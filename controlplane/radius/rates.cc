#include "controlplane/radius/rates.h"

#include <limits>
#include <string>
#include <utility>

#include "controlplane/radius/attribute_numbers.h"
#include "proto/base/text.h"

namespace sstpgw::cp::radius {
namespace {

auto Invalid(std::string what) { return Fail(Error{ErrorCode::kInvalidArgument, std::move(what)}); }

using Value = std::variant<std::uint64_t, std::string>;

RateReadings ReadText(const std::string& text, const RateScheme& scheme) {
  if (scheme.key == kCiscoAvPair) return ReadCiscoRate(text, scheme.rules);
  if (scheme.key == kMikrotikRateLimit) return ReadMikrotikRate(text, scheme.rules);
  return ReadRateText(text, scheme.rules);
}

// Empty: it speaks of something else. The error is a clause.
Result<std::vector<RateReading>> ReadOne(const Value& value, const RateScheme& scheme) {
  const auto* text = std::get_if<std::string>(&value);
  std::string shown;
  RateReadings readings = std::vector<RateReading>{};
  if (text != nullptr) {
    shown = Escape(*text);
    readings = ReadText(*text, scheme);
  } else {
    const std::uint64_t number = std::get<std::uint64_t>(value);
    shown = std::to_string(number);
    if (number > std::numeric_limits<std::uint32_t>::max()) {
      return Invalid("the rate limit " + shown + " is too large");
    }
    readings = ReadRateNumber(static_cast<std::uint32_t>(number), scheme.rules);
  }
  if (!readings) {
    return Invalid("the rate limit '" + shown + "' cannot be read (" + ToString(readings.error()) +
                   ")");
  }
  return *std::move(readings);
}

Result<std::vector<RateReading>> ReadRaw(const RawRateLimit& raw, const RateScheme& scheme) {
  if (raw.key != scheme.key) return Invalid("the rate limit stands in another attribute");
  const auto value = ReadRateLimitValue(raw.value, scheme.type);
  if (!value) {
    return Invalid("the rate limit has a value of " + std::to_string(raw.value.size()) +
                   " octets that is none");
  }
  return ReadOne(*value, scheme);
}

}  // namespace

std::optional<RateScheme> RateSchemeOf(const RadiusConfig& config) {
  if (!config.rate_limit) return std::nullopt;
  const RadiusAttribute& attribute = config.rate_limit->attribute;
  RateScheme scheme;
  scheme.key = {attribute.vendor, attribute.type};
  const DictionaryAttribute* known =
      config.dictionary == nullptr ? nullptr : config.dictionary->Find(scheme.key);
  scheme.type = known == nullptr ? ValueType::kOctets : known->value_type;
  scheme.rules.multiplier = RateMultiplier(config.rate_limit->multiplier_millionths);
  return scheme;
}

RatesOfAccept ReadRates(const std::vector<RateLimitValue>& values, const RateScheme& scheme) {
  RatesOfAccept rates;
  for (const RateLimitValue& value : values) {
    if (value.key != scheme.key) continue;
    const auto readings = ReadOne(value.value, scheme);
    if (!readings) {
      rates.warnings.push_back({value.key, readings.error().message + ", it limits nothing"});
      continue;
    }
    for (const RateReading& reading : *readings) rates.table.Add(reading);
  }
  return rates;
}

Result<std::vector<RateReading>> ReadChangedRates(const std::vector<RawRateLimit>& values,
                                                  const RateScheme& scheme) {
  std::vector<RateReading> all;
  for (const RawRateLimit& raw : values) {
    SG_ASSIGN_OR_RETURN(const std::vector<RateReading> readings, ReadRaw(raw, scheme));
    all.insert(all.end(), readings.begin(), readings.end());
  }
  return all;
}

RateJudge RateJudgeOf(RateScheme scheme) {
  return [scheme](const RawRateLimit& raw) {
    const auto readings = ReadRaw(raw, scheme);
    if (!readings) return RateVerdict::kWrong;
    return readings->empty() ? RateVerdict::kOther : RateVerdict::kTaken;
  };
}

}  // namespace sstpgw::cp::radius
