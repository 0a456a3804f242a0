#include "tests/unit/contract/refusal.h"

namespace sstpgw::contract {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

const SessionId kSession = "0123456789abcdef";

// Over the wire and back, as octets.
template <class T>
T Carry(FromGatewayMessage in) {
  pb::FromGateway wire;
  EXPECT_TRUE(wire.ParseFromString(ToProto(in).SerializeAsString()));
  auto out = FromProto(wire);
  EXPECT_TRUE(out.has_value()) << out.error().message;
  return std::get<T>(std::move(*out));
}
template <class T>
T CarryDown(ToGatewayMessage in) {
  pb::ToGateway wire;
  EXPECT_TRUE(wire.ParseFromString(ToProto(in).SerializeAsString()));
  auto out = FromProto(wire);
  EXPECT_TRUE(out.has_value()) << out.error().message;
  return std::get<T>(std::move(*out));
}

TEST(Link, HelloRoundTrip) {
  Hello in{"edge1", "boot", "0.1.0", {"pap", "ipv4"}, {}, Generation(9), 12};
  in.sessions.resize(2);
  in.sessions[0].session = kSession;
  in.sessions[1].session = "fedcba9876543210";
  const auto out = Carry<Hello>(in);
  EXPECT_EQ(out.gateway_id, "edge1");
  EXPECT_EQ(out.boot_id, "boot");
  EXPECT_EQ(out.version, "0.1.0");
  EXPECT_THAT(out.capabilities, ElementsAre("pap", "ipv4"));
  EXPECT_EQ(out.applied_generation, Generation(9));
  EXPECT_EQ(out.reports_to, 12U);
  ASSERT_THAT(out.sessions, SizeIs(2));
  EXPECT_EQ(out.sessions[1].session, "fedcba9876543210");
}

NumberedReport Numbered(std::uint64_t sequence = 1) {
  NumberedReport report;
  report.sequence = sequence;
  report.report.record.session = kSession;
  return report;
}

TEST(Link, UpwardMessagesRoundTrip) {
  ReportBatch batch;
  batch.reports.push_back(Numbered(3));
  batch.reports.push_back(Numbered(4));
  const auto reports = Carry<ReportBatch>(batch).reports;
  ASSERT_THAT(reports, SizeIs(2));
  EXPECT_EQ(reports[0].sequence, 3U);
  EXPECT_EQ(reports[1].sequence, 4U);

  const auto counters = Carry<CountersBatch>(
      CountersBatch{{{kSession, {1, 2, 3, 4}, TlsMode::kSoftware, TlsMode::kHardware}}, {}});
  ASSERT_THAT(counters.entries, SizeIs(1));
  EXPECT_EQ(counters.entries[0].session, kSession);
  EXPECT_EQ(counters.entries[0].counters, (TrafficCounters{1, 2, 3, 4}));
  EXPECT_EQ(counters.entries[0].tls_send, TlsMode::kSoftware);
  EXPECT_EQ(counters.entries[0].tls_receive, TlsMode::kHardware);

  const auto applied = Carry<Applied>(Applied{Generation(4), kSession});
  EXPECT_EQ(applied.generation, Generation(4));
  EXPECT_EQ(applied.session, kSession);
  const auto refused = Carry<Refused>(Refused{Generation(5), "", "port is taken"});
  EXPECT_EQ(refused.generation, Generation(5));
  EXPECT_EQ(refused.session, "");
  EXPECT_EQ(refused.reason, "port is taken");
}

TEST(Link, OrdersRoundTrip) {
  PolicyOrder policy;
  policy.session = kSession;
  policy.policy.generation = Generation(2);
  const auto policy_out = CarryDown<PolicyOrder>(policy);
  EXPECT_EQ(policy_out.session, kSession);
  EXPECT_EQ(policy_out.policy.generation, Generation(2));

  const auto disconnect = CarryDown<DisconnectOrder>(
      DisconnectOrder{kSession, Termination::kHard, TerminateCause::kAdminReset, "operator"});
  EXPECT_EQ(disconnect.session, kSession);
  EXPECT_EQ(disconnect.termination, Termination::kHard);
  EXPECT_EQ(disconnect.cause, TerminateCause::kAdminReset);
  EXPECT_EQ(disconnect.reason, "operator");
  EXPECT_EQ(CarryDown<DisconnectOrder>(
                DisconnectOrder{kSession, Termination::kSoft, TerminateCause::kNasRequest, ""})
                .termination,
            Termination::kSoft);

  EXPECT_EQ(CarryDown<ReportAck>(ReportAck{77}).sequence, 77U);
  EXPECT_TRUE(CarryDown<DrainOrder>(DrainOrder{true}).enabled);
  EXPECT_FALSE(CarryDown<DrainOrder>(DrainOrder{false}).enabled);
}

TEST(Link, SettingsOrderRoundTrip) {
  GatewaySettings settings;
  settings.generation = Generation(1);
  settings.tls.certificate_chain_pem = "chain";
  settings.tls.private_key_pem = Secret(std::string_view("key"));
  settings.ppp.auth_protocols = {AuthProtocol::kPap};
  EXPECT_EQ(CarryDown<GatewaySettings>(std::move(settings)).generation, Generation(1));
}

TEST(Link, EachInvalidUpwardMessageIsRefused) {
  ExpectRefused(pb::FromGateway(), "message");
  const pb::FromGateway hello = ToProto(FromGatewayMessage(Hello{"a", "b", "c", {}, {}, {}, 0}));
  ExpectAccepted(hello);
  pb::FromGateway message = hello;
  message.mutable_hello()->clear_gateway_id();
  ExpectRefused(message, "gateway_id");
  message = hello;
  message.mutable_hello()->set_boot_id("a b");
  ExpectRefused(message, "boot_id");
  message = hello;
  message.mutable_hello()->set_version(std::string(65, 'a'));
  ExpectRefused(message, "version");
  message = hello;
  message.mutable_hello()->add_capabilities("");
  ExpectRefused(message, "capabilities");
  message = hello;
  for (int i = 0; i < 65; ++i) message.mutable_hello()->add_capabilities("a");
  ExpectRefused(message, "capabilities");
  message = hello;
  message.mutable_hello()->add_sessions();
  ExpectRefused(message, "session_id");
  message.Clear();
  message.mutable_reports();
  ExpectRefused(message, "reports");
  pb::SessionReport& empty = *message.mutable_reports()->add_reports();
  ExpectRefused(message, "sequence");
  empty.set_sequence(1);
  ExpectRefused(message, "record");
  empty.mutable_record();
  ExpectRefused(message, "SessionEventKind");
  message.Clear();
  const pb::FromGateway report = ToProto(FromGatewayMessage(ReportBatch{{Numbered()}}));
  ExpectAccepted(report);
  for (std::size_t i = 0; i < kMaxReportBatch; ++i) {
    *message.mutable_reports()->add_reports() = report.reports().reports(0);
  }
  ExpectAccepted(message);
  *message.mutable_reports()->add_reports() = report.reports().reports(0);
  ExpectRefused(message, "reports");
  message.Clear();
  message.mutable_counters()->add_entries()->set_session_id("x");
  ExpectRefused(message, "session_id");
  message.Clear();
  message.mutable_applied()->set_session_id("x");
  ExpectRefused(message, "session_id");
  message.Clear();
  message.mutable_refused()->set_session_id("x");
  ExpectRefused(message, "session_id");
  message.Clear();
  message.mutable_refused()->set_reason(std::string(kMaxText + 1, 'a'));
  ExpectRefused(message, "reason");
}

TEST(Link, EachInvalidOrderIsRefused) {
  ExpectRefused(pb::ToGateway(), "message");
  pb::ToGateway message;
  message.mutable_settings();
  ExpectRefused(message, "settings");
  message.Clear();
  message.mutable_policy()->set_session_id("x");
  ExpectRefused(message, "session_id");
  message.mutable_policy()->set_session_id(kSession);
  ExpectRefused(message, "policy");
  message.Clear();
  message.mutable_disconnect()->set_session_id("x");
  ExpectRefused(message, "session_id");
  message.mutable_disconnect()->set_session_id(kSession);
  message.mutable_disconnect()->set_cause(static_cast<pb::TerminateCause>(99));
  ExpectRefused(message, "TerminateCause");
  message.mutable_disconnect()->set_cause(pb::TERMINATE_CAUSE_NAS_REQUEST);
  message.mutable_disconnect()->set_reason(std::string(kMaxText + 1, 'a'));
  ExpectRefused(message, "reason");
}

}  // namespace
}  // namespace sstpgw::contract
