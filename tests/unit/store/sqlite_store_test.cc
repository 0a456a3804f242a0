#include "controlplane/store/sqlite_store.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "tests/support/temp_dir.h"
#include "tests/unit/store/store_rows.h"

namespace sstpgw::cp::store {
namespace {

constexpr std::int64_t kNow = 1732267345;

class SqliteStoreTest : public ::testing::Test {
 protected:
  SqliteOptions Options() {
    SqliteOptions options;
    options.directory = folder.path() + "/lib/sstp";
    return options;
  }
  std::string Path() { return Options().directory + "/control.db"; }
  Result<SqliteStore::Opened> Open() { return SqliteStore::Open(Options(), kNow); }
  std::unique_ptr<SqliteStore> MustOpen() {
    Result<SqliteStore::Opened> opened = Open();
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? std::move(opened->store) : nullptr;
  }
  // As another program would.
  void Sql(const std::string& sql) {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open(Path().c_str(), &database), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database);
    sqlite3_close(database);
  }
  void Overwrite(std::streamoff at, const std::string& octets) {
    std::fstream file(Path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(at);
    file << octets;
    ASSERT_TRUE(file.good());
  }
  static mode_t ModeOf(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
  }

  test::TempDir folder;
};

Result<void> ApplyOne(Store& store, ChangeList changes) {
  const std::vector<ChangeList> batches{std::move(changes)};
  return store.Apply(batches);
}

TEST_F(SqliteStoreTest, RowsOutliveTheObject) {
  {
    const auto store = MustOpen();
    Bytes all;
    for (int i = 0; i < 256; ++i) all.push_back(static_cast<std::uint8_t>(i));
    const std::vector<ChangeList> batches{
        {Put{Table::kSpool, "b", Value("1")}, Put{Table::kSpool, "a", all},
         Put{Table::kSession, "g/1", Value("s")}, Put{Table::kValue, "empty", {}}},
        {Put{Table::kSpool, "b", Value("2")}, Erase{Table::kSession, "g/1"},
         Erase{Table::kSession, "not there"}},
    };
    EXPECT_TRUE(store->Apply(batches));
    EXPECT_TRUE(store->Apply({}));
  }
  const auto store = MustOpen();
  const auto spool = RowsOf(*store, Table::kSpool);
  ASSERT_EQ(spool.size(), 2U);
  EXPECT_EQ(spool.at("a").size(), 256U);
  EXPECT_EQ(spool.at("a")[255], 255);
  EXPECT_EQ(spool.at("b"), Value("2"));
  EXPECT_TRUE(RowsOf(*store, Table::kSession).empty());
  EXPECT_EQ(RowsOf(*store, Table::kValue).at("empty"), Bytes());
}

TEST_F(SqliteStoreTest, ABatchIsAppliedAsAWholeOrNotAtAll) {
  const auto store = MustOpen();
  ASSERT_TRUE(ApplyOne(*store, PutOne(Table::kValue, "before", Value("x"))));
  const std::vector<ChangeList> batches{
      PutOne(Table::kValue, "good", Value("y")),
      PutOne(Table::kValue, "bad", Bytes(SqliteStore::kMaxValueOctets + 1)),
  };
  const Result<void> applied = store->Apply(batches);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::kResourceExhausted);
  EXPECT_NE(applied.error().message.find(Path()), std::string::npos) << applied.error().message;
  EXPECT_EQ(RowsOf(*store, Table::kValue).size(), 1U);
  EXPECT_TRUE(ApplyOne(*store, PutOne(Table::kValue, "after", Value("z")))) << "it goes on";
  EXPECT_EQ(RowsOf(*store, Table::kValue).size(), 2U);
}

TEST_F(SqliteStoreTest, NobodyElseMayReadTheFiles) {
  auto store = MustOpen();
  ASSERT_TRUE(ApplyOne(*store, PutOne(Table::kValue, "a", Value("x"))));
  EXPECT_EQ(ModeOf(Options().directory), 0700U);
  EXPECT_EQ(ModeOf(Path()), 0600U);
  EXPECT_EQ(ModeOf(Path() + "-wal"), 0600U);
  store.reset();
  ASSERT_EQ(::chmod(Path().c_str(), 0644), 0);
  store = MustOpen();
  EXPECT_EQ(ModeOf(Path()), 0600U);
}

TEST_F(SqliteStoreTest, OneProcessAtATime) {
  const auto first = MustOpen();
  ASSERT_TRUE(ApplyOne(*first, PutOne(Table::kValue, "a", Value("x"))));
  const auto second = Open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(second.error().message.find("another process"), std::string::npos);
  EXPECT_TRUE(ApplyOne(*first, PutOne(Table::kValue, "b", Value("x")))) << "undisturbed";
}

TEST_F(SqliteStoreTest, ANewerSchemaIsRefusedAndNotTouched) {
  ASSERT_TRUE(ApplyOne(*MustOpen(), PutOne(Table::kValue, "a", Value("x"))));
  Sql("PRAGMA user_version = 2");
  const std::string before = test::ReadFile(Path());
  const auto opened = Open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(opened.error().message.find("newer version"), std::string::npos);
  EXPECT_EQ(test::ReadFile(Path()), before);
  Sql("PRAGMA user_version = 1");
  EXPECT_EQ(RowsOf(*MustOpen(), Table::kValue).size(), 1U);
}

TEST_F(SqliteStoreTest, AnotherProgramsDatabaseIsRefused) {
  MustOpen().reset();
  ASSERT_EQ(::unlink(Path().c_str()), 0);
  Sql("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)");
  const auto opened = Open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(opened.error().message.find("another program"), std::string::npos);
}

TEST_F(SqliteStoreTest, ADamagedFileIsKeptAsideAndANewOneBegun) {
  ASSERT_TRUE(ApplyOne(*MustOpen(), PutOne(Table::kValue, "a", Value("x"))));
  Overwrite(0, "this is no database at all");
  const std::string damaged = test::ReadFile(Path());
  auto opened = Open();
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(opened->set_aside, Path() + ".corrupt-1732267345");
  EXPECT_NE(opened->damage.find("not a database"), std::string::npos) << opened->damage;
  EXPECT_EQ(test::ReadFile(opened->set_aside), damaged);
  EXPECT_TRUE(RowsOf(*opened->store, Table::kValue).empty());
  ASSERT_TRUE(ApplyOne(*opened->store, PutOne(Table::kValue, "b", Value("y"))));
  opened->store.reset();
  Overwrite(0, "again");
  opened = Open();
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->set_aside, Path() + ".corrupt-1732267345-2") << "nothing is written over";
}

