// A configuration as the control plane takes it: also judged as gateways will.
#include "controlplane/app/config_source.h"

#include "tests/unit/app/app_bench.h"

namespace sstpgw::cp {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ConfigSourceTest : public AppBench {
 protected:
  LoadResult Loaded() { return std::move(LoadConfigFile(config_path())->result); }
};

TEST_F(ConfigSourceTest, WhatGatewaysTakeIsValid) {
  LoadResult result = Loaded();
  CheckForGateways(result);
  EXPECT_TRUE(result.config);
  EXPECT_THAT(result.errors, IsEmpty());
}

// The schema lets nothing of the kind through; if it ever does, loading fails, not the gateway.
TEST_F(ConfigSourceTest, WhatGatewaysRefuseIsAnErrorOfTheLoad) {
  LoadResult result = Loaded();
  result.config->gateway.ppp.echo_failure = 1001;
  CheckForGateways(result);
  EXPECT_FALSE(result.config);
  ASSERT_EQ(result.errors.size(), 1U);
  EXPECT_THAT(Render("f", result.errors[0]),
              HasSubstr("f: sstp: gateways would refuse it: settings.ppp.echo_failure: 1001 is "
                        "not in 1..1000"));
}

TEST_F(ConfigSourceTest, WhatIsNotValidAnywayIsLeftAlone) {
  LoadResult result;
  result.errors.push_back({"sstp", 1, 1, "", "is missing", ""});
  CheckForGateways(result);
  EXPECT_EQ(result.errors.size(), 1U);
}

TEST(HostFileReader, SaysWhyAndLeavesTheNameToTheIssue) {
  HostFileReader reader;
  EXPECT_EQ(reader.ReadFile("/nonexistent/server.pem").error().message,
            "No such file or directory");
  EXPECT_EQ(reader.ReadFile("/").error().message, "Is a directory");
  EXPECT_EQ(reader.ReadEnvironment("SG_NO_SUCH_VARIABLE").error().message, "is not set");
}

}  // namespace
}  // namespace sstpgw::cp
