// A real FreeRADIUS with a small configuration of its own, in a namespace of the test. Several may
// run side by side on other addresses or ports. It dies with the object.
//
//   FreeRadius server({.where = &lab.server(), .users = R"(
//   test Cleartext-Password := "pw"
//     Framed-IP-Address = 10.9.9.9
//   )"});
//   ASSERT_TRUE(server.Start()) << server.Output();
//
// It knows PAP, CHAP and MS-CHAP from the users file, writes accounting to a detail file, answers
// Status-Server, and rejects without delay. What else a test needs it adds as text.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/namespaces.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace sstpgw::test {

struct FreeRadiusOptions {
  const Namespace* where = nullptr;   // null: the namespace of the caller
  std::string address = "127.0.0.1";  // or IPv6
  std::uint16_t auth_port = 1812;     // 0: no authentication
  std::uint16_t acct_port = 1813;     // 0: no accounting
  std::string secret = "testing";     // of every client
  std::string clients;     // instead of that: "client gw { ... }", each on lines of its own
  std::string users;       // the users file
  std::string dictionary;  // lines of an own dictionary
  // Replies carry a Message-Authenticator. This FreeRADIUS (3.2.1) does not add it by itself.
  bool message_authenticator = true;
  // Lines of configuration; "}" must stand on a line of its own.
  std::string modules;       // further ones, such as "eap { ... }"
  std::string authorize;     // put before the rest of that section
  std::string authenticate;  // put behind
  std::string post_auth;
  std::string accounting;  // put before "detail"; "noop" etc.
  std::string name = "radiusd";
};

// One record of the detail file.
class AccountingLine {
 public:
  explicit AccountingLine(std::vector<std::pair<std::string, std::string>> values)
      : values_(std::move(values)) {}
  // The value as FreeRADIUS writes it, without quotes; empty: not in it. Of several, the first.
  [[nodiscard]] std::string Get(const std::string& name) const;
  [[nodiscard]] std::vector<std::string> All(const std::string& name) const;

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

class FreeRadius {
 public:
  explicit FreeRadius(FreeRadiusOptions options);
  FreeRadius(const FreeRadius&) = delete;
  FreeRadius& operator=(const FreeRadius&) = delete;

  [[nodiscard]] static bool Installed();
  // Also after Stop or Kill, with the same files. True once it serves.
  bool Start();
  void Stop() { process_->Stop(); }
  void Kill() { process_->Kill(); }
  // Takes effect with the next Start.
  void SetUsers(const std::string& users) { options_.users = users; }

  // Everything it said since the last Start: "Auth: (0) Login OK: [test] (from client ...".
  [[nodiscard]] Process& process() { return *process_; }
  [[nodiscard]] std::string Output() const;
  // True once such a line has come.
  bool WaitLog(const std::string& pattern, std::chrono::milliseconds timeout = kPatience);

  // The detail file so far, in its order.
  [[nodiscard]] std::vector<AccountingLine> Accounting() const;
  // True once there are at least so many records.
  [[nodiscard]] bool WaitAccounting(std::size_t count,
                                    std::chrono::milliseconds timeout = kPatience) const;

 private:
  void WriteFiles() const;
  [[nodiscard]] std::string MainFile() const;

  FreeRadiusOptions options_;
  TempDir directory_;
  std::unique_ptr<Process> process_;
};

}  // namespace sstpgw::test
