// RADIUS as its operator meets it: both daemons, and two real FreeRADIUS behind them.
//
//   client                      server                                  inside
//   wan0 192.168.10.100/24 ──── wan0 192.168.10.1/24
//                               sstp-controlplane, sstp-gateway :443
//                               lan0 10.20.0.1/24 ──────────────────── lan0 10.20.0.2/24  first
//                               lo   10.255.255.1/32                        10.20.0.3/24  second
//                                                                           10.20.0.4/24  free
// The servers know nobody but the NAS at 10.255.255.1, so whatever they take came from there.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/netns/lab_suite.h"
#include "tests/support/capture.h"
#include "tests/support/free_radius.h"
#include "tests/support/radius_wire.h"

namespace sstpgw::test {

inline constexpr const char* kNas = "10.255.255.1";
inline constexpr const char* kFirst = "10.20.0.2";
inline constexpr const char* kSecond = "10.20.0.3";
inline constexpr const char* kElsewhere = "10.20.0.4";

// An entry of `servers`; `more` as "port: 11812, fail-time: 3".
inline std::string RadiusServer(const std::string& address, const std::string& more = "",
                                const std::string& key = "testing") {
  return "{ address: " + address + ", key: " + key + (more.empty() ? "" : ", " + more) + " }";
}

inline std::string Join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

// Mode radius with these servers; a second between tries, three of them. `rest`: further nodes
// under radius, one per line.
inline LabConfig RadiusConfigOf(const std::vector<std::string>& servers,
                                const std::string& rest = "") {
  LabConfig config;
  config.mode = "radius";
  config.radius = "servers: [ " + Join(servers) + " ]\nsource-address: " + kNas +
                  "\nnas-identifier: gw1\ntimeout: 1\n" + rest;
  return config;
}

inline client::ClientOptions RadiusUser(const std::string& user,
                                        const std::string& password = "test") {
  client::ClientOptions options;
  options.user = user;
  options.password = password;
  return options;
}

// RADIUS packets of a capture with this code, in their order.
struct SeenRadius {
  CapturedDatagram datagram;
  RadiusPacket packet;
};
inline std::vector<SeenRadius> RadiusOf(const std::string& pcap, std::uint8_t code) {
  std::vector<SeenRadius> seen;
  for (const CapturedDatagram& datagram : UdpDatagrams(pcap)) {
    auto packet = ParseRadius(datagram.payload);
    if (packet && packet->code == code) seen.push_back({datagram, std::move(*packet)});
  }
  return seen;
}

// `Suite` has static functions `LabConfig Config()` and `void Equip(FreeRadiusOptions&)`, which
// says what both servers know.
template <class Suite>
class RadiusSuite : public LabSuite<Suite> {
 protected:
  using Base = LabSuite<Suite>;
  using Base::lab;

  static void SetUpTestSuite() {
    if (!CanUseNamespaces()) return;
    Base::lab_ = std::make_unique<Lab>(Suite::Config());
    lab().server().Ip(std::string("addr add ") + kNas + "/32 dev lo");
    for (const char* address : {kSecond, kElsewhere}) {
      lab().inside().Ip(std::string("addr add ") + address + "/24 dev lan0");
    }
    first_ = MakeServer(kFirst);
    second_ = MakeServer(kSecond);
    Base::started_ = Run(*first_) && Run(*second_) && lab().Start();
  }
  static void TearDownTestSuite() {
    Base::TearDownTestSuite();
    first_.reset();
    second_.reset();
  }
  void SetUp() override {
    Base::SetUp();
    if (this->IsSkipped() || this->HasFatalFailure()) return;
    // A case may have stopped them.
    for (FreeRadius* server : {first_.get(), second_.get()}) {
      if (!server->process().running()) {
        ASSERT_TRUE(Run(*server));
      }
    }
    first_line_ = first().process().LineCount();
    second_line_ = second().process().LineCount();
    control_line_ = lab().control_plane().LineCount();
  }
  void TearDown() override {
    Base::TearDown();
    if (!this->HasFailure() || !Base::started_) return;
    for (FreeRadius* server : {first_.get(), second_.get()}) {
      std::printf("---- %s\n%s", server == first_.get() ? "first" : "second",
                  server->Output().c_str());
    }
  }

  static FreeRadius& first() { return *first_; }
  static FreeRadius& second() { return *second_; }
  static bool Run(FreeRadius& server) {
    if (&server == first_.get()) first_line_ = 0;
    if (&server == second_.get()) second_line_ = 0;
    const bool runs = FreeRadius::Installed() && server.Start();
    EXPECT_TRUE(runs) << "package freeradius: " << server.Output();
    return runs;
  }
  // A further one that knows the same.
  static FreeRadiusOptions ServerOptions(const std::string& address) {
    FreeRadiusOptions options;
    options.where = &lab().inside();
    options.address = address;
    options.name = "radiusd " + address;
    options.clients = std::string("client nas {\n  ipaddr = ") + kNas + "\n  secret = testing\n}\n";
    Suite::Equip(options);
    return options;
  }
  static std::unique_ptr<FreeRadius> MakeServer(const std::string& address) {
    return std::make_unique<FreeRadius>(ServerOptions(address));
  }
  // Neither hears of it until told to go on.
  static void Freeze(FreeRadius& server) { server.process().Signal(SIGSTOP); }
  static void GoOn(FreeRadius& server) { server.process().Signal(SIGCONT); }

