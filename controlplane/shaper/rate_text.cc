#include "controlplane/shaper/rate_text.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "controlplane/shaper/rate_scanner.h"

namespace sstpgw::cp {
namespace {

using enum RateTextErrorCode;

constexpr std::string_view kCiscoWord = "rate-limit";

const char* Describe(RateTextErrorCode code) {
  switch (code) {
    case kEmpty:
      return "no rate";
    case kNoNumber:
      return "no number";
    case kUnknownText:
      return "unknown text";
    case kBadTimeRange:
      return "time range is no number of 32 bits";
    case kTooLarge:
      return "number is too large";
    case kTooSmall:
      return "rate is below 1 bit/s";
  }
  return "?";
}

RateReading ForDirections(RateReading reading, RateDirections directions) {
  if (directions == RateDirections::kUp) reading.down.reset();
  if (directions == RateDirections::kDown) reading.up.reset();
  return reading;
}

struct Pair {
  BitsPerSecond first;
  BitsPerSecond second;
};

// N, or N separator N, up to a word's end.
Result<Pair, RateTextError> ReadPair(RateScanner& scanner, RateMultiplier multiplier) {
  SG_ASSIGN_OR_RETURN(const BitsPerSecond first, scanner.Rate(multiplier));
  BitsPerSecond second = first;
  if (scanner.Take("/\\:")) {
    SG_ASSIGN_OR_RETURN(second, scanner.Rate(multiplier));
  }
  if (!scanner.AtWordEnd()) return scanner.Error(kUnknownText);
  return Pair{first, second};
}

// The ID before the first word's comma, 0 if there is none.
Result<std::uint32_t, RateTextError> ReadTimeRange(RateScanner& scanner, std::string_view text) {
  const std::size_t first = scanner.offset();
  const std::size_t comma = text.find(',', first);
  if (comma == std::string_view::npos || text.find_first_of(" \t", first) < comma) {
    return std::uint32_t{0};
  }
  const auto id = scanner.Whole(std::numeric_limits<std::uint32_t>::max(), kBadTimeRange);
  if (!id || scanner.offset() != comma) return Fail(RateTextError{kBadTimeRange, first});
  scanner.Take(",");
  return static_cast<std::uint32_t>(*id);
}

// Behind "rate-limit": direction, time range, rate, burst. nullopt: no direction, so other text.
Result<std::optional<RateReading>, RateTextError> ReadCiscoClause(RateScanner& scanner) {
  const bool down = scanner.TakeWord("output");
  if (!down && !scanner.TakeWord("input")) return std::optional<RateReading>{};
  RateReading reading;
  if (scanner.TakeWord("access-group")) {
    SG_ASSIGN_OR_RETURN(const std::uint64_t id,
                        scanner.Whole(std::numeric_limits<std::uint32_t>::max(), kBadTimeRange));
    if (!scanner.AtWordEnd()) return scanner.Error(kBadTimeRange);
    reading.time_range = static_cast<std::uint32_t>(id);
    scanner.SkipBlanks();
  }
  DirectionLimit limit;
  SG_ASSIGN_OR_RETURN(const std::uint64_t rate, scanner.Whole(kMaxRate.value(), kTooLarge));
  limit.rate = BitsPerSecond{rate};
  if (!scanner.AtWordEnd()) return scanner.Error(kUnknownText);
  scanner.SkipBlanks();
  if (scanner.AtDigit()) {
    SG_ASSIGN_OR_RETURN(const std::uint64_t burst, scanner.Whole(kMaxBurst.value(), kTooLarge));
    if (!scanner.AtWordEnd()) return scanner.Error(kUnknownText);
    limit.burst = BurstOctets{burst};
  }
  (down ? reading.down : reading.up) = limit;
  return std::optional<RateReading>{reading};
}

// What Mikrotik's words two to four say of one direction.
struct BurstWords {
  BitsPerSecond burst_rate;
  std::optional<BitsPerSecond> threshold;
  std::uint64_t milliseconds = 1000;
};

BurstOctets MikrotikBurst(BitsPerSecond rate, const BurstWords& words) {
  const BitsPerSecond threshold = words.threshold.value_or(rate);
  if (words.burst_rate <= rate || rate.value() == 0) return BurstOctets{};
  const auto peak = static_cast<double>(words.burst_rate.value());
  const double excess = peak - static_cast<double>(rate.value());
  const double octets = excess * static_cast<double>(threshold.value()) / peak *
                        static_cast<double>(words.milliseconds) / 8000;
  return BurstOctets{
      static_cast<std::uint64_t>(std::min(octets, static_cast<double>(kMaxBurst.value())))};
}

// S or S/S: seconds, in milliseconds. An hour is as good as more.
Result<std::pair<std::uint64_t, std::uint64_t>, RateTextError> ReadSeconds(RateScanner& scanner) {
  constexpr std::uint64_t kMost = 3'600'000;
  SG_ASSIGN_OR_RETURN(const RateScanner::Scaled first, scanner.Decimal(1000));
  std::uint64_t second = first.value;
  if (scanner.Take("/")) {
    SG_ASSIGN_OR_RETURN(const RateScanner::Scaled other, scanner.Decimal(1000));
    second = other.value;
  }
  if (!scanner.AtWordEnd()) return scanner.Error(kUnknownText);
  return std::pair{std::min(first.value, kMost), std::min(second, kMost)};
}

// The words behind the rates, as many as there are.
Result<std::pair<BurstWords, BurstWords>, RateTextError> ReadBurstWords(RateScanner& scanner,
                                                                        RateMultiplier multiplier) {
  std::pair<BurstWords, BurstWords> words;
  auto& [rx, tx] = words;
  scanner.SkipBlanks();
  if (scanner.AtEnd()) return words;
  SG_ASSIGN_OR_RETURN(const Pair burst, ReadPair(scanner, multiplier));
  rx.burst_rate = burst.first;
  tx.burst_rate = burst.second;
  scanner.SkipBlanks();
  if (scanner.AtEnd()) return words;
  SG_ASSIGN_OR_RETURN(const Pair threshold, ReadPair(scanner, multiplier));
  rx.threshold = threshold.first;
  tx.threshold = threshold.second;
  scanner.SkipBlanks();
  if (scanner.AtEnd()) return words;
  SG_ASSIGN_OR_RETURN(const auto seconds, ReadSeconds(scanner));
  rx.milliseconds = seconds.first;
  tx.milliseconds = seconds.second;
  return words;
}

}  // namespace

std::string ToString(const RateTextError& error) {
  return std::string(Describe(error.code)) + " at position " + std::to_string(error.offset + 1);
}

RateReadings ReadRateNumber(std::uint32_t value, const RateRules& rules) {
  const std::string text = std::to_string(value);
  RateScanner scanner(text);
  auto rate = scanner.Rate(rules.multiplier);
  if (!rate) return Fail(RateTextError{rate.error().code, 0});
  const DirectionLimit limit{.rate = *rate, .burst = {}};
  return std::vector{ForDirections(RateReading{0, limit, limit}, rules.directions)};
}

RateReadings ReadRateText(std::string_view text, const RateRules& rules) {
  SG_ASSIGN_OR_RETURN(const std::vector<RateReading> cisco, ReadCiscoRate(text, {}));
  if (!cisco.empty()) return ReadCiscoRate(text, rules);
  RateScanner scanner(text);
  scanner.SkipBlanks();
  if (scanner.AtEnd()) return scanner.Error(kEmpty);
  RateReading reading;
  SG_ASSIGN_OR_RETURN(reading.time_range, ReadTimeRange(scanner, text));
  SG_ASSIGN_OR_RETURN(const Pair pair, ReadPair(scanner, rules.multiplier));
  reading.down = DirectionLimit{.rate = pair.first, .burst = {}};
  reading.up = DirectionLimit{.rate = pair.second, .burst = {}};
  return std::vector{ForDirections(reading, rules.directions)};
}

RateReadings ReadCiscoRate(std::string_view text, const RateRules& rules) {
  std::vector<RateReading> readings;
  RateScanner scanner(text);
  for (std::size_t at = text.find(kCiscoWord); at != std::string_view::npos;
       at = text.find(kCiscoWord, scanner.offset())) {
    scanner.MoveTo(at + kCiscoWord.size());
    if (!scanner.AtWordEnd()) continue;
    scanner.SkipBlanks();
    SG_ASSIGN_OR_RETURN(const std::optional<RateReading> reading, ReadCiscoClause(scanner));
    if (!reading) continue;
    const RateReading wanted = ForDirections(*reading, rules.directions);
    if (wanted.down || wanted.up) readings.push_back(wanted);
  }
  return readings;
}

RateReadings ReadMikrotikRate(std::string_view text, const RateRules& rules) {
  RateScanner scanner(text);
  scanner.SkipBlanks();
  if (scanner.AtEnd()) return scanner.Error(kEmpty);
  SG_ASSIGN_OR_RETURN(const Pair rate, ReadPair(scanner, rules.multiplier));
  SG_ASSIGN_OR_RETURN(const auto words, ReadBurstWords(scanner, rules.multiplier));
  RateReading reading;
  reading.up = DirectionLimit{rate.first, MikrotikBurst(rate.first, words.first)};
  reading.down = DirectionLimit{rate.second, MikrotikBurst(rate.second, words.second)};
  return std::vector{ForDirections(reading, rules.directions)};
}

}  // namespace sstpgw::cp
