#include "controlplane/cli/commands.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ostream>
#include <utility>

#include "controlplane/cli/actions.h"
#include "proto/base/suggest.h"
#include "proto/base/text.h"

namespace sstpgw::cli {
namespace {

constexpr const char* kFooter =
    R"(Exit codes: 0 done, 1 refused or nothing found, 2 no control plane at the socket,
100 and more a wrong command line.

Examples:
  sstpctl show sessions
  sstpctl show sessions --columns ifname,username,ip,uptime --order username --match username=^a
  sstpctl show sessions --wide
  sstpctl show sessions --json
  sstpctl show statistics
  sstpctl show radius
  sstpctl terminate user alice
  sstpctl terminate interface sstp0 --hard
  sstpctl terminate all
  sstpctl show shaper
  sstpctl shaper change sstp0 10M/2M
  sstpctl shaper change all 512/128 temp
  sstpctl shaper restore all
  sstpctl config check /etc/sstpgw/sstp.yaml
  sstpctl config diff
  sstpctl drain on --gateway edge1
  sstpctl --socket /run/sstpgw/operator.sock watch --json
)";

constexpr const char* kStatisticsHelp =
    "Print the service's figures. uptime: the longest of the control plane and the attached "
    "gateways; cpu, memory, mempool_*, thread_*, md_handler_count: all of them summed; "
    "context_count: TCP connections; md_handler_count: open descriptors; timer_*: timers of the "
    "gateways; context_sleeping, context_pending and md_handler_pending are always 0. sessions: "
    "PPP sessions by state. sstp: connections before and after CALL_CONNECT_ACK. radius(N, "
    "ADDRESS): "
    "one server; state: failed while it is left alone for authentication or accounting; fail "
    "count: transmissions in a row without an answer; request count: requests on their way; lost: "
    "transmissions without an answer in time. --json adds every named counter; 'show radius' tells "
    "more of servers";

constexpr const char* kShowRadiusHelp =
    "Print the RADIUS servers, accounting and dynamic authorization. One row for each service of "
    "each server. state: up, failed (and how long it is left alone), on trial (the next request "
    "finds out), off (not configured for this), disabled; requests, retries: sent first and sent "
    "again; timeouts: transmissions without an answer in time; answers: genuine ones; bad: "
    "datagrams dropped because they are none, their reasons below the table; last/avg: from first "
    "sending to the answer, of the last request and smoothed; in-flight, queue: requests that wait "
    "for an answer and for being sent. accounting: records that no server has acknowledged yet "
    "(spool), the age of the oldest, and whether the store can write. dynamic-author: requests of "
    "servers to end or change sessions, refused ones by Error-Cause, dropped ones by reason. "
    "--json has more figures; their names are those of metrics";

std::string ColumnHelp() {
  std::string text = "Columns:\n";
  for (const Column& column : AllColumns()) {
    std::string name = column.name;
    name.resize(std::max<std::size_t>(name.size(), 14), ' ');
    text += "  " + name + column.help + "\n";
  }
  return text +
         "\nrx is from the client, tx to the client. --json prints a list of objects with "
         "stable keys.\n";
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

constexpr const char* kShowShaperHelp =
    "Print the sessions with a rate limit and what their limiters do. Everything is DOWN/UP: to "
    "and from the client. rate-limit: kbit/s, as the gateway keeps it; source: temporary, changed "
    "(by 'shaper change'), user or default, and what the gateway has not taken yet; limiter: the "
    "one in use, - without limit; achieved: kbit/s over the last interval of counters (about a "
    "second); passed, dropped, marked (not limited for their firewall mark), signalled (told to "
    "slow down by ECN): packets since the session's start";

constexpr const char* kShaperChangeHelp =
    "Change the rate limit of the session on INTERFACE, or of all. Without temp it is the "
    "session's own limit from now on, instead of its user's and the default; with temp it stands "
    "above every other until 'shaper restore', and all temp is for new sessions, too. Nothing of "
    "this outlives the session. Waits for the gateways, at most 5 s; exit code 1 and \"not found\" "
    "if there is no such interface, 1 if a gateway refuses or does not answer";

constexpr const char* kRateHelp =
    "DOWN/UP: to and from the client, in kbit/s or with a suffix B (bit/s), K, M or G; decimals "
    "allowed, 0 is no limit. ID,DOWN/UP: during time range ID (not with temp)";

class CommandLine {
 public:
  explicit CommandLine(Flags& flags) : flags_(flags) {
    app_.set_version_flag("--version", std::string("sstpctl ") + SG_VERSION);
    app_.footer(kFooter);
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.add_option("--socket", flags.socket, "The control plane's operator socket")
        ->type_name("PATH")
        ->capture_default_str();
    app_.add_flag("--json", flags.json, "Print JSON for programs");
    AddShow();
    AddTerminate();
    AddShaper();
    AddConfig();
    AddOthers();
  }

  CLI::App& app() { return app_; }
  [[nodiscard]] const Command& command() const { return command_; }

  // After a command line that was refused: which word is not known there, the nearest one that is,
  // and all of them; or which words are missing. Empty: something else is wrong.
  [[nodiscard]] std::string Unknown() {
    CLI::App* place = &app_;
    std::string path;
    std::vector<std::string> options = Options(app_);
    for (auto below = place->get_subcommands(); !below.empty(); below = place->get_subcommands()) {
      place = below.back();
      path += (path.empty() ? "" : " ") + place->get_name();
      const std::vector<std::string> more = Options(*place);
      options.insert(options.end(), more.begin(), more.end());
    }
    std::vector<std::string> commands;
    for (const CLI::App* sub : place->get_subcommands({})) commands.push_back(sub->get_name());
    const std::string after = path.empty() ? "" : " after '" + path + "'";
    const std::vector<std::string> left = app_.remaining(true);
    if (left.empty() && commands.empty()) return {};
    if (left.empty()) return "A command is missing" + after + ": " + Joined(commands) + "\n";
    const std::string& word = left.front();
    const bool is_option = word.front() == '-';
    const auto& known = is_option ? options : commands;
    if (known.empty()) return "'" + path + "' takes no argument '" + Escape(word) + "'\n";
    std::string text =
        std::string("Unknown ") + (is_option ? "option" : "command") + " '" + Escape(word) + "'";
    const std::string nearest = Nearest(word.substr(0, word.find('=')), known);
    text += after + (nearest.empty() ? "" : ", did you mean '" + nearest + "'?");
    return text + "\nThere are: " + Joined(known) + "\n";
  }

 private:
  static std::vector<std::string> Options(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& name : option->get_lnames()) {
        const bool again = name == "help" && app.get_parent() != nullptr;
        if (!again) names.push_back("--" + name);
      }
    }
    return names;
  }

