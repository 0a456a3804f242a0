// Rate limits that servers set: which attribute counts and what it means (checklist C22-C26). One
// user has them all; the configuration says which is looked at. The rates themselves are measured
// in radius_shaping_test.cc.
//
//   client ──── server: both daemons ──── inside: two FreeRADIUS
#include "tests/netns/radius_suite.h"
#include "tests/netns/shaper_suite.h"

namespace sstpgw::test {
namespace {

using client::Phase;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

constexpr const char* kDictionary = R"(VENDOR Example-Isp 64999
BEGIN-VENDOR Example-Isp
ATTRIBUTE Example-Isp-Rate 3 string
ATTRIBUTE Example-Isp-Mbit 4 integer
END-VENDOR Example-Isp
)";

class RadiusRateTest : public RadiusSuite<RadiusRateTest> {
 public:
  static LabConfig Config() { return With("enable: true"); }
  static LabConfig With(const std::string& rate_limit, const std::string& rest = "") {
    return RadiusConfigOf({RadiusServer(kFirst), RadiusServer(kSecond)},
                          "rate-limit: { " + rate_limit + " }\n" + rest);
  }
  static void Equip(FreeRadiusOptions& options) {
    options.dictionary = kDictionary;
    options.users = R"(
rita Cleartext-Password := "test"
  Filter-Id = "5000/2000",
  Callback-Id = "7000/3000",
  Example-Isp-Rate = "6400/1600",
  Example-Isp-Mbit = 4,
  Mikrotik-Rate-Limit = "2M/8M",
  Cisco-AVPair = "lcp:interface-config#1=rate-limit output 3000000 562500 1125000 conform-action transmit exceed-action drop",
  Cisco-AVPair += "lcp:interface-config#2=rate-limit input 1500000 281250 562500 conform-action transmit exceed-action drop"
free Cleartext-Password := "test"
garbled Cleartext-Password := "test"
  Filter-Id = "as fast as it gets"
)";
  }

 protected:
  // The table's DOWN/UP of this user with this configuration.
  static std::string LimitWith(const LabConfig& config, const std::string& user = "rita") {
    EXPECT_TRUE(lab().Reload(config));
    Dialer dialer = DialAs(user);
    EXPECT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
    EXPECT_TRUE(WaitActive(user));
    const std::string limit = LimitOf(lab(), user);
    HangUp(dialer);
    return limit;
  }
  static std::string OwnDictionary() {
    return "dictionary: [" + lab().directory().Write("dictionary.isp", kDictionary) + "]";
  }
};

TEST_F(RadiusRateTest, C22FilterIdOrWhatIsNamedInstead) {
  EXPECT_EQ(LimitWith(With("enable: true")), "5000/2000");
  EXPECT_EQ(LimitWith(With("enable: true, attribute: Filter-Id")), "5000/2000");
  EXPECT_EQ(LimitWith(With("enable: true, attribute: Callback-Id")), "7000/3000");
  EXPECT_EQ(LimitWith(With("enable: true, attribute: 20")), "7000/3000") << "by number";
}

TEST_F(RadiusRateTest, C23AnAttributeOfTheOperatorsOwn) {
  const std::string own = OwnDictionary();
  EXPECT_EQ(LimitWith(With("enable: true, attribute: Example-Isp-Rate, vendor: Example-Isp", own)),
            "6400/1600");
  EXPECT_EQ(
      LimitWith(With(
          "enable: true, attribute: Example-Isp-Mbit, vendor: Example-Isp, multiplier: 1000", own)),
      "4000/4000");
  // Nobody knows it without the file.
  lab().WriteConfig(With("enable: true, attribute: Example-Isp-Rate"));
  const Finished reload = lab().Ctl({"reload"});
  EXPECT_NE(reload.exit_code, 0);
  EXPECT_THAT(reload.output, ContainsRegex("radius.rate-limit.attribute.*Example-Isp-Rate"));
  const Finished check = lab().Ctl({"config", "check", lab().config_file()});
  EXPECT_NE(check.exit_code, 0);
  ASSERT_TRUE(lab().Reload(Config()));
}

TEST_F(RadiusRateTest, C24OnlyWhereItIsEnabled) {
  EXPECT_EQ(LimitWith(With("enable: false")), "");
  EXPECT_EQ(LimitWith(With("enable: true")), "5000/2000");
}

TEST_F(RadiusRateTest, C25VendorsAttributes) {
  EXPECT_EQ(LimitWith(With("enable: true, vendor: Cisco, attribute: Cisco-AVPair")), "3000/1500");
  // Upload first.
  EXPECT_EQ(LimitWith(With("enable: true, vendor: Mikrotik, attribute: Mikrotik-Rate-Limit")),
            "8000/2000");
}

TEST_F(RadiusRateTest, C26WhatTheServerSaysBeatsTheConfiguration) {
  LabConfig config = Config();
  config.extra = "shaper: { rate-limit: 9000/1000 }";
  EXPECT_EQ(LimitWith(config), "5000/2000");
  EXPECT_EQ(LimitWith(config, "free"), "9000/1000");
  // The operator's own hand is above both.
  Dialer dialer = DialAs("rita");
  ASSERT_TRUE(dialer.DialUntil(Phase::kUp)) << dialer.failure().detail;
  ASSERT_TRUE(WaitActive("rita"));
  const std::string interface = InterfaceOf("rita");
  EXPECT_EQ(lab().Ctl({"shaper", "change", interface, "1000/500", "temp"}).exit_code, 0);
  EXPECT_TRUE(WaitUntil([] { return LimitOf(lab(), "rita") == "1000/500"; }, kPatience));
  EXPECT_EQ(lab().Ctl({"shaper", "restore", interface}).exit_code, 0);
  EXPECT_TRUE(WaitUntil([] { return LimitOf(lab(), "rita") == "5000/2000"; }, kPatience));
  HangUp(dialer);
}

TEST_F(RadiusRateTest, WhatCannotBeReadIsToldAndLimitsNothing) {
  EXPECT_EQ(LimitWith(Config(), "garbled"), "");
  EXPECT_TRUE(WaitControlLog("as fast as it gets|Filter-Id"));
}

}  // namespace
}  // namespace sstpgw::test
