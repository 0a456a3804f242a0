// A store whose disk is full or read-only: clear errors, nothing half done, and it goes on when
// there is room.
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "controlplane/store/sqlite_store.h"
#include "tests/support/namespaces.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/store/store_rows.h"

namespace sstpgw::cp::store {
namespace {

constexpr std::int64_t kNow = 1732267345;

Result<void> PutRow(Store& store, const std::string& key) {
  const std::vector<ChangeList> batches{PutOne(Table::kSpool, key, Bytes(400, 0x55))};
  return store.Apply(batches);
}

// Writes until there is no room; the number of rows that were taken.
int Fill(Store& store, Error& error) {
  for (int i = 0; i < 100'000; ++i) {
    if (const Result<void> put = PutRow(store, std::to_string(1'000'000 + i)); !put) {
      error = put.error();
      return i;
    }
  }
  return -1;
}

Result<void> EraseRows(Store& store, int count) {
  ChangeList changes;
  for (int i = 0; i < count; ++i) {
    changes.emplace_back(Erase{Table::kSpool, std::to_string(1'000'000 + i)});
  }
  const std::vector<ChangeList> batches{changes};
  return store.Apply(batches);
}

TEST(SqliteStoreFull, TheFileGrowsToItsBoundAndNoFurther) {
  const test::TempDir folder;
  SqliteOptions options;
  options.directory = folder.path();
  options.max_octets = 256 * 1024;
  auto opened = SqliteStore::Open(options, kNow);
  ASSERT_TRUE(opened);
  Error error;
  const int rows = Fill(*opened->store, error);
  ASSERT_GT(rows, 100);
  EXPECT_EQ(error.code, ErrorCode::kResourceExhausted) << error.message;
  EXPECT_EQ(RowsOf(*opened->store, Table::kSpool).size(), static_cast<std::size_t>(rows));
  ASSERT_TRUE(EraseRows(*opened->store, 50)) << "what is acknowledged can go";
  EXPECT_TRUE(PutRow(*opened->store, "again"));
  opened->store.reset();
  EXPECT_LE(std::filesystem::file_size(folder.File("control.db")), 256U * 1024);
}

// Runs `body` in a thread that has a file system of `size` octets at `path`, seen by nobody else.
void OnSmallDisk(const std::string& path, const std::string& size,
                 const std::function<void()>& body) {
  std::thread thread([&] {
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    ASSERT_EQ(::mount("tmpfs", path.c_str(), "tmpfs", 0, ("size=" + size).c_str()), 0);
    body();
    EXPECT_EQ(::umount2(path.c_str(), MNT_DETACH), 0);
  });
  thread.join();
}

TEST(SqliteStoreFull, AFullDiskIsToldAndOvercome) {
  if (!test::CanUseNamespaces()) GTEST_SKIP() << test::SkipReason();
  const test::TempDir folder;
  OnSmallDisk(folder.path(), "1m", [&] {
    SqliteOptions options;
    options.directory = folder.path();
    const auto opened = SqliteStore::Open(options, kNow);
    ASSERT_TRUE(opened) << opened.error().message;
    std::ofstream(folder.File("ballast")) << std::string(400 * 1024, 'b');
    Error error;
    const int rows = Fill(*opened->store, error);
    ASSERT_GT(rows, 10);
    EXPECT_EQ(error.code, ErrorCode::kResourceExhausted) << error.message;
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(PutRow(*opened->store, "more"));
    EXPECT_EQ(RowsOf(*opened->store, Table::kSpool).size(), static_cast<std::size_t>(rows));
    ASSERT_EQ(::unlink(folder.File("ballast").c_str()), 0);
    const Result<void> put = PutRow(*opened->store, "more");
    EXPECT_TRUE(put) << put.error().message;
    EXPECT_EQ(RowsOf(*opened->store, Table::kSpool).size(), static_cast<std::size_t>(rows) + 1);
  });
}

TEST(SqliteStoreFull, NoRoomForTheFileAtAll) {
  if (!test::CanUseNamespaces()) GTEST_SKIP() << test::SkipReason();
  const test::TempDir folder;
  OnSmallDisk(folder.path(), "8k", [&] {
    SqliteOptions options;
    options.directory = folder.path();
    const auto opened = SqliteStore::Open(options, kNow);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::kResourceExhausted) << opened.error().message;
  });
}

TEST(SqliteStoreFull, AReadOnlyFileSystem) {
  if (!test::CanUseNamespaces()) GTEST_SKIP() << test::SkipReason();
  const test::TempDir folder;
  OnSmallDisk(folder.path(), "2m", [&] {
    SqliteOptions options;
    options.directory = folder.path();
    const auto remount = [&](unsigned long flags) {
      return ::mount("tmpfs", folder.path().c_str(), "tmpfs", MS_REMOUNT | flags, nullptr);
    };
    ASSERT_EQ(remount(MS_RDONLY), 0);
    auto opened = SqliteStore::Open(options, kNow);
    ASSERT_FALSE(opened) << "no file yet";
    EXPECT_EQ(opened.error().code, ErrorCode::kPermissionDenied) << opened.error().message;
    ASSERT_EQ(remount(0), 0);
    opened = SqliteStore::Open(options, kNow);
    ASSERT_TRUE(opened);
    ASSERT_TRUE(PutRow(*opened->store, "a"));
    opened->store.reset();
    ASSERT_EQ(remount(MS_RDONLY), 0);
    opened = SqliteStore::Open(options, kNow);
    ASSERT_FALSE(opened) << "a file that is there";
    EXPECT_EQ(opened.error().code, ErrorCode::kPermissionDenied) << opened.error().message;
  });
}

}  // namespace
}  // namespace sstpgw::cp::store
