// Bad input, always with a witness: another user on another cable who pings through the tunnel all
// the time and must not notice.
//
//   client ── raw TLS peers, misbehaving clients ──┐
//                                                  ├── server: both daemons
//   witness ── sstp-test-client, ping 10.0.0.1 ────┘
#pragma once

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
    if (Base::started_) witness_ = std::make_unique<Witness>(*Base::lab_);
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

  // The named counter before something happens, and the check that it has grown after.
  struct Counted {
    std::string name;
    double before;
  };
  static Counted Before(const std::string& name) {
    return {name, std::max(0.0, Base::lab().Statistic(name))};
  }
  static void ExpectGrown(const Counted& counted, double by = 1) {
    EXPECT_TRUE(Base::lab().WaitStatistic(counted.name, counted.before + by))
        << counted.name << " was " << counted.before << " and is "
        << Base::lab().Statistic(counted.name);
  }

  static inline std::unique_ptr<Witness> witness_;
};

}  // namespace sstpgw::test
