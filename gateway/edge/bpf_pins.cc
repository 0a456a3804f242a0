#include "gateway/edge/bpf_pins.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>

namespace sstpgw::edge {
namespace {

Result<void> MakeFolder(const std::string& folder) {
  for (std::size_t end = 1; end != std::string::npos;) {
    end = folder.find('/', end + 1);
    const std::string part = folder.substr(0, end);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
      return Fail(SystemError("making folder " + part, errno));
    }
  }
  return {};
}

}  // namespace

Result<BpfPins> BpfPins::Take(const std::string& folder) {
  const auto made = MakeFolder(folder);
  UniqueFd lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct statfs facts {};
  if (!lock.valid() || ::fstatfs(lock.get(), &facts) != 0 || facts.f_type != BPF_FS_MAGIC) {
    const std::string why = made ? "" : " (" + made.error().message + ")";
    return Fail(
        Error{ErrorCode::kUnsupported, folder + " is not on a bpffs" + why +
                                           "; mount -t bpf bpf /sys/fs/bpf gives the system one"});
  }
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Fail(SystemError("locking " + folder, errno));
    return Fail(Error{ErrorCode::kAlreadyExists, folder + " is held by another process"});
  }
  return BpfPins(folder, std::move(lock));
}

BpfPins::~BpfPins() {
  if (!lock_.valid()) return;
  for (const std::string& name : pinned_) ::unlink(PathOf(name).c_str());
  ::rmdir(folder_.c_str());  // unless somebody else keeps something there
}

UniqueFd BpfPins::Find(const std::string& name) const {
  return UniqueFd(::bpf_obj_get(PathOf(name).c_str()));
}

Result<void> BpfPins::Pin(const std::string& name, int fd) {
  const std::string path = PathOf(name);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return Fail(SystemError("removing " + path, errno));
  }
  if (::bpf_obj_pin(fd, path.c_str()) != 0) return Fail(SystemError("pinning " + path, errno));
  pinned_.push_back(name);
  return {};
}

}  // namespace sstpgw::edge
