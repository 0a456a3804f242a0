#include "controlplane/store/store_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace sstpgw::cp::store {
namespace {

Error FileError(const std::string& what, int errno_value) {
  Error error = SystemError(what, errno_value);
  if (errno_value == EACCES || errno_value == EPERM || errno_value == EROFS) {
    error.code = ErrorCode::kPermissionDenied;
  }
  if (errno_value == ENOSPC || errno_value == EDQUOT) error.code = ErrorCode::kResourceExhausted;
  return error;
}

// Those above it are for everybody to pass through.
Result<void> MakeFolders(const std::string& directory) {
  for (std::size_t end = directory.find('/', 1);; end = directory.find('/', end + 1)) {
    const bool last = end == std::string::npos;
    const std::string folder = directory.substr(0, end);
    struct stat status {};
    if (::mkdir(folder.c_str(), last ? 0700 : 0755) != 0) {
      const int reason = errno;
      if (::stat(folder.c_str(), &status) != 0) {
        return Fail(FileError("cannot create the store's folder " + folder, reason));
      }
      if (!S_ISDIR(status.st_mode)) return Fail(FileError("store's folder " + folder, ENOTDIR));
    }
    if (last) return {};
  }
}

// New names in a folder survive a power failure only then.
Result<void> SyncFolder(const std::string& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Fail(FileError("store's folder " + directory, errno));
  const int result = ::fsync(fd);
  const int reason = errno;
  ::close(fd);
  if (result != 0) return Fail(FileError("store's folder " + directory, reason));
  return {};
}

}  // namespace

bool IsThere(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

Result<void> PrepareStoreFile(const std::string& directory, const std::string& path) {
  if (directory.empty() || directory.front() != '/') {
    return Fail(Error{ErrorCode::kInvalidArgument,
                      "the store's folder '" + directory + "' must be absolute (start with /)"});
  }
  SG_RETURN_IF_ERROR(MakeFolders(directory));
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd >= 0) {
    ::close(fd);
    return SyncFolder(directory);
  }
  if (errno != EEXIST) return Fail(FileError("cannot create " + path, errno));
  // Not opened here: closing it would end the locks that another object of this process has on it.
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return Fail(FileError(path, errno));
  if (!S_ISREG(status.st_mode)) {
    return Fail(Error{ErrorCode::kInvalidArgument, path + ": is not a file"});
  }
  if (::access(path.c_str(), R_OK | W_OK) != 0)
    return Fail(FileError("cannot write " + path, errno));
  if ((status.st_mode & 077) != 0 && ::chmod(path.c_str(), 0600) != 0) {
    return Fail(FileError("cannot take others' permissions away from " + path, errno));
  }
  return {};
}

Result<std::string> SetStoreAside(const std::string& directory, const std::string& path,
                                  std::int64_t unix_seconds) {
  const std::string base = path + ".corrupt-" + std::to_string(unix_seconds);
  std::string aside = base;
  for (int i = 2; IsThere(aside); ++i) aside = base + "-" + std::to_string(i);
  const std::array<std::string, 3> parts{"-wal", "-shm", ""};
  for (const std::string& part : parts) {
    if (::rename((path + part).c_str(), (aside + part).c_str()) == 0) continue;
    if (errno == ENOENT && !part.empty()) continue;
    return Fail(FileError("cannot put aside " + path + part, errno));
  }
  SG_RETURN_IF_ERROR(SyncFolder(directory));
  return aside;
}

}  // namespace sstpgw::cp::store
