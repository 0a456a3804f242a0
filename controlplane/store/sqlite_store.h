// The store in one SQLite file (write-ahead log, synchronous FULL: what Apply has returned is on
// the disk). Side effects: files in one folder.
//
// - The folder is made if it is not there (mode 0700); the file has mode 0600.
// - One process at a time: the file is locked exclusively while it is open, also against readers.
// - A file that is damaged is kept under a new name ("control.db.corrupt-1732267345", with its
//   write-ahead log) and a new one is begun; Opened says so.
// - The schema has a number (user_version). Older ones are brought up to date, a newer one is an
//   error and the file is not touched; so is the file of another program (application_id).
//
// Schema 1: tables spool, session and value, each (key TEXT PRIMARY KEY, value BLOB). What a value
// holds belongs to whoever writes it and carries a version of its own.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "controlplane/store/store.h"

struct sqlite3;
struct sqlite3_stmt;

namespace sstpgw::cp::store {

struct SqliteOptions {
  std::string directory = "/var/lib/sstp-gateway";
  std::string file = "control.db";
  // The file grows to this size at most; then it is as if the disk were full.
  std::uint64_t max_octets = std::uint64_t{1} << 30;
};

class SqliteStore : public Store {
 public:
  static constexpr int kSchema = 1;
  static constexpr std::size_t kMaxValueOctets = std::size_t{1} << 20;

  struct Opened {
    std::unique_ptr<SqliteStore> store;
    std::string set_aside;  // where a damaged file was put; empty: there was none
    std::string damage;     // what was wrong with it
  };
  // `unix_seconds` names a damaged file. kUnavailable: another process has it open.
  // kPermissionDenied, kUnsupported (newer schema), kInvalidArgument (another program's file, or
  // not a file), kResourceExhausted, kSystem. Messages name the path.
  [[nodiscard]] static Result<Opened> Open(const SqliteOptions& options, std::int64_t unix_seconds);

  // Whether there is something to open, of whatever kind.
  [[nodiscard]] static bool Exists(const SqliteOptions& options);

  ~SqliteStore() override;
  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;

  [[nodiscard]] Result<void> Apply(std::span<const ChangeList> batches) override;
  [[nodiscard]] Result<void> ForEach(Table table, const Visit& visit) override;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  SqliteStore(std::string path, sqlite3* database) : path_(std::move(path)), database_(database) {}

  // Leaves `damaged` true if the content is what is wrong.
  [[nodiscard]] static Result<std::unique_ptr<SqliteStore>> OpenFile(const std::string& path,
                                                                     std::uint64_t max_octets,
                                                                     bool& damaged);
  [[nodiscard]] Result<void> SetUp(std::uint64_t max_octets, bool& damaged);
  [[nodiscard]] Result<void> CheckOwner();
  [[nodiscard]] Result<void> CheckContent(bool& damaged);
  [[nodiscard]] Result<void> MakeTables();
  [[nodiscard]] Result<void> Prepare();
  [[nodiscard]] Result<void> Execute(const std::string& sql);
  // First column of the first row; `fallback` if there is none.
  [[nodiscard]] Result<std::string> Ask(const std::string& sql);
  [[nodiscard]] Result<void> ApplyOne(const Change& change);
  [[nodiscard]] Error LastError(const std::string& what) const;

  std::string path_;
  sqlite3* database_ = nullptr;
  std::array<sqlite3_stmt*, kTables.size()> put_{};
  std::array<sqlite3_stmt*, kTables.size()> erase_{};
};

}  // namespace sstpgw::cp::store
