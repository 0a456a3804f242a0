// Which numbers of an interface name template ("sstp%d") are in use, so that the lowest free one is
// known at once: asked for it, the kernel looks at the names of all interfaces there are.
//
// The kernel has the last word, since a name may be somebody else's: such a number is blocked for a
// while. Threads: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proto/base/types.h"

namespace sstpgw::gateway {

class InterfaceNames {
 public:
  // A number in use; free again when this goes. Must not outlive its InterfaceNames.
  class Lease {
   public:
    Lease() = default;
    ~Lease() { Release(); }
    Lease(Lease&& other) noexcept { *this = std::move(other); }
    Lease& operator=(Lease&& other) noexcept;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    explicit operator bool() const { return names_ != nullptr; }
    [[nodiscard]] const std::string& name_template() const { return template_; }
    [[nodiscard]] std::uint32_t number() const { return number_; }
    [[nodiscard]] std::string Name() const { return Format(template_, number_); }
    void Release();

   private:
    friend class InterfaceNames;
    InterfaceNames* names_ = nullptr;
    std::string template_;
    std::uint32_t number_ = 0;
  };

  explicit InterfaceNames(Duration blocked_for = std::chrono::minutes(1))
      : blocked_for_(blocked_for) {}
  InterfaceNames(const InterfaceNames&) = delete;
  InterfaceNames& operator=(const InterfaceNames&) = delete;

  // The lowest free number.
  [[nodiscard]] Lease Take(const std::string& name_template);
  // For a name that the kernel chose. Empty if it does not fit the template or is in use already.
  [[nodiscard]] Lease TakeNamed(const std::string& name_template, const std::string& name);
  // The kernel says that somebody else has the name: nobody gets the number for a while, so that
  // not each asks for it again.
  void Block(Lease lease, TimePoint now);
  // Frees those that have been blocked for long enough.
  void Unblock(TimePoint now);
  // What Take would give.
  [[nodiscard]] std::uint32_t Lowest(const std::string& name_template) const;

  // Whether the kernel has room for it and nothing else takes it for something else: 1 to 15 of the
  // visible ASCII characters, no path, "%d" at most once and no other "%". A name without "%d" is a
  // template, too: one with number 0 alone.
  [[nodiscard]] static bool IsUsable(const std::string& name_template);
  [[nodiscard]] static bool IsExact(const std::string& name_template);

  // `name_template` contains %d once; otherwise it is the name.
  static std::string Format(const std::string& name_template, std::uint32_t number);

 private:
  struct Numbers {
    std::vector<std::uint64_t> used;  // a bit for each
    std::size_t lowest = 0;           // free, and none below it is
    std::size_t count = 0;
    [[nodiscard]] bool IsUsed(std::size_t number) const;
    void Use(std::size_t number);
    void Free(std::size_t number);
  };
  Lease Make(const std::string& name_template, std::uint32_t number);
  void Free(const std::string& name_template, std::uint32_t number);

  const Duration blocked_for_;
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::map<std::string, Numbers> templates_;
  std::deque<std::pair<TimePoint, Lease>> blocked_;  // until when; oldest first
};

}  // namespace sstpgw::gateway