  CLI::App* Add(CLI::App& parent, const char* name, const std::string& help, Command command) {
    CLI::App* sub = parent.add_subcommand(name, help);
    sub->fallthrough();
    sub->callback([this, command = std::move(command)] { command_ = command; });
    return sub;
  }
  CLI::App* AddGroup(const char* name, const char* help) {
    CLI::App* group = app_.add_subcommand(name, help);
    group->require_subcommand(1);
    group->fallthrough();
    return group;
  }

  void AddShow() {
    CLI::App* show = AddGroup(
        "show", "Print sessions, rate limits, statistics, RADIUS, pools, gateways or versions");
    CLI::App* sessions = Add(*show, "sessions", "Print the table of sessions", ShowSessions);
    sessions->footer(ColumnHelp());
    CLI::Option* columns =
        sessions->add_option("--columns", flags_.table.columns, "Columns, separated by commas")
            ->delimiter(',')
            ->type_name("A,B,...");
    sessions
        ->add_flag("--wide", flags_.table.wide,
                   "Also print session id, gateway, mtu, authentication and TLS (--json has all)")
        ->excludes(columns);
    sessions->add_option("--order", flags_.table.order, "Sort by the text of this column")
        ->type_name("COLUMN");
    sessions
        ->add_option("--match", flags_.table.matches,
                     "Only rows whose column fits the regular expression; may be repeated")
        ->type_name("COLUMN=REGEX")
        ->expected(1)
        ->take_all();
    Add(*show, "shaper", kShowShaperHelp, ShowShaper);
    Add(*show, "statistics", kStatisticsHelp, ShowStatistics);
    Add(*show, "radius", kShowRadiusHelp, ShowRadius);
    Add(*show, "pools", "Print the address pools and their use", ShowPools);
    Add(*show, "gateways", "Print the gateways and the state of their settings", ShowGateways);
    Add(*show, "version", "Print the versions of sstpctl and the control plane", ShowVersion);
  }

