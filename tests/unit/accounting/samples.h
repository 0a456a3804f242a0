// Records with something in every field, for tests of accounting.
#pragma once

#include <string>

#include "controlplane/accounting/kept_session.h"
#include "controlplane/accounting/record.h"

namespace sstpgw::cp::accounting {

inline AccountingRecord FullRecord() {
  AccountingRecord record;
  record.status = RecordStatus::kInterim;
  record.key = {"gw1", "00000000000000ab"};
  record.session_id = "00000000000000ab";
  record.multi_session_id = "m1";
  record.user_name = "ann@example.org";
  record.classes = {Bytes{1, 2, 3}, Bytes{}, Bytes(253, 0xcc)};
  record.authentic = Authentic::kLocal;
  record.calling_station = "192.0.2.7";
  record.called_station = "2001:db8::1";
  record.port = 7;
  record.port_id = "sstp7";
  record.addresses.ipv4 = *Ipv4Address::Parse("10.0.0.7");
  record.addresses.interface_id = {{0, 1, 2, 3, 4, 5, 6, 7}};
  record.addresses.ipv6 = *Ipv6Address::Parse("2001:db8:1::7");
  record.addresses.prefixes = {{*Ipv6Address::Parse("2001:db8:1::"), 64}};
  record.addresses.delegated = {{*Ipv6Address::Parse("2001:db8:100::"), 56},
                                {*Ipv6Address::Parse("2001:db8:200::"), 128}};
  record.event_unix_seconds = 1732267345;
  record.session_seconds = 86400;
  record.counters = {(std::uint64_t{5} << 32) + 1, (std::uint64_t{6} << 32) + 2, 3, 4};
  record.terminate_cause = 1;
  return record;
}

inline KeptSession FullKept() {
  KeptSession kept;
  kept.stage = Stage::kStarted;
  kept.boot = "boot-1";
  kept.now = FullRecord();
  kept.opened_unix_seconds = 1732267000;
  kept.reported_unix_seconds = 1732267300;
  kept.interim_interval = std::chrono::seconds(60);
  kept.session_timeout = std::chrono::seconds(3600);
  return kept;
}

}  // namespace sstpgw::cp::accounting
