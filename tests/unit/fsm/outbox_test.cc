#include "gateway/fsm/outbox.h"

#include <gtest/gtest.h>

#include "tests/unit/fsm/session_driver.h"

namespace sstpgw::fsm {
namespace {

using std::chrono::seconds;

TEST(Outbox, ActionsKeepTheirOrderAndAreTakenOnce) {
  Outbox out;
  out.Log(LogLevel::kInfo, "first");
  out.Count(Counter::kHttpOk);
  const ActionList actions = out.Take();
  ASSERT_EQ(actions.size(), 2U);
  EXPECT_EQ(std::get<WriteLog>(actions[0]).text, "first");
  EXPECT_EQ(std::get<CountEvent>(actions[1]).counter, Counter::kHttpOk);
  EXPECT_TRUE(out.Take().empty());
}

TEST(Outbox, StoppingATimerThatDoesNotRunSaysNothing) {
  Outbox out;
  out.Stop(TimerId::kHello);
  EXPECT_TRUE(out.Take().empty());
  out.Start(TimerId::kHello, seconds(1));
  out.Stop(TimerId::kHello);
  EXPECT_EQ(out.Take().size(), 2U);
}

TEST(Outbox, AnExpiryIsTakenOnceAndOnlyWhileTheTimerRuns) {
  Outbox out;
  EXPECT_FALSE(out.TakeExpiry(TimerId::kHello));
  out.Start(TimerId::kHello, seconds(1));
  EXPECT_TRUE(out.TakeExpiry(TimerId::kHello));
  EXPECT_FALSE(out.TakeExpiry(TimerId::kHello));
  out.Start(TimerId::kHello, seconds(1));
  out.Stop(TimerId::kHello);
  EXPECT_FALSE(out.TakeExpiry(TimerId::kHello));
  EXPECT_FALSE(out.TakeExpiry(static_cast<TimerId>(200)));
}

TEST(Outbox, StopAllExceptKeepsOne) {
  Outbox out;
  out.Start(TimerId::kHello, seconds(1));
  out.Start(TimerId::kSession, seconds(1));
  out.StopAllExcept(TimerId::kHello);
  EXPECT_TRUE(out.Runs(TimerId::kHello));
  EXPECT_FALSE(out.Runs(TimerId::kSession));
  out.StopAllExcept();
  EXPECT_FALSE(out.AnyRuns());
}

TEST(Outbox, PppPacketsAreTracedAndWrapped) {
  Outbox out;
  out.SendPpp(codec::PppProtocol::kLcp, Octets({6, 7, 0, 4}));
  const ActionList actions = out.Take();
  ASSERT_EQ(actions.size(), 2U);
  EXPECT_EQ(std::get<WriteLog>(actions[0]).text, "send [LCP TermAck id=7]");
  EXPECT_EQ(std::get<SendBytes>(actions[1]).bytes,
            Octets({0x10, 0, 0, 12, 0xff, 0x03, 0xc0, 0x21, 6, 7, 0, 4}));
}

TEST(Outbox, WhatIsNotWantedIsNotPutIntoWords) {
  Outbox out;
  out.set_log_level(LogLevel::kInfo);
  EXPECT_TRUE(out.Wants(LogLevel::kWarning));
  EXPECT_FALSE(out.Wants(LogLevel::kTrace));
  out.SendPpp(codec::PppProtocol::kLcp, Octets({6, 7, 0, 4}));
  out.LogReceived(codec::PppProtocol::kLcp, Octets({6, 7, 0, 4}));
  out.Log(LogLevel::kTrace, "x");
  out.LogBare(LogLevel::kDebug, "x");
  out.Log(LogLevel::kInfo, "said");
  const ActionList actions = out.Take();
  ASSERT_EQ(actions.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<SendBytes>(actions[0]));
  EXPECT_EQ(std::get<WriteLog>(actions[1]).text, "said");
}

}  // namespace
}  // namespace sstpgw::fsm
