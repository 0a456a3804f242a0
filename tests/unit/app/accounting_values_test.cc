#include "controlplane/app/accounting_values.h"

#include "tests/unit/accounting/samples.h"

namespace sstpgw::cp {
namespace {

using accounting::RecordStatus;
using std::chrono::seconds;

RadiusServerConfig Server(const std::string& address, std::uint16_t acct_port, bool disabled) {
  RadiusServerConfig server;
  server.address = *Ipv4Address::Parse(address);
  server.acct_port = acct_port;
  server.disabled = disabled;
  return server;
}

TEST(AccountingValuesTest, EveryFieldOfARecordIsSent) {
  accounting::AccountingRecord record = accounting::FullRecord();
  record.status = RecordStatus::kStop;
  const radius::AccountingRecord out = RadiusRecordOf(record, record.event_unix_seconds + 9);
  EXPECT_EQ(out.status, radius::AcctStatus::kStop);
  EXPECT_EQ(out.session, "00000000000000ab");
  EXPECT_EQ(out.user, "ann@example.org");
  EXPECT_EQ(out.port.calling_station, "192.0.2.7");
  EXPECT_EQ(out.port.called_station, "2001:db8::1");
  EXPECT_EQ(out.port.nas_port, 7U);
  EXPECT_EQ(out.port.nas_port_id, "sstp7");
  EXPECT_EQ(out.framed_address, Ipv4Address::Parse("10.0.0.7"));
  EXPECT_EQ(out.framed_interface_id, record.addresses.interface_id);
  EXPECT_EQ(out.framed_ipv6_addresses.at(0), *Ipv6Address::Parse("2001:db8:1::7"));
  EXPECT_EQ(out.framed_ipv6_prefixes.at(0).ToString(), "2001:db8:1::/64");
  EXPECT_EQ(out.delegated_ipv6_prefixes.at(1).ToString(), "2001:db8:200::/128");
  EXPECT_EQ(out.classes, record.classes);
  EXPECT_EQ(out.counters, record.counters);
  EXPECT_EQ(out.session_time, seconds(86400));
  EXPECT_EQ(out.cause, TerminateCause::kUserRequest);
  EXPECT_EQ(out.event_unix_seconds, record.event_unix_seconds);
  EXPECT_EQ(out.delay, seconds(9));
}

TEST(AccountingValuesTest, WhatIsAbsentStaysSo) {
  accounting::AccountingRecord record;
  record.event_unix_seconds = 1000;
  const radius::AccountingRecord out = RadiusRecordOf(record, 10);
  EXPECT_EQ(out.framed_address, std::nullopt);
  EXPECT_EQ(out.port.nas_port, std::nullopt);
  EXPECT_EQ(out.delay, seconds(0)) << "a clock that went back";
}

TEST(AccountingValuesTest, NoMoreIsOfferedThanGoesAtOnce) {
  RadiusConfig config;
  config.servers.push_back(Server("192.0.2.1", 1813, /*disabled=*/false));
  const std::size_t usual = AccountingSettingsOf(&config, AuthMode::kRadius).spool.in_flight;
  EXPECT_EQ(usual, accounting::SpoolLimits{}.in_flight);
  config.servers[0].req_limit = 5;
  EXPECT_EQ(AccountingSettingsOf(&config, AuthMode::kRadius).spool.in_flight, 10U);
  config.servers.push_back(Server("192.0.2.2", 1813, /*disabled=*/false));
  EXPECT_EQ(AccountingSettingsOf(&config, AuthMode::kRadius).spool.in_flight, usual)
      << "the other has room for all";
}

TEST(AccountingValuesTest, EnabledWhenAServerInUseTakesAccounting) {
  RadiusConfig config;
  config.servers.push_back(Server("192.0.2.1", 1813, /*disabled=*/true));
  config.servers.push_back(Server("192.0.2.2", 0, /*disabled=*/false));
  EXPECT_FALSE(AccountingSettingsOf(&config, AuthMode::kRadius).enabled);
  config.servers.push_back(Server("192.0.2.3", 1813, /*disabled=*/false));
  EXPECT_TRUE(AccountingSettingsOf(&config, AuthMode::kRadius).enabled);
  EXPECT_FALSE(AccountingSettingsOf(&config, AuthMode::kLocal).enabled);
  EXPECT_FALSE(AccountingSettingsOf(nullptr, AuthMode::kRadius).enabled);
  EXPECT_EQ(AccountingServersOf(config), std::vector<std::string>{"192.0.2.3:1813"});
}

TEST(AccountingValuesTest, TheOperatorsTimesAreTaken) {
  RadiusConfig config;
  config.interim_interval = seconds(61);
  config.interim_jitter = seconds(7);
  config.acct_timeout = seconds(0);
  config.acct_delay_start = seconds(5);
  const accounting::AccountingSettings settings = AccountingSettingsOf(&config, AuthMode::kRadius);
  EXPECT_EQ(settings.interim_interval, seconds(61));
  EXPECT_EQ(settings.interim_jitter, seconds(7));
  EXPECT_EQ(settings.acct_timeout, seconds(0));
  EXPECT_EQ(settings.start_delay, seconds(5));
  EXPECT_TRUE(settings.start_wait);
}

TEST(AccountingValuesTest, AStartWaitsForIpv6ThatWasGiven) {
  SessionRecord record;
  EXPECT_TRUE(HasAllAddresses(record)) << "nothing of IPv6 was given";
  record.policy.network.delegated_ipv6_prefixes = {*Ipv6Prefix::Parse("2001:db8:8000::/56")};
  EXPECT_FALSE(HasAllAddresses(record));
  record.network.ipv6 = true;
  EXPECT_TRUE(HasAllAddresses(record));
}

TEST(AccountingValuesTest, ALoginIsNamedAsTheServerSaid) {
  OpenAccounting open;
  open.session = {"g", "1"};
  open.boot = "b";
  open.user = "ann";
  open.facts.interim_interval = seconds(120);
  open.session_timeout = seconds(3600);
  accounting::AccountedLogin login = LoginOf(open);
  EXPECT_EQ(login.key, (SessionKey{"g", "1"}));
  EXPECT_EQ(login.boot, "b");
  EXPECT_EQ(login.record.session_id, "1");
  EXPECT_EQ(login.record.user_name, "ann");
  EXPECT_EQ(login.interim_interval, seconds(120));
  EXPECT_EQ(login.session_timeout, seconds(3600));
  open.facts.user_name = "ann@billing";
  EXPECT_EQ(LoginOf(open).record.user_name, "ann@billing");
}

}  // namespace
}  // namespace sstpgw::cp
