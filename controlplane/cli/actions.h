// Commands, each a function from its flags to an exit code. Shared by commands.cc, which knows the
// command line.
#pragma once

#include <functional>
#include <iosfwd>
#include <string>

#include "controlplane/cli/operator_client.h"
#include "controlplane/cli/session_columns.h"

namespace sstpgw::cli {

struct Flags {
  std::string socket = "/run/sstpgw/operator.sock";
  bool json = false;
  TableRequest table;
  std::string terminate_by;  // "interface", "user", ..., "all"
  std::string terminate_value;
  bool hard = false;
  std::string file;
  std::string on_off;
  std::string gateway;
  unsigned level = 3;
  std::string shaped;  // interface, or "all"
  std::string rate;
  std::string temporary;  // "temp" or empty
  std::ostream* out = nullptr;
  std::ostream* err = nullptr;
};

using Command = std::function<int(OperatorClient&, const Flags&)>;

int ShowSessions(OperatorClient& client, const Flags& flags);
int ShowStatistics(OperatorClient& client, const Flags& flags);
int ShowRadius(OperatorClient& client, const Flags& flags);
int ShowPools(OperatorClient& client, const Flags& flags);
int ShowGateways(OperatorClient& client, const Flags& flags);
int ShowVersion(OperatorClient& client, const Flags& flags);
int ShowShaper(OperatorClient& client, const Flags& flags);
int ShaperChange(OperatorClient& client, const Flags& flags);
int ShaperRestore(OperatorClient& client, const Flags& flags);
int Terminate(OperatorClient& client, const Flags& flags);
int Watch(OperatorClient& client, const Flags& flags);
int ConfigCheck(OperatorClient& client, const Flags& flags);
int ConfigDiff(OperatorClient& client, const Flags& flags);
int ConfigShow(OperatorClient& client, const Flags& flags);
int Reload(OperatorClient& client, const Flags& flags);
int Drain(OperatorClient& client, const Flags& flags);
int SetLogLevel(OperatorClient& client, const Flags& flags);

// "1 session", "2 sessions".
[[nodiscard]] std::string Counted(std::uint32_t count, const std::string& what);
// Names on the wire are UTF-8; another one fits nothing. False after complaining.
[[nodiscard]] bool CheckName(const std::string& what, const std::string& name, const Flags& flags);
// Says what went wrong and what to do about it; returns the exit code.
int Complain(const CallError& error, const Flags& flags);

}  // namespace sstpgw::cli
