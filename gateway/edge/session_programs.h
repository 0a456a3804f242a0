// The kernel's part of limiting, counting and checking sources (ebpf/README.md): the two programs
// of every session's interface and the maps with what they are to do, loaded once per process.
//
// Threads: any, at once, without locks; but what concerns one interface comes from one thread at a
// time. Needs CAP_BPF and CAP_NET_ADMIN.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "ebpf/abi.h"
#include "gateway/edge/bpf_object.h"
#include "gateway/edge/bpf_pins.h"
#include "gateway/edge/interface_map.h"
#include "gateway/edge/kernel.h"
#include "proto/base/error.h"
#include "proto/base/result.h"
#include "proto/base/types.h"

namespace sstpgw::edge {

// Interfaces of sessions pass here on their way to the client and from it.
enum class ProgramSide : std::uint8_t { kFromClient, kToClient };

class SessionPrograms {
 public:
  struct Options {
    std::uint32_t max_interfaces = 65536;
    // A folder of its own on a bpffs, "/sys/fs/bpf/sstp-gateway/NAME"; empty: nothing is pinned.
    std::string pin_folder{};
  };
  // Maps that a crashed predecessor has pinned are taken over if they are the same in form, without
  // the entries of interfaces that are gone from this network namespace. Where pinning is not
  // possible (no bpffs, somebody else's folder or pins) it works without and says so in the log,
  // level info. `kernel` must outlive it. Errors: libbpf's and the verifier's, with their words.
  static Result<SessionPrograms> Load(Kernel& kernel, const Options& options);

  // What the programs do with the interface's packets from the next one on; bucket and counters
  // start from zero if it is new here and go on otherwise. kResourceExhausted: the maps are full;
  // then as after any error everything is as before.
  Result<void> SetPolicy(InterfaceIndex index, sg_policy policy) const;
  // Nothing passes any more where the programs are still attached. None there is no error.
  Result<void> Remove(InterfaceIndex index) const;

  // Bucket and counters of one moment. kNotFound: it has no policy.
  [[nodiscard]] Result<sg_state> ReadDown(InterfaceIndex index) const;
  [[nodiscard]] Result<sg_state> ReadUp(InterfaceIndex index) const;

  // For attaching.
  [[nodiscard]] int fd(ProgramSide side) const {
    return side == ProgramSide::kFromClient ? from_client_ : to_client_;
  }
  // Where they are pinned; empty: nowhere.
  [[nodiscard]] std::string pin_folder() const { return pins_ ? pins_->folder() : ""; }

 private:
  SessionPrograms(Kernel& kernel, BpfObject object, std::optional<BpfPins> pins);
  void RemoveLeftovers() const;
  Result<void> Create(InterfaceIndex index, const sg_policy& policy) const;
  [[nodiscard]] Result<sg_state> Read(const InterfaceMap& map, InterfaceIndex index) const;

  std::optional<BpfPins> pins_;
  BpfObject object_;
  InterfaceMap policies_;
  InterfaceMap downs_;
  InterfaceMap ups_;
  int from_client_;
  int to_client_;
};

}  // namespace sstpgw::edge
