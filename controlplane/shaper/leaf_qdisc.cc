#include "controlplane/shaper/leaf_qdisc.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <set>

#include "proto/base/text.h"

namespace sstpgw::cp {
namespace {

using std::chrono::microseconds;
using Kind = LeafQdisc::Kind;

constexpr std::string_view kBlanks = " \t";
constexpr microseconds kMaxTime = std::chrono::minutes(1);

// A parameter that is a number: where it goes, what it may be, and under which queue it stands.
struct Number {
  std::string_view word;
  std::uint32_t LeafQdisc::*field;
  std::uint32_t least;
  std::uint32_t most;
  bool sfq;
  bool fq_codel;
  bool fifo;
};
constexpr std::array kNumbers{
    Number{"limit", &LeafQdisc::limit, 1, 1'000'000, true, true, true},
    Number{"perturb", &LeafQdisc::perturb, 0, 86'400, true, false, false},
    Number{"quantum", &LeafQdisc::quantum, 1, 1'048'576, true, true, false},
    Number{"flows", &LeafQdisc::flows, 1, 65'536, false, true, false},
};

bool Takes(const Number& number, Kind kind) {
  if (kind == Kind::kSfq) return number.sfq;
  return kind == Kind::kFqCodel ? number.fq_codel : number.fifo;
}

// Cuts the next word off; empty at the end.
std::string_view TakeWord(std::string_view& rest) {
  const std::size_t begin = std::min(rest.find_first_not_of(kBlanks), rest.size());
  rest.remove_prefix(begin);
  const std::string_view word = rest.substr(0, std::min(rest.find_first_of(kBlanks), rest.size()));
  rest.remove_prefix(word.size());
  return word;
}

std::string Quoted(std::string_view word) { return "'" + Escape(word.substr(0, 32)) + "'"; }

std::optional<Kind> KindOf(std::string_view word) {
  if (word == "sfq") return Kind::kSfq;
  if (word == "fq_codel") return Kind::kFqCodel;
  if (word == "fifo") return Kind::kFifo;
  return std::nullopt;
}

// All of `text`, digits only.
std::optional<std::uint32_t> Digits(std::string_view text) {
  std::uint32_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::optional<microseconds> TimeOf(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = Digits(text.substr(0, digits));
  const std::string_view unit = text.substr(digits);
  const std::int64_t factor = unit == "us" ? 1 : unit == "ms" ? 1'000 : unit == "s" ? 1'000'000 : 0;
  if (!number || factor == 0) return std::nullopt;
  const microseconds time{*number * factor};
  if (time.count() == 0 || time > kMaxTime) return std::nullopt;
  return time;
}

// The parameter `word` with what follows it.
Result<bool, std::string> ReadParameter(std::string_view word, std::string_view& rest,
                                        LeafQdisc& leaf) {
  for (const Number& number : kNumbers) {
    if (word != number.word || !Takes(number, leaf.kind)) continue;
    const auto value = Digits(TakeWord(rest));
    if (!value || *value < number.least || *value > number.most) {
      return Fail(std::string(word) + ": must be " + std::to_string(number.least) + ".." +
                  std::to_string(number.most));
    }
    leaf.*number.field = *value;
    return true;
  }
  if (leaf.kind == Kind::kFqCodel && (word == "target" || word == "interval")) {
    const auto time = TimeOf(TakeWord(rest));
    if (!time) return Fail(std::string(word) + ": must be a time like 5ms or 500us, up to 60s");
    (word == "target" ? leaf.target : leaf.interval) = *time;
    return true;
  }
  if (leaf.kind == Kind::kFqCodel && (word == "ecn" || word == "noecn")) {
    leaf.ecn = word == "ecn";
    return true;
  }
  return Fail("has no parameter " + Quoted(word));
}

}  // namespace

Result<LeafQdisc, std::string> ReadLeafQdisc(std::string_view text) {
  std::string_view rest = text;
  const auto kind = KindOf(TakeWord(rest));
  if (!kind) return Fail(std::string("must begin with sfq, fq_codel or fifo"));
  LeafQdisc leaf;
  leaf.kind = *kind;
  std::set<std::string_view> seen;
  for (std::string_view word = TakeWord(rest); !word.empty(); word = TakeWord(rest)) {
    if (!seen.insert(word == "noecn" ? "ecn" : word).second) {
      return Fail("has " + Quoted(word) + " twice");
    }
    SG_RETURN_IF_ERROR(ReadParameter(word, rest, leaf));
  }
  return leaf;
}

}  // namespace sstpgw::cp
