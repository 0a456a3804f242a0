#include "tests/support/free_radius.h"

#include <unistd.h>

#include <sstream>

#include "tests/support/wait_until.h"

namespace sstpgw::test {
namespace {

constexpr const char* kProgram = "/usr/sbin/freeradius";

std::string Clients(const FreeRadiusOptions& options) {
  if (!options.clients.empty()) return options.clients;
  return "client everybody {\n  ipaddr = 0.0.0.0/0\n  secret = \"" + options.secret +
         "\"\n}\nclient everybody6 {\n  ipv6addr = ::/0\n  secret = \"" + options.secret +
         "\"\n}\n";
}

std::string Listen(const FreeRadiusOptions& options, const std::string& type, std::uint16_t port) {
  if (port == 0) return {};
  const bool v6 = options.address.find(':') != std::string::npos;
  return "  listen {\n    type = " + type + "\n    " + (v6 ? "ipv6addr" : "ipaddr") + " = " +
         options.address + "\n    port = " + std::to_string(port) + "\n  }\n";
}

std::string Trim(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

}  // namespace

FreeRadius::FreeRadius(FreeRadiusOptions options) : options_(std::move(options)) {}

bool FreeRadius::Installed() { return access(kProgram, X_OK) == 0; }

std::string FreeRadius::MainFile() const {
  const std::string directory = directory_.path();
  const std::string sign = options_.message_authenticator
                               ? "    update reply {\n      Message-Authenticator := 0x00\n    }\n"
                               : "";
  std::string out;
  out += "prefix = /usr\nlibdir = /usr/lib/freeradius\nname = freeradius\n";
  for (const char* name : {"logdir", "raddbdir", "radacctdir", "run_dir"}) {
    out += std::string(name) + " = " + directory + "\n";
  }
  out += "max_requests = 65536\nmax_request_time = 30\ncleanup_delay = 5\nhostname_lookups = no\n";
  out += "log {\n  destination = stdout\n  auth = yes\n}\n";
  out += "security {\n  max_attributes = 200\n  reject_delay = 0\n  status_server = yes\n}\n";
  out += "thread pool {\n  start_servers = 2\n  max_servers = 8\n  min_spare_servers = 1\n" +
         std::string("  max_spare_servers = 8\n  max_queue_size = 65536\n") +
         "  max_requests_per_server = 0\n}\n";
  out += Clients(options_);
  out += "modules {\n  pap {\n  }\n  chap {\n  }\n  mschap {\n    use_mppe = yes\n  }\n";
  out += "  files {\n    filename = " + directory + "/users\n  }\n";
  out += "  detail {\n    filename = " + directory + "/detail\n  }\n";
  out += options_.modules + "\n}\n";
  out += "server default {\n" + Listen(options_, "auth", options_.auth_port) +
         Listen(options_, "acct", options_.acct_port);
  out += "  authorize {\n" + sign + options_.authorize +
         "\n    chap\n    mschap\n    files\n    pap\n  }\n";
  out += "  authenticate {\n    Auth-Type PAP {\n      pap\n    }\n    Auth-Type CHAP {\n" +
         std::string("      chap\n    }\n    Auth-Type MS-CHAP {\n      mschap\n    }\n") +
         options_.authenticate + "\n  }\n";
  out += "  post-auth {\n" + options_.post_auth + "\n  }\n";
  out += "  accounting {\n" + options_.accounting + "\n    detail\n  }\n}\n";
  return out;
}

void FreeRadius::WriteFiles() const {
  directory_.Write("radiusd.conf", MainFile());
  directory_.Write("users", options_.users + "\n");
  directory_.Write("dictionary", options_.dictionary + "\n");
}

bool FreeRadius::Start() {
  WriteFiles();
  ProcessOptions options;
  options.where = options_.where;
  options.name = options_.name;
  process_ = std::make_unique<Process>(
      std::vector<std::string>{kProgram, "-f", "-l", "stdout", "-d", directory_.path()}, options);
  return process_->WaitForLine("Ready to process requests", kPatience).has_value();
}

std::string FreeRadius::Output() const {
  return process_ == nullptr ? "not started" : process_->Output();
}

bool FreeRadius::WaitLog(const std::string& pattern, std::chrono::milliseconds timeout) {
  return process_->WaitForLine(pattern, timeout).has_value();
}

std::vector<AccountingLine> FreeRadius::Accounting() const {
  std::vector<AccountingLine> records;
  std::istringstream file(ReadFile(directory_.File("detail")));
  std::vector<std::pair<std::string, std::string>> values;
  for (std::string line; std::getline(file, line);) {
    // A record: the date, then lines that are indented, then an empty line.
    if (line.empty()) {
      if (!values.empty()) records.emplace_back(std::exchange(values, {}));
      continue;
    }
    const std::size_t equals = line.find(" = ");
    if (line[0] != '\t' || equals == std::string::npos) continue;
    std::string value = Trim(line.substr(equals + 3));
    if (value.size() >= 2 && value.front() == '"') value = value.substr(1, value.size() - 2);
    values.emplace_back(Trim(line.substr(0, equals)), value);
  }
  return records;
}

bool FreeRadius::WaitAccounting(std::size_t count, std::chrono::milliseconds timeout) const {
  return WaitUntil([&] { return Accounting().size() >= count; }, timeout);
}

std::string AccountingLine::Get(const std::string& name) const {
  const std::vector<std::string> all = All(name);
  return all.empty() ? std::string() : all.front();
}

std::vector<std::string> AccountingLine::All(const std::string& name) const {
  std::vector<std::string> found;
  for (const auto& [key, value] : values_) {
    if (key == name) found.push_back(value);
  }
  return found;
}

}  // namespace sstpgw::test
