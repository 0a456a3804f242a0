#include "gateway/neighbour_room.h"

#include <algorithm>
#include <bit>
#include <charconv>

#include "gateway/edge/sysctl.h"

namespace sstpgw::gateway {
namespace {

constexpr std::uint64_t kKernelDefault = 1024;  // of gc_thresh3
// For the machine's other neighbours.
constexpr std::uint64_t kOthers = 1024;

// How many entries the family's table may have; nothing if that cannot be seen from here.
std::optional<std::uint64_t> RoomOf(edge::Kernel& kernel, const std::string& family) {
  const auto text = edge::ReadSysctl(kernel, "net/" + family + "/neigh/default/gc_thresh3");
  if (!text) return std::nullopt;
  std::uint64_t room = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), room);
  if (error != std::errc{} || end != text->data() + text->size()) return std::nullopt;
  return room;
}

std::string Remedy(const std::vector<std::string>& families, std::uint64_t sessions) {
  const NeighbourRoom::Thresholds thresholds = NeighbourRoom::For(sessions);
  std::string remedy = "sysctl -w";
  for (const std::string& family : families) {
    const std::string name = " net." + family + ".neigh.default.gc_thresh";
    remedy += name + "1=" + std::to_string(thresholds.first);
    remedy += name + "2=" + std::to_string(thresholds.second);
    remedy += name + "3=" + std::to_string(thresholds.third);
  }
  return remedy;
}

}  // namespace

NeighbourRoom::Thresholds NeighbourRoom::For(std::uint64_t sessions) {
  const std::uint64_t room = std::bit_ceil(sessions + kOthers);
  return {room, 2 * room, 4 * room};
}

std::optional<std::string> NeighbourRoom::Check(const SessionNumbers& sessions) {
  const std::uint64_t allowed = sessions.allowed != 0 ? sessions.allowed : kKernelDefault;
  const std::uint64_t wanted = std::max<std::uint64_t>(allowed, sessions.now);
  if (wanted <= judged_) return std::nullopt;
  std::vector<std::string> narrow;
  std::uint64_t least = UINT64_MAX;
  for (const char* family : {"ipv4", "ipv6"}) {
    const auto room = RoomOf(kernel_, family);
    if (!room) continue;
    least = std::min(least, *room);
    if (*room < wanted) narrow.emplace_back(family);
  }
  if (narrow.empty()) {
    // Sessions beyond a limit that was lowered, or without one, may still come to outgrow it.
    judged_ = std::max(wanted, least);
    return std::nullopt;
  }
  // Said once; again only when there are, or may be, twice as many.
  judged_ = 2 * wanted;
  return "the kernel's neighbour table has room for " + std::to_string(least) +
         " entries and each session needs one, but " + std::to_string(wanted) +
         (sessions.now >= wanted ? " sessions are there" : " sessions are allowed") +
         ": beyond that every packet costs several times as much. Remedy: " +
         Remedy(narrow, wanted);
}

}  // namespace sstpgw::gateway
