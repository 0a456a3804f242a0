#include "controlplane/edge/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "tests/support/temp_dir.h"

namespace sstpgw::cp {
namespace {

using ::testing::HasSubstr;

int ListenOn(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  EXPECT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(::listen(fd, 1), 0);
  return fd;
}

TEST(UnixSocketPath, UnderstandsBothForms) {
  EXPECT_EQ(UnixSocketPath("unix:/run/a.sock"), "/run/a.sock");
  EXPECT_EQ(UnixSocketPath("/run/a.sock"), "/run/a.sock");
  EXPECT_EQ(UnixSocketPath("10.0.0.1:80"), "");
  EXPECT_EQ(UnixSocketPath(""), "");
}

TEST(PrepareUnixSocket, MakesFoldersAndRemovesWhatNobodyListensOn) {
  const sstpgw::test::TempDir folder;
  const std::string path = folder.File("a/b/c.sock");
  ASSERT_TRUE(PrepareUnixSocket(path));
  const int fd = ListenOn(path);
  const auto taken = PrepareUnixSocket(path);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::kAlreadyExists);
  EXPECT_THAT(taken.error().message, HasSubstr("another process already listens on"));
  ASSERT_TRUE(RestrictUnixSocket(path));
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0660U);
  ::close(fd);  // as after kill -9: the file stays
  ASSERT_TRUE(PrepareUnixSocket(path));
  EXPECT_NE(::stat(path.c_str(), &status), 0);
}

TEST(PrepareUnixSocket, LeavesOtherFilesAlone) {
  const sstpgw::test::TempDir folder;
  const std::string path = folder.Write("precious", "data");
  EXPECT_THAT(PrepareUnixSocket(path).error().message, HasSubstr("is not a socket"));
  EXPECT_EQ(sstpgw::test::ReadFile(path), "data");
  EXPECT_THAT(PrepareUnixSocket(path + "/x.sock").error().message,
              HasSubstr("cannot create folder"));
}

TEST(PrepareUnixSocket, RefusesPathsThatCannotBe) {
  EXPECT_THAT(PrepareUnixSocket("relative.sock").error().message, HasSubstr("must be absolute"));
  EXPECT_THAT(PrepareUnixSocket("/" + std::string(200, 'a')).error().message,
              HasSubstr("is longer than 107 octets"));
  EXPECT_FALSE(RestrictUnixSocket("/nonexistent/x.sock"));
}

}  // namespace
}  // namespace sstpgw::cp
