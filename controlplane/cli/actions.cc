#include "controlplane/cli/actions.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <ostream>
#include <utility>

#include "controlplane/cli/commands.h"
#include "controlplane/cli/json.h"
#include "controlplane/cli/render.h"
#include "controlplane/cli/render_radius.h"
#include "controlplane/config/load.h"
#include "proto/base/text.h"

namespace sstpgw::cli {
namespace {

using Stub = OperatorClient::Stub;

// How many the answer does not list.
template <class Response>
void PrintRest(std::ostream& to, const Response& answer) {
  const std::uint64_t all = std::uint64_t{answer.error_count()} + answer.warning_count();
  const auto listed = static_cast<std::uint64_t>(answer.problems_size());
  if (all > listed) to << "and " << all - listed << " more\n";
}

// All of them, one per line.
template <class Response>
void PrintProblems(std::ostream& to, const std::string& file, const Response& answer) {
  for (const pb::ConfigProblem& problem : answer.problems()) to << RenderProblem(file, problem);
  PrintRest(to, answer);
}

// The whole file; nothing after complaining.
std::optional<std::string> ReadFile(const std::string& path, const Flags& flags) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::array<char, 16384> buffer{};
  while (file.read(buffer.data(), buffer.size()) || file.gcount() > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(file.gcount()));
    if (text.size() > cp::kMaxConfigOctets) break;
  }
  if (file.eof() && text.size() <= cp::kMaxConfigOctets) return text;
  const std::string reason = text.size() > cp::kMaxConfigOctets
                                 ? "more than " + std::to_string(cp::kMaxConfigOctets) + " octets"
                                 : std::strerror(errno);
  *flags.err << "cannot read " << Escape(path) << ": " << reason << "\n";
  return std::nullopt;
}

// The control plane has another working directory.
std::string AbsolutePath(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::absolute(path, ignored).string();
}

// Text or JSON of one unary call.
template <class Request, class Response>
int Show(OperatorClient& client, const Flags& flags,
         grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
         std::string (*text)(const Response&), std::string (*json)(const Response&)) {
  const auto answer = client.Call(method, Request());
  if (!answer) return Complain(answer.error(), flags);
  *flags.out << (flags.json ? json(*answer) : text(*answer));
  return kExitDone;
}

}  // namespace

