#include "gateway/edge/kernel_tls_support.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/edge/fake_kernel.h"
#include "tests/unit/edge/fake_tls_kernel.h"

namespace sstpgw::edge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Connects at once, then has a part of a record, of which it says nothing: a recent kernel.
FakeKernel RecentKernel() {
  FakeKernel kernel;
  kernel.polls = {POLLOUT, 0};
  kernel.readable = {0, 3};
  return kernel;
}

TEST(KernelTlsSupport, ARecentKernelHasItAll) {
  FakeKernel kernel = RecentKernel();
  const KernelTlsSupport support = ProbeKernelTls(kernel);
  EXPECT_TRUE(support.available) << support.reason;
  EXPECT_TRUE(support.new_keys);
  EXPECT_FALSE(support.early_wakeups);
  EXPECT_EQ(support.reason, "");
  EXPECT_THAT(kernel.calls(), ElementsAre("socket", "bind", "getsockname", "connect", "poll",
                                          "setsockopt", "setsockopt", "send", "ioctl", "poll",
                                          "ioctl", "poll", "setsockopt", "setsockopt"));
}

// Without the loopback or one of the directions there is no kernel TLS, and the reason names the
// step.
TEST(KernelTlsSupport, EachFailingCallIsTheReasonAndLeaksNothing) {
  const std::size_t before = OpenDescriptors();
  const struct {
    std::size_t call;
    const char* words;
  } cases[] = {{1, "connected to itself"},
               {2, "connected to itself"},
               {3, "connected to itself"},
               {4, "connected to itself"},
               {5, "connected to itself"},
               {6, "TCP_ULP tls"},
               {7, "TLS_RX"},
               {13, "TLS_TX"}};
  for (const auto& item : cases) {
    FakeKernel kernel = RecentKernel();
    kernel.FailCall(item.call, ENOENT);
    const KernelTlsSupport support = ProbeKernelTls(kernel);
    EXPECT_FALSE(support.available) << item.call;
    EXPECT_FALSE(support.new_keys) << item.call;
    EXPECT_THAT(support.reason, HasSubstr(item.words)) << item.call;
    EXPECT_THAT(support.reason, HasSubstr(std::strerror(ENOENT))) << item.call;
    EXPECT_EQ(kernel.calls().size(), item.call) << "went on after a failure";
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST(KernelTlsSupport, AConnectionMayTakeAMoment) {
  FakeKernel kernel = RecentKernel();
  kernel.FailCall(4, EINPROGRESS);
  EXPECT_TRUE(ProbeKernelTls(kernel).available);
}

TEST(KernelTlsSupport, AConnectionThatDoesNotComeOrFailsIsTheReason) {
  FakeKernel silent;
  EXPECT_THAT(ProbeKernelTls(silent).reason, HasSubstr(std::strerror(ETIMEDOUT)));
  FakeKernel refused;
  refused.polls = {POLLOUT | POLLERR};
  EXPECT_THAT(ProbeKernelTls(refused).reason, HasSubstr(std::strerror(ECONNREFUSED)));
}

TEST(KernelTlsSupport, ASecondKeyThatIsRefusedIsAKernelThatCannotFollowKeyUpdates) {
  FakeKernel kernel = RecentKernel();
  kernel.FailCall(14, EBUSY);
  const KernelTlsSupport support = ProbeKernelTls(kernel);
  EXPECT_TRUE(support.available);
  EXPECT_FALSE(support.new_keys);
}

TEST(KernelTlsSupport, WakeupsAreTakenForEarlyWhereNothingElseIsKnown) {
  for (const std::size_t call : {8, 9, 11, 12}) {
    FakeKernel kernel = RecentKernel();
    kernel.FailCall(call, EIO);
    const KernelTlsSupport support = ProbeKernelTls(kernel);
    EXPECT_TRUE(support.available) << call;
    EXPECT_TRUE(support.early_wakeups) << call;
  }
  FakeKernel never_arrives = RecentKernel();
  never_arrives.readable = {2};
  EXPECT_TRUE(ProbeKernelTls(never_arrives).early_wakeups);
  FakeKernel old = RecentKernel();
  old.polls = {POLLOUT, POLLIN};
  EXPECT_TRUE(ProbeKernelTls(old).early_wakeups);
}

// Over the real loopback; keys are taken by a kernel made of libcrypto.
TEST(KernelTlsSupport, ASocketIsReallyConnectedToItself) {
  for (const bool new_keys : {true, false}) {
    FakeTlsKernel kernel;
    kernel.takes_new_keys = new_keys;
    const KernelTlsSupport support = ProbeKernelTls(kernel);
    EXPECT_TRUE(support.available) << support.reason;
    EXPECT_EQ(support.new_keys, new_keys);
    EXPECT_TRUE(support.early_wakeups) << "TCP itself tells of every octet";
  }
}

// Whatever this host's kernel can do, a second answer is the same.
TEST(KernelTlsSupport, OfThisHost) {
  const KernelTlsSupport support = ProbeKernelTls(LinuxKernel());
  EXPECT_EQ(support.available, support.reason.empty()) << support.reason;
  EXPECT_EQ(KernelTlsOfThisHost().available, support.available);
  EXPECT_EQ(KernelTlsOfThisHost().new_keys, support.new_keys);
  EXPECT_EQ(KernelTlsOfThisHost().early_wakeups, support.early_wakeups);
}

}  // namespace
}  // namespace sstpgw::edge
