#include "controlplane/edge/files.h"

#include <sys/stat.h>

#include <cstdlib>

#include "tests/support/temp_dir.h"

namespace sstpgw::cp {
namespace {

TEST(ReadWholeFile, ReadsOrSaysWhyNot) {
  const sstpgw::test::TempDir folder;
  const std::string path = folder.Write("a", std::string("x\0y", 3));
  EXPECT_EQ(*ReadWholeFile(path), std::string("x\0y", 3));
  EXPECT_EQ(ReadWholeFile(folder.File("none")).error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(ReadWholeFile(folder.path()));
  EXPECT_FALSE(ReadWholeFile("/dev/zero"));
  const auto too_long = ReadWholeFile(path, 2);
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code, ErrorCode::kResourceExhausted);
}

TEST(ReadWholeFile, APipeNobodyWritesToIsNotWaitedFor) {
  const sstpgw::test::TempDir folder;
  const std::string path = folder.File("pipe");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(*ReadWholeFile(path), "");
}

TEST(ReadEnvironmentVariable, IsThereOrNot) {
  ::setenv("SG_TEST_VARIABLE", "value", 1);
  EXPECT_EQ(*ReadEnvironmentVariable("SG_TEST_VARIABLE"), "value");
  ::unsetenv("SG_TEST_VARIABLE");
  EXPECT_EQ(ReadEnvironmentVariable("SG_TEST_VARIABLE").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace sstpgw::cp
