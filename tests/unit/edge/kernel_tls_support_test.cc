#include "gateway/edge/kernel_tls_support.h"

#include <gtest/gtest.h>

namespace sstpgw::edge {
namespace {

// Whatever this host's kernel can do, the answer has its reason, and a second one is the same.
TEST(KernelTlsSupport, IsFoundOut) {
  const KernelTlsSupport support = ProbeKernelTls();
  EXPECT_EQ(support.available, support.reason.empty()) << support.reason;
  EXPECT_EQ(KernelTlsOfThisHost().available, support.available);
  EXPECT_EQ(KernelTlsOfThisHost().new_keys, support.new_keys);
}

}  // namespace
}  // namespace sstpgw::edge
