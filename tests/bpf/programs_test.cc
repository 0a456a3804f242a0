// What the programs do with single packets: limits, bursts, marks, sources, counters.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "ebpf/rate_math.h"
#include "tests/bpf/limited_tun.h"
#include "tests/bpf/program_run.h"
#include "tests/support/packet_builder.h"

namespace sstpgw::edge {
namespace {

constexpr std::uint32_t kMtu = 1400;
constexpr std::uint64_t kLongestWaitNs = 1'000'000'000;
constexpr std::uint64_t kSlow = 8;  // bit/s: a bucket that does not fill while a test looks

// The programs, and a policy for the interface that packets appear on.
class SessionProgramRun : public ::testing::Test {
 protected:
  // In a namespace of its own, so that the loopback's index is nobody else's.
  void Inside(const std::function<void(const SessionPrograms&)>& body) {
    const bool ran = InNewNetworkNamespace(
        [&] { body(Must(SessionPrograms::Load(LinuxKernel(), {.max_interfaces = 16}))); });
    if (!ran) GTEST_SKIP() << kNeedsRoot;
  }
};

sg_policy Limited(std::uint32_t kind, std::uint64_t rate, std::uint64_t burst) {
  sg_policy policy = Unlimited();
  policy.up = sg_limit_make(SG_KIND_POLICE, rate, burst, 0, kMtu);
  policy.down = sg_limit_make(kind, rate, burst, kLongestWaitNs, kMtu);
  return policy;
}

// `octets` in all.
Bytes Udp(std::size_t octets, Ipv4Address source = kClient) {
  test::Ipv4Fields ip;
  ip.source = source;
  ip.destination = kGateway;
  return test::MakeUdp(ip, {.source_port = 1000, .destination_port = 2000}, Bytes(octets - 28));
}

Bytes Tcp(std::size_t octets) {
  test::Ipv4Fields ip;
  ip.source = kClient;
  ip.destination = kGateway;
  return test::MakeTcp(ip, {}, Bytes(octets - 40));
}

// UDP over IPv6 from 2001:db8:0:<subnet>::1.
Bytes Udp6(std::uint8_t subnet) {
  Bytes packet(100);
  packet[0] = 0x60;
  packet[5] = 60;  // payload length
  packet[6] = 17;
  packet[8] = 0x20;
  packet[9] = 0x01;
  packet[10] = 0x0d;
  packet[11] = 0xb8;
  packet[15] = subnet;
  packet[23] = 1;
  return packet;
}

sg_counters Counters(const SessionPrograms& programs, ProgramSide side) {
  return Must(side == ProgramSide::kFromClient ? programs.ReadUp(kLoopback)
                                               : programs.ReadDown(kLoopback))
      .counters;
}

constexpr ProgramSide kSides[] = {ProgramSide::kFromClient, ProgramSide::kToClient};

// Sets the policy with full buckets: a slow one would take longer than the kernel has been up. One
// packet of 28 octets has passed each way afterwards.
void SetFull(const SessionPrograms& programs, const sg_policy& policy) {
  constexpr std::size_t kSpent = 28;
  const sg_policy fast = Limited(SG_KIND_POLICE, SG_MAX_RATE, policy.up.burst + kSpent);
  ASSERT_TRUE(programs.SetPolicy(kLoopback, fast).has_value());
  for (const ProgramSide side : kSides) ASSERT_TRUE(RunOnce(programs, side, Udp(kSpent)).passed);
  ASSERT_TRUE(programs.SetPolicy(kLoopback, policy).has_value());
}

TEST_F(SessionProgramRun, WithoutAPolicyNothingPasses) {
  Inside([](const SessionPrograms& programs) {
    for (const ProgramSide side : kSides) EXPECT_FALSE(RunOnce(programs, side, Udp(100)).passed);
    ASSERT_TRUE(programs.SetPolicy(kLoopback, Unlimited()).has_value());
    for (const ProgramSide side : kSides) EXPECT_TRUE(RunOnce(programs, side, Udp(100)).passed);
    ASSERT_TRUE(programs.Remove(kLoopback).has_value());
    for (const ProgramSide side : kSides) EXPECT_FALSE(RunOnce(programs, side, Udp(100)).passed);
  });
}

TEST_F(SessionProgramRun, PassesTheBurstAndNoMore) {
  Inside([](const SessionPrograms& programs) {
    SetFull(programs, Limited(SG_KIND_POLICE, kSlow, 10'000));
    for (const ProgramSide side : kSides) {
      for (int i = 0; i < 10; ++i) EXPECT_TRUE(RunOnce(programs, side, Udp(1000)).passed) << i;
      for (int i = 0; i < 3; ++i) EXPECT_FALSE(RunOnce(programs, side, Udp(1000)).passed) << i;
      const sg_counters counters = Counters(programs, side);
      EXPECT_EQ(counters.passed_packets, 1U + 10);
      EXPECT_EQ(counters.passed_octets, 28U + 10'000);
      EXPECT_EQ(counters.dropped_packets, 3U);
      EXPECT_EQ(counters.dropped_octets, 3'000U);
      EXPECT_EQ(counters.marked_packets, 0U);
    }
  });
}

// A change gives no burst away and loses no count.
TEST_F(SessionProgramRun, ANewPolicyGoesOnWithTheBucket) {
  Inside([](const SessionPrograms& programs) {
    SetFull(programs, Limited(SG_KIND_POLICE, kSlow, 10'000));
    const auto up = ProgramSide::kFromClient;
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(RunOnce(programs, up, Udp(1000)).passed);
    ASSERT_TRUE(programs.SetPolicy(kLoopback, Limited(SG_KIND_POLICE, kSlow, 20'000)).has_value());
    EXPECT_FALSE(RunOnce(programs, up, Udp(1000)).passed);
    ASSERT_TRUE(programs.SetPolicy(kLoopback, Unlimited()).has_value());
    EXPECT_TRUE(RunOnce(programs, up, Udp(1000)).passed);
    EXPECT_EQ(Counters(programs, up).passed_packets, 1U + 11);
    EXPECT_EQ(Counters(programs, up).dropped_packets, 1U);
  });
}

// What has passed between two looks at the bucket is what it lost and what the rate gave it.
TEST_F(SessionProgramRun, FillsAtItsRate) {
  Inside([](const SessionPrograms& programs) {
    constexpr std::uint64_t kRate = 8'000'000;    // an octet per microsecond
    constexpr std::uint64_t kBurst = 4'000'000;   // room for four seconds without a look
    constexpr std::uint64_t kSpan = 500'000'000;  // ns
    ASSERT_TRUE(programs.SetPolicy(kLoopback, Limited(SG_KIND_POLICE, kRate, kBurst)).has_value());
    const auto side = ProgramSide::kFromClient;
    const Bytes packet = Udp(1000);
    while (RunOnce(programs, side, packet).passed) {
    }
    const sg_state before = Must(programs.ReadUp(kLoopback));
    sg_state after = before;
    while (after.bucket.last_ns < before.bucket.last_ns + kSpan) {
      for (int i = 0; i < 100; ++i) static_cast<void>(RunOnce(programs, side, packet));
      after = Must(programs.ReadUp(kLoopback));
    }
    const auto passed =
        static_cast<double>(after.counters.passed_octets - before.counters.passed_octets);
    const auto kept = static_cast<double>(after.bucket.octets - before.bucket.octets);
    const auto time_ns = static_cast<double>(after.bucket.last_ns - before.bucket.last_ns);
    EXPECT_NEAR(passed + kept, time_ns / 1000, 1);
    EXPECT_GT(passed, 0);
  });
}

TEST_F(SessionProgramRun, ASuperPacketCostsThePacketsThatItBecomes) {
  Inside([](const SessionPrograms& programs) {
    ASSERT_TRUE(programs.SetPolicy(kLoopback, Unlimited()).has_value());
    // 40 octets of headers and 3000 of data in packets of 1000.
    const auto side = ProgramSide::kToClient;
    EXPECT_TRUE(RunOnce(programs, side, Tcp(3040), {.gso_size = 1000}).passed);
    EXPECT_EQ(Counters(programs, side).passed_packets, 3U);
    EXPECT_EQ(Counters(programs, side).passed_octets, 3120U);
    EXPECT_TRUE(RunOnce(programs, side, Udp(2028), {.gso_size = 600}).passed);
    EXPECT_EQ(Counters(programs, side).passed_packets, 3U + 4);
    EXPECT_EQ(Counters(programs, side).passed_octets, 3120U + 2000 + 4 * 28);
  });
}

// Two packets of full size at hand are enough; the debt is paid afterwards.
TEST_F(SessionProgramRun, ASuperPacketAboveTheBurstPassesOnDebt) {
  Inside([](const SessionPrograms& programs) {
    SetFull(programs, Limited(SG_KIND_POLICE, kSlow, 0));
    const auto side = ProgramSide::kFromClient;
    EXPECT_TRUE(RunOnce(programs, side, Tcp(3640), {.gso_size = 1200}).passed);
    EXPECT_FALSE(RunOnce(programs, side, Udp(28)).passed);
    EXPECT_LT(Must(programs.ReadUp(kLoopback)).bucket.octets, 0);
  });
}

TEST_F(SessionProgramRun, TimesOfDepartureAreTheRateApart) {
  Inside([](const SessionPrograms& programs) {
    constexpr std::uint64_t kRate = 100'000;  // 1000 octets take 80 ms
    ASSERT_TRUE(programs.SetPolicy(kLoopback, Limited(SG_KIND_EDT, kRate, 0)).has_value());
    const auto side = ProgramSide::kToClient;
    // Only IP packets can have one, and here the kernel takes these octets for the protocol.
    constexpr Ipv4Address kLooksLikeIp(0x08000001);
    std::vector<std::uint64_t> departures;
    RunOutcome run;
    while ((run = RunOnce(programs, side, Udp(1000, kLooksLikeIp))).passed) {
      departures.push_back(run.departure_ns);
      ASSERT_LT(departures.size(), 100U);
    }
    // Two MTU of burst are almost three packets, which leave at once, and a second of queue is
    // thirteen.
    ASSERT_GE(departures.size(), 14U);
    for (std::size_t i = 5; i < departures.size(); ++i) {
      // An octet more or less of the bucket is 80 us.
      EXPECT_NEAR(static_cast<double>(departures[i] - departures[i - 1]), 80e6, 160e3) << i;
    }
    EXPECT_EQ(RunOnce(programs, ProgramSide::kFromClient, Udp(1000)).departure_ns, 0U);
  });
}

TEST_F(SessionProgramRun, MarkedPacketsPassAndAreCounted) {
  Inside([](const SessionPrograms& programs) {
    sg_policy policy = Limited(SG_KIND_POLICE, kSlow, 3000);
    policy.bypass_mark = 7;
    SetFull(programs, policy);
    for (const ProgramSide side : kSides) {
      for (int i = 0; i < 3; ++i) EXPECT_TRUE(RunOnce(programs, side, Udp(1000)).passed);
      EXPECT_TRUE(RunOnce(programs, side, Udp(1000), {.mark = 7}).passed);
      EXPECT_FALSE(RunOnce(programs, side, Udp(1000), {.mark = 8}).passed);
      EXPECT_FALSE(RunOnce(programs, side, Udp(1000), {.mark = 0}).passed);
      const sg_counters counters = Counters(programs, side);
      EXPECT_EQ(counters.marked_packets, 1U);
      EXPECT_EQ(counters.marked_octets, 1000U);
      EXPECT_EQ(counters.passed_packets, 1U + 4);
      EXPECT_EQ(counters.dropped_packets, 2U);
    }
    policy.bypass_mark = 0;
    ASSERT_TRUE(programs.SetPolicy(kLoopback, policy).has_value());
    EXPECT_FALSE(RunOnce(programs, ProgramSide::kFromClient, Udp(1000)).passed)
        << "no mark is none";
  });
}

TEST_F(SessionProgramRun, ForeignSourcesAreDroppedFromTheClientOnly) {
  Inside([](const SessionPrograms& programs) {
    sg_policy policy{};
    policy.flags = SG_CHECK_SOURCE | SG_COUNT_PACKET;
    policy.source4_count = 1;
    policy.source4[0] = {htonl(kClient.value()), ~0U};
    policy.source6_count = 1;
    policy.source6[0] = {{htonl(0x20010db8), htonl(5), 0, 0}, {~0U, ~0U, 0, 0}};
    ASSERT_TRUE(programs.SetPolicy(kLoopback, policy).has_value());
    const auto up = ProgramSide::kFromClient;
    EXPECT_TRUE(RunOnce(programs, up, Udp(100)).passed);
    EXPECT_FALSE(RunOnce(programs, up, Udp(100, Ipv4Address(0x0a000006))).passed);
    EXPECT_TRUE(RunOnce(programs, up, Udp6(5)).passed);
    EXPECT_FALSE(RunOnce(programs, up, Udp6(6)).passed);
    EXPECT_FALSE(RunOnce(programs, up, Bytes(100, 0x50)).passed) << "neither IPv4 nor IPv6";
    const sg_counters counters = Counters(programs, up);
    EXPECT_EQ(counters.spoofed_packets, 3U);
    EXPECT_EQ(counters.spoofed_octets, 300U);
    EXPECT_EQ(counters.passed_packets, 2U);
    EXPECT_TRUE(RunOnce(programs, ProgramSide::kToClient, Udp(100, kGateway)).passed);
    EXPECT_EQ(Counters(programs, ProgramSide::kToClient).spoofed_packets, 0U);
  });
}

}  // namespace
}  // namespace sstpgw::edge
