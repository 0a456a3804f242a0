#include "controlplane/edge/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sstpgw::cp {
namespace {

constexpr const char* kPrefix = "unix:";

Result<void> MakeFolders(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    if (::mkdir(folder.c_str(), 0755) == 0) continue;
    const int reason = errno == EEXIST ? ENOTDIR : errno;
    struct stat status {};
    if (::stat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) continue;
    return Fail(SystemError("cannot create folder " + folder + " for socket " + path, reason));
  }
  return {};
}

bool SomebodyListens(const sockaddr_un& address) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  const int result = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  // EAGAIN: its queue of connections is full, so there is a listener.
  const bool listens = result == 0 || errno == EAGAIN || errno == EINPROGRESS;
  ::close(fd);
  return listens;
}

}  // namespace

std::string UnixSocketPath(const std::string& address) {
  if (address.rfind(kPrefix, 0) == 0) return address.substr(std::strlen(kPrefix));
  return address.rfind('/', 0) == 0 ? address : std::string();
}

Result<void> PrepareUnixSocket(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.front() != '/') {
    return Fail(Error{ErrorCode::kInvalidArgument,
                      "socket path '" + path + "' must be absolute (start with /)"});
  }
  if (path.size() >= sizeof(address.sun_path)) {
    return Fail(Error{ErrorCode::kInvalidArgument,
                      "socket path " + path + " is longer than " +
                          std::to_string(sizeof(address.sun_path) - 1) + " octets"});
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  SG_RETURN_IF_ERROR(MakeFolders(path));
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return Fail(SystemError("cannot look at socket " + path, errno));
  }
  if (!S_ISSOCK(status.st_mode)) {
    return Fail(Error{ErrorCode::kAlreadyExists,
                      path + " exists and is not a socket; remove it or choose another path"});
  }
  if (SomebodyListens(address)) {
    return Fail(Error{ErrorCode::kAlreadyExists,
                      "another process already listens on " + path + "; stop it first"});
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return Fail(SystemError("cannot remove stale socket " + path, errno));
  }
  return {};
}

Result<void> RestrictUnixSocket(const std::string& path) {
  if (::chmod(path.c_str(), 0660) != 0) {
    return Fail(SystemError("cannot set permissions of socket " + path, errno));
  }
  return {};
}

}  // namespace sstpgw::cp
