#include "controlplane/accounting/record.h"

#include <algorithm>

#include "proto/base/text.h"
#include "tests/unit/accounting/samples.h"

namespace sstpgw::cp::accounting {
namespace {

// What is on disk today must be readable by every later version.
TEST(AccountingRecord, OctetsOfVersionOne) {
  AccountingRecord record;
  record.status = RecordStatus::kStop;
  record.key = {"g", "5f"};
  record.session_id = "5f";
  record.user_name = "ann";
  record.classes = {Bytes{0xaa, 0xbb}};
  record.port = 2;
  record.port_id = "sstp2";
  record.addresses.ipv4 = *Ipv4Address::Parse("10.0.0.2");
  record.addresses.delegated = {{*Ipv6Address::Parse("2001:db8::"), 56}};
  record.event_unix_seconds = 0x67406811;
  record.session_seconds = 60;
  record.counters = {0x0100000002, 3, 4, 5};
  record.terminate_cause = 2;
  EXPECT_EQ(ToHex(Encode(record)),
            "0102"  // version, Stop
            "000167"
            "00023566"
            "0000"  // gateway, session, server
            "00023566"
            "0000"
            "0003616e6e"  // ids, user
            "01"
            "0002aabb"
            "01"  // Class, RADIUS
            "0000"
            "0000"
            "0100000002"
            "00057373747032"
            "0a000002"
            "00"
            "00"
            "00"
            "01"
            "38"
            "20010db8000000000000000000000000"
            "0000000067406811"
            "000000000000003c"
            "0000000100000002"
            "0000000000000003"
            "0000000000000004"
            "0000000000000005"
            "00000002");
}

TEST(AccountingRecord, ComesBackAsItWas) {
  AccountingRecord on;
  on.status = RecordStatus::kOn;
  on.server = "192.0.2.9";
  for (const AccountingRecord& record : {FullRecord(), AccountingRecord(), on}) {
    const Bytes octets = Encode(record);
    const Result<AccountingRecord> again = DecodeRecord(octets);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(*again, record);
    EXPECT_EQ(Encode(*again), octets);
  }
}

TEST(AccountingRecord, EveryTruncationAndAnOctetTooManyAreErrors) {
  Bytes octets = Encode(FullRecord());
  for (std::size_t size = 0; size < octets.size(); ++size) {
    EXPECT_FALSE(DecodeRecord(ByteView(octets).first(size))) << size;
  }
  octets.push_back(0);
  EXPECT_FALSE(DecodeRecord(octets));
}

TEST(AccountingRecord, AnUnknownVersionIsNamed) {
  Bytes octets = Encode(FullRecord());
  octets[0] = 2;
  const auto record = DecodeRecord(octets);
  ASSERT_FALSE(record);
  EXPECT_EQ(record.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(record.error().message.find("version 2"), std::string::npos);
}

TEST(AccountingRecord, ValuesThatEncodeNeverWritesAreErrors) {
  const Bytes octets = Encode(AccountingRecord());
  struct Case {
    const char* what;
    std::size_t at;
    std::uint8_t value;
  };
  // Of an empty record: six empty texts of two octets follow version and status.
  const Case cases[] = {
      {"status", 1, 4},        {"length of a text", 2, 1},    {"count of Class", 14, 33},
      {"authentic 0", 15, 0},  {"authentic 3", 15, 3},        {"flag of the port", 20, 2},
      {"interface id", 27, 2}, {"count of prefixes", 29, 17}, {"time far away", 31, 0x80},
  };
  for (const Case& wrong : cases) {
    Bytes changed = octets;
    ASSERT_NE(changed.at(wrong.at), wrong.value) << wrong.what;
    changed[wrong.at] = wrong.value;
    EXPECT_FALSE(DecodeRecord(changed)) << wrong.what;
  }
  Bytes long_prefix = Encode(FullRecord());
  const Bytes prefix{56, 0x20, 0x01, 0x0d, 0xb8, 0x01, 0x00};
  const auto length =
      std::search(long_prefix.begin(), long_prefix.end(), prefix.begin(), prefix.end());
  ASSERT_NE(length, long_prefix.end());
  *length = 129;
  EXPECT_FALSE(DecodeRecord(long_prefix));
}

TEST(AccountingRecord, WhatDoesNotFitIsNamedAndCut) {
  const auto message = [](const AccountingRecord& record) {
    const Result<void> fits = CheckLimits(record);
    return fits ? std::string() : fits.error().message;
  };
  EXPECT_EQ(message(FullRecord()), "");

  AccountingRecord record = FullRecord();
  record.user_name.assign(254, 'u');
  EXPECT_NE(message(record).find("User-Name"), std::string::npos);
  EXPECT_EQ(DecodeRecord(Encode(record))->user_name, std::string(253, 'u'));

  record = FullRecord();
  record.classes.assign(9, Bytes(253, 1));
  EXPECT_NE(message(record).find("2277, at most 2048"), std::string::npos) << message(record);
  EXPECT_EQ(DecodeRecord(Encode(record))->classes.size(), 8U);
  record.classes.assign(33, Bytes{1});
  EXPECT_NE(message(record).find("list of Class"), std::string::npos);
  EXPECT_EQ(DecodeRecord(Encode(record))->classes.size(), 32U);
  record.classes = {Bytes(254, 1)};
  EXPECT_NE(message(record).find("Class is too long"), std::string::npos);

  record = FullRecord();
  record.addresses.delegated.assign(17, {});
  EXPECT_NE(message(record).find("prefixes"), std::string::npos);
  EXPECT_EQ(DecodeRecord(Encode(record))->addresses.delegated.size(), 16U);
}

TEST(AccountingRecord, TheLargestOneIsBounded) {
  AccountingRecord record = FullRecord();
  const std::string text(300, 'x');
  record.key = {text, text};
  for (std::string* field :
       {&record.server, &record.session_id, &record.multi_session_id, &record.user_name,
        &record.calling_station, &record.called_station, &record.port_id}) {
    *field = text;
  }
  record.classes.assign(8, Bytes(253, 1));
  record.classes.resize(32);
  record.addresses.prefixes.assign(20, {});
  record.addresses.delegated.assign(20, {});
  const Bytes octets = Encode(record);
  EXPECT_LE(octets.size(), kMaxRecordOctets);
  EXPECT_TRUE(DecodeRecord(octets));
}

// RFC 2866 5.10; features 6.4.
TEST(AccountingRecord, TerminateCauses) {
  using enum TerminateCause;
  const std::pair<TerminateCause, std::uint32_t> causes[] = {
      {kUserRequest, 1}, {kLostCarrier, 2}, {kIdleTimeout, 4}, {kSessionTimeout, 5},
      {kAdminReset, 6},  {kNasError, 9},    {kNasRequest, 10}, {kNasReboot, 11},
      {kUserError, 17},  {kNone, 9},
  };
  for (const auto& [cause, value] : causes) EXPECT_EQ(TerminateCauseValue(cause), value);
}

}  // namespace
}  // namespace sstpgw::cp::accounting
