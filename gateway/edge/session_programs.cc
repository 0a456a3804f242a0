#include "gateway/edge/session_programs.h"

#include <net/if.h>

#include <array>
#include <cerrno>
#include <set>

#include "gateway/edge/session_object.h"
#include "proto/base/log.h"

namespace sstpgw::edge {
namespace {

constexpr std::array kMaps = {SG_MAP_POLICIES, SG_MAP_DOWNS, SG_MAP_UPS};
constexpr char kFromClient[] = "sg_from_client";
constexpr char kToClient[] = "sg_to_client";

template <class T>
ByteView OctetsOf(const T& value) {
  return {reinterpret_cast<const std::uint8_t*>(&value), sizeof(value)};
}

Error MapError(const std::string& what, InterfaceIndex index, Errno code) {
  Error error = SystemError(what + " of interface #" + std::to_string(index.value()), code.value());
  if (code.value() == E2BIG) {
    error.code = ErrorCode::kResourceExhausted;
    error.message =
        what + " of interface #" + std::to_string(index.value()) +
        ": the map is full, as many sessions have or had a limit as --shaped-sessions allows";
  }
  if (code.value() == ENOENT) error.code = ErrorCode::kNotFound;
  if (code.value() == EPERM) error.code = ErrorCode::kPermissionDenied;
  return error;
}

void TellUnpinned(const Error& why) {
  Log(LogLevel::kInfo, "BPF maps and programs are not pinned: " + why.message);
}

std::optional<BpfPins> TakePins(const std::string& folder) {
  if (folder.empty()) return std::nullopt;
  auto pins = BpfPins::Take(folder);
  if (pins) return std::move(*pins);
  TellUnpinned(pins.error());
  return std::nullopt;
}

Result<BpfObject> OpenObject(std::uint32_t max_interfaces) {
  SG_ASSIGN_OR_RETURN(BpfObject object, BpfObject::Open(SessionObject(), "session"));
  for (const char* map : kMaps) SG_RETURN_IF_ERROR(object.SetMaxEntries(map, max_interfaces));
  return object;
}

// All or none, since their entries belong together.
Result<void> TakeOver(BpfObject& object, const BpfPins& pins) {
  std::array<UniqueFd, kMaps.size()> existing;
  std::size_t found = 0;
  std::size_t fitting = 0;
  for (std::size_t i = 0; i < kMaps.size(); ++i) {
    existing[i] = pins.Find(kMaps[i]);
    if (!existing[i].valid()) continue;
    ++found;
    if (object.Fits(kMaps[i], existing[i])) ++fitting;
  }
  if (found == 0) return {};
  const bool whole = fitting == kMaps.size();
  Log(LogLevel::kInfo, "BPF maps that a predecessor left in " + pins.folder() +
                           (whole ? " are taken over" : " have another form and are replaced"));
  if (!whole) return {};
  for (std::size_t i = 0; i < kMaps.size(); ++i) {
    SG_RETURN_IF_ERROR(object.Reuse(kMaps[i], existing[i]));
  }
  return {};
}

Result<void> PinAll(const BpfObject& object, BpfPins& pins) {
  for (const char* map : kMaps) SG_RETURN_IF_ERROR(pins.Pin(map, object.MapFd(map)));
  for (const char* program : {kFromClient, kToClient}) {
    SG_RETURN_IF_ERROR(pins.Pin(program, object.ProgramFd(program)));
  }
  return {};
}

bool Exists(InterfaceIndex index) {
  std::array<char, IF_NAMESIZE> name{};
  return ::if_indextoname(static_cast<unsigned>(index.value()), name.data()) != nullptr;
}

}  // namespace

Result<SessionPrograms> SessionPrograms::Load(Kernel& kernel, const Options& options) {
  std::optional<BpfPins> pins = TakePins(options.pin_folder);
  auto object = OpenObject(options.max_interfaces);
  if (object && pins) {
    if (const auto taken = TakeOver(*object, *pins); !taken) {
      TellUnpinned(taken.error());
      pins.reset();
      // The first one may have some of the maps.
      object = OpenObject(options.max_interfaces);
    }
  }
  if (!object) return Fail(object.error());
  SG_RETURN_IF_ERROR(object->Load());
  if (pins) {
    if (const auto pinned = PinAll(*object, *pins); !pinned) {
      TellUnpinned(pinned.error());
      pins.reset();
    }
  }
  SessionPrograms programs(kernel, std::move(*object), std::move(pins));
  programs.RemoveLeftovers();
  return programs;
}

SessionPrograms::SessionPrograms(Kernel& kernel, BpfObject object, std::optional<BpfPins> pins)
    : pins_(std::move(pins)),
      object_(std::move(object)),
      policies_(kernel, object_.MapFd(SG_MAP_POLICIES)),
      downs_(kernel, object_.MapFd(SG_MAP_DOWNS)),
      ups_(kernel, object_.MapFd(SG_MAP_UPS)),
      from_client_(object_.ProgramFd(kFromClient)),
      to_client_(object_.ProgramFd(kToClient)) {}

void SessionPrograms::RemoveLeftovers() const {
  std::set<InterfaceIndex> gone;
  for (const InterfaceMap* map : {&policies_, &downs_, &ups_}) {
    const auto keys = map->Keys();
    if (!keys) continue;
    for (const InterfaceIndex index : *keys) {
      if (!Exists(index)) gone.insert(index);
    }
  }
  // What cannot be removed now is only memory.
  for (const InterfaceIndex index : gone) static_cast<void>(Remove(index));
  if (gone.empty()) return;
  Log(LogLevel::kInfo, "BPF maps: entries of " + std::to_string(gone.size()) +
                           " interfaces of a predecessor removed");
}

// Most often a change: one call.
Result<void> SessionPrograms::SetPolicy(InterfaceIndex index, sg_policy policy) const {
  policy.ifindex = static_cast<std::uint32_t>(index.value());
  const auto set = policies_.Set(index, OctetsOf(policy), InterfaceMap::Write::kReplace);
  if (set) return {};
  if (set.error().value() != ENOENT) return Fail(MapError("policy", index, set.error()));
  return Create(index, policy);
}

Result<void> SessionPrograms::Create(InterfaceIndex index, const sg_policy& policy) const {
  using Write = InterfaceMap::Write;
  const sg_state zero{};
  auto done = downs_.Set(index, OctetsOf(zero), Write::kAny);
  if (done) done = ups_.Set(index, OctetsOf(zero), Write::kAny);
  if (done) done = policies_.Set(index, OctetsOf(policy), Write::kCreate);
  if (done) return {};
  static_cast<void>(ups_.Erase(index));
  static_cast<void>(downs_.Erase(index));
  return Fail(MapError("new policy", index, done.error()));
}

Result<void> SessionPrograms::Remove(InterfaceIndex index) const {
  for (const InterfaceMap* map : {&policies_, &ups_, &downs_}) {
    const auto erased = map->Erase(index);
    if (!erased && erased.error().value() != ENOENT) {
      return Fail(MapError("removing the policy", index, erased.error()));
    }
  }
  return {};
}

Result<sg_state> SessionPrograms::Read(const InterfaceMap& map, InterfaceIndex index) const {
  sg_state state{};
  const auto read = map.ReadLocked(index, {reinterpret_cast<std::uint8_t*>(&state), sizeof(state)});
  if (!read) return Fail(MapError("counters", index, read.error()));
  return state;
}

Result<sg_state> SessionPrograms::ReadDown(InterfaceIndex index) const {
  return Read(downs_, index);
}

Result<sg_state> SessionPrograms::ReadUp(InterfaceIndex index) const { return Read(ups_, index); }

}  // namespace sstpgw::edge
