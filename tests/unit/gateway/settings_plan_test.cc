#include "gateway/settings_plan.h"

namespace sstpgw::gateway {
namespace {

TEST(SettingsPlan, OlderGenerationsAreRefusedAndTheSameOneConfirmed) {
  EXPECT_EQ(JudgeSettings(Generation(0), Generation(1)), SettingsVerdict::kApply);
  EXPECT_EQ(JudgeSettings(Generation(5), Generation(6)), SettingsVerdict::kApply);
  EXPECT_EQ(JudgeSettings(Generation(5), Generation(5)), SettingsVerdict::kCurrent);
  EXPECT_EQ(JudgeSettings(Generation(5), Generation(4)), SettingsVerdict::kOlder);
}

TEST(SettingsPlan, PlaceIsTheSetOfAddressesAndThePort) {
  GatewaySettings a;
  a.listen_addresses = {"192.0.2.1", "::1", "192.0.2.1"};
  GatewaySettings b;
  b.listen_addresses = {"::1", "192.0.2.1"};
  EXPECT_EQ(ListenPlaceOf(a), ListenPlaceOf(b));
  b.port = 8443;
  EXPECT_NE(ListenPlaceOf(a), ListenPlaceOf(b));
  b.port = a.port;
  b.listen_addresses = {"::1"};
  EXPECT_NE(ListenPlaceOf(a), ListenPlaceOf(b));
}

TEST(SettingsPlan, OtherSettingsDoNotMoveTheListeners) {
  GatewaySettings a;
  GatewaySettings b;
  b.sstp.host_name = "vpn.example.com";
  b.max_sessions = 7;
  EXPECT_EQ(ListenPlaceOf(a), ListenPlaceOf(b));
}

}  // namespace
}  // namespace sstpgw::gateway