std::string Counted(std::uint32_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

bool CheckName(const std::string& what, const std::string& name, const Flags& flags) {
  if (IsUtf8(name)) return true;
  *flags.err << what << " '" << Escape(name) << "' is not UTF-8, so nothing has that name\n";
  return false;
}

int Complain(const CallError& error, const Flags& flags) {
  if (error.unreachable) {
    *flags.err << "sstp server is not running (" << Escape(flags.socket) << ": "
               << Escape(error.message) << ")\n"
               << "Start sstp-controlplane, or name its operator socket with --socket PATH; the "
                  "socket is open to root and its group only.\n";
    return kExitUnreachable;
  }
  if (error.reason == pb::REASON_NO_SUCH_SESSION) {
    *flags.err << "not found\n";
    return kExitFailed;
  }
  *flags.err << Escape(error.message) << "\n";
  return kExitFailed;
}

int ShowSessions(OperatorClient& client, const Flags& flags) {
  const auto sessions = client.ListSessions();
  if (!sessions) return Complain(sessions.error(), flags);
  const auto text = flags.json ? RenderSessionsJson(*sessions, flags.table)
                               : RenderSessions(*sessions, flags.table);
  if (!text) {
    *flags.err << text.error().message << "\n";
    return kExitFailed;
  }
  *flags.out << *text;
  return kExitDone;
}

int ShowStatistics(OperatorClient& client, const Flags& flags) {
  return Show(client, flags, &Stub::GetStatistics, &RenderStatistics, &RenderStatisticsJson);
}

int ShowRadius(OperatorClient& client, const Flags& flags) {
  return Show(client, flags, &Stub::GetRadius, &RenderRadius, &RenderRadiusJson);
}

int ShowPools(OperatorClient& client, const Flags& flags) {
  return Show(client, flags, &Stub::ListPools, &RenderPools, &RenderPoolsJson);
}

int ShowGateways(OperatorClient& client, const Flags& flags) {
  return Show(client, flags, &Stub::ListGateways, &RenderGateways, &RenderGatewaysJson);
}

int ShowVersion(OperatorClient& client, const Flags& flags) {
  const auto version = client.Call(&Stub::GetVersion, pb::GetVersionRequest());
  if (!version) return Complain(version.error(), flags);
  *flags.out << (flags.json ? RenderVersionJson(SG_VERSION, *version)
                            : RenderVersion(SG_VERSION, *version));
  return kExitDone;
}

int Terminate(OperatorClient& client, const Flags& flags) {
  pb::TerminateRequest request;
  request.set_hard(flags.hard);
  const std::string& value = flags.terminate_value;
  // A user's name is whatever octets the client sent.
  if (flags.terminate_by != "user" && !CheckName(flags.terminate_by, value, flags)) {
    return kExitFailed;
  }
  if (flags.terminate_by == "interface") request.set_interface_name(value);
  if (flags.terminate_by == "user") request.set_user(value);
  if (flags.terminate_by == "address") request.set_address(value);
  if (flags.terminate_by == "session") request.set_session_id(value);
  if (flags.terminate_by == "calling-id") request.set_calling_station(value);
  if (flags.terminate_by == "all") request.set_all(true);
  const auto answer = client.Call(&Stub::Terminate, request);
  if (!answer) return Complain(answer.error(), flags);
  if (flags.json) {
    JsonWriter json;
    json.BeginObject().Member("terminated", answer->sessions()).EndObject();
    *flags.out << json.Take();
  } else {
    *flags.out << Counted(answer->sessions(), "session") << " terminated\n";
  }
  return kExitDone;
}

int Watch(OperatorClient& client, const Flags& flags) {
  const CallError error = client.Watch([&](const pb::SessionChange& change) {
    *flags.out << (flags.json ? RenderChangeJson(change) : RenderChange(change)) << std::flush;
  });
  return Complain(error, flags);
}

int ConfigCheck(OperatorClient& client, const Flags& flags) {
  std::optional<std::string> text = ReadFile(flags.file, flags);
  if (!text) return kExitFailed;
  pb::ValidateConfigRequest request;
  request.set_yaml(*std::move(text));
  request.set_file_name(AbsolutePath(flags.file));
  const auto answer = client.Call(&Stub::ValidateConfig, request);
  if (!answer) return Complain(answer.error(), flags);
  const bool valid = answer->error_count() == 0;
  if (flags.json) {
    *flags.out << RenderProblemsJson(answer->problems());
    PrintRest(*flags.err, *answer);
  } else {
    PrintProblems(*flags.out, flags.file, *answer);
    *flags.out << Escape(flags.file) << ": "
               << (valid ? std::string("valid") : Counted(answer->error_count(), "error")) << "\n";
  }
  return valid ? kExitDone : kExitFailed;
}

int ConfigDiff(OperatorClient& client, const Flags& flags) {
  pb::DiffConfigRequest request;
  if (!flags.file.empty()) {
    std::optional<std::string> text = ReadFile(flags.file, flags);
    if (!text) return kExitFailed;
    request.set_yaml(*std::move(text));
    request.set_file_name(AbsolutePath(flags.file));
  }
  const auto answer = client.Call(&Stub::DiffConfig, request);
  if (!answer) return Complain(answer.error(), flags);
  const std::string name = flags.file.empty() ? answer->file_name() : flags.file;
  PrintProblems(*flags.err, name, *answer);
  if (answer->error_count() > 0) {
    *flags.err << Escape(name) << ": " << Counted(answer->error_count(), "error")
               << ", nothing was compared\n";
    return kExitFailed;
  }
  *flags.out << (flags.json ? RenderDiffJson(*answer) : RenderDiff(*answer));
  return kExitDone;
}

int ConfigShow(OperatorClient& client, const Flags& flags) {
  const auto config = client.Call(&Stub::GetConfig, pb::GetConfigRequest());
  if (!config) return Complain(config.error(), flags);
  if (flags.json) {
    JsonWriter json;
    json.BeginObject();
    json.Member("file", config->file_name());
    json.Member("generation", std::uint64_t{config->generation()});
    json.Member("yaml", config->yaml());
    json.EndObject();
    *flags.out << json.Take();
  } else {
    *flags.out << config->yaml();
  }
  return kExitDone;
}

int Reload(OperatorClient& client, const Flags& flags) {
  const auto done = client.Call(&Stub::Reload, pb::ReloadRequest());
  if (!done) {
    if (!done.error().unreachable) *flags.err << "failed\n";
    return Complain(done.error(), flags);
  }
  const bool valid = done->error_count() == 0;
  if (!valid) *flags.err << "failed\n";
  if (flags.json) {
    *flags.out << RenderReloadJson(*done);
    PrintRest(*flags.err, *done);
    return valid ? kExitDone : kExitFailed;
  }
  PrintProblems(*flags.err, done->file_name(), *done);
  if (!valid) {
    *flags.err << Escape(done->file_name()) << ": " << Counted(done->error_count(), "error")
               << ", the running configuration stays\n";
    return kExitFailed;
  }
  *flags.out << "reloaded, "
             << (done->settings_changed() ? "new settings sent to the gateways"
                                          : "settings of the gateways unchanged")
             << "\n";
  return kExitDone;
}

int Drain(OperatorClient& client, const Flags& flags) {
  if (!CheckName("gateway", flags.gateway, flags)) return kExitFailed;
  pb::DrainRequest request;
  request.set_enabled(flags.on_off == "on");
  request.set_gateway_id(flags.gateway);
  const auto answer = client.Call(&Stub::Drain, request);
  if (!answer) return Complain(answer.error(), flags);
  if (flags.json) {
    JsonWriter json;
    json.BeginObject().Member("gateways", answer->gateways()).EndObject();
    *flags.out << json.Take();
  } else {
    *flags.out << Counted(answer->gateways(), "gateway")
               << (request.enabled() ? " draining" : " open again") << "\n";
  }
  return kExitDone;
}

int SetLogLevel(OperatorClient& client, const Flags& flags) {
  pb::SetLogLevelRequest request;
  request.set_level(flags.level);
  const auto answer = client.Call(&Stub::SetLogLevel, request);
  if (!answer) return Complain(answer.error(), flags);
  if (flags.json) {
    JsonWriter json;
    json.BeginObject().Member("level", std::uint32_t{flags.level}).EndObject();
    *flags.out << json.Take();
  } else {
    *flags.out << "log level " << flags.level << "\n";
  }
  return kExitDone;
}

}  // namespace sstpgw::cli
