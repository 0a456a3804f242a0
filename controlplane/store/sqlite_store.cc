#include "controlplane/store/sqlite_store.h"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <utility>

#include "controlplane/store/store_files.h"

namespace sstpgw::cp::store {
namespace {

constexpr int kApplicationId = 0x53535450;  // "SSTP"
constexpr std::uint64_t kPageOctets = 4096;

const char* NameOf(Table table) {
  switch (table) {
    case Table::kSpool:
      return "spool";
    case Table::kSession:
      return "session";
    case Table::kValue:
      return "value";
  }
  return "?";
}

std::string PathOf(const SqliteOptions& options) { return options.directory + "/" + options.file; }

ErrorCode CodeOf(int result) {
  switch (result & 0xff) {
    case SQLITE_FULL:
    case SQLITE_TOOBIG:
    case SQLITE_NOMEM:
      return ErrorCode::kResourceExhausted;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return ErrorCode::kPermissionDenied;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorCode::kUnavailable;
    default:
      return ErrorCode::kSystem;
  }
}

bool IsDamage(int result) {
  return (result & 0xff) == SQLITE_CORRUPT || (result & 0xff) == SQLITE_NOTADB;
}

// Ends the use of a statement that stays prepared.
class Use {
 public:
  explicit Use(sqlite3_stmt* statement) : statement_(statement) {}
  ~Use() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

