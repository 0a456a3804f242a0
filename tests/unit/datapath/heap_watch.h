// Looks into every block that the program gives back to the heap: is there something in it that
// should have been wiped? And counts the blocks that it takes. Replaces operator new and delete, so
// only one source file of a program may include it. What C libraries allocate with malloc is not
// seen.
#pragma once

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>

namespace sstpgw::test {

class FreedMemory {
 public:
  // Until the next call. `needle` must live as long; empty: stop.
  static void WatchFor(std::string_view needle) {
    size_.store(0);
    found_.store(0);
    needle_.store(needle.data());
    size_.store(needle.size());
  }
  // Blocks given back with the needle in them.
  static int found() { return found_.load(); }

  static void Look(void* block) noexcept {
    const std::size_t size = size_.load(std::memory_order_relaxed);
    if (size == 0 || block == nullptr) return;
    if (::memmem(block, ::malloc_usable_size(block), needle_.load(), size) != nullptr) ++found_;
  }

 private:
  static inline std::atomic<const char*> needle_{nullptr};
  static inline std::atomic<std::size_t> size_{0};
  static inline std::atomic<int> found_{0};
};

class TakenMemory {
 public:
  // Blocks taken since the program began, by whatever thread.
  static std::size_t count() { return count_.load(std::memory_order_relaxed); }

  static void Note() noexcept { count_.fetch_add(1, std::memory_order_relaxed); }

 private:
  static inline std::atomic<std::size_t> count_{0};
};

}  // namespace sstpgw::test

// All forms but those for over-aligned types, which are left to the library. Not inlined, because
// gcc takes an inlined delete with a call of new for a mismatched pair.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t& /*tag*/) noexcept {
  sstpgw::test::TakenMemory::Note();
  return std::malloc(size);
}
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* const block = operator new(size, std::nothrow)) return block;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new[](std::size_t size, const std::nothrow_t& tag) noexcept {
  return operator new(size, tag);
}
[[gnu::noinline]] void* operator new[](std::size_t size) { return operator new(size); }
[[gnu::noinline]] void operator delete(void* block) noexcept {
  sstpgw::test::FreedMemory::Look(block);
  std::free(block);
}
[[gnu::noinline]] void operator delete(void* block, std::size_t /*size*/) noexcept {
  operator delete(block);
}
[[gnu::noinline]] void operator delete[](void* block) noexcept { operator delete(block); }
[[gnu::noinline]] void operator delete[](void* block, std::size_t /*size*/) noexcept {
  operator delete(block);
}
