// Bad input, always with a witness: another user on another cable who pings through the tunnel all
// the time and must not notice.
//
//   client ── raw TLS peers, misbehaving clients ──┐
//                                                  ├── server: both daemons
//   witness ── sstp-test-client, ping 10.0.0.1 ────┘
#pragma once

#include <array>
#include <memory>
#include <string>

#include "tests/netns/lab_suite.h"

namespace sstpgw::test {

template <class Suite>
class AttackSuite : public LabSuite<Suite> {
 public:
  // Short negotiation timer: what is never finished is over soon.
  static constexpr int kNegotiationSeconds = 6;
  static LabConfig Config() {
    LabConfig config;
    config.protocol = "timeout: " + std::to_string(kNegotiationSeconds);
    return config;
  }

 protected:
  using Base = LabSuite<Suite>;

  static void SetUpTestSuite() {
    Base::SetUpTestSuite();
    if (!Base::started_) return;
    witness_ = std::make_unique<Witness>(*Base::lab_);
    Base::residents_ = 1;
  }
  static void TearDownTestSuite() {
    if (witness_) {
      EXPECT_EQ(witness_->Loss(), "");
    }
    witness_.reset();
    Base::TearDownTestSuite();
  }
  void TearDown() override {
    if (witness_) {
      EXPECT_TRUE(witness_->StillServed()) << "the other user noticed";
    }
    Base::TearDown();
  }

  // Named counters before something happens, and the check that one has grown after.
  struct Counted {
    std::string name;
    double before;
  };
  // Counters reach the table once a second, so the first look may show them as they were before
  // the last event of an earlier case. Here nobody is left of earlier cases, and the figures are
  // newer than the call.
  template <class... Names>
  static std::array<Counted, sizeof...(Names)> Before(const Names&... names) {
    WaitForNewFigures();
    const auto others = [] { return Base::lab().Statistic("context_count") - 1; };
    EXPECT_TRUE(WaitUntil([&] { return others() == 0; }, kPatience))
        << others() << " connections beside the witness's";
    const Json now = Base::lab().CtlJson({"show", "statistics"});
    const auto value = [&now](const std::string& name) {
      const Json* found = now.Find(name);
      return found == nullptr ? 0.0 : found->number();
    };
    return {Counted{names, value(names)}...};
  }
  static void ExpectGrown(const Counted& counted, double by = 1) {
    EXPECT_TRUE(Base::lab().WaitStatistic(counted.name, counted.before + by))
        << counted.name << " was " << counted.before << " and is "
        << Base::lab().Statistic(counted.name);
  }

  static inline std::unique_ptr<Witness> witness_;

 private:
  // The witness's packets are counted in the same batch as everything else, and they never cease.
  // A batch may have been on its way already; the one after it has not.
  static void WaitForNewFigures() {
    double packets = WitnessPackets();
    for (int batch = 0; batch < 2; ++batch) {
      const double last = packets;
      EXPECT_TRUE(WaitUntil([&] { return (packets = WitnessPackets()) != last; }, kPatience))
          << "the gateway sends no figures";
    }
  }
  static double WitnessPackets() {
    return Base::lab().SessionWith("username", "witness").value_or(Json{}).at("rx-pkts").number();
  }
};

}  // namespace sstpgw::test
