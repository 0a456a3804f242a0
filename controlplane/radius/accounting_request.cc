#include "controlplane/radius/accounting_request.h"

#include <algorithm>

#include "controlplane/radius/attribute_numbers.h"

namespace sstpgw::cp::radius {
namespace {

constexpr std::uint32_t kAuthenticByRadius = 1;

// Of a count that has no upper half on the wire: as much as fits.
std::uint32_t Clamped(std::int64_t value) {
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(value, 0, 0xffffffff));
}

std::uint32_t Low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
std::uint32_t High(std::uint64_t value) { return static_cast<std::uint32_t>(value >> 32); }

void AppendWhen(const AccountingRecord& record, AttributeList& out) {
  if (record.event_unix_seconds) {
    AppendInteger(kEventTimestamp, Clamped(*record.event_unix_seconds), out);
  }
  if (record.delay) AppendInteger(kAcctDelayTime, Clamped(record.delay->count()), out);
}

void AppendAddresses(const AccountingRecord& record, AttributeList& out) {
  if (record.framed_address) Append(kFramedIpAddress, Ipv4Value(*record.framed_address), out);
  if (record.framed_interface_id) {
    Append(kFramedInterfaceId, OctetsValue(*record.framed_interface_id), out);
  }
  for (const Ipv6Prefix& prefix : record.framed_ipv6_prefixes) {
    Append(kFramedIpv6Prefix, Ipv6PrefixValue(prefix), out);
  }
  for (const Ipv6Address& address : record.framed_ipv6_addresses) {
    Append(kFramedIpv6Address, Ipv6Value(address), out);
  }
  for (const Ipv6Prefix& prefix : record.delegated_ipv6_prefixes) {
    Append(kDelegatedIpv6Prefix, Ipv6PrefixValue(prefix), out);
  }
}

void AppendCounters(const AccountingRecord& record, AttributeList& out) {
  const TrafficCounters& counters = record.counters;
  AppendInteger(kAcctSessionTime, Clamped(record.session_time.count()), out);
  AppendInteger(kAcctInputOctets, Low(counters.rx_bytes), out);
  AppendInteger(kAcctOutputOctets, Low(counters.tx_bytes), out);
  AppendInteger(kAcctInputPackets, Low(counters.rx_packets), out);
  AppendInteger(kAcctOutputPackets, Low(counters.tx_packets), out);
  AppendInteger(kAcctInputGigawords, High(counters.rx_bytes), out);
  AppendInteger(kAcctOutputGigawords, High(counters.tx_bytes), out);
}

}  // namespace

const char* ToString(AcctStatus status) {
  switch (status) {
    case AcctStatus::kStart:
      return "Start";
    case AcctStatus::kStop:
      return "Stop";
    case AcctStatus::kInterim:
      return "Interim-Update";
    case AcctStatus::kOn:
      return "Accounting-On";
    case AcctStatus::kOff:
      return "Accounting-Off";
  }
  return "unknown";
}

RequestBody AccountingRequestBody(const AccountingRecord& record, const NasIdentity& nas) {
  RequestBody body;
  body.code = Code::kAccountingRequest;
  AttributeList& out = body.attributes;
  AppendInteger(kAcctStatusType, static_cast<std::uint32_t>(record.status), out);
  if (record.status == AcctStatus::kOn || record.status == AcctStatus::kOff) {
    AppendIdentity(nas, out);
    AppendText(kAcctSessionId, record.session, out);
    AppendWhen(record, out);
    return body;
  }
  AppendText(kUserName, record.user, out);
  AppendPlace(nas, record.port, out);
  AppendText(kAcctSessionId, record.session, out);
  AppendInteger(kAcctAuthentic, kAuthenticByRadius, out);
  AppendAddresses(record, out);
  AppendCounters(record, out);
  AppendWhen(record, out);
  if (record.status == AcctStatus::kStop && record.cause != TerminateCause::kNone) {
    AppendInteger(kAcctTerminateCause, static_cast<std::uint32_t>(record.cause), out);
  }
  for (const Bytes& octets : record.classes) Append(kClass, octets, out);
  return body;
}

}  // namespace sstpgw::cp::radius