  static Dialer DialAs(client::ClientOptions options) {
    return Dialer(lab().client(), lab().address(), std::move(options));
  }
  static Dialer DialAs(const std::string& user) { return DialAs(RadiusUser(user)); }
  // Dials and returns the client's address, "" if it did not come up.
  static std::string AddressOf(Dialer& dialer) {
    return dialer.DialUntil(client::Phase::kUp) ? dialer.facts().address.ToString() : "";
  }
  // Serves the client until a fact that lies outside of its connection is there.
  static bool ServeUntil(Dialer& dialer, const std::function<bool()>& fact,
                         std::chrono::milliseconds timeout = kPatience) {
    return WaitUntil(
        [&] {
          dialer.Drive([](client::ClientSession&) { return false; }, std::chrono::milliseconds(1));
          return fact();
        },
        timeout);
  }
  // In and out again; false if the user is refused.
  static bool CanLogIn(const client::ClientOptions& options, std::size_t left = 0) {
    Dialer dialer = DialAs(options);
    const bool up = dialer.DialUntil(client::Phase::kUp);
    if (up) dialer.session().Disconnect(client::Now());
    EXPECT_TRUE(dialer.DriveUntilFinished());
    EXPECT_TRUE(lab().WaitSessions(left));
    return up;
  }
  static bool CanLogIn(const std::string& user) { return CanLogIn(RadiusUser(user)); }

  // How often one of the two said that since the case began, or since it was started in it.
  [[nodiscard]] static std::size_t Count(FreeRadius& server, const std::string& pattern) {
    return server.process().Matching(pattern, LinesBefore(server)).size();
  }
  static bool WaitServerLog(FreeRadius& server, const std::string& pattern) {
    return server.process().WaitForLine(pattern, kPatience, LinesBefore(server)).has_value();
  }
  bool WaitControlLog(const std::string& pattern) const {
    return lab().control_plane().WaitForLine(pattern, kPatience, control_line_).has_value();
  }

  // Accounting records of both servers since the suite began.
  static std::vector<AccountingLine> Records() {
    auto records = first_->Accounting();
    for (AccountingLine& record : second_->Accounting()) records.push_back(std::move(record));
    return records;
  }
  // Those of one session with this status ("Start", "Interim-Update", "Stop").
  static std::vector<AccountingLine> RecordsOf(const std::string& session,
                                               const std::string& status) {
    std::vector<AccountingLine> found;
    for (AccountingLine& record : Records()) {
      if (record.Get("Acct-Session-Id") == session && record.Get("Acct-Status-Type") == status) {
        found.push_back(std::move(record));
      }
    }
    return found;
  }
  // Empty if there is none in time.
  static AccountingLine WaitRecord(const std::string& session, const std::string& status) {
    EXPECT_TRUE(WaitUntil([&] { return !RecordsOf(session, status).empty(); }, kPatience))
        << "no " << status << " of session " << session;
    auto found = RecordsOf(session, status);
    return found.empty() ? AccountingLine({}) : std::move(found.front());
  }
  // True once every session that has a Start has a Stop.
  static bool WaitBooksClosed() {
    return WaitUntil(
        [] {
          std::set<std::string> open;
          const auto records = Records();
          for (const AccountingLine& record : records) {
            if (record.Get("Acct-Status-Type") == "Start")
              open.insert(record.Get("Acct-Session-Id"));
          }
          for (const AccountingLine& record : records) {
            if (record.Get("Acct-Status-Type") == "Stop") open.erase(record.Get("Acct-Session-Id"));
          }
          return open.empty();
        },
        kPatience);
  }
  // The session's interface and id, as the table shows them.
  static std::string InterfaceOf(const std::string& user) {
    return lab().SessionWith("username", user).value_or(Json{}).at("ifname").text();
  }
  static std::string SessionId(const std::string& user) {
    return lab().SessionWith("username", user).value_or(Json{}).at("sid").text();
  }

  std::size_t control_line_ = 0;

 private:
  static std::size_t LinesBefore(const FreeRadius& server) {
    return &server == first_.get() ? first_line_ : second_line_;
  }

  static inline std::unique_ptr<FreeRadius> first_;
  static inline std::unique_ptr<FreeRadius> second_;
  static inline std::size_t first_line_ = 0;  // where this case's lines begin
  static inline std::size_t second_line_ = 0;
};

}  // namespace sstpgw::test
