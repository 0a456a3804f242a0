// The columns of the session table (features 10.2): what a cell says of a session, for people and
// for programs. Pure.
#pragma once

#include <string>
#include <vector>

#include "controlplane/cli/json.h"
#include "proto/base/result.h"
#include "sstpgw/v1/admin.pb.h"

namespace sstpgw::cli {

struct Column {
  const char* name;
  const char* help;
  // Text of the cell; octets chosen by a peer are escaped unless `raw`, which JSON uses.
  std::string (*text)(const ::sstpgw::v1::Session& session, bool raw);
  bool number;  // JSON writes a number
};

[[nodiscard]] const std::vector<Column>& AllColumns();
// nullptr: there is none of this name.
[[nodiscard]] const Column* FindColumn(const std::string& name);

struct TableRequest {
  std::vector<std::string> columns;  // empty: the page's eleven (JSON: the stable list)
  bool wide = false;                 // no columns named: the page's and how each session is carried
  std::string order;                 // column to sort by, as text; empty: as they come
  std::vector<std::string> matches;  // "column=regular expression", all must fit
};

// kInvalidArgument: "unknown column X", or a regular expression that is none.
[[nodiscard]] Result<std::string> RenderSessions(const std::vector<::sstpgw::v1::Session>& sessions,
                                                 const TableRequest& request);
[[nodiscard]] Result<std::string> RenderSessionsJson(
    const std::vector<::sstpgw::v1::Session>& sessions, const TableRequest& request);
// One session as an object of the stable list's keys.
void WriteSession(JsonWriter& json, const ::sstpgw::v1::Session& session);

}  // namespace sstpgw::cli
