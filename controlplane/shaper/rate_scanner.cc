#include "controlplane/shaper/rate_scanner.h"

namespace sstpgw::cp {
namespace {

using enum RateTextErrorCode;

constexpr std::uint64_t kBillion = 1'000'000'000;
// Of which a multiplier of 0.001 leaves kMaxRate.
constexpr std::uint64_t kMost = 1000 * kMaxRate.value();
constexpr std::uint64_t kMillion = 1'000'000;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsBlank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

bool RateScanner::AtWordEnd() const { return AtEnd() || IsBlank(Next()); }
bool RateScanner::AtDigit() const { return IsDigit(Next()); }

bool RateScanner::Take(std::string_view characters) {
  if (AtEnd() || characters.find(Next()) == std::string_view::npos) return false;
  ++offset_;
  return true;
}

bool RateScanner::TakeWord(std::string_view word) {
  if (!text_.substr(offset_).starts_with(word)) return false;
  const std::size_t before = offset_;
  offset_ += word.size();
  if (!AtWordEnd()) {
    offset_ = before;
    return false;
  }
  SkipBlanks();
  return true;
}

void RateScanner::SkipBlanks() {
  while (IsBlank(Next())) ++offset_;
}

Result<std::uint64_t, RateTextError> RateScanner::Whole(std::uint64_t most,
                                                        RateTextErrorCode above) {
  if (!AtDigit()) return Error(kNoNumber);
  const std::size_t first = offset_;
  std::uint64_t value = 0;
  for (; AtDigit(); ++offset_) {
    const auto digit = static_cast<std::uint64_t>(Next() - '0');
    if (value > most / 10 || value * 10 > most - digit) return Fail(RateTextError{above, first});
    value = value * 10 + digit;
  }
  return value;
}

Result<RateScanner::Scaled, RateTextError> RateScanner::Decimal(std::uint64_t scale) {
  const std::size_t first = offset_;
  SG_ASSIGN_OR_RETURN(const std::uint64_t whole, Whole(kMost, kTooLarge));
  Scaled scaled{.value = 0, .is_zero = whole == 0};
  std::uint64_t billionths = 0;
  if (Next() == '.') {
    ++offset_;
    if (!AtDigit()) return Error(kNoNumber);
    for (std::uint64_t unit = kBillion / 10; AtDigit(); ++offset_, unit /= 10) {
      billionths += unit * static_cast<std::uint64_t>(Next() - '0');
      if (Next() != '0') scaled.is_zero = false;
    }
  }
  if (whole > kMost / scale) return Fail(RateTextError{kTooLarge, first});
  scaled.value = whole * scale + billionths * scale / kBillion;
  if (scaled.value > kMost) return Fail(RateTextError{kTooLarge, first});
  return scaled;
}

// Bits per second of the suffix behind the number that comes next; nothing is passed.
std::uint64_t RateScanner::SuffixAhead() const {
  std::size_t at = offset_;
  while (at < text_.size() && (IsDigit(text_[at]) || text_[at] == '.')) ++at;
  switch (at < text_.size() ? text_[at] : '\0') {
    case 'B':
    case 'b':
      return 1;
    case 'M':
    case 'm':
      return kMillion;
    case 'G':
    case 'g':
      return kBillion;
    default:
      return 1000;
  }
}

Result<BitsPerSecond, RateTextError> RateScanner::Rate(RateMultiplier multiplier) {
  const std::size_t first = offset_;
  SG_ASSIGN_OR_RETURN(const Scaled scaled, Decimal(SuffixAhead()));
  Take("BbKkMmGg");
  // Both products stay below 2^63: scaled is at most 10^15, the multiplier below 2^32.
  const std::uint64_t factor = multiplier.value();
  const std::uint64_t bits =
      scaled.value / kMillion * factor + scaled.value % kMillion * factor / kMillion;
  if (bits > kMaxRate.value()) return Fail(RateTextError{kTooLarge, first});
  if (bits == 0 && !scaled.is_zero) return Fail(RateTextError{kTooSmall, first});
  return BitsPerSecond{bits};
}

}  // namespace sstpgw::cp
