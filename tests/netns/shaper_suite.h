// What tests of rate limits share: transfers through the tunnel, and what they are to reach.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/netns/lab_suite.h"

namespace sstpgw::test {

inline constexpr double kKilobit = 1e3;
// A transfer of some seconds, on cores that others share.
inline constexpr double kTolerance = 0.1;

// The table's DOWN/UP of the session.
inline std::string LimitOf(Lab& lab, const std::string& user) {
  return lab.SessionWith("username", user).value_or(Json{}).at("rate-limit").text();
}

class ShaperLab {
 public:
  static std::unique_ptr<TunDial> DialUp(Lab& lab, const std::string& user) {
    auto dial =
        std::make_unique<TunDial>(lab, lab.client(), user, "test", std::vector<std::string>{},
                                  std::vector<std::string>{"--route", "10.20.0.0/24"});
    EXPECT_TRUE(dial->WaitUp()) << dial->process().Output();
    EXPECT_TRUE(lab.WaitActive(user));
    return dial;
  }
  // Payload bits per second that arrived at the receiver.
  static double Iperf(Lab& lab, const std::string& arguments, const char* host = Lab::kInside,
                      int seconds = 4) {
    Process server({"iperf3", "-s", "-1", "--forceflush"}, {&lab.inside(), {}, "iperf3"});
    EXPECT_TRUE(server.WaitForLine("Server listening", kPatience));
    int code = 0;
    const std::string out =
        lab.client().Shell(std::string("iperf3 -c ") + host + " -O 1 -t " +
                               std::to_string(seconds) + " -C cubic -J " + arguments,
                           &code);
    const auto json = Json::Parse(out);
    EXPECT_EQ(code, 0) << out;
    if (code != 0 || !json) return 0;
    return json->at("end").at("sum_received").at("bits_per_second").number();
  }
  static void ExpectRate(double achieved, double configured, const char* what) {
    EXPECT_GT(achieved, configured * (1 - kTolerance)) << what;
    EXPECT_LT(achieved, configured * (1 + kTolerance)) << what;
  }
  static void Close(Lab& lab, TunDial& dial) {
    EXPECT_EQ(dial.process().Stop(), 0) << dial.process().Output();
    EXPECT_TRUE(lab.WaitSessions(0));
  }
};

}  // namespace sstpgw::test
