#include "controlplane/radius/accounting_request.h"

#include "controlplane/radius/attribute_numbers.h"
#include "controlplane/radius/packet_text.h"
#include "tests/unit/radius/octets.h"

namespace sstpgw::cp::radius {
namespace {

NasIdentity Nas() {
  NasIdentity nas;
  nas.identifier = "gw1";
  return nas;
}

AccountingRecord Record(AcctStatus status) {
  AccountingRecord record;
  record.status = status;
  record.session = "01";
  record.user = "bob";
  record.port = {"192.0.2.1", "198.51.100.2", 3, "sstp3"};
  return record;
}

std::string Line(const AccountingRecord& record) {
  const RequestBody body = AccountingRequestBody(record, Nas());
  return LogLine(Direction::kSend, "RADIUS(1)", *Fill(body, {7, {}, TextOctets("s")}),
                 Dictionary::BuiltIn());
}

std::string HexOf(const AccountingRecord& record) {
  Packet packet;
  packet.attributes = AccountingRequestBody(record, Nas()).attributes;
  return ToHex(ByteView(*Encode(packet)).subspan(kHeaderSize));
}

const std::string kPlace =
    "0105"
    "626f62"
    "2005"
    "677731"
    "0506"
    "00000003"
    "5707"
    "7373747033"
    "3d06"
    "00000005"
    "0606"
    "00000002"
    "0706"
    "00000001"
    "1f0b"
    "3139322e302e322e31"
    "1e0e"
    "3139382e35312e3130302e32"
    "2c04"
    "3031"  // Acct-Session-Id
    "2d06"
    "00000001";  // Acct-Authentic RADIUS

TEST(AccountingRequestBody, StartGolden) {
  AccountingRecord record = Record(AcctStatus::kStart);
  record.framed_address = Ipv4Address(0x0a000009);
  record.framed_interface_id = InterfaceId{0, 1, 2, 3, 4, 5, 6, 7};
  record.framed_ipv6_prefixes = {MakeIpv6Prefix(*Ipv6Address::Parse("2001:db8:1::"), 64)};
  record.framed_ipv6_addresses = {*Ipv6Address::Parse("2001:db8::9")};
  record.delegated_ipv6_prefixes = {MakeIpv6Prefix(*Ipv6Address::Parse("2001:db8:f000::"), 36)};
  record.classes = {Hex("aa"), Hex("bbcc")};
  record.event_unix_seconds = 1700176320;
  EXPECT_EQ(HexOf(record),
            "2806"
            "00000001" +
                kPlace +
                "0806"
                "0a000009"
                "600a"
                "0001020304050607"
                "610c"
                "0040"
                "20010db800010000"
                "a812"
                "20010db8000000000000000000000009"
                "7b09"
                "0024"
                "20010db8f0"
                "2e06"
                "00000000"
                "2a06"
                "00000000"
                "2b06"
                "00000000"
                "2f06"
                "00000000"
                "3006"
                "00000000"
                "3406"
                "00000000"
                "3506"
                "00000000"
                "3706"
                "6556a1c0"
                "1903"
                "aa"
                "1904"
                "bbcc");
  EXPECT_EQ(AccountingRequestBody(record, Nas()).code, Code::kAccountingRequest);
}

TEST(AccountingRequestBody, StopGolden) {
  AccountingRecord record = Record(AcctStatus::kStop);
  record.counters.rx_bytes = 0x1'0000'0002;
  record.counters.tx_bytes = 0x3'0000'0004;
  record.counters.rx_packets = 5;
  record.counters.tx_packets = 6;
  record.session_time = std::chrono::seconds(3600);
  record.cause = TerminateCause::kIdleTimeout;
  record.delay = std::chrono::seconds(12);
  EXPECT_EQ(HexOf(record),
            "2806"
            "00000002" +
                kPlace +
                "2e06"
                "00000e10"
                "2a06"
                "00000002"
                "2b06"
                "00000004"
                "2f06"
                "00000005"
                "3006"
                "00000006"
                "3406"
                "00000001"
                "3506"
                "00000003"
                "2906"
                "0000000c"
                "3106"
                "00000004");
}

TEST(AccountingRequestBody, InterimHasNoCause) {
  AccountingRecord record = Record(AcctStatus::kInterim);
  record.counters.rx_bytes = 1000;
  record.cause = TerminateCause::kUserRequest;
  EXPECT_EQ(Line(record),
            "send [RADIUS(1) Accounting-Request id=7 <Acct-Status-Type Interim-Update> "
            "<User-Name \"bob\"> <NAS-Identifier \"gw1\"> <NAS-Port 3> <NAS-Port-Id \"sstp3\"> "
            "<NAS-Port-Type Virtual> <Service-Type Framed-User> <Framed-Protocol PPP> "
            "<Calling-Station-Id \"192.0.2.1\"> <Called-Station-Id \"198.51.100.2\"> "
            "<Acct-Session-Id \"01\"> <Acct-Authentic RADIUS> <Acct-Session-Time 0> "
            "<Acct-Input-Octets 1000> <Acct-Output-Octets 0> <Acct-Input-Packets 0> "
            "<Acct-Output-Packets 0> <Acct-Input-Gigawords 0> <Acct-Output-Gigawords 0>]");
}

TEST(AccountingRequestBody, OnAndOffGolden) {
  AccountingRecord record;
  record.session = "01";
  record.status = AcctStatus::kOn;
  EXPECT_EQ(HexOf(record),
            "2806"
            "00000007"
            "2005"
            "677731"
            "2c04"
            "3031");
  record.status = AcctStatus::kOff;
  record.event_unix_seconds = 1;
  EXPECT_EQ(HexOf(record),
            "2806"
            "00000008"
            "2005"
            "677731"
            "2c04"
            "3031"
            "3706"
            "00000001");
}

TEST(AccountingRequestBody, NumbersThatDoNotFit) {
  AccountingRecord record = Record(AcctStatus::kStop);
  record.session_time = std::chrono::seconds(0x1'0000'0000);
  record.delay = std::chrono::seconds(-5);
  record.event_unix_seconds = -1;
  const std::string line = Line(record);
  EXPECT_THAT(line, ::testing::HasSubstr("<Acct-Session-Time 4294967295>"));
  EXPECT_THAT(line, ::testing::HasSubstr("<Acct-Delay-Time 0>"));
  EXPECT_THAT(line, ::testing::HasSubstr("<Event-Timestamp 1970-01-01T00:00:00Z>"));
}

TEST(AccountingRequestBody, NamesOfStatus) {
  EXPECT_STREQ(ToString(AcctStatus::kStart), "Start");
  EXPECT_STREQ(ToString(AcctStatus::kInterim), "Interim-Update");
  EXPECT_STREQ(ToString(AcctStatus::kOff), "Accounting-Off");
}

}  // namespace
}  // namespace sstpgw::cp::radius
