// Rates that servers set, measured: at the login and by a CoA-Request in between (checklist C14,
// C24). In the program that nobody runs beside.
//
//   client 10.0.0.x ─(TLS)─ server: both daemons ──── inside: iperf3, radclient, two FreeRADIUS
#include "tests/netns/radius_suite.h"
#include "tests/netns/shaper_suite.h"

namespace sstpgw::test {
namespace {

using ::testing::HasSubstr;

class RadiusShapingTest : public RadiusSuite<RadiusShapingTest>, protected ShaperLab {
 public:
  static LabConfig Config() {
    LabConfig config =
        RadiusConfigOf({RadiusServer(kFirst), RadiusServer(kSecond)},
                       "nas-ip-address: 10.255.255.1\nrate-limit: { enable: true }\n"
                       "dynamic-author: { key: coa-key, allow-from: [10.20.0.0/24] }");
    config.log_level = 3;
    return config;
  }
  static void Equip(FreeRadiusOptions& options) {
    options.users = R"(
rita Cleartext-Password := "test"
  Filter-Id = "5000/2000"
)";
  }

 protected:
  static std::string Coa(const std::string& attributes) {
    const std::string file = lab().directory().Write("request", attributes + "\n");
    return lab().inside().Shell("radclient -x -r 1 -t 10 -f " + file + " " + kNas +
                                ":1700 coa coa-key 2>&1");
  }
};

TEST_F(RadiusShapingTest, C14C24TheServersRateHoldsAndFollowsACoa) {
  const auto dial = DialUp(lab(), "rita");
  EXPECT_EQ(LimitOf(lab(), "rita"), "5000/2000");
  ExpectRate(Iperf(lab(), "-R"), 5'000 * kKilobit, "login, down");
  ExpectRate(Iperf(lab(), ""), 2'000 * kKilobit, "login, up");
  const std::string session = "Acct-Session-Id = \"" + SessionId("rita") + "\"";
  EXPECT_THAT(Coa(session + ", Filter-Id = \"2048/1024\""), HasSubstr("Received CoA-ACK"));
  // It is in force when the server hears so.
  EXPECT_EQ(LimitOf(lab(), "rita"), "2048/1024");
  ExpectRate(Iperf(lab(), "-R"), 2'048 * kKilobit, "CoA, down");
  ExpectRate(Iperf(lab(), ""), 1'024 * kKilobit, "CoA, up");
  EXPECT_THAT(Coa(session + ", Filter-Id = \"0/0\""), HasSubstr("Received CoA-ACK"));
  EXPECT_EQ(LimitOf(lab(), "rita"), "");
  EXPECT_GT(Iperf(lab(), "-R", Lab::kInside, 2), 8'000 * kKilobit);
  Close(lab(), *dial);
}

}  // namespace
}  // namespace sstpgw::test
