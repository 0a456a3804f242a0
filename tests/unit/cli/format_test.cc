#include "controlplane/cli/format.h"

namespace sstpgw::cli {
namespace {

TEST(HumanBytes, AsThePagePrintsThem) {
  EXPECT_EQ(HumanBytes(0), "0 B");
  EXPECT_EQ(HumanBytes(210), "210 B");
  EXPECT_EQ(HumanBytes(1023), "1023 B");
  EXPECT_EQ(HumanBytes(1024), "1.0 KiB");
  EXPECT_EQ(HumanBytes(16691), "16.3 KiB");
  EXPECT_EQ(HumanBytes(10U << 20), "10.0 MiB");
  EXPECT_EQ(HumanBytes(std::uint64_t{5} << 29), "2.5 GiB");
  EXPECT_EQ(HumanBytes(std::uint64_t{3} << 40), "3072.0 GiB");
}

TEST(Uptime, GetsDaysOnlyWhenThereAreSome) {
  EXPECT_EQ(Uptime(0), "00:00:00");
  EXPECT_EQ(Uptime(946), "00:15:46");
  EXPECT_EQ(Uptime(86399), "23:59:59");
  EXPECT_EQ(Uptime(86400), "1.00:00:00");
  EXPECT_EQ(Uptime(12 * 86400 + 3661), "12.01:01:01");
  EXPECT_EQ(Uptime(-5), "00:00:00");
}

TEST(UptimeWithDays, AlwaysHasThem) {
  EXPECT_EQ(UptimeWithDays(4914), "0.01:21:54");
  EXPECT_EQ(UptimeWithDays(86400), "1.00:00:00");
}

}  // namespace
}  // namespace sstpgw::cli
