// The peer's MRU over a session's life (features 3.2.3): interface and record follow what LCP has
// agreed on last.
#include <gtest/gtest.h>

#include "tests/unit/fsm/session_driver.h"

namespace sstpgw::fsm {
namespace {

using codec::PppCode;

Bytes Mru(int value) { return Option(1, Octets({value >> 8, value & 0xff})); }

class SessionMtu : public testing::Test {
 protected:
  void Active() {
    driver_.RunToActive();
    driver_.TakeSent();
    driver_.TakeReports();
  }
  SessionDriver driver_;
};

TEST_F(SessionMtu, AnotherMruInOpenedChangesInterfaceAndRecord) {
  Active();
  EXPECT_EQ(driver_.activation->mtu, 1452);
  driver_.Lcp(PppCode::kConfigureRequest, 9, Mru(1300));
  EXPECT_EQ(driver_.TakePpp().at(0).code, 2);
  EXPECT_EQ(driver_.mtus_set, std::vector<std::uint16_t>{1300});
  EXPECT_EQ(driver_.Snapshot().mtu, 1300);
  EXPECT_EQ(driver_.Snapshot().state, SessionState::kActive);
  const std::vector<Report> reports = driver_.TakeReports();
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].kind, SessionEventKind::kChange);
}

TEST_F(SessionMtu, TheSameMruAgainChangesNothing) {
  Active();
  driver_.Lcp(PppCode::kConfigureRequest, 9, Mru(1452));
  driver_.Lcp(PppCode::kEchoRequest, 10, Octets({1, 2, 3, 4}));
  EXPECT_TRUE(driver_.mtus_set.empty());
  EXPECT_TRUE(driver_.TakeReports().empty());
}

TEST_F(SessionMtu, ARequestWithoutMruMeansTheInitialMtu) {
  driver_.settings.ppp.mtu = 1400;
  Active();
  driver_.Lcp(PppCode::kConfigureRequest, 9, Option(5, Octets({0xee, 2, 3, 4})));
  EXPECT_EQ(driver_.mtus_set, std::vector<std::uint16_t>{1400});
}

TEST_F(SessionMtu, BeforeTheActivationOnlyTheLastOneCounts) {
  driver_.RunToBound();
  driver_.Lcp(PppCode::kConfigureRequest, 9, Mru(1300));
  driver_.Ipcp(PppCode::kConfigureRequest, 8, AddressOption(3, "10.0.0.5"));
  driver_.AckTheirIpcpRequest();
  EXPECT_EQ(driver_.activation->mtu, 1300);
  EXPECT_TRUE(driver_.mtus_set.empty());
}

TEST_F(SessionMtu, IpcpCutsItsRejectsToTheNewMru) {
  Active();
  driver_.Lcp(PppCode::kConfigureRequest, 9, Mru(200));
  driver_.TakeSent();
  driver_.Ppp(codec::PppProtocol::kIpcp, ControlPacketOf(static_cast<PppCode>(99), 1, Bytes(500)));
  const std::vector<PppPacket> packets = driver_.TakePpp();
  ASSERT_EQ(packets.size(), 1U);
  EXPECT_EQ(packets[0].data.size() + 4, 200U);
}

// Every change costs the kernel and the control plane something.
TEST_F(SessionMtu, WhoChangesItWithoutEndIsEnded) {
  Active();
  int changes = 0;
  while (driver_.Snapshot().state == SessionState::kActive && changes < 100) {
    driver_.Lcp(PppCode::kConfigureRequest, changes, Mru(1000 + changes % 2));
    ++changes;
  }
  EXPECT_EQ(driver_.mtus_set.size(), 16U);
  EXPECT_EQ(changes, 17);
  EXPECT_EQ(driver_.Count(Counter::kPppNoAgreement), 1);
}

}  // namespace
}  // namespace sstpgw::fsm
