#include "controlplane/accounting/record.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "controlplane/accounting/octets.h"

namespace sstpgw::cp::accounting {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kIpv6Bits = 128;

std::string_view Clip(std::string_view text) { return text.substr(0, kMaxText); }

void WriteOptional(OctetWriter& out, bool present, ByteView octets) {
  out.U8(present ? 1 : 0);
  if (present) out.Raw(octets);
}

void WriteClasses(OctetWriter& out, const std::vector<Bytes>& classes) {
  std::size_t count = 0;
  std::size_t octets = 0;
  while (count < classes.size() && count < kMaxClasses && classes[count].size() <= kMaxText &&
         octets + classes[count].size() <= kMaxClassOctets) {
    octets += classes[count++].size();
  }
  out.U8(static_cast<std::uint8_t>(count));
  for (std::size_t i = 0; i < count; ++i) out.Blob(classes[i]);
}

void WritePrefixes(OctetWriter& out, const std::vector<Ipv6Prefix>& prefixes) {
  const std::size_t count = std::min(prefixes.size(), kMaxPrefixes);
  out.U8(static_cast<std::uint8_t>(count));
  for (std::size_t i = 0; i < count; ++i) {
    out.U8(std::min(prefixes[i].length, kIpv6Bits));
    out.Raw(prefixes[i].address.octets());
  }
}

void WriteAddresses(OctetWriter& out, const Addresses& addresses) {
  out.U32(addresses.ipv4.value());
  WriteOptional(out, addresses.interface_id.has_value(),
                addresses.interface_id.value_or(std::array<std::uint8_t, 8>{}));
  WriteOptional(out, addresses.ipv6.has_value(), addresses.ipv6.value_or(Ipv6Address()).octets());
  WritePrefixes(out, addresses.prefixes);
  WritePrefixes(out, addresses.delegated);
}

template <std::size_t kSize>
std::optional<std::array<std::uint8_t, kSize>> ReadOptional(OctetReader& in) {
  if (in.Below(2) == 0) return std::nullopt;
  std::array<std::uint8_t, kSize> value{};
  const ByteView octets = in.Raw(kSize);
  std::copy(octets.begin(), octets.end(), value.begin());
  return value;
}

std::vector<Bytes> ReadClasses(OctetReader& in) {
  std::vector<Bytes> classes;
  std::size_t left = kMaxClassOctets;
  for (std::size_t count = in.Below(kMaxClasses + 1); count > 0 && in.ok(); --count) {
    const ByteView value = in.Blob(std::min(left, kMaxText));
    left -= value.size();
    classes.emplace_back(value.begin(), value.end());
  }
  return classes;
}

std::vector<Ipv6Prefix> ReadPrefixes(OctetReader& in) {
  std::vector<Ipv6Prefix> prefixes;
  for (std::size_t count = in.Below(kMaxPrefixes + 1); count > 0 && in.ok(); --count) {
    Ipv6Prefix prefix;
    prefix.length = in.Below(kIpv6Bits + 1);
    std::array<std::uint8_t, 16> octets{};
    const ByteView read = in.Raw(octets.size());
    std::copy(read.begin(), read.end(), octets.begin());
    prefix.address = Ipv6Address(octets);
    prefixes.push_back(prefix);
  }
  return prefixes;
}

Addresses ReadAddresses(OctetReader& in) {
  Addresses addresses;
  addresses.ipv4 = Ipv4Address(in.U32());
  addresses.interface_id = ReadOptional<8>(in);
  if (const auto octets = ReadOptional<16>(in)) addresses.ipv6 = Ipv6Address(*octets);
  addresses.prefixes = ReadPrefixes(in);
  addresses.delegated = ReadPrefixes(in);
  return addresses;
}

bool IsStatus(std::uint8_t value) {
  switch (static_cast<RecordStatus>(value)) {
    case RecordStatus::kStart:
    case RecordStatus::kStop:
    case RecordStatus::kInterim:
    case RecordStatus::kOn:
    case RecordStatus::kOff:
      return true;
  }
  return false;
}

Error TooLong(const char* what, std::size_t size, std::size_t limit) {
  return {ErrorCode::kInvalidArgument,
          std::string(what) + " is too long for an accounting record: " + std::to_string(size) +
              ", at most " + std::to_string(limit)};
}

}  // namespace

const char* ToString(RecordStatus status) {
  switch (status) {
    case RecordStatus::kStart:
      return "Start";
    case RecordStatus::kStop:
      return "Stop";
    case RecordStatus::kInterim:
      return "Interim-Update";
    case RecordStatus::kOn:
      return "Accounting-On";
    case RecordStatus::kOff:
      return "Accounting-Off";
  }
  return "?";
}

