#include "controlplane/app/masked_config.h"

namespace sstpgw::cp {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MaskSecrets, HidesPasswordsAndKeepsTheRest) {
  const std::string text = MaskSecrets(
      "sstp:\n  port: 443\n  authentication:\n    local-users:\n"
      "      ann: { password: hunter2 }\n      password: { password: { file: /etc/pw } }\n");
  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  EXPECT_THAT(text, HasSubstr("***"));
  EXPECT_THAT(text, HasSubstr("port: 443"));
  EXPECT_THAT(text, HasSubstr("/etc/pw"));
}

TEST(MaskSecrets, HidesRadiusKeysInLists) {
  const std::string text = MaskSecrets(
      "sstp:\n  authentication:\n    radius:\n      servers:\n"
      "        - { address: 10.0.0.1, key: foosecret }\n"
      "        - { address: 10.0.0.2, key: { env: RADIUS_KEY } }\n"
      "      dynamic-author: { key: foosecret, port: 1700 }\n");
  EXPECT_THAT(text, Not(HasSubstr("foosecret")));
  EXPECT_THAT(text, HasSubstr("10.0.0.1"));
  EXPECT_THAT(text, HasSubstr("RADIUS_KEY"));
  EXPECT_THAT(text, HasSubstr("1700"));
}

TEST(MaskSecrets, TextThatIsNoYamlIsNotShown) { EXPECT_EQ(MaskSecrets("a: [b"), ""); }

}  // namespace
}  // namespace sstpgw::cp
