// Cursor over the text of a rate limit: numbers with decimals, suffixes, words. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "controlplane/shaper/rate_text.h"

namespace sstpgw::cp {

class RateScanner {
 public:
  explicit RateScanner(std::string_view text) : text_(text) {}

  [[nodiscard]] std::size_t offset() const { return offset_; }
  [[nodiscard]] bool AtEnd() const { return offset_ == text_.size(); }
  // At the end, or at a blank, behind which the caller may find more.
  [[nodiscard]] bool AtWordEnd() const;
  [[nodiscard]] bool AtDigit() const;
  // The next character is one of `characters`; then it is passed.
  bool Take(std::string_view characters);
  // `word` and then a word's end come next; then they and the blanks behind are passed.
  bool TakeWord(std::string_view word);
  void SkipBlanks();
  // To `offset`, which is not beyond the end.
  void MoveTo(std::size_t offset) { offset_ = offset; }
  [[nodiscard]] auto Error(RateTextErrorCode code) const {
    return Fail(RateTextError{code, offset_});
  }

  // Digits only, at most `most`.
  Result<std::uint64_t, RateTextError> Whole(std::uint64_t most, RateTextErrorCode above);
  // Digits with decimals, times `scale` (at most 10^9), rounded down, at most 10^15; whether any
  // digit was not 0.
  struct Scaled {
    std::uint64_t value = 0;
    bool is_zero = true;
  };
  Result<Scaled, RateTextError> Decimal(std::uint64_t scale);
  // A rate with its suffix.
  Result<BitsPerSecond, RateTextError> Rate(RateMultiplier multiplier);

 private:
  [[nodiscard]] char Next() const { return AtEnd() ? '\0' : text_[offset_]; }
  [[nodiscard]] std::uint64_t SuffixAhead() const;

  std::string_view text_;
  std::size_t offset_ = 0;
};

}  // namespace sstpgw::cp