 private:
  sqlite3_stmt* statement_;
};

using OwnedStatement = std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>;

}  // namespace

SqliteStore::~SqliteStore() {
  for (sqlite3_stmt* statement : put_) sqlite3_finalize(statement);
  for (sqlite3_stmt* statement : erase_) sqlite3_finalize(statement);
  sqlite3_close(database_);
}

Error SqliteStore::LastError(const std::string& what) const {
  const int result = sqlite3_extended_errcode(database_);
  std::string why = sqlite3_errmsg(database_);
  ErrorCode code = CodeOf(result);
  if ((result & 0xff) == SQLITE_BUSY) why = "another process has it open";
  if ((result & 0xff) == SQLITE_IOERR) {
    const int reason = sqlite3_system_errno(database_);
    if (reason == ENOSPC || reason == EDQUOT) code = ErrorCode::kResourceExhausted;
    if (reason != 0) why = SystemError(why, reason).message;
  }
  return {code, "store " + path_ + ": " + what + ": " + why};
}

// ---- Opening

bool SqliteStore::Exists(const SqliteOptions& options) { return IsThere(PathOf(options)); }

Result<SqliteStore::Opened> SqliteStore::Open(const SqliteOptions& options,
                                              std::int64_t unix_seconds) {
  const std::string path = PathOf(options);
  SG_RETURN_IF_ERROR(PrepareStoreFile(options.directory, path));
  Opened opened;
  bool damaged = false;
  Result<std::unique_ptr<SqliteStore>> store = OpenFile(path, options.max_octets, damaged);
  if (!store && damaged) {
    opened.damage = store.error().message;
    SG_ASSIGN_OR_RETURN(opened.set_aside, SetStoreAside(options.directory, path, unix_seconds));
    SG_RETURN_IF_ERROR(PrepareStoreFile(options.directory, path));
    store = OpenFile(path, options.max_octets, damaged);
  }
  if (!store) return Fail(store.error());
  opened.store = std::move(*store);
  return opened;
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::OpenFile(const std::string& path,
                                                           std::uint64_t max_octets,
                                                           bool& damaged) {
  sqlite3* database = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int result = sqlite3_open_v2(path.c_str(), &database, flags, nullptr);
  std::unique_ptr<SqliteStore> store(new SqliteStore(path, database));
  damaged = false;
  if (result != SQLITE_OK) {
    return Fail(
        Error{CodeOf(result), "store " + path + ": cannot be opened: " + sqlite3_errstr(result)});
  }
  if (const Result<void> ready = store->SetUp(max_octets, damaged); !ready) {
    damaged = damaged || IsDamage(sqlite3_extended_errcode(database));
    return Fail(ready.error());
  }
  return store;
}

Result<void> SqliteStore::SetUp(std::uint64_t max_octets, bool& damaged) {
  sqlite3_limit(database_, SQLITE_LIMIT_LENGTH, static_cast<int>(kMaxValueOctets));
  SG_RETURN_IF_ERROR(Execute("PRAGMA locking_mode = EXCLUSIVE"));
  SG_RETURN_IF_ERROR(CheckOwner());
  SG_ASSIGN_OR_RETURN(const std::string mode, Ask("PRAGMA journal_mode = WAL"));
  if (mode != "wal") {
    return Fail(Error{ErrorCode::kUnsupported,
                      "store " + path_ + ": no write-ahead log here, journal mode is " + mode});
  }
  const std::uint64_t pages = std::max<std::uint64_t>(max_octets / kPageOctets, 1);
  for (const std::string& sql :
       {std::string("PRAGMA synchronous = FULL"), std::string("PRAGMA trusted_schema = OFF"),
        std::string("PRAGMA temp_store = MEMORY"),
        std::string("PRAGMA journal_size_limit = 16777216"),
        "PRAGMA max_page_count = " +
            std::to_string(std::min<std::uint64_t>(pages, std::numeric_limits<int>::max()))}) {
    SG_RETURN_IF_ERROR(Execute(sql));
  }
  SG_RETURN_IF_ERROR(CheckContent(damaged));
  SG_RETURN_IF_ERROR(MakeTables());
  return Prepare();
}

Result<void> SqliteStore::CheckOwner() {
  SG_ASSIGN_OR_RETURN(const std::string tables, Ask("SELECT count(*) FROM sqlite_schema"));
  SG_ASSIGN_OR_RETURN(const std::string application, Ask("PRAGMA application_id"));
  SG_ASSIGN_OR_RETURN(const std::string schema, Ask("PRAGMA user_version"));
  const bool empty = tables == "0" && application == "0" && schema == "0";
  if (!empty && application != std::to_string(kApplicationId)) {
    return Fail(Error{ErrorCode::kInvalidArgument,
                      "store " + path_ + ": is a database of another program"});
  }
  // Numbers SQLite gave are decimal and fit.
  if (std::atoi(schema.c_str()) > kSchema) {
    return Fail(Error{ErrorCode::kUnsupported,
                      "store " + path_ +
                          ": was written by a newer version of this program (schema " + schema +
                          ", this one knows " + std::to_string(kSchema) + ")"});
  }
  return {};
}

Result<void> SqliteStore::CheckContent(bool& damaged) {
  SG_ASSIGN_OR_RETURN(const std::string verdict, Ask("PRAGMA quick_check(1)"));
  if (verdict == "ok") return {};
  damaged = true;
  return Fail(Error{ErrorCode::kSystem, "store " + path_ + ": is damaged: " + verdict});
}

Result<void> SqliteStore::MakeTables() {
  std::string sql = "BEGIN IMMEDIATE;";
  for (const Table table : kTables) {
    sql += std::string("CREATE TABLE IF NOT EXISTS ") + NameOf(table) +
           " (key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;";
  }
  sql += "PRAGMA application_id = " + std::to_string(kApplicationId) + ";";
  sql += "PRAGMA user_version = " + std::to_string(kSchema) + ";COMMIT";
  return Execute(sql);
}

Result<void> SqliteStore::Prepare() {
  const auto prepare = [this](const std::string& sql, sqlite3_stmt*& statement) -> Result<void> {
    if (sqlite3_prepare_v3(database_, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement,
                           nullptr) != SQLITE_OK) {
      return Fail(LastError("cannot be used"));
    }
    return {};
  };
  for (const Table table : kTables) {
    const auto index = static_cast<std::size_t>(table);
    const std::string name = NameOf(table);
    SG_RETURN_IF_ERROR(
        prepare("INSERT OR REPLACE INTO " + name + " (key, value) VALUES (?1, ?2)", put_[index]));
    SG_RETURN_IF_ERROR(prepare("DELETE FROM " + name + " WHERE key = ?1", erase_[index]));
  }
  return {};
}

Result<void> SqliteStore::Execute(const std::string& sql) {
  if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return Fail(LastError("cannot be used"));
  }
  return {};
}

Result<std::string> SqliteStore::Ask(const std::string& sql) {
  sqlite3_stmt* raw = nullptr;
  const int prepared = sqlite3_prepare_v2(database_, sql.c_str(), -1, &raw, nullptr);
  const OwnedStatement statement(raw, &sqlite3_finalize);
  if (prepared != SQLITE_OK) return Fail(LastError("cannot be read"));
  const int result = sqlite3_step(raw);
  if (result != SQLITE_ROW && result != SQLITE_DONE) return Fail(LastError("cannot be read"));
  const unsigned char* text = result == SQLITE_ROW ? sqlite3_column_text(raw, 0) : nullptr;
  return text == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(text));
}

