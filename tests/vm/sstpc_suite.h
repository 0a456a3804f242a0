// Debian's sstpc with Debian's pppd, as the documentation's client example has them, dials our
// gateway. For the guest (label vm): pppd needs /dev/ppp, and sstpc needs a few ms of delay on the
// way, else it may find the server's TLS flight there before its first read and dies; netem makes
// it.
//
//   client                                          server
//   sstpc + pppd: ppp0 10.0.0.x ...... tunnel ..... sstp0 10.0.0.1, iperf3 -s
//   wan0 192.168.10.100 ────────── veth, 5 ms ───── wan0 192.168.10.1:443
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "tests/support/lab.h"
#include "tests/support/wait_until.h"

namespace sstpgw::test {

class SstpcSuite : public ::testing::Test {
 protected:
  static bool InGuest() { return std::getenv("SG_GUEST") != nullptr; }
  // Starts no daemon.
  static void MakeLab(const LabConfig& config) {
    lab_ = new Lab(config);
    lab_->server().Shell("tc qdisc add dev wan0 root netem delay 5ms");
    std::ofstream("/etc/hosts", std::ios::app) << Lab::kServer << " vpn.example.com\n";
    lab_->server().Shell("mkdir -p /run/lock /etc/ppp/peers");
  }
  static void TearDownTestSuite() {
    delete lab_;
    lab_ = nullptr;
  }
  void SetUp() override {
    if (lab_ == nullptr)
      GTEST_SKIP() << "runs in the guest only: it changes /etc and needs /dev/ppp";
    ASSERT_TRUE(started_);
  }

  // The documentation's, with `protocol` in the place of mschap-v2, and further lines.
  static void WritePeerFile(const std::string& protocol, const std::string& more = "") {
    std::string text = "usepeerdns\nrequire-" + protocol + "\nnoauth\nlock\n";
    for (const char* other : {"pap", "eap", "chap", "mschap", "mschap-v2"}) {
      if (other != protocol) text += std::string("refuse-") + other + "\n";
    }
    std::ofstream("/etc/ppp/peers/vyos") << text + "nobsdcomp\nnodeflate\ndebug\n" + more;
  }
  // The documentation's command, with the CA made known.
  static std::vector<std::string> Command(const std::string& password,
                                          const std::string& user = "vyos") {
    return {"sstpc",           "--log-level", "4",    "--log-stderr", "--ca-cert",
            lab_->ca_file(),   "--user",      user,   "--password",   password,
            "vpn.example.com", "--",          "call", "vyos"};
  }
  // Without user and password sstpc lets pppd authenticate and asks its plugin for the keys.
  static std::vector<std::string> CommandWithPlugin() {
    return {"sstpc",         "--log-level",     "4",  "--log-stderr", "--ca-cert",
            lab_->ca_file(), "vpn.example.com", "--", "call",         "vyos"};
  }
  static std::string ClientShell(const std::string& command) {
    int exit_code = -1;
    std::string output = lab_->client().Shell(command, &exit_code);
    EXPECT_EQ(exit_code, 0) << command << ":\n" << output;
    return output;
  }
  static std::string Ppp0() { return lab_->client().Shell("ip addr show dev ppp0 2>&1"); }
  // Once it has one; empty if it gets none.
  static std::string AddressOfPpp0() {
    std::smatch match;
    std::string text;
    const bool has = WaitUntil(
        [&] {
          text = Ppp0();
          return std::regex_search(text, match, std::regex("inet ([0-9.]+)"));
        },
        kPatience);
    return has ? match[1].str() : std::string();
  }
  static Json Row(const std::string& user = "vyos") {
    return lab_->SessionWith("username", user).value_or(Json{});
  }
  static bool WaitActive(const std::string& user = "vyos") {
    return WaitUntil([&] { return Row(user).at("state").text() == "active"; }, kPatience);
  }

  static inline Lab* lab_ = nullptr;
  static inline bool started_ = false;
};

}  // namespace sstpgw::test