  void AddTerminate() {
    CLI::App* terminate = AddGroup(
        "terminate", "End sessions and print how many; exit code 1 and \"not found\" if none fits");
    terminate->add_flag("--hard", flags_.hard,
                        "At once, without the protocols' good-byes (default: softly)");
    struct Selector {
      const char* name;
      const char* value;
      const char* help;
    };
    for (const Selector& selector :
         {Selector{"interface", "NAME", "The session of this interface, e.g. sstp0"},
          Selector{"user", "NAME", "All sessions of this user"},
          Selector{"address", "IP", "The session with this inner address"},
          Selector{"session", "ID", "The session with this id (column sid)"},
          Selector{"calling-id", "ADDRESS", "All sessions from this client address"}}) {
      CLI::App* sub = AddTermination(*terminate, selector.name, selector.help);
      sub->add_option("value", flags_.terminate_value, selector.help)
          ->type_name(selector.value)
          ->required();
    }
    AddTermination(*terminate, "all", "Every session");
  }
  CLI::App* AddTermination(CLI::App& parent, const char* name, const char* help) {
    return Add(parent, name, help, [name](OperatorClient& client, const Flags& flags) {
      Flags chosen = flags;
      chosen.terminate_by = name;
      return Terminate(client, chosen);
    });
  }

  void AddShaper() {
    CLI::App* shaper = AddGroup("shaper", "Change rate limits of running sessions");
    CLI::App* change = Add(*shaper, "change", kShaperChangeHelp, ShaperChange);
    change->add_option("interface", flags_.shaped, "Interface, e.g. sstp0, or all")
        ->type_name("INTERFACE|all")
        ->required();
    change->add_option("rate", flags_.rate, kRateHelp)->type_name("DOWN/UP")->required();
    change->add_option("temp", flags_.temporary, "temp: until it is restored")
        ->type_name("[temp]")
        ->check(CLI::IsMember({"temp"}));
    CLI::App* restore =
        Add(*shaper, "restore",
            "Take back the temporary limit of the session on INTERFACE, or of all, new sessions "
            "included; what would hold without it holds again",
            ShaperRestore);
    restore->add_option("interface", flags_.shaped, "Interface, e.g. sstp0, or all")
        ->type_name("INTERFACE|all")
        ->required();
  }

  void AddConfig() {
    CLI::App* config =
        AddGroup("config", "Check or compare a configuration file, print the running one");
    CLI::App* check = Add(*config, "check",
                          "Print everything that is wrong with a file; nothing is changed. Files "
                          "it names are read by the control plane. (Without a control plane: "
                          "sstp-controlplane --config FILE --check)",
                          ConfigCheck);
    check->add_option("file", flags_.file, "Configuration file (YAML)")
        ->type_name("FILE")
        ->required();
    CLI::App* diff = Add(*config, "diff",
                         "Print how the running configuration (-) differs from the control plane's "
                         "file, or from FILE (+); secrets masked, nothing is changed",
                         ConfigDiff);
    diff->add_option("file", flags_.file, "Configuration file (YAML)")->type_name("FILE");
    Add(*config, "show", "Print the running configuration, secrets masked", ConfigShow);
  }

  void AddOthers() {
    Add(app_, "reload",
        "Read the configuration file again; a broken one leaves the running one as it is", Reload);
    Add(app_, "watch", "Print sessions now and every change until interrupted", Watch);
    CLI::App* drain =
        Add(app_, "drain", "on: refuse new connections and keep the sessions; off: take it back",
            Drain);
    drain->add_option("state", flags_.on_off, "on or off")
        ->required()
        ->check(CLI::IsMember({"on", "off"}));
    drain->add_option("--gateway", flags_.gateway, "Only this gateway (default: all)")
        ->type_name("ID");
    CLI::App* log = AddGroup("log", "Change what is logged");
    CLI::App* level = Add(*log, "level",
                          "0 off, 1 error, 2 warning, 3 information, 4 protocol trace, 5 debug; "
                          "until the next reload",
                          SetLogLevel);
    level->add_option("level", flags_.level, "0..5")->required()->check(CLI::Range(0U, 5U));
  }

  Flags& flags_;
  CLI::App app_{"Operate the SSTP gateway: sessions, statistics, pools, gateways, configuration."};
  Command command_;
};

}  // namespace

int RunSstpctl(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  Flags flags;
  flags.out = &out;
  flags.err = &err;
  CommandLine line(flags);
  try {
    line.app().parse(argc, argv);
  } catch (const CLI::ExtrasError& error) {
    err << line.Unknown();
    return error.get_exit_code();
  } catch (const CLI::RequiredError& error) {
    const std::string unknown = line.Unknown();
    if (unknown.empty()) return line.app().exit(error, out, err);
    err << unknown;
    return error.get_exit_code();
  } catch (const CLI::ParseError& error) {
    return line.app().exit(error, out, err);
  }
  auto client = OperatorClient::Connect(flags.socket);
  if (!client) return Complain(client.error(), flags);
  const int code = line.command()(**client, flags);
  out.flush();
  return code;
}

}  // namespace sstpgw::cli