// ---- Use

Result<void> SqliteStore::ApplyOne(const Change& change) {
  const auto* put = std::get_if<store::Put>(&change);
  const auto* erase = std::get_if<store::Erase>(&change);
  const auto index = static_cast<std::size_t>(put != nullptr ? put->table : erase->table);
  const std::string& key = put != nullptr ? put->key : erase->key;
  sqlite3_stmt* statement = put != nullptr ? put_[index] : erase_[index];
  const Use use(statement);
  int result =
      sqlite3_bind_text64(statement, 1, key.data(), key.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (result == SQLITE_OK && put != nullptr) {
    // A null pointer would bind NULL.
    const void* data = put->value.empty() ? "" : static_cast<const void*>(put->value.data());
    result = sqlite3_bind_blob64(statement, 2, data, put->value.size(), SQLITE_STATIC);
  }
  if (result == SQLITE_OK) result = sqlite3_step(statement);
  if (result != SQLITE_DONE) return Fail(LastError("cannot be written"));
  return {};
}

Result<void> SqliteStore::Apply(std::span<const ChangeList> batches) {
  SG_RETURN_IF_ERROR(Execute("BEGIN IMMEDIATE"));
  Result<void> applied;
  for (const ChangeList& batch : batches) {
    for (const Change& change : batch) {
      if (applied) applied = ApplyOne(change);
    }
  }
  if (applied) applied = Execute("COMMIT");
  // Some errors have rolled back already.
  if (!applied && sqlite3_get_autocommit(database_) == 0) {
    sqlite3_exec(database_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
  return applied;
}

Result<void> SqliteStore::ForEach(Table table, const Visit& visit) {
  sqlite3_stmt* raw = nullptr;
  const std::string sql = std::string("SELECT key, value FROM ") + NameOf(table) + " ORDER BY key";
  const int prepared = sqlite3_prepare_v2(database_, sql.c_str(), -1, &raw, nullptr);
  const OwnedStatement statement(raw, &sqlite3_finalize);
  if (prepared != SQLITE_OK) return Fail(LastError("cannot be read"));
  for (;;) {
    const int result = sqlite3_step(raw);
    if (result == SQLITE_DONE) return {};
    if (result != SQLITE_ROW) return Fail(LastError("cannot be read"));
    const auto* key = static_cast<const char*>(sqlite3_column_blob(raw, 0));
    const auto key_size = static_cast<std::size_t>(sqlite3_column_bytes(raw, 0));
    const auto* value = static_cast<const std::uint8_t*>(sqlite3_column_blob(raw, 1));
    const auto value_size = static_cast<std::size_t>(sqlite3_column_bytes(raw, 1));
    visit(key == nullptr ? std::string() : std::string(key, key_size), {value, value_size});
  }
}

}  // namespace sstpgw::cp::store