Result<void> CheckLimits(const AccountingRecord& record) {
  const std::array<std::pair<const char*, const std::string*>, 9> texts{{
      {"gateway name", &record.key.gateway},
      {"session", &record.key.session},
      {"server", &record.server},
      {"Acct-Session-Id", &record.session_id},
      {"Acct-Multi-Session-Id", &record.multi_session_id},
      {"User-Name", &record.user_name},
      {"Calling-Station-Id", &record.calling_station},
      {"Called-Station-Id", &record.called_station},
      {"NAS-Port-Id", &record.port_id},
  }};
  for (const auto& [name, text] : texts) {
    if (text->size() > kMaxText) return Fail(TooLong(name, text->size(), kMaxText));
  }
  if (record.classes.size() > kMaxClasses) {
    return Fail(TooLong("list of Class", record.classes.size(), kMaxClasses));
  }
  std::size_t octets = 0;
  for (const Bytes& value : record.classes) {
    if (value.size() > kMaxText) return Fail(TooLong("Class", value.size(), kMaxText));
    octets += value.size();
  }
  if (octets > kMaxClassOctets) {
    return Fail(TooLong("sum of all Class", octets, kMaxClassOctets));
  }
  for (const auto* prefixes : {&record.addresses.prefixes, &record.addresses.delegated}) {
    if (prefixes->size() > kMaxPrefixes) {
      return Fail(TooLong("list of prefixes", prefixes->size(), kMaxPrefixes));
    }
  }
  return {};
}

Bytes Encode(const AccountingRecord& record) {
  OctetWriter out;
  out.U8(kVersion);
  out.U8(static_cast<std::uint8_t>(record.status));
  out.Text(Clip(record.key.gateway));
  out.Text(Clip(record.key.session));
  out.Text(Clip(record.server));
  out.Text(Clip(record.session_id));
  out.Text(Clip(record.multi_session_id));
  out.Text(Clip(record.user_name));
  WriteClasses(out, record.classes);
  out.U8(static_cast<std::uint8_t>(record.authentic));
  out.Text(Clip(record.calling_station));
  out.Text(Clip(record.called_station));
  out.U8(record.port ? 1 : 0);
  if (record.port) out.U32(*record.port);
  out.Text(Clip(record.port_id));
  WriteAddresses(out, record.addresses);
  out.UnixSeconds(record.event_unix_seconds);
  out.U64(record.session_seconds);
  out.U64(record.counters.rx_bytes);
  out.U64(record.counters.tx_bytes);
  out.U64(record.counters.rx_packets);
  out.U64(record.counters.tx_packets);
  out.U32(record.terminate_cause);
  return out.Take();
}

Result<AccountingRecord> DecodeRecord(ByteView octets) {
  OctetReader in(octets);
  const std::uint8_t version = in.U8();
  if (in.ok() && version != kVersion) {
    return Fail(Error{ErrorCode::kUnsupported,
                      "accounting record of unknown version " + std::to_string(version)});
  }
  AccountingRecord record;
  const std::uint8_t status = in.U8();
  if (!IsStatus(status)) in.Refuse();
  record.status = static_cast<RecordStatus>(status);
  record.key.gateway = in.Text(kMaxText);
  record.key.session = in.Text(kMaxText);
  record.server = in.Text(kMaxText);
  record.session_id = in.Text(kMaxText);
  record.multi_session_id = in.Text(kMaxText);
  record.user_name = in.Text(kMaxText);
  record.classes = ReadClasses(in);
  const std::uint8_t authentic = in.Below(3);
  if (authentic == 0) in.Refuse();
  record.authentic = static_cast<Authentic>(authentic);
  record.calling_station = in.Text(kMaxText);
  record.called_station = in.Text(kMaxText);
  if (in.Below(2) == 1) record.port = in.U32();
  record.port_id = in.Text(kMaxText);
  record.addresses = ReadAddresses(in);
  record.event_unix_seconds = in.UnixSeconds();
  record.session_seconds = in.U64();
  record.counters.rx_bytes = in.U64();
  record.counters.tx_bytes = in.U64();
  record.counters.rx_packets = in.U64();
  record.counters.tx_packets = in.U64();
  record.terminate_cause = in.U32();
  if (!in.AtEnd()) {
    return Fail(Error{ErrorCode::kInvalidArgument, "these octets are not an accounting record"});
  }
  return record;
}

std::uint32_t TerminateCauseValue(TerminateCause cause) {
  if (cause == TerminateCause::kNone) cause = TerminateCause::kNasError;
  return static_cast<std::uint32_t>(cause);
}

}  // namespace sstpgw::cp::accounting
