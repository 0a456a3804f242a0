// An object file of BPF programs and maps, loaded into the kernel by libbpf. What libbpf says goes
// to the log at level trace.
//
// Threads: one until it is loaded; then const, and its descriptors belong to any thread. They live
// as long as this object.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "gateway/edge/unique_fd.h"
#include "proto/base/error.h"
#include "proto/base/result.h"
#include "proto/base/types.h"

struct bpf_map;
struct bpf_object;

namespace sstpgw::edge {

class BpfObject {
 public:
  // `elf` must outlive this call only; `name` is for messages.
  static Result<BpfObject> Open(ByteView elf, const std::string& name);

  // Before Load(). kNotFound: no such map.
  Result<void> SetMaxEntries(const std::string& map, std::uint32_t entries);
  // Whether a map that is in the kernel already has the kind, sizes, room and flags of this one.
  [[nodiscard]] bool Fits(const std::string& map, const UniqueFd& existing) const;
  // Takes it instead of making a new one.
  Result<void> Reuse(const std::string& map, const UniqueFd& existing);

  // All maps and programs or nothing. Where the verifier refuses a program, the error has its last
  // lines.
  Result<void> Load();

  // After Load(); negative: there is none of this name.
  [[nodiscard]] int MapFd(const std::string& map) const;
  [[nodiscard]] int ProgramFd(const std::string& program) const;

 private:
  struct Close {
    void operator()(bpf_object* object) const;
  };
  BpfObject(std::string name, std::unique_ptr<char[]> verifier_log)
      : name_(std::move(name)), verifier_log_(std::move(verifier_log)) {}
  [[nodiscard]] Result<bpf_map*> FindMap(const std::string& map) const;

  std::string name_;
  std::unique_ptr<char[]> verifier_log_;  // libbpf writes there until the programs are loaded
  std::unique_ptr<bpf_object, Close> object_;
};

}  // namespace sstpgw::edge
