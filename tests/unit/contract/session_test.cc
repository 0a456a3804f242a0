#include <functional>

#include "tests/unit/contract/refusal.h"

namespace sstpgw::contract {
namespace {

NetworkPolicy Network() {
  NetworkPolicy network;
  network.interface_name = "ann%d";
  network.vrf = "red";
  network.framed_mtu = 1400;
  network.routes = {"10.1.0.0/16 0.0.0.0 1", "10.2.0.0/16"};
  network.ipv6_routes = {"2001:db8:1::/48"};
  network.framed_ipv6_prefixes = {*Ipv6Prefix::Parse("2001:db8::/64")};
  network.delegated_ipv6_prefixes = {*Ipv6Prefix::Parse("2001:db8:100::/56"),
                                     *Ipv6Prefix::Parse("::/0")};
  network.framed_ipv6_addresses = {*Ipv6Address::Parse("2001:db8::7")};
  network.framed_interface_id = InterfaceId{1, 2, 3, 4, 5, 6, 7, 8};
  network.framed_ipv6_pool = "a";
  network.stateful_ipv6_pool = "b";
  network.delegated_ipv6_pool = "c";
  network.ipv6_dns = {*Ipv6Address::Parse("2001:db8::53")};
  network.mppe_policy = 1;
  network.mppe_types = 0;
  return network;
}

SessionRecord Record() {
  SessionRecord record;
  record.session = "0123456789abcdef";
  record.state = SessionState::kActive;
  record.interface_name = "sstp0";
  record.user = "J\xfcrgen";  // any octets
  record.calling_station = "198.51.100.7";
  record.called_station = "192.0.2.1";
  record.peer = "198.51.100.7:49852";
  record.policy.generation = Generation(2);
  record.policy.address = Ipv4Address(0x0a000005);
  record.policy.gateway_address = Ipv4Address(0x0a000001);
  record.policy.dns = {Ipv4Address(1), Ipv4Address(2)};
  record.policy.wins = {Ipv4Address(3)};
  record.policy.session_timeout = std::chrono::seconds(3600);
  record.policy.idle_timeout = std::chrono::seconds(600);
  record.policy.hold = true;
  record.policy.reauthenticate = true;
  record.policy.network = Network();
  record.held = true;
  record.network = {true, true, true, {1, 2, 3, 4, 5, 6, 7, 8}, true};
  record.auth_protocol = AuthProtocol::kChapMd5;
  record.mtu = 1452;
  record.started_unix_seconds = 1709139784;
  record.uptime_seconds = 946;
  record.counters = {1, 2, 3, 4};
  record.tls_version = "TLSv1.3";
  record.tls_cipher = "TLS_AES_256_GCM_SHA384";
  record.tls_send = TlsMode::kHardware;
  record.tls_receive = TlsMode::kSoftware;
  return record;
}

NumberedReport Report() {
  return {5, {SessionEventKind::kUp, Record(), TerminateCause::kNone, ""}};
}

TEST(Session, RecordRoundTrip) {
  const SessionRecord in = Record();
  const auto out = FromProto(ToProto(in));
  ASSERT_TRUE(out.has_value()) << out.error().message;
  EXPECT_EQ(out->session, in.session);
  EXPECT_EQ(out->state, in.state);
  EXPECT_EQ(out->interface_name, in.interface_name);
  EXPECT_EQ(out->user, in.user);
  EXPECT_EQ(out->calling_station, in.calling_station);
  EXPECT_EQ(out->called_station, in.called_station);
  EXPECT_EQ(out->peer, in.peer);
  EXPECT_EQ(out->policy, in.policy);
  EXPECT_EQ(out->held, in.held);
  EXPECT_EQ(out->network, in.network);
  EXPECT_EQ(out->auth_protocol, in.auth_protocol);
  EXPECT_EQ(out->mtu, in.mtu);
  EXPECT_EQ(out->started_unix_seconds, in.started_unix_seconds);
  EXPECT_EQ(out->uptime_seconds, in.uptime_seconds);
  EXPECT_EQ(out->counters, in.counters);
  EXPECT_EQ(out->tls_version, in.tls_version);
  EXPECT_EQ(out->tls_cipher, in.tls_cipher);
  EXPECT_EQ(out->tls_send, in.tls_send);
  EXPECT_EQ(out->tls_receive, in.tls_receive);
}

TEST(Session, APolicyThatSaysLittleRoundTrips) {
  SessionPolicy in;
  in.generation = Generation(1);
  EXPECT_FALSE(ToProto(in).has_network());
  const auto out = FromProto(ToProto(in));
  ASSERT_TRUE(out.has_value()) << out.error().message;
  EXPECT_EQ(*out, in);
}

TEST(Session, WhatAGatewayWritesIsNeverRefused) {
  NumberedReport report = Report();
  report.report.kind = SessionEventKind::kDown;
  report.report.cause = TerminateCause::kLostCarrier;
  report.report.reason = std::string(5000, '\xff');
  report.report.record.user = std::string(5000, 'u');
  report.report.record.tls_cipher = std::string(500, 'c');
  ExpectAccepted(ToProto(report));
}

TEST(Session, ReportRoundTrip) {
  NumberedReport in = Report();
  in.report.kind = SessionEventKind::kDown;
  in.report.cause = TerminateCause::kAdminReset;
  in.report.reason = "terminated by operator";
  in.age = std::chrono::seconds(7200);
  const auto out = FromProto(ToProto(in));
  ASSERT_TRUE(out.has_value()) << out.error().message;
  EXPECT_EQ(out->sequence, 5U);
  EXPECT_EQ(out->report.kind, SessionEventKind::kDown);
  EXPECT_EQ(out->report.cause, TerminateCause::kAdminReset);
  EXPECT_EQ(out->report.reason, "terminated by operator");
  EXPECT_EQ(out->age, in.age);
  EXPECT_EQ(out->report.record.session, in.report.record.session);
}

TEST(Session, EveryEnumValueRoundTrips) {
  for (const auto kind :
       {SessionEventKind::kStarting, SessionEventKind::kAuthorized, SessionEventKind::kHeld,
        SessionEventKind::kUp, SessionEventKind::kChange, SessionEventKind::kDown}) {
    EXPECT_EQ(*FromProto(ToProto(kind)), kind);
  }
  for (const auto state :
       {SessionState::kStarting, SessionState::kActive, SessionState::kFinishing}) {
    EXPECT_EQ(*FromProto(ToProto(state)), state);
  }
  for (const auto cause :
       {TerminateCause::kNone, TerminateCause::kUserRequest, TerminateCause::kLostCarrier,
        TerminateCause::kIdleTimeout, TerminateCause::kSessionTimeout, TerminateCause::kAdminReset,
        TerminateCause::kNasError, TerminateCause::kNasRequest, TerminateCause::kNasReboot,
        TerminateCause::kUserError}) {
    EXPECT_EQ(*FromProto(ToProto(cause)), cause);
  }
  for (const auto protocol : {AuthProtocol::kPap, AuthProtocol::kChapMd5, AuthProtocol::kMsChapV1,
                              AuthProtocol::kMsChapV2, AuthProtocol::kEap}) {
    EXPECT_EQ(*FromProto(ToProto(protocol)), protocol);
  }
  for (const auto mode : {TlsMode::kUser, TlsMode::kSoftware, TlsMode::kHardware}) {
    EXPECT_EQ(*FromProto(ToProto(mode)), mode);
  }
  for (const auto preference : {NcpPreference::kDeny, NcpPreference::kAllow, NcpPreference::kPrefer,
                                NcpPreference::kRequire}) {
    EXPECT_EQ(*FromProto(ToProto(preference)), preference);
  }
}

struct BadField {
  const char* field;
  std::function<void(pb::SessionReport&)> spoil;
};

TEST(Session, EachInvalidFieldOfAReportIsRefused) {
  const std::vector<BadField> cases{
      {"sequence", [](auto& m) { m.set_sequence(0); }},
      {"SessionEventKind", [](auto& m) { m.clear_kind(); }},
      {"TerminateCause", [](auto& m) { m.set_cause(static_cast<pb::TerminateCause>(3)); }},
      {"reason", [](auto& m) { m.set_reason(std::string(kMaxText + 1, 'a')); }},
      {"record", [](auto& m) { m.clear_record(); }},
      {"session_id", [](auto& m) { m.mutable_record()->set_session_id("x"); }},
      {"SessionState", [](auto& m) { m.mutable_record()->clear_state(); }},
      {"interface_name",
       [](auto& m) { m.mutable_record()->set_interface_name(std::string(16, 'a')); }},
      {"user", [](auto& m) { m.mutable_record()->set_user(std::string(kMaxUser + 1, 'a')); }},
      {"calling_station",
       [](auto& m) { m.mutable_record()->set_calling_station(std::string(65, 'a')); }},
      {"called_station",
       [](auto& m) { m.mutable_record()->set_called_station(std::string(65, 'a')); }},
      {"peer", [](auto& m) { m.mutable_record()->set_peer(std::string(65, 'a')); }},
      {"dns", [](auto& m) { m.mutable_record()->mutable_policy()->add_dns(3); }},
      {"wins",
       [](auto& m) {
         m.mutable_record()->mutable_policy()->add_wins(3);
         m.mutable_record()->mutable_policy()->add_wins(4);
       }},
      {"AuthProtocol", [](auto& m) { m.mutable_record()->clear_auth_protocol(); }},
      {"mtu_octets", [](auto& m) { m.mutable_record()->set_mtu_octets(65536); }},
      {"started_unix_seconds", [](auto& m) { m.mutable_record()->set_started_unix_seconds(-1); }},
      {"uptime_seconds", [](auto& m) { m.mutable_record()->set_uptime_seconds(-1); }},
      {"tls_version", [](auto& m) { m.mutable_record()->set_tls_version(std::string(65, 'a')); }},
      {"tls_cipher", [](auto& m) { m.mutable_record()->set_tls_cipher(std::string(65, 'a')); }},
      {"TlsMode", [](auto& m) { m.mutable_record()->clear_tls_send(); }},
      {"TlsMode",
       [](auto& m) { m.mutable_record()->set_tls_receive(static_cast<pb::TlsMode>(4)); }},
  };
  const pb::SessionReport good = ToProto(Report());
  ExpectAccepted(good);
  for (const BadField& bad : cases) {
    pb::SessionReport message = good;
    bad.spoil(message);
    ExpectRefused(message, bad.field);
  }
}

TEST(Session, StatisticsRoundTripInOrderOfNames) {
  GatewayStatistics in;
  in.uptime_seconds = 1;
  in.cpu_percent = 2;
  in.rss_kib = 3;
  in.virtual_kib = 4;
  in.heap_allocated_bytes = 5;
  in.heap_available_bytes = 6;
  in.threads = 7;
  in.threads_active = 8;
  in.connections = 9;
  in.descriptors = 10;
  in.timers = 11;
  in.timers_pending = 12;
  in.sstp_starting = 13;
  in.sstp_active = 14;
  in.counters = {{"b_two", 2}, {"a_one", 1}};
  const auto out = FromProto(ToProto(in));
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(out->uptime_seconds, 1U);
  EXPECT_EQ(out->cpu_percent, 2U);
  EXPECT_EQ(out->rss_kib, 3U);
  EXPECT_EQ(out->virtual_kib, 4U);
  EXPECT_EQ(out->heap_allocated_bytes, 5U);
  EXPECT_EQ(out->heap_available_bytes, 6U);
  EXPECT_EQ(out->threads, 7U);
  EXPECT_EQ(out->threads_active, 8U);
  EXPECT_EQ(out->connections, 9U);
  EXPECT_EQ(out->descriptors, 10U);
  EXPECT_EQ(out->timers, 11U);
  EXPECT_EQ(out->timers_pending, 12U);
  EXPECT_EQ(out->sstp_starting, 13U);
  EXPECT_EQ(out->sstp_active, 14U);
  ASSERT_EQ(out->counters.size(), 2U);
  EXPECT_EQ(out->counters[0].name, "a_one");
  EXPECT_EQ(out->counters[1].value, 2U);
}

TEST(Session, StatisticsWithStrangeOrTooManyNamesAreRefused) {
  pb::GatewayStatistics message;
  (*message.mutable_counters())["bad name"] = 1;
  ExpectRefused(message, "counters");
  message.clear_counters();
  for (std::size_t i = 0; i <= kMaxCounters; ++i) {
    (*message.mutable_counters())["n" + std::to_string(i)] = 1;
  }
  ExpectRefused(message, "counters");
}

struct BadPolicy {
  const char* field;
  std::function<void(pb::NetworkPolicy&)> spoil;
};

TEST(Session, EachInvalidFieldOfWhatIsCarriedIsRefused) {
  const auto route = [](std::size_t size) { return std::string(size, 'r'); };
  const std::vector<BadPolicy> cases{
      {"interface_name", [](auto& m) { m.set_interface_name(std::string(16, 'a')); }},
      {"vrf", [](auto& m) { m.set_vrf(std::string(254, 'a')); }},
      {"framed_ipv6_pool", [](auto& m) { m.set_framed_ipv6_pool(std::string(254, 'a')); }},
      {"stateful_ipv6_pool", [](auto& m) { m.set_stateful_ipv6_pool(std::string(254, 'a')); }},
      {"delegated_ipv6_pool", [](auto& m) { m.set_delegated_ipv6_pool(std::string(254, 'a')); }},
      {"network.routes", [&](auto& m) { m.add_routes(route(254)); }},
      {"network.routes", [&](auto& m) { m.add_routes(""); }},
      {"network.routes",
       [&](auto& m) {
         while (m.routes().size() <= 256) m.add_routes("10.0.0.0/8");
       }},
      {"ipv6_routes", [&](auto& m) { m.add_ipv6_routes(route(254)); }},
      {"framed_ipv6_prefixes", [](auto& m) { m.add_framed_ipv6_prefixes(); }},
      {"framed_ipv6_prefixes",
       [](auto& m) { m.mutable_framed_ipv6_prefixes(0)->set_length_bits(129); }},
      {"framed_ipv6_prefixes",
       [](auto& m) { m.mutable_framed_ipv6_prefixes(0)->set_length_bits(28); }},
      {"framed_ipv6_prefixes",
       [](auto& m) {
         while (m.framed_ipv6_prefixes().size() <= 32) {
           *m.add_framed_ipv6_prefixes() = m.framed_ipv6_prefixes(0);
         }
       }},
      {"delegated_ipv6_prefixes", [](auto& m) { m.add_delegated_ipv6_prefixes(); }},
      {"framed_ipv6_addresses", [](auto& m) { m.add_framed_ipv6_addresses("short"); }},
      {"framed_interface_id", [](auto& m) { m.set_framed_interface_id("1234567"); }},
      {"ipv6_dns",
       [](auto& m) {
         while (m.ipv6_dns().size() <= 3) m.add_ipv6_dns(std::string(16, 'a'));
       }},
  };
  const pb::NetworkPolicy good = ToProto(Network());
  ExpectAccepted(good);
  for (const BadPolicy& bad : cases) {
    pb::NetworkPolicy message = good;
    bad.spoil(message);
    ExpectRefused(message, bad.field);
  }
}

}  // namespace
}  // namespace sstpgw::contract