TEST_F(SqliteStoreTest, DamageInTheMiddleIsFoundAtTheStart) {
  {
    const auto store = MustOpen();
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(ApplyOne(*store, PutOne(Table::kSpool, std::to_string(i), Bytes(400, 0x55))));
    }
  }
  Overwrite(5 * 4096, std::string(4096, '\x7f'));
  const auto opened = Open();
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_FALSE(opened->set_aside.empty());
  EXPECT_FALSE(opened->damage.empty());
}

TEST_F(SqliteStoreTest, ATruncatedFileIsDamaged) {
  {
    const auto store = MustOpen();
    for (int i = 0; i < 200; ++i) {
      ASSERT_TRUE(ApplyOne(*store, PutOne(Table::kSpool, std::to_string(i), Bytes(400, 0x55))));
    }
  }
  ASSERT_EQ(::truncate(Path().c_str(), 6 * 4096 + 17), 0);
  const auto opened = Open();
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_FALSE(opened->set_aside.empty());
}

TEST_F(SqliteStoreTest, PlacesThatAreNoPlaces) {
  const auto code = [](SqliteOptions options) {
    const auto opened = SqliteStore::Open(options, kNow);
    return opened ? ErrorCode::kInternal : opened.error().code;
  };
  SqliteOptions options = Options();
  options.directory = "relative/path";
  EXPECT_EQ(code(options), ErrorCode::kInvalidArgument);
  options.directory = folder.Write("file", "x") + "/below";
  EXPECT_EQ(code(options), ErrorCode::kSystem) << "not a folder";
  options = Options();
  MustOpen().reset();
  ASSERT_EQ(::unlink(Path().c_str()), 0);
  ASSERT_EQ(::mkdir(Path().c_str(), 0700), 0);
  EXPECT_EQ(code(options), ErrorCode::kInvalidArgument) << "a folder instead of the file";
  ASSERT_EQ(::rmdir(Path().c_str()), 0);
  ASSERT_EQ(::symlink("/dev/null", Path().c_str()), 0);
  EXPECT_EQ(code(options), ErrorCode::kInvalidArgument) << "a link";
}

}  // namespace
}  // namespace sstpgw::cp::store
