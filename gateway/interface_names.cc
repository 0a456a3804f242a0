#include "gateway/interface_names.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <string_view>
#include <utility>

namespace sstpgw::gateway {
namespace {

constexpr std::string_view kMark = "%d";
// Far more than there can be interfaces; keeps a strange name from costing memory.
constexpr std::uint32_t kMaxNumber = 1'000'000;
constexpr std::size_t kWord = 64;
constexpr std::size_t kMaxLength = 15;  // IFNAMSIZ without the final zero

std::optional<std::uint32_t> NumberIn(const std::string& name_template, const std::string& name) {
  const std::size_t mark = name_template.find(kMark);
  if (mark == std::string::npos || name.size() <= name_template.size() - kMark.size()) {
    return std::nullopt;
  }
  const char* const begin = name.data() + mark;
  const char* const end = name.data() + name.size() - (name_template.size() - mark - kMark.size());
  std::uint32_t number = 0;
  const auto [stop, error] = std::from_chars(begin, end, number);
  const bool whole = error == std::errc{} && stop == end && number <= kMaxNumber;
  if (!whole || InterfaceNames::Format(name_template, number) != name) return std::nullopt;
  return number;
}

}  // namespace

// ---- Lease
// -------------------------------------------------------------------------------------

InterfaceNames::Lease& InterfaceNames::Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  Release();
  names_ = std::exchange(other.names_, nullptr);
  template_ = std::move(other.template_);
  number_ = other.number_;
  return *this;
}

void InterfaceNames::Lease::Release() {
  if (names_ != nullptr) std::exchange(names_, nullptr)->Free(template_, number_);
}

// ---- Names
// -------------------------------------------------------------------------------------

bool InterfaceNames::Numbers::IsUsed(std::size_t number) const {
  const std::size_t word = number / kWord;
  return word < used.size() && (used[word] >> (number % kWord) & 1) != 0;
}

// Whole words are passed over: everybody waits for this.
void InterfaceNames::Numbers::Use(std::size_t number) {
  std::size_t word = number / kWord;
  if (word >= used.size()) used.resize(word + 1);
  used[word] |= std::uint64_t{1} << (number % kWord);
  ++count;
  if (number != lowest) return;
  while (word < used.size() && used[word] == ~std::uint64_t{0}) ++word;
  lowest = word * kWord;
  if (word < used.size()) lowest += static_cast<std::size_t>(std::countr_one(used[word]));
}

void InterfaceNames::Numbers::Free(std::size_t number) {
  used[number / kWord] &= ~(std::uint64_t{1} << (number % kWord));
  --count;
  lowest = std::min(lowest, number);
}

InterfaceNames::Lease InterfaceNames::Make(const std::string& name_template, std::uint32_t number) {
  Lease lease;
  lease.names_ = this;
  lease.template_ = name_template;
  lease.number_ = number;
  return lease;
}

InterfaceNames::Lease InterfaceNames::Take(const std::string& name_template) {
  const std::lock_guard lock(mutex_);
  Numbers& numbers = templates_[name_template];
  const std::size_t number = numbers.lowest;
  numbers.Use(number);
  return Make(name_template, static_cast<std::uint32_t>(number));
}

InterfaceNames::Lease InterfaceNames::TakeNamed(const std::string& name_template,
                                                const std::string& name) {
  const std::optional<std::uint32_t> number = NumberIn(name_template, name);
  if (!number) return {};
  const std::lock_guard lock(mutex_);
  Numbers& numbers = templates_[name_template];
  if (numbers.IsUsed(*number)) return {};
  numbers.Use(*number);
  return Make(name_template, *number);
}

void InterfaceNames::Block(Lease lease, TimePoint now) {
  const std::lock_guard lock(mutex_);
  blocked_.emplace_back(now + blocked_for_, std::move(lease));
}

void InterfaceNames::Unblock(TimePoint now) {
  std::vector<Lease> freed;  // released without the lock
  const std::lock_guard lock(mutex_);
  while (!blocked_.empty() && blocked_.front().first <= now) {
    freed.push_back(std::move(blocked_.front().second));
    blocked_.pop_front();
  }
}

std::uint32_t InterfaceNames::Lowest(const std::string& name_template) const {
  const std::lock_guard lock(mutex_);
  const auto numbers = templates_.find(name_template);
  return numbers == templates_.end() ? 0 : static_cast<std::uint32_t>(numbers->second.lowest);
}

void InterfaceNames::Free(const std::string& name_template, std::uint32_t number) {
  const std::lock_guard lock(mutex_);
  const auto found = templates_.find(name_template);
  if (found == templates_.end()) return;
  found->second.Free(number);
  if (found->second.count == 0) templates_.erase(found);
}

bool InterfaceNames::IsExact(const std::string& name_template) {
  return name_template.find(kMark) == std::string::npos;
}

bool InterfaceNames::IsUsable(const std::string& name_template) {
  // Below /proc/sys/net these are the settings of all interfaces and of those to come.
  for (const char* reserved : {"all", "default", ".", ".."}) {
    if (name_template == reserved) return false;
  }
  const bool visible = std::all_of(name_template.begin(), name_template.end(), [](char c) {
    return c > ' ' && c <= '~' && c != '/' && c != ':';
  });
  const auto percents = std::count(name_template.begin(), name_template.end(), '%');
  return visible && !name_template.empty() && name_template.size() <= kMaxLength &&
         percents == (IsExact(name_template) ? 0 : 1);
}

std::string InterfaceNames::Format(const std::string& name_template, std::uint32_t number) {
  std::string name = name_template;
  const std::size_t mark = name.find(kMark);
  if (mark != std::string::npos) name.replace(mark, kMark.size(), std::to_string(number));
  return name;
}

}  // namespace sstpgw::gateway
