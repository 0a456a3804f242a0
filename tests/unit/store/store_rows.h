// Rows of a store as a map, and short ways to change them, for tests.
#pragma once

#include <map>
#include <string>

#include "controlplane/store/store.h"

namespace sstpgw::cp::store {

inline Bytes Value(const std::string& text) { return {text.begin(), text.end()}; }

inline ChangeList PutOne(Table table, const std::string& key, Bytes value) {
  return {Put{table, key, std::move(value)}};
}

inline std::map<std::string, Bytes> RowsOf(Store& store, Table table) {
  std::map<std::string, Bytes> rows;
  const Result<void> read = store.ForEach(table, [&](const std::string& key, ByteView value) {
    EXPECT_TRUE(rows.empty() || rows.rbegin()->first < key) << "in the order of keys";
    rows[key] = Bytes(value.begin(), value.end());
  });
  EXPECT_TRUE(read) << read.error().message;
  return rows;
}

}  // namespace sstpgw::cp::store
