#include "controlplane/cli/session_columns.h"

namespace sstpgw::cli {
namespace {

namespace pb = ::sstpgw::v1;
using ::testing::HasSubstr;
using ::testing::Not;

pb::Session Make(const std::string& interface_name, const std::string& user,
                 std::uint32_t address) {
  pb::Session session;
  session.set_gateway_id("gw1");
  pb::SessionRecord& record = *session.mutable_record();
  record.set_session_id("0123456789abcdef");
  record.set_state(pb::SESSION_STATE_ACTIVE);
  record.set_interface_name(interface_name);
  record.set_user(user);
  record.set_calling_station("192.168.10.100");
  record.set_called_station("192.168.10.1");
  record.mutable_policy()->set_address(address);
  record.set_auth_protocol(pb::AUTH_PROTOCOL_PAP);
  record.set_mtu_octets(1452);
  record.set_uptime_seconds(946);
  record.set_tls_send(pb::TLS_MODE_SOFTWARE);
  record.set_tls_receive(pb::TLS_MODE_USER);
  record.mutable_counters()->set_rx_bytes(16691);
  record.mutable_counters()->set_tx_bytes(210);
  return session;
}

std::vector<pb::Session> Two() {
  return {Make("sstp0", "test", 0x0a000002), Make("sstp1", "ann", 0x0a000003)};
}

TEST(RenderSessions, ThePagesTable) {
  const auto text = RenderSessions({Make("sstp0", "test", 0x0a000002)}, {});
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr(" sstp0  | test     | 10.0.0.2 |     |        | 192.168.10.100 |"
                               "            | active | 00:15:46 | 16.3 KiB | 210 B\n"));
}

TEST(RenderSessions, TheWideTableTellsHowASessionIsCarried) {
  TableRequest request;
  request.wide = true;
  pb::Session session = Make("sstp0", "test", 0x0a000002);
  session.set_rate_source(pb::RATE_SOURCE_CHANGED);
  session.mutable_record()->mutable_shaper()->set_down_limiter(pb::DOWN_LIMITER_EDT);
  session.mutable_record()->mutable_network()->set_mppe(true);
  session.mutable_record()->mutable_policy()->mutable_network()->set_vrf("RED");
  const auto text = RenderSessions({session}, request);
  ASSERT_TRUE(text);
  EXPECT_THAT(*text,
              HasSubstr("| tx-bytes |        sid       | gateway | mtu  | auth | tls | "
                        "cipher | tls-send | tls-receive | rate-source | limiter | comp | vrf\n"));
  EXPECT_THAT(*text,
              HasSubstr("| 210 B    | 0123456789abcdef | gw1     | 1452 | PAP  |     | "
                        "       | sw       | user        | changed     | edt/-   | mppe | RED\n"));
}

TEST(RenderSessions, ATlsModeOfEachKindHasItsWord) {
  const std::vector<std::pair<pb::TlsMode, std::string>> words{{pb::TLS_MODE_USER, "user"},
                                                               {pb::TLS_MODE_SOFTWARE, "sw"},
                                                               {pb::TLS_MODE_HARDWARE, "hw"},
                                                               {pb::TLS_MODE_UNSPECIFIED, ""}};
  for (const auto& [mode, word] : words) {
    pb::Session session;
    session.mutable_record()->set_tls_send(mode);
    EXPECT_EQ(FindColumn("tls-send")->text(session, false), word);
    EXPECT_EQ(FindColumn("tls-receive")->text(session, false), "");
    session.mutable_record()->set_tls_receive(mode);
    EXPECT_EQ(FindColumn("tls-receive")->text(session, true), word);
  }
}

TEST(RenderSessions, ColumnsOrderAndMatch) {
  TableRequest request;
  request.columns = {"username", "uptime-raw"};
  request.order = "username";
  EXPECT_EQ(*RenderSessions(Two(), request),
            " username | uptime-raw\n----------+------------\n ann      | 946\n test     | 946\n");
  request.matches = {"ifname=^sstp1$"};
  EXPECT_THAT(*RenderSessions(Two(), request), Not(HasSubstr("test ")));
  request.matches = {"ifname=^sstp1$", "ip=\\.2$"};
  EXPECT_EQ(*RenderSessions(Two(), request), " username | uptime-raw\n----------+------------\n");
}

TEST(RenderSessions, WrongRequestsAreSaid) {
  TableRequest request;
  request.columns = {"bogus"};
  EXPECT_EQ(RenderSessions({}, request).error().message, "unknown column bogus");
  request = {};
  request.order = "bogus";
  EXPECT_EQ(RenderSessions({}, request).error().message, "unknown column bogus");
  request = {};
  request.matches = {"bogus=x"};
  EXPECT_EQ(RenderSessions({}, request).error().message, "unknown column bogus");
  request.matches = {"ip=("};
  EXPECT_THAT(RenderSessions({}, request).error().message, HasSubstr("not a regular expression"));
  request.matches = {"ip"};
  EXPECT_THAT(RenderSessions({}, request).error().message, HasSubstr("column=expression"));
}

TEST(RenderSessions, AUserNameCannotBreakTheTable) {
  const auto text = RenderSessions({Make("sstp0", "a\n\x1b[31m\xff", 1)}, {});
  EXPECT_THAT(*text, HasSubstr("a\\x0a\\x1b[31m\\xff"));
}

TEST(RenderSessions, EmptyValues) {
  pb::Session session = Make("", "", 0);
  session.mutable_record()->set_state(pb::SESSION_STATE_STARTING);
  session.set_inner_ip6("2001:db8::2/64");
  TableRequest request;
  request.columns = {"ifname", "ip", "state"};
  EXPECT_THAT(*RenderSessions({session}, request), HasSubstr("| 2001:db8::2/64 | start"));
}

TEST(RenderSessions, OfIpv6AloneTheAddressIsThat) {
  pb::Session session = Make("sstp0", "ann", 0x0a000002);
  session.set_inner_ip6("2001:db8::2/64");
  session.set_delegated_prefix("2001:db8:8000::/56");
  TableRequest request;
  request.columns = {"ip", "ip6", "ip6-dp", "comp"};
  session.mutable_record()->mutable_network()->set_ipv4(true);
  session.mutable_record()->mutable_network()->set_ipv6(true);
  EXPECT_THAT(*RenderSessions({session}, request),
              HasSubstr(" 10.0.0.2 | 2001:db8::2/64 | 2001:db8:8000::/56 |"));
  session.mutable_record()->mutable_network()->set_ipv4(false);
  EXPECT_THAT(*RenderSessions({session}, request),
              HasSubstr(" 2001:db8::2/64 | 2001:db8::2/64 | 2001:db8:8000::/56 |"));
}

TEST(RenderSessionsJson, KeysAreStable) {
  const auto text = RenderSessionsJson({Make("sstp0", "te\"st", 0x0a000002)}, {});
  EXPECT_EQ(*text, R"([
  {
    "ifname": "sstp0",
    "username": "te\"st",
    "ip": "10.0.0.2",
    "ip6": "",
    "ip6-dp": "",
    "type": "sstp",
    "rate-limit": "",
    "state": "active",
    "uptime-raw": 946,
    "calling-sid": "192.168.10.100",
    "called-sid": "192.168.10.1",
    "sid": "0123456789abcdef",
    "comp": "",
    "rx-bytes-raw": 16691,
    "tx-bytes-raw": 210,
    "rx-pkts": 0,
    "tx-pkts": 0,
    "gateway": "gw1",
    "mtu": 1452,
    "auth": "PAP",
    "tls": "",
    "cipher": "",
    "tls-send": "sw",
    "tls-receive": "user",
    "rate-source": "",
    "limiter": "",
    "session-timeout": 0,
    "idle-timeout": 0,
    "vrf": ""
  }
]
)");
  EXPECT_EQ(*RenderSessionsJson({}, {}), "[]\n");
}

}  // namespace
}  // namespace sstpgw::cli
